/* src/core/yaml.h - YAML 1.2 documents (libfyaml) as a read-only tree with places, for config,
 * rules and the org file. JSON is YAML. Limits: 4 MiB, depth 32, no anchors/aliases/merge keys
 * (they make bombs), duplicate keys refused. */
#ifndef QUND_CORE_YAML_H
#define QUND_CORE_YAML_H
#include "core/err.h"

struct qund_yaml; /* a loaded document, immutable */
enum qund_yaml_kind { QUND_YAML_NULL, QUND_YAML_SCALAR, QUND_YAML_MAP, QUND_YAML_LIST };
struct qund_ynode {
    enum qund_yaml_kind kind;
    bool quoted;                 /* scalar written in quotes: always a string */
    int line, col;               /* 1-based */
    struct qund_str text;        /* scalar */
    struct qund_ynode *child;    /* first entry of a map or list */
    struct qund_ynode *next;     /* next sibling */
    const struct qund_ynode *up; /* the map or list it stands in; NULL: the root */
    struct qund_str key;         /* when the parent is a map */
    int key_line, key_col;
};
/* `name` is what errors print as file. Errors: name:line:col: reason. Strings live as long as the
 * document. */
QUND_CHECK int qund_yaml_parse(const char *name, struct qund_str text, struct qund_yaml **out,
                               struct qund_err *err);
QUND_CHECK int qund_yaml_load(const char *path, struct qund_yaml **out, struct qund_err *err);
struct qund_yaml *qund_yaml_free(struct qund_yaml *y); /* returns NULL */
QUND_DEFINE_AUTO(qund_yaml_free, struct qund_yaml *)
const struct qund_ynode *qund_yaml_root(const struct qund_yaml *y);
const char *qund_yaml_name(const struct qund_yaml *y);
const struct qund_ynode *qund_yaml_get(const struct qund_ynode *map, const char *key);
/* "file:line:col" into out. */
void qund_yaml_where(const struct qund_yaml *y, const struct qund_ynode *n, char out[160]);
/* Its keys from the top: "http.max_body", "rules[2].when.any[0]"; "" for the root. */
void qund_yaml_path(const struct qund_ynode *n, struct qund_buf *out);
/* Adds "where: reason" at this node. Returns rc INVAL. */
int qund_yaml_err(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                  const char *fmt, ...) QUND_PRINTF(4, 5);
/* The same of a value that cannot be taken: before a reason that does not name its key stands the
 * path of its keys, behind one that does not quote it what was found. */
int qund_yaml_bad(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *n,
                  const char *fmt, ...) QUND_PRINTF(4, 5);
/* … of which nobody should read the value in a log: a secret, an address with a key in it. */
int qund_yaml_bad_secret(struct qund_errs *es, const struct qund_yaml *y,
                         const struct qund_ynode *n, const char *fmt, ...) QUND_PRINTF(4, 5);
/* Every key of `map` must be one of words: else an error naming the nearest known one. */
int qund_yaml_known(struct qund_errs *es, const struct qund_yaml *y, const struct qund_ynode *map,
                    const char *const *words, size_t n);
/* Scalars: INVAL with an error added when it is another shape. */
QUND_CHECK int qund_yaml_int(struct qund_errs *es, const struct qund_yaml *y,
                             const struct qund_ynode *n, int64_t *out);
QUND_CHECK int qund_yaml_bool(struct qund_errs *es, const struct qund_yaml *y,
                              const struct qund_ynode *n, bool *out);
void qund_yaml_version(struct qund_buf *out); /* "libfyaml 0.7.12" */
#endif
