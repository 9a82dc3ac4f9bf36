/* src/queue/addr.c - the address of a Redis as an operator writes it.
 *
 * Three spellings and no more: `managed` (a child of ours), `redis://` and `unix:`. There is no TLS
 * in Debian's hiredis, so `rediss://` is refused with the way out instead of being half supported.
 */
#include "queue/queue.h"

#define WHERE "queue.url"

static int copy(char *out, size_t cap, struct qund_str s, const char *what, struct qund_err *err)
{
    if (s.n >= cap || memchr(s.p ? s.p : "", '\0', s.n))
        return qund_err_set(err, QUND_E_INVAL, WHERE, "%s is longer than %zu bytes", what, cap - 1);
    memcpy(out, s.p ? s.p : "", s.n);
    out[s.n] = '\0';
    return QUND_OK;
}

static int number(struct qund_str s, int64_t least, int64_t most, const char *what, int *out,
                  struct qund_err *err)
{
    int64_t v;

    if (qund_str_int(s, &v) < 0 || v < least || v > most)
        return qund_err_set(err, QUND_E_INVAL, WHERE, "%s must be a number from %lld to %lld", what,
                            (long long)least, (long long)most);
    *out = (int)v;
    return QUND_OK;
}

static int parse_unix(struct qund_str s, struct qund_queue_addr *a, struct qund_err *err)
{
    struct qund_str path = qund_str_split(&s, '?');
    int rc;

    if (path.n == 0 || path.p[0] != '/')
        return qund_err_set(err, QUND_E_INVAL, WHERE,
                            "unix: needs an absolute path, e.g. "
                            "unix:/run/redis/redis.sock");
    rc = copy(a->unix_path, sizeof(a->unix_path), path, "the socket's path", err);
    if (rc < 0 || !s.p)
        return rc;
    if (!qund_str_starts(s, "db="))
        return qund_err_set(err, QUND_E_INVAL, WHERE, "only ?db=N may follow the path");
    return number(qund_str_n(s.p + 3, s.n - 3), 0, 1023, "db", &a->db, err);
}

/* The last '@' ends the credentials: a password may hold one. */
static struct qund_str take_credentials(struct qund_str *s)
{
    for (size_t i = s->n; i > 0; i--) {
        if (s->p[i - 1] == '@') {
            struct qund_str cred = qund_str_n(s->p, i - 1);

            *s = qund_str_n(s->p + i, s->n - i);
            return cred;
        }
    }
    return QUND_STR_NONE;
}

/* host, [v6], host:port */
static int parse_host(struct qund_str s, struct qund_queue_addr *a, struct qund_err *err)
{
    struct qund_str host, port = QUND_STR_NONE;
    int rc;

    if (s.n > 0 && s.p[0] == '[') {
        struct qund_str rest = qund_str_n(s.p + 1, s.n - 1);

        host = qund_str_split(&rest, ']');
        if (rest.n > 0 && rest.p[0] == ':')
            port = qund_str_n(rest.p + 1, rest.n - 1);
    } else {
        host = qund_str_split(&s, ':');
        port = s;
    }
    if (host.n == 0)
        return qund_err_set(err, QUND_E_INVAL, WHERE, "the host is missing");
    rc = copy(a->host, sizeof(a->host), host, "the host", err);
    a->port = 6379;
    if (rc == 0 && port.p)
        rc = number(port, 1, 65535, "the port", &a->port, err);
    return rc;
}

static int parse_tcp(struct qund_str s, struct qund_queue_addr *a, struct qund_err *err)
{
    struct qund_str cred = take_credentials(&s), host = qund_str_split(&s, '/');
    int rc = parse_host(host, a, err);

    if (rc == 0 && cred.p) {
        struct qund_str user = qund_str_split(&cred, ':');

        rc = copy(a->user, sizeof(a->user), user, "the user", err);
        if (rc == 0)
            rc = copy(a->password, sizeof(a->password), cred, "the password", err);
    }
    if (rc == 0 && s.n > 0)
        rc = number(s, 0, 1023, "db", &a->db, err);
    return rc;
}

int qund_queue_addr_parse(struct qund_str url, struct qund_str prefix, struct qund_queue_addr *out,
                          struct qund_err *err)
{
    struct qund_queue_addr a = {0};
    int rc = copy(a.prefix, sizeof(a.prefix), prefix.p ? prefix : QUND_STR("qund:"),
                  "the key prefix", err);

    if (rc < 0)
        return rc;
    if (qund_str_is(url, "managed")) {
        a.managed = true;
    } else if (qund_str_starts(url, "redis://")) {
        rc = parse_tcp(qund_str_n(url.p + 8, url.n - 8), &a, err);
    } else if (qund_str_starts(url, "unix:")) {
        rc = parse_unix(qund_str_n(url.p + 5, url.n - 5), &a, err);
    } else {
        rc = qund_err_set(err, QUND_E_INVAL, WHERE,
                          "must be managed, redis://[user:password@]host[:port][/db] or "
                          "unix:/path[?db=N]; for TLS put stunnel before Redis and name its local "
                          "address here");
    }
    if (rc == 0)
        *out = a;
    return rc;
}
