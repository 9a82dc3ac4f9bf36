/* src/alert/push.c - whom a rung reaches, and what they are sent.
 *
 * A role is held by staff, staff have push targets. Where nobody holds it the manager stands in,
 * then the leader. An installation that knows no staff at all (five minutes old) sends to every
 * target it has: an alert that reaches somebody beats one that reaches nobody. */
#include "alert/internal.h"
#include "core/json.h"
#include "crm/people.h"
#include <stdio.h>

#define DEADLINE_MS QUND_DAY_MS /* a push older than a day helps nobody */

struct sending {
    struct qund_alerts *al;
    const struct alert_row *a;
    struct qund_str json, text;             /* the alert; what a person reads of it */
    struct qund_str staff_name, phone, ids; /* ids: a JSON object, realm → id */
    int64_t staff;
    struct alert_telling telling;
    int64_t now;
    bool pushed;
    bool told;  /* that person, since telling.but */
    bool alone; /* nobody else reads at the target in hand */
};

static void put_person(struct qund_jw *w, const struct sending *s)
{
    qund_jw_key(w, "person");
    qund_jw_obj(w);
    qund_jw_kint(w, "id", s->staff);
    qund_jw_kstr(w, "name", s->staff_name);
    if (s->phone.n > 0)
        qund_jw_kstr(w, "phone", s->phone);
    qund_jw_key(w, "ids");
    qund_jw_raw(w, s->ids);
    qund_jw_end_obj(w);
}

/* Where this person acts on that alert (0: sees all his open ones), without a login. */
static bool put_link(const struct sending *s, const struct qund_target_cfg *to, int64_t alert,
                     struct qund_buf *out)
{
    const struct qund_config *c = s->al->deps.config;

    return s->alone &&
           qund_link_address(c, s->al->deps.link_key, to,
                             &(struct qund_link){alert, s->staff, s->now + c->alert.link_for_ms},
                             out);
}

/* The last line says how to answer: by the link, else by a word in the chat. */
static void put_text(struct qund_jw *w, const struct sending *s, struct qund_str link)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    long long id = s->a->id;

    qund_buf_str(&text, s->text);
    if (link.n > 0)
        qund_buf_printf(&text, "\n#%lld %.*s", id, QUND_STR_ARG(link));
    else
        qund_buf_printf(&text,
                        "\n#%lld 回复：收到 %lld / 完成 %lld / 稍后 %lld 30分钟 / 转交 %lld 姓名 / "
                        "无关 %lld",
                        id, id, id, id, id, id);
    qund_jw_kstr(w, "text", qund_buf_view(&text));
}

static void put_body(const struct sending *s, const struct qund_target_cfg *to,
                     struct qund_buf *body)
{
    QUND_AUTO(qund_buf_done) struct qund_buf link = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};
    struct qund_jw w = qund_jw(body);
    char id_text[24];

    snprintf(id_text, sizeof(id_text), "%lld", (long long)s->a->id);
    qund_jw_obj(&w);
    qund_jw_kz(&w, "kind", "alert");
    qund_jw_kz(&w, "short", id_text);
    qund_jw_kz(&w, "level", s->a->level);
    qund_jw_kint(&w, "rung", s->telling.rung);
    qund_jw_kstr(&w, "to", s->staff_name);
    if (s->staff)
        put_person(&w, s);
    if (put_link(s, to, s->a->id, &link) && put_link(s, to, 0, &all)) {
        qund_jw_kstr(&w, "link", qund_buf_view(&link));
        qund_jw_kstr(&w, "link_all", qund_buf_view(&all));
    }
    put_text(&w, s, qund_buf_view(&link));
    qund_jw_key(&w, "alert");
    qund_jw_raw(&w, s->json);
    qund_jw_end_obj(&w);
}

/* What a person asked for comes when he asked for it; a ladder's rung is not put off by half an
 * hour because of something else. */
static int64_t pace_of(const struct sending *s)
{
    if (s->telling.rung > 0)
        return s->al->deps.config->alert.merge_ms;
    return s->telling.round > 0 ? 0 : s->al->deps.config->alert.push_every_ms;
}

/* The hours of rest are everybody's but those of who asked for it. */
static bool rests(const struct sending *s)
{
    bool asked = s->telling.round > 0 && s->telling.rung == 0;

    return !asked && strcmp(s->a->level, "urgent") != 0;
}

/* When it may leave. */
static int64_t quiet_until(const struct sending *s)
{
    const struct qund_alerts *al = s->al;

    if (!al->roster || !rests(s))
        return s->now;
    return qund_hours_until(&al->deps.config->quiet.hours, qund_roster_zone(al->roster, s->a->grp),
                            s->now);
}

static int send_to(struct qund_str target, void *arg)
{
    struct sending *s = arg;
    const struct qund_target_cfg *to = qund_config_target(s->al->deps.config, target);
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    int64_t not_before = quiet_until(s), id;
    int rc;

    if (!to)
        return 0; /* not configured (any more); the alert itself stays visible */
    if (s->told) {
        s->pushed = true;
        return 0;
    }
    if (not_before > s->now && s->al->deps.config->quiet.mode == QUND_QUIET_DROP) {
        s->pushed = true; /* who rests is not looked for elsewhere */
        return 0;
    }
    rc = qund_crm_reads_alone(s->al->deps.db, s->staff, to);
    if (rc < 0)
        return rc;
    s->alone = rc > 0;
    qund_buf_printf(&key, "alert:%lld:%d", (long long)s->a->id, s->telling.rung);
    if (s->telling.round > 0)
        qund_buf_printf(&key, ".%d", s->telling.round);
    qund_buf_printf(&key, ":%lld:%.*s", (long long)s->staff, QUND_STR_ARG(target));
    put_body(s, to, &body);
    rc = qund_outbox_add(
        s->al->deps.outbox,
        &(struct qund_out_new){.key = qund_buf_view(&key),
                               .target = target,
                               .body = qund_buf_view(&body),
                               .urgent = strcmp(s->a->level, "urgent") == 0,
                               .rest = rests(s) ? QUND_REST_REMINDER : QUND_REST_NEVER,
                               .clock = s->a->grp,
                               .alert = s->a->id,
                               .person = s->staff,
                               .pace_ms = pace_of(s),
                               .not_before = not_before,
                               .deadline = not_before + DEADLINE_MS},
        s->now, &id);
    if (rc < 0 && rc != QUND_E_EXISTS)
        return rc;
    s->pushed = true;
    return 0;
}

static int ask_told(struct sending *s)
{
    int rc = s->telling.but > 0
                 ? qund_outbox_told(s->al->deps.db, s->a->id, s->staff, s->telling.but)
                 : 0;

    s->told = rc > 0;
    return rc < 0 ? rc : 0;
}

static int send_to_staff(struct sending *s, const struct qund_duty *d)
{
    for (size_t i = 0; i < d->n; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
        QUND_AUTO(qund_buf_done) struct qund_buf phone = {0};
        QUND_AUTO(qund_buf_done) struct qund_buf ids = {0};
        int rc;

        s->staff = d->staff[i];
        rc = qund_crm_staff_name(s->al->deps.db, s->staff, &name);
        s->staff_name = qund_buf_view(&name);
        if (rc == 0)
            rc = qund_crm_staff_phone(s->al->deps.db, s->staff, &phone);
        s->phone = qund_buf_view(&phone);
        if (rc == 0)
            rc = qund_crm_staff_ids(s->al->deps.db, s->staff, &ids);
        s->ids = qund_buf_view(&ids);
        if (rc == 0)
            rc = ask_told(s);
        if (rc == 0)
            rc = qund_crm_staff_targets(s->al->deps.db, s->staff, send_to, s);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void find(const struct qund_alerts *al, const struct alert_row *a, struct qund_str role,
                 int64_t now, struct qund_duty *d)
{
    int64_t id;

    *d = (struct qund_duty){.how = QUND_DUTY_NOBODY};
    if (qund_str_starts(role, "staff:") &&
        qund_str_int(qund_str_n(role.p + 6, role.n - 6), &id) == 0) {
        d->how = QUND_DUTY_HOLDER;
        d->staff[d->n++] = id;
        return;
    }
    if (strcmp(a->level, "urgent") == 0)
        qund_duty_holders(al->roster, a->grp, role, now, d);
    else
        qund_duty_at(al->roster, a->grp, role, now, d);
}

int qund_alert_push(struct qund_alerts *al, const struct alert_row *a, struct qund_str role,
                    struct alert_telling t, int64_t now, bool *pushed)
{
    const struct qund_str STAND_IN[] = {role, QUND_STR("manager"), QUND_STR("leader")};
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct sending s = {.al = al, .a = a, .telling = t, .now = now};
    bool anybody = false, held = false;
    int rc;

    *pushed = false;
    if (!al->deps.outbox)
        return 0;
    rc = qund_alert_show(al->deps.db, a->id, now, &json, &text);
    if (rc == 0)
        rc = qund_crm_staff_any(al->deps.db, &anybody);
    s.json = qund_buf_view(&json);
    s.text = qund_buf_view(&text);
    for (size_t i = 0; rc == 0 && anybody && i < QUND_ARRAY_LEN(STAND_IN) && !held; i++) {
        struct qund_duty d, holders;

        qund_duty_holders(al->roster, a->grp, STAND_IN[i], now, &holders);
        find(al, a, STAND_IN[i], now, &d);
        held = holders.n > 0 || d.n > 0; /* somebody holds it, on duty or not: no stand-in */
        rc = send_to_staff(&s, &d);
    }
    if (rc == 0 && !anybody)
        rc = ask_told(&s);
    for (size_t i = 0; rc == 0 && !anybody && i < al->deps.config->n_targets; i++)
        rc = send_to(qund_str(al->deps.config->targets[i].name), &s);
    *pushed = s.pushed;
    return rc;
}
