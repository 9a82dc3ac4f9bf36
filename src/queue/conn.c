/* src/queue/conn.c - one connection to Redis: a non-blocking socket, a buffer, hiredis' reader.
 *
 * Neither end of the queue may ever wait for Redis: intake must turn to the spool after 100 ms, the
 * engine must go on with timers. So the socket never blocks, and who needs to wait (inspect, the
 * start of the child) waits here in poll with a deadline. hiredis gives the reply parser; its own
 * contexts differ between the versions of Debian 12 and 13 in what they do to a socket (SIGPIPE,
 * 16 KiB reads), so the socket is ours.
 *
 * A unix path longer than sun_path holds is reached through /proc/self/fd of its folder. */
#include "core/file.h"
#include "queue/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    READ_CHUNK = 64 << 10,
    READS_A_TURN = 64,     /* then the caller gets its turn */
    REPLY_MAX = 256 << 20, /* no reply of ours is near it */
    BACKOFF_FIRST_MS = 20,
    BACKOFF_MAX_MS = 500,
    BACKOFF_NEAR_MS = 80 /* by a socket of this machine: a try costs microseconds */
};

static int lost(struct qund_rconn *c, int rc, const char *what, struct qund_str detail)
{
    c->rc = rc;
    snprintf(c->why, sizeof(c->why), "%s%s%.*s", what, detail.n > 0 ? ": " : "",
             (int)(detail.n < 100 ? detail.n : 100), detail.p ? detail.p : "");
    return rc;
}

static int lost_errno(struct qund_rconn *c, const char *what)
{
    char text[96];

    return lost(c, errno == EACCES || errno == EPERM ? QUND_E_DENIED : QUND_E_AGAIN, what,
                qund_str(strerror_r(errno, text, sizeof(text))));
}

static int connect_unix(struct qund_rconn *c, const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int dir = -1, rc = 0;

    if (strlen(path) < sizeof(sun.sun_path)) {
        memcpy(sun.sun_path, path, strlen(path) + 1);
    } else {
        const char *slash = strrchr(path, '/');
        char folder[1024];
        int n;

        snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 0, path);
        dir = open(slash && slash > path ? folder : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
            return lost_errno(c, "the socket's folder");
        n = snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/%s", dir,
                     slash ? slash + 1 : path);
        if (n < 0 || (size_t)n >= sizeof(sun.sun_path))
            rc = lost(c, QUND_E_INVAL, "the socket's name is too long", QUND_STR_NONE);
    }
    if (rc == 0) {
        c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0)
            rc = lost_errno(c, "connect");
    }
    if (dir >= 0)
        close(dir);
    return rc;
}

static int connect_first(struct qund_rconn *c, const struct addrinfo *list)
{
    int one = 1;

    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (c->fd < 0)
            continue;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
        if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)
            return QUND_OK;
        close(c->fd);
        c->fd = -1;
    }
    return lost_errno(c, "connect");
}

/* A name (not an address) is looked up here and may take the resolver's time: the guide asks for an
 * address. */
static int connect_tcp(struct qund_rconn *c, const struct qund_queue_addr *addr)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    char port[16];
    int rc;

    snprintf(port, sizeof(port), "%d", addr->port);
    rc = getaddrinfo(addr->host, port, &hints, &list);
    if (rc != 0)
        return lost(c, QUND_E_AGAIN, "address", qund_str(gai_strerror(rc)));
    rc = connect_first(c, list);
    freeaddrinfo(list);
    return rc;
}

static void greet(struct qund_rconn *c, const struct qund_queue_addr *addr)
{
    char db[16];

    if (addr->password[0] && addr->user[0]) {
        qund_rconn_cmd(c, 3,
                       (const struct qund_str[]){QUND_STR("AUTH"), qund_str(addr->user),
                                                 qund_str(addr->password)});
        c->greetings++;
    } else if (addr->password[0]) {
        qund_rconn_cmd(c, 2, (const struct qund_str[]){QUND_STR("AUTH"), qund_str(addr->password)});
        c->greetings++;
    }
    if (addr->db != 0) {
        snprintf(db, sizeof(db), "%d", addr->db);
        qund_rconn_cmd(c, 2, (const struct qund_str[]){QUND_STR("SELECT"), qund_str(db)});
        c->greetings++;
    }
}

int qund_rconn_open(struct qund_rconn *c, const struct qund_queue_addr *addr)
{
    int rc;

    *c = (struct qund_rconn){.fd = -1};
    rc = addr->unix_path[0] ? connect_unix(c, addr->unix_path) : connect_tcp(c, addr);
    if (rc < 0) {
        if (c->fd >= 0)
            close(c->fd);
        c->fd = -1;
        return rc;
    }
    c->in = qund_reader_new(&c->fn);
    greet(c, addr);
    return QUND_OK;
}

void qund_rconn_close(struct qund_rconn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    if (c->in)
        redisReaderFree(c->in);
    c->in = NULL;
    qund_buf_done(&c->out);
    c->sent = c->unparsed = 0;
    c->greetings = 0;
}

int qund_rconn_flush(struct qund_rconn *c)
{
    if (c->fd < 0)
        return c->rc < 0 ? c->rc : QUND_E_AGAIN;
    while (c->sent < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EINPROGRESS || errno == ENOTCONN))
            return QUND_OK;
        if (n < 0)
            return lost_errno(c, "write");
        c->sent += (size_t)n;
    }
    c->sent = 0;
    if (c->out.cap > 1u << 20)
        qund_buf_done(&c->out); /* one big batch must not be paid for for ever */
    qund_buf_clear(&c->out);
    return QUND_OK;
}

static int fill(struct qund_rconn *c)
{
    char chunk[READ_CHUNK];

    for (int i = 0; i < READS_A_TURN; i++) {
        ssize_t n = recv(c->fd, chunk, sizeof(chunk), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return QUND_OK;
        if (n < 0)
            return lost_errno(c, "read");
        if (n == 0)
            return lost(c, QUND_E_AGAIN, "Redis closed the connection", QUND_STR_NONE);
        c->unparsed += (size_t)n;
        if (c->unparsed > REPLY_MAX || redisReaderFeed(c->in, chunk, (size_t)n) != REDIS_OK)
            return lost(c, QUND_E_PROTO, "a reply without end", QUND_STR_NONE);
        if ((size_t)n < sizeof(chunk))
            return QUND_OK;
    }
    return QUND_OK;
}

int qund_rconn_io(struct qund_rconn *c)
{
    int rc = qund_rconn_flush(c);

    if (rc == 0)
        rc = fill(c);
    return rc;
}

/* A reply to AUTH or SELECT: taken here. */
static int greeted(struct qund_rconn *c, redisReply *r)
{
    int rc = qund_reply_rc(r);

    c->greetings--;
    if (rc < 0)
        rc = lost(c, rc == QUND_E_AGAIN ? rc : QUND_E_DENIED, "Redis", qund_reply_str(r));
    qund_reply_free(r);
    return rc;
}

int qund_rconn_reply(struct qund_rconn *c, redisReply **out)
{
    *out = NULL;
    for (;;) {
        void *r = NULL;
        int rc;

        if (c->fd < 0)
            return c->rc < 0 ? c->rc : QUND_E_AGAIN;
        if (redisReaderGetReply(c->in, &r) != REDIS_OK)
            return lost(c, QUND_E_PROTO, "broken reply", qund_str(c->in->errstr));
        if (!r)
            return 0;
        c->unparsed = 0;
        if (c->greetings == 0) {
            *out = r;
            return 1;
        }
        rc = greeted(c, r);
        if (rc < 0)
            return rc;
    }
}

int qund_rconn_wait(struct qund_rconn *c, struct qund_mono until, redisReply **out)
{
    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int64_t left = until.ms - qund_mono_now().ms;
        int rc = qund_rconn_io(c), got = qund_rconn_reply(c, out);

        if (got != 0)
            return got > 0 ? QUND_OK : got;
        if (rc < 0)
            return rc;
        if (left <= 0)
            return lost(c, QUND_E_AGAIN, "no reply in time", QUND_STR_NONE);
        if (qund_rconn_want_write(c))
            p.events |= POLLOUT;
        if (poll(&p, 1, (int)(left < 1000 ? left : 1000)) < 0 && errno != EINTR)
            return lost_errno(c, "poll");
    }
}

int qund_rconn_call(struct qund_rconn *c, struct qund_mono until, size_t argc,
                    const struct qund_str *argv, redisReply **out)
{
    qund_rconn_cmd(c, argc, argv);
    return qund_rconn_wait(c, until, out);
}

static void put_head(struct qund_buf *b, char kind, size_t n)
{
    char line[24], *p = line + sizeof(line);

    *--p = '\n';
    *--p = '\r';
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    *--p = kind;
    qund_buf_add(b, p, (size_t)(line + sizeof(line) - p));
}

void qund_rconn_head(struct qund_rconn *c, size_t argc)
{
    put_head(&c->out, '*', argc);
}

void qund_rconn_arg(struct qund_rconn *c, struct qund_str arg)
{
    put_head(&c->out, '$', arg.n);
    qund_buf_str(&c->out, arg);
    qund_buf_add(&c->out, "\r\n", 2);
}

void qund_rconn_cmd(struct qund_rconn *c, size_t argc, const struct qund_str *argv)
{
    qund_rconn_head(c, argc);
    for (size_t i = 0; i < argc; i++)
        qund_rconn_arg(c, argv[i]);
}

int qund_rconn_backoff_ms(const struct qund_queue_addr *addr, unsigned tries)
{
    int64_t ceiling = BACKOFF_FIRST_MS;
    int64_t max = addr && addr->unix_path[0] ? BACKOFF_NEAR_MS : BACKOFF_MAX_MS;
    uint32_t r;

    while (tries-- > 0 && ceiling < max)
        ceiling *= 2;
    if (ceiling > max)
        ceiling = max;
    qund_random(&r, sizeof(r));
    return (int)(r % (uint32_t)ceiling) + 1;
}
