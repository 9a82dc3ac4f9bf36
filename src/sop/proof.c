/* src/sop/proof.c - is this post the one that was asked for?
 *
 * A person posts what a task asks for, and seldom as it was written: a greeting in front, a link
 * behind, names, emoji, a sentence less, two sentences the other way round, 20:00 as 晚上八点. All
 * of that is the content and proves the task. Yesterday's coupon is not, though it shares thirty of
 * forty characters, nor is the answer to somebody who quotes it, nor the same event a month later.
 *
 * So likeness alone does not decide. Both texts are read as signs (proof_read.c) and laid beside
 * each other (proof_align.c). Then three things are asked:
 *   - how much of the content is there (what is there may stand anywhere);
 *   - how much was replaced: signs that are missing while others came instead. A cut takes away and
 *     brings nothing, a greeting brings and takes nothing away; only a replacement does both, so it
 *     is the smaller of the two;
 *   - whether something that matters was replaced: a number, a time, a day, the letter of a choice,
 *     a word in quotation marks. Where one of them was and another stands now, it is another text
 * of the same family, however much the rest agrees; and so it is where, within the text, words gave
 *     way to other words (怎么挑不粘锅, 怎么挑菜板), unless they are few in a long one. At the
 *     beginning there are names.
 * The score is what is there less what was replaced. An open variable may be filled with anything.
 *
 * A post that is not like the content enough, but somewhat, is a doubt: the person may have said it
 * in their own words. It claims the task and proves nothing.
 *
 * The limits were found on tests/data/proof/tune.jsonl; held.jsonl judges them. */
#include "sop/proof_parts.h"

#define EDITED_MIN 600   /* score from which it is the content, edited */
#define DOUBT_MIN 300    /* … from which it may be meant as it */
#define SWAPPED_MAX 7u   /* per cent of the content in whose place another thing stands */
#define SWAP_MIN 2u      /* signs: one alone is a slip of the pen */
#define FEW_SIGNS 8u     /* so short a content must be there whole, */
#define FEW_BESIDE 10u   /* … and not much else */
#define GAP_FILL_MAX 24u /* signs that may fill an open variable */

struct qund_proof_text {
    const struct qund_fold *f;
    struct proof_signs signs;
    struct proof_index index;
    struct proof_signs message; /* of the last comparison: its memory is used again */
    struct proof_map map;
    size_t used_cap;
};

static const char *const LIKE_NAMES[] = {
    [QUND_PROOF_OTHER] = "other",
    [QUND_PROOF_DOUBTFUL] = "doubtful",
    [QUND_PROOF_EDITED] = "edited",
    [QUND_PROOF_VERBATIM] = "verbatim",
};

const char *qund_proof_like_name(enum qund_proof_like l)
{
    return (size_t)l < QUND_ARRAY_LEN(LIKE_NAMES) ? LIKE_NAMES[l] : "?";
}

int qund_proof_text_new(const struct qund_fold *f, struct qund_str content,
                        struct qund_proof_text **out)
{
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    QUND_AUTO(qund_proof_text_free) struct qund_proof_text *t = qund_alloc(sizeof(*t));

    t->f = f;
    if (qund_fold_message(f, content, &folded) < 0) /* as what is posted will be */
        return QUND_E_INVAL;
    qund_proof_read(f, qund_buf_view(&folded.text), PROOF_CONTENT_MAX, &t->signs);
    if (t->signs.n == 0)
        return QUND_E_INVAL;
    qund_proof_index(&t->signs, &t->index);
    t->map.at = qund_alloc(t->signs.n * sizeof(*t->map.at));
    *out = QUND_TAKE(t);
    return QUND_OK;
}

struct qund_proof_text *qund_proof_text_free(struct qund_proof_text *t)
{
    if (!t)
        return NULL;
    qund_free(t->signs.v);
    qund_free(t->index.next);
    qund_free(t->message.v);
    qund_free(t->map.at);
    qund_free(t->map.used);
    qund_free(t);
    return NULL;
}

/* --- what the laying side by side shows --- */

struct figures {
    size_t n, missing; /* of the content */
    size_t inside;     /* signs of the message that are not the content's, between those that are */
    size_t beside;     /* before the first and behind the last of them */
    size_t swapped;    /* signs of the content, within it, for which others stand */
    bool in_order;
    bool changed; /* something that matters was replaced */
};

/* What fills an open variable is not foreign. */
static void excuse_gaps(struct qund_proof_text *t)
{
    const struct proof_signs *c = &t->signs, *m = &t->message;

    for (size_t i = 0; i <= c->n; i++) {
        bool gap = i < c->n ? c->v[i].gap : c->gap_at_end;
        size_t at, room = GAP_FILL_MAX;

        if (!gap)
            continue;
        if (i > 0 && t->map.at[i - 1] >= 0) {
            for (at = (size_t)t->map.at[i - 1] + 1; at < m->n && !t->map.used[at] && room; room--)
                t->map.used[at++] = true;
        } else if (i < c->n && t->map.at[i] >= 0) {
            for (at = (size_t)t->map.at[i]; at > 0 && !t->map.used[at - 1] && room; room--)
                t->map.used[--at] = true;
        }
    }
}

static bool matters(const struct proof_sign *s)
{
    return s->kind >= PROOF_LETTER || s->quoted;
}

/* Signs of the message that are nobody's, beginning at (or ending before) `at`: one that matters,
 * like the content's. */
static bool stands_instead(const struct qund_proof_text *t, const struct proof_sign *lost,
                           size_t at, bool ahead)
{
    const struct proof_signs *m = &t->message;

    for (size_t n = 0; n < GAP_FILL_MAX; n++) {
        size_t i = ahead ? at + n : at - n - 1;

        if ((ahead ? i >= m->n : n >= at) || t->map.used[i])
            return false;
        if (lost->quoted ? m->v[i].quoted || n == 0 : m->v[i].kind == lost->kind)
            return true;
    }
    return false;
}

/* The lost sign's place in the message lies behind what stands before it, or in front of what
 * comes after it. */
static bool replaced(const struct qund_proof_text *t, size_t i)
{
    const struct proof_signs *c = &t->signs;
    size_t before = i, after = i;

    while (before > 0 && t->map.at[before - 1] < 0)
        before--;
    while (after < c->n && t->map.at[after] < 0)
        after++;
    return (before > 0 && stands_instead(t, &c->v[i], (size_t)t->map.at[before - 1] + 1, true)) ||
           (after < c->n && stands_instead(t, &c->v[i], (size_t)t->map.at[after], false));
}

/* Signs [from, to) are missing between two that are there: how many others stand in their place,
 * behind the one and in front of the other. */
static size_t swapped(const struct qund_proof_text *t, size_t from, size_t to)
{
    size_t at = (size_t)t->map.at[from - 1] + 1, end = (size_t)t->map.at[to], n = 0;

    while (at + n < t->message.n && !t->map.used[at + n])
        n++;
    if (at + n != end || n < SWAP_MIN || to - from < SWAP_MIN)
        return 0; /* what stood around it is apart: a cut, or sentences that changed places */
    return n < to - from ? n : to - from;
}

static size_t all_swapped(const struct qund_proof_text *t)
{
    size_t n = 0, to;

    for (size_t i = 1; i < t->signs.n; i = to + 1) {
        for (to = i; to < t->signs.n && t->map.at[to] < 0;)
            to++;
        if (to > i && to < t->signs.n && t->map.at[i - 1] >= 0)
            n += swapped(t, i, to);
    }
    return n;
}

static bool other_half(const struct proof_sign *a, const struct proof_sign *b)
{
    return a->kind == PROOF_TIME && a->half && b->half && a->half != b->half;
}

static struct figures measure(struct qund_proof_text *t)
{
    const struct proof_signs *c = &t->signs, *m = &t->message;
    struct figures g = {.n = c->n, .in_order = true};
    size_t first = m->n, last = 0, foreign = 0;
    int32_t before = -1;

    excuse_gaps(t);
    for (size_t i = 0; i < c->n; i++) {
        int32_t at = t->map.at[i];

        if (at < 0) {
            g.missing++;
            g.changed = g.changed || (matters(&c->v[i]) && replaced(t, i));
            continue;
        }
        g.in_order = g.in_order && at > before;
        g.changed = g.changed || other_half(&c->v[i], &m->v[at]);
        before = at;
        first = (size_t)at < first ? (size_t)at : first;
        last = (size_t)at > last ? (size_t)at : last;
    }
    for (size_t j = 0; j < m->n; j++) {
        foreign += !t->map.used[j];
        g.inside += !t->map.used[j] && j > first && j < last;
    }
    g.beside = foreign - g.inside;
    g.swapped = all_swapped(t);
    return g;
}

/* --- what it means --- */

static int score_of(const struct figures *g)
{
    size_t there = g->n - g->missing, foreign = g->inside + g->beside / 2;
    size_t replaced_n = g->missing < foreign ? g->missing : foreign;

    return there > replaced_n ? (int)(1000 * (there - replaced_n) / g->n) : 0;
}

static enum qund_proof_like judge(const struct figures *g, int score)
{
    bool little = g->missing > 0 || 2 * g->inside >= g->n || g->beside > FEW_BESIDE;

    if (g->n < FEW_SIGNS && little)
        return score >= EDITED_MIN ? QUND_PROOF_DOUBTFUL : QUND_PROOF_OTHER;
    if (score < EDITED_MIN || g->changed || 100 * g->swapped > SWAPPED_MAX * g->n)
        return score >= DOUBT_MIN ? QUND_PROOF_DOUBTFUL : QUND_PROOF_OTHER;
    return g->missing == 0 && g->inside == 0 && g->in_order ? QUND_PROOF_VERBATIM
                                                            : QUND_PROOF_EDITED;
}

static void read_message(struct qund_proof_text *t, const struct qund_folded *message)
{
    t->message.n = 0;
    qund_proof_read(t->f, qund_proof_own_words(qund_buf_view(&message->text)), PROOF_MESSAGE_MAX,
                    &t->message);
    if (t->used_cap < t->message.n) {
        t->used_cap = t->message.cap;
        t->map.used = qund_realloc(t->map.used, t->used_cap * sizeof(*t->map.used));
    }
    if (t->message.n > 0)
        memset(t->map.used, 0, t->message.n * sizeof(*t->map.used));
}

static enum qund_proof_like compare(struct qund_proof_text *t, const struct qund_folded *message,
                                    struct figures *g, int *score)
{
    read_message(t, message);
    qund_proof_align(&t->signs, &t->index, &t->message, &t->map);
    *g = measure(t);
    *score = score_of(g);
    return judge(g, *score);
}

enum qund_proof_like qund_proof_compare(struct qund_proof_text *t,
                                        const struct qund_folded *message, int *score)
{
    struct figures g;

    return compare(t, message, &g, score);
}

/* --- one post, several tasks --- */

static bool same_text(const struct qund_proof_text *a, const struct qund_proof_text *b)
{
    if (a->signs.n != b->signs.n)
        return false;
    for (size_t i = 0; i < a->signs.n; i++)
        if (a->signs.v[i].v != b->signs.v[i].v)
            return false;
    return true;
}

struct rank {
    enum qund_proof_like like;
    int score;
    size_t foreign; /* what of the message it does not explain */
};

/* A text that holds another one is as well found in its own post as that one is: of two that fit
 * alike the one that leaves less of the message unexplained. */
static bool better(const struct rank *a, const struct rank *b)
{
    bool a_proves = a->like >= QUND_PROOF_EDITED, b_proves = b->like >= QUND_PROOF_EDITED;

    if (a_proves != b_proves)
        return a_proves;
    if (a->score - b->score > QUND_PROOF_NEAR || b->score - a->score > QUND_PROOF_NEAR)
        return a->score > b->score;
    if (a->foreign != b->foreign)
        return a->foreign < b->foreign;
    return a->score > b->score;
}

/* As good by what it explains, too: nothing tells them apart. But a post that is one text to the
 * letter is neither an edit of another nor a shorter text that it holds. */
static bool rivals(const struct rank *best, const struct rank *other)
{
    size_t more = best->like == QUND_PROOF_VERBATIM ? 0 : FEW_SIGNS / 2;

    return other->like >= QUND_PROOF_EDITED && other->like >= best->like &&
           best->score - other->score <= QUND_PROOF_NEAR && other->foreign <= best->foreign + more;
}

int qund_proof_choose(struct qund_proof_text *const *v, size_t n, const struct qund_folded *message,
                      struct qund_proof_choice *out)
{
    QUND_AUTO(qund_free) void *mem = qund_alloc((n + 1) * sizeof(struct rank));
    struct rank *ranks = mem;
    size_t best = n;

    for (size_t i = 0; i < n; i++) {
        struct figures g;

        ranks[i].like = QUND_PROOF_OTHER;
        if (!v[i])
            continue;
        ranks[i].like = compare(v[i], message, &g, &ranks[i].score);
        ranks[i].foreign = g.inside + g.beside;
        if (ranks[i].like != QUND_PROOF_OTHER && (best == n || better(&ranks[i], &ranks[best])))
            best = i;
    }
    if (best == n)
        return QUND_E_NOTFOUND;
    *out = (struct qund_proof_choice){
        .at = best, .like = ranks[best].like, .score = ranks[best].score};
    for (size_t i = 0; i < n; i++)
        if (i != best && out->like >= QUND_PROOF_EDITED && rivals(&ranks[best], &ranks[i]) &&
            !same_text(v[i], v[best]))
            out->ambiguous = true;
    return QUND_OK;
}

/* --- who, where, when --- */

enum qund_proof_place qund_proof_place(const struct qund_proof_ask *a,
                                       const struct qund_proof_post *p)
{
    bool holds = false;

    if (p->group != a->group)
        return QUND_PROOF_OTHER_GROUP;
    for (size_t i = 0; i < a->n_staff; i++)
        holds = holds || a->staff[i] == p->staff;
    if (!holds)
        return QUND_PROOF_OTHER_PERSON;
    if (p->ts < a->opens)
        return QUND_PROOF_EARLY;
    return p->ts > a->closes ? QUND_PROOF_LATE : QUND_PROOF_HERE;
}

bool qund_proof_media(const struct qund_proof_ask *a, const struct qund_proof_post *p)
{
    for (size_t i = 0; p->media_sha256.n > 0 && i < a->n_media; i++)
        if (qund_str_eq(a->media_sha256[i], p->media_sha256))
            return true;
    return false;
}
