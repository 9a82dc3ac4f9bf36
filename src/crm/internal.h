/* src/crm/internal.h - what the files of this folder share: the caches and the SQL behind them. */
#ifndef QUND_CRM_INTERNAL_H
#define QUND_CRM_INTERNAL_H
#include "crm/crm.h"
#include "crm/index.h"

enum {
    CRM_PID_MAX = 128,  /* bytes of a platform id (event/event.h) */
    CRM_NAME_MAX = 256, /* bytes of a name that is kept; longer ones are cut */
    CRM_TAG_MAX = 96,
    CRM_TAGS_MAX = 256,    /* tags of one contact; more are refused */
    CRM_SMALL_MAX = 20000, /* realms, channels, tags kept in memory, each */
    CRM_SLAB = 4096        /* entries per slab: they never move */
};

/* Binds a string that may be NONE as '' (columns that are NOT NULL). */
static inline struct qund_str crm_text(struct qund_str s)
{
    return s.p ? s : (struct qund_str){"", 0};
}

/* The store has this module's tables (contact_sql.c). */
bool qund_crm_tables_there(struct qund_db *db);

/* --- contacts in memory (contact_cache.c) --- */
struct qund_crm_ident { /* lies in the pool, at a multiple of 4 bytes */
    uint32_t contact;   /* entry */
    uint32_t next;      /* identity of the same entry, NONE at the end */
    uint16_t realm;
    uint8_t n;
    char pid[];
};
struct qund_crm_tag_held {
    int64_t expires; /* greatest of the witnesses, 0: never */
    uint32_t tag;
    uint32_t witnesses;
};
struct qund_crm_tags {
    uint32_t n, cap;
    struct qund_crm_tag_held v[];
};
struct qund_crm_entry {
    struct qund_crm_contact pub; /* first: the caller's pointer is the entry's */
    uint32_t name_hash;
    uint32_t item; /* of the last touch */
    int64_t name_ts;
    struct qund_crm_tags *tags; /* with CRM_TAGS_KNOWN; NULL: holds none */
    uint32_t ident;             /* first identity */
    uint32_t dirty;             /* 1 + place in the list of pending writes, 0: clean */
};
/* Places in pub.own, which would be padding otherwise. */
enum {
    CRM_ACTOR, /* role by identity, NONE: no actor */
    CRM_HINT,  /* the last trusted role */
    CRM_FLAGS  /* enum qund_crm_entry_flag */
};
enum qund_crm_entry_flag {
    CRM_LIVE = 1,       /* the slot holds a contact */
    CRM_TAGS_KNOWN = 2, /* tags were read */
    CRM_ROLE_STALE = 4, /* actors changed since */
    CRM_RECENT = 8      /* second chance of the clock hand */
};
struct qund_crm_saved { /* state of an entry before the present item touched it */
    uint32_t entry;
    bool fresh; /* it was not cached: drop it */
    struct qund_crm_entry was;
};
struct qund_crm_contacts {
    struct qund_crm_entry **slab;
    uint32_t n_slabs, used;                  /* slots handed out so far */
    uint32_t *free, n_free, free_cap;        /* slots given back */
    char *pool;                              /* identities */
    uint32_t pool_used, pool_cap, pool_dead; /* in units of 4 bytes */
    uint32_t live, max, hand;
    struct qund_index by_name, by_id;
    uint32_t *pending; /* entries whose times are newer than their rows; NONE: undone */
    uint32_t n_pending, pending_cap;
    struct qund_crm_saved *saved;
    uint32_t n_saved, saved_cap;
};
struct qund_crm_entry *qund_crm_entry_at(struct qund_crm_contacts *cc, uint32_t i);
uint32_t qund_crm_entry_no(struct qund_crm *crm, const struct qund_crm_entry *e);
uint32_t qund_crm_contact_find(struct qund_crm *crm, int64_t realm, struct qund_str pid);
uint32_t qund_crm_contact_find_id(struct qund_crm *crm, int64_t id);
/* A fresh slot (evicting when full) indexed by id; the caller fills the rest. */
uint32_t qund_crm_contact_add(struct qund_crm *crm, int64_t id);
void qund_crm_contact_name(struct qund_crm *crm, uint32_t entry, int64_t realm,
                           struct qund_str pid);
/* Before any change in an item: remembers the state for undo. */
void qund_crm_contact_touch(struct qund_crm *crm, uint32_t entry);
/* Its last_seen or name_ts is to be written by the flush. */
void qund_crm_contact_dirty(struct qund_crm *crm, uint32_t entry);
void qund_crm_contacts_clear(struct qund_crm *crm);
void qund_crm_contacts_undo(struct qund_crm *crm);
void qund_crm_contacts_stale_roles(struct qund_crm *crm);
size_t qund_crm_contacts_bytes(const struct qund_crm *crm);

/* --- groups and members in memory (group_cache.c) --- */
struct qund_crm_grp {
    struct qund_crm_group pub; /* first */
    uint32_t hash, item;
    bool recent;
    int64_t name_ts;
    char *strings; /* one block behind pid, name, zone, place, tags */
};
struct qund_crm_groups {
    struct qund_crm_grp **v;
    uint32_t n, cap, max, hand;
    struct qund_index by_name, by_id;
};
struct qund_crm_grp *qund_crm_group_find(struct qund_crm *crm, int64_t realm, struct qund_str pid);
struct qund_crm_grp *qund_crm_group_find_id(struct qund_crm *crm, int64_t id);
/* Copies row; tags joined by '\n'. */
struct qund_crm_grp *qund_crm_group_add(struct qund_crm *crm, const struct qund_crm_group *row,
                                        int64_t name_ts, struct qund_str tags);
/* The same struct with new contents: pointers to it stay good, its strings are new. */
void qund_crm_group_fill(struct qund_crm *crm, struct qund_crm_grp *g,
                         const struct qund_crm_group *row, int64_t name_ts, struct qund_str tags);
void qund_crm_group_drop(struct qund_crm *crm, int64_t id);
void qund_crm_groups_clear(struct qund_crm *crm);
void qund_crm_groups_undo(struct qund_crm *crm);

enum { CRM_MEMBER_SLOTS = 65536 }; /* direct-mapped: a miss only costs a look into the store */
struct qund_crm_member {
    int64_t grp, contact;
    uint32_t nick_hash, item;
    uint8_t role;
    bool here;
};
/* The slot for this pair; ours only when grp and contact agree. */
struct qund_crm_member *qund_crm_member_slot(struct qund_crm *crm, int64_t grp, int64_t contact);
void qund_crm_members_clear(struct qund_crm *crm);
void qund_crm_members_undo(struct qund_crm *crm);

/* --- small names in memory --- */
struct qund_crm_small {
    int64_t id;
    uint32_t item;
    char *text;
    size_t n;
};
struct qund_crm_names {
    struct qund_crm_small *v;
    uint32_t n, cap;
    struct qund_index by_name;
};
int64_t qund_crm_names_find(const struct qund_crm_names *t, struct qund_str name);
struct qund_str qund_crm_names_text(const struct qund_crm_names *t, int64_t id);
void qund_crm_names_add(struct qund_crm *crm, struct qund_crm_names *t, struct qund_str name,
                        int64_t id);
void qund_crm_names_clear(struct qund_crm_names *t);
void qund_crm_names_undo(struct qund_crm *crm, struct qund_crm_names *t);

struct qund_crm {
    struct qund_db *db;
    struct qund_log *log;
    uint32_t item;       /* number of the present item */
    uint32_t batch_item; /* of the first item since the last flush */
    struct qund_crm_contacts contacts;
    struct qund_crm_groups groups;
    struct qund_crm_member *members;
    struct qund_crm_names realms, channels, tags;
    uint64_t org_version;
    const struct qund_strs *stages; /* that people may set */
};

/* --- statements in one line (run.c) --- */
struct qund_crm_arg {
    const char *name;
    bool is_text;
    int64_t i;
    struct qund_str s;
};
#define CRM_INT(n, v) ((struct qund_crm_arg){.name = (n), .i = (v)})
#define CRM_STR(n, v) ((struct qund_crm_arg){.name = (n), .is_text = true, .s = (v)})
#define CRM_ARGS(...)                           \
    (const struct qund_crm_arg[]){__VA_ARGS__}, \
        sizeof((const struct qund_crm_arg[]){__VA_ARGS__}) / sizeof(struct qund_crm_arg)
/* Prepared and bound; the sql is a literal of ours, so that it compiles is asserted. */
struct qund_stmt *qund_crm_stmt(struct qund_db *db, const char *sql,
                                const struct qund_crm_arg *args, size_t n);
/* To the end; 0 or an rc. */
QUND_CHECK int qund_crm_run(struct qund_db *db, const char *sql, const struct qund_crm_arg *args,
                            size_t n);
/* Column 0 of the first row; NOTFOUND leaves *out alone. */
QUND_CHECK int qund_crm_ask(struct qund_db *db, const char *sql, const struct qund_crm_arg *args,
                            size_t n, int64_t *out);

/* --- steps that several subjects share --- */
uint32_t qund_crm_hash_text(struct qund_str s);
struct qund_str qund_crm_cut_name(struct qund_str s); /* NONE stays NONE */
/* Writes last_seen and name_ts of one contact. */
QUND_CHECK int qund_crm_contact_write_times(struct qund_crm *crm, const struct qund_crm_entry *e);
/* The cache entry of a contact by id: NOTFOUND when there is no such person. */
QUND_CHECK int qund_crm_contact_load(struct qund_crm *crm, int64_t id, uint32_t *entry);
/* The contact behind (realm, pid) without making one: NOTFOUND. */
QUND_CHECK int qund_crm_identity_find(struct qund_crm *crm, int64_t realm, struct qund_str pid,
                                      int64_t *contact);
QUND_CHECK int qund_crm_identity_add(struct qund_crm *crm, int64_t realm, struct qund_str pid,
                                     int64_t contact, struct qund_str name);
QUND_CHECK int qund_crm_contact_insert(struct qund_crm *crm, struct qund_str name, int64_t ts,
                                       struct qund_str source, int64_t *id);
/* Its number; with make also a new one. NOTFOUND otherwise. */
QUND_CHECK int qund_crm_tag_id(struct qund_crm *crm, struct qund_str name, bool attribute,
                               bool make, int64_t *id);
/* Steps of qund_crm_withdraw. */
QUND_CHECK int qund_crm_lead_unscore(struct qund_crm *crm, int64_t seq);
QUND_CHECK int qund_crm_households_leave(struct qund_crm *crm, int64_t seq);
QUND_CHECK int qund_crm_lead_make(struct qund_crm *crm, int64_t contact, int64_t ts);
struct qund_crm_staff {
    struct qund_str key, name;  /* name NONE or empty: kept, else the key */
    struct qund_str realm, pid; /* one more identity; pid empty: none */
    bool active;
};
/* 1 made, 0 changed. INVAL with err; DENIED ("managed_by_file") when org.yaml names them. */
QUND_CHECK int qund_crm_staff_put(struct qund_crm *crm, const struct qund_crm_staff *s, int64_t *id,
                                  struct qund_err *err);
/* After changes of staff, actors, groups, roles or rosters. */
void qund_crm_org_changed(struct qund_crm *crm);
#endif
