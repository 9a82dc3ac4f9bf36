/* src/engine/question.c - who is owed an answer, and which message gave it.
 *
 * A staff message answers a question when it is addressed to the asker (a mention, an @ with the
 * name, a reply to a message of theirs), or, addressed to nobody, when it is the next one within
 * ten minutes on the same subject. One asker waiting: that is the subject. Several: those whose
 * words it shares, else the latest.
 *
 * Messages arrive out of order, and rows must come out as if they had not. In order, a staff
 * message looks at the open questions before it. A late message (something later of the group is
 * stored already) changes nothing before it, but all that came after it may: what was answered
 * since is opened again and the staff messages from there on are walked oldest first. The same
 * function decides in both cases. What a person marked done stays done; what was judged overdue
 * stays judged.
 *
 * The reply clock runs in duty hours, for urgent ones always. */
#include "engine/internal.h"
#include "text/similar.h"

#define NEXT_MS (10 * 60000)          /* "the next staff message within 10 min" */
#define ADDRESSED_MS (7 * 86400000LL) /* a mention answers this far back */
#define ASKED_MAX 64                  /* open questions of one group that are looked at */
#define AGAIN_MAX 256                 /* questions, and */
#define REPLIES_MAX 1024              /* staff messages, of one judging anew */
#define SAME_SUBJECT 60               /* of 1000: some shared words */
#define ANSWERED QUND_STR("answered") /* the note of alerts that it settles */
#define OVERDUE_MS (10 * 60000)       /* definitions: unanswered 10 min */

struct reply {
    int64_t seq, ts, contact;
    struct qund_str text, mentions, reply_to;
    int64_t quoted; /* who wrote the message it replies to; 0: none, or not known */
};

static bool word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "@annabel" is not for ann; after a Han name nothing need stand. */
static bool names(struct qund_str rest, const char *name)
{
    size_t n = strlen(name);

    return n > 0 && qund_str_starts(rest, name) &&
           (rest.n == n || !word_char(name[n - 1]) || !word_char(rest.p[n]));
}

/* Of two askers of whom one's name begins with the other's, the @ is for the longer. */
static bool longest(struct qund_str rest, const char *name, const struct question *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(v[i].name) > strlen(name) && names(rest, v[i].name))
            return false;
    return true;
}

static bool mentions_name(struct qund_str text, const char *name, const struct question *v,
                          size_t n)
{
    ptrdiff_t at = -1;

    while ((at = qund_str_find(text, (size_t)(at + 1), QUND_STR("@"))) >= 0) {
        struct qund_str rest = qund_str_n(text.p + at + 1, text.n - (size_t)at - 1);

        if (names(rest, name) && longest(rest, name, v, n))
            return true;
    }
    return false;
}

static bool in_lines(struct qund_str lines, const char *want)
{
    while (lines.p) {
        struct qund_str line = qund_str_split(&lines, '\n');

        if (line.n > 0 && qund_str_is(line, want))
            return true;
    }
    return false;
}

static bool addresses(const struct reply *r, const struct question *q, const struct question *v,
                      size_t n)
{
    return (r->reply_to.n > 0 && qund_str_is(r->reply_to, q->eid)) ||
           (r->quoted != 0 && r->quoted == q->contact) || in_lines(r->mentions, q->pid) ||
           mentions_name(r->text, q->name, v, n);
}

static int find_quoted(struct qund_engine *e, int64_t realm, int64_t grp, struct reply *r)
{
    struct qund_message_row row;
    int rc;

    if (r->reply_to.n == 0)
        return 0;
    rc = qund_month_find(e->months, realm, grp, r->reply_to, r->ts, QUND_FIND_RECENT, &row);
    if (rc == 0)
        r->quoted = row.contact;
    return rc == QUND_E_NOTFOUND ? 0 : rc;
}

/* Addressed to somebody, whoever it is: then it is not for whoever happens to wait. */
static bool addressed(const struct reply *r)
{
    return r->reply_to.n > 0 || r->mentions.n > 0 ||
           (r->text.n > 1 && r->text.p[0] == '@' && r->text.p[1] != ' ');
}

static int shares_subject(struct qund_engine *e, const struct reply *r, const struct question *q,
                          bool *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf a = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_message_row row;
    int rc = qund_month_get(e->months, q->seq, &row);

    *out = false;
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    qund_fold_str(e->deps.fold, row.text, &a);
    qund_fold_str(e->deps.fold, r->text, &b);
    *out = qund_text_similar(qund_buf_view(&a), qund_buf_view(&b)) >= SAME_SUBJECT;
    return 0;
}

static void settle(struct qund_engine *e, struct question *q, const struct reply *r)
{
    int64_t duty = qund_duty_between(e->roster, q->grp, q->ts, r->ts);

    q->state = QUESTION_ANSWERED;
    q->answer_seq = r->seq;
    q->answer_ts = r->ts;
    q->reply_ms = q->urgent ? r->ts - q->ts : duty;
    q->dirty = true;
}

static bool one_asker(struct question *const *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (v[i]->contact != v[0]->contact)
            return false;
    return true;
}

/* Which of the waiting questions this staff message answers. v: oldest first. */
static int answer(struct qund_engine *e, const struct reply *r, struct question *v, size_t n)
{
    struct question *waiting[AGAIN_MAX];
    bool same[AGAIN_MAX], all;
    size_t n_waiting = 0, n_same = 0;

    for (size_t i = 0; i < n; i++) {
        if (v[i].state != QUESTION_OPEN || v[i].ts >= r->ts || v[i].contact == r->contact)
            continue;
        if (v[i].ts > r->ts - ADDRESSED_MS && addresses(r, &v[i], v, n))
            settle(e, &v[i], r);
        else if (v[i].ts >= r->ts - NEXT_MS && n_waiting < AGAIN_MAX)
            waiting[n_waiting++] = &v[i];
    }
    if (addressed(r) || n_waiting == 0)
        return 0;
    all = one_asker(waiting, n_waiting);
    for (size_t i = 0; !all && i < n_waiting; i++) {
        int rc = shares_subject(e, r, waiting[i], &same[i]);

        if (rc < 0)
            return rc;
        n_same += same[i];
    }
    for (size_t i = 0; i < n_waiting; i++)
        if (all || (n_same > 0 ? same[i] : i == n_waiting - 1))
            settle(e, waiting[i], r);
    return 0;
}

static int watch(struct qund_engine *e, const struct question *q)
{
    int64_t due =
        q->urgent ? q->ts + OVERDUE_MS / 2 : qund_duty_after(e->roster, q->grp, q->ts, OVERDUE_MS);
    char buf[24];

    if (due < 0)
        return 0; /* nobody serves this group within a year: no clock runs */
    return qund_timers_set(e->timers, &(struct qund_timer){.class = QUND_TIMER_JUDGE,
                                                           .due = due + e->config->time.lateness_ms,
                                                           .kind = QUND_STR("question.overdue"),
                                                           .key = qund_timer_key(q->seq, buf)});
}

static int unwatch(struct qund_engine *e, int64_t seq)
{
    char buf[24];
    int rc = qund_timers_cancel(e->timers, QUND_STR("question.overdue"), qund_timer_key(seq, buf));

    return rc == QUND_E_NOTFOUND ? 0 : rc;
}

/* Writes what changed; timers and alerts follow the state. */
static int write_back(struct qund_engine *e, struct question *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct question *q = &v[i];
        int rc;

        if (!q->dirty || (q->was != 0 && q->was == q->answer_seq))
            continue;
        rc = qund_question_sql_put(e->db, q);
        if (rc == 0 && q->state == QUESTION_OPEN && !q->judged)
            rc = watch(e, q);
        else if (rc == 0 && q->state != QUESTION_OPEN)
            rc = unwatch(e, q->seq);
        if (rc == 0 && q->state == QUESTION_ANSWERED)
            rc = qund_alert_settle_message(e->alerts, q->seq, QUND_STR("chat"), ANSWERED, e->now);
        /* Its answer is gone: whoever was told that it is dealt with hears of it again. */
        if (rc == 0 && q->state == QUESTION_OPEN && q->was != 0)
            rc = qund_alert_unsettle_message(e->alerts, q->seq, ANSWERED, e->now);
        if (rc < 0)
            return rc;
        q->dirty = false;
    }
    return 0;
}

/* --- out of order --- */

/* Staff messages of the span, copied first: comparing subjects reads the months again. */
struct replies {
    struct qund_arena *arena;
    struct reply v[REPLIES_MAX];
    size_t n;
    int64_t realm;
};

static struct qund_str keep(struct qund_arena *arena, struct qund_str s)
{
    return qund_str_n(qund_arena_dup(arena, s.p ? s.p : "", s.n), s.n);
}

static int copy_reply(const struct qund_message_row *row, void *arg)
{
    struct replies *rs = arg;
    struct reply *r;

    if (row->type != QUND_EV_MESSAGE || row->role != QUND_ROLE_STAFF ||
        row->state != QUND_MESSAGE_KEPT || (row->flags & QUND_EVF_COPY))
        return 0;
    rs->realm = row->realm;
    r = &rs->v[rs->n++];
    *r = (struct reply){.seq = row->seq,
                        .ts = row->ts,
                        .contact = row->contact,
                        .text = keep(rs->arena, row->text),
                        .mentions = keep(rs->arena, row->mentions),
                        .reply_to = keep(rs->arena, row->reply_to)};
    return rs->n == REPLIES_MAX; /* stop */
}

static void reopen(struct question *q)
{
    q->was = q->answer_seq;
    q->state = QUESTION_OPEN;
    q->answer_seq = q->answer_ts = q->reply_ms = 0;
    q->dirty = true;
}

/* A message of that time has come, or gone: what was answered since is judged anew. When one has
 * come and staff said nothing since, nothing was answered: in a lively group a question that came
 * a moment late must not cost a look at all that are open. */
static int judge_again(struct qund_engine *e, int64_t grp, int64_t from, bool gone)
{
    struct replies *rs = qund_arena_alloc(e->arena, sizeof(*rs));
    struct question *v;
    int64_t until;
    int n, rc;

    rs->arena = e->arena;
    rs->n = 0;
    rc = qund_month_between(e->months, grp, from, INT64_MAX, copy_reply, rs);
    if (rc < 0 || (rs->n == 0 && !gone))
        return rc < 0 ? rc : 0;
    v = qund_arena_alloc(e->arena, AGAIN_MAX * sizeof(*v));
    /* What somebody answered behind the last reply looked at stays as it is. */
    until = rs->n == REPLIES_MAX ? rs->v[rs->n - 1].ts : INT64_MAX;
    n = qund_question_sql_around(e->db, e->arena, grp,
                                 &(struct question_span){.from = from - ADDRESSED_MS, .at = from},
                                 &until, v, AGAIN_MAX);
    if (n <= 0)
        return n;
    for (int i = 0; i < n; i++)
        if (v[i].state == QUESTION_ANSWERED && v[i].answer_ts <= until)
            reopen(&v[i]);
    rc = 0;
    for (size_t i = 0; rc == 0 && i < rs->n && rs->v[i].ts <= until; i++) {
        rc = find_quoted(e, rs->realm, grp, &rs->v[i]);
        if (rc == 0)
            rc = answer(e, &rs->v[i], v, (size_t)n);
    }
    return rc < 0 ? rc : write_back(e, v, (size_t)n);
}

static int any_row(const struct qund_message_row *row, void *arg)
{
    bool *found = arg;

    *found = true;
    (void)row;
    return 0;
}

/* Is something of the group stored that is later than ts? */
static int is_late(struct qund_engine *e, int64_t grp, int64_t ts, bool *out)
{
    struct qund_month_cursor newest = {0};

    *out = false;
    return qund_month_said(e->months, grp, ts + 1, 1, &newest, any_row, out);
}

/* --- what messages do --- */

int qund_question_open(struct qund_engine *e, struct subject *s, bool urgent)
{
    struct question q = {.seq = s->row.seq,
                         .grp = s->row.grp,
                         .contact = s->row.contact,
                         .ts = s->ev->ts,
                         .urgent = urgent,
                         .judged = s->quiet, /* nobody is told of the past */
                         .eid = qund_arena_dup(e->arena, s->ev->id.p, s->ev->id.n),
                         .dirty = true};
    bool late;
    int rc;

    q.pid = qund_arena_dup(e->arena, s->ev->sender.p, s->ev->sender.n);
    q.name = qund_arena_dup(e->arena, s->ev->sender_name.p ? s->ev->sender_name.p : "",
                            s->ev->sender_name.n);
    rc = qund_engine_roster(e);
    if (rc == 0)
        rc = write_back(e, &q, 1);
    if (rc == 0)
        rc = is_late(e, q.grp, q.ts, &late);
    return rc < 0 || !late ? rc : judge_again(e, q.grp, q.ts, false);
}

int qund_question_answer(struct qund_engine *e, struct subject *s)
{
    struct reply r = {.seq = s->row.seq,
                      .ts = s->ev->ts,
                      .contact = s->row.contact,
                      .text = s->ev->text,
                      .mentions = s->ev->mentions,
                      .reply_to = s->ev->reply_to};
    struct question *v;
    bool late;
    int n;
    int rc = is_late(e, s->row.grp, r.ts, &late);

    if (rc == 0)
        rc = qund_engine_roster(e);
    if (rc < 0)
        return rc;
    if (late)
        return judge_again(e, s->row.grp, r.ts, false);
    v = qund_arena_zalloc(e->arena, ASKED_MAX * sizeof(*v));
    n = qund_question_sql_open(e->db, e->arena, s->row.grp, r.ts - ADDRESSED_MS, r.ts, v,
                               ASKED_MAX);
    if (n <= 0)
        return n;
    rc = find_quoted(e, s->row.realm, s->row.grp, &r);
    if (rc == 0)
        rc = answer(e, &r, v, (size_t)n);
    return rc < 0 ? rc : write_back(e, v, (size_t)n);
}

int qund_question_withdraw(struct qund_engine *e, const struct qund_message_row *row)
{
    struct question q;
    int rc;

    rc = qund_engine_roster(e);
    if (rc < 0)
        return rc;
    if (row->role == QUND_ROLE_STAFF)
        return judge_again(e, row->grp, row->ts, true);
    rc = qund_question_sql_get(e->db, e->arena, row->seq, &q);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    q.state = QUESTION_WITHDRAWN;
    q.dirty = true;
    rc = write_back(e, &q, 1);
    /* Whoever answered it may have meant another. */
    return rc < 0 ? rc : judge_again(e, row->grp, row->ts, true);
}

int qund_question_done(struct qund_engine *e, int64_t seq, struct qund_str by, struct qund_err *err)
{
    struct question q;
    int rc = qund_question_sql_get(e->db, e->arena, seq, &q);

    if (rc < 0)
        return qund_err_set(err, rc, "question", "message %lld asks nothing", (long long)seq);
    if (q.state != QUESTION_OPEN)
        return qund_err_set(err, QUND_E_INVAL, "question", "message %lld is not open",
                            (long long)seq);
    rc = qund_engine_roster(e);
    if (rc < 0)
        return rc;
    q.state = QUESTION_DONE;
    q.answer_seq = q.seq;
    q.answer_ts = e->now;
    q.reply_ms = q.urgent ? e->now - q.ts : qund_duty_between(e->roster, q.grp, q.ts, e->now);
    q.dirty = true;
    rc = write_back(e, &q, 1);
    return rc < 0 ? rc : qund_alert_settle_message(e->alerts, seq, by, QUND_STR("done"), e->now);
}

/* Its first limit has passed: the staff hears of it, unless a rule raised an alert for it already.
 */
int qund_question_overdue(struct qund_engine *e, const struct qund_timer *t)
{
    struct qund_message_row row;
    struct subject s = {0};
    struct qund_event ev = {0};
    struct question q;
    int64_t seq;
    int rc = qund_str_int(t->key, &seq);

    if (rc == 0)
        rc = qund_question_sql_get(e->db, e->arena, seq, &q);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (q.state != QUESTION_OPEN || q.judged)
        return 0;
    rc = qund_gap_voids(e, q.grp, seq, q.ts, t->due - e->config->time.lateness_ms);
    if (rc < 0)
        return rc;
    q.judged = true;
    q.voided = rc > 0;
    rc = qund_question_sql_put(e->db, &q);
    if (rc < 0 || q.voided)
        return rc;
    if (rc == 0)
        rc = qund_alert_of_message(e->db, seq);
    if (rc == 0)
        rc = qund_month_get(e->months, seq, &row);
    if (rc != 0)
        return rc > 0 || rc == QUND_E_NOTFOUND ? 0 : rc;
    ev.ts = row.ts;
    ev.text =
        qund_str_n(qund_arena_dup(e->arena, row.text.p ? row.text.p : "", row.text.n), row.text.n);
    ev.sender_name = qund_str(q.name);
    s.ev = &ev;
    s.row = row;
    if (row.grp > 0)
        rc = qund_crm_group_by_id(e->crm, row.grp, &s.group);
    return rc < 0 ? rc
                  : qund_engine_alert(e, &s,
                                      &(struct qund_alert_new){.rule = QUND_STR("reply-overdue"),
                                                               .level = QUND_STR("warn"),
                                                               .to = QUND_STR("consultant"),
                                                               .ladder = QUND_STR("normal"),
                                                               .title = QUND_STR("超时未回复"),
                                                               .since = q.ts});
}
