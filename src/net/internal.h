/* src/net/internal.h - what the files of net/ share; uv and lws types are seen here and nowhere
 * above. */
#ifndef QUND_NET_INTERNAL_H
#define QUND_NET_INTERNAL_H
#include "net/loop.h"
#include <uv.h>

struct lws_context;

uv_loop_t *qund_loop_uv(struct qund_loop *l);
/* The one lws context of the loop; whoever needs a vhost makes its own on it. */
struct lws_context *qund_loop_lws(struct qund_loop *l);
#endif
