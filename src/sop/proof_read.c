/* src/sop/proof_read.c - a text as the signs that a reader takes in.
 *
 * Staff retype: 20:00 becomes 晚上8点, 三张 becomes 3张, 「预约」 becomes “预约”. None of that is
 * another text. But 200 元 against 100 元 is, and so is 周六 against 周日, though only one
 * character differs in forty. So numbers, times and days are read as what they mean and become one
 * sign each, which is the same or is not; marks, blanks and emoji are no signs at all. Links and
 * mentions are left out: they are filled in differently for everybody. */
#include "sop/proof_parts.h"
#include "text/scan.h"

#define QUOTED_MAX 8u   /* signs; a longer quotation is no keyword */
#define MENTION_MAX 24u /* characters of a name behind an @ */
#define GAP_MAX 96u     /* bytes of the name of an open variable */
#define DASHES_MIN 3

struct reader {
    const struct qund_fold *f;
    struct qund_str s;
    size_t at, max;
    struct proof_signs *out;
    uint32_t last[2]; /* the two characters before, the nearer one first */
    bool gap;
    size_t quote_from; /* 1 + first sign within marks, 0: outside */
};

static void put(struct reader *r, enum proof_kind kind, uint64_t value, unsigned half)
{
    struct proof_signs *o = r->out;

    if (o->n == o->cap) {
        o->cap = o->cap ? 2 * o->cap : 64;
        o->v = qund_realloc(o->v, o->cap * sizeof(*o->v));
    }
    o->v[o->n++] =
        (struct proof_sign){.v = (uint64_t)kind << 56 | (value & ((UINT64_C(1) << 56) - 1)),
                            .kind = (uint8_t)kind,
                            .half = (uint8_t)half,
                            .gap = r->gap};
    r->gap = false;
    if (kind != PROOF_CHAR)
        r->last[0] = r->last[1] = 0;
}

/* --- what is left out --- */

static bool skip_link(struct reader *r)
{
    static const char *const heads[] = {"https://", "http://", "www.", NULL};
    size_t at = r->at;

    if (!qund_scan_any(r->s, &at, heads))
        return false;
    while (at < r->s.n && r->s.p[at] > ' ' && r->s.p[at] < 0x7f)
        at++;
    r->at = at;
    return true;
}

/* "@name " as clients write it; without the blank behind nobody knows where the name ends. */
static bool skip_mention(struct reader *r)
{
    static const char *const all[] = {"@所有人", "@全体成员", "@all", NULL};
    size_t at = r->at;

    if (qund_scan_any(r->s, &at, all)) {
        r->at = at;
        return true;
    }
    if (!qund_scan_lit(r->s, &at, "@"))
        return false;
    for (size_t n = 0; n < MENTION_MAX && at < r->s.n; n++) {
        uint32_t cp = qund_utf8_next(r->s, &at);

        if (cp == ' ' || cp == '\n') {
            r->at = at;
            return true;
        }
    }
    return false;
}

static bool skip_gap(struct reader *r)
{
    static const char *const marks[][2] = {{"〔", "〕"}, {"{{", "}}"}};

    for (size_t i = 0; i < QUND_ARRAY_LEN(marks); i++) {
        size_t at = r->at;
        ptrdiff_t end;

        if (!qund_scan_lit(r->s, &at, marks[i][0]))
            continue;
        end = qund_str_find(r->s, at, qund_str(marks[i][1]));
        if (end < 0 || (size_t)end - at > GAP_MAX)
            continue;
        r->at = (size_t)end + strlen(marks[i][1]);
        r->gap = true;
        return true;
    }
    return false;
}

/* --- numbers, times, days --- */

/* What stands behind a numeral that counts something; 一 in 一起 counts nothing. */
static const char *const UNITS[] = {
    "元", "块", "毛", "折", "份", "户", "名", "位", "个", "张", "天", "点", "号", "月", "日",
    "楼", "栋", "层", "期", "节", "课", "次", "人", "家", "件", "斤", "箱", "盒", "瓶", "条",
    "套", "米", "平", "岁", "年", "周", "时", "分", "秒", "倍", "道", "题", "步", "桌", "场",
    "款", "组", "队", "杯", "碗", "袋", "双", "把", "部", "辆", "间", "房", "室", "厅", "遍",
    "页", "本", "册", "支", "枝", "束", "盆", "板", "包", "公", "小", "半", "万", "千", "处",
    "种", "样", "句", "口", "面", "段", "招", "笔", "只", "头", "台", "座", "级", "届", "轮",
    "类", "项", "门", "颗", "朵", "篇", "集", "章", "讲", "院", "梯", "厨", "卫", "选", NULL};

/* Before or after noon, by the hour or the words in front of it. */
static unsigned half_of(const struct reader *r, unsigned hour)
{
    static const struct {
        uint32_t before, last;
        unsigned half;
    } words[] = {{U'上', U'午', 1}, {U'早', U'上', 1}, {U'凌', U'晨', 1}, {U'清', U'晨', 1},
                 {U'下', U'午', 2}, {U'晚', U'上', 2}, {U'中', U'午', 2}, {0, U'早', 1},
                 {0, U'晚', 2},     {0, U'夜', 2}};

    if (hour >= 13 && hour <= 23)
        return 2;
    for (size_t i = 0; i < QUND_ARRAY_LEN(words); i++)
        if (words[i].last == r->last[0] && (!words[i].before || words[i].before == r->last[1]))
            return words[i].half;
    return 0;
}

/* Behind the hour: ":30", "点", "点半", "点20分". */
static bool minutes_at(const struct reader *r, size_t *at, unsigned *minutes)
{
    struct qund_scan_number n;
    size_t i = *at;

    *minutes = 0;
    if (qund_scan_lit(r->s, &i, ":")) {
        if (!qund_scan_number(r->s, &i, &n) || n.digits != 2 || n.value > 59 || n.han)
            return false;
        *minutes = n.value;
    } else if (qund_scan_lit(r->s, &i, "点")) {
        size_t j = i;

        if (qund_scan_lit(r->s, &i, "半"))
            *minutes = 30;
        else if (qund_scan_number(r->s, &j, &n) && n.value <= 59 && qund_scan_lit(r->s, &j, "分")) {
            *minutes = n.value;
            i = j;
        }
    } else {
        return false;
    }
    *at = i;
    return true;
}

static bool counts(const struct reader *r, const struct qund_scan_number *n, size_t end)
{
    size_t at = end;

    return !n->han || end - r->at > 3 || r->last[0] == U'第' || qund_scan_any(r->s, &at, UNITS);
}

/* 4,000 and 2万 are numbers like 4000 and 20000. */
static uint64_t full_value(struct reader *r, const struct qund_scan_number *n, size_t *at)
{
    struct qund_scan_number more;
    uint64_t v = n->value;
    size_t i = *at;

    while (!n->han && qund_scan_lit(r->s, &i, ",") && qund_scan_number(r->s, &i, &more) &&
           more.digits == 3 && !more.han && v < UINT32_MAX) {
        v = v * 1000 + more.value;
        *at = i;
    }
    if (qund_scan_lit(r->s, at, "万"))
        return v * 10000;
    return qund_scan_lit(r->s, at, "千") ? v * 1000 : v;
}

static uint64_t hash(const char *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

/* Of things that are counted, two is 两. */
static bool number_at(struct qund_str s, size_t *at, struct qund_scan_number *out)
{
    if (!qund_scan_lit(s, at, "两"))
        return qund_scan_number(s, at, out);
    *out = (struct qund_scan_number){.value = 2, .digits = 1, .han = true};
    return true;
}

static bool take_number(struct reader *r)
{
    struct qund_scan_number n;
    size_t at = r->at;
    unsigned minutes;

    if (!number_at(r->s, &at, &n)) {
        if (!qund_scan_digit(r->s.p[at]))
            return false;
        while (at < r->s.n && qund_scan_digit(r->s.p[at]))
            at++; /* an order's or a phone's: by its digits */
        put(r, PROOF_NUMBER, hash(r->s.p + r->at, at - r->at), 0);
    } else if (!counts(r, &n, at)) {
        return false;
    } else if (n.value <= 24 && !(n.han && n.value < 2) && minutes_at(r, &at, &minutes)) {
        put(r, PROOF_TIME, (n.value * 60 + minutes) % 720, half_of(r, n.value));
    } else {
        uint64_t v = full_value(r, &n, &at);

        put(r, PROOF_NUMBER, v, 0);
    }
    r->at = at;
    return true;
}

/* 今天, 明晚, 周六. Of 明晚 the 晚 is read again: it says more than the day. */
static bool take_day(struct reader *r)
{
    static const char *const week[] = {"星期", "礼拜", "周", NULL};
    static const struct {
        const char *text;
        unsigned day, back;
    } days[] = {{"今天", 1, 0}, {"今日", 1, 0}, {"今晚", 1, 3}, {"今早", 1, 3}, {"明天", 2, 0},
                {"明日", 2, 0}, {"明晚", 2, 3}, {"明早", 2, 3}, {"昨天", 3, 0}, {"昨日", 3, 0},
                {"昨晚", 3, 3}, {"后天", 4, 0}, {"前天", 5, 0}};
    size_t at = r->at;
    int d;

    if (qund_scan_any(r->s, &at, week)) {
        d = qund_scan_lit(r->s, &(size_t){at}, "日") ? 7 : qund_scan_han_digit(r->s, at);
        if (d < 1 || d > 7)
            return false;
        put(r, PROOF_DAY, 10 + (unsigned)d, 0);
        r->at = at + 3;
        return true;
    }
    for (size_t i = 0; i < QUND_ARRAY_LEN(days); i++)
        if (qund_scan_lit(r->s, &at, days[i].text)) {
            put(r, PROOF_DAY, days[i].day, 0);
            r->at = at - days[i].back;
            return true;
        }
    return false;
}

static bool take_word(struct reader *r)
{
    size_t at = r->at;

    while (at < r->s.n && qund_scan_latin(r->s.p[at]))
        at++;
    if (at == r->at)
        return false;
    put(r, at - r->at == 1 ? PROOF_LETTER : PROOF_WORD, hash(r->s.p + r->at, at - r->at), 0);
    r->at = at;
    return true;
}

/* --- characters and marks --- */

static void close_quote(struct reader *r)
{
    size_t from = r->quote_from - 1;

    if (r->quote_from && r->out->n - from <= QUOTED_MAX)
        for (size_t i = from; i < r->out->n; i++)
            r->out->v[i].quoted = true;
    r->quote_from = 0;
}

static bool take_mark(struct reader *r)
{
    static const char *const open[] = {"「", "『", "“", "《", NULL};
    static const char *const close[] = {"」", "』", "”", "》", NULL};

    if (qund_scan_any(r->s, &r->at, open)) {
        r->quote_from = r->out->n + 1;
    } else if (qund_scan_any(r->s, &r->at, close)) {
        close_quote(r);
    } else if (qund_scan_lit(r->s, &r->at, "\"")) {
        if (r->quote_from)
            close_quote(r);
        else
            r->quote_from = r->out->n + 1;
    } else {
        return false;
    }
    return true;
}

static void take_char(struct reader *r)
{
    uint32_t cp = qund_utf8_next(r->s, &r->at);

    if (!qund_fold_keeps(r->f, cp))
        return;
    put(r, PROOF_CHAR, cp, 0);
    r->last[1] = r->last[0];
    r->last[0] = cp;
}

void qund_proof_read(const struct qund_fold *f, struct qund_str folded, size_t max,
                     struct proof_signs *out)
{
    static bool (*const TAKE[])(struct reader *) = {skip_link, skip_mention, skip_gap, take_mark,
                                                    take_day,  take_number,  take_word};
    struct reader r = {.f = f, .s = folded, .max = max, .out = out};

    while (r.at < r.s.n && out->n < max) {
        size_t i = 0;

        while (i < QUND_ARRAY_LEN(TAKE) && !TAKE[i](&r))
            i++;
        if (i == QUND_ARRAY_LEN(TAKE))
            take_char(&r);
    }
    out->gap_at_end = r.gap;
}

/* --- quotes --- */

/* A line of dashes and blanks, at least three of them; *end behind it. */
static bool dashes(struct qund_str s, size_t at, size_t *end)
{
    static const char *const dash[] = {"-", "—", "–", "─", "━", "_", "=", NULL};
    int n = 0;

    for (; at < s.n && s.p[at] != '\n';) {
        if (qund_scan_any(s, &at, dash))
            n++;
        else if (!qund_scan_lit(s, &at, " "))
            return false;
    }
    *end = at;
    return n >= DASHES_MIN;
}

struct qund_str qund_proof_own_words(struct qund_str folded)
{
    static const char *const open[] = {"「", "『", "“", "\"", NULL};
    size_t at = 0, end;
    ptrdiff_t line;

    if (!qund_scan_any(folded, &at, open))
        return folded;
    while ((line = qund_str_find(folded, at, QUND_STR("\n"))) >= 0) {
        at = (size_t)line + 1;
        if (dashes(folded, at, &end))
            return qund_str_n(folded.p + end, folded.n - end);
    }
    return folded;
}
