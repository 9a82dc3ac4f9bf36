/* claims.c - what a text says that no list of words can hold: figures somebody made up, and
 * accounts of somebody's own.
 *
 * "86人已下单" in a template is a figure as easily invented as counted, and made-up sales are what
 * the trade is fined for (Anti-Unfair-Competition Law, article 8): such a number comes from the
 * records ({{count.orders}}) or is not said. It is told from a number that promises or limits
 * (满30人成团, 前50名下单送, 限30份) by what stands around it: the deed is done (已…, …了), and
 * nothing before the number makes it a condition. A number without a deed is not looked at.
 *
 * "微信 abc12345" leads away from the firm like 私人微信 does, without any of its words: the name
 * of a service with an account behind it, or 加我 before it. What belongs to the firm (企业微信, a
 * group, a link) passes. */
#include "sop/template_parts.h"
#include "text/fold.h"

#define BETWEEN 8 /* characters between the number's unit and what was done */
#define ACCOUNT_LEAST 6u
#define ACCOUNT_MOST 20u
#define NUMBER_LEAST 5u /* digits of a QQ */

static const char *const UNITS[] = {"人", "位", "户", "单", "份", "家", "件", "套",
                                    "名", "组", "台", "盒", "箱", "笔", "个"};
static const char *const MORE[] = {"多", "余", "来", "几", "+", "万", "千", "百"};
static const char *const NUMERALS[] = {"一", "二", "两", "三", "四", "五", "六", "七",
                                       "八", "九", "十", "百", "千", "万", "几"};
/* Right before a number: it limits or promises. */
static const char *const CONDITIONS[] = {"前", "满", "每", "限", "第",
                                         "够", "凑", "达", "到", "每户"};
static const char *const HAVE[] = {"已经有", "已有", "已经", "已"};
static const char *const DEEDS[] = {"下单", "下定", "成交", "报名", "到场", "抢", "购买", "付款",
                                    "买",   "订",   "预约", "签",   "参团", "拼", "入手", "接龙"};
static const char *const DONE[] = {"下了单", "报了名", "付了款", "签了",   "买了",
                                   "订了",   "抢了",   "拼了",   "下单了", "下定了",
                                   "报名了", "成交了", "参团了"};
/* The other order: "已成交 36 单". */
static const char *const CLAIMS[] = {"成交",   "下定", "已下单", "已售", "已卖", "已抢", "已报名",
                                     "已到场", "售出", "卖出",   "卖了", "卖掉", "抢走"};

struct words {
    const char *const *v;
    size_t n;
};
#define WORDS(list) ((struct words){list, QUND_ARRAY_LEN(list)})

/* Bytes of the first of the words that stands at `at`; 0: none. */
static size_t one_at(struct qund_str s, size_t at, struct words w)
{
    for (size_t i = 0; at < s.n && i < w.n; i++)
        if (qund_str_starts(qund_str_n(s.p + at, s.n - at), w.v[i]))
            return strlen(w.v[i]);
    return 0;
}

static bool one_before(struct qund_str s, size_t at, struct words w)
{
    while (at > 0 && s.p[at - 1] == ' ')
        at--;
    for (size_t i = 0; i < w.n; i++) {
        size_t n = strlen(w.v[i]);

        if (n <= at && memcmp(s.p + at - n, w.v[i], n) == 0)
            return true;
    }
    return false;
}

static size_t skip_blanks(struct qund_str s, size_t at)
{
    while (at < s.n && s.p[at] == ' ')
        at++;
    return at;
}

static bool digit_at(struct qund_str s, size_t at)
{
    return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

/* Where the number at `at` ends; `at` itself when none begins there. One numeral alone (一位) is
 * more often an article. */
static size_t number_end(struct qund_str s, size_t at)
{
    size_t end = at, n;

    while (digit_at(s, end))
        end++;
    if (end == at) {
        while ((n = one_at(s, end, WORDS(NUMERALS))) > 0)
            end += n;
        if (end - at < 2 * strlen("一"))
            return at;
    }
    while ((n = one_at(s, end, WORDS(MORE))) > 0)
        end += n;
    return end;
}

/* Behind the unit: 已下单, 报了名; with `have` before the number the deed alone. */
static bool deed_behind(const struct qund_fold *f, struct qund_str s, size_t at, bool have)
{
    for (int i = 0; at < s.n && i < BETWEEN; i++) {
        size_t already = one_at(s, at, WORDS(HAVE)), next = at;
        uint32_t cp = qund_utf8_next(s, &next);

        if (one_at(s, at, WORDS(DONE)) || (have && one_at(s, at, WORDS(DEEDS))) ||
            (already && one_at(s, at + already, WORDS(DEEDS))))
            return true;
        if (cp != ' ' && !qund_fold_keeps(f, cp))
            return false; /* another sentence */
        at = next;
    }
    return false;
}

static bool number_claims(const struct qund_fold *f, struct qund_str s, size_t at, size_t end)
{
    size_t unit = skip_blanks(s, end), n = one_at(s, unit, WORDS(UNITS));

    return n > 0 && !one_before(s, at, WORDS(CONDITIONS)) &&
           deed_behind(f, s, unit + n, one_before(s, at, WORDS(HAVE)));
}

bool qund_sop_types_count(struct qund_str text)
{
    const struct qund_fold *f = qund_fold_tables();
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    struct qund_str s;
    size_t at = 0;

    if (qund_fold_message(f, text, &folded) < 0)
        return false;
    s = qund_buf_view(&folded.text);
    while (at < s.n) {
        size_t claim = one_at(s, at, WORDS(CLAIMS)), end = number_end(s, at);

        if (claim && digit_at(s, skip_blanks(s, at + claim)))
            return true;
        if (end > at && number_claims(f, s, at, end))
            return true;
        if (end > at)
            at = end;
        else
            qund_utf8_next(s, &at);
    }
    return false;
}

/* --- accounts --------------------------------------------------------------------------------- */
static const char *const SERVICES[] = {"微信", "薇信", "v信", "vx", "wx", "wechat", "qq", "扣扣"};
static const char *const OUR_OWN[] = {"企业", "店里", "门店", "公司", "官方"};
static const char *const ASKING[] = {"加我",     "加我的",   "加下我",
                                     "加下我的", "加一下我", "加一下我的"};
static const char *const TO_NAME[] = {"号", "账号", "帐号", "是", ":", "为", "=", " "};

static bool letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* abc12345 behind a service; digits alone are a QQ. */
static bool account_at(struct qund_str s, size_t at)
{
    size_t from, n;

    while ((n = one_at(s, at, WORDS(TO_NAME))) > 0)
        at += n;
    from = at;
    while (at < s.n && (letter(s.p[at]) || digit_at(s, at) || s.p[at] == '_' || s.p[at] == '-'))
        at++;
    n = at - from;
    if (n < NUMBER_LEAST || n > ACCOUNT_MOST)
        return false;
    return letter(s.p[from]) ? n >= ACCOUNT_LEAST : digit_at(s, from);
}

bool qund_sop_types_account(struct qund_str text)
{
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    struct qund_str s;

    if (qund_fold_message(qund_fold_tables(), text, &folded) < 0)
        return false;
    s = qund_buf_view(&folded.text);
    for (size_t at = 0; at < s.n;) {
        size_t service = one_at(s, at, WORDS(SERVICES));
        bool inside = service && at > 0 && letter(s.p[at]) && letter(s.p[at - 1]);

        if (service && !inside && !one_before(s, at, WORDS(OUR_OWN)) &&
            (one_before(s, at, WORDS(ASKING)) || account_at(s, at + service)))
            return true;
        qund_utf8_next(s, &at);
    }
    return false;
}
