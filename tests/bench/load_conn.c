/* load_conn.c - sockets of a load and the bytes that wait on either side of them. */
#include "load.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("load: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

int dial(const char *address)
{
    const char *colon = strrchr(address, ':');
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET};
    int fd, one = 1;

    if (address[0] == '/') {
        if (strlen(address) >= sizeof(un.sun_path))
            die("%s: longer than a socket's path may be", address);
        strcpy(un.sun_path, address);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0)
            die("%s: %s", address, strerror(errno));
    } else {
        in.sin_port = htons((uint16_t)atoi(colon ? colon + 1 : "0"));
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
            die("%s: %s", address, strerror(errno));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

int listen_at(int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 || listen(fd, 64) < 0)
        die("port %d: %s", port, strerror(errno));
    return fd;
}

struct conn *conn_add(struct load *l, enum role role, int fd)
{
    struct conn *c = NULL;

    for (size_t i = 0; i < l->n && !c; i++)
        if (l->v[i].role == FREE)
            c = &l->v[i];
    if (!c && l->n == CONNS_MAX)
        die("more than %d connections", CONNS_MAX);
    c = c ? c : &l->v[l->n++];
    c->role = role;
    c->fd = fd;
    c->out_n = c->out_at = c->in_n = 0;
    c->busy = c->upgraded = false;
    return c;
}

char *room(char **p, size_t *cap, size_t used, size_t more)
{
    if (used + more + 1 > *cap) {
        *cap = 2 * (used + more + 1);
        *p = realloc(*p, *cap);
        if (!*p)
            die("out of memory");
    }
    return *p + used;
}

void put(struct conn *c, const char *p, size_t n)
{
    memcpy(room(&c->out, &c->out_cap, c->out_n, n), p, n);
    c->out_n += n;
}

void flush(struct conn *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);

        if (n <= 0)
            break;
        c->out_at += (size_t)n;
    }
    if (c->role == HOOK && c->out_at == c->out_n)
        c->out_n = c->out_at = 0;
}
