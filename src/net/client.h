/* src/net/client.h - requests to the outside: one HTTP/1.1 exchange each, bounded in every
 * direction (essay in client.c). All of this is for one thread, the one that polls. */
#ifndef QUND_NET_CLIENT_H
#define QUND_NET_CLIENT_H
#include "core/core.h"

/* How far an exchange came. Only ANSWERED has a status. */
enum qund_client_end {
    QUND_CLIENT_ANSWERED,  /* a final status line and its headers arrived */
    QUND_CLIENT_NOT_SENT,  /* no byte of the request left: resolving, connecting or TLS failed */
    QUND_CLIENT_NO_ANSWER, /* bytes may have left, no answer came: nobody knows */
    QUND_CLIENT_REFUSED,   /* the address guard: the name leads to an address that is not allowed */
    QUND_CLIENT_UNFIT,    /* mail: the server offers no TLS, or no login that we know or it takes */
    QUND_CLIENT_NOT_BEGUN /* mail: it waited for its turn too long; says nothing of the server */
};
const char *qund_client_end_name(enum qund_client_end e);

#define QUND_ANSWER_HEADERS_MAX 64u
struct qund_client_header {
    const char *name;
    const char *value;
};
struct qund_client_answer {
    enum qund_client_end end;
    int status;                        /* 0 unless ANSWERED */
    bool whole;                        /* the body came to its end within all limits */
    int64_t retry_after_ms;            /* of the header; -1 when there was none */
    struct qund_str body;              /* its first body_keep bytes */
    const struct qund_header *headers; /* of the final answer, with keep_headers */
    size_t n_headers;
    const char *why; /* unless ANSWERED: the reason in words, for people */
    size_t refused;  /* of a mail that was taken: recipients that were not */
};

struct qund_client_request {
    const char *method; /* "POST", "GET" (without a body), "PUT", "PATCH", "DELETE" */
    const char *url;    /* https; http only with allow_private; no user information */
    const struct qund_client_header *headers;
    size_t n_headers;
    struct qund_str body;
    int64_t timeout_ms; /* from start to the last byte of the answer */
    bool allow_private; /* loopback and private addresses, and plain http, are permitted */
    bool keep_headers;
    size_t body_keep; /* 0: 4 KiB; at most 1 MiB is read, or this if it is more */
    /* Called exactly once for a started request that is not cancelled, from within
     * qund_client_poll; the answer is borrowed. It may start requests, not cancel others. */
    void (*done)(void *arg, const struct qund_client_answer *a);
    void *arg;
};

struct qund_client_opts {
    const char *ca_file; /* roots to trust instead of the system's; NULL: the system's */
};

struct qund_client;
struct qund_client_call;
QUND_CHECK int qund_client_open(const struct qund_client_opts *opts, struct qund_client **out,
                                struct qund_err *err);
/* Calls still under way are dropped without `done`. */
struct qund_client *qund_client_close(struct qund_client *c); /* NULL is fine; returns NULL */
QUND_DEFINE_AUTO(qund_client_close, struct qund_client *)

/* What can be said of an address without a look-up: scheme, user information, control bytes.
 * INVAL with the reason. */
QUND_CHECK int qund_client_check_url(const char *url, bool allow_private, struct qund_err *err);

/* No control bytes, and none of `besides`. */
bool qund_client_plain(const char *s, const char *besides);

/* Everything in *req is copied. INVAL when method, address or headers may not be sent as they are;
 * nothing was started then. */
QUND_CHECK int qund_client_start(struct qund_client *c, const struct qund_client_request *req,
                                 struct qund_client_call **out, struct qund_err *err);
/* One mail by SMTP, on a thread of the pool (mail_pool.c); timeout_ms counts from here, the wait
 * for that thread included: half of it at most, then the mail is NOT_BEGUN. ANSWERED: the server's
 * last code stands in status and its words, as printable ASCII, in why; 250 says that it answers
 * for the mail now. */
enum qund_client_tls { QUND_CLIENT_STARTTLS, QUND_CLIENT_TLS, QUND_CLIENT_PLAIN };
#define QUND_MAIL_TO_MAX 50u
struct qund_client_mail {
    const char *host; /* a name, an address, [v6] */
    uint16_t port;
    enum qund_client_tls tls;    /* PLAIN: only with allow_private */
    const char *user, *password; /* NULL: no login */
    const char *helo, *from;
    const char *const *to;
    size_t n_to;
    struct qund_str message; /* with CRLF */
    int64_t timeout_ms;
    bool allow_private;
    void (*done)(void *arg, const struct qund_client_answer *a);
    void *arg;
};
/* What the pool takes for one server, as "host:port": letters are small, a dot behind the name is
 * none, a port that is not given is that of its kind, and "localhost" is 127.0.0.1. Nothing is
 * looked up: two names of one machine are two servers. */
void qund_client_mail_server(const struct qund_client_mail *mail, struct qund_buf *out);
/* Everything in *mail is copied. INVAL: an address or a name that cannot stand in a command. */
QUND_CHECK int qund_client_check_mail(const struct qund_client_mail *mail, struct qund_err *err);
QUND_CHECK int qund_client_start_mail(struct qund_client *c, const struct qund_client_mail *mail,
                                      struct qund_client_call **out, struct qund_err *err);
/* Ends a call without `done`. True when bytes of it may have left. */
bool qund_client_cancel(struct qund_client_call *call);
size_t qund_client_in_flight(const struct qund_client *c);
/* The mails among them, those that wait included. */
size_t qund_client_mails(const struct qund_client *c);

/* Waits until a socket of ours or extra_fd (-1: none) is ready, or timeout_ms passed; then moves
 * everything on and reports what ended. */
void qund_client_poll(struct qund_client *c, int extra_fd, int timeout_ms);
#endif
