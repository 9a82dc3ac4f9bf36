/* src/plugin/plugin.h - files that bring channels and ways to deliver: found, tried out in another
 * process, loaded, known by name (essays in registry.c, probe.c, check.c). Main thread. */
#ifndef QUND_PLUGIN_PLUGIN_H
#define QUND_PLUGIN_PLUGIN_H
#include "core/core.h"
#include "qund/plugin.h"

struct qund_plugins;
struct qund_plugins_opts {
    const char *exe;    /* runs `exe probe-plugin FILE`; NULL: nothing can be loaded */
    int64_t timeout_ms; /* of a probe; 0: 2 s */
    struct qund_log *log;
};
struct qund_plugins *qund_plugins_new(const struct qund_plugins_opts *o);
/* Unloads. What plugins have handed out (tables, names) is void. Returns NULL. */
struct qund_plugins *qund_plugins_free(struct qund_plugins *ps);
QUND_DEFINE_AUTO(qund_plugins_free, struct qund_plugins *)

/* Where files are looked for, in this order: dirs, $QUND_PLUGINS, `plugins` beside the program, the
 * installed ones. From here on; those already known stay. */
void qund_plugins_dirs(struct qund_plugins *ps, const char *const *dirs, size_t n);

enum qund_plugin_state {
    QUND_PLUGIN_LOADED,
    QUND_PLUGIN_REFUSED, /* there is a file, and `why` it is not used */
    QUND_PLUGIN_STOPPED  /* three stops of the daemon in a row: left out this time */
};
#define QUND_PLUGIN_STATES (QUND_PLUGIN_STOPPED + 1)
const char *qund_plugin_state_name(enum qund_plugin_state s);

struct qund_plugin_file {
    char *name, *path;
    enum qund_plugin_state state;
    const struct qund_plugin *plugin; /* unless REFUSED by the probe */
    char version[48];                 /* "" when it never said one */
    char why[400];                    /* unless LOADED */
    void *handle;                     /* of dlopen; the registry's own */
};
/* Looks for <name>.so, tries it out and loads it; asked again, it answers from memory. Borrowed.
 * NULL: there is no such file, *near (may be NULL) is the nearest name there is, NULL: none. A file
 * that is there is returned in any state. */
struct qund_plugin_file *qund_plugins_find(struct qund_plugins *ps, struct qund_str name,
                                           const char **near);
/* From here on it counts as unusable: its start failed, or it stopped the daemon too often. */
void qund_plugin_file_put(struct qund_plugin_file *f, enum qund_plugin_state state,
                          const char *why);
/* Tries out every file there is (a folder's worth of processes: for `qund doctor`). */
void qund_plugins_find_all(struct qund_plugins *ps);
/* Those that were looked for so far, in that order; borrowed. */
struct qund_plugin_file *qund_plugins_at(const struct qund_plugins *ps,
                                         size_t i); /* NULL: the end */

/* --- for the probe's two sides and for tests --- */
/* Whether a plugin from `path` can be used: version, size, duties, tables. ABI with the reason:
 * file, wanted, found. */
QUND_CHECK int qund_plugin_check(const struct qund_plugin *p, const char *path,
                                 struct qund_err *err);
/* What the child found; bytes in its output. */
struct qund_probe {
    char magic[8];
    int32_t rc;
    uint32_t unused;
    char version[48];
    char why[384];
};
/* The child: opens the file, asks and checks it, writes a qund_probe to out_fd. Exit status. */
int qund_plugin_probe_main(const char *path, int out_fd);
/* The parent: 0, or the rc and reason of what the child met with. */
QUND_CHECK int qund_plugin_probe(const char *exe, const char *path, int64_t timeout_ms,
                                 struct qund_probe *out, struct qund_err *err);
/* "<dir>/onebot.so" → "onebot"; NONE when the file's name is not of that form. */
struct qund_str qund_plugin_name_of(const char *path);
#endif
