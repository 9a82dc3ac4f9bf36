/* words.c - words that must not stand in a text, and how long a text may be.
 *
 * A template speaks towards customers without anybody reading it again, so what an employee would
 * be reminded of afterwards (config/rules/90-staff-risk.yaml) is refused beforehand. The lists here
 * are the narrow part of those: each word says the same wherever it stands. A denial right before
 * it
 * ("不承诺", "没有") takes the edge off. Words stand in their folded form and are looked for in the
 * folded text, so that "１００％" and traditional characters hide nothing; a test holds them
 * against that rule file, so that the two do not drift apart. */
#include "sop/template_parts.h"
#include "text/fold.h"

/* Absolute terms (Advertising Law, article 9) and promises of effect or profit. */
static const char *const ABSOLUTE[] = {
    "全网最低", "最低价",   "全市最低", "全城最低", "史上最低", "全国第一", "行业第一",
    "第一品牌", "国家级",   "世界级",   "顶级",     "最专业",   "最安全",   "最优惠",
    "最环保",   "最健康",   "最便宜",   "天下第一", "没有之一", "销量第一", "独一无二",
    "绝无仅有", "史无前例", "无风险",   "零副作用", "无副作用", "百分百",   "绝对安全",
    "绝对环保", "绝对有效", "绝对不会", "永不变形", "永久保修", "包治",     "根治",
    "治愈",     "药到病除", "包教会",   "包就业",   "保证瘦",   "保证通过", "保证考过",
    "保证录取", "保证提分", "稳赚",     "稳拿",     "必过",     "打包票",   "拍胸脯",
};
static const char *const PRIVATE[] = {
    "转我个人", "转我私人",   "走我个人",   "走我私人", "私人微信", "私人账户",
    "个人账户", "个人微信",   "私人支付宝", "个人收款", "私人收款", "私下交易",
    "不走公账", "不走平台",   "别走平台",   "绕过公司", "内部渠道", "内部名额",
    "转我微信", "转我支付宝", "打我卡",     "别声张",   "别外传",
};
/* In the voice of somebody who bought. */
static const char *const PURCHASE[] = {
    "我买了",   "我买过",   "我也买了", "我家买了", "我家买的", "我下单了", "我已下单",
    "我刚下单", "我也下单", "我抢到了", "我订了",   "我也订了", "我入手",   "我交了定金",
    "我家用了", "我家用的", "我家装的", "亲测",     "自用两年", "我也报了", "我学完了",
};
/* Left for later by whoever wrote the template. */
static const char *const UNDONE[] = {"待补", "待写", "待填", "此处填", "文案待定", "todo", "xxx"};

static const struct {
    const char *const *v;
    size_t n;
    bool deniable;
} LISTS[QUND_SOP_WORDINGS] = {
    [QUND_SOP_WORDS_ABSOLUTE] = {ABSOLUTE, QUND_ARRAY_LEN(ABSOLUTE), true},
    [QUND_SOP_WORDS_PRIVATE] = {PRIVATE, QUND_ARRAY_LEN(PRIVATE), true},
    [QUND_SOP_WORDS_PURCHASE] = {PURCHASE, QUND_ARRAY_LEN(PURCHASE), false},
    [QUND_SOP_WORDS_UNDONE] = {UNDONE, QUND_ARRAY_LEN(UNDONE), false},
};
static const char *const DENIALS[] = {"不", "别", "勿", "禁", "没有", "无", "非", "拒绝", "莫"};
#define DENIAL_CHARS 4u /* between a denial and what it denies, the denial included */

const char *const *qund_sop_wording_words(enum qund_sop_wording w, size_t *n)
{
    *n = LISTS[w].n;
    return LISTS[w].v;
}

/* The last few characters before `at` hold a denial. */
static bool denied(struct qund_str text, size_t at)
{
    size_t from = at;
    struct qund_str before;

    for (unsigned k = 0; k < DENIAL_CHARS && from > 0; k++) {
        do
            from--;
        while (from > 0 && ((unsigned char)text.p[from] & 0xC0) == 0x80);
    }
    before = qund_str_n(text.p + from, at - from);
    for (size_t i = 0; i < QUND_ARRAY_LEN(DENIALS); i++)
        if (qund_str_find(before, 0, qund_str(DENIALS[i])) >= 0)
            return true;
    return false;
}

struct qund_str qund_sop_wording_find(enum qund_sop_wording w, struct qund_str text)
{
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    struct qund_str s;

    if (!text.p || qund_fold_message(qund_fold_tables(), text, &folded) < 0)
        return QUND_STR_NONE;
    s = qund_buf_view(&folded.text);
    for (size_t i = 0; i < LISTS[w].n; i++) {
        struct qund_str word = qund_str(LISTS[w].v[i]);
        ptrdiff_t at = -1;

        while ((at = qund_str_find(s, (size_t)(at + 1), word)) >= 0)
            if (!LISTS[w].deniable || !denied(s, (size_t)at))
                return word;
    }
    return QUND_STR_NONE;
}

/* --- length ---------------------------------------------------------------------------------- */
/* The platforms' bounds are docs/sop-templates.md's table; where a text goes several ways the
 * narrowest holds. What is usual is ours: a longer post is scrolled past. */
static const struct qund_sop_limit LIMITS[QUND_SOP_CHANNELS] = {
    [QUND_SOP_CH_GROUP] = {600, 2048, "WeCom group robot: text of 2048 bytes"},
    [QUND_SOP_CH_NOTICE] = {600, 2048, "WeCom group robot: text of 2048 bytes"},
    [QUND_SOP_CH_ONE_TO_ONE] = {300, 2048, "WeCom customer service: text of 2048 bytes"},
    [QUND_SOP_CH_SMS] = {70, 1000, "one short message is 70 characters, a joined one some 335"},
    [QUND_SOP_CH_STAFF_TASK] = {0, 2048, "WeCom robot: the card is a text of 2048 bytes"},
    [QUND_SOP_CH_FORM] = {300, 2048, "WeCom group robot: text of 2048 bytes"},
};

const struct qund_sop_limit *qund_sop_limit(enum qund_sop_channel c)
{
    return &LIMITS[c];
}
