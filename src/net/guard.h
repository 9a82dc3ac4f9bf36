/* src/net/guard.h - which addresses a request of ours may not reach (essay in guard.c). */
#ifndef QUND_NET_GUARD_H
#define QUND_NET_GUARD_H
#include "core/base.h"

struct sockaddr;

/* NULL: a public address. Else why not, static: "loopback", "private network", … Anything that is
 * neither IPv4 nor IPv6, or shorter than it says, is refused. */
const char *qund_guard_refuses(const struct sockaddr *addr, size_t len);
/* The same of an address in numbers ("127.0.0.1", "::1"); anything else is refused. */
const char *qund_guard_refuses_text(const char *ip);
#endif
