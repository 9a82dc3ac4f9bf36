/* src/sop/task_push.c - the card that tells somebody what to say now.
 *
 * It holds all that is needed to do it with a thumb: where, by when, the words ready to be copied,
 * and how to answer. It goes to the first of those who hold the role that has somewhere to be told;
 * where nobody of them has, to the manager, then the leader, as a stand-in. Somebody is told of one
 * task once: the key of a push names task, occasion, person and target, so a replay finds it there.
 *
 * For the outbox a card is a reminder: several that are due at once to one person leave as one, and
 * what ends meanwhile is cancelled (alert = minus the task's number). It has no pace of its own,
 * because its hour is the point of it.
 *
 * In a plan that was made `direct` or `confirm` nobody is told where the configuration names a way
 * for that: task_say.c. */
#include "crm/people.h"
#include "outbox/link.h"
#include "sop/task_parts.h"
#include <stdio.h>

#define AGAIN_FOR_MS (30 * 60000) /* a card about a window that is over */

struct telling {
    struct qund_sop *s;
    const struct task_all *a;
    const struct task_telling *t;
    int64_t staff;
    struct qund_str name, phone, ids; /* of that person; ids: a JSON object, realm → id */
    struct qund_str group;            /* its name */
    bool alone;                       /* nobody else reads at the target in hand */
    bool told;
};

/* --- the body --- */

static bool put_link(const struct telling *x, const struct qund_target_cfg *to, int64_t about,
                     struct qund_buf *out)
{
    const struct qund_config *c = x->s->deps.config;

    return x->alone &&
           qund_link_address(c, x->s->deps.link_key, to,
                             &(struct qund_link){about, x->staff, x->t->now + c->alert.link_for_ms},
                             out);
}

/* "09-12 19:30" on the group's clock. */
static void put_time(const struct telling *x, int64_t at, struct qund_buf *out)
{
    struct qund_civil t;

    qund_zone_civil(x->a->clock.zone, at, &t);
    qund_buf_printf(out, "%02d-%02d %02d:%02d", t.month, t.day, t.hour, t.minute);
}

static struct qund_str title_of(const struct task_all *a)
{
    return a->step->title.n > 0 ? a->step->title : a->plan.name;
}

static const char *const WHAT_TO_DO[QUND_SOP_CHANNELS] = {
    [QUND_SOP_CH_GROUP] = "发到群里",  [QUND_SOP_CH_NOTICE] = "发群公告",
    [QUND_SOP_CH_ONE_TO_ONE] = "私聊", [QUND_SOP_CH_SMS] = "发短信",
    [QUND_SOP_CH_STAFF_TASK] = "去做", [QUND_SOP_CH_FORM] = "发表单",
};

/* "附：海报.png、价目.png"; a picture known by its hash alone is named by where its hash begins. */
static void put_media(const struct telling *x, struct qund_buf *out)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(512);
    struct qund_str name;
    struct qund_jr r;
    bool first;
    int n = 0;

    if (!x->a->t.media.p)
        return;
    qund_jr_init(&r, x->a->t.media, arena, 4);
    if (qund_jr_arr(&r, &first) < 0)
        return;
    while (qund_jr_arr_next(&r, &first) > 0 && qund_jr_str(&r, &name) == 0)
        qund_buf_printf(
            out, "%s%.*s", n++ > 0 ? "、" : "附：",
            QUND_STR_ARG(qund_str_starts(name, "sha256:") ? qund_utf8_cut(name, 15) : name));
    if (n > 0)
        qund_buf_char(out, '\n');
}

/* A second card that reads like the first is taken for it: what was told before says so in its
 * first line, with what is left of the time. The others: who had no card of it yet. */
static const struct again {
    const char *why, *same, *other;
} AGAIN[] = {
    {"late", "再提醒一次", "还没有人做，请接手"},
    {"urge", "请尽快，再提醒一次", "请尽快接手"},
};

static void put_again(const struct telling *x, struct qund_buf *out)
{
    int64_t left = x->a->t.closes - x->t->now;

    for (size_t i = 0; i < QUND_ARRAY_LEN(AGAIN); i++) {
        if (strcmp(x->t->why, AGAIN[i].why) != 0)
            continue;
        qund_buf_puts(out, x->staff == x->a->t.staff ? AGAIN[i].same : AGAIN[i].other);
        qund_buf_puts(out, left > 0 ? "，还剩" : "，已过截止时间");
        if (left >= 60000)
            qund_buf_char(out, ' ');
        if (left > 0)
            qund_sop_duration_say(left, out);
    }
}

/* The words stand alone between two lines, so that a thumb finds where they begin and end. */
static void put_text(struct qund_jw *w, const struct telling *x, struct qund_str again,
                     struct qund_str link)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const struct task_all *a = x->a;
    long long id = (long long)a->t.id;

    qund_buf_printf(&text, "【任务 T%lld】%.*s%s", id, QUND_STR_ARG(again),
                    again.n > 0 ? "\n" : "");
    qund_buf_line(&text, title_of(a));
    if (x->group.n > 0)
        qund_buf_puts(&text, "｜");
    qund_buf_line(&text, x->group);
    qund_buf_printf(&text, "\n%s，", WHAT_TO_DO[a->t.channel]);
    put_time(x, a->t.closes, &text);
    qund_buf_puts(&text, " 前");
    if (a->say->role == QUND_SOP_KOC_FAN ||
        (a->say->role == QUND_SOP_FIRST_BUYER && a->t.role == QUND_SOP_FIRST_BUYER))
        qund_buf_puts(&text, "（请受邀客户本人用自己的话说，末尾保留披露）");
    qund_buf_printf(&text, "\n----\n%.*s\n----\n", QUND_STR_ARG(a->t.content));
    put_media(x, &text);
    if (link.n > 0)
        qund_buf_str(&text, link);
    else
        qund_buf_printf(
            &text, "回复：完成 T%lld / 稍后 T%lld 30分钟 / 做不了 T%lld 原因 / 转交 T%lld 姓名", id,
            id, id, id);
    qund_jw_kstr(w, "text", qund_buf_view(&text));
}

static void put_task(struct qund_jw *w, const struct telling *x)
{
    const struct task_all *a = x->a;

    qund_jw_key(w, "task");
    qund_jw_obj(w);
    qund_jw_kint(w, "id", a->t.id);
    qund_jw_kint(w, "plan", a->t.plan);
    qund_jw_kstr(w, "plan_name", a->plan.name);
    qund_jw_kstr(w, "template", a->plan.template);
    qund_jw_kstr(w, "step", a->t.step);
    qund_jw_kbool(w, "plan_b", a->t.plan_b > 0);
    qund_jw_kline(w, "title", title_of(a));
    if (a->t.grp > 0) {
        qund_jw_kint(w, "group", a->t.grp);
        qund_jw_kline(w, "group_name", x->group);
    }
    if (a->t.contact > 0)
        qund_jw_kint(w, "contact", a->t.contact);
    qund_jw_kz(w, "role", qund_sop_role_name((enum qund_sop_role)a->t.role));
    qund_jw_kz(w, "channel", qund_sop_channel_name((enum qund_sop_channel)a->t.channel));
    qund_jw_kstr(w, "content", a->t.content);
    if (a->t.media.n > 0) {
        qund_jw_key(w, "media");
        qund_jw_raw(w, a->t.media);
    }
    qund_jw_kts(w, "due", a->t.due);
    qund_jw_kts(w, "closes", a->t.closes);
    qund_jw_end_obj(w);
}

static void put_body(const struct telling *x, const struct qund_target_cfg *to,
                     struct qund_buf *body)
{
    QUND_AUTO(qund_buf_done) struct qund_buf link = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf again = {0};
    struct qund_jw w = qund_jw(body);

    put_again(x, &again);
    qund_jw_obj(&w);
    qund_jw_kz(&w, "kind", "task");
    qund_jw_key(&w, "short");
    qund_jw_printf(&w, "T%lld", (long long)x->a->t.id);
    qund_jw_kz(&w, "level", x->t->level);
    qund_jw_kz(&w, "why", x->t->why);
    if (again.n > 0)
        qund_jw_kstr(&w, "again", qund_buf_view(&again));
    qund_jw_kstr(&w, "to", x->name);
    qund_jw_key(&w, "person");
    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", x->staff);
    qund_jw_kstr(&w, "name", x->name);
    if (x->phone.n > 0)
        qund_jw_kstr(&w, "phone", x->phone);
    qund_jw_key(&w, "ids");
    qund_jw_raw(&w, x->ids);
    qund_jw_end_obj(&w);
    if (put_link(x, to, -x->a->t.id, &link) && put_link(x, to, 0, &all)) {
        qund_jw_kstr(&w, "link", qund_buf_view(&link));
        qund_jw_kstr(&w, "link_all", qund_buf_view(&all));
    }
    put_text(&w, x, qund_buf_view(&again), qund_buf_view(&link));
    put_task(&w, x);
    qund_jw_end_obj(&w);
}

/* --- to whom --- */

/* A task's hour is looked after by its plan. What is held up until the night, because whoever takes
 * it was away, waits; a task that is wanted at night is told at night. */
enum qund_out_rest qund_task_rest(const struct task_all *a, int64_t now)
{
    return qund_hours_until(&a->clock.quiet, a->clock.zone, now) > now ? QUND_REST_NEVER
                                                                       : QUND_REST_TIMELY;
}

static int send_to(struct telling *x, struct qund_str target)
{
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    const struct qund_target_cfg *to = qund_config_target(x->s->deps.config, target);
    const struct task_telling *t = x->t;
    int64_t id;
    int rc;

    if (!to)
        return 0;
    rc = qund_crm_reads_alone(x->s->deps.db, x->staff, to);
    if (rc < 0)
        return rc;
    x->alone = rc > 0;
    qund_buf_printf(&key, "task:%lld:%s.%d:%lld:%.*s", (long long)x->a->t.id, t->why, t->n,
                    (long long)x->staff, QUND_STR_ARG(target));
    put_body(x, to, &body);
    rc = qund_outbox_add(x->s->deps.outbox,
                         &(struct qund_out_new){.key = qund_buf_view(&key),
                                                .target = target,
                                                .body = qund_buf_view(&body),
                                                .urgent = strcmp(t->level, "urgent") == 0,
                                                .rest = qund_task_rest(x->a, t->now),
                                                .clock = x->a->t.grp,
                                                .alert = -x->a->t.id,
                                                .person = x->staff,
                                                .deadline = x->a->t.closes > t->now
                                                                ? x->a->t.closes
                                                                : t->now + AGAIN_FOR_MS},
                         t->now, &id);
    if (rc < 0 && rc != QUND_E_EXISTS)
        return rc;
    x->told = true;
    return 0;
}

int qund_task_reaches(struct qund_sop *s, int64_t staff)
{
    const struct sop_person *person;
    struct qund_str targets;
    int rc = s->deps.outbox ? qund_sop_person(s, staff, &person) : QUND_E_NOTFOUND;

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    targets = qund_buf_view(&person->targets);
    while (targets.p)
        if (qund_config_target(s->deps.config, qund_str_split(&targets, '\n')))
            return 1;
    return 0;
}

static int group_name(struct qund_sop *s, int64_t grp, struct qund_buf *out)
{
    struct qund_crm_group *g;
    int rc = grp > 0 ? qund_crm_group_by_id(s->deps.crm, grp, &g) : QUND_E_NOTFOUND;

    if (rc == 0)
        qund_buf_str(out, g->name.n > 0 ? g->name : g->pid);
    return rc == QUND_E_NOTFOUND ? 0 : rc;
}

int qund_task_card(struct qund_sop *s, const struct task_all *a, int64_t staff,
                   const struct task_telling *t, bool *told)
{
    QUND_AUTO(qund_buf_done) struct qund_buf group = {0};
    const struct sop_person *person;
    struct telling x = {.s = s, .a = a, .t = t, .staff = staff};
    struct qund_str targets;
    int rc;

    *told = false;
    if (!s->deps.outbox || staff <= 0)
        return 0;
    rc = qund_sop_person(s, staff, &person);
    if (rc == 0)
        rc = group_name(s, a->t.grp, &group);
    if (rc < 0)
        return rc;
    x.name = qund_buf_view(&person->name);
    x.phone = qund_buf_view(&person->phone);
    x.ids = person->ids.n > 0 ? qund_buf_view(&person->ids) : QUND_STR("{}");
    x.group = qund_buf_view(&group);
    targets = qund_buf_view(&person->targets);
    while (rc == 0 && targets.p)
        rc = send_to(&x, qund_str_split(&targets, '\n'));
    *told = x.told;
    return rc;
}

/* --- it is ready --- */

static int pushed(struct qund_sop *s, struct task_all *a, int64_t now, struct qund_sop_effects *fx)
{
    int rc = qund_task_move_in_hand(s, &a->t,
                                    &(struct qund_task_change){.event = QUND_TASK_EV_PUSH,
                                                               .by = QUND_STR("engine"),
                                                               .reason = QUND_STR(""),
                                                               .now = now},
                                    fx);

    if (rc == 0)
        rc = QUND_FAULT("task_pushed") < 0 ? QUND_E_IO : 0;
    return rc;
}

/* Those who may do it, best first: who was found for it, others who hold the role, who stands in.
 */
static size_t candidates(const struct qund_sop *s, const struct task_all *a, int64_t now,
                         int64_t *v, size_t max)
{
    const char *const ROLES[] = {qund_sop_role_name((enum qund_sop_role)a->t.role), "manager",
                                 "leader"};
    size_t n = 0;

    v[n++] = a->t.staff;
    for (size_t i = 0; i < QUND_ARRAY_LEN(ROLES); i++) {
        struct qund_duty d;

        qund_sop_role_holders(s, a->t.grp, qund_str(ROLES[i]), now, &d);
        for (size_t k = 0; k < d.n && n < max; k++)
            v[n++] = d.staff[k];
    }
    return n;
}

static int tell_somebody(struct qund_sop *s, struct task_all *a, int64_t now, bool *told)
{
    struct task_telling t = {
        .why = "due", .level = a->step->kind == QUND_SOP_SAFETY ? "urgent" : "info", .now = now};
    int64_t who[3 * QUND_DUTY_MAX + 1], times = 0;
    size_t n = candidates(s, a, now, who, QUND_ARRAY_LEN(who));
    int rc =
        a->t.pushed == 0 ? 0 : qund_task_sql_times(s->deps.db, a->t.id, QUND_TASK_EV_PUSH, &times);

    t.n = (int)times;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = qund_task_card(s, a, who[i], &t, told);
        if (rc < 0 || !*told)
            continue;
        if (who[i] != a->t.staff)
            a->t.flags |= QUND_TASK_STAND_IN;
        a->t.staff = who[i];
        break;
    }
    return rc;
}

int qund_task_tell_person(struct qund_sop *s, struct task_all *a, int64_t now,
                          struct qund_sop_effects *fx)
{
    bool told = false;
    int rc = tell_somebody(s, a, now, &told);

    if (rc < 0)
        return rc;
    if (told)
        return pushed(s, a, now, fx);
    if (!s->deps.outbox || (a->t.flags & QUND_TASK_UNREACHED))
        return 0;
    qund_task_alert(fx, a, QUND_STR("warn"), QUND_STR("manager"), QUND_STR("任务推不到人"), now);
    a->t.flags |= QUND_TASK_UNREACHED;
    return qund_task_sql_set(s->deps.db, &a->t);
}

int qund_task_tell(struct qund_sop *s, struct task_all *a, int64_t now, struct qund_sop_effects *fx)
{
    struct task_voice v;
    int rc = qund_task_voice(s, a, &v);

    if (rc < 0)
        return rc;
    if (v.how == QUND_DELIVER_PERSON)
        return qund_task_tell_person(s, a, now, fx);
    rc = qund_task_say(s, a, &v, now);
    if (rc < 0)
        return rc;
    a->t.flags |= v.how == QUND_DELIVER_DIRECT ? QUND_TASK_BY_US : QUND_TASK_TO_CONFIRM;
    return pushed(s, a, now, fx);
}
