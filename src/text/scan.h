/* src/text/scan.h - how the extractors read folded text: literals, numerals, word tables. */
#ifndef QUND_TEXT_SCAN_H
#define QUND_TEXT_SCAN_H
#include "core/core.h"

/* Consumes `lit` at *at. */
static inline bool qund_scan_lit(struct qund_str s, size_t *at, const char *lit)
{
    size_t n = strlen(lit);

    if (s.n - *at < n || memcmp(s.p + *at, lit, n) != 0)
        return false;
    *at += n;
    return true;
}
/* Consumes the first of the NULL-terminated `lits` that stands at *at; longer ones go first. */
bool qund_scan_any(struct qund_str s, size_t *at, const char *const *lits);
/* True when one of `lits` ends exactly at `end`; *at becomes its first byte. */
bool qund_scan_any_before(struct qund_str s, size_t end, const char *const *lits, size_t *at);

static inline bool qund_scan_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool qund_scan_latin(char c)
{
    return c >= 'a' && c <= 'z';
}
/* The value 0-9 of a Han digit (零〇一…九 幺) at s.p[at], else -1. Han digits are three bytes. */
int qund_scan_han_digit(struct qund_str s, size_t at);

/* A whole number as people write it: 1502, 一五零二, 十二, 一百零三. */
struct qund_scan_number {
    unsigned value;
    unsigned digits; /* as written; 0305 has four, 十二 counts as its decimal form */
    bool han;
};
/* At most 8 digits; a longer run is not a number and nothing is consumed. */
bool qund_scan_number(struct qund_str s, size_t *at, struct qund_scan_number *out);

/* What a text holds that makes reading it worth while: most texts hold none of it, and are told by
 * one look instead of one for each extractor. */
struct qund_scan_signs {
    unsigned digits; /* of either kind */
    unsigned ohs;    /* the letter o, which some write for a zero */
    bool company;    /* 起, 拼 or 组: without them nobody is asked to come along */
};
struct qund_scan_signs qund_scan_signs(struct qund_str s);

/* True when the character at `at` ends a clause; *next is behind it. A blank and an emoji do: they
 * are the commas of chats. */
bool qund_scan_clause_end(struct qund_str s, size_t at, size_t *next);

/* --- Word tables: all words of a table found in one pass over the text. --- */
#define QUND_SCAN_BUCKETS_LOG 9
#define QUND_SCAN_FIRSTS_LOG 13
#define QUND_SCAN_BUCKETS (1u << QUND_SCAN_BUCKETS_LOG)
#define QUND_SCAN_FIRSTS (1u << QUND_SCAN_FIRSTS_LOG)

struct qund_scan_word {
    const char *text;
    uint16_t n; /* bytes of text */
    uint16_t flags;
};
/* In buckets of the first character, each sorted by bytes; scripts/gen-words makes it. `firsts` has
 * a bit for each sum of a first character, sixteen times as many as there are buckets: most
 * characters begin no word and end there. Without an index the words may stand in any order and
 * each is tried at each place: for a few dozen at most. */
struct qund_scan_table {
    const struct qund_scan_word *words;
    size_t n;
    const uint16_t *index; /* bucket → its first word; QUND_SCAN_BUCKETS + 1 entries, or NULL */
    const uint64_t *firsts;
};
struct qund_scan_hit {
    uint32_t at, end;
    uint32_t flags;
};
/* Of the first character; two-byte characters (Latin letters with marks, Cyrillic) begin no word.
 * Its highest bits choose the bucket, some more of them the bit. */
static inline uint32_t qund_scan_sum(const char *p, size_t n)
{
    const unsigned char *b = (const unsigned char *)p;
    uint32_t code = b[0];

    if (code >= 0x80 && n >= 3)
        code = code << 12 ^ (uint32_t)b[1] << 6 ^ b[2];
    return code * 0x9e3779b1u;
}
static inline unsigned qund_scan_bucket(uint32_t sum)
{
    return sum >> (32 - QUND_SCAN_BUCKETS_LOG);
}
static inline bool qund_scan_first(const struct qund_scan_table *t, uint32_t sum)
{
    uint32_t bit = sum >> (32 - QUND_SCAN_FIRSTS_LOG);

    return t->firsts[bit >> 6] >> (bit & 63) & 1;
}
/* The longest word at each position; words inside a longer hit are not reported again. Returns how
 * many hits were written; beyond max the rest is left out. */
size_t qund_scan_words(struct qund_str s, const struct qund_scan_table *table,
                       struct qund_scan_hit *hits, size_t max);
/* The index fits the words and they are in order (unit tests assert it of every table). */
bool qund_scan_table_ok(const struct qund_scan_table *table);
#endif
