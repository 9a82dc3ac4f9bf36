/* src/text/match_tree.h - expressions as trees: read, asked for their words, tried on a text. For
 * text/match*.c; the essay is in match_tree.c. */
#ifndef QUND_TEXT_MATCH_TREE_H
#define QUND_TEXT_MATCH_TREE_H
#include "core/core.h"

#define MATCH_NO_END UINT32_MAX /* of a repeat: * and + */
#define MATCH_MARK_BITS 12u
#define MATCH_TREE_DEPTH 16u /* groups within groups; deeper ones are left to Hyperscan */

enum match_op {
    MATCH_TEXT,   /* bytes a .. a + b of the pool; `mark` goes by its first two characters */
    MATCH_ANY,    /* one character, not a line's end */
    MATCH_ONE_OF, /* one character of the ranges below */
    MATCH_NONE_OF,
    MATCH_RANGE,  /* characters a .. b */
    MATCH_SEQ,    /* what is below, one behind the other */
    MATCH_ALT,    /* one of what is below */
    MATCH_REPEAT, /* what is below, a .. b times */
    MATCH_START,  /* of the text */
    MATCH_END     /* of the text, or of its last line */
};
/* In order of reading, a node before what belongs to it. Twelve bytes: they lie in the blob. */
struct match_node {
    uint32_t a, b;
    uint16_t below; /* so many nodes behind this one belong to it */
    uint16_t mark : 12;
    uint16_t op : 4;
};
/* The child of a node that follows `after`; NULL: the first one, and then no more. */
static inline const struct match_node *match_child(const struct match_node *node,
                                                   const struct match_node *after)
{
    const struct match_node *c = after ? after + 1 + after->below : node + 1;

    return c <= node + node->below ? c : NULL;
}

struct match_tree {
    struct match_node *v;
    uint32_t n, cap;
};

/* --- match_tree.c */
/* Appends the tree of the expression pool[at, end). False: it has something that is not known here
 * or would be dear to try, and the tree is as before. *anchored: it has ^ or $. */
bool match_tree_read(struct match_tree *t, const char *pool, uint32_t at, uint32_t end,
                     bool *anchored);
/* It can be the empty text: such an expression hits always. */
bool match_tree_empty(const struct match_node *node);

/* --- match_keys.c */
/* A word without which the expression cannot hit. `whole`: with it, it does. */
typedef void match_key_fn(void *ctx, struct qund_str word, bool whole);
enum match_keys {
    MATCH_KEYS_NONE, /* it can hit without any word that is known */
    MATCH_KEYS_SOME, /* no hit without one of the words told: try the tree where one stands */
    MATCH_KEYS_WHOLE /* the words told are all there is to it */
};
/* Of the newest tree. The words are made in the arena; alternatives that are mere words are taken
 * out of the tree. */
enum match_keys match_keys_find(struct match_tree *t, uint32_t root, const char *pool,
                                struct qund_arena *arena, match_key_fn *each, void *ctx);

/* --- match_places.c */
struct match_places; /* memory for trying trees; one a thread */
struct match_places *match_places_new(void);
void match_places_free(struct match_places *p);
/* The text that match_places_hit is asked about; valid UTF-8. */
void match_places_text(struct match_places *p, struct qund_str text);
bool match_places_hit(struct match_places *p, const struct match_node *root, const char *pool);

/* How many bytes the character at p has. */
static inline uint32_t match_char_len(const char *p)
{
    unsigned char c = (unsigned char)*p;

    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* A number for the character at p, mixed well enough to file it by. */
static inline uint32_t match_mix(const char *p, uint32_t len)
{
    uint32_t v = (unsigned char)p[0];

    for (uint32_t i = 1; i < len; i++)
        v = v << 6 ^ (unsigned char)p[i];
    return v * 0x9E3779B1u;
}
/* What a text is known by that begins with this character, or with these two. */
static inline uint32_t match_mark(uint32_t mix)
{
    return mix >> (32 - MATCH_MARK_BITS);
}

static inline uint32_t match_mark_pair(uint32_t first, uint32_t second)
{
    return (first + (second >> 5) * 0x85EBCA6Bu) >> (32 - MATCH_MARK_BITS);
}
#endif
