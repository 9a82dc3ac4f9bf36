/* Addresses in every dress: what leads inside is refused, what is public is not. */
#include "net/guard.h"
#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static void addresses_that_lead_inside_are_refused(void **state)
{
    static const char *const INSIDE[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2001:10::1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "3fff::1",
        "4000::1",
        "fc00::1",
        "fdff:ffff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(INSIDE); i++)
        if (!qund_guard_refuses_text(INSIDE[i]))
            fail_msg("%s is let through", INSIDE[i]);
}

static void public_addresses_pass(void **state)
{
    static const char *const PUBLIC[] = {
        "1.1.1.1",        "8.8.8.8",          "9.255.255.255",   "11.0.0.1",
        "100.63.255.255", "100.128.0.1",      "126.0.0.1",       "128.0.0.1",
        "169.253.0.1",    "172.15.255.255",   "172.32.0.1",      "192.0.1.1",
        "192.167.0.1",    "192.169.0.1",      "198.17.0.1",      "198.20.0.1",
        "223.255.255.1",  "2400:3200::1",     "2606:4700::1111", "2a00::1",
        "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:4860:4860::8888",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(PUBLIC); i++)
        if (qund_guard_refuses_text(PUBLIC[i]))
            fail_msg("%s is refused: %s", PUBLIC[i], qund_guard_refuses_text(PUBLIC[i]));
}

static void a_resolved_address_is_judged_as_its_text(void **state)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_un local = {.sun_family = AF_UNIX};

    (void)state;
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &v4.sin_addr), 1);
    assert_string_equal(qund_guard_refuses((struct sockaddr *)&v4, sizeof(v4)), "loopback");
    assert_int_equal(inet_pton(AF_INET, "8.8.8.8", &v4.sin_addr), 1);
    assert_null(qund_guard_refuses((struct sockaddr *)&v4, sizeof(v4)));
    assert_int_equal(inet_pton(AF_INET6, "fd00::1", &v6.sin6_addr), 1);
    assert_string_equal(qund_guard_refuses((struct sockaddr *)&v6, sizeof(v6)), "unique local");
    assert_int_equal(inet_pton(AF_INET6, "2400:3200::1", &v6.sin6_addr), 1);
    assert_null(qund_guard_refuses((struct sockaddr *)&v6, sizeof(v6)));
    /* Cut short, or of another family. */
    assert_non_null(qund_guard_refuses((struct sockaddr *)&v6, sizeof(v4)));
    assert_non_null(qund_guard_refuses((struct sockaddr *)&local, sizeof(local)));
    assert_non_null(qund_guard_refuses_text("localhost"));
    assert_non_null(qund_guard_refuses_text(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_lead_inside_are_refused),
        cmocka_unit_test(public_addresses_pass),
        cmocka_unit_test(a_resolved_address_is_judged_as_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
