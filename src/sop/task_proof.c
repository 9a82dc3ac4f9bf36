/* src/sop/task_proof.c - what staff say in the groups, held against what they were asked to say.
 *
 * The post itself is the best proof: nobody has to press anything. Whoever holds the role posts in
 * the group, between ten minutes before the task was due and the end of its window, a text that is
 * the content or an edit of it (proof.c says how alike): done, proved, and the difference is kept.
 * What fits two tasks nearly as well, or only resembles one, is a claim. What was claimed before is
 * proved when its post is found.
 *
 * A picture that was asked for by its hash proves a task whatever is said with it, or nothing; one
 * of the same name only (phones give pictures new bytes) is a claim. What comes within a day after
 * its window is too late to be a proof, and no plan goes on by it; but that it was posted, when and
 * with which words, is kept with the expired task.
 *
 * `koc_fan` and `first_buyer` speak their own words, so no text is compared: the post of the
 * invited customer with the disclosure in it is the proof. A post of his without it, long enough to
 * be one, is what the auditor must hear of: an advertisement that does not say what it is.
 *
 * All groups speak, few have open tasks, and the hot path must not ask the store: per group the
 * instant from which on something may be proved is kept in a small table, forgotten when a task of
 * that group moves or a transaction is rolled back. */
#include "sop/proof.h"
#include "sop/task_parts.h"

#define EARLY_MS (10 * 60000)
#define LATE_MS QUND_DAY_MS /* a post behind its window by more is another matter */
#define OWN_WORDS_CHARS 15u /* a shorter word of an invited customer is talk */

enum { SLOTS = 512, OPEN_MAX = 64 };

struct sop_posts {
    uint64_t rollbacks;
    struct {
        int64_t grp, from; /* grp 0: not known */
    } v[SLOTS];
};

/* --- is anything waited for? --- */

static struct sop_posts *posts_of(struct qund_sop *s)
{
    uint64_t rollbacks = qund_db_rollbacks(s->deps.db);

    if (!s->posts)
        s->posts = qund_alloc(sizeof(*s->posts));
    if (s->posts->rollbacks != rollbacks) {
        memset(s->posts, 0, sizeof(*s->posts));
        s->posts->rollbacks = rollbacks;
    }
    return s->posts;
}

void qund_posts_forget(struct qund_sop *s, int64_t grp)
{
    struct sop_posts *p = posts_of(s);
    size_t i = (size_t)grp % SLOTS;

    if (p->v[i].grp == grp)
        p->v[i].grp = 0;
}

int qund_task_awaits(struct qund_sop *s, int64_t group, int64_t ts, bool *out)
{
    struct sop_posts *p = posts_of(s);
    size_t i = (size_t)group % SLOTS;
    int rc = 0;

    *out = false;
    if (group <= 0)
        return 0;
    if (p->v[i].grp != group) {
        rc = qund_task_sql_first(s->deps.db, group, ts, LATE_MS, &p->v[i].from);
        p->v[i].grp = rc == 0 ? group : 0;
    }
    *out = rc == 0 && p->v[i].from != INT64_MAX && ts >= p->v[i].from - EARLY_MS;
    return rc;
}

/* --- one task against the post --- */

struct proving {
    struct qund_sop *s;
    const struct qund_task_post *p;
    struct qund_sop_effects *fx;
    struct task_all all[OPEN_MAX];
    struct qund_proof_text *texts[OPEN_MAX];
    bool own_words[OPEN_MAX];
    size_t n;
    struct task_media media; /* of the post */
};

static bool own_words(const struct task_all *a)
{
    enum qund_sop_role role = a->say->role;

    /* A task that staff do in the place of a first buyer, by the true count, is their own text. */
    return (role == QUND_SOP_KOC_FAN || role == QUND_SOP_FIRST_BUYER) &&
           a->t.role != QUND_SOP_CONSULTANT;
}

static bool holds_role(const struct proving *x, const struct task_all *a)
{
    const struct qund_task_post *p = x->p;
    struct qund_duty d;

    if (p->staff == a->t.staff)
        return true;
    qund_sop_role_holders(x->s, p->group,
                          qund_str(qund_sop_role_name((enum qund_sop_role)a->t.role)), p->ts, &d);
    for (size_t i = 0; i < d.n; i++)
        if (d.staff[i] == p->staff || d.stands_for[i] == p->staff)
            return true;
    return false;
}

/* 1: this person's post may prove it. */
static int may_prove(const struct proving *x, const struct task_all *a)
{
    const struct qund_task_post *p = x->p;
    struct task_who who;
    int rc;

    if (a->t.flags & QUND_TASK_BY_US)
        return 0;
    if (own_words(a))
        return p->staff > 0
                   ? 0
                   : qund_crm_invited(x->s->deps.db, p->group,
                                      qund_str(qund_sop_role_name(a->say->role)), p->contact);
    if (p->staff == 0)
        return 0;
    if (holds_role(x, a))
        return 1;
    if (a->t.state != QUND_TASK_PLANNED && a->t.state != QUND_TASK_HELD)
        return 0;
    /* Nobody was told yet: whoever would be. */
    rc = qund_task_who(x->s, a, p->now, &who);
    return rc < 0 ? rc : who.staff == p->staff;
}

/* What the post is to hold: the words as pushed; before that, as they would be; of own words the
 * disclosure alone. */
static int text_of(const struct proving *x, const struct task_all *a, struct qund_buf *out)
{
    size_t missing;
    bool filled = a->t.state != QUND_TASK_PLANNED && a->t.state != QUND_TASK_HELD;

    if (own_words(a))
        return qund_task_fill(x->s, a, a->tpl->roles[a->say->role].disclosure, x->p->now, out,
                              &missing);
    if (!filled)
        return qund_task_fill(x->s, a, a->t.content, x->p->now, out, &missing);
    qund_buf_str(out, a->t.content);
    return 0;
}

static int take_candidate(struct proving *x, int64_t id)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct task_all *a = &x->all[x->n];
    int rc = qund_task_all(x->s, x->fx->arena, id, a);

    if (rc == 0)
        rc = may_prove(x, a);
    if (rc <= 0)
        return rc;
    rc = text_of(x, a, &text);
    if (rc == 0)
        rc = qund_proof_text_new(x->s->deps.fold, qund_buf_view(&text), &x->texts[x->n]);
    if (rc < 0 && rc != QUND_E_INVAL)
        return rc;
    if (rc < 0 && !a->t.media.p)
        return 0; /* nothing in it can be compared */
    x->own_words[x->n] = own_words(a);
    x->n++;
    return 0;
}

/* --- what follows --- */

static struct qund_str who_posted(const struct qund_task_post *p, struct qund_arena *arena)
{
    QUND_AUTO(qund_buf_done) struct qund_buf by = {0};

    qund_buf_printf(&by, "%s:%lld", p->staff > 0 ? "staff" : "contact",
                    (long long)(p->staff > 0 ? p->staff : p->contact));
    return qund_arena_str(arena, qund_buf_view(&by));
}

static int mark(struct proving *x, struct task_all *a, bool ambiguous)
{
    unsigned was = a->t.flags;

    if (ambiguous)
        a->t.flags |= QUND_TASK_AMBIGUOUS;
    if (x->p->staff > 0 && a->t.staff > 0 && a->t.staff != x->p->staff)
        a->t.flags |= QUND_TASK_STAND_IN;
    return a->t.flags == was ? 0 : qund_task_sql_set(x->s->deps.db, &a->t);
}

static int move(struct proving *x, const struct task_all *a, enum qund_task_event event,
                struct qund_str reason)
{
    int rc = qund_task_move(x->s, a->t.id,
                            &(struct qund_task_change){.event = event,
                                                       .by = who_posted(x->p, x->fx->arena),
                                                       .reason = reason,
                                                       .now = x->p->now,
                                                       .ts = x->p->ts},
                            x->fx, NULL);

    return rc == QUND_E_INVAL ? 0 : rc; /* claimed already */
}

static int prove(struct proving *x, struct task_all *a, const struct qund_proof_choice *c)
{
    bool edited = c->like != QUND_PROOF_VERBATIM;
    int rc = mark(x, a, false);

    if (rc == 0)
        rc = qund_task_sql_posted(x->s->deps.db, a->t.id, x->p->seq,
                                  edited ? x->p->text : QUND_STR_NONE, c->score);
    return rc < 0 ? rc : move(x, a, QUND_TASK_EV_PROVE, QUND_STR(""));
}

static int claim(struct proving *x, struct task_all *a, bool ambiguous)
{
    int rc = a->t.state == QUND_TASK_DONE ? 0 : mark(x, a, ambiguous);

    return rc < 0 || a->t.state == QUND_TASK_DONE ? rc
                                                  : move(x, a, QUND_TASK_EV_CLAIM, QUND_STR(""));
}

/* An invited customer has posted something that is none of the disclosed texts. */
static int undisclosed(struct proving *x)
{
    int rc = 0;

    if (qund_utf8_count(x->p->text) < OWN_WORDS_CHARS)
        return 0;
    for (size_t i = 0; rc == 0 && i < x->n; i++) {
        struct task_all *a = &x->all[i];

        if (!x->own_words[i] || x->p->ts < a->t.due || !qund_task_open(a->t.state) ||
            (a->t.flags & QUND_TASK_UNDISCLOSED))
            continue;
        a->t.flags |= QUND_TASK_UNDISCLOSED;
        rc = qund_task_sql_set(x->s->deps.db, &a->t);
        qund_task_alert(x->fx, a, QUND_STR("urgent"), QUND_STR("auditor"),
                        QUND_STR("受邀客户发言没有披露"), x->p->now);
    }
    return rc;
}

/* --- pictures --- */

/* Which task asks for this picture; x->n: none. twice: so does another one, with other words. */
static size_t pictured(const struct proving *x, enum task_shown *as, bool *twice)
{
    size_t at = x->n;

    *as = TASK_SHOWN_NOT;
    *twice = false;
    for (size_t i = 0; i < x->n; i++) {
        enum task_shown s = x->own_words[i]
                                ? TASK_SHOWN_NOT
                                : qund_task_media_shows(&x->media, x->all[i].t.media, x->fx->arena);

        if (s == TASK_SHOWN_NOT || s < *as)
            continue;
        *twice = s == *as && (*twice || !qund_str_eq(x->all[i].t.content, x->all[at].t.content));
        at = s > *as ? i : at;
        *as = s;
    }
    return at;
}

/* --- which of them, and how surely --- */

struct found {
    size_t at; /* x->n: none */
    bool sure, ambiguous;
    struct qund_proof_choice like;
};

/* By its words; by its picture where they leave it open. */
static int find(struct proving *x, struct found *f)
{
    enum task_shown as;
    bool twice;
    size_t at;
    int rc = qund_proof_choose(x->texts, x->n, x->p->folded, &f->like);

    if (rc < 0 && rc != QUND_E_NOTFOUND)
        return rc;
    f->at = rc == 0 ? f->like.at : x->n;
    f->ambiguous = rc == 0 && f->like.ambiguous;
    f->sure = rc == 0 && !f->ambiguous && f->like.like != QUND_PROOF_DOUBTFUL;
    if (f->sure)
        return 0;
    at = pictured(x, &as, &twice);
    if (at == x->n || (f->at < x->n && (as == TASK_SHOWN_NAME || twice)))
        return 0; /* the words say as much */
    f->at = at;
    f->ambiguous = twice;
    f->sure = as == TASK_SHOWN_HASH && !twice;
    f->like = (struct qund_proof_choice){.like = QUND_PROOF_VERBATIM, .score = 1000};
    return 0;
}

/* 1: it is the post of one of them. */
static int decide(struct proving *x)
{
    struct found f;
    int rc = find(x, &f);

    if (rc < 0)
        return rc;
    if (f.at == x->n || (!f.sure && x->own_words[f.at]))
        return undisclosed(x);
    rc = f.sure ? prove(x, &x->all[f.at], &f.like) : claim(x, &x->all[f.at], f.ambiguous);
    return rc < 0 ? rc : 1;
}

/* It is the post of a task whose window is over: kept there, whoever asks why it expired. */
static int note_late(struct proving *x)
{
    struct task_all *a;
    struct found f;
    int rc = find(x, &f);

    if (rc < 0 || f.at == x->n || !f.sure)
        return rc;
    a = &x->all[f.at];
    rc = qund_task_sql_posted(x->s->deps.db, a->t.id, x->p->seq, x->p->text, f.like.score);
    return rc < 0 ? rc : move(x, a, QUND_TASK_EV_POST_LATE, QUND_STR("posted after its window"));
}

/* --- the entrances --- */

/* Of the tasks named, those that this person may prove. */
static int gather(struct proving *x, const int64_t *ids, int n)
{
    int rc = n < 0 ? n : 0;

    for (int i = 0; rc == 0 && i < n; i++)
        rc = take_candidate(x, ids[i]);
    return rc;
}

static void let_go(struct proving *x)
{
    for (size_t i = 0; i < OPEN_MAX; i++)
        x->texts[i] = qund_proof_text_free(x->texts[i]);
    x->n = 0;
}

int qund_task_posted(struct qund_sop *s, const struct qund_task_post *p,
                     struct qund_sop_effects *fx)
{
    struct proving *x = qund_arena_zalloc(fx->arena, sizeof(*x));
    struct qund_db *db = s->deps.db;
    int64_t ids[OPEN_MAX];
    int rc;

    x->s = s;
    x->p = p;
    x->fx = fx;
    qund_task_media_read(p->media, fx->arena, &x->media);
    rc = gather(x, ids, qund_task_sql_provable(db, p->group, p->ts, EARLY_MS, ids, OPEN_MAX));
    if (rc == 0 && x->n > 0)
        rc = decide(x);
    let_go(x);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = gather(x, ids, qund_task_sql_expired(db, p->group, p->ts, LATE_MS, ids, OPEN_MAX));
    if (rc == 0 && x->n > 0)
        rc = note_late(x);
    let_go(x);
    return rc;
}

int qund_task_recalled(struct qund_sop *s, int64_t seq, int64_t now, struct qund_sop_effects *fx)
{
    int64_t ids[OPEN_MAX];
    int n = qund_task_sql_by_seq(s->deps.db, seq, ids, OPEN_MAX);
    int rc = n < 0 ? n : 0;

    for (int i = 0; rc == 0 && i < n; i++) {
        struct task_all a;

        rc = qund_task_all(s, fx->arena, ids[i], &a);
        if (rc < 0 || a.t.evidence != QUND_TASK_PROVED)
            continue;
        rc = qund_task_move(s, ids[i],
                            &(struct qund_task_change){.event = QUND_TASK_EV_DISPROVE,
                                                       .by = QUND_STR("chat"),
                                                       .reason = QUND_STR("recalled"),
                                                       .now = now},
                            fx, NULL);
        if (rc == 0)
            qund_task_alert(fx, &a, QUND_STR("info"), QUND_STR("manager"),
                            QUND_STR("发出的内容被撤回"), now);
    }
    return rc;
}
