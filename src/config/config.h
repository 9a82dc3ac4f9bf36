/* config.h - the configuration as an immutable snapshot, read whole or not at all.
 *
 * A snapshot is made by qund_config_load, shared by reference and never changed afterwards; a
 * reload makes another and swaps the pointer. Every key is a row of a table (table.c): its type,
 * default, bounds, flags and help; parser, printer, docs/config.md and the reload check come from
 * that row. Strings are owned by the snapshot; one that was not given and has no default is NULL.
 */
#ifndef QUND_CONFIG_CONFIG_H
#define QUND_CONFIG_CONFIG_H
#include "core/core.h"
#include "qund/plugin.h"
#include <stdatomic.h>

enum qund_durability { QUND_DURABILITY_DISK, QUND_DURABILITY_OS };
enum qund_quiet_mode { QUND_QUIET_DROP, QUND_QUIET_DELAY }; /* in the order of their words */

struct qund_strs {
    char **v;
    size_t n;
};
/* Minutes of the local day; from > to runs over midnight, from == to: never. */
struct qund_hours {
    int from_min, to_min;
};
#define QUND_LADDER_STEPS 8
#define QUND_READERS_MAX 64 /* of store.readers; each is a thread */
/* When an alert that nobody took is told to the next person. */
struct qund_ladder {
    char *level;
    int64_t step_ms[QUND_LADDER_STEPS];
    size_t n;
};
struct qund_ladders {
    struct qund_ladder *v;
    size_t n;
};
/* What a plugin's own table made of an entry. */
struct qund_own {
    const struct qund_cfg_table *table; /* the plugin's; NULL: no plugin, or one not looked at */
    void *cfg;                          /* the plugin's struct, filled */
    enum qund_repeat repeat;            /* of targets: what an unknown outcome allows */
    int64_t (*rate)(const void *cfg);   /* of targets: the peer's own; NULL: not known */
    bool (*shared)(const void *cfg);    /* of targets: several people read there; NULL: not known */
    bool (*single)(const void *cfg);    /* of targets: one person's place, whomever a push is for */
    bool (*speaks)(const void *cfg);    /* of targets: it can say something in a chat; NULL: yes */
};
struct qund_channel_cfg {
    char *name;
    char *realm; /* the world in which its ids are unique; never NULL */
    char *kind;  /* "api", "replay", or a plugin's name; never NULL */
    struct qund_own own;
    bool trust_roles;      /* sender_role of its events is believed */
    bool live;             /* may send origin: live */
    bool ts_stable;        /* a repeated event carries the same ts */
    int64_t lateness_ms;   /* -1: time.lateness */
    int64_t hook_body;     /* bytes of a request below /hook/<name> */
    char *send_through;    /* the target that speaks in its chats; NULL: nobody does */
    char *confirm_through; /* the target through which staff confirm a post; NULL: none */
};
enum qund_shared { QUND_SHARED_AUTO, QUND_SHARED_TRUE, QUND_SHARED_FALSE };
struct qund_target_cfg {
    char *name;
    char *kind; /* "webhook", or a plugin's name; never NULL */
    struct qund_own own;
    char *url;               /* of a webhook, as the three below; never NULL then */
    char *secret;            /* signs; NULL: unsigned */
    char *template;          /* body with {{fields}}; NULL: the event's JSON */
    bool allow_private;      /* loopback and private addresses are allowed */
    bool ordered;            /* a retry holds back what comes after it */
    bool cards;              /* several reminders may come as one */
    enum qund_shared shared; /* more than one person reads what comes there; never AUTO once read */
    bool single;             /* as its kind is, one person's place, whomever a push is for */
    int64_t rate_per_min;    /* 0: no limit */
    int64_t timeout_ms;
};

/* Where the file names a file or folder. */
struct qund_place {
    char *key, *path, *at; /* "rules.dirs", as resolved, "qund.yaml:12:5" */
};

struct qund_config {
    _Atomic unsigned refs;
    char *path; /* NULL: the embedded default */
    struct qund_place *places;
    size_t n_places;
    struct {
        char *listen;     /* HOST:PORT, [v6]:PORT or unix:PATH */
        char *public_url; /* NULL: pushes carry no link */
        int64_t max_body, max_connections, per_peer, header_timeout_ms, idle_timeout_ms;
        int64_t rate_per_token; /* events a second; 0: no limit */
    } http;
    struct {
        char *url; /* "managed", redis://host:port/db, unix:/path */
        char *password, *prefix;
        enum qund_durability durability;
        int64_t maxmemory, max_waiting, batch, spool_max, reply_ms;
    } queue;
    struct {
        int64_t page_cache, retention_ms, wal_limit, reserve, readers;
        bool search;
    } store;
    struct {
        char *zone;
        int64_t lateness_ms, backfill_after_ms;
    } time;
    struct {
        struct qund_strs dirs; /* empty only when no shipped rules are found */
        char *cache;           /* NULL: <data>/rules.cache */
        int64_t compile_timeout_ms, compile_memory;
    } rules;
    struct {
        struct qund_strs dirs; /* empty only when no shipped templates are found */
        int64_t group_day, group_day_last, group_month, contact_week, sender_day; /* 0: no cap */
    } sop;
    struct {
        char *file;
    } org;
    struct {
        struct qund_strs stages; /* empty: any */
    } leads;
    struct {
        enum qund_level level;
        enum qund_log_form form;
    } log;
    struct {
        int64_t merge_ms, push_every_ms, link_for_ms;
        struct qund_ladders ladders;
    } alert;
    struct {
        struct qund_hours hours;
        enum qund_quiet_mode mode;
    } quiet;
    struct {
        bool enabled;
        char *prefix, *suffix, *forward_prefix; /* marks; NULL: none */
        int64_t group_hour, group_day, contact_day, forward_hour;
        int64_t max_age_ms, recall_within_ms;
        enum qund_quiet_mode quiet;
    } autos; /* section `auto` */
    struct {
        int64_t max_clients;
    } live;
    struct {
        char *at; /* HH:MM; NULL: none is sent */
        int64_t words;
    } digest;
    struct {
        char *ca_file; /* NULL: the system's roots */
    } net;
    struct {
        struct qund_strs dirs; /* looked into before the shipped ones */
    } plugins;
    struct qund_channel_cfg *channels; /* sorted by name; api and replay are always there */
    size_t n_channels;
    struct qund_target_cfg *targets; /* sorted by name */
    size_t n_targets;
};

/* Who knows the kinds of channels and targets that are not ours, and their keys. */
struct qund_config_kinds {
    /* map: "channels" or "targets". 0 with own->table (and repeat): the entry's own keys are read
     * by it; 0 without: the kind cannot be used now, its keys are taken unseen. NOTFOUND: there is
     * no such kind, or it is none for this map; err->text says so. c holds its sections already. */
    int (*find)(void *arg, const struct qund_config *c, const char *map, const char *kind,
                struct qund_own *own, struct qund_err *err);
    void *arg;
};
/* Whether the entry is served by the daemon itself. */
bool qund_channel_is_ours(const struct qund_channel_cfg *c);
bool qund_target_is_ours(const struct qund_target_cfg *t);
/* Whether a plugin's table can be used for map ("channels", "targets"): rows within its struct,
 * names of their own, defaults that their own row takes. ABI with the reason. */
QUND_CHECK int qund_cfg_table_check(const struct qund_cfg_table *t, const char *map,
                                    struct qund_err *err);
/* Two readings of the same entry: the same plugin, the same values of its own keys. */
bool qund_own_same(const struct qund_own *a, const struct qund_own *b);
/* True when no key differs but those that may change while running. */
bool qund_own_reloadable(const struct qund_own *a, const struct qund_own *b);

/* When the hours that hold now end, on that zone's clock; now: they do not hold. */
struct qund_zone;
int64_t qund_hours_until(const struct qund_hours *h, const struct qund_zone *z, int64_t now);
/* The section of a configuration that is called so or nearly so, NULL: none is. */
const char *qund_config_section_near(struct qund_str name);
/* path NULL: all defaults. Paths in a file are relative to its folder. INVAL with every error of
 * the file in *errs ("qund.yaml:12:3", reason), or the rc of reading it; *out is set on success
 * only. */
QUND_CHECK int qund_config_load(const char *path, struct qund_config **out, struct qund_errs *errs);
/* The same with the kinds that plugins bring; without (kinds NULL, as above) any kind is taken and
 * its own keys unseen. The tables must outlive the snapshot. */
QUND_CHECK int qund_config_load_kinds(const char *path, const struct qund_config_kinds *kinds,
                                      struct qund_config **out, struct qund_errs *errs);
/* As qund_config_load, from memory; `name` is what errors print, `dir` what paths are relative to
 * (NULL: left as they are). */
QUND_CHECK int qund_config_parse(const char *name, const char *dir, struct qund_str text,
                                 struct qund_config **out, struct qund_errs *errs);
QUND_CHECK int qund_config_parse_kinds(const char *name, const char *dir, struct qund_str text,
                                       const struct qund_config_kinds *kinds,
                                       struct qund_config **out, struct qund_errs *errs);
/* For the command line, before the snapshot is shared: "http.listen" and a value as it would stand
 * in the file. Keys of maps are not reached. */
QUND_CHECK int qund_config_set(struct qund_config *c, const char *key, struct qund_str value,
                               struct qund_errs *errs);
/* For a simulation, before the snapshot is shared: a channel of that realm whose roles are
 * believed; a target of that name, if there is none, to which nothing is ever sent. */
void qund_config_add_channel(struct qund_config *c, struct qund_str name, struct qund_str realm);
void qund_config_add_target(struct qund_config *c, struct qund_str name);
struct qund_config *qund_config_ref(struct qund_config *c);
struct qund_config *qund_config_unref(struct qund_config *c); /* returns NULL */
QUND_DEFINE_AUTO(qund_config_unref, struct qund_config *)

/* Borrowed; NULL when there is none. */
const struct qund_channel_cfg *qund_config_channel(const struct qund_config *c,
                                                   struct qund_str name);
const struct qund_target_cfg *qund_config_target(const struct qund_config *c, struct qund_str name);
const struct qund_ladder *qund_config_ladder(const struct qund_config *c, struct qund_str level);

/* What stands in the way of a path itself (it is not there, it cannot be read) is mended where the
 * configuration names it: such errors of `errs`, from number `from` on, move to the line of `key`
 * ("org.file", "rules.dirs"), the path going before the reason. */
void qund_config_place_errs(const struct qund_config *c, const char *key, struct qund_errs *errs,
                            size_t from);

/* The whole snapshot as YAML that loads again; secrets and the secret parts of addresses as ***. */
void qund_config_print(const struct qund_config *c, struct qund_buf *out);
/* docs/config.md. */
void qund_config_doc(struct qund_buf *out);
/* Keys that differ and may not change while running, one a line; returns how many. */
size_t qund_config_reload_diff(const struct qund_config *before, const struct qund_config *after,
                               struct qund_buf *out);
#endif
