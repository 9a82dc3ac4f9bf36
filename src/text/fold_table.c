/* src/text/fold_table.c - the folding tables, as fold_make.c wrote them when the program was built,
 * and the slow way for characters that they leave open. */
#include "text/fold_table.h"

#include "text/fold_data.h" /* made: FOLD_CELLS, FOLD_PAGE, FOLD_POOL, FOLD_KEEP, FOLD_FINGERPRINT */

static const struct qund_fold TABLES = {.cell = FOLD_CELLS,
                                        .page = FOLD_PAGE,
                                        .pool = FOLD_POOL,
                                        .keep = FOLD_KEEP,
                                        .fingerprint = FOLD_FINGERPRINT};

const struct qund_fold *qund_fold_tables(void)
{
    return &TABLES;
}

uint64_t qund_fold_fingerprint(const struct qund_fold *f)
{
    return f->fingerprint;
}

size_t fold_segment(const struct qund_fold *f, const uint32_t *cp, size_t n,
                    char out[FOLD_SEGMENT_BYTES])
{
    int32_t joined[FOLD_SEGMENT_BYTES / 4];
    size_t parts = fold_join(cp, n, joined, QUND_ARRAY_LEN(joined)), len = 0;

    for (size_t i = 0; i < parts; i++) {
        uint32_t c = (uint32_t)joined[i];

        if (fold_is_han(c)) { /* step 4; an ideograph's cell is always its three bytes */
            uint32_t cell = fold_cell(f, c);

            for (int k = 0; k < 3; k++)
                out[len++] = (char)(cell >> (8 * k) & 0xFF);
        } else {
            len += qund_utf8_put(out + len, c);
        }
    }
    return len;
}
