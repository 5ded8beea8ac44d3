/* conf/values/values_file.h - names of files as configuration values; what is in them is read
 * later. */
#ifndef SPARKGATE_CONF_VALUES_VALUES_FILE_H
#define SPARKGATE_CONF_VALUES_VALUES_FILE_H

#include "conf/values/values.h"

extern const struct value_type value_file;	 /* char *; an absolute path */
extern const struct value_type value_folder;	 /* the same; it need not be there yet */
extern const struct value_type value_token_file; /* the same, of a file nobody else may read */
extern const struct value_type value_kubeconfig; /* the same */
extern const struct value_type value_secret;	 /* struct conf_secret; one line */
extern const struct value_type value_key;	 /* the same of one or two lines */
extern const struct value_type value_jws_key;	 /* the same, base64url of 32 bytes or more */
extern const struct value_type value_user_map;	 /* struct conf_user_map; an absolute path */

/* Of a struct conf_secret. */
bool values_file_is_secret(const struct value_type *type);

#endif
