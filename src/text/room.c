/* src/text/room.c - room numbers.
 *
 * A flat is written in a hundred ways: 3栋2单元1502, 3#1503, 3-2-1502, 十二号楼一单元六零三,
 * 5幢1-903, 3栋2单元15楼02, A座1203, Building 7, Unit 2, 1101. What they share is the order
 * building, unit, floor, door, so this is a small recursive reader that tries to read a flat at
 * each place where one may begin, not a list of expressions. Whether "8-1801" is a flat or a price
 * depends on its neighbours; such doubts are settled against the room: a wrong flat in a household
 * record costs more than a flat that the member has to say once more.
 *
 * Canonical form: [zone/]building-unit-room, half width, no leading zeros, floor words gone, an
 * unsaid unit or building is "?". Who owns the flat is decided in room_owner.c. */
#include "text/room_parts.h"
#include <stdio.h>

enum { BUILDING_MAX = 199, UNIT_MAX = 30, FLOOR_MAX = 70, BARE_DOOR_MAX = 30 };

static const char *const building_marks[] = {"号楼", "栋楼", "栋",   "幢",     "座",
                                             "#楼",  "#",    "dong", "haolou", NULL};
static const char *const unit_marks[] = {"单元", "单无", "门", "梯", "#", "danyuan", "dy", NULL};
static const char *const floor_marks[] = {"层", "楼", "f", NULL};
static const char *const room_tails[] = {"室", "房", "户", "号", NULL};
static const char *const dashes[] = {"-", "—", "–", "―", "−", "‐", "‑", NULL};
static const char *const joiners[] = {"-", "—", "–", "―", "−",  "‐", "‑",
                                      "/", ".", "·", "_", "\\", NULL};
static const char *const gaps[] = {"-", "—", "–", "―", "−", "‐",  "‑",  "/",
                                   ".", "·", "_", " ", ",", "的", "、", NULL};
static const char *const stems[] = {"甲", "乙", "丙", "丁", "戊", "己", "庚",
                                    "辛", "东", "西", "南", "北", "中", NULL};
/* What stands right behind a number that is an amount, a line or a type and not a door. */
static const char *const quantities[] = {
    "元",   "块",   "千",  "万",  "w",  "k",    "米",  "平", "m",  "个",   "次", "斤", "公斤",
    "克",   "折",   "岁",  "%",   "月", "年",   "路",  "分", "秒", "g",    "毫", "厘", "公里",
    "公分", "号线", "页",  "版",  "型", "系列", "款",  "张", "步", "小时", "瓦", "升", "寸",
    "rmb",  "大洋", "/米", "/平", "/m", "/月",  "/斤", "~",  ":",  NULL};
/* What stands right before a number that names something else. */
static const char *const foreign_before[] = {
    "单号", "订单", "订单号", "编号",   "型号",     "版本", "快递", "运单", "货号",
    "比分", "尾号", "密码",   "车牌",   "航班",     "工号", "批号", "批次", "学号",
    "卡号", "价格", "预算",   "大概",   "均价",     "月租", "¥",    "$",    "￥",
    "日期", "代码", "口令",   "会议号", "房间号码", "证号", "v",    "@",    NULL};
static const char *const self_before[] = {"我",  "家",    "住",  "是", "房号",
                                          "号:", "房号:", "我:", NULL};

struct part {
    char text[12];
    bool named; /* a letter or a stem: 甲, A, not a number */
};

static void part_number(struct part *p, unsigned v)
{
    snprintf(p->text, sizeof p->text, "%u", v);
    p->named = false;
}

static bool stand_alone_latin(struct qund_str s, size_t at, size_t end)
{
    return (at == 0 || !qund_scan_latin(s.p[at - 1])) && (end >= s.n || !qund_scan_latin(s.p[end]));
}

/* A building or unit: 12, 十二, 甲, A, A3. */
static bool read_part(struct qund_str s, size_t *at, unsigned max, struct part *out)
{
    struct qund_scan_number num;
    size_t i = *at;

    if (i >= s.n)
        return false;
    if (qund_scan_number(s, &i, &num)) {
        if (num.value == 0 || num.value > max || num.digits > 3)
            return false;
        part_number(out, num.value);
        *at = i;
        return true;
    }
    i = *at;
    if (qund_scan_latin(s.p[i])) {
        size_t n = 1;

        while (n < 3 && i + n < s.n && qund_scan_digit(s.p[i + n]))
            n++;
        if ((i + n < s.n && qund_scan_digit(s.p[i + n])) || !stand_alone_latin(s, i, i + 1))
            return false;
        snprintf(out->text, sizeof out->text, "%.*s", (int)n, s.p + i);
        out->text[0] = (char)(out->text[0] - 'a' + 'A');
        out->named = true;
        *at = i + n;
        return true;
    }
    if (qund_scan_any(s, &i, stems)) {
        snprintf(out->text, sizeof out->text, "%.*s", (int)(i - *at), s.p + *at);
        out->named = true;
        *at = i;
        return true;
    }
    return false;
}

static void skip_gap(struct qund_str s, size_t *at, int most)
{
    for (int i = 0; i < most && qund_scan_any(s, at, gaps); i++)
        ;
}

/* A door of three or four digits. `bare` has no word beside it that says "flat": there the door
 * part must look like one. */
static bool read_door(struct qund_str s, size_t *at, bool bare, struct part *out)
{
    struct qund_scan_number num;
    size_t i = *at, after;

    if (!qund_scan_number(s, &i, &num) || num.digits < 3 || num.digits > 4 || num.value < 101)
        return false;
    if (num.value / 100 > FLOOR_MAX || num.value % 100 == 0 ||
        (bare && num.value % 100 > BARE_DOOR_MAX))
        return false;
    if (i < s.n && qund_scan_digit(s.p[i]))
        return false;
    after = i;
    if (bare && qund_scan_any(s, &after, joiners) && after < s.n && qund_scan_digit(s.p[after]))
        return false; /* a part of something longer */
    after = i;
    if (qund_scan_any(s, &after, quantities) &&
        !(qund_scan_latin(s.p[after - 1]) && after < s.n && qund_scan_latin(s.p[after])))
        return false;
    part_number(out, num.value);
    if (i < s.n && s.p[i] >= 'a' && s.p[i] <= 'd' && stand_alone_latin(s, i, i + 1)) {
        size_t n = strlen(out->text);

        out->text[n] = (char)(s.p[i++] - 'a' + 'A');
        out->text[n + 1] = '\0';
    }
    qund_scan_any(s, &i, room_tails);
    *at = i;
    return true;
}

/* 15楼02, 15层1502, or just 1502. */
static bool read_floor_door(struct qund_str s, size_t *at, struct part *out)
{
    struct qund_scan_number floor, door;
    size_t i = *at;

    if (qund_scan_number(s, &i, &floor) && floor.value >= 1 && floor.value <= FLOOR_MAX &&
        qund_scan_any(s, &i, floor_marks)) {
        size_t d;

        skip_gap(s, &i, 1);
        d = i;
        if (read_door(s, &d, false, out)) {
            *at = d;
            return true;
        }
        d = i;
        if (!qund_scan_number(s, &d, &door) || door.digits > 2 || door.value == 0)
            return false;
        part_number(out, floor.value * 100 + door.value);
        qund_scan_any(s, &d, room_tails);
        *at = d;
        return true;
    }
    return read_door(s, at, false, out);
}

struct flat {
    struct part building, unit, door;
    size_t at, end;
    bool beside; /* named by the flat before it */
};

static void unknown(struct part *p)
{
    snprintf(p->text, sizeof p->text, "?");
    p->named = false;
}

/* Behind a building word: [unit] door. */
static bool read_behind_building(struct qund_str s, size_t *at, struct flat *f)
{
    size_t i = *at, u;

    skip_gap(s, &i, 2);
    u = i;
    if (read_part(s, &u, UNIT_MAX, &f->unit)) {
        size_t m = u;

        if (qund_scan_any(s, &m, unit_marks)) {
            skip_gap(s, &m, 2);
            if (read_floor_door(s, &m, &f->door)) {
                *at = m;
                return true;
            }
        }
        m = u;
        if ((qund_scan_any(s, &m, joiners) || qund_scan_lit(s, &m, " ")) &&
            read_door(s, &m, false, &f->door)) {
            *at = m;
            return true;
        }
    }
    unknown(&f->unit);
    if (!read_floor_door(s, &i, &f->door))
        return false;
    *at = i;
    return true;
}

/* 3号1502室 and 3楼2单元1502: words that mean a building only by what follows. */
static bool read_weak_building(struct qund_str s, size_t *at, struct flat *f)
{
    size_t i = *at, end;

    if (!qund_scan_lit(s, &i, "号") && !qund_scan_lit(s, &i, "楼") && !qund_scan_lit(s, &i, "d"))
        return false;
    if (!read_behind_building(s, &i, f))
        return false;
    end = i;
    if (f->unit.text[0] == '?' &&
        !qund_scan_any_before(s, end, (const char *const[]){"室", NULL}, &end))
        return false;
    *at = i;
    return true;
}

static bool read_marked(struct qund_str s, size_t *at, struct flat *f)
{
    size_t i = *at, m;

    if (!read_part(s, &i, BUILDING_MAX, &f->building))
        return false;
    m = i;
    qund_scan_lit(s, &m, " ");
    if (qund_scan_any(s, &m, building_marks)) {
        if (read_behind_building(s, &m, f)) {
            *at = m;
            return true;
        }
        return false;
    }
    m = i;
    if (read_weak_building(s, &m, f)) {
        *at = m;
        return true;
    }
    /* 2单元1502: the building goes without saying in a group of one building. */
    m = i;
    if (!qund_scan_lit(s, &m, "单元"))
        return false;
    f->unit = f->building;
    unknown(&f->building);
    skip_gap(s, &m, 2);
    if (!read_floor_door(s, &m, &f->door))
        return false;
    *at = m;
    return true;
}

/* True when what stands before makes a bare row of numbers something else. */
static bool foreign(struct qund_str s, size_t at)
{
    size_t i = at;

    while (i > 0 && (s.p[i - 1] == ' ' || s.p[i - 1] == ':'))
        i--;
    if (qund_scan_any_before(s, i, foreign_before, &(size_t){0}))
        return true;
    return qund_scan_any_before(s, at, joiners, &i) && i > 0 &&
           (qund_scan_digit(s.p[i - 1]) || qund_scan_latin(s.p[i - 1]));
}

/* 3-2-15-02 → 1502. */
static bool read_split_door(struct qund_str s, size_t *at, struct part *out)
{
    struct qund_scan_number floor, door;
    size_t i = *at;

    if (!qund_scan_number(s, &i, &floor) || floor.value == 0 || floor.value > FLOOR_MAX ||
        !qund_scan_any(s, &i, dashes) || !qund_scan_number(s, &i, &door) || door.digits != 2 ||
        door.value == 0 || door.value > BARE_DOOR_MAX)
        return false;
    if (i < s.n && (qund_scan_digit(s.p[i]) || s.p[i] == '-' || s.p[i] == ':'))
        return false;
    part_number(out, floor.value * 100 + door.value);
    *at = i;
    return true;
}

/* 3-2-1502, 3/2/1502, 13-甲-502, 8-1801; with spaces only behind "I live at". */
static bool read_bare(struct qund_str s, size_t *at, struct flat *f)
{
    size_t i = *at, d, before;
    bool dash, blank;

    if (foreign(s, *at) || !read_part(s, &i, BUILDING_MAX, &f->building))
        return false;
    if (f->building.named && (unsigned char)f->building.text[0] >= 0x80)
        return false; /* 东-3-201: a direction alone is no building */
    d = i;
    dash = qund_scan_any(s, &d, dashes);
    while (dash && qund_scan_any(s, &d, dashes))
        ;
    blank = !dash && qund_scan_lit(s, &d, " ");
    if (!dash && !blank && !qund_scan_any(s, &d, joiners))
        return false;
    if (blank && !qund_scan_any_before(s, *at, self_before, &before))
        return false;
    i = d;
    if (read_part(s, &d, UNIT_MAX, &f->unit)) {
        size_t m = d;

        qund_scan_any(s, &m, unit_marks);
        if (blank ? qund_scan_lit(s, &m, " ") : qund_scan_any(s, &m, joiners)) {
            while (qund_scan_any(s, &m, dashes))
                ;
            if (read_door(s, &m, !f->unit.named, &f->door) || read_split_door(s, &m, &f->door)) {
                *at = m;
                return true;
            }
        }
    }
    /* Two parts are a flat only with a dash, and a lettered one only of somebody who says "my". */
    if (!dash || (f->building.named && !qund_scan_any_before(s, *at, self_before, &before)))
        return false;
    unknown(&f->unit);
    if (!read_door(s, &i, true, &f->door))
        return false;
    *at = i;
    return true;
}

/* Building 7, Unit 2, 1101. */
static bool read_english(struct qund_str s, size_t *at, struct flat *f)
{
    static const char *const buildings[] = {"building", "bldg", "block", "blk", "tower", NULL};
    static const char *const units[] = {"unit", "entrance", NULL};
    static const char *const doors[] = {"room", "rm", "apt", "apartment", "flat", "no", "#", NULL};
    size_t i = *at, u;

    if (!stand_alone_latin(s, i, s.n) || !qund_scan_any(s, &i, buildings))
        return false;
    skip_gap(s, &i, 2);
    if (!read_part(s, &i, BUILDING_MAX, &f->building))
        return false;
    skip_gap(s, &i, 2);
    u = i;
    unknown(&f->unit);
    if (qund_scan_any(s, &u, units)) {
        skip_gap(s, &u, 2);
        if (!read_part(s, &u, UNIT_MAX, &f->unit))
            unknown(&f->unit);
        else
            i = u;
        skip_gap(s, &i, 2);
    }
    if (f->unit.text[0] == '?')
        qund_scan_any(s, &i, units);
    qund_scan_any(s, &i, doors);
    skip_gap(s, &i, 2);
    if (!read_door(s, &i, false, &f->door))
        return false;
    *at = i;
    return true;
}

static bool may_begin(struct qund_str s, size_t at)
{
    char c = s.p[at];

    if (qund_scan_digit(c))
        return at == 0 || (!qund_scan_digit(s.p[at - 1]) && !qund_scan_latin(s.p[at - 1]));
    if (qund_scan_latin(c))
        return at == 0 || !qund_scan_latin(s.p[at - 1]);
    if (qund_scan_han_digit(s, at) >= 0)
        return at < 3 || qund_scan_han_digit(s, at - 3) < 0;
    return qund_scan_lit(s, &at, "十") || qund_scan_any(s, &at, stems);
}

static bool read_flat(struct qund_str s, size_t at, struct flat *f)
{
    f->at = f->end = at;
    f->beside = false;
    if (at > 0 && s.p[at - 1] == '@') /* a nickname that is being called */
        return false;
    if (read_marked(s, &f->end, f))
        return true;
    f->end = at;
    if (read_bare(s, &f->end, f))
        return true;
    f->end = at;
    return read_english(s, &f->end, f);
}

static size_t add(struct qund_str s, const struct flat *f, struct qund_room *out, size_t n)
{
    struct qund_room *r = &out[n];
    char zone[QUND_ROOM_TEXT_MAX - 36];
    struct part building = f->building;
    struct part unit = f->unit;
    size_t at = qund_room_tower(s, f->at, building.text);

    if (at < f->at && f->building.text[0] != '?' && unit.text[0] == '?')
        unit = f->building; /* 听澜阁2-603: the tower is the building, the first number its unit */
    else if (f->building.text[0] != '?')
        at = f->at, building = f->building;

    at = qund_room_zone(s, at, zone, sizeof zone);
    snprintf(r->text, sizeof r->text, "%s%s%s-%s-%s", zone, zone[0] ? "/" : "", building.text,
             unit.text, f->door.text);
    r->at = (uint32_t)at;
    r->end = (uint32_t)f->end;
    for (size_t i = 0; i < n; i++)
        if (strcmp(out[i].text, r->text) == 0)
            return n;
    r->owner = f->beside ? qund_room_owner_beside(s, f->end) : qund_room_owner_of(s, at, f->end);
    return n + 1;
}

/* 三栋二单元1502和1503, 3号楼1502隔壁的1501: the second door stands in the same building. */
static bool read_follower(struct qund_str s, struct flat *f)
{
    static const char *const links[] = {"和", "跟", "与", "及", "或", "、", "&", "/", NULL};
    static const char *const relations[] = {"隔壁的", "对面的", "对门的", "楼上的", "楼下的", NULL};
    struct flat next = *f;
    size_t i = f->end;

    next.beside = qund_scan_any(s, &i, relations);
    if (!next.beside && !qund_scan_any(s, &i, links))
        return false;
    next.at = i;
    if (!read_door(s, &i, true, &next.door))
        return false;
    next.end = i;
    *f = next;
    return true;
}

size_t qund_room_find(struct qund_str folded, struct qund_room *out, size_t max)
{
    size_t n = 0;

    if (max > QUND_ROOM_MAX)
        max = QUND_ROOM_MAX;
    if (qund_scan_signs(folded).digits < QUND_ROOM_DIGITS_MIN)
        return 0;
    for (size_t at = 0; at < folded.n && n < max;) {
        struct flat f;

        if (!may_begin(folded, at) || !read_flat(folded, at, &f)) {
            qund_utf8_next(folded, &at);
            continue;
        }
        n = add(folded, &f, out, n);
        while (n < max && read_follower(folded, &f))
            n = add(folded, &f, out, n);
        at = f.end;
    }
    return n;
}
