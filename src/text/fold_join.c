/* src/text/fold_join.c - steps 1 to 3 of folding, by the library: what is invisible goes, what is
 * only drawn becomes plain, the rest is NFKC with case folding (fold_make.c has the whole order).
 * The tables are made with it when the program is built; when the program runs, only characters
 * that join with their neighbours still come here. */
#include "text/fold_table.h"

#include <utf8proc.h>

#define FOLD_OPTIONS \
    (UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)
#define JOIN_OPTIONS (UTF8PROC_STABLE | UTF8PROC_COMPOSE)

/* Step 2. Numbers count upwards from `value`, letters from that letter. */
static const struct {
    uint32_t from, to, value;
    bool letter;
} DRAWN[] = {
    {0x24EB, 0x24F4, 11, false},   /* black circled 11-20 */
    {0x24F5, 0x24FE, 1, false},    /* double circled 1-10 */
    {0x24FF, 0x24FF, 0, false},    /* black circled 0 */
    {0x2776, 0x277F, 1, false},    /* black circled 1-10 */
    {0x2780, 0x2789, 1, false},    /* circled sans-serif 1-10 */
    {0x278A, 0x2793, 1, false},    /* black circled sans-serif 1-10 */
    {0x1F10B, 0x1F10B, 0, false},  /* circled sans-serif 0 */
    {0x1F10C, 0x1F10C, 0, false},  /* black circled sans-serif 0 */
    {0x1F150, 0x1F169, 'a', true}, /* black circled A-Z */
    {0x1F170, 0x1F189, 'a', true}, /* black squared A-Z */
};

/* Step 2: writes the plain form, returns its length; 0 when cp is not only drawn. */
static size_t undraw(uint32_t cp, uint32_t out[2])
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(DRAWN); i++) {
        uint32_t value;

        if (cp < DRAWN[i].from || cp > DRAWN[i].to)
            continue;
        value = DRAWN[i].value + (cp - DRAWN[i].from);
        if (DRAWN[i].letter || value < 10) {
            out[0] = DRAWN[i].letter ? value : '0' + value;
            return 1;
        }
        out[0] = '0' + value / 10;
        out[1] = '0' + value % 10;
        return 2;
    }
    return 0;
}

/* Steps 1 to 3 for a base with what attaches to it; the result is in order and composed. */
size_t fold_join(const uint32_t *cp, size_t n, int32_t *out, size_t max)
{
    utf8proc_uint8_t utf8[4 * FOLD_SEGMENT_MAX];
    utf8proc_ssize_t len = 0, got;

    qund_assert(n <= FOLD_SEGMENT_MAX);
    for (size_t i = 0; i < n; i++) {
        uint32_t plain[2] = {cp[i], 0};
        size_t parts = undraw(cp[i], plain);

        if (utf8proc_category((utf8proc_int32_t)cp[i]) == UTF8PROC_CATEGORY_ME)
            continue;
        for (size_t k = 0; k < (parts ? parts : 1); k++)
            len += utf8proc_encode_char((utf8proc_int32_t)plain[k], utf8 + len);
    }
    got = utf8proc_decompose(utf8, len, out, (utf8proc_ssize_t)max, FOLD_OPTIONS);
    qund_assert(got >= 0 && (size_t)got <= max);
    got = utf8proc_normalize_utf32(out, got, JOIN_OPTIONS);
    return (size_t)got;
}

/* By what it becomes: the half-width voicing mark is a letter, and becomes a mark. */
bool fold_is_mark(uint32_t cp)
{
    utf8proc_int32_t part[FOLD_ONE_MAX] = {0};
    int last_class = 0;

    utf8proc_decompose_char((utf8proc_int32_t)cp, part, FOLD_ONE_MAX, FOLD_OPTIONS, &last_class);
    return utf8proc_get_property(part[0])->combining_class != 0;
}
