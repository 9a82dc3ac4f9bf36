/* src/app/simulate_crowd.c - what customers do once a post is there.
 *
 * In the normal scenario most expectations are met and some are not (one in five, by the seed): so
 * many people as the engine itself says are wanted react in the way that the metric counts, spread
 * over the first half of the window. How each kind of reaction looks in the stream is a row of the
 * table. In the complaint scenario somebody complains twenty minutes after the first post, and a
 * second one joins in. */
#include "app/simulate_parts.h"
#include "core/file.h"
#include "crm/read.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#define MISSED_ONE_IN 5
#define REACTIONS_MAX 300u
#define FIRST_MS 60000

struct reaction {
    struct sim *s;
    struct sim_group *g;
    const struct qund_sop_step *step;
    const struct sim_person *who;
    int64_t at, task, contact; /* contact 0: of the group */
    uint64_t nth;              /* of this task's */
};

static const char *const CHAT[] = {
    "这个不错，我也关注一下", "我家也是这种情况", "学到了", "讲得挺清楚的",
    "可以，周末看看",         "我们家也在考虑",   "支持",   "这个对我们有用",
};

static struct qund_event event_of(const struct reaction *r, enum qund_event_type type)
{
    return qund_sim_event(r->s, r->g, r->at, type, r->who->id, r->who->name);
}

static void say(const struct reaction *r, struct qund_str text)
{
    struct qund_event ev = event_of(r, QUND_EV_MESSAGE);

    ev.text = text;
    qund_sim_put_event(r->s, &ev);
}

static void speaks(const struct reaction *r)
{
    say(r,
        qund_str(
            CHAT[qund_sim_chance(r->s, r->task + (int64_t)r->nth, "chat", QUND_ARRAY_LEN(CHAT))]));
}

/* The word that counts, in a sentence. */
static void says_word(const struct reaction *r)
{
    const struct qund_sop_expect *x = &r->step->expect;
    struct qund_str word = x->of_what.n > 0 ? x->of_what
                           : x->n_words > 0 ? x->words[r->nth % x->n_words]
                                            : QUND_STR("收到");
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    qund_buf_printf(&b, "%.*s", QUND_STR_ARG(word));
    say(r, qund_buf_view(&b));
}

/* The list grows by a row, as everybody copies the one before. */
static void signs_up(const struct reaction *r)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    qund_buf_printf(&r->g->chain, "%zu. %s 1位\n", ++r->g->n_chain, r->who->name);
    qund_buf_printf(&b, "#接龙\n报名\n\n%.*s", QUND_STR_ARG(qund_buf_view(&r->g->chain)));
    say(r, qund_buf_view(&b));
}

static void confirms(const struct reaction *r)
{
    say(r, QUND_STR("确认到场"));
}

static void cancels(const struct reaction *r)
{
    say(r, QUND_STR("取消报名，临时有事"));
}

/* Something happened elsewhere and is told by an event: {"<what>":…,"person":…} */
static void happens(const struct reaction *r, enum qund_event_type type, const char *name,
                    const char *what)
{
    QUND_AUTO(qund_buf_done) struct qund_buf data = {0};
    struct qund_jw w = qund_jw(&data);
    struct qund_event ev = event_of(r, type);

    qund_jw_obj(&w);
    qund_jw_key(&w, what);
    qund_jw_printf(&w, "sim-%lld-%llu", (long long)r->task, (unsigned long long)r->nth);
    if (type == QUND_EV_ORDER_PAID)
        qund_jw_kint(&w, "amount_cent", 19900);
    if (type == QUND_EV_CHECKIN || type == QUND_EV_REDEEM)
        qund_jw_kint(&w, "party", 1);
    qund_jw_kz(&w, "person", r->who->id);
    qund_jw_end_obj(&w);
    ev.type_name = qund_str(name);
    ev.data = qund_buf_view(&data);
    qund_sim_put_event(r->s, &ev);
}

static void clicks(const struct reaction *r)
{
    happens(r, QUND_EV_LINK_CLICK, "link.click", "link");
}

static void submits(const struct reaction *r)
{
    happens(r, QUND_EV_FORM_SUBMIT, "form.submit", "form");
}

static void checks_in(const struct reaction *r)
{
    happens(r, QUND_EV_CHECKIN, "checkin", "event");
}

static void redeems(const struct reaction *r)
{
    happens(r, QUND_EV_REDEEM, "redeem", "event");
}

static void orders(const struct reaction *r)
{
    happens(r, QUND_EV_ORDER_PAID, "order.paid", "order");
}

static void attends(const struct reaction *r)
{
    happens(r, QUND_EV_OTHER, "live.attend", "event");
}

static void claims(const struct reaction *r)
{
    if (r->step->expect.n_words > 0)
        says_word(r);
    else
        happens(r, QUND_EV_OTHER, "coupon.claim", "coupon");
}

static void homework(const struct reaction *r)
{
    if (r->step->expect.n_words > 0)
        says_word(r);
    else
        happens(r, QUND_EV_OTHER, "homework", "work");
}

static void shows(const struct reaction *r)
{
    struct qund_event ev = event_of(r, QUND_EV_MESSAGE);
    char media[128], sha[65];

    snprintf(media, sizeof(media), "%lld-%llu", (long long)r->task, (unsigned long long)r->nth);
    qund_sha256_hex(media, strlen(media), sha);
    snprintf(media, sizeof(media), "[{\"kind\":\"image\",\"sha256\":\"%.64s\"}]", sha);
    ev.kind = QUND_STR("image");
    ev.media = qund_str(media);
    qund_sim_put_event(r->s, &ev);
}

static void answers_privately(const struct reaction *r)
{
    struct qund_event ev = event_of(r, QUND_EV_MESSAGE);

    ev.group = ev.group_name = QUND_STR_NONE;
    ev.to = r->s->desk ? qund_str(r->s->desk) : QUND_STR_NONE;
    ev.text = QUND_STR("好的，收到，谢谢");
    qund_sim_put_event(r->s, &ev);
}

static void joins(const struct reaction *r)
{
    qund_sim_newcomer(r->s, r->g, r->at);
}

/* Metrics that are not here are met by silence, or by the staff. */
static void (*const REACT[QUND_SOP_METRICS])(const struct reaction *r) = {
    [QUND_SOP_SPEAKERS] = speaks,
    [QUND_SOP_MESSAGES] = speaks,
    [QUND_SOP_KEYWORD_HITS] = says_word,
    [QUND_SOP_LINK_CLICKS] = clicks,
    [QUND_SOP_FORM_SUBMITS] = submits,
    [QUND_SOP_SIGNUPS] = signs_up,
    [QUND_SOP_SIGNUP_CONFIRMS] = confirms,
    [QUND_SOP_CANCELS] = cancels,
    [QUND_SOP_CHECKINS] = checks_in,
    [QUND_SOP_COUPON_CLAIMS] = claims,
    [QUND_SOP_REDEEMS] = redeems,
    [QUND_SOP_ORDERS] = orders,
    [QUND_SOP_ATTEND_LIVE] = attends,
    [QUND_SOP_HOMEWORK] = homework,
    [QUND_SOP_PHOTO_POSTS] = shows,
    [QUND_SOP_ONE_TO_ONE_REPLIES] = answers_privately,
    [QUND_SOP_JOINS] = joins,
};

/* --- how many, who, when --- */

static uint64_t how_many(const struct sim *s, int64_t task, double wanted)
{
    uint64_t n = wanted < 1 ? 1 : wanted > REACTIONS_MAX ? REACTIONS_MAX : (uint64_t)ceil(wanted);

    return qund_sim_chance(s, task, "miss", MISSED_ONE_IN) == 0 ? n / 2 : n;
}

/* Of a person's task only that person reacts. */
static const struct sim_person *person_of(struct sim *s, int64_t contact)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    struct qund_jw w = qund_jw(&json);
    struct sim_person *p = qund_arena_zalloc(s->arena, sizeof(*p));
    struct qund_err err;
    json_error_t why;
    json_t *o, *ids;

    if (qund_crm_show(s->l->db, "contact", contact, false, &w, &err) < 0)
        return NULL;
    o = json_loadb(json.p, json.n, 0, &why);
    ids = json_array_get(json_object_get(o, "identities"), 0);
    p->id = qund_arena_str(s->arena, qund_str(json_string_value(json_object_get(ids, "id")))).p;
    p->name = qund_arena_str(s->arena, qund_str(json_string_value(json_object_get(o, "name")))).p;
    json_decref(o);
    return p->id ? p : NULL;
}

static void all_react(struct reaction *r, double wanted, int64_t closes)
{
    uint64_t n = how_many(r->s, r->task, wanted);
    uint64_t first = qund_sim_chance(r->s, r->task, "who", r->g->n_customers);
    int64_t from = r->at + FIRST_MS, span = (closes - from) / 2;
    const struct sim_person *one = r->contact > 0 ? person_of(r->s, r->contact) : NULL;

    if (r->contact > 0)
        n = n > 0 && one;
    for (uint64_t i = 0; i < n && span > 0; i++) {
        r->nth = i;
        r->who = one ? one : &r->g->customers[(first + i) % r->g->n_customers];
        r->at = from + span * (int64_t)i / (int64_t)n;
        REACT[r->step->expect.metric](r);
    }
}

int qund_sim_crowd(struct sim *s, const struct sim_act *a)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    struct reaction r = {.s = s, .g = a->group, .task = a->task, .at = s->now};
    const json_t *x, *step;
    json_error_t why;
    json_t *task;
    int64_t closes = 0;
    int rc = qund_sop_task_print(s->l->db, a->task, NULL, &json);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : qund_sim_fail(s, rc, &(struct qund_err){0});
    task = json_loadb(json.p, json.n, 0, &why);
    x = json_object_get(task, "expectation");
    step = json_object_get(task, "step");
    r.contact = json_integer_value(json_object_get(task, "contact"));
    r.step = step ? qund_sop_step_find(s->t, qund_str(json_string_value(step))) : NULL;
    if (r.step && r.step->expect.given && r.step->expect.op == QUND_SOP_GTE &&
        REACT[r.step->expect.metric] && r.g->n_customers > 0 &&
        json_is_number(json_object_get(x, "wanted")) &&
        qund_iso_parse(qund_str(json_string_value(json_object_get(x, "closes"))), &closes) == 0)
        all_react(&r, json_number_value(json_object_get(x, "wanted")), closes);
    json_decref(task);
    return 0;
}

/* --- somebody is angry --- */

void qund_sim_complain(struct sim *s, struct sim_group *g, int64_t at)
{
    static const char *const SAID[] = {"你们这服务也太差了，说好的事没人管，我要投诉",
                                       "我也是，态度差，问了三天没人回"};

    if (g->complained)
        return;
    g->complained = true;
    for (size_t i = 0; i < QUND_ARRAY_LEN(SAID) && i < g->n_customers; i++) {
        struct qund_event ev =
            qund_sim_event(s, g, at + (int64_t)i * 10 * SIM_MINUTE, QUND_EV_MESSAGE,
                           g->customers[i].id, g->customers[i].name);

        ev.text = qund_str(SAID[i]);
        qund_sim_put_event(s, &ev);
    }
}
