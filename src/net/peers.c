/* peers.c - how many connections each address has.
 *
 * Debian builds libwebsockets without its peer limits, and a front of our own needs them anyway:
 * one address must not take all connections. An open hash table, twice as large as there can be
 * peers, so that it is never full; removal shifts the followers back, so that no tombstones pile
 * up. A home line gives its owner 2^64 IPv6 addresses, so those count by their /64. */
#include "net/peers.h"
#include "core/file.h"
#include <netinet/in.h>

struct qund_peer_slot {
    struct qund_peer_key key;
    unsigned n; /* 0: free */
};

void qund_peers_init(struct qund_peers *p, size_t max)
{
    size_t size = 16;

    while (size < max * 2)
        size *= 2;
    p->slots = qund_alloc(size * sizeof(*p->slots));
    p->mask = size - 1;
}

void qund_peers_done(struct qund_peers *p)
{
    qund_free(p->slots);
    p->slots = NULL;
}

bool qund_peer_key_of(const struct sockaddr_storage *sa, struct qund_peer_key *key)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;

    memset(key, 0, sizeof(*key));
    switch (sa->ss_family) {
    case AF_INET:
        memcpy(&in4, sa, sizeof(in4));
        memcpy(key->bytes, mapped, sizeof(mapped));
        memcpy(key->bytes + 12, &in4.sin_addr, 4);
        return true;
    case AF_INET6:
        memcpy(&in6, sa, sizeof(in6));
        memcpy(key->bytes, &in6.sin6_addr, IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) ? 16 : 8);
        return true;
    default:
        return false;
    }
}

static size_t home(const struct qund_peers *p, const struct qund_peer_key *key)
{
    return (size_t)qund_hash64(key, sizeof(*key)) & p->mask;
}

/* The slot that holds the key, else the free one where it belongs. */
static size_t find(const struct qund_peers *p, const struct qund_peer_key *key)
{
    size_t i = home(p, key);

    while (p->slots[i].n > 0 && memcmp(&p->slots[i].key, key, sizeof(*key)) != 0)
        i = (i + 1) & p->mask;
    return i;
}

unsigned qund_peers_add(struct qund_peers *p, const struct qund_peer_key *key)
{
    struct qund_peer_slot *slot = &p->slots[find(p, key)];

    slot->key = *key;
    return ++slot->n;
}

void qund_peers_drop(struct qund_peers *p, const struct qund_peer_key *key)
{
    size_t hole = find(p, key);

    qund_assert(p->slots[hole].n > 0);
    if (--p->slots[hole].n > 0)
        return;
    for (size_t i = (hole + 1) & p->mask; p->slots[i].n > 0; i = (i + 1) & p->mask) {
        size_t from_home = (i - home(p, &p->slots[i].key)) & p->mask;

        if (from_home >= ((i - hole) & p->mask)) {
            p->slots[hole] = p->slots[i];
            p->slots[i].n = 0;
            hole = i;
        }
    }
}
