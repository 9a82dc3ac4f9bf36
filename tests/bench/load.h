/* load.h - the parts of `load`, for these files only: load.c makes requests and runs, load_conn.c
 * owns sockets and their buffers, load_hear.c reads what comes back. */
#ifndef QUND_BENCH_LOAD_H
#define QUND_BENCH_LOAD_H
#include "chat.h"
#include "hist.h"
#include <stdbool.h>
#include <stddef.h>

#define CONNS_MAX 512

enum role { FREE, SENDER, COUNTER, LIVE, LISTENER, HOOK };
enum form { HTTP, RAW, BARE, ONEBOT };

struct conn {
    enum role role;
    int fd;
    char *out, *in;
    size_t out_n, out_at, out_cap, in_n, in_cap;
    bool busy, upgraded;
    unsigned self;      /* form onebot: the account it carries */
    int64_t due, again; /* again: refused, send the same bytes once more at that time */
};

struct load {
    const char *address, *to, *path;
    unsigned shards;
    enum form form;
    size_t body, conns;
    double rate, seconds, hits;
    int64_t events, window, since;
    size_t words;
    unsigned people;
    uint64_t seed;
    int webhook;
    bool live;

    const char *token;
    char bearer[256]; /* the header line, or empty */
    struct chat chat;
    struct conn v[CONNS_MAX];
    size_t n;
    int64_t start, made, accepted, refused, answers, errors;
    int64_t applied, base; /* base: the counter when we came; -1 unknown */
    int64_t applied_at;    /* when the counter last moved */
    int64_t answered_at;   /* when the last answer came */
    struct hist answered, heard, pushed;
};

/* --- load_conn.c --- */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);
/* HOST:PORT (of this machine) or a unix socket's path. */
int dial(const char *address);
int listen_at(int port);
struct conn *conn_add(struct load *l, enum role role, int fd);
/* Room for `more` bytes behind the `used` ones. */
char *room(char **p, size_t *cap, size_t used, size_t more);
void put(struct conn *c, const char *p, size_t n);
void flush(struct conn *c);

/* --- load_hear.c --- */
/* Reads what is there and takes every whole answer in it. */
void hear(struct load *l, struct conn *c);

/* --- load.c: what an answer means for the run --- */
void answered(struct load *l, struct conn *c, int status, int64_t taken);
void looked(struct load *l, struct conn *c, int64_t applied);
#endif
