/* test_iso.c - dates as text. */
#include "core/zone.h"
#include "unit.h"
#include <time.h>

static void good_dates_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } GOOD[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2025-09-15T08:32:44+08:00", 1757896364000},
        {"2025-09-15T00:32:44.000Z", 1757896364000},
        {"2025-09-15T08:32:44.5+0800", 1757896364500},
        {"2025-09-14T19:02:44.123456789-05:30", 1757896364123},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(GOOD); i++) {
        assert_int_equal(qund_iso_parse(qund_str(GOOD[i].text), &ms), 0);
        assert_true(ms == GOOD[i].ms);
    }
}

static void anything_else_is_refused(void **state)
{
    static const char *const BAD[] = {"",
                                      "2025-09-15",
                                      "2025-09-15T08:32:44",
                                      "2025-09-15 08:32:44Z",
                                      "2025-9-15T08:32:44Z",
                                      "2025-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2025-13-01T00:00:00Z",
                                      "2025-00-01T00:00:00Z",
                                      "2025-01-00T00:00:00Z",
                                      "2025-04-31T00:00:00Z",
                                      "2025-09-15T24:00:00Z",
                                      "2025-09-15T23:60:00Z",
                                      "2025-09-15T23:59:60Z",
                                      "2025-09-15T08:32:44.Z",
                                      "2025-09-15T08:32:44.1234567890Z",
                                      "2025-09-15T08:32:44+8",
                                      "2025-09-15T08:32:44+08:0",
                                      "2025-09-15T08:32:44Zx",
                                      "2025-09-15T08:32:44+24:00",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+08:00",
                                      "9999-12-31T23:59:59-01:00"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++)
        assert_int_equal(qund_iso_parse(qund_str(BAD[i]), &ms), QUND_E_INVAL);
}

static void printing_agrees_with_gmtime_and_reads_back(void **state)
{
    (void)state;
    for (int64_t t = 0; t < 253402300799; t += 86399 * 97) {
        char ours[25], theirs[25];
        time_t tt = (time_t)t;
        struct tm tm;
        int64_t back;

        qund_iso_print(t * 1000 + 7, ours);
        strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%S.007Z", gmtime_r(&tt, &tm));
        assert_string_equal(ours, theirs);
        assert_int_equal(qund_iso_parse(qund_str(ours), &back), 0);
        assert_true(back == t * 1000 + 7);
    }
}

static void civil_days_are_inverse(void **state)
{
    int y, m, d;

    (void)state;
    for (int64_t day = -800000; day < 3000000; day += 13) {
        qund_civil_from_days(day, &y, &m, &d);
        assert_int_equal(qund_days_from_civil(y, m, d), day);
    }
    qund_civil_from_days(0, &y, &m, &d);
    assert_int_equal(y * 10000 + m * 100 + d, 19700101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_dates_are_read),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(printing_agrees_with_gmtime_and_reads_back),
        cmocka_unit_test(civil_days_are_inverse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
