/* src/sop/task_say.c - posts that need no reminder: our own account says them, or they are laid
 * before a member of staff who only confirms.
 *
 * `direct`: where a bot may post, the target that speaks in the chats of the group's channel gets
 * the words as a message. What the peer took is a claim; the message met again in the stream is the
 * proof (engine/own.c).
 *
 * `confirm`: in the customer groups of WeCom nothing posts by itself. What can be made for an
 * employee is a task of the platform (a mass message with its text and its group) that he sends
 * with one tap. So the words go to the channel's `confirm_through` with his name, and then a person
 * is waited for: the peer's answer says nothing of the post, he has not sent it yet. His own post
 * in the group is the proof, as if he had written it, and near the end of the window stand-in and
 * manager are told like of any task. Where the peer refuses, he gets the card he would have got.
 *
 * What goes this way is no reminder: it is never gathered into a card (no `alert` in its row). */
#include "outbox/said.h"
#include "sop/task_parts.h"
#include <stdio.h>

#define DIRECT_FOR_MS (30 * 60000) /* a post that is half an hour late is another post */

/* Who confirms: by name, and by the ids he has on each platform. */
static int put_person(struct qund_sop *s, int64_t staff, struct qund_jw *w)
{
    const struct sop_person *person;
    int rc = qund_sop_person(s, staff, &person);

    if (rc < 0)
        return rc;
    qund_jw_key(w, "person");
    qund_jw_obj(w);
    qund_jw_kint(w, "id", staff);
    qund_jw_kstr(w, "name", qund_buf_view(&person->name));
    qund_jw_key(w, "ids");
    qund_jw_raw(w, person->ids.n > 0 ? qund_buf_view(&person->ids) : QUND_STR("{}"));
    qund_jw_end_obj(w);
    return 0;
}

static int said_body(struct qund_sop *s, const struct task_all *a, const struct task_voice *v,
                     struct qund_buf *out)
{
    struct qund_jw w = qund_jw(out);
    int rc = 0;

    qund_jw_obj(&w);
    qund_jw_kz(&w, "kind", "message");
    qund_jw_key(&w, "short");
    qund_jw_printf(&w, "T%lld", (long long)a->t.id);
    qund_jw_kstr(&w, "text", a->t.content);
    qund_jw_kz(&w, "level", "info");
    qund_jw_kbool(&w, "auto", v->how == QUND_DELIVER_DIRECT);
    qund_jw_kstr(&w, "group", v->group->pid);
    qund_jw_kbool(&w, "notice", a->t.channel == QUND_SOP_CH_NOTICE);
    if (v->how == QUND_DELIVER_CONFIRM) {
        qund_jw_kbool(&w, "confirm", true);
        qund_jw_kts(&w, "until", a->t.closes);
        if (a->t.media.n > 0) { /* names: who confirms has the files */
            qund_jw_key(&w, "media_wanted");
            qund_jw_raw(&w, a->t.media);
        }
        rc = put_person(s, a->t.staff, &w);
    }
    qund_jw_end_obj(&w);
    return rc;
}

int qund_task_say(struct qund_sop *s, const struct task_all *a, const struct task_voice *v,
                  int64_t now)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_said_new said = {.act = QUND_SAID_TASK,
                                 .realm = v->group->realm,
                                 .grp = v->group->id,
                                 .at = now,
                                 .rule = QUND_STR("")};
    int64_t latest = v->how == QUND_DELIVER_CONFIRM ? a->t.closes : now + DIRECT_FOR_MS;
    char key[48];
    int rc = said_body(s, a, v, &body);

    if (rc < 0)
        return rc;
    snprintf(key, sizeof(key), "task:%lld:say", (long long)a->t.id);
    rc = qund_outbox_add(
        s->deps.outbox,
        &(struct qund_out_new){.key = qund_str(key),
                               .target = v->target,
                               .body = qund_buf_view(&body),
                               .rest = qund_task_rest(a, now),
                               .clock = v->group->id,
                               .deadline = a->t.closes < latest ? a->t.closes : latest},
        now, &said.outbox);
    if (rc == QUND_E_EXISTS)
        return 0;
    said.task = a->t.id;
    return rc < 0 ? rc : qund_said_add(s->deps.db, &said);
}

/* --- what became of it --- */

static int move(struct qund_sop *s, int64_t task, enum qund_task_event event,
                struct qund_str reason, int64_t now, struct qund_sop_effects *fx)
{
    int rc =
        qund_task_move(s, task,
                       &(struct qund_task_change){
                           .event = event, .by = QUND_STR("qund"), .reason = reason, .now = now},
                       fx, NULL);

    return rc == QUND_E_INVAL || rc == QUND_E_NOTFOUND ? 0 : rc;
}

/* The platform would not have it: he is asked to post by hand, and has no second task of it. */
static int fall_back(struct qund_sop *s, struct task_all *a, int64_t now,
                     struct qund_sop_effects *fx)
{
    int rc;

    if (!qund_task_open(a->t.state))
        return 0;
    a->t.flags &= ~(unsigned)QUND_TASK_TO_CONFIRM;
    rc = qund_task_sql_set(s->deps.db, &a->t);
    return rc < 0 ? rc : qund_task_tell_person(s, a, now, fx);
}

int qund_task_said(struct qund_sop *s, int64_t task, enum qund_out_event event,
                   struct qund_str reason, int64_t now, struct qund_sop_effects *fx)
{
    bool lost = event == QUND_OUT_EV_DROP || event == QUND_OUT_EV_EXPIRE;
    struct task_all a;
    int rc;

    if (event == QUND_OUT_EV_PROVED)
        return move(s, task, QUND_TASK_EV_PROVE, reason, now, fx);
    if (!lost && event != QUND_OUT_EV_ACCEPTED)
        return 0;
    rc = qund_task_all(s, fx->arena, task, &a);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (!(a.t.flags & QUND_TASK_TO_CONFIRM))
        return move(s, task, lost ? QUND_TASK_EV_FAIL : QUND_TASK_EV_CLAIM, reason, now, fx);
    return lost ? fall_back(s, &a, now, fx) : 0;
}
