/* registry.c - plugins by name.
 *
 * A plugin is looked for when a configuration first names it, so what nobody uses costs nothing.
 * The file's name is the plugin's name is the word behind `kind:`. The first folder that has the
 * file wins, also when the file is refused: a broken own build must not silently become the shipped
 * one.
 *
 * A file that was loaded stays loaded as long as the registry: snapshots of the configuration point
 * into its tables, and metrics carry its words. */
#include "core/file.h"
#include "plugin/plugin.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_MS 2000
#define FILES_MAX 128u
#define DIRS_MAX 16u

struct qund_plugins {
    struct qund_plugins_opts opts;
    char *exe;
    char *dirs[DIRS_MAX];
    size_t n_dirs;
    struct qund_plugin_file *files[FILES_MAX];
    size_t n_files;
    char *near; /* what find last pointed to */
};

const char *qund_plugin_state_name(enum qund_plugin_state s)
{
    static const char *const NAMES[QUND_PLUGIN_STATES] = {
        [QUND_PLUGIN_LOADED] = "loaded",
        [QUND_PLUGIN_REFUSED] = "refused",
        [QUND_PLUGIN_STOPPED] = "stopped",
    };

    return (unsigned)s < QUND_PLUGIN_STATES ? NAMES[s] : "?";
}

/* --- folders --- */

static void add_dir(struct qund_plugins *ps, const char *dir)
{
    if (ps->n_dirs < DIRS_MAX)
        ps->dirs[ps->n_dirs++] = qund_strdup(dir);
}

static void clear_dirs(struct qund_plugins *ps)
{
    while (ps->n_dirs > 0)
        qund_free(ps->dirs[--ps->n_dirs]);
}

void qund_plugins_dirs(struct qund_plugins *ps, const char *const *dirs, size_t n)
{
    const char *env = getenv("QUND_PLUGINS");
    char beside[4096];
    ssize_t len = readlink("/proc/self/exe", beside, sizeof(beside) - 16);
    char *slash;

    clear_dirs(ps);
    for (size_t i = 0; i < n && ps->n_dirs + 3 < DIRS_MAX; i++)
        add_dir(ps, dirs[i]);
    if (env && *env)
        add_dir(ps, env);
    beside[len > 0 ? len : 0] = '\0';
    slash = strrchr(beside, '/');
    if (slash) {
        memcpy(slash, "/plugins", sizeof("/plugins"));
        add_dir(ps, beside);
    }
    add_dir(ps, QUND_PLUGIN_DIR);
}

/* --- one file --- */

static struct qund_plugin_file *add_file(struct qund_plugins *ps, struct qund_str name,
                                         const char *path)
{
    struct qund_plugin_file *f = qund_alloc(sizeof(*f));

    f->name = qund_str_dup(name);
    f->path = qund_strdup(path);
    ps->files[ps->n_files++] = f;
    return f;
}

void qund_plugin_file_put(struct qund_plugin_file *f, enum qund_plugin_state state, const char *why)
{
    f->state = state;
    snprintf(f->why, sizeof(f->why), "%s", why);
}

static int open_file(struct qund_plugin_file *f, struct qund_err *err)
{
    const struct qund_plugin *(*entry)(uint16_t, uint16_t);
    void *symbol;
    int rc;

    f->handle = dlopen(f->path, RTLD_NOW | RTLD_LOCAL);
    symbol = f->handle ? dlsym(f->handle, "qund_plugin_entry") : NULL;
    if (!symbol)
        return qund_err_set(err, QUND_E_INVAL, f->path, "cannot be opened: %.300s", dlerror());
    memcpy(&entry, &symbol, sizeof(entry));
    f->plugin = entry(QUND_ABI_MAJOR, QUND_ABI_MINOR);
    rc = qund_plugin_check(f->plugin, f->path, err);
    if (rc < 0)
        f->plugin = NULL;
    return rc;
}

static void load(struct qund_plugins *ps, struct qund_plugin_file *f)
{
    struct qund_probe probe;
    struct qund_err err = {0};
    int rc = ps->exe ? qund_plugin_probe(ps->exe, f->path, ps->opts.timeout_ms, &probe, &err)
                     : qund_err_set(&err, QUND_E_NOTFOUND, f->path,
                                    "cannot be tried out: this program is not qund");

    if (rc == 0)
        rc = open_file(f, &err);
    if (rc < 0) {
        qund_plugin_file_put(f, QUND_PLUGIN_REFUSED, err.text);
        qund_log(ps->opts.log, QUND_ERROR, "plugin.refused", QUND_KV("file", f->path),
                 QUND_KV("why", f->why));
        return;
    }
    snprintf(f->version, sizeof(f->version), "%s", f->plugin->version);
    qund_log(ps->opts.log, QUND_INFO, "plugin.loaded", QUND_KV("file", f->path),
             QUND_KV("version", f->version));
}

/* --- by name --- */

static struct qund_plugin_file *known(const struct qund_plugins *ps, struct qund_str name)
{
    for (size_t i = 0; i < ps->n_files; i++)
        if (qund_str_is(name, ps->files[i]->name))
            return ps->files[i];
    return NULL;
}

/* Names of all files there are; each and the array are the caller's. */
static char **all_names(const struct qund_plugins *ps, size_t *n)
{
    char **all = NULL;

    *n = 0;
    for (size_t d = 0; d < ps->n_dirs; d++) {
        char **names = NULL;
        size_t found = 0;

        if (qund_dir_list(ps->dirs[d], ".so", &names, &found, NULL) < 0)
            continue;
        for (size_t i = 0; i < found; i++) {
            struct qund_str name = qund_plugin_name_of(names[i]);

            if (name.p && *n < FILES_MAX) {
                all = qund_realloc(all, (*n + 1) * sizeof(*all));
                all[(*n)++] = qund_str_dup(name);
            }
            qund_free(names[i]);
        }
        qund_free(names);
    }
    return all;
}

/* Their names are in small letters: ONEBOT means onebot. */
static const char *nearest(struct qund_plugins *ps, struct qund_str name)
{
    size_t n;
    char **all = all_names(ps, &n);
    QUND_AUTO(qund_free_str) char *small = qund_str_dup(name);
    const char *near;

    for (char *p = small; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    near = qund_str_nearest(qund_str(small), (const char *const *)all, n);
    qund_free(ps->near);
    ps->near = near ? qund_strdup(near) : NULL;
    for (size_t i = 0; i < n; i++)
        qund_free(all[i]);
    qund_free(all);
    return ps->near;
}

static char *path_of(const struct qund_plugins *ps, struct qund_str name)
{
    for (size_t d = 0; d < ps->n_dirs; d++) {
        QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
        struct stat st;

        qund_buf_printf(&path, "%s/%.*s.so", ps->dirs[d], QUND_STR_ARG(name));
        /* A word that is no plugin's name ("../x") reaches no file. */
        if (!qund_str_eq(qund_plugin_name_of(path.p), name))
            return NULL;
        /* A link that leads nowhere is found, too, and its opening says so. */
        if (lstat(path.p, &st) == 0)
            return qund_buf_take(&path);
    }
    return NULL;
}

struct qund_plugin_file *qund_plugins_find(struct qund_plugins *ps, struct qund_str name,
                                           const char **near)
{
    struct qund_plugin_file *f = known(ps, name);
    QUND_AUTO(qund_free_str) char *path = NULL;

    if (near)
        *near = NULL;
    if (f)
        return f;
    path = path_of(ps, name);
    if (path && ps->n_files < FILES_MAX) {
        f = add_file(ps, name, path);
        load(ps, f);
    } else if (near) {
        *near = nearest(ps, name);
    }
    return f;
}

void qund_plugins_find_all(struct qund_plugins *ps)
{
    size_t n;
    char **all = all_names(ps, &n);

    for (size_t i = 0; i < n; i++) {
        qund_plugins_find(ps, qund_str(all[i]), NULL);
        qund_free(all[i]);
    }
    qund_free(all);
}

struct qund_plugin_file *qund_plugins_at(const struct qund_plugins *ps, size_t i)
{
    return i < ps->n_files ? ps->files[i] : NULL;
}

struct qund_plugins *qund_plugins_new(const struct qund_plugins_opts *o)
{
    struct qund_plugins *ps = qund_alloc(sizeof(*ps));

    ps->opts = *o;
    if (ps->opts.timeout_ms <= 0)
        ps->opts.timeout_ms = PROBE_MS;
    ps->exe = o->exe ? qund_strdup(o->exe) : NULL;
    qund_plugins_dirs(ps, NULL, 0);
    return ps;
}

struct qund_plugins *qund_plugins_free(struct qund_plugins *ps)
{
    if (!ps)
        return NULL;
    for (size_t i = 0; i < ps->n_files; i++) {
        struct qund_plugin_file *f = ps->files[i];

        if (f->handle)
            dlclose(f->handle);
        qund_free(f->name);
        qund_free(f->path);
        qund_free(f);
    }
    clear_dirs(ps);
    qund_free(ps->near);
    qund_free(ps->exe);
    qund_free(ps);
    return NULL;
}
