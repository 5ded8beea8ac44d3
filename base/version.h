/* base/version.h - the one place that says which sparkgate this is. */
#ifndef SPARKGATE_BASE_VERSION_H
#define SPARKGATE_BASE_VERSION_H

#define SPARKGATE_VERSION "0.2.0"

#endif
