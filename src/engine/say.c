/* src/engine/say.c - rules that speak in a chat: reply and forward (recall is in unsay.c).
 *
 * A machine that answers people must be easy to bear. So what it says is marked; it says nothing to
 * who complains, speaks of the law, or wants no messages, nothing to machines (two of them would
 * never end), nothing to what is over, and little altogether: per group and per person there are
 * caps, and at night it is silent. Each thing left unsaid has a name, which the feed shows, the
 * metrics count and `qund explain` asks for: one function decides for all of them.
 *
 * What is said is a push like any other (exactly once, by the key of event, rule and action), with
 * a row of `said` beside it, by which it is counted, taken back, and known when it comes back. */
#include "engine/say_parts.h"

#define DAY_MS QUND_DAY_MS
#define QUOTE_CHARS 500 /* of a message that is forwarded */

static const char *const WHY[SAY_WHYS] = {
    [SAY_YES] = "",
    [SAY_OFF] = "off",
    [SAY_NO_WAY] = "no_way",
    [SAY_NOBODY] = "nobody",
    [SAY_INTENT] = "intent",
    [SAY_BOT] = "bot",
    [SAY_OPT_OUT] = "opt_out",
    [SAY_PAUSED] = "group_paused",
    [SAY_TOO_OLD] = "too_old",
    [SAY_QUIET] = "quiet_hours",
    [SAY_CAP_GROUP] = "cap_group",
    [SAY_CAP_PERSON] = "cap_person",
    [SAY_NOT_STAFF] = "not_internal",
    [SAY_NOTHING] = "nothing_said",
    [SAY_TOO_LATE] = "too_late",
    [SAY_NO_ID] = "no_id",
};

const char *qund_say_why_name(enum say_why why)
{
    return (unsigned)why < SAY_WHYS ? WHY[why] : "?";
}

/* --- whom it would be said to --- */

static const struct qund_crm_contact *whom(const struct subject *s)
{
    return s->about ? s->about : s->sender;
}

static struct qund_str whose_id(const struct subject *s)
{
    return s->about ? s->about_id : s->ev->sender;
}

static enum qund_role whose_role(struct qund_engine *e, const struct subject *s)
{
    return s->about ? qund_crm_role(e->crm, s->about, s->group, QUND_ROLE_NONE) : s->role;
}

static bool machine(struct qund_engine *e, const struct subject *s)
{
    return s->own || whose_role(e, s) == QUND_ROLE_BOT ||
           (s->ev->account.n > 0 && qund_str_eq(s->ev->account, whose_id(s)));
}

struct qund_str qund_say_through(struct qund_engine *e, const struct subject *s)
{
    const struct qund_channel_cfg *c = qund_config_channel(e->config, s->ev->channel);

    return c && c->send_through && qund_config_target(e->config, qund_str(c->send_through))
               ? qund_str(c->send_through)
               : QUND_STR_NONE;
}

/* --- hours and caps --- */

/* When the quiet hours that hold now end in the group's zone; now: none hold. */
static int quiet_until(struct qund_engine *e, const struct subject *s, int64_t *out)
{
    int rc = qund_engine_roster(e);

    if (rc == 0)
        *out = qund_hours_until(&e->config->quiet.hours,
                                s->group ? qund_roster_zone(e->roster, s->group->id) : e->zone,
                                e->now);
    return rc;
}

static int reached(struct qund_engine *e, struct qund_said_span span, int64_t cap, bool *out)
{
    int64_t n;
    int rc = qund_said_count(e->db, &span, &n);

    *out = rc == 0 && n >= cap;
    return rc;
}

#define REPLIES (1u << QUND_SAID_GROUP | 1u << QUND_SAID_PERSON)

static int caps(struct qund_engine *e, const struct subject *s, bool person)
{
    const int64_t grp = s->group && !person ? s->group->id : 0, contact = whom(s)->id;
    bool full = false;
    int rc = 0;

    if (grp)
        rc = reached(e, (struct qund_said_span){grp, 0, e->now - QUND_HOUR_MS, REPLIES},
                     e->config->autos.group_hour, &full);
    if (rc == 0 && grp && !full)
        rc = reached(e, (struct qund_said_span){grp, 0, e->now - DAY_MS, REPLIES},
                     e->config->autos.group_day, &full);
    if (rc < 0 || full)
        return rc < 0 ? rc : SAY_CAP_GROUP;
    rc = reached(e, (struct qund_said_span){0, contact, e->now - DAY_MS, REPLIES},
                 e->config->autos.contact_day, &full);
    return rc < 0 ? rc : full ? SAY_CAP_PERSON : SAY_YES;
}

/* --- whether it may be said: an enum say_why, or an rc --- */

static bool silent(const struct qund_str *intents, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (qund_rule_intent_silent(intents[i]))
            return true;
    return false;
}

static int may_reply(struct qund_engine *e, const struct subject *s,
                     const struct qund_rule_effect *x, const struct qund_str *intents, size_t n,
                     int64_t *not_before)
{
    bool person = x->person || !s->group;
    int rc;

    if (!whom(s) || whose_id(s).n == 0)
        return SAY_NOBODY;
    if (machine(e, s))
        return SAY_BOT;
    if (silent(intents, n))
        return SAY_INTENT;
    if (whom(s)->opt_out)
        return SAY_OPT_OUT;
    if (s->group && s->group->state != QUND_GROUP_ACTIVE)
        return SAY_PAUSED;
    if (qund_say_through(e, s).n == 0)
        return SAY_NO_WAY;
    if (e->now - s->ev->ts > e->config->autos.max_age_ms)
        return SAY_TOO_OLD;
    rc = caps(e, s, person);
    if (rc == 0)
        rc = quiet_until(e, s, not_before);
    if (rc == 0 && *not_before > e->now && e->config->autos.quiet == QUND_QUIET_DROP)
        return SAY_QUIET;
    return rc;
}

/* group NULL: it goes to the target's own place. */
static int where_to(struct qund_engine *e, const struct subject *s, struct qund_str to,
                    struct qund_str *target, struct qund_crm_group **group)
{
    struct qund_str name = to;
    int rc = 0;

    *group = NULL;
    *target = to;
    if (!qund_str_starts(to, "group:"))
        return qund_config_target(e->config, to) ? SAY_YES : SAY_NO_WAY;
    (void)qund_str_split(&name, ':');
    *target = qund_say_through(e, s);
    if (target->n == 0)
        return SAY_NO_WAY;
    rc = qund_crm_group(e->crm, s->ev->realm, name, QUND_STR_NONE, s->ev->ts, group);
    if (rc < 0)
        return rc;
    return (*group)->internal ? SAY_YES : SAY_NOT_STAFF;
}

static int may_forward(struct qund_engine *e, const struct subject *s,
                       const struct qund_rule_effect *x, int64_t *not_before)
{
    struct qund_crm_group *group;
    struct qund_str target;
    bool full = false;
    int rc = where_to(e, s, x->to, &target, &group);

    if (rc != SAY_YES)
        return rc;
    if (s->own || (group && s->group && group->id == s->group->id))
        return SAY_BOT; /* what it says there would be forwarded again */
    if (s->row.grp)
        rc = reached(e,
                     (struct qund_said_span){.contact = 0,
                                             .grp = s->row.grp,
                                             .since = e->now - QUND_HOUR_MS,
                                             .acts = 1u << QUND_SAID_FORWARD},
                     e->config->autos.forward_hour, &full);
    if (rc < 0 || full)
        return rc < 0 ? rc : SAY_CAP_GROUP;
    rc = quiet_until(e, s, not_before);
    if (rc == 0 && *not_before > e->now && e->config->quiet.mode == QUND_QUIET_DROP)
        return SAY_QUIET;
    return rc;
}

int qund_say_may(struct qund_engine *e, const struct subject *s, const struct qund_rule_effect *x,
                 const struct qund_str *intents, size_t n, int64_t *not_before)
{
    struct qund_said what;

    *not_before = e->now;
    if (!e->config->autos.enabled)
        return SAY_OFF;
    if (x->act == QUND_ACT_REPLY)
        return may_reply(e, s, x, intents, n, not_before);
    if (x->act == QUND_ACT_FORWARD)
        return may_forward(e, s, x, not_before);
    return qund_unsay_may(e, s, &what);
}

const char *qund_say_unsaid(void *arg, const struct qund_rule_effect *x,
                            const struct qund_str *intents, size_t n)
{
    struct qund_engine *e = arg;
    int64_t not_before;
    int why = qund_say_may(e, e->subject, x, intents, n, &not_before);

    return why == SAY_YES ? NULL : why < 0 ? qund_rc_name(why) : qund_say_why_name(why);
}

/* --- what is said --- */

void qund_say_head(struct qund_jw *w, const struct subject *s, const struct qund_rule_effect *x,
                   const char *kind, struct qund_str text)
{
    char short_id[48];

    snprintf(short_id, sizeof(short_id), "m%lld.%u", (long long)s->row.seq, x->action);
    qund_jw_obj(w);
    qund_jw_kz(w, "kind", kind);
    qund_jw_kz(w, "short", short_id);
    qund_jw_kstr(w, "text", text);
    qund_jw_kz(w, "level", "info");
    qund_jw_kstr(w, "rule", x->rule_id);
    if (s->ev->account.n > 0)
        qund_jw_kstr(w, "account", s->ev->account);
}

int qund_say_push(struct qund_engine *e, const struct qund_out_new *push,
                  const struct qund_said_new *said)
{
    struct qund_said_new row = *said;
    int rc = qund_outbox_add(e->outbox, push, e->now, &row.outbox);

    return rc < 0 ? rc : qund_said_add(e->db, &row);
}

static void reply_body(struct qund_engine *e, const struct subject *s,
                       const struct qund_rule_effect *x, bool person, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_jw w = qund_jw(out);

    qund_buf_puts(&text, e->config->autos.prefix ? e->config->autos.prefix : "");
    qund_buf_str(&text, x->text);
    qund_buf_puts(&text, e->config->autos.suffix ? e->config->autos.suffix : "");
    qund_say_head(&w, s, x, "message", qund_buf_view(&text));
    qund_jw_kbool(&w, "auto", true);
    if (person) {
        qund_jw_kstr(&w, "person_id", whose_id(s));
        if (s->group) /* some platforms want to know where they met */
            qund_jw_kstr(&w, "via_group", s->ev->group);
    } else {
        qund_jw_kstr(&w, "group", s->ev->group);
    }
    if (s->ev->type == QUND_EV_MESSAGE && !(s->ev->flags & QUND_EVF_MADE_ID) &&
        (!person || !s->group)) {
        qund_jw_kstr(&w, "reply_to", s->ev->id);
    } else if (!person) {
        qund_jw_key(&w, "mentions");
        qund_jw_arr(&w);
        qund_jw_str(&w, whose_id(s));
        qund_jw_end_arr(&w);
    }
    qund_jw_end_obj(&w);
}

static void key_of(const struct subject *s, const struct qund_rule_effect *x, struct qund_buf *out)
{
    qund_buf_printf(out, "auto:%lld:%.*s:%u", (long long)s->row.seq, QUND_STR_ARG(x->rule_id),
                    x->action);
}

static int reply(struct qund_engine *e, const struct subject *s, const struct qund_rule_effect *x,
                 int64_t not_before)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    bool person = x->person || !s->group;

    key_of(s, x, &key);
    reply_body(e, s, x, person, &body);
    return qund_say_push(
        e,
        &(struct qund_out_new){.key = qund_buf_view(&key),
                               .target = qund_say_through(e, s),
                               .body = qund_buf_view(&body),
                               .rest = QUND_REST_REPLY,
                               .clock = s->group ? s->group->id : 0,
                               .not_before = not_before,
                               .deadline = not_before + e->config->autos.max_age_ms},
        &(struct qund_said_new){.act = person ? QUND_SAID_PERSON : QUND_SAID_GROUP,
                                .realm = s->row.realm,
                                .grp = person ? -whom(s)->id : s->group->id,
                                .contact = whom(s)->id,
                                .at = e->now,
                                .seq = s->row.seq,
                                .rule = x->rule_id});
}

/* The rule's words, then who said what where. */
static void quote_of(struct qund_engine *e, const struct subject *s,
                     const struct qund_rule_effect *x, struct qund_buf *out)
{
    struct qund_str said = qund_utf8_cut_chars(s->ev->text, QUOTE_CHARS);
    struct qund_str who = qund_subject_called(s);
    struct qund_str what = s->ev->kind.n > 0 ? s->ev->kind : s->ev->type_name;

    qund_buf_puts(out, e->config->autos.forward_prefix ? e->config->autos.forward_prefix : "");
    if (x->text.n > 0)
        qund_buf_printf(out, "%.*s\n", QUND_STR_ARG(x->text));
    if (s->group) {
        qund_buf_char(out, '[');
        qund_buf_line(out, s->group->name.n > 0 ? s->group->name : s->group->pid);
        qund_buf_puts(out, "] ");
    }
    qund_buf_line(out, who);
    if (said.n > 0)
        qund_buf_printf(out, "：「%.*s%s」", QUND_STR_ARG(said), said.n < s->ev->text.n ? "…" : "");
    else
        qund_buf_printf(out, "：(%.*s)", QUND_STR_ARG(what));
}

static int forward(struct qund_engine *e, const struct subject *s, const struct qund_rule_effect *x,
                   int64_t not_before)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    struct qund_jw w = qund_jw(&body);
    struct qund_crm_group *group;
    struct qund_str target;
    int rc = where_to(e, s, x->to, &target, &group);

    if (rc != SAY_YES)
        return rc < 0 ? rc : QUND_E_BUG; /* it was asked a moment ago */
    key_of(s, x, &key);
    quote_of(e, s, x, &text);
    qund_say_head(&w, s, x, "forward", qund_buf_view(&text));
    qund_jw_kbool(&w, "auto", true);
    if (group)
        qund_jw_kstr(&w, "group", group->pid);
    qund_jw_end_obj(&w);
    /* Counted where it comes from. */
    return qund_say_push(e,
                         &(struct qund_out_new){.key = qund_buf_view(&key),
                                                .target = target,
                                                .body = qund_buf_view(&body),
                                                .rest = QUND_REST_REMINDER,
                                                .clock = s->group ? s->group->id : 0,
                                                .not_before = not_before,
                                                .deadline = not_before + DAY_MS},
                         &(struct qund_said_new){.act = QUND_SAID_FORWARD,
                                                 .realm = s->row.realm,
                                                 .grp = s->row.grp,
                                                 .at = e->now,
                                                 .seq = s->row.seq,
                                                 .rule = x->rule_id});
}

/* --- the entrance --- */

static void show(struct qund_engine *e, const struct subject *s, const struct qund_rule_effect *x,
                 const char *state, const char *why)
{
    struct qund_jw w;

    if (!e->feeding)
        return;
    w = qund_engine_feed_open(e, "auto");
    qund_jw_kstr(&w, "rule", x->rule_id);
    qund_jw_kz(&w, "act", qund_rule_act_name(x->act));
    qund_jw_kz(&w, "state", state);
    if (*why)
        qund_jw_kz(&w, "why", why);
    qund_jw_kint(&w, "seq", s->row.seq);
    qund_jw_kint(&w, "group", s->row.grp);
    qund_jw_kstr(&w, "group_name", s->group ? s->group->name : QUND_STR_NONE);
    qund_jw_kstr(&w, "text", x->text);
    qund_engine_feed_close(e, &w);
}

int qund_engine_say(struct qund_engine *e, const struct subject *s,
                    const struct qund_rule_effect *x, const struct verdict *v)
{
    int64_t not_before;
    int rc;

    if (s->quiet || !e->outbox)
        return 0;
    rc = v->silent && x->act == QUND_ACT_REPLY
             ? SAY_INTENT
             : qund_say_may(e, s, x, v->intents, v->n_intents, &not_before);
    if (rc < 0)
        return rc;
    if (rc != SAY_YES) {
        e->tally.unsaid[rc]++;
        show(e, s, x, "skipped", qund_say_why_name((enum say_why)rc));
        return 0;
    }
    rc = x->act == QUND_ACT_REPLY     ? reply(e, s, x, not_before)
         : x->act == QUND_ACT_FORWARD ? forward(e, s, x, not_before)
                                      : qund_unsay(e, s, x);
    if (rc < 0)
        return rc == QUND_E_EXISTS ? 0 : rc;
    e->tally.said[x->act - QUND_ACT_REPLY]++;
    show(e, s, x, not_before > e->now ? "delayed" : "queued", "");
    return 0;
}
