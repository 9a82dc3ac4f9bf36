/* src/store/month_internal.h - the months a handle knows; shared by month.c, month_read.c, search.
 */
#ifndef QUND_STORE_MONTH_INTERNAL_H
#define QUND_STORE_MONTH_INTERNAL_H
#include "store/internal.h"
#include "store/month.h"
#include "store/word.h"

/* The statements of one month; their texts are a table in month.c. */
enum month_sql {
    MONTH_INSERT,
    MONTH_FIRST,
    MONTH_GET,
    MONTH_FIND,
    MONTH_LAST,
    MONTH_SAID,
    MONTH_BETWEEN,
    MONTH_BETWEEN_ALL,
    MONTH_LINES,
    MONTH_ANY_PRIVATE,
    MONTH_STREAM,
    MONTH_BACK,
    MONTH_MAX_SEQ,
    MONTH_NEWEST,
    MONTH_COUNT,
    MONTH_SET_STATE,
    MONTH_FLAG,
    MONTH_ERASE,
    MONTH_SQL_COUNT
};

struct month_table {
    int month;
    struct qund_stmt *st[MONTH_SQL_COUNT]; /* the handle's; NULL until first used */
};

struct qund_months {
    struct qund_db *db;
    struct month_table *tables; /* newest first */
    size_t n, cap;
    uint64_t generation;    /* of the handle, when tables, words and next_seq were read */
    int64_t schema_version; /* readers: of the file, likewise */
    bool loaded;
    int64_t next_seq; /* 0: not known */
    struct qund_words *words;
    struct qund_arena *arena; /* strings of the row given out last */
};

/* Brings the list of months up to date. */
QUND_CHECK int month_refresh(struct qund_months *m);
/* The statement, reset, of this month. */
QUND_CHECK int month_stmt(struct qund_months *m, struct month_table *t, enum month_sql which,
                          struct qund_stmt **out);
/* NULL when the month has no table. */
struct month_table *month_find(struct qund_months *m, int month);
/* A template with the month's digits in place of each '@'. */
void month_expand(const char *sql, int month, char *out, size_t size);
/* Fills a row from a statement that selects MONTH_COLUMNS; strings live until its next step. */
QUND_CHECK int month_row(struct qund_months *m, int month, struct qund_stmt *st,
                         struct qund_message_row *out);
/* Readers outside a transaction get one, so that all months are of one instant. */
QUND_CHECK int month_enter(struct qund_months *m, bool *opened);
int month_leave(struct qund_months *m, bool opened, int rc); /* returns rc */

#define MONTH_COLUMNS                                                                             \
    "seq, key_ts, ts, rx, realm, channel, grp, contact, type, marks, state, account, kind, eid, " \
    "type_name, to_id, reply_to, ref, mentions, text, media, data"
#endif
