/* load_hear.c - what comes back to a load: answers, counters, pushes, the live feed, a bot's
 * asking. */
#include "load.h"
#include "load_onebot.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes of a whole HTTP message at the front of c->in, 0 when it is not there yet. */
static size_t whole_http(struct conn *c, char **body, size_t *body_n)
{
    char *end = memmem(c->in, c->in_n, "\r\n\r\n", 4), *length;
    size_t head;

    if (!end)
        return 0;
    head = (size_t)(end - c->in) + 4;
    *end = '\0';
    length = strcasestr(c->in, "content-length:");
    *body_n = length ? strtoul(length + 15, NULL, 10) : 0;
    *end = '\r';
    *body = c->in + head;
    return c->in_n >= head + *body_n ? head + *body_n : 0;
}

static size_t take_http(struct load *l, struct conn *c)
{
    char *body, *at;
    size_t body_n, n = whole_http(c, &body, &body_n);
    int status;

    if (n == 0)
        return 0;
    status = c->in_n > 12 ? atoi(c->in + 9) : 0;
    if (c->role == SENDER) {
        answered(l, c, status, (int64_t)l->body);
        return n;
    }
    if (status != 200)
        die("/metrics answered %d", status);
    at = memmem(body, body_n, "\nqund_events_applied_total ", 27);
    looked(l, c, at ? strtoll(at + 27, NULL, 10) : 0);
    return n;
}

static size_t take_raw(struct load *l, struct conn *c)
{
    char *end = memchr(c->in, '\n', c->in_n);
    long long taken, applied;

    if (!end)
        return 0;
    if (sscanf(c->in, "%lld %lld", &taken, &applied) != 2)
        die("the tight program said something else");
    if (c->role == SENDER)
        answered(l, c, 200, taken);
    else
        looked(l, c, applied);
    return (size_t)(end - c->in) + 1;
}

/* A push: timed, and answered so that the next can come. */
static size_t take_hook(struct load *l, struct conn *c)
{
    char *body;
    size_t body_n, n = whole_http(c, &body, &body_n);
    int64_t us;

    if (n == 0)
        return 0;
    us = chat_mark_read(body, body_n);
    if (us >= 0)
        hist_add(&l->pushed, now_us() - us);
    put(c, "HTTP/1.1 204 No Content\r\n\r\n", 27);
    return n;
}

/* Frames of the live feed: unmasked text, up to 64 KiB. A frame may hold several lines. */
static size_t take_live(struct load *l, struct conn *c)
{
    const unsigned char *p = (const unsigned char *)c->in;
    size_t n, head = 2;
    char *at;

    if (!c->upgraded) {
        at = memmem(c->in, c->in_n, "\r\n\r\n", 4);
        if (at && !memmem(c->in, 12, " 101", 4))
            die("the live feed did not open: %.60s", c->in);
        c->upgraded = at != NULL;
        return at ? (size_t)(at - c->in) + 4 : 0;
    }
    if (c->in_n < 4)
        return 0;
    n = p[1] & 127;
    if (n == 126) {
        n = (size_t)p[2] << 8 | p[3];
        head = 4;
    }
    if (n == 127)
        die("a frame longer than 64 KiB");
    if (c->in_n < head + n)
        return 0;
    if (memmem(c->in + head, n, "\"message\"", 9)) {
        int64_t us = chat_mark_read(c->in + head, n);

        if (us >= 0)
            hist_add(&l->heard, now_us() - us);
    }
    return head + n;
}

/* What a bot asks of its bridge. */
static size_t take_asked(struct conn *c)
{
    char said[ONEBOT_FRAME_MAX], *end;
    size_t n, said_n;

    if (!c->upgraded) {
        end = memmem(c->in, c->in_n, "\r\n\r\n", 4);
        if (end && !memmem(c->in, 12, " 101", 4))
            die("the bot did not open a WebSocket: %.60s", c->in);
        c->upgraded = end != NULL;
        return end ? (size_t)(end - c->in) + 4 : 0;
    }
    n = onebot_heard(c->in, c->in_n, c->self, said, &said_n);
    put(c, said, said_n);
    return n;
}

static size_t take(struct load *l, struct conn *c)
{
    switch (c->role) {
    case SENDER:
        if (l->form == ONEBOT)
            return take_asked(c);
        /* fall through */
    case COUNTER:
        return l->form == RAW ? take_raw(l, c) : take_http(l, c);
    case HOOK:
        return take_hook(l, c);
    case LIVE:
        return take_live(l, c);
    case FREE:
    case LISTENER:
        break;
    }
    return 0;
}

/* A connection that was not needed for a while is closed by the server: a new one takes its place.
 */
static void lost(struct load *l, struct conn *c)
{
    close(c->fd);
    if (c->role == HOOK) {
        c->role = FREE;
        return;
    }
    if (c->role != SENDER || c->busy || c->upgraded)
        die("the server closed a connection in use: %.*s", (int)(c->in_n < 600 ? c->in_n : 600),
            c->in_n ? c->in : "");
    c->fd = dial(l->address);
    c->in_n = 0;
}

void hear(struct load *l, struct conn *c)
{
    ssize_t n;
    size_t used;

    if (c->role == LISTENER) {
        int fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK);

        if (fd >= 0)
            conn_add(l, HOOK, fd);
        return;
    }
    n = recv(c->fd, room(&c->in, &c->in_cap, c->in_n, 65536), 65536, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        lost(l, c);
        return;
    }
    c->in_n += (size_t)n;
    while ((used = take(l, c)) > 0) {
        memmove(c->in, c->in + used, c->in_n - used);
        c->in_n -= used;
    }
    flush(c);
}
