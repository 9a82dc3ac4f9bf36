/* shipped.c - the data files that belong to this plugin: tables of codes and templates.
 *
 * A name is looked for beside the plugin (<folder of robots.so>/robots), beside a program that was
 * not installed (…/share/qund/robots) and where it was installed; whatever has a '/' is a file of
 * the operator's. */
#include "robots.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 65536
#define PATH_ROOM 4200
#define FOLDERS 3
#define NAMES_MAX 64

/* What dladdr is asked about: it lies in this object. */
static const char OURS[] = "robots";

/* The i-th of FOLDERS; false: this build has none such. */
static bool folder(size_t i, char out[PATH_ROOM])
{
    Dl_info self = {0};
    const char *slash;

    if (i == FOLDERS - 1) {
        snprintf(out, PATH_ROOM, "%s/%s", QUND_PREFIX_SHARE, OURS);
        return true;
    }
    slash = dladdr(OURS, &self) && self.dli_fname ? strrchr(self.dli_fname, '/') : NULL;
    if (!slash || slash - self.dli_fname >= 4000)
        return false;
    snprintf(out, PATH_ROOM, "%.*s%s/%s", (int)(slash - self.dli_fname), self.dli_fname,
             i == 0 ? "" : "/../../share/qund", OURS);
    return true;
}

/* --- the names there are --- */

struct names {
    char *v[NAMES_MAX];
    size_t n;
};

static void add_name(struct names *all, const char *file)
{
    size_t n = strlen(file);
    char *name = n > 5 && strcmp(file + n - 5, ".json") == 0 && all->n < NAMES_MAX
                     ? strndup(file, n - 5)
                     : NULL;

    for (size_t i = 0; name && i < all->n; i++)
        if (strcmp(all->v[i], name) == 0) {
            free(name);
            name = NULL;
        }
    if (name)
        all->v[all->n++] = name;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_names(struct text *out)
{
    struct names all = {0};
    char path[PATH_ROOM];

    for (size_t i = 0; i < FOLDERS; i++) {
        DIR *d = folder(i, path) ? opendir(path) : NULL;
        const struct dirent *e;

        while (d && (e = readdir(d)) != NULL)
            add_name(&all, e->d_name);
        if (d)
            closedir(d);
    }
    qsort(all.v, all.n, sizeof(all.v[0]), by_name);
    for (size_t i = 0; i < all.n; i++) {
        text_puts(out, i > 0 ? ", " : "");
        text_puts(out, all.v[i]);
        free(all.v[i]);
    }
}

/* --- a file --- */

static int nowhere(const char *name, struct qund_fault *why)
{
    TEXT_AUTO names = {0};

    if (strchr(name, '/'))
        return robot_fault(why, QUND_E_NOTFOUND, "", "there is no file %.150s that can be opened",
                           name);
    say_names(&names);
    return robot_fault(why, QUND_E_NOTFOUND, "", "there is no file '%.40s'; there are: %.180s",
                       name, names.p ? names.p : "none");
}

/* Its descriptor, and where it lies; never waits for who writes into a pipe. */
static int open_named(const char *name, char path[PATH_ROOM])
{
    int fd = -1;

    if (strchr(name, '/')) {
        snprintf(path, PATH_ROOM, "%s", name);
        return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    }
    for (size_t i = 0; i < FOLDERS && fd < 0; i++)
        if (folder(i, path)) {
            size_t n = strlen(path);

            snprintf(path + n, PATH_ROOM - n, "/%.64s.json", name);
            fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        }
    return fd;
}

static int read_all(int fd, const char *path, struct text *out, struct qund_fault *why)
{
    struct stat st;
    char part[4096];
    ssize_t n = 0;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return robot_fault(why, QUND_E_INVAL, "", "%.150s is a folder or a pipe, and no file",
                           path);
    while (out->n <= FILE_MAX && (n = read(fd, part, sizeof(part))) > 0)
        text_add(out, part, (size_t)n);
    if (n < 0)
        return robot_fault(why, QUND_E_IO, "", "%.150s cannot be read: %s", path, strerror(errno));
    if (out->n > FILE_MAX)
        return robot_fault(why, QUND_E_FULL, "", "%.150s is longer than 64 KiB", path);
    return out->bad ? robot_fault(why, QUND_E_NOMEM, "", "no memory") : QUND_OK;
}

json_t *shipped_load(const char *name, struct qund_fault *why)
{
    static const struct qund_fault NONE;
    TEXT_AUTO text = {0};
    json_error_t at = {0};
    char path[PATH_ROOM];
    int fd = open_named(name, path), rc;
    json_t *j;

    if (why)
        *why = NONE;
    rc = fd < 0 ? nowhere(name, why) : read_all(fd, path, &text, why);
    if (fd >= 0)
        close(fd);
    if (rc < 0)
        return NULL;
    j = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &at);
    if (!json_is_object(j)) {
        robot_fault(why, QUND_E_INVAL, "", "%.100s:%d:%d: %.80s", path, at.line, at.column,
                    j ? "a map is wanted" : at.text);
        json_decref(j);
        return NULL;
    }
    return j;
}
