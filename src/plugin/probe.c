/* probe.c - a plugin is opened for the first time where it can do no harm.
 *
 * Opening a shared object runs its code before anything about it is known. So a helper process
 * opens it first, asks for its struct and checks it; it has two seconds and little memory, and if
 * it crashes, hangs or finds something wrong the file is refused with what was found. What passed
 * once is trusted from then on: a plugin runs within the program. The probe guards against the
 * wrong build and the broken one, not against malice. */
#include "core/file.h"
#include "core/helper.h"
#include "plugin/plugin.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY_BYTES (INT64_C(1) << 30)
#define OUTPUT_BYTES (INT64_C(1) << 20)

static const char MAGIC[8] = "QUNDPRB";

/* --- the child's side --- */

static int look(const char *path, struct qund_probe *out, struct qund_err *err)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct qund_plugin *(*entry)(uint16_t, uint16_t);
    const struct qund_plugin *p;
    void *symbol = handle ? dlsym(handle, "qund_plugin_entry") : NULL;
    int rc;

    if (!handle)
        return qund_err_set(err, QUND_E_INVAL, path, "cannot be opened: %.300s", dlerror());
    if (!symbol)
        return qund_err_set(err, QUND_E_ABI, path,
                            "has no symbol qund_plugin_entry: it is no plugin of qund");
    memcpy(&entry, &symbol, sizeof(entry));
    p = entry(QUND_ABI_MAJOR, QUND_ABI_MINOR);
    rc = qund_plugin_check(p, path, err);
    if (rc == 0)
        snprintf(out->version, sizeof(out->version), "%s", p->version);
    return rc;
}

int qund_plugin_probe_main(const char *path, int out_fd)
{
    struct qund_probe out = {0};
    struct qund_err err = {0};

    memcpy(out.magic, MAGIC, sizeof(out.magic));
    out.rc = look(path, &out, &err);
    snprintf(out.why, sizeof(out.why), "%s", err.text);
    /* Without the destructors of what was opened: they are nobody's concern. */
    _exit(qund_fd_write(out_fd, qund_str_n((const char *)&out, sizeof(out))) ? 0 : 1);
}

/* --- the parent's side --- */

static int take_answer(int fd, const char *path, struct qund_probe *out, struct qund_err *err)
{
    if (pread(fd, out, sizeof(*out), 0) != (ssize_t)sizeof(*out) ||
        memcmp(out->magic, MAGIC, sizeof(out->magic)) != 0)
        return qund_err_set(err, QUND_E_ABI, path,
                            "ended the process that opened it before it could be looked at");
    out->version[sizeof(out->version) - 1] = out->why[sizeof(out->why) - 1] = '\0';
    return out->rc < 0 ? qund_err_set(err, out->rc, path, "%s", out->why) : QUND_OK;
}

static int run(const char *exe, const char *path, int fd, int64_t timeout_ms, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *name = qund_strdup(exe), *file = qund_strdup(path);
    char command[] = "probe-plugin";
    char *argv[] = {name, command, file, NULL};
    int status = 0;
    int rc = qund_helper_run(&(struct qund_helper){.exe = exe,
                                                   .argv = argv,
                                                   .in_fd = -1,
                                                   .out_fd = fd,
                                                   .silent = true,
                                                   .timeout_ms = timeout_ms,
                                                   .memory_bytes = MEMORY_BYTES,
                                                   .file_bytes = OUTPUT_BYTES},
                             &status);

    if (rc == QUND_E_FULL)
        return qund_err_set(err, QUND_E_ABI, path, "was not open after %lld ms: it hangs",
                            (long long)timeout_ms);
    if (rc < 0)
        return qund_err_set(err, rc, path, "no process can be started to look at it");
    if (WIFSIGNALED(status))
        return qund_err_set(err, QUND_E_ABI, path, "crashed when it was opened (signal %d, %s)",
                            WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == QUND_HELPER_NOT_STARTED)
        return qund_err_set(err, QUND_E_IO, exe,
                            "cannot be run as `probe-plugin`: is the program "
                            "still there?");
    return QUND_OK;
}

int qund_plugin_probe(const char *exe, const char *path, int64_t timeout_ms, struct qund_probe *out,
                      struct qund_err *err)
{
    int fd = qund_helper_file("qund-probe");
    int rc;

    memset(out, 0, sizeof(*out));
    if (fd < 0)
        return qund_err_set(err, QUND_E_AGAIN, path, "no memory file can be had to look at it");
    rc = run(exe, path, fd, timeout_ms, err);
    if (rc == 0)
        rc = take_answer(fd, path, out, err);
    close(fd);
    return rc;
}
