/* src/text/fold.h - the folded view of a text, in which all matching is done (essay in fold.c). */
#ifndef QUND_TEXT_FOLD_H
#define QUND_TEXT_FOLD_H
#include "core/core.h"

/* Longest text that is folded; intake refuses longer ones far earlier. */
#define QUND_FOLD_MAX_BYTES ((size_t)4 << 20)

struct qund_fold; /* constant tables, shared by all threads */

/* The tables of this program: made when it was built, from its OpenCC and its utf8proc. */
const struct qund_fold *qund_fold_tables(void);
/* Differs whenever any table entry differs (other Unicode or OpenCC version): what was compiled
 * from folded patterns under another value must be compiled anew. */
uint64_t qund_fold_fingerprint(const struct qund_fold *f);

/* One text's views. {0} is a valid empty object; its memory is reused from text to text. */
struct qund_folded {
    struct qund_buf text; /* folded; valid UTF-8 */
    uint32_t *map;        /* text.n + 1 entries: byte of text -> byte of the original; the last one
                             is the original's length. Never decreasing. */
    size_t map_cap;
    size_t original_n;

    bool has_squeezed;        /* set by qund_fold_squeeze, cleared by qund_fold_text */
    struct qund_buf squeezed; /* letters, digits, Han, kana only */
    uint32_t *squeezed_map;   /* squeezed.n + 1 entries, also to bytes of the original */
    size_t squeezed_map_cap;
};
void qund_folded_done(struct qund_folded *f);
static inline void qund_folded_done_p(struct qund_folded *f)
{
    qund_folded_done(f);
}

/* `original` must be valid UTF-8. Folding what is folded changes nothing (but for a base with more
 * than 30 marks, which loses the rest of them each time). No memory is asked for once *out has seen
 * a text of that size. FULL beyond QUND_FOLD_MAX_BYTES (*out is then the empty text). */
QUND_CHECK int qund_fold_text(const struct qund_fold *f, struct qund_str original,
                              struct qund_folded *out);
/* The same for what somebody wrote in a chat: a word spaced out (多 少 钱) is joined again (essay
 * in spaced.c). */
QUND_CHECK int qund_fold_message(const struct qund_fold *f, struct qund_str original,
                                 struct qund_folded *out);
/* Adds the squeezed view of t->text; does nothing when it is there already. */
void qund_fold_squeeze(const struct qund_fold *f, struct qund_folded *t);
/* For patterns and names: the folded (and squeezed) form is appended to *out, without a map. */
void qund_fold_str(const struct qund_fold *f, struct qund_str original, struct qund_buf *out);
void qund_fold_str_squeezed(const struct qund_fold *f, struct qund_str original,
                            struct qund_buf *out);
/* True for what the squeezed view keeps: letters, digits, Han, kana. */
bool qund_fold_keeps(const struct qund_fold *f, uint32_t cp);

/* The part of the original that stands behind text[from, to), 0 <= from <= to <= text.n. Whole
 * characters of the original, removed characters in between included. */
struct qund_str qund_folded_origin(const struct qund_folded *t, struct qund_str original,
                                   size_t from, size_t to);
#endif
