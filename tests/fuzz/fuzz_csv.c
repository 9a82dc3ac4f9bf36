/* tests/fuzz/fuzz_csv.c - imported files: CSV and JSON lines, up to the command bodies. */
#include "crm/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(enum qund_import_form form, struct qund_str text)
{
    struct qund_import_opt opt = {.form = form};
    struct qund_import *im = NULL;
    struct qund_buf body = {0};

    if (qund_import_open(QUND_TABLE_CONTACTS, &opt, text, 0, &im, NULL) == 0)
        while (qund_import_next(im, &body) == 1)
            qund_assert(qund_utf8_check(qund_buf_view(&body)) < 0);
    qund_import_close(im);
    qund_buf_done(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = {(const char *)data, size};
    struct qund_buf again = {0};
    struct qund_csv c, d;

    read_file(QUND_IMPORT_CSV, text);
    read_file(QUND_IMPORT_JSONL, text);
    qund_csv_init(&c, text);
    for (int rc; (rc = qund_csv_next(&c, NULL)) != 0;) {
        if (rc < 0 || c.n < 2)
            continue;
        qund_buf_clear(&again); /* what was read is written and read as the same */
        for (size_t i = 0; i < c.n; i++)
            qund_csv_put(&again, c.field[i], i == 0);
        qund_csv_end(&again);
        qund_csv_init(&d, qund_buf_view(&again));
        d.sep = ',';
        if (qund_csv_next(&d, NULL) == 1)
            qund_assert(d.n == c.n);
        qund_csv_done(&d);
    }
    qund_csv_done(&c);
    qund_buf_done(&again);
    return 0;
}
