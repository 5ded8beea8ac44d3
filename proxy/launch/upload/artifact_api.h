/*
 * proxy/launch/upload/artifact_api.h - the API's operations on artifacts, the same on both
 * listeners: handlers of rows for people who are known and have a role.
 *
 *   artifact_call.c  which storage, which name, who may; what the storage says
 *   artifact_list.c  GET one and all, DELETE
 *   artifact_put.c   PUT: content on its way from a client to the storage
 */
#ifndef SPARKGATE_PROXY_LAUNCH_UPLOAD_ARTIFACT_API_H
#define SPARKGATE_PROXY_LAUNCH_UPLOAD_ARTIFACT_API_H

#include "proxy/web/web_row.h"

void artifact_api_list(struct web_call *call);
void artifact_api_show(struct web_call *call);
void artifact_api_put(struct web_call *call);
void artifact_api_delete(struct web_call *call);

#endif
