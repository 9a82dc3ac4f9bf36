/* qund/cfg.h - a plugin's options, as rows of a table, like the daemon's own.
 *
 * From the rows come the reader with its errors (file:line:column, the nearest known key), the
 * check of `qund check`, the printing without secrets. A row says where in the plugin's own struct
 * the value goes; the daemon allocates that struct, zeroed, fills it and keeps it with all it
 * points to until the entry is closed (channel_close, target_close) or replaced by a reload. The
 * plugin never frees any of it. */
#ifndef QUND_CFG_H
#define QUND_CFG_H
#include "qund/str.h"

/* Written in the file → what lies at the offset. */
enum qund_cfg_type {
    QUND_CFG_BOOL,     /* true → bool */
    QUND_CFG_INT,      /* 20 → int64_t */
    QUND_CFG_SIZE,     /* 64KiB → int64_t, bytes */
    QUND_CFG_DURATION, /* 1h30m → int64_t, milliseconds; -1 when not given and without default */
    QUND_CFG_STRING,   /* text → const char *, NUL-terminated UTF-8; NULL when not given */
    QUND_CFG_PATH,     /* likewise; made absolute or relative to the configuration's folder */
    QUND_CFG_URL,      /* likewise; may also stand as {file: PATH} or {env: NAME}; printed masked */
    QUND_CFG_SECRET,   /* likewise; printed as *** and never logged */
    QUND_CFG_ENUM,     /* one of words → int, its position */
    QUND_CFG_LIST,     /* [a, b] → struct qund_cfg_list */
    QUND_CFG_JSON      /* anything → const char *, the same as JSON text; for a plugin that reads
                        * deeper structures itself */
};
struct qund_cfg_list {
    const char *const *v;
    size_t n;
};

#define QUND_CFG_REQUIRED 1u /* the entry is refused without it */
#define QUND_CFG_RELOAD 2u   /* may change while the daemon runs */
#define QUND_CFG_CHANNEL 4u  /* STRING of a target: names a channel of the same kind */

struct qund_cfg_key {
    const char *name;
    enum qund_cfg_type type;
    size_t offset;
    const char *def;          /* as it would stand in the file; NULL: none */
    int64_t min, max;         /* INT, SIZE, DURATION; both 0: any value from 0 up */
    const char *const *words; /* ENUM, NULL-terminated; else NULL */
    unsigned flags;
    const char *help; /* one sentence */
};
#define QUND_CFG_KEYS_MAX 32 /* rows of one table */

/* Why something is refused. Zero-terminated, the daemon prints both parts. */
struct qund_fault {
    char where[96]; /* a key ("url"), an event's field ("data.member"), or "" */
    char text[256]; /* what is wrong and what to do */
    uint32_t index; /* of the event among those handed over */
    uint32_t unused;
};

/* The options of one kind of entry: what may stand below channels.<name> or targets.<name> besides
 * the keys that all of them have (docs/config.md). No row may be called like one of those. */
struct qund_cfg_table {
    const struct qund_cfg_key *keys;
    size_t n_keys;
    size_t bytes; /* sizeof the plugin's struct */
    /* What one row cannot see. 0, or QUND_E_INVAL with *why filled. Also called by `qund check`,
     * where nothing was started: looks at cfg alone. NULL: nothing to check. Main thread. */
    int (*check)(const void *cfg, struct qund_fault *why);
};
#endif
