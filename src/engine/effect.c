/* src/engine/effect.c - what a rule decided becomes rows: one function per kind of effect.
 *
 * Quiet events (old ones, replays) are stored, tagged and counted like any other; only what would
 * reach a person is left out. */
#include "crm/people.h"
#include "engine/sop.h"

#define CONTEXT_LINES 3
#define CONTEXT_CHARS 120

bool qund_verdict_has(const struct verdict *v, const char *intent)
{
    for (size_t i = 0; i < v->n_intents; i++)
        if (qund_str_is(v->intents[i], intent))
            return true;
    return false;
}

void qund_verdict_add(struct verdict *v, struct qund_str intent)
{
    for (size_t i = 0; i < v->n_intents; i++)
        if (qund_str_eq(v->intents[i], intent))
            return;
    if (v->n_intents < QUND_ARRAY_LEN(v->intents))
        v->intents[v->n_intents++] = intent;
}

static int do_intent(struct qund_engine *e, struct subject *s, const struct qund_rule_effect *x,
                     struct verdict *v)
{
    (void)e;
    (void)s;
    qund_verdict_add(v, x->name);
    return 0;
}

static int do_tag(struct qund_engine *e, struct subject *s, const struct qund_rule_effect *x,
                  struct verdict *v)
{
    int rc;

    (void)v;
    if (!s->sender)
        return 0;
    rc = qund_crm_tag_add(e->crm, s->sender,
                          &(struct qund_crm_tag){.name = x->name,
                                                 .attribute = x->for_ms == 0,
                                                 .origin = QUND_TAG_RULE,
                                                 .seq = s->row.seq,
                                                 .at = s->ev->ts,
                                                 .expires = x->for_ms ? s->ev->ts + x->for_ms : 0});
    /* A person with as many tags as may be gets no more; the message and its other effects stay. */
    e->tally.untagged += rc == QUND_E_INVAL;
    if (rc > 0)
        rc = qund_engine_sop_hear(e, s, QUND_SOP_TAGGED, s->sender->id, x->name);
    return rc < 0 && rc != QUND_E_INVAL ? rc : 0;
}

static int do_untag(struct qund_engine *e, struct subject *s, const struct qund_rule_effect *x,
                    struct verdict *v)
{
    int rc = s->sender ? qund_crm_tag_remove(e->crm, s->sender, x->name) : 0;

    (void)v;
    return rc < 0 ? rc : 0;
}

static int do_lead(struct qund_engine *e, struct subject *s, const struct qund_rule_effect *x,
                   struct verdict *v)
{
    int rc = 0;

    (void)v;
    if (!s->sender)
        return 0;
    if (x->score_add)
        rc =
            qund_crm_lead_score(e->crm, s->sender, x->score_add, x->rule_id, s->row.seq, s->ev->ts);
    if (rc >= 0 && x->stage.n > 0)
        rc = qund_crm_lead_stage(e->crm, s->sender, x->stage, s->row.seq, s->ev->ts);
    if (rc > 0 && x->stage.n > 0)
        rc = qund_engine_sop_hear(e, s, QUND_SOP_STAGED, s->sender->id, x->stage);
    return rc < 0 ? rc : 0;
}

/* A rule may name somebody by the key of the org file; alerts go by the row's number. Nobody of
 * that key: as it stands, and alert/ tells the manager. */
static int told_by_number(struct qund_engine *e, struct qund_str *to, char own[32])
{
    struct qund_str key =
        qund_str_starts(*to, "staff:") ? qund_str_n(to->p + 6, to->n - 6) : QUND_STR_NONE;
    int64_t id;
    int rc;

    if (!key.p || qund_str_int(key, &id) == 0)
        return 0;
    rc = qund_crm_staff_find(e->db, key, &id);
    if (rc == 0)
        *to = qund_str_n(own, (size_t)snprintf(own, 32, "staff:%lld", (long long)id));
    return rc == QUND_E_NOTFOUND ? 0 : rc;
}

static int do_alert(struct qund_engine *e, struct subject *s, const struct qund_rule_effect *x,
                    struct verdict *v)
{
    struct qund_str to = x->to;
    char own[32];
    int rc = told_by_number(e, &to, own);

    (void)v;
    if (rc < 0)
        return rc;
    return qund_engine_alert(e, s,
                             &(struct qund_alert_new){.rule = x->rule_id,
                                                      .rule_version = x->rule_version,
                                                      .level = x->level,
                                                      .to = to,
                                                      .ladder = x->ladder,
                                                      .title = x->text,
                                                      .suggest = x->suggest});
}

/* The group is called to something in words that the extractor does not know. */
static int do_call(struct qund_engine *e, struct subject *s, const struct qund_rule_effect *x,
                   struct verdict *v)
{
    (void)s;
    (void)v;
    for (int c = QUND_CALL_NONE; c < QUND_CALL_KINDS; c++)
        if (qund_str_is(x->name, qund_call_name((enum qund_call)c)))
            e->extract.call = (enum qund_call)c;
    return 0;
}

int qund_engine_effects(struct qund_engine *e, struct subject *s, const struct qund_rule_hits *hits,
                        struct verdict *v)
{
    static int (*const DO[QUND_RULE_ACTS])(struct qund_engine *, struct subject *,
                                           const struct qund_rule_effect *, struct verdict *) = {
        [QUND_ACT_INTENT] = do_intent, [QUND_ACT_TAG] = do_tag,     [QUND_ACT_UNTAG] = do_untag,
        [QUND_ACT_LEAD] = do_lead,     [QUND_ACT_ALERT] = do_alert, [QUND_ACT_CALL] = do_call,
    };
    int rc = 0;

    v->silent = hits->silent;
    for (size_t i = 0; rc == 0 && i < hits->n_effects; i++)
        if (!qund_rule_act_speaks(hits->effects[i].act))
            rc = DO[hits->effects[i].act](e, s, &hits->effects[i], v);
    /* What is said comes last: it depends on what all rules make of the message. */
    for (size_t i = 0; rc == 0 && i < hits->n_effects; i++)
        if (qund_rule_act_speaks(hits->effects[i].act))
            rc = qund_engine_say(e, s, &hits->effects[i], v);
    return rc;
}

struct context {
    struct qund_jw w;
    int64_t seq; /* of the message itself: left out */
    int left;
};

static int context_line(const struct qund_message_row *row, void *arg)
{
    struct context *c = arg;

    if (row->seq == c->seq || row->type != QUND_EV_MESSAGE || row->state != QUND_MESSAGE_KEPT ||
        (row->flags & QUND_EVF_COPY))
        return 0;
    qund_jw_obj(&c->w);
    qund_jw_kts(&c->w, "ts", row->ts);
    qund_jw_kint(&c->w, "contact", row->contact);
    qund_jw_kz(&c->w, "sender_role", qund_role_name((enum qund_role)row->role));
    qund_jw_kstr(&c->w, "text", qund_utf8_cut_chars(row->text, CONTEXT_CHARS));
    qund_jw_end_obj(&c->w);
    return --c->left == 0; /* enough */
}

/* The lines before it, newest first: what a person needs to answer without opening the chat. */
static int context_of(struct qund_engine *e, const struct subject *s, struct qund_buf *out)
{
    struct qund_month_cursor at = {.month = s->row.month, .ts = s->ev->ts, .seq = s->row.seq};
    struct context c = {.w = qund_jw(out), .seq = s->row.seq, .left = CONTEXT_LINES};
    int rc;

    qund_jw_arr(&c.w);
    rc = qund_month_said(e->months, s->row.grp, s->ev->ts - 86400000, 2 * CONTEXT_LINES, &at,
                         context_line, &c);
    qund_jw_end_arr(&c.w);
    return rc < 0 ? rc : 0;
}

int qund_engine_alert(struct qund_engine *e, const struct subject *s,
                      const struct qund_alert_new *n)
{
    static const char *const LEVELS[] = {"info", "warn", "urgent"};
    QUND_AUTO(qund_buf_done) struct qund_buf context = {0};
    struct qund_alert_new a = *n;
    bool folded;
    int64_t id, now = e->now;
    int rc = 0;

    if (s->quiet)
        return 0;
    if (s->row.grp != 0)
        rc = context_of(e, s, &context);
    if (rc < 0)
        return rc;
    a.group = s->group ? s->group->id : 0;
    a.contact = s->row.contact;
    a.seq = s->row.seq;
    a.ts = s->ev->ts;
    a.quote = s->ev->text;
    a.context = qund_buf_view(&context);
    a.sender_name = qund_subject_called(s);
    a.group_name = s->group ? s->group->name : QUND_STR_NONE;
    /* Of no message, and dated ahead: found out while time is caught up, told at the present. */
    if (a.seq == 0 && a.ts > now)
        now = a.ts;
    rc = qund_engine_roster(e);
    if (rc == 0)
        rc = qund_alert_raise(e->alerts, &a, now, &id, &folded);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < QUND_ARRAY_LEN(LEVELS) && !folded; i++)
        if (qund_str_is(a.level, LEVELS[i]))
            e->tally.alerts[i]++;
    return qund_engine_show_alert(e, id, NULL);
}

int qund_engine_show_alert(struct qund_engine *e, int64_t id, const char *deed)
{
    QUND_AUTO(qund_buf_done) struct qund_buf shown = {0};
    struct qund_jw w;
    int rc;

    if (!e->feeding)
        return 0;
    rc = qund_alert_print(e->db, id, &shown);
    if (rc < 0)
        return rc;
    w = qund_engine_feed_open(e, "alert");
    if (deed)
        qund_jw_kz(&w, "deed", deed);
    qund_jw_key(&w, "alert");
    qund_jw_raw(&w, qund_buf_view(&shown));
    qund_engine_feed_close(e, &w);
    return 0;
}
