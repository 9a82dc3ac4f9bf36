/* src/text/phone.c - mobile numbers.
 *
 * Folding has already turned full-width digits, keycaps and letters-in-circles into plain ones.
 * What is left is numbers cut by blanks, dashes and dots, spelled in Han digits, or with the letter
 * o for zero. Digits are collected across single separators, and eleven of them count only when
 * they end where a piece ends; of several ways to cut a row of pieces the usual ones (11, 3-4-4,
 * 3-8) win, so that a flat beside a number does not shift it. Tracking and order numbers are told
 * by the word in front of them. */
#include "text/phone.h"
#include "text/scan.h"

enum { PIECES_MAX = 11 };

static const char *const separators[] = {"-", " ", ".", "·", "—", "–", "_", "*",
                                         "~", "/", ",", "•", "'", "⁻", NULL};
static const char *const order_words[] = {
    "单号", "订单", "订单号", "快递", "运单", "物流", "编号",   "尾号", "流水", "卡号", "账号",
    "sf",   "yt",   "jd",     "zto",  "id",   "qq",   "取件码", "货号", "no",   "#",    NULL};

struct reading {
    char digits[QUND_PHONE_DIGITS + 1];
    size_t end;
    unsigned score; /* smaller is better */
};

/* A digit in disguise at *at: plain, Han, or o (and l, i for 1) between digits. */
static int read_digit(struct qund_str s, size_t *at, bool inside)
{
    int han;

    if (*at >= s.n)
        return -1;
    if (qund_scan_digit(s.p[*at]))
        return s.p[(*at)++] - '0';
    han = qund_scan_han_digit(s, *at);
    if (han >= 0) {
        *at += 3;
        return han;
    }
    if (inside && s.p[*at] == 'o') {
        (*at)++;
        return 0;
    }
    return -1;
}

static unsigned score_of(const unsigned char *pieces, size_t n)
{
    static const struct {
        unsigned char n, sizes[3], score;
    } usual[] = {{1, {11, 0, 0}, 0}, {3, {3, 4, 4}, 0}, {2, {3, 8, 0}, 1},
                 {2, {7, 4, 0}, 1},  {3, {4, 4, 3}, 2}, {3, {4, 3, 4}, 3}};

    for (size_t i = 0; i < QUND_ARRAY_LEN(usual); i++)
        if (usual[i].n == n && memcmp(usual[i].sizes, pieces, n) == 0)
            return usual[i].score;
    return 4 + (unsigned)n;
}

/* Eleven digits from `at`, ending at the end of a piece. */
static bool read_number(struct qund_str s, size_t at, struct reading *r)
{
    unsigned char pieces[PIECES_MAX] = {0};
    size_t n = 0, piece = 0, i = at, rest;

    for (;;) {
        int d = read_digit(s, &i, n > 0);

        if (d < 0)
            return false;
        r->digits[n++] = (char)('0' + d);
        pieces[piece]++;
        if (n == QUND_PHONE_DIGITS)
            break;
        rest = i;
        if (read_digit(s, &rest, true) >= 0)
            continue;
        for (int k = 0; k < 2 && qund_scan_any(s, &i, separators); k++)
            ;
        piece++;
    }
    rest = i;
    if (read_digit(s, &rest, false) >= 0)
        return false;
    r->digits[QUND_PHONE_DIGITS] = '\0';
    r->end = i;
    r->score = score_of(pieces, piece + 1);
    return r->digits[0] == '1' && r->digits[1] >= '3';
}

static bool behind_order_word(struct qund_str s, size_t at)
{
    size_t ignored;

    for (int k = 0; k < 4 && at > 0 && strchr(" :-.=", s.p[at - 1]); k++)
        at--;
    if (at >= 3 && (memcmp(s.p + at - 3, "是", 3) == 0 || memcmp(s.p + at - 3, "为", 3) == 0))
        at -= 3;
    return qund_scan_any_before(s, at, order_words, &ignored);
}

/* A number may begin where no digit or letter stands before, or behind a country code. */
static bool may_begin(struct qund_str s, size_t at)
{
    if (at == 0)
        return true;
    if (at >= 2 && memcmp(s.p + at - 2, "86", 2) == 0 && (at == 2 || !qund_scan_digit(s.p[at - 3])))
        return true;
    if (qund_scan_digit(s.p[at - 1]) || qund_scan_latin(s.p[at - 1]))
        return false;
    return at < 3 || qund_scan_han_digit(s, at - 3) < 0;
}

static bool enough_digits(struct qund_str s)
{
    struct qund_scan_signs signs = qund_scan_signs(s);

    return signs.digits + signs.ohs >= QUND_PHONE_DIGITS;
}

static size_t add(const struct reading *r, size_t at, struct qund_phone *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(out[i].text, r->digits) == 0)
            return n;
    memcpy(out[n].text, r->digits, sizeof out[n].text);
    out[n].at = (uint32_t)at;
    out[n].end = (uint32_t)r->end;
    return n + 1;
}

size_t qund_phone_find(struct qund_str folded, struct qund_phone *out, size_t max)
{
    size_t n = 0;

    if (max > QUND_PHONE_MAX)
        max = QUND_PHONE_MAX;
    if (!enough_digits(folded))
        return 0;
    for (size_t at = 0; at < folded.n && n < max;) {
        struct reading best = {.score = 100}, r;
        size_t begin = at;

        if (!may_begin(folded, at) || !read_number(folded, at, &best)) {
            qund_utf8_next(folded, &at);
            continue;
        }
        /* A later piece of the same row may begin a more usual cut: 1502 138 0000 0105. */
        for (size_t later = at + 1; later < best.end; later++)
            if ((folded.p[later] & 0xc0) != 0x80 && may_begin(folded, later) &&
                read_number(folded, later, &r) && r.score < best.score) {
                best = r;
                begin = later;
            }
        if (!behind_order_word(folded, begin))
            n = add(&best, begin, out, n);
        at = best.end;
    }
    return n;
}
