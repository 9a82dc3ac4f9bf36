/* src/cli/sop_words.c - the words in which operators read what identifiers say. */
#include "cli/sop_view.h"
#include "sop/task.h"
#include "sop/template.h"

static const char *const WORDS[][2] = {
    {"star", "明星"},
    {"expert", "专家"},
    {"koc_fan", "群粉丝"},
    {"leader", "领导"},
    {"consultant", "顾问"},
    {"questioner", "提问主持"},
    {"first_buyer", "首单"},
    {"store", "门店"},
    {"manager", "经理"},
    {"system", "系统"},
    {"on_duty", "值班人"},
    {"group_owner", "群主"},
    {"auditor", "审核"},
    {"group", "群"},
    {"group_notice", "公告"},
    {"one_to_one", "私聊"},
    {"sms", "短信"},
    {"staff_task", "内部"},
    {"form", "表单"},
    {"planned", "计划"},
    {"held", "暂缓"},
    {"ready", "就绪"},
    {"pushed", "已提醒"},
    {"seen", "已看"},
    {"done", "完成"},
    {"skipped", "跳过"},
    {"expired", "过期"},
    {"cancelled", "取消"},
    {"failed", "没做成"},
    {"claimed", "自报"},
    {"proved", "证实"},
    {"hit", "达成"},
    {"miss", "未达成"},
    {"void", "不判"},
    {"open", "未到时"},
    {"info", "知会"},
    {"warn", "注意"},
    {"urgent", "紧急"},
    {"running", "进行中"},
    {"paused", "暂停"},
    {"finished", "结束"},
    {"person", "提醒员工，由人发"},
    {"confirm", "员工在手机上确认后发出"},
    {"direct", "账号自己发"},
    {"by_hand", "就绪，空处由发的人填"},
    {"due", "到点"},
    {"hold", "暂缓"},
    {"release", "放行"},
    {"push", "提醒"},
    {"see", "看过"},
    {"claim", "自报"},
    {"prove", "证实"},
    {"disprove", "撤回证实"},
    {"postpone", "推迟"},
    {"hand_over", "转交"},
    {"skip", "跳过"},
    {"expire", "过期"},
    {"cancel", "取消"},
    {"fail", "没做成"},
    {"replan", "重排"},
    {"post_late", "补发"},
    {"engine", "系统"},
    {"chat", "群里"},
    {"contact", "每人一份"},
    {"member", "每位成员一份"},
    {"any", "不限类型"},
    {"home", "家居"},
    {"ecommerce", "电商"},
    {"course", "课程"},
    {"ticketing", "票务"},
    {"manual", "手动开始"},
    {"date", "到日期"},
    {"event", "按活动"},
    {"member_joined", "入群时"},
    {"keyword", "说到关键词时"},
    {"tag_added", "打上标签时"},
    {"order_paid", "付款后"},
    {"dormant", "沉默太久"},
    {"birthday", "生日"},
    {"lead_stage", "线索到某阶段"},
    {"plan_finished", "接在另一计划后"},
    {"silent", "客户不说话"},
    {"normal", "客户有反应"},
    {"complaint", "有人投诉"},
    {"absent-staff", "员工不在"},
};

/* Counts have both as their keys. */
void cli_put_reason(const char *word, struct qund_buf *out)
{
    const char *zh = cli_zh(word);

    if (zh != word)
        qund_buf_puts(out, zh);
    else
        qund_sop_reason_say(qund_str(word), out);
}

void cli_put_goal(const char *wanted, struct qund_buf *out)
{
    bool most = wanted[0] == '<';

    qund_buf_puts(out, most ? "≤" : "≥");
    cli_put_value(wanted + strspn(wanted, "<>= "), out);
}

void cli_put_value(const char *value, struct qund_buf *out)
{
    struct qund_str rest = qund_str(value);
    ptrdiff_t of = qund_str_find(rest, 0, QUND_STR(" of "));

    if (of < 0) {
        qund_buf_str(out, rest);
        return;
    }
    qund_buf_printf(out, "%s的%.*s", cli_zh(value + of + 4), (int)of, value);
}

/* What templates count and ask has its words where it is counted. */
static const char *of_template(struct qund_str s)
{
    int metric = qund_sop_metric_parse(s), flag = qund_sop_flag_parse(s);

    if (metric >= 0)
        return qund_sop_metric_zh((enum qund_sop_metric)metric);
    if (flag >= 0)
        return qund_sop_flag_zh((enum qund_sop_flag)flag);
    for (int i = 0; i < QUND_SOP_BASES; i++)
        if (qund_str_is(s, qund_sop_count_of_name((enum qund_sop_count_of)i)))
            return qund_sop_count_of_zh((enum qund_sop_count_of)i);
    return NULL;
}

const char *cli_zh(const char *identifier)
{
    const char *word = NULL;

    for (size_t i = 0; !word && i < QUND_ARRAY_LEN(WORDS); i++)
        if (strcmp(WORDS[i][0], identifier) == 0)
            word = WORDS[i][1];
    if (!word)
        word = of_template(qund_str(identifier));
    return word ? word : identifier;
}
