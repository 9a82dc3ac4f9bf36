/* src/text/room_parts.h - for room.c and room_owner.c only: what stands around a flat. */
#ifndef QUND_TEXT_ROOM_PARTS_H
#define QUND_TEXT_ROOM_PARTS_H
#include "text/room.h"
#include "text/scan.h"

/* The phase, zone or yard that is said right before a flat beginning at `at` (二期, 东区, 桂花苑):
 * canonical into zone ("" when none is said). Returns where the whole begins. */
size_t qund_room_zone(struct qund_str s, size_t at, char *zone, size_t cap);
/* A named building right before a flat whose number does without (听澜阁 2单元603): into name,
 * which stays as it is when there is none. Returns where the whole begins. */
enum { QUND_ROOM_TOWER_MAX = 12 };
size_t qund_room_tower(struct qund_str s, size_t at, char name[QUND_ROOM_TOWER_MAX]);
/* Whose flat is meant by s[at, end)? */
enum qund_room_owner qund_room_owner_of(struct qund_str s, size_t at, size_t end);
/* The same for a flat named by its neighbour (1502隔壁的1501): the relation before it is spent. */
enum qund_room_owner qund_room_owner_beside(struct qund_str s, size_t end);
#endif
