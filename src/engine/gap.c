/* src/engine/gap.c - a judgement over a span with a gap in it: void.
 *
 * "Nobody answered" is concluded from silence, and of a gap's silence nothing is known. Then no
 * overdue alert is raised and no ladder climbs; the manager is told once that it was not judged,
 * and may look for himself. Urgent alerts climb all the same: a doubtful call about somebody's
 * safety is better than none. Our own absence is a gap of all channels when it was longer than the
 * lateness: what was sent meanwhile is sent again by whoever can, within that time if it was short.
 * A gap that becomes known after the judgement changes nothing. */
#include "crm/gap.h"
#include "engine/internal.h"

int qund_engine_gap(struct qund_engine *e, struct subject *s)
{
    struct qund_crm_gap gap = {.realm = s->row.realm,
                               .channel = s->row.channel,
                               .account = s->ev->account,
                               .grp = s->group ? s->group->id : 0,
                               .from = qund_data_int(e, s->ev->data, "from"),
                               .to = qund_data_int(e, s->ev->data, "to"),
                               .unfilled = qund_data_int(e, s->ev->data, "unfilled"),
                               .seq = s->row.seq};
    int rc;

    if (gap.from == 0)
        gap.from = s->ev->ts;
    rc = qund_crm_gap_put(e->db, &gap);
    if (rc == 0)
        rc = qund_crm_gap_forget(e->db, e->now - e->config->store.retention_ms);
    if (rc < 0)
        return rc;
    e->tally.gaps++;
    rc = qund_gap_show(e);
    return rc < 0 ? rc : qund_engine_rules_for(e, s);
}

/* One alert for the manager a group: what was not judged within the merge window is counted in. */
static int tell_manager(struct qund_engine *e, int64_t grp, int64_t seq)
{
    struct qund_event ev = {.ts = e->now};
    struct subject s = {.ev = &ev, .row = {.grp = grp, .seq = seq}};
    int rc = qund_crm_group_by_id(e->crm, grp, &s.group);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    return qund_engine_alert(
        e, &s,
        &(struct qund_alert_new){
            .rule = QUND_STR("judgement-void"),
            .level = QUND_STR("info"),
            .to = QUND_STR("manager"),
            .title = QUND_STR("这段时间的消息可能没收全，超时未判，请到群里看一下")});
}

int qund_gap_voids(struct qund_engine *e, int64_t grp, int64_t seq, int64_t from, int64_t until)
{
    int rc = qund_crm_gap_overlaps(e->db, grp, from, until);

    if (rc <= 0)
        return rc;
    e->tally.voided++;
    rc = tell_manager(e, grp, seq);
    return rc < 0 ? rc : 1;
}

int qund_gap_voids_rung(struct qund_engine *e, const struct qund_timer *t)
{
    struct alert_window w;
    int64_t id;
    int rc;

    if (!qund_str_is(t->body, "rung"))
        return 0; /* its first push, or one that was put off: nothing is concluded */
    rc = qund_str_int(t->key, &id);
    if (rc == 0)
        rc = qund_alert_window_sql(e->db, id, &w);
    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (!w.open || w.urgent || w.grp <= 0 || w.seq <= 0)
        return 0;
    return qund_gap_voids(e, w.grp, w.seq, w.since, t->due - e->config->time.lateness_ms);
}

int qund_gap_since_last_life(struct qund_engine *e)
{
    int64_t from = e->deps.left ? e->deps.left->alive_ms : 0, to = e->deps.opened_ms;
    int rc;

    if (from == 0 || to - from <= e->config->time.lateness_ms)
        return 0;
    qund_log(e->deps.log, QUND_WARN, "engine.was_down", QUND_KV("seconds", (to - from) / 1000));
    e->tally.gaps++;
    rc = qund_crm_gap_forget(e->db, to - e->config->store.retention_ms);
    return rc < 0 ? rc : qund_crm_gap_down(e->db, from, to);
}

/* Cheap enough for each sweep: there are few. */
int qund_gap_show(struct qund_engine *e)
{
    int64_t open;
    int rc = qund_crm_gap_open(e->db, e->now, &open);

    if (rc == 0)
        qund_counter_set(e->count.gaps_open, open);
    return rc;
}
