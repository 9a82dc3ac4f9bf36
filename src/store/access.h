/* src/store/access.h - bearer tokens of the API: their roles, and the rows that hold their hashes
 * (essay in access.c). */
#ifndef QUND_STORE_ACCESS_H
#define QUND_STORE_ACCESS_H
#include "store/db.h"

/* The system roles of the glossary, and `ingest`, which may hand in events and nothing else. */
enum qund_access_role {
    QUND_ACCESS_ADMIN,
    QUND_ACCESS_MANAGER,
    QUND_ACCESS_OPERATOR,
    QUND_ACCESS_STAFF,
    QUND_ACCESS_VIEWER,
    QUND_ACCESS_AUDITOR,
    QUND_ACCESS_INGEST
};
#define QUND_ACCESS_ROLES (QUND_ACCESS_INGEST + 1)
const char *qund_access_role_name(enum qund_access_role r); /* "admin", … */
int qund_access_role_parse(struct qund_str s);              /* the role, or NOTFOUND */

#define QUND_TOKEN_CHARS 49   /* "qund_" + 43 of base64url + NUL */
#define QUND_TOKENS_MAX 10000 /* alive at once; FULL beyond */
#define QUND_TOKEN_CHANNELS_MAX 64
/* 256 random bits as text. Not on the engine thread, which makes nothing by chance. */
void qund_token_make(char token[QUND_TOKEN_CHARS]);
/* What the store keeps of it: SHA-256 as hex. */
void qund_token_hash(struct qund_str token, char hash[65]);

struct qund_token {
    int64_t id;
    struct qund_str hash, name, by;
    struct qund_str channels; /* JSON array or NONE; only of ingest */
    enum qund_access_role role;
    int64_t created, expires, revoked; /* 0: never */
};
/* In the caller's transaction. INVAL with the reason; EXISTS: the hash is there already. */
QUND_CHECK int qund_token_add(struct qund_db *db, const struct qund_token *t, int64_t *id,
                              struct qund_err *err);
/* NOTFOUND: no such token alive. The last admin cannot be revoked: INVAL. */
QUND_CHECK int qund_token_revoke(struct qund_db *db, int64_t id, int64_t now, struct qund_err *err);
/* In order of id, alive ones only unless `all`; strings are valid for the call; non-zero from each
 * stops and is returned. Any handle. */
QUND_CHECK int qund_token_each(struct qund_db *db, bool all,
                               int (*each)(const struct qund_token *t, void *arg), void *arg);
/* Before the engine starts, with the writing handle: 1 and a token in `token` when no admin token
 * was ever made (the caller shows it once), 0 otherwise. */
QUND_CHECK int qund_token_first(struct qund_db *db, int64_t now, char token[QUND_TOKEN_CHARS],
                                struct qund_err *err);

/* Takes that token back: the start failed before anybody was shown it, and the next one must make
 * another. With the writing handle, the engine stopped. */
QUND_CHECK int qund_token_first_undo(struct qund_db *db);

/* The engine's part: commands "token.add" {hash, role, channels?, name, expires?, by} and
 * "token.revoke" {id}. reply: {"id":n}. */
bool qund_token_command_known(const char *name);
QUND_CHECK int qund_token_command(struct qund_db *db, const char *name, struct qund_str body,
                                  int64_t now, struct qund_buf *reply, struct qund_err *err);
#endif
