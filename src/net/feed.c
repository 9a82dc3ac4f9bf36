/* src/net/feed.c - the reading half of a WebSocket, as little of it as a command line needs:
 * upgrade, text frames in, pong for ping, close. The other end is our own server, so frames are not
 * masked and have a bound; anything else ends the connection. libwebsockets would bring an event
 * loop and a thread of its own to print lines. */
#include "net/feed.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FRAME_MAX (1u << 20)
#define LOOK_MS 500

enum { OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };
enum { CLOSE_LATER = 1013 }; /* what the server says to a reader that is too slow */

struct feed {
    int fd;
    struct qund_buf in;
    size_t at; /* bytes of in already used */
    bool (*interrupted)(void *arg);
    void *arg;
    bool stopped; /* by interrupted */
};

static int connect_to(const char *sock, struct qund_err *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    QUND_AUTO(qund_free_str) char *dir = qund_strdup(sock);
    char *slash = strrchr(dir, '/');
    int dir_fd, fd, rc = -1;

    if (!slash)
        return qund_err_set(err, QUND_E_INVAL, sock, "not a path");
    *slash = '\0';
    /* A socket's address holds 107 bytes; through the folder's descriptor it is always short. */
    dir_fd = open(*dir ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (dir_fd >= 0 && fd >= 0) {
        snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/fd/%d/%.64s", dir_fd, slash + 1);
        rc = connect(fd, (const struct sockaddr *)&un, sizeof(un));
    }
    if (dir_fd >= 0)
        close(dir_fd);
    if (rc == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return qund_err_set(err, QUND_E_AGAIN, sock,
                        "no daemon answers there; start it with `qund serve`");
}

static int send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return QUND_E_IO;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

/* Until n bytes stand behind f->at. 1: they do; 0: the end, or interrupted. */
static int want(struct feed *f, size_t n)
{
    while (f->in.n - f->at < n) {
        struct pollfd p = {.fd = f->fd, .events = POLLIN};
        char piece[16384];
        ssize_t k;
        int ready = poll(&p, 1, LOOK_MS);

        if (f->interrupted && f->interrupted(f->arg)) {
            f->stopped = true;
            return 0;
        }
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        k = recv(f->fd, piece, sizeof(piece), 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k == 0 ? 0 : QUND_E_IO;
        if (f->at > 0) { /* what was used makes room */
            memmove(f->in.p, f->in.p + f->at, f->in.n - f->at);
            f->in.n -= f->at;
            f->at = 0;
        }
        qund_buf_add(&f->in, piece, (size_t)k);
    }
    return 1;
}

static int upgrade(struct feed *f, const char *path, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf head = {0};
    ptrdiff_t end;
    int rc;

    qund_buf_printf(
        &head,
        "GET %s HTTP/1.1\r\nHost: qund\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cXVuZCByZWFkcyBhbG9uZw==\r\n\r\n",
        path);
    rc = send_all(f->fd, head.p, head.n);
    while (rc == 0 && (end = qund_str_find(qund_buf_view(&f->in), 0, QUND_STR("\r\n\r\n"))) < 0) {
        int more = f->in.n > 16384 ? QUND_E_PROTO : want(f, f->in.n + 1);

        rc = more < 0 ? more : more == 0 ? QUND_E_IO : 0;
    }
    if (rc < 0)
        return qund_err_set(err, rc, "live feed", "the daemon closed the connection");
    if (!qund_str_starts(qund_buf_view(&f->in), "HTTP/1.1 101 "))
        return qund_err_set(err, QUND_E_PROTO, "live feed", "the daemon answered: %.*s",
                            (int)(f->in.n < 60 ? f->in.n : 60), f->in.p);
    f->at = (size_t)end + 4;
    return 0;
}

/* One frame: its opcode, or 0 at the end, or < 0. Fragments are not sent by our server. */
static int frame(struct feed *f, struct qund_str *payload)
{
    const unsigned char *p;
    uint64_t n;
    size_t head = 2;
    int op;
    int rc = want(f, 2);

    if (rc <= 0)
        return rc;
    p = (const unsigned char *)f->in.p + f->at;
    op = p[0] & 15;
    n = p[1] & 127;
    if (!(p[0] & 128) || (p[1] & 128))
        return QUND_E_PROTO;
    if (n >= 126) {
        size_t bytes = n == 126 ? 2 : 8;

        rc = want(f, 2 + bytes);
        if (rc <= 0)
            return rc;
        p = (const unsigned char *)f->in.p + f->at + 2;
        for (n = 0, head = 2 + bytes; bytes > 0; bytes--)
            n = n << 8 | *p++;
    }
    if (n > FRAME_MAX)
        return QUND_E_PROTO;
    rc = want(f, head + n);
    if (rc <= 0)
        return rc;
    *payload = qund_str_n(f->in.p + f->at + head, n);
    f->at += head + n;
    return op;
}

static int pong(int fd, struct qund_str payload)
{
    char head[6] = {(char)(128 | OP_PONG), (char)(128 | (char)payload.n)}; /* a mask of zeros */

    if (payload.n > 125)
        return QUND_E_PROTO;
    if (send_all(fd, head, sizeof(head)) < 0)
        return QUND_E_IO;
    return send_all(fd, payload.p, payload.n);
}

/* The server's last word: a code of two bytes and a reason. */
static int closed(struct qund_str payload, struct qund_err *err)
{
    const unsigned char *p = (const unsigned char *)payload.p;
    int code = payload.n >= 2 ? p[0] << 8 | p[1] : 0;
    struct qund_str why = payload.n > 2 ? qund_str_n(payload.p + 2, payload.n - 2) : QUND_STR_NONE;

    return qund_err_set(err, code == CLOSE_LATER ? QUND_E_FULL : QUND_E_IO, "live feed",
                        "the daemon closed it%s%.*s", why.n ? ": " : "", QUND_STR_ARG(why));
}

int qund_feed_read(const char *sock, const char *path, const struct qund_feed_calls *calls,
                   struct qund_err *err)
{
    struct feed f = {
        .fd = connect_to(sock, err), .interrupted = calls->interrupted, .arg = calls->arg};
    struct qund_str text;
    int rc;

    if (f.fd < 0)
        return f.fd;
    rc = upgrade(&f, path, err);
    if (rc == 0 && calls->up)
        calls->up(calls->arg);
    while (rc == 0) {
        int op = frame(&f, &text);

        if (op == OP_TEXT && calls->each(text, calls->arg) != 0)
            break;
        if (op == OP_CLOSE || (op == 0 && !f.stopped)) {
            rc = closed(op == OP_CLOSE ? text : QUND_STR_NONE, err);
            break;
        }
        if (op == 0)
            break;
        rc = op < 0 ? op : op == OP_PING ? pong(f.fd, text) : 0;
        if (rc < 0)
            qund_err_set(err, rc, "live feed", "the connection broke off");
    }
    close(f.fd);
    qund_buf_done(&f.in);
    return rc;
}
