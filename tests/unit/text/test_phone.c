/* test_phone.c - mobile numbers in disguise, and numbers that are none. */
#include "text/phone.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *found(const char *text)
{
    static char line[256];
    struct qund_phone v[QUND_PHONE_MAX];
    size_t n = qund_phone_find(qund_str(text), v, QUND_PHONE_MAX), at = 0;

    line[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, "%s%s", i ? " " : "", v[i].text);
    return line;
}

static void every_disguise_gives_the_same_eleven_digits(void **state)
{
    static const char *const ways[] = {
        "13800000105",
        "电话138 0000 0105,唔该打俾我",
        "138-0000-0105",
        "138.0000.0105",
        "138·0000·0105",
        "1 3 8 0 0 0 0 0 1 0 5",
        "一三八零零零零零一零五",
        "幺三八 零零零零 零幺零五",
        "138oooo0105",
        "+86 138 0000 0105",
        "8613800000105",
        "3-2-1502 138 0000 0105 张",
        "1502 138 0000 0105",
        "138 0000 0105 3-2-1502",
        "1380000 0105",
        "手机13800000105,13800000105",
        "138——0000——0105",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(ways); i++)
        if (strcmp(found(ways[i]), "13800000105") != 0)
            fail_msg("\"%s\": got [%s]", ways[i], found(ways[i]));
}

static void two_numbers_are_two(void **state)
{
    (void)state;
    assert_string_equal(found("13800000105 13900000106"), "13800000105 13900000106");
    assert_string_equal(found("138 0000 0105/139 0000 0106"), "13800000105 13900000106");
}

static void tracking_order_and_short_numbers_do_not_count(void **state)
{
    static const char *const no[] = {
        "快递单号sf1380013800013",
        "单号:13800000105",
        "订单号13800000105",
        "订单202510150012345",
        "12800000105",
        "138000001051",
        "1380000010",
        "尾号0105",
        "2025-09-15 12:30",
        "qq:13800000105",
        "010-88888888",
        "400-800-1234",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(no); i++)
        if (strcmp(found(no[i]), "") != 0)
            fail_msg("\"%s\": got [%s]", no[i], found(no[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_disguise_gives_the_same_eleven_digits),
        cmocka_unit_test(two_numbers_are_two),
        cmocka_unit_test(tracking_order_and_short_numbers_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
