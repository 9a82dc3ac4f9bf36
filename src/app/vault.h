/* src/app/vault.h - the data folder: one holder at a time, and where things lie in it. */
#ifndef QUND_APP_VAULT_H
#define QUND_APP_VAULT_H
#include "core/core.h"
#include <stdatomic.h>

struct qund_config;
struct qund_db;

/* <data>: lock, qund.db, inhand, reserve, spool/, redis/, rules.cache/, qund.sock, key, damaged */
struct qund_vault {
    char *dir; /* absolute */
    char *store, *inhand, *reserve, *spool, *redis, *rules_cache, *sock;
    char *damage;          /* a note that lies there while the store is known to be damaged */
    int lock_fd;           /* -1: not held */
    bool made;             /* the folder, by us */
    unsigned char key[32]; /* of <data>/key, once qund_vault_key was called */
    /* Shared by all handles of the store (db.h): set once, whoever finds it malformed. */
    atomic_bool *damaged;
    /* Maint sets it when the folder is no longer where it was: what is taken from then on would lie
     * in removed files. */
    atomic_bool *gone;
};
/* Makes the folder (0700), takes the lock, looks at store and file system. EXISTS: another program
 * holds it, err names its pid. NOTFOUND: the store is gone from a folder that was in use. DENIED,
 * IO: err says what to do. */
QUND_CHECK int qund_vault_open(const char *dir, struct qund_vault **out, struct qund_err *err);
/* The same without a look at the store: for a restore, whose store may be what is wrong. */
QUND_CHECK int qund_vault_hold(const char *dir, struct qund_vault **out, struct qund_err *err);
/* Nothing came of it: a folder that we made goes again, if there is nothing in it but the lock. */
void qund_vault_unmake(const struct qund_vault *v);
/* Paths only, for who reads beside a running daemon. NOTFOUND: there is no such folder. */
QUND_CHECK int qund_vault_look(const char *dir, struct qund_vault **out, struct qund_err *err);
struct qund_vault *qund_vault_close(struct qund_vault *v); /* returns NULL */
QUND_DEFINE_AUTO(qund_vault_close, struct qund_vault *)
/* Before the store is opened: whether its last holder left a write-ahead log, that is, did not stop
 * in order. */
bool qund_vault_wal_there(const struct qund_vault *v);
/* The writing handle, schema brought forward. full_sync by the configuration's durability. */
QUND_CHECK int qund_vault_store(const struct qund_vault *v, const struct qund_config *cfg,
                                struct qund_log *log, struct qund_db **out, struct qund_err *err);
/* Reads <data>/key into v->key; makes one (0600) where there is none. IO, INVAL: err says what to
 * do.
 */
QUND_CHECK int qund_vault_key(struct qund_vault *v, struct qund_err *err);
/* The lock we hold is the one that lies in the folder. False: somebody removed or moved that. */
bool qund_vault_in_place(const struct qund_vault *v);
/* So that the next start does not write into it either. A failure is logged. */
void qund_vault_note_damage(const struct qund_vault *v, struct qund_str what, struct qund_log *log);
/* Where such a note lies, all tables are looked at: IO, err says how to restore, while one is
 * damaged; else the note goes. */
QUND_CHECK int qund_vault_look_at_damage(const struct qund_vault *v, struct qund_db *db,
                                         struct qund_log *log, struct qund_err *err);
#endif
