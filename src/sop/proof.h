/* src/sop/proof.h - is this post the one that was asked for? (essay in proof.c)
 *
 * Pure; any thread, but one proof text belongs to one thread at a time. */
#ifndef QUND_SOP_PROOF_H
#define QUND_SOP_PROOF_H
#include "core/core.h"
#include "text/fold.h"

enum qund_proof_like {
    QUND_PROOF_OTHER,    /* another text */
    QUND_PROOF_DOUBTFUL, /* may be a free rewriting, or one of the same family: claims, proves
                            nothing */
    QUND_PROOF_EDITED,   /* the content, edited: the difference is kept */
    QUND_PROOF_VERBATIM
};
const char *qund_proof_like_name(enum qund_proof_like l);

/* Made once per task's content, as it was pushed. What a variable left open ("〔order.no〕",
 * "{{order.no}}") may be filled with anything. f is borrowed. INVAL: nothing to compare is in it.
 * For somebody's own words the text is the disclosure they must hold. */
struct qund_proof_text;
QUND_CHECK int qund_proof_text_new(const struct qund_fold *f, struct qund_str content,
                                   struct qund_proof_text **out);
struct qund_proof_text *qund_proof_text_free(struct qund_proof_text *t); /* returns NULL */
QUND_DEFINE_AUTO(qund_proof_text_free, struct qund_proof_text *)

/* score: 0..1000. A message may hold more than the content (a greeting before, a link behind). */
enum qund_proof_like qund_proof_compare(struct qund_proof_text *t,
                                        const struct qund_folded *message, int *score);

/* One post and several open tasks: which of them does it prove? v: their texts, by due time;
 * NULL: one without words. like: of the best, at: its place. ambiguous: another text fits nearly as
 * well, so it is a claim and no proof. The best of equal texts is the first. NOTFOUND: it is like
 * none of them. */
#define QUND_PROOF_NEAR 60 /* of 1000: scores no further apart do not decide */
struct qund_proof_choice {
    size_t at;
    enum qund_proof_like like;
    int score;
    bool ambiguous;
};
QUND_CHECK int qund_proof_choose(struct qund_proof_text *const *v, size_t n,
                                 const struct qund_folded *message, struct qund_proof_choice *out);

/* Who posted it where and when decides before the text is looked at. */
struct qund_proof_ask {
    int64_t group, opens, closes; /* event time, both included */
    const int64_t *staff;         /* contacts that hold the role here, stand-ins too */
    size_t n_staff;
    const struct qund_str *media_sha256; /* what was to be posted */
    size_t n_media;
};
struct qund_proof_post {
    int64_t group, ts, staff;
    struct qund_str media_sha256; /* NONE: the post has none */
};
enum qund_proof_place {
    QUND_PROOF_HERE,
    QUND_PROOF_OTHER_GROUP,
    QUND_PROOF_OTHER_PERSON,
    QUND_PROOF_EARLY,
    QUND_PROOF_LATE
};
enum qund_proof_place qund_proof_place(const struct qund_proof_ask *a,
                                       const struct qund_proof_post *p);
/* The post's picture is one of those asked for. */
bool qund_proof_media(const struct qund_proof_ask *a, const struct qund_proof_post *p);
#endif
