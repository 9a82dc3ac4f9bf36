/* metric.c - the closed lists: what is counted, and what is simply so.
 *
 * A template asks about the world by these names alone. Each metric says where its figure comes
 * from, because a figure that nothing brings can be neither hit nor missed; each flag says whether
 * it is of one person, because a plan for a whole group has no such person to ask. What
 * staff read on cards and alerts is Chinese (`zh`). */
#include "sop/template.h"

static const struct {
    const char *name, *zh;
    enum qund_sop_source source;
    bool counts;
} METRICS[QUND_SOP_METRICS] = {
    [QUND_SOP_SPEAKERS] = {"speakers", "发言人数", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_MESSAGES] = {"messages", "发言数", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_KEYWORD_HITS] = {"keyword_hits", "说到关键词", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_LINK_CLICKS] = {"link_clicks", "点链接", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_FORM_SUBMITS] = {"form_submits", "交表单", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_SIGNUPS] = {"signups", "报名", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_SIGNUP_CONFIRMS] = {"signup_confirms", "确认到场", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_CANCELS] = {"cancels", "取消报名", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_CHECKINS] = {"checkins", "到场", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_COUPON_CLAIMS] = {"coupon_claims", "领券", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_REDEEMS] = {"redeems", "核销", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_ORDERS] = {"orders", "下单", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_ATTEND_LIVE] = {"attend_live", "看直播", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_HOMEWORK] = {"homework", "交作业", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_PHOTO_POSTS] = {"photo_posts", "晒图", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_ONE_TO_ONE_REPLIES] = {"one_to_one_replies", "私聊回复", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_JOINS] = {"joins", "入群", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_LEAVES] = {"leaves", "退群", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_COMPLAINTS] = {"complaints", "投诉", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_UNANSWERED] = {"unanswered", "没人回的问题", QUND_SOP_FROM_CHAT, false},
    [QUND_SOP_REPLY_MINUTES] = {"reply_minutes", "回复用时（分钟）", QUND_SOP_FROM_CHAT, false},
    [QUND_SOP_SATISFACTION] = {"satisfaction", "满意度", QUND_SOP_REPORTED, false},
    [QUND_SOP_TASK_DONE] = {"task_done", "做完", QUND_SOP_FROM_CHAT, false},
    [QUND_SOP_STOCK] = {"stock", "库存", QUND_SOP_REPORTED, false},
    [QUND_SOP_REFUNDS] = {"refunds", "退款", QUND_SOP_FROM_EVENTS, true},
};

const char *qund_sop_metric_name(enum qund_sop_metric m)
{
    return (unsigned)m < QUND_SOP_METRICS ? METRICS[m].name : "?";
}

const char *qund_sop_metric_zh(enum qund_sop_metric m)
{
    return (unsigned)m < QUND_SOP_METRICS ? METRICS[m].zh : "?";
}

int qund_sop_metric_parse(struct qund_str s)
{
    for (int i = 0; i < QUND_SOP_METRICS; i++)
        if (qund_str_is(s, METRICS[i].name))
            return i;
    return QUND_E_NOTFOUND;
}

enum qund_sop_source qund_sop_metric_source(enum qund_sop_metric m)
{
    return METRICS[m].source;
}

bool qund_sop_metric_counts(enum qund_sop_metric m)
{
    return METRICS[m].counts;
}

static const struct {
    const char *name, *zh;
    bool personal;
} FLAGS[QUND_SOP_FLAGS] = {
    [QUND_SOP_FLAG_NONE] = {"", "", false},
    [QUND_SOP_OPT_OUT] = {"opt_out", "退订", true},
    [QUND_SOP_LEFT_GROUP] = {"left_group", "已退群", true},
    [QUND_SOP_SPOKE] = {"spoke", "已发言", true},
    [QUND_SOP_REPLIED] = {"replied", "已回复", true},
    [QUND_SOP_FORM_SUBMITTED] = {"form_submitted", "已交表单", true},
    [QUND_SOP_ORDERED] = {"ordered", "已下单", true},
    [QUND_SOP_CONVERTED] = {"converted", "已成交", true},
    [QUND_SOP_SIGNUP_CANCELLED] = {"signup_cancelled", "已取消报名", true},
    [QUND_SOP_HOMEWORK_SUBMITTED] = {"homework_submitted", "已交作业", true},
    [QUND_SOP_COMPLAINT_OPEN] = {"complaint_open", "有投诉没处理完", true},
    [QUND_SOP_ROOM_KNOWN] = {"room_known", "已知房号", true},
    [QUND_SOP_ONE_TO_ONE_RUNNING] = {"one_to_one_running", "正在一对一跟进", true},
    [QUND_SOP_GROUP_PAUSED] = {"group_paused", "群已暂停", false},
    [QUND_SOP_EVENT_CANCELLED] = {"event_cancelled", "活动取消", false},
    [QUND_SOP_KOC_NOT_INVITED] = {"koc_not_invited", "没有邀请到群粉丝", false},
    [QUND_SOP_SOLVED] = {"solved", "已解决", false},
    [QUND_SOP_MERGED] = {"merged", "已合并", false},
    [QUND_SOP_REFUND_OPEN] = {"refund_open", "有退款没处理完", false},
    [QUND_SOP_SAFETY_ISSUE] = {"safety_issue", "有安全问题", false},
    [QUND_SOP_STOCK_WITHDRAWN] = {"stock_withdrawn", "货已下架", false},
    [QUND_SOP_MENTION_ALL_USED] = {"mention_all_used", "已经 @ 过所有人", false},
    [QUND_SOP_NOT_AGREED_TO_PUBLISH] = {"not_agreed_to_publish", "本人没有同意公开", false},
    [QUND_SOP_DISCLOSURE_MISSING] = {"disclosure_missing", "缺披露", false},
    [QUND_SOP_STAFF_RISK] = {"staff_risk", "员工说了不该说的", false},
    [QUND_SOP_RESTRICTED_WORD] = {"restricted_word", "有限制用语", false},
};

const char *qund_sop_flag_name(enum qund_sop_flag f)
{
    return (unsigned)f < QUND_SOP_FLAGS ? FLAGS[f].name : "?";
}

const char *qund_sop_flag_zh(enum qund_sop_flag f)
{
    return (unsigned)f < QUND_SOP_FLAGS ? FLAGS[f].zh : "?";
}

int qund_sop_flag_parse(struct qund_str s)
{
    for (int i = QUND_SOP_FLAG_NONE + 1; i < QUND_SOP_FLAGS; i++)
        if (qund_str_is(s, FLAGS[i].name))
            return i;
    return QUND_E_NOTFOUND;
}

bool qund_sop_flag_personal(enum qund_sop_flag f)
{
    return (unsigned)f < QUND_SOP_FLAGS && FLAGS[f].personal;
}
