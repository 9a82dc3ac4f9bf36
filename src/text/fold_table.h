/* src/text/fold_table.h - the tables behind fold.h, and the slow way round them. For text/fold*.c.
 */
#ifndef QUND_TEXT_FOLD_TABLE_H
#define QUND_TEXT_FOLD_TABLE_H
#include "text/fold.h"

/* A cell says in 32 bits what becomes of one code point. The top byte is a length 0..3, and then
 * the low three are the UTF-8 bytes to write (first byte lowest); or it is one of these. */
enum {
    FOLD_COPY = 4,   /* four bytes, unchanged */
    FOLD_STRING = 5, /* low three bytes: offset in pool of a length byte and that many bytes */
    FOLD_HARD = 6    /* may join or reorder with what stands before it: fold_segment decides */
};
#define FOLD_KIND(cell) ((cell) >> 24)
#define FOLD_ARG(cell) ((cell)&0xFFFFFFu)

#define FOLD_TABLE_END 0x40000u /* planes 4 to 13 are empty, 15 and 16 private: both are copied */
#define FOLD_PAGES 0x1100u      /* of 256 code points */

struct qund_fold {
    const uint32_t *cell; /* pages of 256; the first 256 pages are the BMP, in order */
    const uint16_t *page; /* FOLD_PAGES: code point >> 8 -> page */
    const uint8_t *pool;  /* the strings */
    const uint8_t *keep;  /* FOLD_TABLE_END bits: what the squeezed view keeps */
    uint64_t fingerprint;
};

#define FOLD_HAN_FIRST 0x3400u
#define FOLD_HAN_LAST 0x9FFFu
static inline bool fold_is_han(uint32_t cp)
{
    return cp >= FOLD_HAN_FIRST && cp <= FOLD_HAN_LAST;
}

static inline uint32_t fold_cell(const struct qund_fold *f, uint32_t cp)
{
    return f->cell[(size_t)f->page[cp >> 8] << 8 | (cp & 0xFF)];
}

/* The most characters that are looked at together: a base with the few vowels or jamo that can join
 * it, and so many marks on each. Unicode's stream-safe format has the same bound on marks; without
 * one, sorting them takes quadratic time. */
#define FOLD_STARTERS 4u
#define FOLD_MARKS 30u
#define FOLD_SEGMENT_MAX (FOLD_STARTERS * (1 + FOLD_MARKS))

/* The folded form of one base and what attaches to it, by the library. `cp` holds n code points of
 * the original, removed ones left out. Returns the bytes written to out. */
#define FOLD_SEGMENT_BYTES (4u * 18u * FOLD_SEGMENT_MAX)
size_t fold_segment(const struct qund_fold *f, const uint32_t *cp, size_t n,
                    char out[FOLD_SEGMENT_BYTES]);
/* Steps 1 to 3 of folding for a base with what attaches to it, in order and composed. Returns how
 * many code points were written; max must hold them. */
#define FOLD_ONE_MAX 32 /* the longest decomposition of one code point is 18 */
size_t fold_join(const uint32_t *cp, size_t n, int32_t *out, size_t max);
/* A mark that is moved by its class (rather than a jamo or vowel sign that only joins). */
bool fold_is_mark(uint32_t cp);
#endif
