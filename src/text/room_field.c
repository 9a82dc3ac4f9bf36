/* room_field.c - a room in a field of its own: a cell of a table, not a sentence.
 *
 * Whoever fills in a column "room" means a room, so what in a chat would need "I live at" before it
 * (A-1203, 3 2 1502) is read, by the same reader. What qund itself wrote (3-?-1502) is taken as it
 * is. A villa or a shop has no flat; it is kept as it is written when it says so and has a number.
 * Everything else is no room: one household of all whose cell says 哈哈 would be a wrong record of
 * many people. */
#include "text/fold.h"
#include "text/room.h"
#include "text/scan.h"
#include <stdio.h>

enum { PART_MAX = 12, ZONE_MAX = QUND_ROOM_TEXT_MAX - 37 };

static bool upper_or_digit(char c)
{
    return qund_scan_digit(c) || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* A building or unit as it is stored: ?, 12, A3, 听澜阁. */
static bool stored_part(struct qund_str s)
{
    if (qund_str_is(s, "?"))
        return true;
    if (s.n == 0 || s.n > PART_MAX || s.p[0] == '0')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!upper_or_digit(s.p[i]))
            return false;
    return true;
}

static bool stored_door(struct qund_str s)
{
    size_t digits = 0;

    while (digits < s.n && qund_scan_digit(s.p[digits]))
        digits++;
    return (digits == 3 || digits == 4) && s.p[0] != '0' &&
           (s.n == digits || (s.n == digits + 1 && s.p[digits] >= 'A' && s.p[digits] <= 'D'));
}

/* "[zone/]building-unit-door", as room.c writes it. */
static bool stored(struct qund_str s)
{
    ptrdiff_t slash = qund_str_find(s, 0, QUND_STR("/"));
    struct qund_str rest = s;

    if (slash == 0 || slash > ZONE_MAX)
        return false;
    if (slash > 0)
        rest = qund_str_n(s.p + slash + 1, s.n - (size_t)slash - 1);
    return stored_part(qund_str_split(&rest, '-')) && stored_part(qund_str_split(&rest, '-')) &&
           rest.p && stored_door(rest);
}

static bool has_number(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (qund_scan_digit(s.p[i]) || qund_scan_han_digit(s, i) >= 0)
            return true;
    return false;
}

static bool whole_house(struct qund_str s)
{
    static const char *const houses[] = {"别墅", "商铺",  "店铺", "铺面", "门面", "底商",
                                         "铺",   "联排",  "叠拼", "叠墅", "独栋", "洋房",
                                         "墅",   "villa", "shop", NULL};

    for (size_t i = 0; houses[i]; i++)
        if (qund_str_find(s, 0, qund_str(houses[i])) >= 0)
            return has_number(s);
    return false;
}

bool qund_room_field(struct qund_str text, char out[QUND_ROOM_TEXT_MAX])
{
    QUND_AUTO(qund_buf_done) struct qund_buf folded = {0};
    struct qund_str field = qund_str_trim(text);
    struct qund_room found[2];

    if (field.n == 0 || field.n >= QUND_ROOM_TEXT_MAX)
        return false;
    snprintf(out, QUND_ROOM_TEXT_MAX, "%.*s", QUND_STR_ARG(field));
    if (stored(field))
        return true;
    qund_buf_puts(&folded, "房号:");
    qund_fold_str(qund_fold_tables(), field, &folded);
    if (qund_room_find(qund_buf_view(&folded), found, 2) == 1) {
        snprintf(out, QUND_ROOM_TEXT_MAX, "%s", found[0].text);
        return true;
    }
    return whole_house(qund_buf_view(&folded));
}
