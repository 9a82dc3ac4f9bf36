/* shipped.c - the data files that belong to this plugin: tables of codes and templates.
 *
 * A name is looked for beside the plugin (<folder of robots.so>/robots), beside a program that was
 * not installed (…/share/qund/robots) and where it was installed; whatever has a '/' is a file of
 * the operator's. */
#include "robots.h"
#include <dlfcn.h>
#include <stdio.h>

#define FILE_MAX 65536

/* What dladdr is asked about: it lies in this object. */
static const char OURS[] = "robots";

static size_t candidates(const char *name, char out[3][4200])
{
    Dl_info self = {0};
    size_t n = 0;

    if (dladdr(OURS, &self) && self.dli_fname) {
        const char *slash = strrchr(self.dli_fname, '/');
        int len = slash ? (int)(slash - self.dli_fname) : 0;

        if (slash && len < 4000) {
            snprintf(out[n++], 4200, "%.*s/%s/%.64s.json", len, self.dli_fname, OURS, name);
            snprintf(out[n++], 4200, "%.*s/../../share/qund/%s/%.64s.json", len, self.dli_fname,
                     OURS, name);
        }
    }
    snprintf(out[n++], 4200, "%s/%s/%.64s.json", QUND_PREFIX_SHARE, OURS, name);
    return n;
}

static FILE *open_first(const char *name, const char **path, char room[3][4200])
{
    size_t n = candidates(name, room);
    FILE *f = NULL;

    for (size_t i = 0; i < n && !f; i++) {
        *path = room[i];
        f = fopen(room[i], "re");
    }
    return f;
}

json_t *shipped_load(const char *name, struct qund_fault *why)
{
    static const struct qund_fault NONE;
    const char *path = name;
    char room[3][4200], text[FILE_MAX + 1];
    json_error_t at = {0};
    json_t *j;
    FILE *f = strchr(name, '/') ? fopen(name, "re") : open_first(name, &path, room);
    size_t n;

    if (why)
        *why = NONE;
    if (!f) {
        robot_fault(why, QUND_E_NOTFOUND, "", "there is no file %.150s (shipped: %.64s.json)", path,
                    name);
        return NULL;
    }
    n = fread(text, 1, sizeof(text), f);
    fclose(f);
    if (n > FILE_MAX) {
        robot_fault(why, QUND_E_FULL, "", "%.150s is longer than 64 KiB", path);
        return NULL;
    }
    j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &at);
    if (!json_is_object(j)) {
        robot_fault(why, QUND_E_INVAL, "", "%.100s:%d:%d: %.80s", path, at.line, at.column,
                    j ? "a map is wanted" : at.text);
        json_decref(j);
        return NULL;
    }
    return j;
}
