/* reason_say.c - why a task is held, skipped or over, as staff and operators read it.
 *
 * Reasons are kept as short words that a program can compare: "nobody", "cap:group_day",
 * "stop:speakers>=15%". Who opens the page of a task, or a plan's list, reads what they say. What a
 * person wrote himself (why it cannot be done) is left as it is. */
#include "sop/task.h"
#include "sop/template.h"

static const char *const WORDS[][2] = {
    {"no reason given", "没有说原因"},
    {"past its window", "过了时间"},
    {"paused past its window", "暂停到过了时间"},
    {"posted after its window", "过了时间才发"},
    {"past", "时间已过"},
    {"paused", "暂停"},
    {"recalled", "已撤回"},
    {"no_actor", "没有人选"},
    {"nobody", "没有人担任"},
    {"content", "缺记录里的数"},
    {"quiet", "勿扰时段"},
    {"merged", "合并发出"},
    {"group_closed", "群已解散"},
    {"plan_cancelled", "计划已取消"},
    {"not_posted", "没有发出"},
    {"no_base", "没有基数"},
    {"no_source", "没有来源"},
    {"gap", "消息可能没收全"},
    {"cap", "频次上限"},
    {"group_day", "每群每天"},
    {"group_day_last", "每群每天（活动前两天）"},
    {"group_month", "每群每月"},
    {"contact_week", "每人每周"},
    {"sender_day", "每员工每天"},
    {"stop", "停止条件"},
};

static void put_word(struct qund_str s, struct qund_buf *out)
{
    int flag = qund_sop_flag_parse(s);

    for (size_t i = 0; i < QUND_ARRAY_LEN(WORDS); i++)
        if (qund_str_is(s, WORDS[i][0])) {
            qund_buf_puts(out, WORDS[i][1]);
            return;
        }
    if (flag >= 0)
        qund_buf_puts(out, qund_sop_flag_zh((enum qund_sop_flag)flag));
    else
        qund_buf_str(out, s);
}

void qund_sop_reason_say(struct qund_str reason, struct qund_buf *out)
{
    struct qund_str rest = reason, kind = qund_str_split(&rest, ':');
    struct qund_sop_cond stop;
    bool stops = qund_str_is(kind, "stop");

    if (rest.p && !stops && !qund_str_is(kind, "cap")) { /* somebody's own words */
        qund_buf_str(out, reason);
        return;
    }
    put_word(kind, out);
    if (!rest.p)
        return;
    qund_buf_puts(out, "：");
    if (stops && qund_sop_cond_parse(rest, &stop, NULL) == 0)
        qund_sop_cond_say(&stop, QUND_STR_NONE, out);
    else
        put_word(rest, out);
}
