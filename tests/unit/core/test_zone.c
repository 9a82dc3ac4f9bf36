/* test_zone.c - zones, judged by the C library in children of their own (TZ is set there only). */
#include "core/file.h"
#include "core/zone.h"
#include "unit.h"
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct qund_zone *load(const char *name)
{
    struct qund_zone *z = NULL;
    struct qund_err err = {0};

    if (qund_zone_load(NULL, name, &z, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    assert_string_equal(qund_zone_name(z), name);
    return z;
}

static int64_t at(const char *iso)
{
    int64_t ms;

    assert_int_equal(qund_iso_parse(qund_str(iso), &ms), 0);
    return ms;
}

static int compare_with_libc(const char *name)
{
    struct qund_zone *z = load(name);

    setenv("TZ", name, 1);
    tzset();
    for (int64_t t = -2000000000; t < 5000000000; t += 3 * 3600 + 1777) {
        time_t tt = (time_t)t;
        struct qund_civil c;
        struct tm tm;

        localtime_r(&tt, &tm);
        qund_zone_civil(z, t * 1000, &c);
        if (c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 || c.day != tm.tm_mday ||
            c.hour != tm.tm_hour || c.minute != tm.tm_min || c.second != tm.tm_sec ||
            c.offset_s != tm.tm_gmtoff || c.weekday % 7 != tm.tm_wday) {
            fprintf(stderr, "%s differs at %lld\n", name, (long long)t);
            return 1;
        }
    }
    qund_zone_free(z);
    return 0;
}

static void civil_time_agrees_with_the_c_library(void **state)
{
    static const char *const NAMES[] = {"UTC",
                                        "Asia/Shanghai",
                                        "Asia/Urumqi",
                                        "Europe/Berlin",
                                        "America/New_York",
                                        "Australia/Lord_Howe",
                                        "Asia/Kathmandu",
                                        "Pacific/Apia",
                                        "America/Nuuk",
                                        "Europe/Dublin"};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(NAMES); i++) {
        char path[128];
        int status;
        pid_t pid;

        snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", NAMES[i]);
        if (access(path, R_OK) != 0)
            continue;
        pid = fork();
        if (pid == 0)
            _exit(compare_with_libc(NAMES[i]));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

static void every_instant_comes_back_or_is_the_second_of_two(void **state)
{
    struct qund_zone *z = load("America/New_York");

    (void)state;
    for (int64_t t = at("2024-01-01T00:00:00Z"); t < at("2026-01-01T00:00:00Z"); t += 600000) {
        struct qund_civil c;
        int64_t back;

        qund_zone_civil(z, t, &c);
        back = qund_zone_utc(z, &c);
        assert_true(back == t || back == t - 3600000);
    }
    qund_zone_free(z);
}

static void a_gap_ends_at_the_jump_and_a_fold_means_the_first(void **state)
{
    struct qund_zone *z = load("Europe/Berlin");
    struct qund_civil gap = {.year = 2025, .month = 3, .day = 30, .hour = 2, .minute = 30};
    struct qund_civil fold = {.year = 2025, .month = 10, .day = 26, .hour = 2, .minute = 30};

    (void)state;
    assert_int_equal(qund_zone_utc(z, &gap), at("2025-03-30T01:00:00Z"));
    assert_int_equal(qund_zone_utc(z, &fold), at("2025-10-26T00:30:00Z"));
    /* Beyond the table the footer's rule holds. */
    gap.year = 2087;
    assert_int_equal(qund_zone_utc(z, &gap), at("2087-03-30T01:00:00Z"));
    qund_zone_free(z);
}

static void days_have_23_24_or_25_hours(void **state)
{
    struct qund_zone *z = load("Europe/Berlin");
    int64_t noon = at("2025-03-30T12:00:00Z"), start = qund_zone_day_start(z, noon, 0);

    (void)state;
    assert_int_equal(start, at("2025-03-29T23:00:00Z"));
    assert_int_equal(qund_zone_day_start(z, noon, 1) - start, 23 * 3600000);
    noon = at("2025-10-26T12:00:00Z");
    assert_int_equal(qund_zone_day_start(z, noon, 1) - qund_zone_day_start(z, noon, 0),
                     25 * 3600000);
    assert_int_equal(qund_zone_day_start(z, noon, -1), at("2025-10-24T22:00:00Z"));
    assert_int_equal(qund_zone_hour_start(z, noon + 59 * 60000 + 59999), noon);
    qund_zone_free(z);
}

static void a_day_that_begins_in_a_gap_begins_after_it(void **state)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = load("America/Asuncion");

    (void)state; /* 2024-10-06 00:00 → 01:00 */
    assert_int_equal(qund_zone_day_start(z, at("2024-10-06T15:00:00Z"), 0),
                     at("2024-10-06T04:00:00Z"));
}

static void two_zones_need_no_files(void **state)
{
    struct qund_zone *z = NULL;
    struct qund_err err;
    char out[26];

    (void)state;
    assert_int_equal(qund_zone_load("/nonexistent", "Asia/Shanghai", &z, &err), 0);
    qund_iso_print_zone(z, at("2025-09-15T00:32:44Z"), out);
    assert_string_equal(out, "2025-09-15T08:32:44+08:00");
    qund_zone_free(z);
    assert_int_equal(qund_zone_load("/nonexistent", "UTC", &z, &err), 0);
    qund_iso_print_zone(z, at("2025-09-15T00:32:44Z"), out);
    assert_string_equal(out, "2025-09-15T00:32:44+00:00");
    qund_zone_free(z);
    assert_int_equal(qund_zone_load("/nonexistent", "Asia/Tokyo", &z, &err), QUND_E_NOTFOUND);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const BAD[] = {"",     "/etc/passwd", "../passwd",     "a/../b",
                                      "a//b", "a\nb",        "Asia/Shanghai "};
    struct qund_zone *z = NULL;
    struct qund_err err;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++)
        assert_int_equal(qund_zone_load(NULL, BAD[i], &z, &err), QUND_E_INVAL);
}

static void every_broken_file_is_refused_or_read_safely(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf good = {0};
    struct qund_zone *z = NULL;

    (void)state;
    if (qund_file_read("/usr/share/zoneinfo/Europe/Berlin", 1 << 20, &good, NULL) < 0)
        skip();
    for (size_t n = 0; n < good.n; n++) { /* cut anywhere: the footer's end is then missing */
        char *cut = malloc(n ? n : 1);    /* exactly sized, so that a sanitizer sees an overrun */

        assert_non_null(cut);
        memcpy(cut, good.p, n);
        assert_int_equal(qund_zone_parse(cut, n, &z, NULL), QUND_E_INVAL);
        free(cut);
    }
    for (size_t i = 0; i < good.n; i++) {
        char was = good.p[i];
        struct qund_civil c;

        good.p[i] = (char)~was;
        if (qund_zone_parse(good.p, good.n, &z, NULL) == 0) {
            qund_zone_civil(z, INT64_C(1757896364000), &c);
            assert_in_range(qund_zone_utc(z, &c) / 1000000000, 0, 3000);
            qund_zone_free(z);
        }
        good.p[i] = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_time_agrees_with_the_c_library),
        cmocka_unit_test(every_instant_comes_back_or_is_the_second_of_two),
        cmocka_unit_test(a_gap_ends_at_the_jump_and_a_fold_means_the_first),
        cmocka_unit_test(days_have_23_24_or_25_hours),
        cmocka_unit_test(a_day_that_begins_in_a_gap_begins_after_it),
        cmocka_unit_test(two_zones_need_no_files),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(every_broken_file_is_refused_or_read_safely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
