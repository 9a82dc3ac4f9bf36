/* src/sop/proof_parts.h - between proof.c (what a likeness means), proof_read.c (a text as signs)
 * and proof_align.c (which sign stands where). */
#ifndef QUND_SOP_PROOF_PARTS_H
#define QUND_SOP_PROOF_PARTS_H
#include "sop/proof.h"

/* A sign is what a reader would take in at once: a Han character, a word of letters, a letter (of a
 * choice, a type), a number whatever way it is written, a time of day, a day. */
enum proof_kind { PROOF_CHAR, PROOF_WORD, PROOF_LETTER, PROOF_NUMBER, PROOF_TIME, PROOF_DAY };
struct proof_sign {
    uint64_t v; /* equal: the same was said */
    uint8_t kind;
    uint8_t half; /* of a time: 1 before noon, 2 after it, 0 not said */
    bool quoted;  /* within marks: a keyword, a title */
    bool gap;     /* an open variable stands before it */
};
struct proof_signs {
    struct proof_sign *v;
    size_t n, cap;
    bool gap_at_end;
};
#define PROOF_CONTENT_MAX 2048u /* signs; what is longer is compared by its beginning */
#define PROOF_MESSAGE_MAX 4096u

/* Appends the signs of folded text, at most `max` in all. */
void qund_proof_read(const struct qund_fold *f, struct qund_str folded, size_t max,
                     struct proof_signs *out);
/* A message that quotes another one and answers it: what stands behind the quote. */
struct qund_str qund_proof_own_words(struct qund_str folded);

/* Which sign of the message is which of the content. */
#define PROOF_RUN 3u            /* signs in a row that are no chance */
#define PROOF_HEADS 1024u       /* a power of two */
struct proof_index {            /* of the content: where each three signs begin */
    uint16_t head[PROOF_HEADS]; /* 1 + place, 0: none */
    uint16_t *next;
};
struct proof_map {
    int32_t *at; /* of each sign of the content: its place in the message, -1: it is not there */
    bool *used;  /* of each sign of the message: it is one of the content's */
};
void qund_proof_index(const struct proof_signs *content, struct proof_index *out);
void qund_proof_align(const struct proof_signs *content, const struct proof_index *index,
                      const struct proof_signs *message, struct proof_map *map);
#endif
