/* tests/unit/sop/sop_unit.h - a chat that goes through the engine, and rows beside it. */
#ifndef QUND_TEST_SOP_UNIT_H
#define QUND_TEST_SOP_UNIT_H
#include "desk.h"
/* After it. */
#include "sop/measure.h"

static const char CONFIG[] = "time: {zone: Asia/Shanghai}\n";
static const char RULES[] =
    "rules:\n"
    "  - id: bad\n    when: {any: [坏了]}\n    then: [{intent: complaint}, {intent: needs_reply}]\n"
    "  - id: ask\n    when: {any: [多少]}\n    then: [{intent: needs_reply}]\n"
    "  - id: out\n    when: {any: [退订]}\n    then: [{intent: opt_out}]\n"
    "  - id: room\n    when: {any: [我家]}\n    then: [{intent: room_no}]\n"
    "  - id: risk\n    when: {any: [保证赚], from: [staff]}\n    then: [{intent: staff_risk}]\n";

#define START 1757894400000 /* 2025-09-15T00:00:00Z */
#define MINUTE INT64_C(60000)
#define G1 1 /* the first group that speaks */

static inline void event(struct desk *d, int64_t ts, const char *group, const char *sender,
                         const char *role, const char *more)
{
    struct qund_buf json = {0};

    qund_buf_printf(&json, "{\"id\":\"e%llu\",\"ts\":%lld,\"sender\":\"%s\",\"sender_name\":\"%s\"",
                    (unsigned long long)d->next_id, (long long)ts, sender, sender);
    if (group)
        qund_buf_printf(&json, ",\"group\":\"%s\"", group);
    qund_buf_printf(&json, ",\"sender_role\":\"%s\",%s}", role, more);
    if (d->rx < ts)
        d->rx = ts;
    desk_event(d, json.p);
    qund_buf_done(&json);
}

/* In g1; staff…, bot… and koc… are what they are called. */
static inline void say(struct desk *d, int64_t ts, const char *sender, const char *text)
{
    struct qund_buf more = {0};
    const char *role = strncmp(sender, "staff", 5) == 0 ? "staff"
                       : strncmp(sender, "bot", 3) == 0 ? "bot"
                       : strncmp(sender, "koc", 3) == 0 ? "koc"
                                                        : "customer";

    qund_buf_printf(&more, "\"text\":\"%s\"", text);
    event(d, ts, "g1", sender, role, more.p);
    qund_buf_done(&more);
}

static inline int64_t who(struct desk *d, const char *pid)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT contact FROM identity WHERE pid = '%s'", pid);
    return desk_int(d, sql);
}

static inline void run_sql(struct desk *d, const char *text)
{
    if (qund_db_exec(d->db, text) < 0)
        fail_msg("%s: %s", text, qund_db_error(d->db));
}

static inline void fact(struct desk *d, int64_t group, int64_t contact, int64_t ts,
                        const char *kind, const char *what, int64_t n)
{
    assert_int_equal(qund_sop_fact_put(d->db, &(struct qund_sop_fact){.group = group,
                                                                      .contact = contact,
                                                                      .ts = ts,
                                                                      .seq = ts,
                                                                      .n = n,
                                                                      .kind = qund_str(kind),
                                                                      .what = qund_str(what)}),
                     0);
}

/* Plan 5 with its task 9, pushed. */
static inline void plan_with_task(struct desk *d)
{
    char text[800];

    snprintf(text, sizeof(text),
             "INSERT INTO plan(id, template, version, name, state, params, start, event, made,"
             " made_by) VALUES(5, 't', 1, 'p', 0, '{\"event.capacity\":\"40\"}', %lld, 0, 0, "
             "'test');"
             "INSERT INTO task(id, plan, step, grp, state, wanted, due, closes, role, channel,"
             " content) VALUES(9, 5, 'S01', 1, 3, 0, 0, 0, 4, 4, 'x')",
             (long long)START);
    run_sql(d, text);
}
#endif
