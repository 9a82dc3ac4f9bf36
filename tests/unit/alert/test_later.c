/* When somebody wants to be told again: the words of people in Shanghai at half past two. */
#include "alert/alert.h"
#include "core/zone.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW INT64_C(1795329000000) /* Sunday 2026-11-22 14:30 in Shanghai */

static struct qund_zone *shanghai(void)
{
    struct qund_zone *z = NULL;
    struct qund_err err = {0};

    assert_int_equal(qund_zone_load(NULL, "Asia/Shanghai", &z, &err), 0);
    return z;
}

static void words_mean_an_instant_on_the_clock_of_the_group(void **state)
{
    static const struct {
        const char *words, *at;
    } CASES[] = {
        {"30m", "2026-11-22 15:00"},
        {"1h30m", "2026-11-22 16:00"},
        {"半小时", "2026-11-22 15:00"},
        {"2天", "2026-11-24 14:30"},
        {"一小时", "2026-11-22 15:30"},
        {"1小时半", "2026-11-22 16:00"},
        {"一个半小时", "2026-11-22 16:00"},
        {"1.5h", "2026-11-22 16:00"},
        {"0.25 小时", "2026-11-22 14:45"},
        {"两小时", "2026-11-22 16:30"},
        {"十分钟", "2026-11-22 14:40"},
        {"二十五分钟", "2026-11-22 14:55"},
        {"１５分钟", "2026-11-22 14:45"},
        {"一刻钟", "2026-11-22 14:45"},
        {"半个小时后", "2026-11-22 15:00"},
        {"2小时后", "2026-11-22 16:30"},
        {"三天以后", "2026-11-25 14:30"},
        {"一周", "2026-11-29 14:30"},
        {"明天九点半", "2026-11-23 09:30"},
        {"明天上午", "2026-11-23 09:00"},
        {"下午三点半", "2026-11-22 15:30"},
        {"明天晚上8点", "2026-11-23 20:00"},
        {"十二月一号", "2026-12-01 09:00"},
        {"18:00", "2026-11-22 18:00"},
        {"9点半", "2026-11-23 09:30"},
        {"tomorrow", "2026-11-23 09:00"},
        {"明天 9:30", "2026-11-23 09:30"},
        {"后天", "2026-11-24 09:00"},
        {"后天18点", "2026-11-24 18:00"},
        {"2026-11-23", "2026-11-23 09:00"},
        {"2026-11-23 18:00", "2026-11-23 18:00"},
        {"2026/11/23 18：05", "2026-11-23 18:05"},
        {"2026年12月1日 8点", "2026-12-01 08:00"},
        {"11-23 18:00", "2026-11-23 18:00"},
        {"12月1日18点半", "2026-12-01 18:30"},
        {"12月1号", "2026-12-01 09:00"},
        {"1-5 10:00", "2027-01-05 10:00"},
        {"11-22 14:00", "2027-11-22 14:00"},
        {"2-28", "2027-02-28 09:00"},
        {"2026-11-01 10:00", "2026-11-01 10:00"}, /* over: who asks says so */
    };
    struct qund_zone *z = shanghai();

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        struct qund_civil c;
        char said[32];
        int64_t at = 0;

        if (qund_alert_words(z, qund_str(CASES[i].words), NOW, &at) < 0)
            fail_msg("%s is not understood", CASES[i].words);
        qund_zone_civil(z, at, &c);
        snprintf(said, sizeof(said), "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour,
                 c.minute);
        if (strcmp(said, CASES[i].at) != 0)
            fail_msg("%s means %s, not %s", CASES[i].words, said, CASES[i].at);
    }
    qund_zone_free(z);
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const CASES[] = {
        "",
        "soon",
        "25:00",
        "18:60",
        "13-1",
        "11-31",
        "2-29",
        "11-0",
        "2026-02-29",
        "2026-13-01",
        "2026-",
        "11-23 18:00 x",
        "11-23 25:00",
        "12月",
        "18:00 11-23",
        "后",
        "半",
        "小时",
        "1小时后见",
        "1.小时",
        "十",
        "..5h",
        "2小时后后",
        "二三十分钟",
        "晚上12点",
        "明天下午",
    };
    struct qund_zone *z = shanghai();
    int64_t at;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++)
        if (qund_alert_words(z, qund_str(CASES[i]), NOW, &at) != QUND_E_INVAL)
            fail_msg("%s is taken for a time", CASES[i]);
    assert_int_equal(qund_alert_words(NULL, QUND_STR("11-23 18:00"), NOW, &at), QUND_E_INVAL);
    assert_int_equal(qund_alert_words(NULL, QUND_STR("2h"), NOW, &at), 0);
    qund_zone_free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_mean_an_instant_on_the_clock_of_the_group),
        cmocka_unit_test(what_is_no_time_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
