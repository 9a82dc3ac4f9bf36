/* src/engine/order.c - what the staff say about alerts and tasks where a robot listens.
 *
 * A push without a link ends with the words to answer with. They come back as a message of a
 * private chat with us (or in a group of the staff) whose sender is known as staff in that realm:
 * no other proof is asked for, because the platform's account is what the whole house goes by. May
 * he? Whoever was told, holds the role, manages the group or leads. What is done is the same deed
 * that the API and the signed page do; an order is a message and applied once, like any other. A
 * number with a T is a task's.
 *
 * He is answered in the chat he spoke in, through the channel's `send_through`; where there is
 * none, the deed is done all the same and the live feed shows it. */
#include "crm/people.h"
#include "engine/order_text.h"
#include "engine/say_parts.h"
#include "engine/sop.h"

#define ANSWER_FOR_MS (10 * 60000)
#define SNOOZE_DEFAULT "30m"

enum answer {
    ANSWER_OK,
    ANSWER_DONE,
    ANSWER_SNOOZED,
    ANSWER_NO,
    ANSWER_ALREADY,
    ANSWER_TAKEN,
    ANSWER_NOT_YOURS,
    ANSWER_TIME,
    ANSWER_NUMBER,
    ANSWER_CANT,
    ANSWER_WINDOW,
    ANSWER_ALERT,
    ANSWER_HANDED,
    ANSWER_WHOM
};
static const char *const ANSWERS[][2] = {
    [ANSWER_OK] = {"已记下，由你处理。", "is yours now."},
    [ANSWER_DONE] = {"已完成。", "is done."},
    [ANSWER_SNOOZED] = {"稍后再提醒：", "comes again at "},
    [ANSWER_NO] = {"已标为无关。", "is marked not relevant."},
    [ANSWER_ALREADY] = {"不用再回复，已经处理过了。", "is dealt with already."},
    [ANSWER_TAKEN] = {"已经有人在处理：", "is taken already, by "},
    [ANSWER_NOT_YOURS] = {"没有这条提醒，或不归你处理。", "does not exist, or is not yours."},
    [ANSWER_TIME] = {"时间没有看懂，例如：30分钟、18:00、明天9点（30 天以内）。",
                     "when? For example 30m, 18:00, tomorrow 9:00 (within 30 days)."},
    [ANSWER_NUMBER] = {"数字没有看懂，例如：=12.5",
                       "the figure was not understood; for example =12.5"},
    [ANSWER_CANT] = {"已记为做不了，会告诉负责人。",
                     "is marked as not possible; the manager is told."},
    [ANSWER_WINDOW] = {"只能推迟到截止之前，例如：30分钟。",
                       "can be put off only until its window ends; for example 30m."},
    [ANSWER_HANDED] = {"已转交，对方会收到。", "is handed over, and they are told."},
    [ANSWER_WHOM] = {"转交给谁？请在后面写同事的姓名；他得能收到提醒，也不能已经归他。",
                     "to whom? Name a colleague behind it, who can be told and has it not yet."},
    [ANSWER_ALERT] = {"是提醒，不是任务；请回复 完成 或 无关。",
                      "is an alert, not a task: answer done or no."},
};

/* In a private chat with ourselves, or among the staff; said now, by somebody else than us. */
static bool heard(const struct subject *s)
{
    const struct qund_event *ev = s->ev;

    if (s->quiet || s->own || !s->sender)
        return false;
    if (s->group)
        return s->group->internal;
    return ev->to.n == 0 || qund_str_eq(ev->to, ev->account);
}

/* "@小吴": in a group people call each other so. */
static struct qund_str whom(const struct qund_order *o)
{
    struct qund_str s = o->kind == QUND_ORDER_HAND ? o->note : QUND_STR_NONE;

    return s.n > 0 && s.p[0] == '@' ? qund_str_trim(qund_str_n(s.p + 1, s.n - 1)) : s;
}

static struct deed deed_of(const struct qund_order *o, int64_t id, struct qund_str by)
{
    static const enum deed_kind KINDS[] = {
        [QUND_ORDER_OK] = DEED_ACK,         [QUND_ORDER_DONE] = DEED_RESOLVE,
        [QUND_ORDER_SNOOZE] = DEED_SNOOZE,  [QUND_ORDER_NO] = DEED_IRRELEVANT,
        [QUND_ORDER_HAND] = DEED_HAND_OVER,
    };

    return (struct deed){
        .kind = KINDS[o->kind],
        .d = {.id = id, .by = by, .note = o->kind == QUND_ORDER_HAND ? QUND_STR_NONE : o->note},
        .to = whom(o),
        .end = {.number = qund_str(o->number)},
        .when = qund_str(o->when[0] ? o->when : SNOOZE_DEFAULT)};
}

/* Which words answer a refusal; < 0: it is no refusal but trouble of ours. */
static int refused(int rc, const struct qund_err *err)
{
    if (rc == QUND_E_NOTFOUND || rc == QUND_E_DENIED)
        return ANSWER_NOT_YOURS;
    if (rc != QUND_E_INVAL && rc != QUND_E_EXISTS)
        return rc;
    if (strcmp(err->where, "number") == 0)
        return ANSWER_NUMBER;
    if (strcmp(err->where, "to") == 0)
        return ANSWER_WHOM;
    return strcmp(err->where, "for") == 0 || strcmp(err->where, "until") == 0 ? ANSWER_TIME
                                                                              : ANSWER_ALREADY;
}

/* It is so already: somebody has it, or it is at its end. */
static int already(struct qund_engine *e, int64_t id)
{
    struct qund_alert_mark m;
    int rc = qund_alert_marked(e->db, id, &m);

    return rc < 0 ? rc : m.state == QUND_ALERT_ACKNOWLEDGED ? ANSWER_TAKEN : ANSWER_ALREADY;
}

static int do_alert(struct qund_engine *e, const struct qund_order *o, int64_t id, int64_t staff)
{
    static const enum answer DONE[] = {
        [QUND_ORDER_OK] = ANSWER_OK,          [QUND_ORDER_DONE] = ANSWER_DONE,
        [QUND_ORDER_SNOOZE] = ANSWER_SNOOZED, [QUND_ORDER_NO] = ANSWER_NO,
        [QUND_ORDER_HAND] = ANSWER_HANDED,
    };
    struct qund_err err = {0};
    struct deed d;
    char by[32];
    int rc = qund_alert_may(e->alerts, id, staff, e->now);

    if (rc == 0 || rc == QUND_E_NOTFOUND)
        return ANSWER_NOT_YOURS;
    if (rc > 0 && o->kind == QUND_ORDER_CANT)
        return ANSWER_ALERT;
    if (rc < 0)
        return rc;
    snprintf(by, sizeof(by), "staff:%lld", (long long)staff);
    d = deed_of(o, id, qund_str(by));
    rc = qund_deed_do(e, &d, &err);
    if (rc == 0)
        return (int)DONE[o->kind];
    rc = refused(rc, &err);
    return rc == ANSWER_ALREADY ? already(e, id) : rc;
}

/* --- tasks --- */

static int task_refused(int rc, const struct qund_err *err)
{
    return rc == QUND_E_INVAL && strcmp(err->where, "window") == 0 ? ANSWER_WINDOW
                                                                   : refused(rc, err);
}

static int do_task(struct qund_engine *e, const struct qund_order *o, int64_t id, int64_t staff)
{
    static const struct {
        enum qund_task_deed_kind kind;
        enum answer answer;
    } DO[] = {
        [QUND_ORDER_OK] = {QUND_TASK_DO_SEEN, ANSWER_OK},
        [QUND_ORDER_DONE] = {QUND_TASK_DO_DONE, ANSWER_DONE},
        [QUND_ORDER_SNOOZE] = {QUND_TASK_DO_POSTPONE, ANSWER_SNOOZED},
        [QUND_ORDER_NO] = {QUND_TASK_DO_FAIL, ANSWER_CANT},
        [QUND_ORDER_CANT] = {QUND_TASK_DO_FAIL, ANSWER_CANT},
        [QUND_ORDER_HAND] = {QUND_TASK_DO_HAND_OVER, ANSWER_HANDED},
    };
    struct qund_task_deed d = {.kind = DO[o->kind].kind,
                               .task = id,
                               .now = e->now,
                               .note = o->note.n > 0 ? o->note : QUND_STR(""),
                               .number = qund_str(o->number)};
    struct qund_err err = {0};
    int64_t grp = 0;
    char by[32];
    int rc = qund_task_may(e->sop, e->arena, id, staff, e->now, &grp);

    if (rc == 0 || rc == QUND_E_NOTFOUND)
        return ANSWER_NOT_YOURS;
    if (rc > 0 && d.kind == QUND_TASK_DO_POSTPONE &&
        qund_alert_words(qund_roster_zone(e->roster, grp),
                         qund_str(o->when[0] ? o->when : SNOOZE_DEFAULT), e->now, &d.until) < 0)
        return ANSWER_TIME;
    if (rc > 0 && d.kind == QUND_TASK_DO_HAND_OVER) {
        rc = qund_crm_staff_find(e->db, whom(o), &d.to);
        if (rc == QUND_E_NOTFOUND)
            return ANSWER_WHOM;
    }
    if (rc < 0)
        return rc;
    snprintf(by, sizeof(by), "staff:%lld", (long long)staff);
    d.by = qund_str(by);
    rc = qund_engine_task_deed(e, &d, &err);
    return rc < 0 ? task_refused(rc, &err) : (int)DO[o->kind].answer;
}

static int do_one(struct qund_engine *e, const struct qund_order *o, int64_t id, int64_t staff)
{
    return id < 0 ? do_task(e, o, -id, staff) : do_alert(e, o, id, staff);
}

/* When it comes again, and in which group's time. */
static int comes_again(struct qund_engine *e, int64_t id, int64_t *at, int64_t *grp)
{
    struct qund_alert_mark m;
    struct qund_task t;
    int rc;

    if (id < 0) {
        rc = qund_task_get(e->db, e->arena, -id, &t);
        *at = rc == 0 ? t.due : 0;
        *grp = rc == 0 ? t.grp : 0;
        return rc;
    }
    rc = qund_alert_marked(e->db, id, &m);
    *at = rc == 0 ? m.snoozed : 0;
    *grp = rc == 0 ? m.group : 0;
    return rc;
}

/* Whose it is: by name, where it is one of the staff. */
static int put_holder(struct qund_engine *e, int64_t id, bool english, struct qund_buf *out)
{
    struct qund_alert_mark m;
    int64_t staff;
    int rc = qund_alert_marked(e->db, id, &m);

    if (rc < 0)
        return rc;
    if (qund_str_starts(qund_str(m.by), "staff:") && qund_str_int(qund_str(m.by + 6), &staff) == 0)
        rc = qund_crm_staff_name(e->db, staff, out);
    else
        qund_buf_str(out, qund_str(m.by));
    qund_buf_str(out, english ? QUND_STR(".") : QUND_STR("。"));
    return rc;
}

/* "#12 is done." or "T12 is done.", a line each. */
static int put_answer(struct qund_engine *e, int64_t id, int answer, bool english,
                      struct qund_buf *out)
{
    struct qund_civil t;
    int64_t at, grp;
    int rc;

    qund_buf_printf(out, "%s%s%lld %s", out->n > 0 ? "\n" : "", id < 0 ? "T" : "#",
                    (long long)(id < 0 ? -id : id), ANSWERS[answer][english]);
    if (answer == ANSWER_TAKEN)
        return put_holder(e, id, english, out);
    if (answer != ANSWER_SNOOZED)
        return 0;
    rc = comes_again(e, id, &at, &grp);
    if (rc < 0)
        return rc;
    qund_zone_civil(qund_roster_zone(e->roster, grp), at, &t);
    qund_buf_printf(out, "%02d-%02d %02d:%02d", t.month, t.day, t.hour, t.minute);
    return 0;
}

static int answer(struct qund_engine *e, const struct subject *s, struct qund_str text)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_str target = qund_say_through(e, s);
    struct qund_jw w = qund_jw(&body);
    char name[48];

    if (target.n == 0 || !e->outbox)
        return 0;
    snprintf(name, sizeof(name), "m%lld.order", (long long)s->row.seq);
    qund_jw_obj(&w);
    qund_jw_kz(&w, "kind", "message");
    qund_jw_kz(&w, "short", name);
    qund_jw_kstr(&w, "text", text);
    qund_jw_kz(&w, "level", "info");
    if (s->ev->account.n > 0)
        qund_jw_kstr(&w, "account", s->ev->account);
    qund_jw_kbool(&w, "auto", true);
    if (s->group)
        qund_jw_kstr(&w, "group", s->ev->group);
    else
        qund_jw_kstr(&w, "person_id", s->ev->sender);
    if (!(s->ev->flags & QUND_EVF_MADE_ID))
        qund_jw_kstr(&w, "reply_to", s->ev->id);
    qund_jw_end_obj(&w);
    snprintf(name, sizeof(name), "order:%lld", (long long)s->row.seq);
    /* Somebody of the staff asked for it: it counts for nobody's cap (contact 0, not a reply). */
    return qund_say_push(
        e,
        &(struct qund_out_new){.key = qund_str(name),
                               .target = target,
                               .body = qund_buf_view(&body),
                               .deadline = e->now + ANSWER_FOR_MS},
        &(struct qund_said_new){.act = s->group ? QUND_SAID_FORWARD : QUND_SAID_PERSON,
                                .realm = s->row.realm,
                                .grp = s->row.grp,
                                .at = e->now,
                                .seq = s->row.seq,
                                .rule = QUND_STR("")});
}

int qund_engine_order(struct qund_engine *e, const struct subject *s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_order o;
    int64_t staff;
    int rc;

    if (!heard(s) || qund_order_read(s->ev->text, &o) < 0)
        return 0;
    staff = qund_crm_staff_of(e->crm, s->sender);
    if (staff <= 0)
        return 0;
    rc = qund_engine_roster(e);
    for (size_t i = 0; rc == 0 && i < o.n; i++) {
        int got = do_one(e, &o, o.ids[i], staff);

        rc = got < 0 ? got : put_answer(e, o.ids[i], got, o.english, &text);
    }
    return rc < 0 ? rc : answer(e, s, qund_buf_view(&text));
}
