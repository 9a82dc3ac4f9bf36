/* src/text/scan.c - reading folded text by hand.
 * The extractors run on every message, and nearly every message holds nothing for them. So a word
 * table is kept sorted and is entered once per character by its first bytes, instead of searching
 * the text once per word: the price of a message grows with its length, not with the vocabulary. */
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

static const struct {
    char text[4];
    signed char value;
} han_digits[] = {{"零", 0}, {"〇", 0}, {"一", 1}, {"二", 2}, {"三", 3}, {"四", 4}, {"五", 5},
                  {"六", 6}, {"七", 7}, {"八", 8}, {"九", 9}, {"幺", 1}, {"壹", 1}, {"贰", 2},
                  {"叁", 3}, {"肆", 4}, {"伍", 5}, {"陆", 6}, {"柒", 7}, {"捌", 8}, {"玖", 9}};

int qund_scan_han_digit(struct qund_str s, size_t at)
{
    /* Every Han digit begins with one of these four bytes; most characters stop here. */
    if (s.n - at < 3 || (unsigned char)s.p[at] < 0xe3 || (unsigned char)s.p[at] > 0xe9)
        return -1;
    for (size_t i = 0; i < QUND_ARRAY_LEN(han_digits); i++)
        if (memcmp(s.p + at, han_digits[i].text, 3) == 0)
            return han_digits[i].value;
    return -1;
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

static int word_cmp(const char *word, struct qund_str s, size_t at)
{
    size_t n = strlen(word), have = s.n - at;
    int c = memcmp(word, s.p + at, n < have ? n : have);

    return c != 0 ? c : (n > have ? 1 : 0);
}

static bool same_character(const char *word, struct qund_str s, size_t at)
{
    size_t n = utf8_len(word[0]);

    return s.n - at >= n && strlen(word) >= n && memcmp(word, s.p + at, n) == 0;
}

/* The last word that is a prefix of the text at `at`: among sorted words a longer prefix sorts
 * after a shorter one, so the search keeps the rightmost match. */
static const struct qund_scan_word *word_at(struct qund_str s, size_t at,
                                            const struct qund_scan_word *words, size_t n_words)
{
    size_t lo = 0, hi = n_words;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (word_cmp(words[mid].text, s, at) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* Between a prefix and this place lie only words with the same first character. */
    for (size_t i = lo; i-- > 0;) {
        if (word_cmp(words[i].text, s, at) == 0)
            return &words[i];
        if (!same_character(words[i].text, s, at))
            return NULL;
    }
    return NULL;
}

size_t qund_scan_words(struct qund_str s, const struct qund_scan_word *words, size_t n_words,
                       struct qund_scan_hit *hits, size_t max)
{
    size_t n = 0;

    for (size_t at = 0; at < s.n && n < max;) {
        const struct qund_scan_word *w = word_at(s, at, words, n_words);

        if (w) {
            size_t len = strlen(w->text);

            hits[n++] = (struct qund_scan_hit){(uint32_t)at, (uint32_t)(at + len), w->flags};
            at += len;
        } else {
            at += utf8_len(s.p[at]);
        }
    }
    return n;
}

bool qund_scan_words_sorted(const struct qund_scan_word *words, size_t n_words)
{
    for (size_t i = 1; i < n_words; i++)
        if (strcmp(words[i - 1].text, words[i].text) >= 0)
            return false;
    return true;
}
