/* guard.c - the wall between an address an operator typed and the machine's own network.
 *
 * A webhook address is configuration, but names resolve to what somebody else decides, and what
 * answers on loopback or on a cloud's metadata address trusts whoever reaches it. Comparing names
 * or spellings is hopeless (127.1, 0x7f000001, a name whose second look-up differs from its first),
 * so nothing here reads a name: the judgement is made on the resolved address at the moment the
 * socket is about to be made, and once more on the peer of a connection that is used again.
 *
 * The tables follow the IANA special-purpose registries. IPv6 addresses that carry an IPv4 one
 * inside (mapped, compatible, NAT64, 6to4) are judged by what they carry: a translator would take
 * the packet there. */
#include "net/guard.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct range4 {
    uint32_t net;
    int bits;
    const char *why;
};
#define IP4(a, b, c, d) \
    (((uint32_t)(a) << 24) | ((uint32_t)(b) << 16) | ((uint32_t)(c) << 8) | (uint32_t)(d))
static const struct range4 REFUSED4[] = {
    {IP4(0, 0, 0, 0), 8, "this host"},
    {IP4(10, 0, 0, 0), 8, "private network"},
    {IP4(100, 64, 0, 0), 10, "shared address space"},
    {IP4(127, 0, 0, 0), 8, "loopback"},
    {IP4(169, 254, 0, 0), 16, "link-local"},
    {IP4(172, 16, 0, 0), 12, "private network"},
    {IP4(192, 0, 0, 0), 24, "protocol assignments"},
    {IP4(192, 0, 2, 0), 24, "documentation"},
    {IP4(192, 88, 99, 0), 24, "6to4 relay"},
    {IP4(192, 168, 0, 0), 16, "private network"},
    {IP4(198, 18, 0, 0), 15, "benchmarking"},
    {IP4(198, 51, 100, 0), 24, "documentation"},
    {IP4(203, 0, 113, 0), 24, "documentation"},
    {IP4(224, 0, 0, 0), 4, "multicast"},
    {IP4(240, 0, 0, 0), 4, "reserved"}, /* broadcast lies in it */
};

struct range6 {
    uint8_t net[16];
    int bits;
    const char *why; /* NULL: judged by the IPv4 address at byte `inner` */
    int inner;
};
/* Of overlapping ranges the narrower one stands first. */
static const struct range6 RANGES6[] = {
    {{0}, 128, "unspecified", 0},
    {{[15] = 1}, 128, "loopback", 0},
    {{[10] = 0xff, [11] = 0xff}, 96, NULL, 12}, /* ::ffff:a.b.c.d */
    {{0}, 96, NULL, 12},                        /* ::a.b.c.d */
    {{[8] = 0xff, [9] = 0xff}, 96, NULL, 12},   /* ::ffff:0:a.b.c.d */
    {{0x00, 0x64, 0xff, 0x9b}, 96, NULL, 12},   /* 64:ff9b::a.b.c.d */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, "local translation", 0},
    {{0x01}, 64, "discard only", 0}, /* 100:: */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation", 0},
    {{0x20, 0x01}, 23, "protocol assignments", 0}, /* Teredo and ORCHID among them */
    {{0x20, 0x02}, 16, NULL, 2},                   /* 2002:a.b.c.d:: */
    {{0x3f, 0xff}, 20, "documentation", 0},
    {{0xfc}, 7, "unique local", 0},
    {{0xfe, 0x80}, 10, "link-local", 0},
    {{0xfe, 0xc0}, 10, "site-local", 0},
    {{0xff}, 8, "multicast", 0},
};

static const char *refuses4(uint32_t ip)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(REFUSED4); i++) {
        uint32_t mask = ~(uint32_t)0 << (32 - REFUSED4[i].bits);

        if ((ip & mask) == REFUSED4[i].net)
            return REFUSED4[i].why;
    }
    return NULL;
}

static uint32_t read4(const uint8_t *p)
{
    return IP4(p[0], p[1], p[2], p[3]);
}

static bool within6(const uint8_t ip[16], const struct range6 *r)
{
    size_t whole = (size_t)r->bits / 8;
    int rest = r->bits % 8;

    if (memcmp(ip, r->net, whole) != 0)
        return false;
    return rest == 0 || ((ip[whole] ^ r->net[whole]) >> (8 - rest)) == 0;
}

static const char *refuses6(const uint8_t ip[16])
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(RANGES6); i++)
        if (within6(ip, &RANGES6[i]))
            return RANGES6[i].why ? RANGES6[i].why : refuses4(read4(ip + RANGES6[i].inner));
    /* Only 2000::/3 is given out; what lies elsewhere has no business being called. */
    return (ip[0] & 0xe0) == 0x20 ? NULL : "not a global address";
}

const char *qund_guard_refuses(const struct sockaddr *addr, size_t len)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (len >= sizeof(v4) && addr->sa_family == AF_INET) {
        memcpy(&v4, addr, sizeof(v4));
        return refuses4(ntohl(v4.sin_addr.s_addr));
    }
    if (len >= sizeof(v6) && addr->sa_family == AF_INET6) {
        memcpy(&v6, addr, sizeof(v6));
        return refuses6(v6.sin6_addr.s6_addr);
    }
    return "not an internet address";
}

const char *qund_guard_refuses_text(const char *ip)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, ip, &v4) == 1)
        return refuses4(ntohl(v4.s_addr));
    if (inet_pton(AF_INET6, ip, &v6) == 1)
        return refuses6(v6.s6_addr);
    return "not an address in numbers";
}
