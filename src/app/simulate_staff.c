/* src/app/simulate_staff.c - what the staff do with a card.
 *
 * They read it on their phones as everybody does: who, where, what to say. A few minutes later they
 * say it in the group, with their own words where the card leaves a blank 〔…〕, or do it and
 * answer "完成 T12". A customer who was invited to speak posts from their own account. A card that
 * comes again is not acted on twice. */
#include "app/simulate_parts.h"
#include <jansson.h>

#define BLANK_FILLED "（示例）"
#define ORDER_AFTER_MS 30000 /* "done" is said after what was done */

struct card {
    const json_t *person;
    struct sim_group *g;
    int64_t id, at, closes; /* of the task; when it is done */
    bool of_group, plan_b;
    const char *channel, *role, *content;
    struct qund_str step;
};

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* True: not seen before. */
static bool first_time(struct sim *s, int64_t id)
{
    size_t at = (size_t)id / 8, old = s->n_told;
    unsigned char bit = (unsigned char)(1u << (id % 8));

    if (at >= s->n_told) {
        s->n_told = at + 1024;
        s->told = qund_realloc(s->told, s->n_told);
        memset(s->told + old, 0, s->n_told - old);
    }
    if (s->told[at] & bit)
        return false;
    s->told[at] |= bit;
    return true;
}

/* What stands in 〔 〕 the poster writes himself. */
static void fill_blanks(struct qund_str in, struct qund_buf *out)
{
    while (in.n > 0) {
        ptrdiff_t open = qund_str_find(in, 0, QUND_STR("〔"));
        ptrdiff_t close = open < 0 ? -1 : qund_str_find(in, (size_t)open, QUND_STR("〕"));

        if (close < 0) {
            qund_buf_str(out, in);
            return;
        }
        qund_buf_add(out, in.p, (size_t)open);
        qund_buf_puts(out, BLANK_FILLED);
        in = qund_str_n(in.p + close + 3, in.n - (size_t)close - 3);
    }
}

/* The account that speaks: an invited customer's own, else that of whom the card is for. */
static const char *account(const struct card *c, enum qund_role *role)
{
    *role = QUND_ROLE_STAFF;
    if (strcmp(c->role, "koc_fan") == 0 || strcmp(c->role, "first_buyer") == 0) {
        const char *who =
            c->g->invited[strcmp(c->role, "koc_fan") == 0 ? SIM_KOC : SIM_FIRST_BUYER];

        *role = QUND_ROLE_CUSTOMER;
        if (who)
            return who;
    }
    *role = QUND_ROLE_STAFF;
    return json_string_value(json_object_get(json_object_get(c->person, "ids"), c->g->realm));
}

static void post(struct sim *s, const struct card *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf said = {0};
    enum qund_role role;
    const char *who = account(c, &role);
    struct qund_event ev;

    if (!who)
        return; /* they have no account in that world: the card stays without an answer */
    fill_blanks(qund_str(c->content), &said);
    ev = qund_sim_event(s, c->g, c->at, QUND_EV_MESSAGE, who,
                        role == QUND_ROLE_STAFF ? text(c->person, "name") : NULL);
    ev.text = qund_buf_view(&said);
    ev.role = role;
    qund_sim_put_event(s, &ev);
}

/* In a private chat with our own account, as the card's last line says. */
static void say_done(struct sim *s, const struct card *c, const struct qund_sop_step *step)
{
    QUND_AUTO(qund_buf_done) struct qund_buf said = {0};
    const char *who =
        json_string_value(json_object_get(json_object_get(c->person, "ids"), c->g->realm));
    struct qund_event ev;

    if (!who)
        return;
    qund_buf_printf(&said, "完成 T%lld", (long long)c->id);
    if (step && step->expect.given && step->expect.metric == QUND_SOP_SATISFACTION)
        qund_buf_puts(&said, " =5");
    ev = qund_sim_event(s, c->g, c->at + ORDER_AFTER_MS, QUND_EV_MESSAGE, who,
                        text(c->person, "name"));
    ev.group = ev.group_name = QUND_STR_NONE;
    ev.role = QUND_ROLE_STAFF;
    ev.text = qund_buf_view(&said);
    qund_sim_put_event(s, &ev);
}

static bool in_group(const char *channel)
{
    return strcmp(channel, "group") == 0 || strcmp(channel, "group_notice") == 0;
}

static void act(struct sim *s, struct card *c, int64_t now)
{
    bool posts = in_group(c->channel) || (c->of_group && strcmp(c->channel, "form") == 0);

    c->at = now + (int64_t)(SIM_DONE_MIN + qund_sim_chance(s, c->id, "done", SIM_DONE_SPREAD)) *
                      SIM_MINUTE;
    if (c->closes > 0 && c->at > c->closes)
        c->at = c->closes;
    if (posts)
        post(s, c);
    if (posts && s->o->scenario == QUND_SIM_COMPLAINT)
        qund_sim_complain(s, c->g, c->at + 20 * SIM_MINUTE);
    if (!in_group(c->channel)) /* nothing in the stream proves it */
        say_done(s, c, qund_sop_step_find(s->t, c->step));
    /* What a plan B brings is not waited for. */
    if (s->o->scenario == QUND_SIM_NORMAL && !c->plan_b)
        qund_sim_put_react(s, c->at + SIM_MINUTE, c->g, c->id);
}

/* A card says the words; what it is about stands in the task's row. */
static void take_up(struct sim *s, const json_t *person, const char *short_id, int64_t now)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_task t;
    struct card c;
    int64_t id;

    if (*short_id != 'T' || qund_str_int(qund_str(short_id + 1), &id) < 0 || id <= 0 ||
        qund_task_get(s->l->db, arena, id, &t) < 0 || !first_time(s, id))
        return;
    c = (struct card){.person = person,
                      .g = qund_sim_group(s, t.grp),
                      .id = id,
                      .closes = t.closes,
                      .of_group = t.contact == 0,
                      .plan_b = t.plan_b > 0,
                      .channel = qund_sop_channel_name((enum qund_sop_channel)t.channel),
                      .role = qund_sop_role_name((enum qund_sop_role)t.role),
                      .content = t.content.p ? t.content.p : "",
                      .step = t.step};
    if (!c.g)
        c.g = &s->groups[0]; /* a task of one person, in no group */
    act(s, &c, now);
}

void qund_sim_staff(struct sim *s, struct qund_str card, int64_t now)
{
    const json_t *person, *one;
    json_error_t why;
    json_t *o;
    size_t i;

    if (s->o->scenario == QUND_SIM_ABSENT)
        return;
    o = json_loadb(card.p, card.n, 0, &why);
    person = json_object_get(o, "person");
    if (strcmp(text(o, "kind"), "task") == 0)
        take_up(s, person, text(o, "short"), now);
    json_array_foreach(json_object_get(o, "items"), i, one)
        take_up(s, person, text(one, "short"), now);
    json_decref(o);
}
