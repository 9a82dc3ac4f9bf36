/* src/text/room_owner.c - the words around a flat: its zone, and whose it is.
 *
 * People name their own flat in passing (我3#1503) and other people's flats with a relation: 隔壁,
 * 楼上, 那家, 1502家. So the flat is the speaker's unless a relation stands beside it. Before the
 * flat the nearest word decides (我家楼上 → 楼上), behind it only what touches it counts. */
#include "text/room_parts.h"
#include <stdio.h>

/* --- zone --- */

static const char *const zone_gaps[] = {"-", "/", " ", "的", ",", NULL};
/* Before these Han characters no name of a yard goes on: 我是桂花苑 is 桂花苑. */
static const char *const name_stops[] = {"是", "在", "住", "我", "们", "家", "的", "到", "了",
                                         "叫", "有", "和", "去", "小", "这", "那", "哈", "于",
                                         "自", "来", "号", "请", "问", "位", "好", NULL};
static const char *const han_numbers[] = {"零", "一", "二", "三", "四", "五",
                                          "六", "七", "八", "九", "十"};

static size_t char_before(struct qund_str s, size_t end)
{
    if (end == 0)
        return 0;
    end--;
    while (end > 0 && (s.p[end] & 0xc0) == 0x80)
        end--;
    return end;
}

static bool is_han(struct qund_str s, size_t at)
{
    uint32_t cp = qund_utf8_next(s, &at);

    return cp >= 0x4e00 && cp <= 0x9fff;
}

/* The number or the letters right before `end`. */
static size_t numeral_before(struct qund_str s, size_t end)
{
    size_t at = end;

    while (at > 0 && (qund_scan_digit(s.p[at - 1]) || qund_scan_latin(s.p[at - 1])))
        at--;
    if (at < end)
        return end - at <= 2 ? at : end;
    while (at >= 3 && (qund_scan_han_digit(s, at - 3) >= 0 || memcmp(s.p + at - 3, "十", 3) == 0))
        at -= 3;
    return at;
}

static size_t name_before(struct qund_str s, size_t end)
{
    size_t at = end;

    for (int i = 0; i < 3 && at > 0; i++) {
        size_t p = char_before(s, at), ignored;

        if (!is_han(s, p) || qund_scan_any_before(s, at, name_stops, &ignored))
            break;
        at = p;
    }
    return at;
}

/* One zone word that ends at `end`: where it begins, or `end`. */
static size_t zone_word(struct qund_str s, size_t end)
{
    static const char *const directions[] = {"东", "西", "南", "北", "中", "前", "后",
                                             "上", "下", "左", "右", "新", "老", NULL};
    static const char *const counted[] = {"期", "区", "组团", "地块", "弄", "号院", NULL};
    static const char *const named[] = {"苑", "园", "院", "庭", "区", NULL};
    size_t mark, at;

    if (qund_scan_any_before(s, end, counted, &mark)) {
        at = numeral_before(s, mark);
        if (at < mark)
            return at;
        if (qund_scan_any_before(s, mark, directions, &at))
            return at;
    }
    if (!qund_scan_any_before(s, end, named, &mark))
        return end;
    if (memcmp(s.p + mark, "区", 3) == 0)
        return end; /* 小区, 社区: no part of the address */
    at = name_before(s, mark);
    return at < mark ? at : end;
}

/* 2期 and 二期 are one phase; of the two the written-out form is kept. Letters are capital. */
static void print_zone(struct qund_str s, size_t at, size_t end, char *zone, size_t cap)
{
    size_t n = 0;

    while (at < end && n + 8 < cap) {
        struct qund_scan_number num;
        size_t i = at;

        if (qund_scan_digit(s.p[at]) && qund_scan_number(s, &i, &num) && num.value <= 10 &&
            num.value >= 1 && !qund_scan_lit(s, &(size_t){i}, "号")) {
            n += (size_t)snprintf(zone + n, cap - n, "%s", han_numbers[num.value]);
            at = i;
        } else if (qund_scan_latin(s.p[at])) {
            zone[n++] = (char)(s.p[at++] - 'a' + 'A');
        } else if (s.p[at] == ' ') {
            at++;
        } else {
            i = at;
            qund_utf8_next(s, &i);
            memcpy(zone + n, s.p + at, i - at);
            n += i - at;
            at = i;
        }
    }
    zone[n] = '\0';
}

size_t qund_room_zone(struct qund_str s, size_t at, char *zone, size_t cap)
{
    size_t end = at, begin;

    zone[0] = '\0';
    qund_scan_any_before(s, end, zone_gaps, &end);
    begin = zone_word(s, end);
    if (begin == end)
        return at;
    begin = zone_word(s, begin); /* 二期东区 */
    print_zone(s, begin, end, zone, cap);
    return begin;
}

/* 听澜阁2单元603: a building that has a name instead of a number. */
size_t qund_room_tower(struct qund_str s, size_t at, char name[QUND_ROOM_TOWER_MAX])
{
    static const char *const towers[] = {"阁", "轩", "邸", "榭", NULL};
    size_t end = at, mark, begin;

    qund_scan_any_before(s, end, zone_gaps, &end);
    if (!qund_scan_any_before(s, end, towers, &mark))
        return at;
    begin = name_before(s, mark);
    if (begin == mark || end - begin >= QUND_ROOM_TOWER_MAX)
        return at;
    memcpy(name, s.p + begin, end - begin);
    name[end - begin] = '\0';
    return begin;
}

/* --- owner --- */

enum relation { SELF = 1, OTHER = 2 };

#define W(text, flags)                \
    {                                 \
        text, sizeof(text) - 1, flags \
    }
static const struct qund_scan_word before_words[] = {
    W("i am", SELF),    W("i live", SELF),    W("i'm", SELF),       W("my", SELF),
    W("住", SELF),      W("咱", SELF),        W("我们", SELF),      W("我在", SELF),
    W("我家", SELF),    W("我是", SELF),      W("本人", SELF),      W("俺", SELF),
    W("俺家", SELF),    W("俺们", SELF),      W("我住", SELF),      W("俺住", SELF),
    W("咱住", SELF),    W("家住", SELF),      W("们住", SELF),      W("现住", SELF),
    W("阮", SELF),      W("伲", SELF),        W("亲戚", OTHER),     W("人家", OTHER),
    W("他们", OTHER),   W("他家", OTHER),     W("儿子家", OTHER),   W("公婆", OTHER),
    W("别人", OTHER),   W("叔叔", OTHER),     W("同事", OTHER),     W("女儿家", OTHER),
    W("她家", OTHER),   W("妈家", OTHER),     W("姐家", OTHER),     W("婆婆", OTHER),
    W("对门", OTHER),   W("对面", OTHER),     W("岳母", OTHER),     W("岳父", OTHER),
    W("弟家", OTHER),   W("有人", OTHER),     W("有没有", OTHER),   W("朋友", OTHER),
    W("楼上", OTHER),   W("楼下", OTHER),     W("爸妈", OTHER),     W("爸家", OTHER),
    W("表姐", OTHER),   W("谁", OTHER),       W("谁家", OTHER),     W("那家", OTHER),
    W("邻居", OTHER),   W("问下", OTHER),     W("问问", OTHER),     W("闺蜜", OTHER),
    W("隔壁", OTHER),   W("侄子", OTHER),     W("侄女", OTHER),     W("外甥", OTHER),
    W("表哥", OTHER),   W("表弟", OTHER),     W("表妹", OTHER),     W("堂哥", OTHER),
    W("堂弟", OTHER),   W("堂姐", OTHER),     W("堂妹", OTHER),     W("舅", OTHER),
    W("姑姑", OTHER),   W("姑妈", OTHER),     W("姨妈", OTHER),     W("小姨", OTHER),
    W("大姨", OTHER),   W("伯伯", OTHER),     W("大伯", OTHER),     W("二叔", OTHER),
    W("三叔", OTHER),   W("爷爷", OTHER),     W("奶奶", OTHER),     W("外公", OTHER),
    W("外婆", OTHER),   W("姥姥", OTHER),     W("姥爷", OTHER),     W("丈母娘", OTHER),
    W("老丈人", OTHER), W("同学", OTHER),     W("老乡", OTHER),     W("战友", OTHER),
    W("房东", OTHER),   W("租客", OTHER),     W("租户", OTHER),     W("哥家", OTHER),
    W("妹家", OTHER),   W("姑家", OTHER),     W("姨家", OTHER),     W("我妈", OTHER),
    W("我爸", OTHER),   W("我姐", OTHER),     W("我哥", OTHER),     W("我弟", OTHER),
    W("我妹", OTHER),   W("俺妈", OTHER),     W("俺爸", OTHER),     W("俺姐", OTHER),
    W("俺哥", OTHER),   W("俺弟", OTHER),     W("俺妹", OTHER),     W("老同事", OTHER),
    W("亲家", OTHER),   W("嫂子", OTHER),     W("姐夫", OTHER),     W("妹夫", OTHER),
    W("弟媳", OTHER),   W("儿子他们", OTHER), W("女儿他们", OTHER), W("闺女家", OTHER),
};
#undef W
static const struct qund_scan_table before_table = {.words = before_words,
                                                    .n = QUND_ARRAY_LEN(before_words)};

static const char *const clause_ends[] = {",", "。", "!", "?", ";", "\n", "…", NULL};

static size_t clause_begin(struct qund_str s, size_t at)
{
    size_t end;

    while (at > 0 && !qund_scan_any_before(s, at, clause_ends, &end))
        at = char_before(s, at);
    return at;
}

static size_t clause_end(struct qund_str s, size_t at)
{
    while (at < s.n && !qund_scan_any(s, &(size_t){at}, clause_ends))
        qund_utf8_next(s, &at);
    return at;
}

static bool word_is(struct qund_str s, const struct qund_scan_hit *h, const char *const *words)
{
    size_t at = h->at;

    return qund_scan_any(s, &at, words) && at == h->end;
}

static bool lives(struct qund_str s, const struct qund_scan_hit *h)
{
    return word_is(s, h, (const char *const[]){"住", NULL});
}

/* 车停在楼下,麻烦来拍 3-2-301: a place that says nothing of the flat unless it stands beside it. */
static bool floats(struct qund_str s, const struct qund_scan_hit *h)
{
    static const char *const places[] = {"楼上", "楼下", "对面", "对门", "隔壁", NULL};

    return word_is(s, h, places) && s.n - h->end > 12;
}

static uint32_t relation_before(struct qund_str s, size_t at)
{
    struct qund_scan_hit hits[8];
    size_t from = clause_begin(s, at), n;
    struct qund_str clause = qund_str_n(s.p + from, at - from);

    if (qund_scan_any_before(s, at, (const char *const[]){"我", "我 ", "我:", NULL}, &from))
        return SELF;
    n = qund_scan_words(clause, &before_table, hits, QUND_ARRAY_LEN(hits));
    while (n && floats(clause, &hits[n - 1]))
        n--;
    if (n > 1 && lives(clause, &hits[n - 1]) && hits[n - 2].flags == OTHER)
        return OTHER; /* 我闺蜜住 */
    return n ? hits[n - 1].flags : 0;
}

static bool contains_any(struct qund_str s, const char *const *lits)
{
    for (; *lits; lits++)
        if (qund_str_find(s, 0, qund_str(*lits)) >= 0)
            return true;
    return false;
}

static bool touches(struct qund_str s, size_t end, const char *const *lits)
{
    return qund_scan_any(s, &end, lits);
}

static const char *const wondering[] = {"谁",   "一家吗",   "有人住", "有人吗",
                                        "在吗", "是不是有", NULL};

enum qund_room_owner qund_room_owner_beside(struct qund_str s, size_t end)
{
    struct qund_str rest = qund_str_n(s.p + end, clause_end(s, end) - end);

    return contains_any(rest, wondering) ? QUND_ROOM_OTHER : QUND_ROOM_SELF;
}

/* 1102的李奶奶, 1502的王先生: somebody by name and title. */
static bool names_somebody(struct qund_str s, size_t end)
{
    static const char *const titles[] = {"奶奶", "爷爷", "阿姨", "大爷", "大妈", "叔", "姐", "哥",
                                         "先生", "女士", "太太", "老师", "妈",   "爸", NULL};

    return qund_scan_lit(s, &end, "的") &&
           contains_any(qund_utf8_cut(qund_str_n(s.p + end, s.n - end), 12), titles);
}

enum qund_room_owner qund_room_owner_of(struct qund_str s, size_t at, size_t end)
{
    static const char *const beside[] = {"隔壁", "旁边", "对面", "对门", "楼上",
                                         "楼下", "那家", "那户", "那位", NULL};
    static const char *const theirs[] = {
        "家",     "业主",   "邻居",   "他家",   "老",     "的邻居", "的业主", "的姐妹",
        "的朋友", "的师傅", "的大哥", "的哥",   "的姐",   "的那",   "的房东", "的租客",
        "的亲",   "的老",   "的宝",   "的兄弟", "的美女", "的帅哥", "的小",   "的人",
        "这家",   "这户",   "这种",   "的灯",   "的车",   "的狗",   "的空调", "现在",
        "要卖",   "天天",   "半夜",   "又在",   NULL};
    static const char *const at_home[] = {"家里", "家中", NULL};
    static const char *const mine[] = {"是我", "是俺", "是本人", "系我", NULL};
    struct qund_str rest;
    uint32_t before = relation_before(s, at);

    while (end < s.n && s.p[end] == ' ')
        end++;
    rest = qund_str_n(s.p + end, clause_end(s, end) - end);
    if (contains_any(rest, mine))
        return QUND_ROOM_SELF;
    if (touches(s, end, beside) || before == OTHER)
        return QUND_ROOM_OTHER;
    if (before == SELF)
        return QUND_ROOM_SELF;
    if ((touches(s, end, theirs) && !touches(s, end, at_home)) || names_somebody(s, end) ||
        contains_any(rest, wondering))
        return QUND_ROOM_OTHER;
    return QUND_ROOM_SELF;
}

const char *qund_room_owner_name(enum qund_room_owner o)
{
    return o == QUND_ROOM_OTHER ? "other" : "self";
}

/* --- sameness --- */

static bool part_agrees(struct qund_str a, struct qund_str b)
{
    return qund_str_eq(a, b) || qund_str_is(a, "?") || qund_str_is(b, "?");
}

bool qund_room_same(struct qund_str a, struct qund_str b)
{
    ptrdiff_t za = qund_str_find(a, 0, QUND_STR("/")), zb = qund_str_find(b, 0, QUND_STR("/"));

    if (za >= 0 && zb >= 0 &&
        !qund_str_eq(qund_str_n(a.p, (size_t)za), qund_str_n(b.p, (size_t)zb)))
        return false;
    a = qund_str_n(a.p + za + 1, a.n - (size_t)(za + 1));
    b = qund_str_n(b.p + zb + 1, b.n - (size_t)(zb + 1));
    for (int i = 0; i < 2; i++)
        if (!part_agrees(qund_str_split(&a, '-'), qund_str_split(&b, '-')))
            return false;
    return qund_str_eq(a, b);
}
