/* out.c - files that commands write for people.
 *
 * Yesterday's export is worth something until today's is whole: a disk that fills up or a store
 * that cannot be read leaves it as it was. So a file is written beside its place and renamed
 * at the end. What is no file (standard output, a pipe, a terminal) is written as it comes.
 *
 * Nothing is written into the data folder: what lies there is the installation, and one name typed
 * wrongly must not cost it. */
#include "app/vault.h"
#include "cli/cli.h"
#include "core/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot(const char *name, struct qund_err *err)
{
    int e = errno;

    return qund_err_set(err, QUND_E_IO, name, "cannot be written: %s", strerror(e));
}

/* Where the name leads, also when nothing is there yet. Owned; NULL: errno says why. */
static char *resolve(const char *name)
{
    QUND_AUTO(qund_free_str) char *dir = qund_strdup(name);
    char *slash = strrchr(dir, '/'), *real = realpath(name, NULL), *path;

    if (!real && errno == ENOENT) {
        if (slash)
            slash[slash == dir] = '\0';
        real = realpath(slash ? dir : ".", NULL);
        path = real ? qund_path_join(real, slash ? name + (slash - dir) + 1 : name) : NULL;
    } else {
        path = real ? qund_strdup(real) : NULL;
    }
    free(real);
    return path;
}

int cli_out_allowed(const struct cli *c, const char *name, struct qund_err *err)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_free_str) char *path = resolve(name);
    size_t n;

    if (!path)
        return cannot(name, err);
    if (qund_vault_look(c->data, &v, NULL) < 0)
        return 0; /* there is none to protect */
    n = strlen(v->dir);
    if (strncmp(path, v->dir, n) == 0 && (path[n] == '/' || path[n] == '\0'))
        return qund_err_set(err, QUND_E_DENIED, name,
                            "lies in the data folder, where the installation keeps its own files; "
                            "name a place outside");
    return 0;
}

/* As it will be: like the file it replaces, else as new files are. */
static mode_t mode_of(const struct stat *there)
{
    mode_t mask = umask(0);

    umask(mask);
    return there ? there->st_mode & 07777 : 0666 & ~mask;
}

static int open_beside(struct cli_out *o, const char *name, const struct stat *there,
                       struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf tmp = {0};
    int fd;

    o->path = resolve(name);
    if (!o->path)
        return cannot(name, err);
    qund_buf_printf(&tmp, "%s.XXXXXX", o->path);
    fd = mkostemp(tmp.p, O_CLOEXEC);
    if (fd < 0)
        return qund_err_set(err, QUND_E_IO, name,
                            "cannot be written: no temporary file can be made beside it (%s)",
                            strerror(errno));
    o->tmp = qund_strdup(tmp.p);
    if (there && fchown(fd, there->st_uid, there->st_gid) < 0)
        errno = 0; /* whoever may write it, but not give it away, owns the new one */
    fchmod(fd, mode_of(there));
    o->to = fdopen(fd, "w");
    qund_assert(o->to);
    return 0;
}

int cli_out_open(const struct cli *c, const char *name, struct cli_out *o, struct qund_err *err)
{
    struct stat st, own;
    bool there;
    int rc;

    *o = (struct cli_out){.name = name, .to = stdout};
    if (!name || strcmp(name, "-") == 0)
        return 0;
    there = stat(name, &st) == 0;
    /* /dev/stdout leads to whatever standard output is. */
    if (there && fstat(STDOUT_FILENO, &own) == 0 && own.st_dev == st.st_dev &&
        own.st_ino == st.st_ino)
        return 0;
    rc = cli_out_allowed(c, name, err);
    if (rc < 0)
        return rc;
    if (!there || S_ISREG(st.st_mode))
        return open_beside(o, name, there ? &st : NULL, err);
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        return qund_err_set(err, QUND_E_INVAL, name,
                            "is there already and is no file; name another");
    o->to = fopen(name, "we");
    return o->to ? 0 : cannot(name, err);
}

int cli_out_close(struct cli_out *o, int rc, struct qund_err *err)
{
    bool bad;

    if (!o->to || o->to == stdout)
        return rc; /* cli_output_end says what there is to say */
    bad = fflush(o->to) != 0 || ferror(o->to) || (o->tmp && fsync(fileno(o->to)) != 0);
    if (bad)
        rc = cannot(o->name, err);
    if (fclose(o->to) != 0 && rc >= 0)
        rc = cannot(o->name, err);
    if (o->tmp && rc >= 0 && rename(o->tmp, o->path) != 0)
        rc = cannot(o->name, err);
    if (o->tmp && rc < 0)
        unlink(o->tmp);
    qund_free(o->tmp);
    qund_free(o->path);
    *o = (struct cli_out){0};
    return rc;
}
