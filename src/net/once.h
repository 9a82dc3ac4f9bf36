/* src/net/once.h - library-wide set-up, from main before any thread. */
#ifndef QUND_NET_ONCE_H
#define QUND_NET_ONCE_H
void qund_net_once(void);
#endif
