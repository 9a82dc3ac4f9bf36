/* src/text/room.h - room numbers in a chat message (essay in room.c). Pure; any thread. */
#ifndef QUND_TEXT_ROOM_H
#define QUND_TEXT_ROOM_H
#include "core/core.h"

enum { QUND_ROOM_MAX = 32, QUND_ROOM_TEXT_MAX = 64 };
/* Digits of either kind that a flat has at least: a text with fewer need not be read. */
enum { QUND_ROOM_DIGITS_MIN = 3 };
enum qund_room_owner { QUND_ROOM_SELF, QUND_ROOM_OTHER };
const char *qund_room_owner_name(enum qund_room_owner o); /* "self", "other" */

struct qund_room {
    char text[QUND_ROOM_TEXT_MAX]; /* canonical: "3-2-1502", "A-?-1203", "二期/6-1-801" */
    enum qund_room_owner owner;
    uint32_t at, end; /* bytes of the folded text, zone included */
};

/* `folded` is text as text/fold.h leaves it. Writes at most `max` rooms in the order of the text,
 * each canonical room once; returns how many. */
size_t qund_room_find(struct qund_str folded, struct qund_room *out, size_t max);

/* A room in a field of its own, as a person typed it (not folded): canonical; a villa or a shop
 * with its number as it is. false: it is no room. */
bool qund_room_field(struct qund_str text, char out[QUND_ROOM_TEXT_MAX]);

/* Same flat? A part that one side leaves unknown ("?", or no zone) does not contradict. */
bool qund_room_same(struct qund_str a, struct qund_str b);
#endif
