/* src/net/peers.h - how many connections each address has (essay in peers.c). */
#ifndef QUND_NET_PEERS_H
#define QUND_NET_PEERS_H
#include "core/core.h"
#include <sys/socket.h>

struct qund_peer_key {
    uint8_t bytes[16]; /* IPv6, IPv4 mapped into it; an IPv6 peer counts by its /64 */
};
struct qund_peers {
    struct qund_peer_slot *slots;
    size_t mask;
};
/* Room for max peers at once. */
void qund_peers_init(struct qund_peers *p, size_t max);
void qund_peers_done(struct qund_peers *p);
/* False for an address family that has no addresses (unix). */
bool qund_peer_key_of(const struct sockaddr_storage *sa, struct qund_peer_key *key);
/* One more connection of this address: the count with it. */
unsigned qund_peers_add(struct qund_peers *p, const struct qund_peer_key *key);
void qund_peers_drop(struct qund_peers *p, const struct qund_peer_key *key);
#endif
