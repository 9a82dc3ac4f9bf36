/* src/http/link_words.c - what the page of a signed link says, Chinese and English side by side,
 * and which of the two a browser asks for. */
#include "http/link_page.h"

static const char *const WORD[LINK_WORDS][2] = {
    [W_TITLE] = {"提醒", "Reminder"},
    [W_OPEN] = {"还没有人处理", "Nobody has taken it yet"},
    [W_ACKED] = {"已有人收到", "Taken"},
    [W_RESOLVED] = {"已完成", "Done"},
    [W_IRRELEVANT_STATE] = {"已标为无关", "Marked not relevant"},
    [W_SNOOZED] = {"稍后再提醒：", "Put off until "},
    [W_BY] = {"由", "by"},
    [W_NOTE] = {"备注", "Note"},
    [W_PROOF] = {"凭证（文字或链接）", "Proof (words or an address)"},
    [W_NUMBER] = {"数字（如成交 12.5）", "A figure, such as 12.5"},
    [W_CONTEXT] = {"之前的消息", "What was said before"},
    [W_SUGGEST] = {"可以这样回（轻点即可全选）", "What could be answered (a tap selects it)"},
    [W_TIMES] = {"次", "times"},
    [W_TAKE] = {"收到，我来处理", "I take it"},
    [W_LATER] = {"稍后提醒", "Later"},
    [W_15M] = {"15 分钟", "15 min"},
    [W_1H] = {"1 小时", "1 hour"},
    [W_TOMORROW] = {"明天 9:00", "Tomorrow 9:00"},
    [W_OTHER_TIME] = {"其他时间，如 2小时、18:00", "Another time: 2h, 18:00"},
    [W_SET] = {"设定", "Set"},
    [W_DONE] = {"完成", "Done"},
    [W_FINISH] = {"标为完成", "Mark as done"},
    [W_REASSIGN] = {"转交", "Hand over"},
    [W_CHOOSE] = {"选择同事", "Choose a colleague"},
    [W_UNREACHED] = {"没有列出的同事，还没有设置接收提醒的地方。",
                     "Who is not in the list has nowhere to be told."},
    [W_HAND] = {"转交给 TA", "Hand over"},
    [W_IRRELEVANT] = {"与我们无关", "Not relevant"},
    [W_REOPEN] = {"还没完，重新打开", "It is not done: open again"},
    [W_ALL] = {"我的全部提醒", "All my reminders"},
    [W_NONE_OPEN] = {"没有待处理的提醒", "Nothing is open"},
    [W_LEVEL_URGENT] = {"紧急", "urgent"},
    [W_LEVEL_WARN] = {"提醒", "warning"},
    [W_LEVEL_INFO] = {"消息", "info"},
    [W_STAFF] = {"客服", "staff"},
    [W_DESK] = {"后台", "the desk"},
    [W_CHAT] = {"群内回复", "an answer in the chat"},
    [W_YOURS] = {"此链接仅供", "This link is for"},
    [W_OTHER_LANG] = {"English", "中文"},
    [W_TASK] = {"任务", "Task"},
    [W_SAY] = {"要发的内容（轻点即可全选）", "What to say (a tap selects all of it)"},
    [W_COPY] = {"复制", "Copy"},
    [W_COPIED] = {"已复制，去群里粘贴", "Copied: paste it in the group"},
    [W_UNTIL] = {"截止", "until"},
    [W_MEDIA] = {"图片和文件", "Pictures and files"},
    [W_CANT] = {"做不了", "It cannot be done"},
    [W_REASON] = {"原因", "Why"},
    [W_CANT_BUTTON] = {"做不了，告诉负责人", "Tell the manager"},
    [W_30M] = {"30 分钟", "30 min"},
    [W_2H] = {"2 小时", "2 hours"},
    [W_T_OPEN] = {"待完成", "To be done"},
    [W_T_HELD] = {"暂缓", "Held back"},
    [W_T_DONE] = {"已完成", "Done"},
    [W_T_CLAIMED] = {"按回复记为完成", "as somebody said"},
    [W_T_PROVED] = {"已在群里看到", "seen in the group"},
    [W_T_SKIPPED] = {"已跳过", "Skipped"},
    [W_T_EXPIRED] = {"已过截止时间", "Its time has passed"},
    [W_T_CANCELLED] = {"计划已取消", "Its plan was cancelled"},
    [W_T_FAILED] = {"做不了", "Could not be done"},
    [W_OWN_WORDS] = {"请受邀客户本人用自己的话说，末尾保留披露。",
                     "For the invited customer's own words; the disclosure stays at the end."},
};

static const char *const SAID[LINK_SAIDS][3] = {
    [LINK_DONE] = {"done", "好的，已记录。", "Thank you, that is noted."},
    [LINK_ALREADY] = {"already", "不用再点了：已经是这样了。",
                      "No need to press again: that is the case already."},
    [LINK_NEWER] = {"newer", "同一件事已有新的提醒，请处理那一条。",
                    "There is a newer reminder of the same matter; please see that one."},
    [LINK_GONE] = {"gone", "这条提醒已经不在了。", "This reminder is no longer there."},
    [LINK_DENIED] = {"denied", "您已不在值班人员名单中，请联系管理员。",
                     "You are no longer on the staff; please ask your manager."},
    [LINK_NUMBER] = {"number", "数字没有看懂，请写成 12 或 3.5。",
                     "The figure was not understood; write 12 or 3.5."},
    [LINK_TIME] =
        {"time", "时间没有看懂，请写成 30分钟、18:00 或 明天 9:00（30 天以内）。",
         "The time was not understood; write 30m, 18:00 or tomorrow 9:00 (within 30 days)."},
    [LINK_TO] = {"to", "没有转交：请另选一位同事。", "Not handed over: choose another colleague."},
    [LINK_WINDOW] = {"window", "只能推迟到截止之前。",
                     "It can be put off only until its window ends."},
    [LINK_BUSY] = {"busy", "系统正忙，没有保存，请再点一次。",
                   "The system is busy, nothing was kept; please press once more."},
    [LINK_FORM] = {"form", "没有看懂，请再试一次。", "That was not understood; please try again."},
};

static const char *const NOTES[][2] = {
    [LINK_NOTE_INVALID] = {"这个链接不完整或不正确。请从收到的消息里重新打开，或复制完整的地址。",
                           "This link is incomplete or not right. Open it from the message you "
                           "were sent, or copy the whole address."},
    [LINK_NOTE_EXPIRED] = {"这个链接已过期，什么也没有改动。请打开较新的提醒，或请管理员处理。",
                           "This link has expired; nothing was changed. Open a newer reminder, "
                           "or ask your manager."},
    [LINK_NOTE_MANY] = {"错误的链接太多，请稍等一分钟再试。",
                        "Too many wrong links; please wait a minute."},
    [LINK_NOTE_LEFT] = {"您已不在值班人员名单中，或这条提醒已经不在了。请联系管理员。",
                        "You are no longer on the staff, or the reminder is no longer there. "
                        "Please ask your manager."},
};

const char *qund_link_word(enum link_word w, bool english)
{
    return WORD[w][english];
}

const char *qund_link_said_word(enum link_said s)
{
    return SAID[s][0];
}

const char *qund_link_said_text(enum link_said s, bool english)
{
    return SAID[s][1 + english];
}

const char *qund_link_note_text(enum link_note note, bool english)
{
    return NOTES[note][english];
}

/* Of zh and en the one with the higher q, the first of equals; Chinese when neither is named. */
bool qund_link_english(struct qund_str list)
{
    int best = 0;
    bool english = false;

    while (list.p) {
        struct qund_str tag = qund_str_trim(qund_str_split(&list, ',')), q = tag;
        int weight = 1000;

        tag = qund_str_trim(qund_str_split(&q, ';'));
        q = q.p ? qund_str_trim(q) : q;
        if (q.p && qund_str_starts(q, "q=0")) {
            weight = 0;
            for (size_t i = 4, unit = 100; i < q.n && i < 7 && q.p[i] >= '0' && q.p[i] <= '9';
                 i++) {
                weight += (int)unit * (q.p[i] - '0');
                unit /= 10;
            }
        }
        if (tag.n < 2 || weight <= best)
            continue;
        if ((tag.p[0] | 32) == 'e' && (tag.p[1] | 32) == 'n' && (tag.n == 2 || tag.p[2] == '-')) {
            best = weight;
            english = true;
        } else if ((tag.p[0] | 32) == 'z' && (tag.p[1] | 32) == 'h') {
            best = weight;
            english = false;
        }
    }
    return english;
}
