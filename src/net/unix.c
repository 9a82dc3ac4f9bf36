/* src/net/unix.c - a socket in the file system.
 *
 * Two kinds are listened on. The daemon's own, in its data folder, is the house key: whoever comes
 * through it is taken for the operator, so the file is ours alone and each peer's uid is
 * looked at when he is admitted (server.c). The other stands where `http.listen: unix:PATH` says,
 * for a proxy that runs as somebody else and passes on what strangers send: it is a door like a
 * port. Anybody who can reach the file may knock, a token is wanted as everywhere, and the folder's
 * permissions say who can reach it. Were it the first kind, a proxy of another user would find it
 * closed, and one of our own user would let the whole internet in as the operator.
 *
 * What stands at the path is replaced only when it is a socket that nobody listens on: a path that
 * was mistyped costs no file, and a daemon that runs is not robbed of its door.
 *
 * Paths go through /proc/self/fd/<folder>, because a socket's address has room for 107 bytes only.
 */
#include "net/conn.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address(const struct listener *l)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/fd/%d/%.64s", l->dir_fd, l->name);
    return un;
}

/* Whether somebody accepts there. A full backlog (EAGAIN) is somebody, too. */
static bool answers(const struct listener *l)
{
    struct sockaddr_un un = address(l);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool yes = fd >= 0 && (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0 || errno == EAGAIN);

    if (fd >= 0)
        close(fd);
    return yes;
}

/* *left: a socket that nobody listens on stands there. */
static int look_at_place(const struct listener *l, const char *path, bool *left,
                         struct qund_err *err)
{
    struct stat st;

    *left = false;
    if (fstatat(l->dir_fd, l->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return QUND_OK; /* nothing there; anything else shows when the socket is bound */
    if (!S_ISSOCK(st.st_mode))
        return qund_err_set(err, QUND_E_EXISTS, path,
                            "is there already and is no socket: name another path");
    if (!l->own && answers(l)) /* whoever holds the data lock owns that one */
        return qund_err_set(err, QUND_E_EXISTS, path,
                            "cannot listen here: another program (or another qund) does already; "
                            "name another path");
    *left = true;
    return QUND_OK;
}

static int clear_place(const struct listener *l, const char *path, struct qund_err *err)
{
    bool left;
    int rc = look_at_place(l, path, &left, err);

    if (rc < 0 || !left)
        return rc;
    if (unlinkat(l->dir_fd, l->name, 0) < 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot remove the socket left behind here: %s",
                            strerror(errno));
    return QUND_OK;
}

static int open_place(struct listener *l, const char *path, struct qund_err *err)
{
    const char *slash = strrchr(path, '/');
    QUND_AUTO(qund_free_str)
    char *dir =
        slash ? qund_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : qund_strdup(".");
    int n = snprintf(l->name, sizeof(l->name), "%s", slash ? slash + 1 : path);

    if (n <= 0 || n >= 64)
        return qund_err_set(err, QUND_E_INVAL, path,
                            "a socket's file name has 1 to 63 bytes: name another path");
    l->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (l->dir_fd < 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot open the socket's folder: %s",
                            strerror(errno));
    return QUND_OK;
}

int qund_unix_bind(struct listener *l, const char *path, struct qund_err *err)
{
    struct sockaddr_un un;
    mode_t mask;
    int rc = open_place(l, path, err);

    if (rc == 0)
        rc = clear_place(l, path, err);
    if (rc < 0)
        return rc;
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot make the socket: %s", strerror(errno));
    un = address(l);
    /* The mode is right from the first moment: nothing connects before it is set. */
    mask = umask(l->own ? 077 : 0111);
    rc = bind(l->fd, (struct sockaddr *)&un, sizeof(un));
    umask(mask);
    if (rc != 0)
        return qund_err_set(err, QUND_E_IO, path, "cannot bind the socket: %s", strerror(errno));
    l->bound = true;
    return QUND_OK;
}

int qund_unix_try(const char *path, struct qund_err *err)
{
    struct listener l = {.dir_fd = -1};
    bool left;
    int rc = open_place(&l, path, err);

    if (rc == 0)
        rc = look_at_place(&l, path, &left, err);
    if (rc == 0 && faccessat(l.dir_fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
        rc = qund_err_set(err, QUND_E_DENIED, path, "cannot make a socket in its folder: %s",
                          strerror(errno));
    if (l.dir_fd >= 0)
        close(l.dir_fd);
    return rc;
}
