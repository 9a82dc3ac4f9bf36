/* tests/fuzz/fuzz_org.c - org.yaml and the holidays file: both are typed by people. */
#include "crm/org.h"
#include "crm/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = {(const char *)data, size};
    struct qund_holidays *h = NULL;
    struct qund_org *org = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 20);
    if (qund_org_parse("org.yaml", text, &org, &errs) == 0)
        qund_org_free(org);
    if (qund_holidays_parse("cn.yaml", text, &h, &errs) == 0)
        qund_holidays_free(h);
    qund_errs_done(&errs);
    return 0;
}
