/* src/text/lean_parts.h - what lean.c and lean_load.c share: how grams and weights are packed. */
#ifndef QUND_TEXT_LEAN_PARTS_H
#define QUND_TEXT_LEAN_PARTS_H
#include "text/lean.h"
#include <stdatomic.h>

enum {
    LEAN_GRAM = 3, /* characters of the longest */
    LEAN_LENGTHS = 7,
    LEAN_LENGTH_STEP = 6, /* characters of one length class; the last class is open */
    LEAN_NAME = 32,
    LEAN_GRAMS_MAX = 45000,
    LEAN_STEP = 2, /* the list of a gram begins at a multiple: 16 bits reach so much further */
    LEAN_ENTRIES_MAX = 65534 * LEAN_STEP
};
/* Characters with a meaning of their own. Folded text has neither control characters nor private
 * ones, so these codes are free; blank, ^ and $ of the text itself become LEAN_BLANK, LEAN_OTHER.
 */
enum { LEAN_START = 1, LEAN_END = 2, LEAN_BLANK = ' ', LEAN_EMOJI = 0xE000, LEAN_OTHER = 0xFFFD };

/* One weight of a gram: last of its list (bit 15), intent (bits 11-14), hundredths + 1024. */
#define LEAN_LAST 0x8000u
static inline uint16_t qund_lean_entry(unsigned intent, int weight, bool last)
{
    return (uint16_t)((last ? LEAN_LAST : 0) | intent << 11 | (unsigned)(weight + 1024));
}
static inline unsigned qund_lean_entry_intent(uint16_t e)
{
    return e >> 11 & 15u;
}
static inline int qund_lean_entry_weight(uint16_t e)
{
    return (int)(e & 2047u) - 1024;
}

struct qund_lean {
    _Atomic unsigned refs;
    size_t n_intents, n_grams, n_entries, n_slots; /* slots: a quarter and more stays empty */
    uint8_t *filter;                               /* a byte for each slot */
    uint64_t *slots; /* gram << 16 | where its entries begin, in steps; 0: empty (no gram is 0) */
    uint16_t *entries;
    int32_t bias[QUND_LEAN_INTENTS_MAX];
    int16_t length[LEAN_LENGTHS][QUND_LEAN_INTENTS_MAX];
    int16_t scale[LEAN_LENGTHS]; /* hundredths by which the grams of such a text count */
    int16_t context[QUND_LEAN_CONTEXTS_MAX][QUND_LEAN_INTENTS_MAX];
    size_t n_contexts;
    char contexts[QUND_LEAN_CONTEXTS_MAX][LEAN_NAME];
    char names[QUND_LEAN_INTENTS_MAX][LEAN_NAME];
    char brief[QUND_LEAN_INTENTS_MAX]; /* how weights spell it, a capital; 0: by its name */
};

/* Up to three characters of 16 bits, the last one lowest. The place of a gram has three bits more
 * than a slot needs: they choose its mark in the slot's byte of `filter`. */
static inline uint32_t qund_lean_place(const struct qund_lean *l, uint64_t gram)
{
    uint64_t mixed = gram * UINT64_C(0x9E3779B97F4A7C15) >> 32;

    return (uint32_t)(mixed * (l->n_slots * 8) >> 32);
}
/* False: no such gram. Most grams of a text end here, in a table small enough to stay near. */
static inline bool qund_lean_maybe(const struct qund_lean *l, uint32_t place)
{
    return l->filter[place >> 3] >> (place & 7) & 1;
}
/* The entries of a slot: the last one says so. */
static inline const uint16_t *qund_lean_list(const struct qund_lean *l, uint64_t slot)
{
    return l->entries + (size_t)(slot & 0xffff) * LEAN_STEP;
}
/* The slot of the gram, or the empty one where it belongs. */
static inline size_t qund_lean_seek(const struct qund_lean *l, uint64_t gram, uint32_t place)
{
    size_t at = place >> 3;

    while (l->slots[at] && l->slots[at] >> 16 != gram)
        if (++at == l->n_slots)
            at = 0;
    return at;
}
/* The code of a character; what the file spells ^ $ ␣ is not among them. */
uint16_t qund_lean_code(uint32_t cp);
/* As the file spells it, NUL-terminated. */
void qund_lean_spell(uint64_t gram, char out[20]);
#endif
