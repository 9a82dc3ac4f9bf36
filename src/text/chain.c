/* src/text/chain.c - chain sign-ups.
 *
 * In a chain everyone copies the last list and adds a row, so each message repeats all rows before
 * it and only the difference to the list before says anything. Rows move, get new numbers and are
 * mended, so rows are recognised by who stands in them (name, else flat), never by their number. */
#include "text/chain.h"
#include "text/scan.h"

enum { NUMBER_MAX = 500, PARTY_MAX = 99, ROW_MAX_BYTES = 300 };

/* --- party size --- */

/* 2, 两, 俩, 仨 … of people. */
bool qund_chain_count(struct qund_str s, size_t *at, unsigned *out)
{
    static const struct {
        const char *text;
        unsigned value;
    } words[] = {{"两", 2}, {"俩", 2}, {"仨", 3}};
    struct qund_scan_number num;
    size_t i = *at;

    for (size_t k = 0; k < QUND_ARRAY_LEN(words); k++)
        if (qund_scan_lit(s, at, words[k].text)) {
            *out = words[k].value;
            return true;
        }
    if (!qund_scan_number(s, &i, &num) || num.value == 0 || num.value > PARTY_MAX || num.digits > 2)
        return false;
    *out = num.value;
    *at = i;
    return true;
}

static const char *const big[] = {"个大人", "位大人", "大人", "个成人", "成人", "大", NULL};
static const char *const small[] = {"个小朋友", "位小朋友", "个小孩", "小孩", "小朋友", "个孩子",
                                    "个娃",     "个宝宝",   "娃",     "小",   NULL};
static const char *const persons[] = {"个人", "人", "位", "名", "口", NULL};

/* 3大1小, 2大人, 两人, 3位 at `at`; the explicit mixture counts in full. */
static unsigned count_of_people(struct qund_str s, size_t *at)
{
    unsigned n, more;
    size_t i = *at;

    if (!qund_chain_count(s, &i, &n))
        return 0;
    qund_scan_lit(s, &i, " ");
    if (qund_scan_any(s, &i, big)) {
        size_t j = i;

        qund_scan_lit(s, &j, " ");
        qund_scan_lit(s, &j, "+");
        if (qund_chain_count(s, &j, &more) && qund_scan_any(s, &j, small)) {
            n += more;
            i = j;
        }
        *at = i;
        return n;
    }
    if (!qund_scan_any(s, &i, persons))
        return 0;
    *at = i;
    return n;
}

/* 报两个: pieces, which are persons unless persons are counted elsewhere; 小朋友两个 counts only
 * the children. */
static unsigned count_of_pieces(struct qund_str s, size_t *at)
{
    static const char *const children[] = {"小朋友", "孩子", "小孩", "娃", "宝宝", NULL};
    size_t begin, i = *at;
    unsigned n;

    if (qund_scan_any_before(s, *at, children, &begin) || !qund_chain_count(s, &i, &n) ||
        !qund_scan_lit(s, &i, "个"))
        return 0;
    *at = i;
    return n;
}

static bool first_of(struct qund_str s, const char *const *words)
{
    for (; *words; words++)
        if (qund_str_find(s, 0, qund_str(*words)) >= 0)
            return true;
    return false;
}

static unsigned spoken_party(struct qund_str s)
{
    static const char *const two[] = {"两口子", "夫妻",     "我俩",   "我们俩", "我和",   "我跟",
                                      "带老公", "带老婆",   "带媳妇", "带娃",   "带孩子", "带闺蜜",
                                      "我与",   "我两个人", "俩人",   "俺俩",   "咱俩",   "娘俩",
                                      "爷俩",   "母女俩",   "父子俩", NULL};
    static const char *const three[] = {"我们仨", "仨人", "三口之家", "我家仨", NULL};

    if (first_of(s, three))
        return 3;
    return first_of(s, two) ? 2 : 0;
}

/* The first count in the text, taken by `count`. */
static unsigned first_count(struct qund_str s, unsigned (*count)(struct qund_str s, size_t *at))
{
    unsigned n = 0;

    for (size_t at = 0; at < s.n && n == 0;) {
        size_t i = at;
        bool inside =
            at > 0 && (qund_scan_digit(s.p[at - 1]) || s.p[at - 1] == '.' || s.p[at - 1] == '-');

        if (!inside && !(at >= 3 && memcmp(s.p + at - 3, "第", 3) == 0))
            n = count(s, &i);
        qund_utf8_next(s, &at);
    }
    return n;
}

unsigned qund_chain_persons(struct qund_str s)
{
    unsigned n = first_count(s, count_of_people);

    return n ? n : spoken_party(s);
}

unsigned qund_chain_party(struct qund_str s)
{
    unsigned best = qund_chain_persons(s);

    if (best == 0)
        best = first_count(s, count_of_pieces);
    if (best == 0) { /* 张三+2, 张三x2: with him, or times two: both write the whole number */
        for (size_t at = 0; at < s.n; at++) {
            size_t i = at + 1;
            unsigned n;

            if ((s.p[at] == '+' || s.p[at] == 'x' || s.p[at] == '*') &&
                qund_chain_count(s, &i, &n) && i == s.n && n <= 20)
                return n;
        }
    }
    return best;
}

/* --- rows --- */

static const char *const number_ends[] = {".", "、", ")", ":", "]", "】", "-", " ", "．", NULL};

/* "12. 3-2-1502 王先生" → 12 and the rest. */
static bool row_of(struct qund_str line, unsigned *number, struct qund_str *rest)
{
    struct qund_scan_number num;
    size_t at = 0;

    qund_scan_any(line, &at, (const char *const[]){"(", "[", "【", "#", NULL});
    if (at >= line.n || !qund_scan_digit(line.p[at]) || !qund_scan_number(line, &at, &num) ||
        num.value == 0 || num.value > NUMBER_MAX)
        return false;
    *number = num.value;
    if (qund_scan_any(line, &at, number_ends)) {
        while (qund_scan_any(line, &at, number_ends))
            ;
    } else if (at < line.n && (line.p[at] & 0x80) == 0) {
        return false; /* "3-2-1502" alone has no number; "1张三" has */
    }
    *rest = qund_str_trim(qund_str_n(line.p + at, line.n - at));
    return true;
}

static bool filler(struct qund_str token)
{
    static const char *const words[] = {"报名", "参加", "代报",   "确认",   "取消",
                                        "待定", "电话", "房号",   "不确定", "不一定",
                                        "接龙", "已报", "准时到", NULL};
    size_t at = 0;

    if (token.n == 0)
        return true;
    if ((count_of_people(token, &at) || count_of_pieces(token, &at)) && at == token.n)
        return true;
    for (at = 0; at < token.n; at++) /* only digits and signs: a flat, a number of people */
        if ((token.p[at] & 0x80) || qund_scan_latin(token.p[at]))
            break;
    if (at == token.n)
        return true;
    return qund_scan_any(token, &(size_t){0}, words);
}

/* "小鹿2人" → "小鹿". */
static struct qund_str without_party(struct qund_str t)
{
    for (size_t at = 0; at < t.n;) {
        size_t i = at;

        if (at > 0 && count_of_people(t, &i) && i == t.n)
            return qund_str_n(t.p, at);
        if (at > 0 && (t.p[at] == '+' || t.p[at] == '(' || t.p[at] == '*'))
            return qund_str_n(t.p, at);
        qund_utf8_next(t, &at);
    }
    return t;
}

static struct qund_str name_in(struct qund_str s, size_t from)
{
    static const char *const ends[] = {" ", ",", "/", "(", "。", ";", "、",
                                       "|", "-", "—", ":", "_",  NULL};
    size_t at = from;

    while (at < s.n) {
        size_t begin = at;
        struct qund_str token;

        while (at < s.n && !qund_scan_any(s, &(size_t){at}, ends))
            qund_utf8_next(s, &at);
        token = qund_str_n(s.p + begin, at - begin);
        if (!filler(token))
            return without_party(token);
        if (at < s.n && s.p[at] == '(')
            break;
        if (at < s.n)
            qund_scan_any(s, &at, ends);
    }
    return QUND_STR_NONE;
}

static void read_row(struct qund_str text, struct qund_chain_row *row)
{
    static const char *const doubts[] = {"待定", "不一定", "不确定", "看情况",
                                         "可能", "尽量",   "?",      NULL};
    static const char *const ends[] = {"取消", "不去", "退出", "不参加", "去不了", "来不了", NULL};
    struct qund_room room;
    size_t n = qund_room_find(text, &room, 1);
    unsigned party;

    *row = (struct qund_chain_row){.text = text};
    if (n) {
        struct qund_str behind = qund_str_n(text.p + room.end, text.n - room.end);

        memcpy(row->room, room.text, sizeof row->room);
        party = qund_chain_party(behind);
        row->name = name_in(text, room.end);
        if (!row->name.p && room.at > 0)
            row->name = name_in(qund_str_n(text.p, room.at), 0);
        if (party == 0 && room.at > 0)
            party = qund_chain_party(qund_str_n(text.p, room.at));
    } else {
        row->name = name_in(text, 0);
        party = qund_chain_party(text);
    }
    row->party = (uint16_t)(party ? party : 1);
    row->maybe = first_of(text, doubts);
    row->cancelled = first_of(text, ends);
}

bool qund_chain_parse(struct qund_str folded, bool open, struct qund_chain *out)
{
    bool named = qund_str_find(folded, 0, QUND_STR("接龙")) >= 0;
    struct qund_str rest = folded;
    unsigned last = 0;

    out->n = 0;
    if (!named && !open)
        return false;
    if (memchr(folded.p ? folded.p : "", '\n', folded.n) == NULL)
        return false;
    while (rest.p && out->n < QUND_CHAIN_ROWS_MAX) {
        struct qund_str line = qund_str_trim(qund_str_split(&rest, '\n')), text;
        unsigned number;

        if (!row_of(line, &number, &text))
            continue;
        /* The numbers of a list begin with 1 and grow; "9.27 团购会" above them does not. */
        if (number == 1)
            out->n = 0;
        else if (last == 0 || number < last || number > last + 5)
            continue;
        last = number;
        if (text.n)
            read_row(qund_utf8_cut(text, ROW_MAX_BYTES), &out->rows[out->n++]);
    }
    return out->n >= (named ? 1u : 2u);
}

/* --- difference --- */

static bool same_person(const struct qund_chain_row *a, const struct qund_chain_row *b)
{
    if (a->name.p && b->name.p)
        return qund_str_eq(a->name, b->name) &&
               (!a->room[0] || !b->room[0] || qund_room_same(qund_str(a->room), qund_str(b->room)));
    return a->room[0] && b->room[0] && strcmp(a->room, b->room) == 0;
}

static const struct qund_chain_row *find_row(const struct qund_chain *list,
                                             const struct qund_chain_row *row)
{
    /* At its old place or near it in nearly every list; then anywhere. */
    for (size_t i = 0; i < list->n; i++)
        if (qund_str_eq(list->rows[i].text, row->text))
            return &list->rows[i];
    for (size_t i = 0; i < list->n; i++)
        if (same_person(&list->rows[i], row))
            return &list->rows[i];
    return NULL;
}

static bool names_meet(struct qund_str row, struct qund_str sender)
{
    if (!row.p || row.n < 3 || sender.n == 0)
        return false;
    return qund_str_find(sender, 0, row) >= 0 || qund_str_find(row, 0, sender) >= 0;
}

static bool own_row(const struct qund_chain_row *row, struct qund_str sender)
{
    return names_meet(row->name, sender) ||
           (row->room[0] && qund_str_find(sender, 0, qund_str(row->room)) >= 0);
}

static size_t put(struct qund_chain_diff *out, size_t n, size_t max, enum qund_chain_change change,
                  const struct qund_chain_row *row, bool own)
{
    if (n < max)
        out[n++] = (struct qund_chain_diff){change, row, own};
    return n;
}

size_t qund_chain_compare(const struct qund_chain *prev, const struct qund_chain *next,
                          struct qund_str sender_name, struct qund_chain_diff *out, size_t max)
{
    size_t n = 0;
    bool own_seen = false;

    for (size_t i = 0; i < next->n; i++) {
        const struct qund_chain_row *row = &next->rows[i];
        const struct qund_chain_row *old = prev ? find_row(prev, row) : NULL;
        bool own = own_row(row, sender_name);

        own_seen = own_seen || own;
        if (!old)
            n = put(out, n, max, QUND_CHAIN_ADDED, row, own);
        else if (!qund_str_eq(old->text, row->text))
            n = put(out, n, max, QUND_CHAIN_CHANGED, row, own);
    }
    if (n == 1 && !own_seen)
        out[0].own = true; /* who adds one row adds himself */
    for (size_t i = 0; prev && i < prev->n; i++) {
        const struct qund_chain_row *row = &prev->rows[i];
        bool own = own_row(row, sender_name);

        if (!find_row(next, row) && (own || n == 0 || out[n - 1].change == QUND_CHAIN_REMOVED))
            n = put(out, n, max, QUND_CHAIN_REMOVED, row, own);
    }
    return n;
}
