/* option.h - the rows of which the configuration is made; for this folder alone. */
#ifndef QUND_CONFIG_OPTION_H
#define QUND_CONFIG_OPTION_H
#include "config/config.h"
#include "core/yaml.h"

/* The type decides what stands in the file and what lies at the offset. */
enum opt_type {
    OPT_BOOL,     /* bool */
    OPT_INT,      /* int64_t */
    OPT_SIZE,     /* int64_t bytes */
    OPT_DURATION, /* int64_t ms */
    OPT_STRING,   /* char * */
    OPT_PATH,     /* char *, relative to the file's folder */
    OPT_URL,      /* char *, may also come from {file: …} or {env: …} */
    OPT_SECRET,   /* char *, likewise */
    OPT_ENUM,     /* enum, words in the order of its values */
    OPT_PATHS,    /* struct qund_strs */
    OPT_HOURS,    /* struct qund_hours */
    OPT_LADDERS,  /* struct qund_ladders */
    OPT_LIST,     /* struct qund_strs of any text */
    OPT_JSON      /* char *: whatever stands there, as JSON text */
};
#define OPT_TYPES (OPT_JSON + 1)

#define OPT_RELOAD 1u   /* may change while running */
#define OPT_REQUIRED 2u /* in entries of maps */
#define OPT_OURS 4u     /* in entries of maps: of our own kinds alone */

struct option {
    const char *name;
    enum opt_type type;
    size_t offset;            /* in struct qund_config, or in the entry of a map */
    const char *def;          /* as it would stand in the file; NULL: none */
    int64_t min, max;         /* INT, SIZE, DURATION */
    const char *const *words; /* ENUM, NULL-terminated */
    unsigned flags;
    const char *help;
};
struct section {
    const char *name, *help;
    const struct option *v;
    size_t n;
};
/* A map from names to entries of one struct, whose first member is its name. */
struct option_map {
    const char *name, *help;
    size_t offset, n_offset; /* of the array and its length in struct qund_config */
    size_t item_bytes;
    const struct option *v;
    size_t n;
    unsigned flags;                 /* RELOAD: entries may come and go */
    size_t kind_offset, own_offset; /* char *kind and struct qund_own in an entry */
    const char *const *ours;        /* kinds that are not a plugin's, NULL-terminated */
};
#define OPTIONS_MAX 48 /* in one section or entry */
#define MAP_ENTRIES_MAX 1000
extern const struct section qund_config_sections[];
extern const size_t qund_config_n_sections;
extern const struct option_map qund_config_maps[];
extern const size_t qund_config_n_maps;

/* --- values (value.c) --- */
/* Sets the field from text; false with a reason in why. */
bool qund_option_set(const struct option *o, void *base, struct qund_str text, char why[160]);
/* The field as text that qund_option_set takes; nothing when it is NULL or empty. */
void qund_option_text(const struct option *o, const void *base, struct qund_buf *out);
void qund_option_clear(const struct option *o, void *base);
const char *qund_option_type_name(enum opt_type t);

/* --- nodes (node.c) --- */
struct node_ctx {
    const struct qund_yaml *y;
    const char *dir; /* NULL: paths stay as they are */
    struct qund_errs *es;
    const struct qund_config_kinds *kinds; /* NULL: any kind, unseen */
};
/* Sets one field from its node; INVAL with an error added. */
int qund_option_node(const struct node_ctx *ctx, const struct option *o, void *base,
                     const struct qund_ynode *n);
/* All of a map's options; unknown keys are errors. */
int qund_option_nodes(const struct node_ctx *ctx, const struct option *v, size_t n, void *base,
                      const struct qund_ynode *map);
void qund_options_default(const struct option *v, size_t n, void *base);

/* --- what plugins bring (own.c) --- */
struct qund_own *qund_own_of(const struct option_map *m, const void *item);
const char *qund_kind_of(const struct option_map *m, const void *item);
bool qund_kind_is_ours(const struct option_map *m, const void *item);
/* One entry of a map, by the keys of its kind. */
int qund_entry_node(const struct node_ctx *ctx, const struct option_map *m, struct qund_config *c,
                    void *item, const struct qund_ynode *n);
/* The table's rows as options; returns how many. */
size_t qund_own_options(const struct qund_cfg_table *t, struct option out[QUND_CFG_KEYS_MAX]);
void qund_own_clear(struct qund_own *own);

/* --- where paths are named (place.c) --- */
/* Takes down the places of all paths of the sections. */
void qund_places_note(struct qund_config *c, const struct qund_yaml *y);
void qund_places_free(struct qund_config *c);

/* --- checks across keys (check.c) --- */
/* where(section, key, item) finds the place for an error; NULL y: no file. */
int qund_config_check(const struct qund_config *c, const struct qund_yaml *y, struct qund_errs *es);
#endif
