/* fuzz_zone.c - zone files: whatever is taken must answer within a day of UTC and go back. */
#include "core/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t AT[] = {0, INT64_C(1757896364123), INT64_C(253402300799999),
                                 INT64_C(1711850400000)};
    struct qund_zone *z = NULL;

    if (qund_zone_parse(data, size, &z, NULL) < 0)
        return 0;
    for (size_t i = 0; i < QUND_ARRAY_LEN(AT); i++) {
        struct qund_civil c;
        char text[26];
        int64_t back, day = 2 * INT64_C(86400000);

        qund_zone_civil(z, AT[i], &c);
        qund_assert(c.weekday >= 1 && c.weekday <= 7 && c.hour < 24 && c.month >= 1);
        back = qund_zone_utc(z, &c);
        qund_assert(back >= AT[i] - day && back <= AT[i] + day);
        qund_zone_day_start(z, AT[i], 1);
        qund_zone_hour_start(z, AT[i]);
        qund_iso_print_zone(z, AT[i], text);
    }
    qund_zone_free(z);
    return 0;
}
