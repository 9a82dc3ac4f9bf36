/* Connections counted by address. */
#include "net/peers.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct qund_peer_key key4(uint32_t addr)
{
    struct sockaddr_storage sa = {.ss_family = AF_INET};
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(addr)};
    struct qund_peer_key k;

    memcpy(&sa, &in4, sizeof(in4));
    assert_true(qund_peer_key_of(&sa, &k));
    return k;
}

static struct qund_peer_key key6(const char *text)
{
    struct sockaddr_storage sa = {0};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct qund_peer_key k;

    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    memcpy(&sa, &in6, sizeof(in6));
    assert_true(qund_peer_key_of(&sa, &k));
    return k;
}

static void counts_survive_any_order_of_coming_and_going(void **state)
{
    struct qund_peers p;
    unsigned have[100] = {0};
    uint32_t x = 1;

    (void)state;
    qund_peers_init(&p, 100);
    for (unsigned i = 0; i < 20000; i++) {
        struct qund_peer_key k;
        unsigned who;

        x = x * 1664525u + 1013904223u;
        who = (x >> 16) % 100;
        k = key4(who);
        if (have[who] > 0 && (x & 1024)) {
            qund_peers_drop(&p, &k);
            have[who]--;
        } else if (have[who] < 5) {
            assert_int_equal(qund_peers_add(&p, &k), ++have[who]);
        }
    }
    for (unsigned who = 0; who < 100; who++) {
        struct qund_peer_key k = key4(who);

        assert_int_equal(qund_peers_add(&p, &k), have[who] + 1);
    }
    qund_peers_done(&p);
}

static void a_home_line_is_one_peer(void **state)
{
    struct qund_peer_key a = key6("2001:db8:1:2::1"), b = key6("2001:db8:1:2:ffff::2"),
                         c = key6("2001:db8:1:3::1"), mapped = key6("::ffff:10.0.0.1"),
                         plain = key4(0x0a000001);

    (void)state;
    assert_memory_equal(&a, &b, sizeof(a));
    assert_memory_not_equal(&a, &c, sizeof(a));
    assert_memory_equal(&mapped, &plain, sizeof(plain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_survive_any_order_of_coming_and_going),
        cmocka_unit_test(a_home_line_is_one_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
