/* src/net/versions.h - the libraries this program runs with, as they name themselves. */
#ifndef QUND_NET_VERSIONS_H
#define QUND_NET_VERSIONS_H
#include "core/str.h"
void qund_net_versions(struct qund_buf *out); /* "libcurl/7.88.1 …, libuv 1.44.2 …" */
#endif
