/* src/engine/input.c - everything about a message that extractors and rules ask for, looked up
 * once: the talk around it, whom it addresses, its group, its sender. Writes nothing but what
 * looking up makes. */
#include "crm/people.h"
#include "engine/internal.h"

#define NAMED_MAX 32 /* people that one message addresses, as far as anybody looks */
enum { SIGNED_BYTES = 120 };
#define HOUR_MS 3600000LL
#define AFTER_MS 600000LL            /* so long what somebody says may be about the words before */
#define FRESH_MS (2 * HOUR_MS)       /* a call that most answers are still to come to */
#define RUNNING_MS (14 * 86400000LL) /* a sign-up without a chain: as long as 报名 answers it */

/* --- the talk around it --- */

static int who_said(struct qund_engine *e, const struct subject *s, enum qund_who *out)
{
    struct qund_message_row row;
    int rc;

    *out = QUND_WHO_NONE;
    if (s->ev->reply_to.n == 0)
        return 0;
    rc = qund_month_find(e->months, s->row.realm, s->row.grp, s->ev->reply_to, s->ev->ts,
                         QUND_FIND_RECENT, &row);
    if (rc == 0)
        *out = row.role == QUND_ROLE_STAFF || row.role == QUND_ROLE_BOT ? QUND_WHO_STAFF
                                                                        : QUND_WHO_MEMBER;
    if (rc != QUND_E_NOTFOUND)
        return rc;
    rc = qund_own_quoted(e, s);
    if (rc > 0)
        *out = QUND_WHO_STAFF;
    return rc < 0 ? rc : 0;
}

static void note_role(struct qund_talk *talk, enum qund_role role)
{
    talk->mentions_staff |= role == QUND_ROLE_STAFF || role == QUND_ROLE_BOT;
    talk->mentions_member |= role == QUND_ROLE_CUSTOMER || role == QUND_ROLE_KOC;
}

/* Each name costs some look-ups, and a text has room for 65,000 of them. */
static int mentions_of(struct qund_engine *e, const struct subject *s, struct qund_talk *talk)
{
    struct qund_str text = s->ev->text, lines = s->ev->mentions;
    ptrdiff_t at = qund_str_find(text, 0, QUND_STR("@"));
    int rc;

    for (int left = NAMED_MAX; lines.p && left > 0; left--) {
        struct qund_str pid = qund_str_split(&lines, '\n');
        enum qund_role role = QUND_ROLE_NONE;

        rc = pid.n ? qund_crm_role_of(e->db, s->row.realm, pid, &role) : QUND_E_NOTFOUND;
        if (rc < 0 && rc != QUND_E_NOTFOUND)
            return rc;
        note_role(talk, role);
    }
    for (int left = NAMED_MAX; at >= 0 && left > 0; left--) {
        struct qund_str rest = qund_str_n(text.p + at + 1, text.n - (size_t)at - 1);
        enum qund_role role = QUND_ROLE_NONE;

        rc = qund_crm_role_named(e->db, s->row.realm, rest, &role);
        if (rc < 0 && rc != QUND_E_NOTFOUND)
            return rc;
        note_role(talk, role);
        at = qund_str_find(text, (size_t)(at + 1), QUND_STR("@"));
    }
    return 0;
}

bool qund_subject_staff(const struct subject *s)
{
    return s->role == QUND_ROLE_STAFF || s->role == QUND_ROLE_BOT;
}

/* Does he stand in the sign-up that is running? Asked only where the answer decides: of a few
 * words, while a sign-up or a call to confirm is open. */
static int signed_up(struct qund_engine *e, const struct subject *s, struct qund_extract_in *in)
{
    const int64_t *age = in->calls.age_ms;
    int64_t running = RUNNING_MS;
    int rc;

    if (!s->group || in->text.n > SIGNED_BYTES ||
        (age[QUND_CALL_SIGNUP] < 0 && age[QUND_CALL_CONFIRM] < 0))
        return 0;
    if (age[QUND_CALL_OPENED] >= 0 && age[QUND_CALL_OPENED] < running)
        running = age[QUND_CALL_OPENED];
    rc = qund_crm_signup_stands(e->crm, s->group, s->sender, s->ev->sender_name,
                                s->ev->ts - running, s->ev->ts);
    in->signed_up = rc > 0;
    return rc < 0 ? rc : 0;
}

/* What the group was last called to, as long as people answer it. NONE: nothing, or long ago. */
static enum qund_call open_call(const struct qund_calls *c)
{
    static const struct {
        enum qund_call call;
        int64_t ms;
    } open[] = {{QUND_CALL_SIGNUP, 24 * HOUR_MS},
                {QUND_CALL_CONFIRM, 48 * HOUR_MS},
                {QUND_CALL_ORDER, 24 * HOUR_MS}};
    enum qund_call last = QUND_CALL_NONE;

    for (size_t i = 0; i < QUND_ARRAY_LEN(open); i++) {
        int64_t age = c->age_ms[open[i].call];

        if (age >= 0 && age <= open[i].ms && (last == QUND_CALL_NONE || age < c->age_ms[last]))
            last = open[i].call;
    }
    return last;
}

/* What rules and leanings may ask about the talk, in their words. */
static void put_context(struct subject *s, const struct qund_extract_in *in)
{
    const struct qund_talk *t = &in->talk;
    enum qund_call call = open_call(&in->calls);
    bool just = t->last_age_ms >= 0 && t->last_age_ms < AFTER_MS;
    const struct {
        bool holds;
        const char *word;
    } WORDS[] = {{t->reply_to == QUND_WHO_STAFF, "reply_to_staff"},
                 {t->reply_to == QUND_WHO_MEMBER, "reply_to_member"},
                 {t->mentions_staff, "mention_staff"},
                 {t->mentions_member, "mention_member"},
                 {just && t->last_who == QUND_WHO_STAFF, "after_staff"},
                 {just && t->last_who == QUND_WHO_MEMBER, "after_member"},
                 {call == QUND_CALL_SIGNUP, "call_signup"},
                 {call == QUND_CALL_CONFIRM, "call_confirm"},
                 {call == QUND_CALL_ORDER, "call_order"},
                 {call != QUND_CALL_NONE && in->calls.age_ms[call] < FRESH_MS, "call_fresh"},
                 {call != QUND_CALL_NONE && in->signed_up, "signed_up"},
                 {call == QUND_CALL_CONFIRM && in->signed_up, "is_asked"}};

    _Static_assert(QUND_ARRAY_LEN(WORDS) == SUBJECT_CONTEXTS, "room for all words");
    s->n_context = 0;
    for (size_t i = 0; i < QUND_ARRAY_LEN(WORDS); i++)
        if (WORDS[i].holds)
            s->context[s->n_context++] = qund_str(WORDS[i].word);
}

int qund_input_extract(struct qund_engine *e, struct subject *s, struct qund_extract *x)
{
    QUND_AUTO(qund_buf_done) struct qund_buf prev = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
    struct qund_extract_in in = {.text = qund_buf_view(&e->folded.text),
                                 .from_staff = qund_subject_staff(s),
                                 .talk = {.last_age_ms = -1}};
    int64_t prev_seq;
    int rc;

    x->kinds = 0;
    x->n_rooms = x->n_phones = x->n_signups = 0;
    x->call = QUND_CALL_NONE;
    x->is_list = false;
    qund_calls_none(&in.calls);
    if (s->row.grp == 0 || !s->sender || s->ev->text.n == 0)
        return 0;
    rc = qund_talk_before(e->talk, &s->row, &in.talk, &in.calls);
    if (rc == 0)
        rc = who_said(e, s, &in.talk.reply_to);
    if (rc == 0)
        rc = mentions_of(e, s, &in.talk);
    if (rc == 0)
        rc = signed_up(e, s, &in);
    /* Lists have lines; nothing else is compared with the list before. */
    if (rc == 0 && s->group && memchr(in.text.p, '\n', in.text.n)) {
        rc = qund_crm_chain_prev(e->crm, s->group, QUND_STR(""), s->ev->ts, &prev, &prev_seq);
        if (rc == 0)
            in.prev_list = qund_arena_str(e->arena, qund_buf_view(&prev)); /* *x may borrow of it */
        else if (rc == QUND_E_NOTFOUND)
            rc = 0;
    }
    if (rc < 0)
        return rc;
    qund_fold_str(e->deps.fold, s->ev->sender_name, &name);
    in.sender_name = qund_arena_str(e->arena, qund_buf_view(&name));
    qund_extract_run(&in, e->arena, x);
    s->talk = in.talk;
    put_context(s, &in);
    return 0;
}

/* --- rules --- */

static bool has_tag(void *arg, int64_t contact, struct qund_str tag)
{
    struct qund_engine *e = arg;

    (void)contact; /* the sender's: rules ask about no one else */
    return e->subject->sender &&
           qund_crm_tag_has(e->crm, e->subject->sender, tag, e->subject->ev->ts) > 0;
}

static bool on_duty(void *arg, int64_t group, int64_t ts)
{
    struct qund_engine *e = arg;

    return qund_engine_roster(e) == 0 && qund_duty_open(e->roster, group, ts);
}

static const struct {
    uint32_t bit;
    const char *name;
} KINDS[] = {
    {QUND_EXTRACT_CHAIN, "chain"},          {QUND_EXTRACT_SIGNUP, "signup"},
    {QUND_EXTRACT_CANCEL, "signup_cancel"}, {QUND_EXTRACT_CONFIRM, "signup_confirm"},
    {QUND_EXTRACT_ORDER, "order"},          {QUND_EXTRACT_QUESTION, "question"},
    {QUND_EXTRACT_GRIEVANCE, "grievance"},  {QUND_EXTRACT_ASIDE, "aside"},
};

static size_t offer(const struct qund_extract *x, struct qund_rule_extract *v, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < x->n_rooms && n < max; i++)
        v[n++] = (struct qund_rule_extract){QUND_STR("room"), qund_str(x->rooms[i].text)};
    for (size_t i = 0; i < x->n_phones && n < max; i++)
        v[n++] = (struct qund_rule_extract){QUND_STR("phone"), qund_str(x->phones[i].text)};
    for (size_t i = 0; i < QUND_ARRAY_LEN(KINDS) && n < max; i++)
        if (x->kinds & KINDS[i].bit)
            v[n++] = (struct qund_rule_extract){qund_str(KINDS[i].name), QUND_STR("1")};
    if (x->call != QUND_CALL_NONE && n < max)
        v[n++] = (struct qund_rule_extract){QUND_STR("call"), qund_str(qund_call_name(x->call))};
    return n;
}

void qund_input_fill(struct qund_engine *e, struct subject *s, const struct qund_extract *x,
                     struct qund_rule_extract found[INPUT_EXTRACTS], struct qund_rule_input *in)
{
    *in = (struct qund_rule_input){
        .ev = s->ev,
        .seq = s->row.seq,
        .now = e->now,
        .text = s->ev->text.n > 0 ? &e->folded : NULL,
        .arena = e->arena,
        .zone = e->zone,
        .role = s->role,
        .contact_id = s->row.contact,
        .sender_name = s->ev->sender_name,
        .extracts = found,
        .n_extracts = x ? offer(x, found, INPUT_EXTRACTS) : 0,
        .context = s->context,
        .n_context = s->n_context,
        .has_tag = has_tag,
        .on_duty = on_duty,
        .unsaid = qund_say_unsaid,
        .arg = e,
    };
    if (s->group) {
        in->group_id = s->group->id;
        in->group_name = s->group->name;
        in->group_type = qund_str(qund_group_type_name(s->group->type));
        in->group_tags = s->group->tags;
        in->n_group_tags = s->group->n_tags;
    }
    e->subject = s;
}
