/* src/text/fold_table.c - the folding tables, computed from the libraries once at start.
 * What a code point folds to is decided here and nowhere else, by four steps in this order:
 *   1. what nobody sees is dropped: default-ignorable code points (zero-width, variation selectors,
 *      soft hyphen, bidi controls) and enclosing marks, so that a keycap 3 is a 3;
 *   2. digits and letters that are only drawn in a circle or box, and that Unicode leaves without a
 *      decomposition, become plain (the black circled one, the boxed V);
 *   3. NFKC with case folding, by utf8proc: width, circled numbers, ligatures, Roman numerals;
 *   4. a traditional character becomes its simplified one, by OpenCC, character by character: the
 *      phrase tables need context, and a folded word must fold alike wherever it stands.
 * Step 4 stays within the basic plane, so that an ideograph's length never changes. The few hundred
 * forms beyond it live in dictionaries, and asking OpenCC about them would double the time of a
 * start.
 *
 * Nearly every code point can be folded without looking at its neighbours. Those that cannot begin
 * (after step 3) with a mark that sorts, or with a character that can be the second part of a
 * composed one; their cell is FOLD_HARD. The second parts are collected from the library's own
 * decompositions, so that a newer Unicode version needs no change here. */
#include "text/fold_table.h"

#include "core/file.h"
#include <opencc/opencc.h>
#include <utf8proc.h>

#define HAN_FIRST 0x3400u
#define HAN_LAST 0x9FFFu
#define HAN_COUNT (HAN_LAST - HAN_FIRST + 1)
#define ONE_MAX 32 /* the longest decomposition of one code point is 18 */

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

/* What is only needed while the tables are made. */
struct maker {
    struct qund_fold *f;
    uint32_t *simple; /* HAN_COUNT: step 4 */
    uint8_t *second;  /* a bit for each code point that can be joined to the one before */
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

static bool is_han(uint32_t cp)
{
    return cp >= HAN_FIRST && cp <= HAN_LAST;
}

/* Asks about every character on a line of its own, which keeps the phrase tables out of it. */
static void read_simple(uint32_t *simple, const char *converted, size_t n)
{
    struct qund_str rest = qund_str_n(converted, n);

    for (size_t i = 0; i < HAN_COUNT && rest.n > 0; i++) {
        struct qund_str line = qund_str_split(&rest, '\n');
        size_t at = 0;
        uint32_t cp = line.n > 0 ? qund_utf8_next(line, &at) : 0;

        if (at == line.n && is_han(cp))
            simple[i] = cp;
    }
    /* A few forms are simplified in two steps. Folding what is folded must change nothing. */
    for (size_t i = 0; i < HAN_COUNT; i++)
        for (int hop = 0; hop < 4 && simple[simple[i] - HAN_FIRST] != simple[i]; hop++)
            simple[i] = simple[simple[i] - HAN_FIRST];
}

static int make_simple(uint32_t *simple, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf lines = {0};
    opencc_t cc = opencc_open("t2s.json");
    char *converted, utf8[4];

    if (cc == (opencc_t)-1)
        return qund_err_set(
            err, QUND_E_NOTFOUND, "opencc:t2s.json",
            "the traditional-to-simplified tables of OpenCC cannot be read; install "
            "the package libopencc-data (Debian) or opencc");
    for (uint32_t i = 0; i < HAN_COUNT; i++) {
        simple[i] = HAN_FIRST + i;
        qund_buf_add(&lines, utf8, qund_utf8_put(utf8, HAN_FIRST + i));
        qund_buf_char(&lines, '\n');
    }
    converted = opencc_convert_utf8(cc, lines.p, lines.n);
    if (converted)
        read_simple(simple, converted, strlen(converted));
    opencc_convert_utf8_free(converted);
    opencc_close(cc);
    if (!converted)
        return qund_err_set(err, QUND_E_IO, "opencc:t2s.json",
                            "OpenCC failed to convert; reinstall the package libopencc-data");
    return QUND_OK;
}

static void find_seconds(uint8_t *second)
{
    for (uint32_t cp = 0; cp < FOLD_TABLE_END; cp++) {
        utf8proc_int32_t part[ONE_MAX];
        int last_class = 0;
        utf8proc_ssize_t n;

        if (is_han(cp))
            cp = HAN_LAST + 1; /* no ideograph of that block decomposes */
        n = utf8proc_decompose_char((utf8proc_int32_t)cp, part, ONE_MAX, UTF8PROC_DECOMPOSE,
                                    &last_class);
        for (utf8proc_ssize_t k = 1; k < n && k < ONE_MAX; k++)
            set_bit(second, (uint32_t)part[k]);
    }
}

/* By what it becomes: the half-width voicing mark is a letter, and becomes a mark. */
bool fold_is_mark(uint32_t cp)
{
    utf8proc_int32_t part[ONE_MAX] = {0};
    int last_class = 0;

    utf8proc_decompose_char((utf8proc_int32_t)cp, part, ONE_MAX, FOLD_OPTIONS, &last_class);
    return utf8proc_get_property(part[0])->combining_class != 0;
}

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
static size_t fold_join(const uint32_t *cp, size_t n, utf8proc_int32_t *out, size_t max)
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

size_t fold_segment(const struct qund_fold *f, const uint32_t *cp, size_t n,
                    char out[FOLD_SEGMENT_BYTES])
{
    utf8proc_int32_t joined[FOLD_SEGMENT_BYTES / 4];
    size_t parts = fold_join(cp, n, joined, QUND_ARRAY_LEN(joined)), len = 0;

    for (size_t i = 0; i < parts; i++) {
        uint32_t c = (uint32_t)joined[i];

        if (is_han(c)) { /* step 4; an ideograph's cell is always its three bytes */
            uint32_t cell = fold_cell(f, c);

            for (int k = 0; k < 3; k++)
                out[len++] = (char)(cell >> (8 * k) & 0xFF);
        } else {
            len += qund_utf8_put(out + len, c);
        }
    }
    return len;
}

static uint32_t pack_cell(struct qund_fold *f, uint32_t cp, const char *utf8, size_t n)
{
    uint32_t cell = (uint32_t)n << 24;
    char same[4];

    if (n == 4 && qund_utf8_put(same, cp) == 4 && memcmp(same, utf8, 4) == 0)
        return (uint32_t)FOLD_COPY << 24;
    if (n > 3) {
        cell = (uint32_t)FOLD_STRING << 24 | (uint32_t)f->pool.n;
        qund_assert(n < 256 && f->pool.n < 0xFFFFFF);
        qund_buf_char(&f->pool, (char)n);
        qund_buf_add(&f->pool, utf8, n);
        return cell;
    }
    for (size_t k = 0; k < n; k++)
        cell |= (uint32_t)(unsigned char)utf8[k] << (8 * k);
    return cell;
}

/* The cheap answer for nine code points in ten: letters without case or parts. */
static bool folds_to_itself(const struct maker *m, uint32_t cp)
{
    utf8proc_int32_t part[ONE_MAX];
    int last_class = 0;

    return utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_LO &&
           utf8proc_decompose_char((utf8proc_int32_t)cp, part, ONE_MAX, FOLD_OPTIONS,
                                   &last_class) == 1 &&
           part[0] == (utf8proc_int32_t)cp && !bit(m->second, cp);
}

static uint32_t make_cell(const struct maker *m, uint32_t cp)
{
    utf8proc_int32_t joined[ONE_MAX];
    char utf8[4 * ONE_MAX];
    size_t len = 0, n;

    if (cp >= 0xD800 && cp <= 0xDFFF)
        return 0; /* no valid text holds one */
    if (is_han(cp))
        return pack_cell(m->f, cp, utf8, qund_utf8_put(utf8, m->simple[cp - HAN_FIRST]));
    if (folds_to_itself(m, cp))
        return pack_cell(m->f, cp, utf8, qund_utf8_put(utf8, cp));
    n = fold_join(&cp, 1, joined, ONE_MAX);
    if (n > 0 && (fold_is_mark((uint32_t)joined[0]) || bit(m->second, (uint32_t)joined[0])))
        return (uint32_t)FOLD_HARD << 24;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = (uint32_t)joined[i];

        len += qund_utf8_put(utf8 + len, is_han(c) ? m->simple[c - HAN_FIRST] : c);
    }
    return pack_cell(m->f, cp, utf8, len);
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

/* Beyond the BMP most pages only copy: they share one. */
static void make_pages(const struct maker *m)
{
    struct qund_fold *f = m->f;
    uint16_t n = 256, copy = 256;

    f->cell = qund_alloc(sizeof(*f->cell) * 256 * (256 + 1));
    for (uint32_t i = 0; i < 256; i++)
        f->cell[(size_t)copy << 8 | i] = (uint32_t)FOLD_COPY << 24;
    for (uint32_t p = 0; p < FOLD_PAGES; p++) {
        uint32_t first = p << 8;
        uint32_t own[256];
        bool differs = false;

        f->page[p] = copy;
        /* Plane 14 holds tags and more variation selectors. */
        if (first >= FOLD_TABLE_END && (first < 0xE0000 || first > 0xE0FFF))
            continue;
        for (uint32_t i = 0; i < 256; i++) {
            own[i] = make_cell(m, first | i);
            differs = differs || own[i] != (uint32_t)FOLD_COPY << 24;
        }
        if (p < 256) {
            f->page[p] = (uint16_t)p;
        } else if (differs) {
            f->page[p] = ++n;
            f->cell = qund_realloc(f->cell, sizeof(*f->cell) * 256 * ((size_t)n + 1));
        } else {
            continue;
        }
        memcpy(f->cell + ((size_t)f->page[p] << 8), own, sizeof(own));
    }
    f->fingerprint = qund_hash64(f->cell, sizeof(*f->cell) * 256 * ((size_t)n + 1)) * 31 +
                     qund_hash64(f->pool.p, f->pool.n);
}

int qund_fold_new(struct qund_fold **out, struct qund_err *err)
{
    QUND_AUTO(qund_fold_free) struct qund_fold *f = qund_alloc(sizeof(*f));
    QUND_AUTO(qund_free) void *simple = qund_alloc(sizeof(uint32_t) * HAN_COUNT);
    QUND_AUTO(qund_free) void *second = qund_alloc(FOLD_TABLE_END / 8);
    struct maker m = {f, simple, second};
    int rc = make_simple(m.simple, err);

    if (rc < 0)
        return rc;
    find_seconds(m.second);
    make_pages(&m);
    for (uint32_t cp = 0; cp < FOLD_TABLE_END; cp++)
        if (kept(cp))
            set_bit(f->keep, cp);
    *out = QUND_TAKE(f);
    return QUND_OK;
}

struct qund_fold *qund_fold_free(struct qund_fold *f)
{
    if (f) {
        qund_free(f->cell);
        qund_buf_done(&f->pool);
        qund_free(f);
    }
    return NULL;
}

uint64_t qund_fold_fingerprint(const struct qund_fold *f)
{
    return f->fingerprint;
}
