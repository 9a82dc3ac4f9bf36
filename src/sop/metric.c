/* metric.c - the closed lists: what is counted, and what is simply so.
 *
 * A template asks about the world by these names alone. Each metric says where its figure comes
 * from, because a figure that nothing brings can be neither hit nor missed; each flag says whether
 * it is of one person, because a plan for a whole group has no such person to ask. */
#include "sop/template.h"

static const struct {
    const char *name;
    enum qund_sop_source source;
    bool counts;
} METRICS[QUND_SOP_METRICS] = {
    [QUND_SOP_SPEAKERS] = {"speakers", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_MESSAGES] = {"messages", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_KEYWORD_HITS] = {"keyword_hits", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_LINK_CLICKS] = {"link_clicks", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_FORM_SUBMITS] = {"form_submits", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_SIGNUPS] = {"signups", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_SIGNUP_CONFIRMS] = {"signup_confirms", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_CANCELS] = {"cancels", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_CHECKINS] = {"checkins", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_COUPON_CLAIMS] = {"coupon_claims", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_REDEEMS] = {"redeems", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_ORDERS] = {"orders", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_ATTEND_LIVE] = {"attend_live", QUND_SOP_FROM_EVENTS, true},
    [QUND_SOP_HOMEWORK] = {"homework", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_PHOTO_POSTS] = {"photo_posts", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_ONE_TO_ONE_REPLIES] = {"one_to_one_replies", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_JOINS] = {"joins", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_LEAVES] = {"leaves", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_COMPLAINTS] = {"complaints", QUND_SOP_FROM_CHAT, true},
    [QUND_SOP_UNANSWERED] = {"unanswered", QUND_SOP_FROM_CHAT, false},
    [QUND_SOP_REPLY_MINUTES] = {"reply_minutes", QUND_SOP_FROM_CHAT, false},
    [QUND_SOP_SATISFACTION] = {"satisfaction", QUND_SOP_REPORTED, false},
    [QUND_SOP_TASK_DONE] = {"task_done", QUND_SOP_FROM_CHAT, false},
    [QUND_SOP_STOCK] = {"stock", QUND_SOP_REPORTED, false},
    [QUND_SOP_REFUNDS] = {"refunds", QUND_SOP_FROM_EVENTS, true},
};

const char *qund_sop_metric_name(enum qund_sop_metric m)
{
    return (unsigned)m < QUND_SOP_METRICS ? METRICS[m].name : "?";
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
    const char *name;
    bool personal;
} FLAGS[QUND_SOP_FLAGS] = {
    [QUND_SOP_FLAG_NONE] = {"", false},
    [QUND_SOP_OPT_OUT] = {"opt_out", true},
    [QUND_SOP_LEFT_GROUP] = {"left_group", true},
    [QUND_SOP_SPOKE] = {"spoke", true},
    [QUND_SOP_REPLIED] = {"replied", true},
    [QUND_SOP_FORM_SUBMITTED] = {"form_submitted", true},
    [QUND_SOP_ORDERED] = {"ordered", true},
    [QUND_SOP_CONVERTED] = {"converted", true},
    [QUND_SOP_SIGNUP_CANCELLED] = {"signup_cancelled", true},
    [QUND_SOP_HOMEWORK_SUBMITTED] = {"homework_submitted", true},
    [QUND_SOP_COMPLAINT_OPEN] = {"complaint_open", true},
    [QUND_SOP_ROOM_KNOWN] = {"room_known", true},
    [QUND_SOP_ONE_TO_ONE_RUNNING] = {"one_to_one_running", true},
    [QUND_SOP_GROUP_PAUSED] = {"group_paused", false},
    [QUND_SOP_EVENT_CANCELLED] = {"event_cancelled", false},
    [QUND_SOP_KOC_NOT_INVITED] = {"koc_not_invited", false},
    [QUND_SOP_SOLVED] = {"solved", false},
    [QUND_SOP_MERGED] = {"merged", false},
    [QUND_SOP_REFUND_OPEN] = {"refund_open", false},
    [QUND_SOP_SAFETY_ISSUE] = {"safety_issue", false},
    [QUND_SOP_STOCK_WITHDRAWN] = {"stock_withdrawn", false},
    [QUND_SOP_MENTION_ALL_USED] = {"mention_all_used", false},
    [QUND_SOP_NOT_AGREED_TO_PUBLISH] = {"not_agreed_to_publish", false},
    [QUND_SOP_DISCLOSURE_MISSING] = {"disclosure_missing", false},
    [QUND_SOP_STAFF_RISK] = {"staff_risk", false},
    [QUND_SOP_RESTRICTED_WORD] = {"restricted_word", false},
};

const char *qund_sop_flag_name(enum qund_sop_flag f)
{
    return (unsigned)f < QUND_SOP_FLAGS ? FLAGS[f].name : "?";
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
