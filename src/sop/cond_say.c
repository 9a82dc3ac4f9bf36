/* cond_say.c - conditions and spans of time as staff read them.
 *
 * In a template a condition is a short string of its language ("speakers<10 in 2h", cond.c), and so
 * it is kept and printed. Whoever gets an alert has never seen the template: there it is what it
 * says, "2 小时内发言人数不到 10". `at` is left out, because the alert comes at that time, and so
 * is the base that is meant when none is named. A value that is a variable is said as what was
 * typed for it. */
#include "sop/measure.h"
#include "sop/template.h"

static const char *const SIGNS[] = {
    [QUND_SOP_GTE] = "达到", [QUND_SOP_LTE] = "不超过", [QUND_SOP_GT] = "超过",
    [QUND_SOP_LT] = "不到",  [QUND_SOP_EQ] = "等于",
};

void qund_sop_duration_say(int64_t ms, struct qund_buf *out)
{
    static const struct {
        int64_t ms;
        const char *name;
    } UNITS[] = {{QUND_DAY_MS, "天"}, {QUND_HOUR_MS, "小时"}, {60000, "分钟"}};
    int said = 0;

    if (ms < 60000)
        qund_buf_puts(out, "不到 1 分钟");
    for (size_t i = 0; i < QUND_ARRAY_LEN(UNITS) && said < 2; i++) {
        if (ms / UNITS[i].ms > 0)
            qund_buf_printf(out, "%s%lld %s", said++ ? " " : "", (long long)(ms / UNITS[i].ms),
                            UNITS[i].name);
        ms %= UNITS[i].ms;
    }
}

static void say_value(const struct qund_sop_value *v, struct qund_str typed, struct qund_buf *out)
{
    struct qund_sop_value bare = *v;

    if (v->percent && v->of != QUND_SOP_OF_CUSTOMERS)
        qund_buf_printf(out, "%s的", qund_sop_count_of_zh(v->of));
    qund_buf_char(out, ' ');
    bare.of = QUND_SOP_OF_CUSTOMERS;
    if (v->var.p && typed.p)
        qund_buf_str(out, typed);
    else
        qund_sop_value_print(&bare, out);
}

void qund_sop_cond_say(const struct qund_sop_cond *c, struct qund_str typed, struct qund_buf *out)
{
    if (c->flag != QUND_SOP_FLAG_NONE) {
        qund_buf_puts(out, qund_sop_flag_zh(c->flag));
        return;
    }
    if (c->metric == QUND_SOP_TASK_DONE &&
        !c->value.var.p) { /* no number of things: it is or not */
        qund_buf_puts(out, qund_sop_holds(c->op, 0, c->value.n) ? "还没做完" : "已做完");
        return;
    }
    if (c->in_ms > 0) {
        qund_sop_duration_say(c->in_ms, out);
        qund_buf_puts(out, "内");
    }
    qund_buf_puts(out, qund_sop_metric_zh(c->metric));
    if (c->of_what.p)
        qund_buf_printf(out, "（%.*s）", QUND_STR_ARG(c->of_what));
    qund_buf_puts(out, SIGNS[c->op]);
    say_value(&c->value, typed, out);
}
