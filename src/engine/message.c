/* src/engine/message.c - what a message means: folded once, looked at by the extractors and the
 * rules in one pass each, and its effects written.
 *
 * The order matters. Extractors find candidates; rules decide (an advert's phone number is no
 * customer's, a staff member's room is no household); only then do facts become rows. What a rule
 * file does not mark is not taken, so an operator can switch any of it off. */
#include "engine/sop.h"

static struct qund_str view(const struct qund_buf *b)
{
    return b->n > 0 ? qund_buf_view(b) : QUND_STR_NONE;
}

static int run_rules(struct qund_engine *e, struct subject *s, const struct qund_extract *x,
                     struct qund_rule_hits *hits)
{
    struct qund_rule_extract found[INPUT_EXTRACTS];
    struct qund_rule_input in;

    qund_input_fill(e, s, x, found, &in);
    return qund_rules_eval(e->next_rules ? e->next_rules : e->rules, e->scratch, &in, e->state,
                           hits);
}

/* --- facts become rows --- */

static int keep_rooms(struct qund_engine *e, struct subject *s, const struct qund_extract *x,
                      struct qund_buf *json)
{
    struct qund_jw w = qund_jw(json);

    qund_jw_arr(&w);
    for (size_t i = 0; i < x->n_rooms; i++) {
        const struct qund_room *r = &x->rooms[i];
        int rc;

        qund_jw_obj(&w);
        qund_jw_kz(&w, "room", r->text);
        qund_jw_kz(&w, "owner", qund_room_owner_name(r->owner));
        qund_jw_end_obj(&w);
        rc = s->group ? qund_crm_room_add(e->crm, s->group, s->sender, qund_str(r->text),
                                          r->owner == QUND_ROOM_SELF, s->row.seq, s->ev->ts)
                      : 0;
        if (rc < 0)
            return rc;
    }
    qund_jw_end_arr(&w);
    return 0;
}

static int keep_phones(struct qund_engine *e, struct subject *s, const struct qund_extract *x,
                       struct qund_buf *json)
{
    struct qund_jw w = qund_jw(json);

    qund_jw_arr(&w);
    for (size_t i = 0; i < x->n_phones; i++) {
        int rc = qund_crm_phone_add(e->crm, s->sender, qund_str(x->phones[i].text), s->row.seq,
                                    s->ev->ts);

        if (rc < 0)
            return rc;
        qund_jw_str(&w, qund_str(x->phones[i].text));
    }
    qund_jw_end_arr(&w);
    return 0;
}

/* A name as it was written: what the extractor found is folded, and lies in what was folded. A row
 * that went was written in another list; NONE. */
static struct qund_str written(const struct qund_folded *f, struct qund_str text,
                               struct qund_str name)
{
    struct qund_str folded = qund_buf_view(&f->text);
    size_t at = (uintptr_t)name.p - (uintptr_t)folded.p; /* elsewhere: beyond its end */

    if (at > folded.n || name.n > folded.n - at)
        return QUND_STR_NONE;
    return qund_str_trim(qund_folded_origin(f, text, at, at + name.n));
}

/* Who signs up, and where it stands. */
struct signing {
    struct qund_crm_group *group;
    struct qund_crm_contact *sender; /* of a row without a name */
    struct qund_str sender_name;
    int64_t seq, ts;
    const struct qund_folded *folded;
    struct qund_str text; /* that was folded */
};

static int keep_signups(struct qund_engine *e, const struct signing *s,
                        const struct qund_extract *x, struct qund_buf *json)
{
    QUND_AUTO(qund_buf_done) struct qund_buf shown = {0};
    static const enum qund_signup_state STATE[] = {
        [QUND_SAYS_SIGNED] = QUND_SIGNUP_SIGNED,
        [QUND_SAYS_CONFIRMED] = QUND_SIGNUP_CONFIRMED,
        [QUND_SAYS_CANCELLED] = QUND_SIGNUP_CANCELLED,
        [QUND_SAYS_MAYBE] = QUND_SIGNUP_MAYBE,
    };
    struct qund_crm_signup rows[QUND_EXTRACT_SIGNUPS_MAX];
    struct qund_jw w = qund_jw(json);
    int rc;

    qund_jw_arr(&w);
    for (size_t i = 0; i < x->n_signups; i++) {
        const struct qund_signup *u = &x->signups[i];

        rows[i] = (struct qund_crm_signup){
            .name = u->name.n > 0 ? u->name : s->sender_name,
            .shown = u->name.n > 0 ? written(s->folded, s->text, u->name) : s->sender_name,
            .room = u->room[0] ? qund_str(u->room) : QUND_STR_NONE,
            .party = u->party,
            .state = STATE[u->state],
            .contact = u->name.n > 0 ? NULL : s->sender,
        };
        qund_buf_clear(&shown);
        qund_buf_str(&shown, rows[i].shown);
        if (shown.n == 0) {
            rc = qund_crm_signup_shown(e->crm, s->group, QUND_STR(""), rows[i].name, rows[i].room,
                                       &shown);
            if (rc < 0)
                return rc;
        }
        qund_jw_obj(&w);
        qund_jw_kstr(&w, "name", qund_buf_view(&shown));
        qund_jw_kstr(&w, "room", rows[i].room);
        qund_jw_kint(&w, "party", u->party);
        qund_jw_kz(&w, "state", qund_signup_state_name(rows[i].state));
        qund_jw_end_obj(&w);
    }
    qund_jw_end_arr(&w);
    rc = qund_crm_signup_apply(e->crm, s->group, QUND_STR(""), rows, x->n_signups, s->seq, s->ts);
    return rc < 0 ? rc : 0;
}

/* A list that came late stands between two: the one after it says less that is new. */
static int redo_next_list(struct qund_engine *e, struct qund_crm_group *g, int64_t ts,
                          struct qund_str list)
{
    QUND_AUTO(qund_buf_done) struct qund_buf next = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf hold = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    struct qund_extract *x = qund_arena_zalloc(e->arena, sizeof(*x));
    struct signing s = {.group = g, .folded = &folded};
    struct qund_extract_in in = {.prev_list = list, .talk = {.last_age_ms = -1}};
    struct qund_message_row row;
    struct qund_mark mark;
    int64_t seq;
    int rc = qund_crm_chain_next(e->crm, g, QUND_STR(""), ts, &next, &seq);

    if (rc == 0)
        rc = qund_month_get(e->months, seq, &row);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    qund_calls_none(&in.calls);
    in.calls.age_ms[QUND_CALL_SIGNUP] = 0;
    /* The message's own text, for the names as written; the list stands for one that is gone. */
    s.seq = seq;
    s.ts = row.ts;
    s.text = qund_arena_str(e->arena, row.text);
    rc = qund_fold_message(e->deps.fold, s.text, &folded);
    if (rc < 0)
        return rc;
    in.text = qund_buf_view(&folded.text);
    if (!qund_str_eq(in.text, qund_buf_view(&next)))
        in.text = qund_buf_view(&next);
    qund_extract_run(&in, e->arena, x);
    /* What it said against the list before the late one no longer stands. */
    rc = qund_crm_signup_withdraw(e->crm, seq);
    if (rc >= 0)
        rc = keep_signups(e, &s, x, &json);
    if (rc == 0)
        rc = qund_mark_get(e->db, seq, &hold, &mark);
    if (rc == QUND_E_NOTFOUND) {
        mark = (struct qund_mark){0};
        rc = x->n_signups ? 0 : QUND_E_NOTFOUND;
    }
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    mark.signups = x->n_signups ? view(&json) : QUND_STR_NONE;
    return qund_mark_put(e->db, seq, &mark);
}

struct taken {
    struct qund_buf rooms, phones, signups, intents, rules;
};

static void taken_done(struct taken *t)
{
    struct qund_buf *const ALL[] = {&t->rooms, &t->phones, &t->signups, &t->intents, &t->rules};

    for (size_t i = 0; i < QUND_ARRAY_LEN(ALL); i++)
        qund_buf_done(ALL[i]);
}

static void taken_done_p(struct taken *t)
{
    taken_done(t);
}

static int keep_facts(struct qund_engine *e, struct subject *s, const struct qund_extract *x,
                      const struct verdict *v, struct taken *t)
{
    bool said = s->role == QUND_ROLE_CUSTOMER || s->role == QUND_ROLE_KOC;
    int rc = 0;

    if (said && x->n_rooms > 0 && qund_verdict_has(v, "room_no"))
        rc = keep_rooms(e, s, x, &t->rooms);
    if (rc == 0 && said && x->n_phones > 0 && qund_verdict_has(v, "phone"))
        rc = keep_phones(e, s, x, &t->phones);
    if (rc == 0 && said && s->group && x->n_signups > 0 && !qund_verdict_has(v, "spam"))
        rc = keep_signups(e,
                          &(struct signing){.group = s->group,
                                            .sender = s->sender,
                                            .sender_name = s->ev->sender_name,
                                            .seq = s->row.seq,
                                            .ts = s->ev->ts,
                                            .folded = &e->folded,
                                            .text = s->ev->text},
                          x, &t->signups);
    if (rc == 0 && s->group && x->is_list && !qund_verdict_has(v, "spam")) {
        struct qund_str list = qund_buf_view(&e->folded.text);

        rc = qund_crm_chain_put(e->crm, s->group, QUND_STR(""), list, s->row.seq, s->ev->ts);
        if (rc == 0)
            rc = redo_next_list(e, s->group, s->ev->ts, list);
    }
    if (rc == 0 && said && qund_verdict_has(v, "opt_out")) {
        rc = qund_crm_opt_out(e->crm, s->sender, true, s->ev->channel, s->row.seq, s->ev->ts);
        rc = rc < 0 ? rc : 0;
    }
    return rc;
}

/* --- what is remembered and shown --- */

static int keep_mark(struct qund_engine *e, const struct subject *s,
                     const struct qund_rule_hits *hits, const struct verdict *v, struct taken *t)
{
    struct qund_jw w;

    if (v->n_intents > 0) {
        w = qund_jw(&t->intents);
        qund_jw_arr(&w);
        for (size_t i = 0; i < v->n_intents; i++)
            qund_jw_str(&w, v->intents[i]);
        qund_jw_end_arr(&w);
    }
    if (hits->n_fired > 0) {
        w = qund_jw(&t->rules);
        qund_jw_arr(&w);
        for (size_t i = 0; i < hits->n_fired; i++)
            qund_jw_str(&w, hits->fired[i].id);
        qund_jw_end_arr(&w);
    }
    if (!t->intents.n && !t->rules.n && !t->rooms.n && !t->phones.n && !t->signups.n)
        return 0;
    return qund_mark_put(e->db, s->row.seq,
                         &(struct qund_mark){.intents = view(&t->intents),
                                             .rooms = view(&t->rooms),
                                             .phones = view(&t->phones),
                                             .signups = view(&t->signups),
                                             .rules = view(&t->rules)});
}

static void show(struct qund_engine *e, const struct subject *s, const struct taken *t)
{
    struct qund_jw w;

    if (!e->feeding)
        return;
    w = qund_engine_feed_open(e, "message");
    qund_jw_kint(&w, "seq", s->row.seq);
    qund_jw_kts(&w, "ts", s->ev->ts);
    qund_jw_kint(&w, "group", s->row.grp);
    qund_jw_kstr(&w, "group_name", s->group ? s->group->name : QUND_STR_NONE);
    qund_jw_kstr(&w, "sender_name", qund_subject_called(s));
    qund_jw_kz(&w, "sender_role", qund_role_name(s->role));
    qund_jw_kstr(&w, "type", s->ev->type_name);
    qund_jw_kstr(&w, "text", s->ev->text);
    if (t && t->intents.n) {
        qund_jw_key(&w, "intents");
        qund_jw_raw(&w, qund_buf_view(&t->intents));
    }
    if (t && t->rules.n) {
        qund_jw_key(&w, "rules");
        qund_jw_raw(&w, qund_buf_view(&t->rules));
    }
    qund_engine_feed_close(e, &w);
}

static int count(struct qund_engine *e, const struct subject *s)
{
    if (!s->group || s->group->internal)
        return 0;
    if (s->role == QUND_ROLE_CUSTOMER)
        return qund_measure_count(e->measure, MEASURE_MESSAGE, s->row.grp, s->ev->ts,
                                  s->row.contact);
    if (s->role == QUND_ROLE_STAFF)
        return qund_measure_count(e->measure, MEASURE_STAFF, s->row.grp, s->ev->ts, 0);
    return 0;
}

static int owe_or_answer(struct qund_engine *e, struct subject *s, const struct verdict *v)
{
    if (!s->group || !s->sender)
        return 0;
    if (s->role == QUND_ROLE_STAFF)
        return qund_question_answer(e, s);
    if (!qund_subject_staff(s) && qund_verdict_has(v, "needs_reply") &&
        !qund_verdict_has(v, "spam"))
        return qund_question_open(e, s, qund_verdict_has(v, "complaint"));
    return 0;
}

/* --- the entrances --- */

int qund_engine_message(struct qund_engine *e, struct subject *s)
{
    QUND_AUTO(taken_done) struct taken t = {0};
    struct qund_extract *x = &e->extract;
    struct qund_rule_hits hits = {0};
    struct verdict v = {0};
    int rc = 0;

    if (s->group && s->sender) {
        rc = qund_crm_member_seen(e->crm, s->group, s->sender, s->ev->sender_name, s->ev->ts);
        if (rc >= 0)
            rc = count(e, s);
    }
    if (rc == 0)
        rc = qund_fold_message(e->deps.fold, s->ev->text, &e->folded);
    if (rc == 0)
        rc = qund_input_extract(e, s, x);
    if (rc == 0)
        rc = run_rules(e, s, x, &hits);
    if (rc < 0)
        return rc;
    e->tally.hits += (int64_t)hits.n_fired;
    rc = qund_engine_effects(e, s, &hits, &v);
    if (rc == 0)
        rc = keep_facts(e, s, x, &v, &t);
    if (rc == 0)
        rc = keep_mark(e, s, &hits, &v, &t);
    if (rc == 0)
        rc = owe_or_answer(e, s, &v);
    if (rc == 0 && s->own)
        rc = qund_own_met(e, s);
    if (rc == 0)
        rc = qund_engine_order(e, s);
    if (rc == 0)
        rc = qund_engine_sop_message(e, s, &v);
    if (rc == 0 && s->row.grp != 0)
        rc = qund_talk_after(e->talk, &s->row, x->call);
    if (rc == 0 && s->row.grp != 0 && x->is_list && qund_subject_staff(s))
        rc = qund_talk_after(e->talk, &s->row, QUND_CALL_OPENED);
    if (rc == 0 && s->row.grp != 0)
        rc = qund_revoke_meets(e, s);
    show(e, s, &t);
    return rc;
}

int qund_engine_rules_for(struct qund_engine *e, struct subject *s)
{
    QUND_AUTO(taken_done) struct taken t = {0};
    struct qund_rule_hits hits = {0};
    struct verdict v = {0};
    int rc = s->ev->text.n > 0 ? qund_fold_message(e->deps.fold, s->ev->text, &e->folded) : 0;

    if (rc == 0)
        rc = run_rules(e, s, NULL, &hits);
    if (rc < 0)
        return rc;
    e->tally.hits += (int64_t)hits.n_fired;
    rc = qund_engine_effects(e, s, &hits, &v);
    if (rc == 0)
        rc = keep_mark(e, s, &hits, &v, &t);
    show(e, s, &t);
    return rc;
}
