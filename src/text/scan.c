/* src/text/scan.c - reading folded text by hand.
 * The extractors run on every message, and nearly every message holds nothing for them. So a word
 * table is kept in buckets and is entered once per character, instead of searching the text once
 * per word: the price of a message grows with its length, hardly with the vocabulary. */
#include "text/scan.h"

bool qund_scan_any(struct qund_str s, size_t *at, const char *const *lits)
{
    for (; *lits; lits++)
        if (qund_scan_lit(s, at, *lits))
            return true;
    return false;
}

bool qund_scan_any_before(struct qund_str s, size_t end, const char *const *lits, size_t *at)
{
    for (; *lits; lits++) {
        size_t n = strlen(*lits);

        if (end >= n && memcmp(s.p + end - n, *lits, n) == 0) {
            *at = end - n;
            return true;
        }
    }
    return false;
}

/* By the three bytes as one number: every character of every message comes by here. */
int qund_scan_han_digit(struct qund_str s, size_t at)
{
    const unsigned char *b = (const unsigned char *)s.p + at;

    if (s.n - at < 3 || b[0] < 0xe3 || b[0] > 0xe9)
        return -1;
    switch ((uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2]) {
    case 0xe99bb6: /* 零 */
    case 0xe38087: /* 〇 */
        return 0;
    case 0xe4b880: /* 一 */
    case 0xe5b9ba: /* 幺 */
    case 0xe5a3b9: /* 壹 */
        return 1;
    case 0xe4ba8c: /* 二 */
    case 0xe8b4b0: /* 贰 */
        return 2;
    case 0xe4b889: /* 三 */
    case 0xe58f81: /* 叁 */
        return 3;
    case 0xe59b9b: /* 四 */
    case 0xe88286: /* 肆 */
        return 4;
    case 0xe4ba94: /* 五 */
    case 0xe4bc8d: /* 伍 */
        return 5;
    case 0xe585ad: /* 六 */
    case 0xe99986: /* 陆 */
        return 6;
    case 0xe4b883: /* 七 */
    case 0xe69f92: /* 柒 */
        return 7;
    case 0xe585ab: /* 八 */
    case 0xe68d8c: /* 捌 */
        return 8;
    case 0xe4b99d: /* 九 */
    case 0xe78e96: /* 玖 */
        return 9;
    default:
        return -1;
    }
}

enum { NUMBER_MAX_DIGITS = 8 };

static unsigned decimal_digits(unsigned v)
{
    unsigned n = 1;

    while (v >= 10) {
        v /= 10;
        n++;
    }
    return n;
}

/* Han numerals are either spelled digit by digit (一五零二) or by place (十二, 一百零三). Places
 * above a hundred do not name buildings or flats and end the number. */
static bool number_han(struct qund_str s, size_t *at, struct qund_scan_number *out)
{
    unsigned value = 0, last = 0, n = 0;
    bool places = false, pending = false;
    size_t i = *at;

    for (; i < s.n && n <= NUMBER_MAX_DIGITS; n++) {
        int d = qund_scan_han_digit(s, i);

        if (d >= 0) {
            if (pending && !places)
                value = value * 10 + last;
            last = (unsigned)d;
            pending = true;
        } else if (qund_scan_lit(s, &(size_t){i}, "十") || qund_scan_lit(s, &(size_t){i}, "百")) {
            unsigned place = qund_scan_lit(s, &(size_t){i}, "十") ? 10 : 100;

            if (pending && !places && value > 0)
                return false; /* 一五十: not a number that anyone means */
            value += (pending && last > 0 ? last : 1) * place;
            last = 0;
            pending = false;
            places = true;
        } else {
            break;
        }
        i += 3;
    }
    if (n == 0 || n > NUMBER_MAX_DIGITS)
        return false;
    if (places) {
        out->value = value + last;
        out->digits = decimal_digits(out->value);
    } else {
        out->value = value * 10 + last;
        out->digits = n;
    }
    out->han = true;
    *at = i;
    return true;
}

bool qund_scan_number(struct qund_str s, size_t *at, struct qund_scan_number *out)
{
    size_t i = *at;
    unsigned value = 0;

    if (i >= s.n)
        return false;
    if (!qund_scan_digit(s.p[i]))
        return number_han(s, at, out);
    for (; i < s.n && qund_scan_digit(s.p[i]); i++) {
        if (i - *at == NUMBER_MAX_DIGITS)
            return false;
        value = value * 10 + (unsigned)(s.p[i] - '0');
    }
    *out = (struct qund_scan_number){value, (unsigned)(i - *at), false};
    *at = i;
    return true;
}

static size_t utf8_len(char first)
{
    unsigned char c = (unsigned char)first;

    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

struct qund_scan_signs qund_scan_signs(struct qund_str s)
{
    struct qund_scan_signs signs = {0};

    for (size_t at = 0; at < s.n; at += utf8_len(s.p[at])) {
        const unsigned char *b = (const unsigned char *)s.p + at;

        signs.digits += qund_scan_digit(s.p[at]) || qund_scan_han_digit(s, at) >= 0;
        signs.ohs += b[0] == 'o';
        if (b[0] < 0xe6 || s.n - at < 3)
            continue;
        switch ((uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2]) {
        case 0xe68bbc: /* 拼 */
        case 0xe7bb84: /* 组 */
        case 0xe8b5b7: /* 起 */
            signs.company = true;
            break;
        default:
            break;
        }
    }
    return signs;
}

static bool word_stands(const struct qund_scan_word *w, struct qund_str s, size_t at)
{
    if (w->n > s.n - at)
        return false;
    /* Words of one bucket mostly share their first character: ask for the second one first. */
    if (w->n >= 6 && w->text[5] != s.p[at + 5])
        return false;
    return memcmp(w->text, s.p + at, w->n) == 0;
}

/* In a bucket a longer word sorts behind its own beginning, so the last one that stands is the
 * longest. */
static const struct qund_scan_word *word_at(struct qund_str s, size_t at,
                                            const struct qund_scan_table *t)
{
    const struct qund_scan_word *best = NULL;

    if (t->index) {
        uint32_t sum = qund_scan_sum(s.p + at, s.n - at);
        unsigned bucket = qund_scan_bucket(sum);

        if (!qund_scan_first(t, sum))
            return NULL;
        for (size_t i = t->index[bucket + 1]; i-- > t->index[bucket];)
            if (word_stands(&t->words[i], s, at))
                return &t->words[i];
        return NULL;
    }
    for (size_t i = 0; i < t->n; i++)
        if ((!best || t->words[i].n > best->n) && word_stands(&t->words[i], s, at))
            best = &t->words[i];
    return best;
}

size_t qund_scan_words(struct qund_str s, const struct qund_scan_table *table,
                       struct qund_scan_hit *hits, size_t max)
{
    size_t n = 0;

    for (size_t at = 0; at < s.n && n < max;) {
        const struct qund_scan_word *w = word_at(s, at, table);

        if (w) {
            hits[n++] = (struct qund_scan_hit){(uint32_t)at, (uint32_t)(at + w->n), w->flags};
            at += w->n;
        } else {
            at += utf8_len(s.p[at]);
        }
    }
    return n;
}

bool qund_scan_table_ok(const struct qund_scan_table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct qund_scan_word *w = &t->words[i];
        uint32_t sum = qund_scan_sum(w->text, w->n);
        unsigned bucket = qund_scan_bucket(sum);

        if (w->n != strlen(w->text) || (t->index && !qund_scan_first(t, sum)))
            return false;
        if (t->index && (i < t->index[bucket] || i >= t->index[bucket + 1]))
            return false;
        if (t->index && i > t->index[bucket] && strcmp(t->words[i - 1].text, w->text) >= 0)
            return false;
    }
    return !t->index || t->index[QUND_SCAN_BUCKETS] == t->n;
}

bool qund_scan_clause_end(struct qund_str s, size_t at, size_t *next)
{
    static const char *const wide[] = {"。", "…", "、", "「", "」", "“", "”", "️", NULL};
    unsigned char c = (unsigned char)s.p[at];

    *next = at;
    if (c >= 0xf0) { /* emoji */
        qund_utf8_next(s, next);
        return true;
    }
    if (c < 0x80) {
        *next = at + 1;
        return strchr(",!?;\n ~[]()\"'.:", c) != NULL;
    }
    return (c == 0xe2 || c == 0xe3 || c == 0xef) && qund_scan_any(s, next, wide);
}
