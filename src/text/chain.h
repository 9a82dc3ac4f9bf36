/* src/text/chain.h - chain sign-ups: a numbered list that grows by copying (essay in chain.c).
 * Pure; any thread. */
#ifndef QUND_TEXT_CHAIN_H
#define QUND_TEXT_CHAIN_H
#include "text/room.h"

enum { QUND_CHAIN_ROWS_MAX = 200 };

struct qund_chain_row {
    struct qund_str text; /* without its number; borrowed from the folded text, as is name */
    struct qund_str name; /* NONE when the row holds only a flat */
    char room[QUND_ROOM_TEXT_MAX]; /* "" when none is said */
    uint16_t party;                /* 3大1小 is 4; 1 when nothing is said */
    bool maybe, cancelled;         /* 待定; 取消 written into the row */
};
struct qund_chain {
    size_t n;
    struct qund_chain_row rows[QUND_CHAIN_ROWS_MAX];
};

/* Reads a list. `open` = a sign-up runs in this group: without it only a list that says 接龙 is
 * one, because people number their questions too. False when the text is no list with a filled row.
 * The template that opens a chain ("1. ") has no filled row. Rows beyond the maximum are left out.
 */
bool qund_chain_parse(struct qund_str folded, bool open, struct qund_chain *out);

enum qund_chain_change { QUND_CHAIN_ADDED, QUND_CHAIN_CHANGED, QUND_CHAIN_REMOVED };
struct qund_chain_diff {
    enum qund_chain_change change;
    const struct qund_chain_row *row; /* of next; of prev for REMOVED */
    bool own;                         /* the sender's own row, told by name or as the only one */
};
/* What `next` says that `prev` (NULL: no list before) did not. A row that is missing counts as
 * removed only when the list took nobody on or the row is the sender's: two members who copied the
 * same list at the same time do not cancel each other. `sender_name` is folded. */
size_t qund_chain_compare(const struct qund_chain *prev, const struct qund_chain *next,
                          struct qund_str sender_name, struct qund_chain_diff *out, size_t max);

/* "2人", "3大1小", "一家三口", "我和老公" → persons, 0 when nothing is said. */
unsigned qund_chain_persons(struct qund_str folded);
/* The same where a sign-up is being read: there 两个 and +2 are persons too. */
unsigned qund_chain_party(struct qund_str folded);
/* 2, 两, 俩, 仨, 十二 at *at, of persons or not. */
bool qund_chain_count(struct qund_str folded, size_t *at, unsigned *out);
#endif
