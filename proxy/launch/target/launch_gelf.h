/*
 * proxy/launch/target/launch_gelf.h - what makes the processes of a launch send their log lines to
 * a Graylog (`logs` of its profile): keys of Spark's configuration.
 *
 * docker/spark/log4j2-gelf.xml does it, which lies in the image or on each machine. Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_TARGET_LAUNCH_GELF_H
#define SPARKGATE_PROXY_LAUNCH_TARGET_LAUNCH_GELF_H

#include "proxy/launch/target/launch_order.h"

#include <jansson.h>

#define LAUNCH_GELF_FILE "file:/opt/spark/log4j2-gelf.xml"

/* Adds the keys to `conf`, the object that a target sends as Spark's configuration: none for an
 * order without `logs`. What stands in them already comes later, so it wins. `is_standalone`: the
 * application's id is the master's word, and nothing that the driver is started with. */
void launch_gelf_add(const struct launch_order *order, bool is_standalone, json_t *conf);

#endif
