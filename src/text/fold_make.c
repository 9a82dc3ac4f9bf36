/* src/text/fold_make.c - writes the folding tables as C; run when the program is built.
 * What the libraries say about 200,000 code points does not change between two starts, so it is
 * asked once and becomes a constant of the program: nothing to wait for at a start, and OpenCC with
 * its dictionaries stays out of the daemon.
 *
 * What a code point folds to is decided here and nowhere else, by four steps in this order:
 *   1. what nobody sees is dropped: default-ignorable code points (zero-width, variation selectors,
 *      soft hyphen, bidi controls) and enclosing marks, so that a keycap 3 is a 3;
 *   2. digits and letters that are only drawn in a circle or box, and that Unicode leaves without a
 *      decomposition, become plain (the black circled one, the boxed V);
 *   3. NFKC with case folding, by utf8proc: width, circled numbers, ligatures, Roman numerals;
 *   4. a traditional character becomes its simplified one, by OpenCC, character by character: the
 *      phrase tables need context, and a folded word must fold alike wherever it stands.
 * Step 4 stays within the basic plane, so that an ideograph's length never changes; the few hundred
 * forms beyond it live in dictionaries.
 *
 * Nearly every code point can be folded without looking at its neighbours. Those that cannot begin
 * (after step 3) with a mark that sorts, or with a character that can be the second part of a
 * composed one; their cell is FOLD_HARD. The second parts are collected from the library's own
 * decompositions, so that a newer Unicode version needs no change here. */
#include "text/fold_table.h"

#include <opencc/opencc.h>
#include <stdio.h>
#include <utf8proc.h>

#define HAN_COUNT (FOLD_HAN_LAST - FOLD_HAN_FIRST + 1)
#define PAGES_MAX 512u /* of their own: all of the BMP, and what differs beyond */
#define POOL_MAX 0x10000u

/* The tables, and what is only needed while they are made. */
struct maker {
    uint32_t simple[HAN_COUNT];         /* step 4 */
    uint8_t second[FOLD_TABLE_END / 8]; /* what can be joined to the character before it */
    uint32_t cell[PAGES_MAX][256];
    uint16_t page[FOLD_PAGES], pages;
    uint8_t pool[POOL_MAX], keep[FOLD_TABLE_END / 8];
    size_t pool_n;
};

static bool bit(const uint8_t *bits, uint32_t cp)
{
    return cp < FOLD_TABLE_END && (bits[cp >> 3] >> (cp & 7) & 1);
}

static void set_bit(uint8_t *bits, uint32_t cp)
{
    if (cp < FOLD_TABLE_END)
        bits[cp >> 3] = (uint8_t)(bits[cp >> 3] | 1u << (cp & 7));
}

/* Asks about every character on a line of its own, which keeps the phrase tables out of it. */
static void read_simple(uint32_t *simple, const char *converted, size_t n)
{
    struct qund_str rest = qund_str_n(converted, n);

    for (size_t i = 0; i < HAN_COUNT && rest.n > 0; i++) {
        struct qund_str line = qund_str_split(&rest, '\n');
        size_t at = 0;
        uint32_t cp = line.n > 0 ? qund_utf8_next(line, &at) : 0;

        if (at == line.n && fold_is_han(cp))
            simple[i] = cp;
    }
    /* A few forms are simplified in two steps. Folding what is folded must change nothing. */
    for (size_t i = 0; i < HAN_COUNT; i++)
        for (int hop = 0; hop < 4 && simple[simple[i] - FOLD_HAN_FIRST] != simple[i]; hop++)
            simple[i] = simple[simple[i] - FOLD_HAN_FIRST];
}

static bool make_simple(uint32_t *simple)
{
    QUND_AUTO(qund_buf_done) struct qund_buf lines = {0};
    opencc_t cc = opencc_open("t2s.json");
    char *converted, utf8[4];

    if (cc == (opencc_t)-1)
        return false;
    for (uint32_t i = 0; i < HAN_COUNT; i++) {
        simple[i] = FOLD_HAN_FIRST + i;
        qund_buf_add(&lines, utf8, qund_utf8_put(utf8, FOLD_HAN_FIRST + i));
        qund_buf_char(&lines, '\n');
    }
    converted = opencc_convert_utf8(cc, lines.p, lines.n);
    if (converted)
        read_simple(simple, converted, strlen(converted));
    opencc_convert_utf8_free(converted);
    opencc_close(cc);
    return converted != NULL;
}

static void find_seconds(uint8_t *second)
{
    for (uint32_t cp = 0; cp < FOLD_TABLE_END; cp++) {
        utf8proc_int32_t part[FOLD_ONE_MAX];
        int last_class = 0;
        utf8proc_ssize_t n;

        if (fold_is_han(cp))
            cp = FOLD_HAN_LAST + 1; /* no ideograph of that block decomposes */
        n = utf8proc_decompose_char((utf8proc_int32_t)cp, part, FOLD_ONE_MAX, UTF8PROC_DECOMPOSE,
                                    &last_class);
        for (utf8proc_ssize_t k = 1; k < n && k < FOLD_ONE_MAX; k++)
            set_bit(second, (uint32_t)part[k]);
    }
}

static uint32_t pack_cell(struct maker *m, uint32_t cp, const char *utf8, size_t n)
{
    uint32_t cell = (uint32_t)n << 24;
    char same[4];

    if (n == 4 && qund_utf8_put(same, cp) == 4 && memcmp(same, utf8, 4) == 0)
        return (uint32_t)FOLD_COPY << 24;
    if (n > 3) {
        cell = (uint32_t)FOLD_STRING << 24 | (uint32_t)m->pool_n;
        qund_assert(n < 256 && m->pool_n + n + 1 <= POOL_MAX);
        m->pool[m->pool_n++] = (uint8_t)n;
        memcpy(m->pool + m->pool_n, utf8, n);
        m->pool_n += n;
        return cell;
    }
    for (size_t k = 0; k < n; k++)
        cell |= (uint32_t)(unsigned char)utf8[k] << (8 * k);
    return cell;
}

static uint32_t make_cell(struct maker *m, uint32_t cp)
{
    int32_t joined[FOLD_ONE_MAX];
    char utf8[4 * FOLD_ONE_MAX];
    size_t len = 0, n;

    if (cp >= 0xD800 && cp <= 0xDFFF)
        return 0; /* no valid text holds one */
    if (fold_is_han(cp))
        return pack_cell(m, cp, utf8, qund_utf8_put(utf8, m->simple[cp - FOLD_HAN_FIRST]));
    n = fold_join(&cp, 1, joined, FOLD_ONE_MAX);
    if (n > 0 && (fold_is_mark((uint32_t)joined[0]) || bit(m->second, (uint32_t)joined[0])))
        return (uint32_t)FOLD_HARD << 24;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = (uint32_t)joined[i];

        len += qund_utf8_put(utf8 + len, fold_is_han(c) ? m->simple[c - FOLD_HAN_FIRST] : c);
    }
    return pack_cell(m, cp, utf8, len);
}

static bool kept(uint32_t cp)
{
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MC: /* a vowel sign is half a letter; strokes laid over one are not */
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

/* Beyond the BMP most pages only copy: they share one, the one behind the BMP's. */
static void make_pages(struct maker *m)
{
    const uint32_t copies = (uint32_t)FOLD_COPY << 24;

    m->pages = 257;
    for (uint32_t i = 0; i < 256; i++)
        m->cell[256][i] = copies;
    for (uint32_t p = 0; p < FOLD_PAGES; p++) {
        uint32_t first = p << 8, *own = m->cell[p < 256 ? p : m->pages];
        bool differs = p < 256;

        m->page[p] = 256;
        /* Plane 14 holds tags and more variation selectors. */
        if (first >= FOLD_TABLE_END && (first < 0xE0000 || first > 0xE0FFF))
            continue;
        qund_assert(m->pages < PAGES_MAX);
        for (uint32_t i = 0; i < 256; i++) {
            own[i] = make_cell(m, first | i);
            differs = differs || own[i] != copies;
        }
        if (differs)
            m->page[p] = (uint16_t)(p < 256 ? p : m->pages++);
    }
}

static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001B3u;
    return h;
}

static void print_numbers(const char *type, const char *name, const void *v, size_t size, size_t n)
{
    printf("static const %s %s[%zu] = {", type, name, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t x = size == 1   ? ((const uint8_t *)v)[i]
                     : size == 2 ? ((const uint16_t *)v)[i]
                                 : ((const uint32_t *)v)[i];

        printf("%s%#x,", i % 12 ? "" : "\n", (unsigned)x);
    }
    printf("\n};\n");
}

int main(void)
{
    struct maker *m = qund_alloc(sizeof(*m));
    uint64_t fingerprint;
    int failed;

    if (!make_simple(m->simple)) {
        fprintf(stderr, "fold-make: the traditional-to-simplified tables of OpenCC cannot be read "
                        "(t2s.json); install the package libopencc-data (Debian) or opencc\n");
        return 1;
    }
    find_seconds(m->second);
    make_pages(m);
    for (uint32_t cp = 0; cp < FOLD_TABLE_END; cp++)
        if (kept(cp))
            set_bit(m->keep, cp);
    fingerprint = hash(0xCBF29CE484222325u, m->cell, sizeof(m->cell[0]) * m->pages);
    fingerprint = hash(fingerprint, m->pool, m->pool_n);
    printf("/* Made by src/text/fold_make.c when the program was built. */\n");
    print_numbers("uint32_t", "FOLD_CELLS", m->cell, sizeof(uint32_t), 256u * m->pages);
    print_numbers("uint16_t", "FOLD_PAGE", m->page, sizeof(uint16_t), FOLD_PAGES);
    print_numbers("uint8_t", "FOLD_POOL", m->pool, 1, m->pool_n);
    print_numbers("uint8_t", "FOLD_KEEP", m->keep, 1, sizeof(m->keep));
    printf("#define FOLD_FINGERPRINT %#llxu\n", (unsigned long long)fingerprint);
    failed = fflush(stdout) != 0 || ferror(stdout);
    qund_free(m);
    return failed;
}
