/* tight.c - the limit that the whole path is measured against: the same parts, nothing around them.
 *
 *   tight SOCKET FOLDER WORDS os|disk
 *
 * One socket for events (lines of JSON, an empty line ends a request, the answer is "taken applied"
 * once the request is durable), one Redis of its own in FOLDER, one SQLite file. Ingest thread:
 * jansson, pipelined XADD of a packed record. Worker thread: XREADGROUP COUNT 4096 sent ahead, fold
 * by table, Hyperscan over the words, one transaction a batch (message, dedupe key, contact once a
 * batch, for each hit a tag and an outbox row), XACK, XTRIM. Third thread: checkpoints.
 *
 * No configuration, no log, no metrics, no delivery, no rules behind the words, no households, no
 * questions, no hourly counts: what a daemon does beyond this is its price. SIGTERM ends it and
 * prints the time from receipt to commit. */
#include "tight.h"
#include "hist.h"
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNS 128
#define ASKED 4096

struct conn {
    int fd;
    char *in;
    size_t n, cap, seen; /* seen: bytes searched for the end already */
};
struct asked {
    int fd;
    size_t n, left;
};
struct ingest {
    struct tight *t;
    redisContext *redis;
    struct conn v[CONNS];
    size_t n;
    struct asked asked[ASKED]; /* requests whose entries are on their way, in order */
    unsigned first, last;
};

void tight_die(const char *what, const char *why)
{
    fprintf(stderr, "tight: %s: %s\n", what, why);
    exit(1);
}

/* --- Redis --- */

static pid_t start_redis(const struct tight *t)
{
    char dir[512], sock[600];
    pid_t pid;

    snprintf(dir, sizeof(dir), "%s", t->folder);
    snprintf(sock, sizeof(sock), "%s/redis.sock", t->folder);
    pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", sock, "--dir", dir,
           "--save", "", "--appendonly", "yes", "--appendfsync", t->disk ? "always" : "no",
           "--logfile", "/dev/null", "--auto-aof-rewrite-min-size", "16mb",
           "--stream-node-max-bytes", "4096", "--stream-node-max-entries", "100", (char *)NULL);
    _exit(127);
}

redisContext *tight_redis(const struct tight *t)
{
    char sock[600];

    snprintf(sock, sizeof(sock), "%s/redis.sock", t->folder);
    for (int i = 0; i < 1000; i++) {
        redisContext *c = redisConnectUnix(sock);

        if (c && !c->err)
            return c;
        redisFree(c);
        usleep(5000);
    }
    tight_die(sock, "redis-server does not answer");
}

/* --- one event --- */

static void put_str(struct record *r, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    size_t n = v ? json_string_length(v) : 0;

    if (!v || r->n + 2 + n > sizeof(r->bytes))
        return;
    r->bytes[r->n++] = (char)(n & 255);
    r->bytes[r->n++] = (char)(n >> 8);
    memcpy(r->bytes + r->n, json_string_value(v), n);
    r->n += n;
}

static void add_event(struct ingest *in, const char *line, size_t n, int64_t rx)
{
    struct record r = {.n = 16};
    json_t *o = json_loadb(line, n, 0, NULL);
    int64_t ts = json_integer_value(json_object_get(o, "ts"));
    const char *argv[] = {"XADD", "s", "*", "d", r.bytes};
    size_t lens[] = {4, 1, 1, 1, 0};

    if (!o)
        tight_die("event", "no JSON");
    memcpy(r.bytes, &ts, 8);
    memcpy(r.bytes + 8, &rx, 8);
    for (size_t i = 0; i < FIELDS; i++)
        put_str(&r, o, FIELD_NAMES[i]);
    json_decref(o);
    lens[4] = r.n;
    if (redisAppendCommandArgv(in->redis, 5, argv, lens) != REDIS_OK)
        tight_die("redis", in->redis->errstr);
}

/* A whole request: its lines are on their way when this returns. */
static void add_request(struct ingest *in, int fd, const char *p, size_t n)
{
    struct asked a = {.fd = fd};
    int64_t rx = now_us();

    while (n > 0) {
        const char *end = memchr(p, '\n', n);
        size_t line = (size_t)(end - p);

        if (line > 0) {
            add_event(in, p, line, rx);
            a.n++;
        }
        p += line + 1;
        n -= line + 1;
    }
    a.left = a.n;
    in->asked[in->last++ % ASKED] = a;
}

static void answer(struct ingest *in)
{
    while (in->first != in->last && in->asked[in->first % ASKED].left == 0) {
        struct asked *a = &in->asked[in->first++ % ASKED];
        char text[64];
        int n = snprintf(text, sizeof(text), "%zu %lld\n", a->n,
                         (long long)atomic_load(&in->t->applied));

        if (write(a->fd, text, (size_t)n) < 0)
            continue; /* it left */
    }
}

static void replies(struct ingest *in)
{
    void *reply = NULL;

    if (redisBufferRead(in->redis) != REDIS_OK)
        tight_die("redis", in->redis->errstr);
    while (redisGetReplyFromReader(in->redis, &reply) == REDIS_OK && reply) {
        redisReply *r = reply;

        if (r->type == REDIS_REPLY_ERROR)
            tight_die("XADD", r->str);
        freeReplyObject(r);
        while (in->asked[in->first % ASKED].left == 0)
            answer(in);
        in->asked[in->first % ASKED].left--;
    }
}

/* --- sockets --- */

static void hear(struct ingest *in, struct conn *c)
{
    ssize_t got;
    char *end;

    if (c->cap - c->n < 262144) {
        c->cap = 2 * c->cap + 524288;
        c->in = realloc(c->in, c->cap);
    }
    got = read(c->fd, c->in + c->n, c->cap - c->n);
    if (got <= 0) {
        close(c->fd);
        c->fd = -1;
        return;
    }
    c->n += (size_t)got;
    for (;;) {
        size_t n;

        if (c->n > 0 && c->in[0] == '\n')
            end = c->in;
        else if ((end = memmem(c->in + c->seen, c->n - c->seen, "\n\n", 2)))
            end++;
        if (!end)
            break;
        n = (size_t)(end - c->in);
        add_request(in, c->fd, c->in, n);
        memmove(c->in, end + 1, c->n - n - 1);
        c->n -= n + 1;
        c->seen = 0;
    }
    c->seen = c->n > 0 ? c->n - 1 : 0;
}

static void write_all(struct ingest *in)
{
    int done = 0;

    while (!done)
        if (redisBufferWrite(in->redis, &done) != REDIS_OK)
            tight_die("redis", in->redis->errstr);
}

static void serve(struct ingest *in, int door)
{
    struct pollfd p[CONNS + 2];

    while (!atomic_load(&in->t->stop)) {
        p[0] = (struct pollfd){.fd = door, .events = POLLIN};
        p[1] = (struct pollfd){.fd = in->redis->fd, .events = POLLIN};
        for (size_t i = 0; i < in->n; i++)
            p[2 + i] = (struct pollfd){.fd = in->v[i].fd, .events = POLLIN};
        if (poll(p, in->n + 2, 100) <= 0)
            continue;
        for (size_t i = 0; i < in->n; i++)
            if (p[2 + i].revents)
                hear(in, &in->v[i]);
        write_all(in); /* one write for all that came in this turn */
        if (p[1].revents)
            replies(in);
        answer(in);
        if ((p[0].revents & POLLIN) && in->n < CONNS)
            in->v[in->n++] = (struct conn){.fd = accept(door, NULL, NULL)};
    }
}

static int open_door(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (strlen(path) >= sizeof(un.sun_path))
        tight_die(path, "longer than a socket's path may be");
    strcpy(un.sun_path, path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(fd, 64) < 0)
        tight_die(path, strerror(errno));
    return fd;
}

static atomic_bool *stop_flag; /* for the signal only */

static void on_signal(int signo)
{
    (void)signo;
    atomic_store(stop_flag, true);
}

int main(int argc, char **argv)
{
    static struct tight t;
    static struct ingest in;
    pthread_t worker, checkpoints;
    pid_t redis;
    int door;

    if (argc != 5)
        tight_die("usage", "tight SOCKET FOLDER WORDS os|disk");
    t.folder = argv[2];
    t.words = argv[3];
    t.disk = strcmp(argv[4], "disk") == 0;
    stop_flag = &t.stop;
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    redis = start_redis(&t);
    in.t = &t;
    in.redis = tight_redis(&t);
    freeReplyObject(redisCommand(in.redis, "XGROUP CREATE s g 0 MKSTREAM"));
    tight_open(&t);
    door = open_door(argv[1]);
    pthread_create(&worker, NULL, tight_work, &t);
    pthread_create(&checkpoints, NULL, tight_checkpoint, &t);
    serve(&in, door);
    pthread_join(worker, NULL);
    pthread_join(checkpoints, NULL);
    printf("{\"applied\": %lld, \"hits\": %lld, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
           (long long)t.applied, (long long)t.hits, hist_at(&t.commit, 0.5) / 1e3,
           hist_at(&t.commit, 0.99) / 1e3);
    kill(redis, SIGTERM);
    waitpid(redis, NULL, 0);
    return 0;
}
