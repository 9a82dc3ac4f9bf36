/* src/engine/look.h - member lists of groups: between member.c, look.c, look_list.c and
 * look_sql.c. */
#ifndef QUND_ENGINE_LOOK_H
#define QUND_ENGINE_LOOK_H
#include "engine/internal.h"

/* One list as an event brings it, or put together of its parts (look_list.c). In the arena. */
struct look_person {
    struct qund_str id, name;
};
struct look_list {
    struct look_person *v; /* in order of their ids, each once */
    size_t n, cap;
    bool whole;
    int64_t part, parts; /* from 1; 1 of 1 when it has none */
    struct qund_str stamp;
};
#define LOOK_PARTS_MAX 32 /* of 64 KiB each */
/* Adds what stands in data; INVAL: it is no such list. */
QUND_CHECK int qund_look_read(struct qund_engine *e, struct qund_str data, struct look_list *l);
void qund_look_sort(struct look_list *l);
/* 1 and the person of that id, 0 none. */
bool qund_look_has(const struct look_list *l, struct qund_str id);

/* --- look_sql.c --- */
struct look {
    int64_t ts, members, doubt;
};
QUND_CHECK int qund_look_sql_get(struct qund_db *db, int64_t grp, struct look *out); /* NOTFOUND */
QUND_CHECK int qund_look_sql_put(struct qund_db *db, int64_t grp, const struct look *look);
/* Keeps a part; *have: how many of that stamp there are, *ts: the earliest. Parts of other lists of
 * the group go. */
QUND_CHECK int qund_look_sql_part(struct qund_db *db, int64_t grp, const struct look_list *l,
                                  int64_t ts, struct qund_str body, int64_t *have, int64_t *first);
/* Each part's body; then they go. A non-zero return stops. */
QUND_CHECK int qund_look_sql_parts(struct qund_db *db, int64_t grp,
                                   int (*each)(struct qund_str body, void *arg), void *arg);
QUND_CHECK int qund_look_sql_parts_drop(struct qund_db *db, int64_t grp);
/* Who is held to be a member, by every id they have in the realm. */
QUND_CHECK int qund_look_sql_members(struct qund_db *db, int64_t grp, int64_t realm,
                                     int (*each)(int64_t contact, int64_t state_ts,
                                                 struct qund_str pid, void *arg),
                                     void *arg);
/* 1 and when it was decided: they left that group. */
QUND_CHECK int qund_look_sql_left(struct qund_db *db, int64_t grp, int64_t realm,
                                  struct qund_str pid, int64_t *state_ts);
struct look_change {
    int64_t grp, contact;
    bool joined;
    int64_t ts, prev, seq;
    int month;
};
QUND_CHECK int qund_look_sql_remember(struct qund_db *db, const struct look_change *c);
/* 1: a list showed what a notice of that time tells; it is filled in, and forgotten. */
QUND_CHECK int qund_look_sql_claim(struct qund_db *db, int64_t notice_ts, struct look_change *c);
QUND_CHECK int qund_look_sql_forget(struct qund_db *db, int64_t grp, int64_t before);
#endif
