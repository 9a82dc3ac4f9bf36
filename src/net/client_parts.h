/* src/net/client_parts.h - the client's objects, for client.c, client_mail.c and mail_pool.c. */
#ifndef QUND_NET_CLIENT_PARTS_H
#define QUND_NET_CLIENT_PARTS_H
#include "core/clock.h"
#include "core/thread.h"
#include "net/client.h"
#include "net/guard.h"
#include <curl/curl.h>
#include <stdatomic.h>

#define CLIENT_HEADERS_MAX (64u * 1024u)
#define CLIENT_SOCKETS 4u /* of one call that are remembered */

struct qund_client {
    CURLM *multi;
    struct qund_client_call *calls; /* under way */
    size_t n, n_mails;              /* of calls; the mails among them */
    char *ca_file;
    struct mail_pool *mails; /* NULL until the first mail */
};

struct qund_client_call {
    struct qund_client *client;
    struct qund_client_call *next, **prev;
    CURL *easy;
    struct curl_slist *headers;
    bool allow_private;
    void (*done)(void *arg, const struct qund_client_answer *a);
    void *arg;
    curl_off_t body_n;
    char why[CURL_ERROR_SIZE];

    /* as it goes */
    const char *refused;        /* by the guard, and why */
    unsigned sockets, requests; /* made; begun */
    struct {
        int fd;
        uint64_t cookie; /* no other socket ever has it */
    } made[CLIENT_SOCKETS];
    bool sent;      /* the whole request is handed to the kernel; a mail, to libcurl */
    int status;     /* of the last status line seen */
    bool head_done; /* the final header block is complete */
    size_t header_bytes, body_bytes;
    int64_t slow_since_ms, slow_bytes;
    struct qund_buf head;
    size_t keep; /* of the body */
    bool keep_headers;
    struct qund_buf lines; /* of the last header block, with keep_headers */
    struct mail *mail;     /* NULL: HTTP */
};

struct mail {
    char *message;
    size_t n, at;
    struct curl_slist *to;
    char *server;   /* for who goes next: qund_client_mail_server */
    bool rcpt;      /* the last command named a recipient */
    bool over;      /* it was QUIT: what comes now says nothing about the mail */
    size_t refused; /* of them */
    char words[200], refused_words[200];

    /* mail_pool.c's */
    struct qund_node node; /* on its way to its carrier and back */
    struct qund_client_call *call, *next;
    struct carrier *carrier; /* NULL: it waits */
    int64_t begin_by_ms, begun_ms, end_by_ms;
    _Atomic unsigned marks;
    CURLcode result;
};

/* What both kinds of calls have in common. A call is freed whole or, once it is begun, by its end.
 */
struct qund_client_call *client_call_new(struct qund_client *c);
void client_call_free(struct qund_client_call *call);
/* A handle with what no call goes without: guard, limits, no detours. */
QUND_CHECK int client_call_handle(struct qund_client_call *call, int64_t timeout_ms);
/* Under way: what is in flight, and what the client's end takes along. */
void client_call_enter(struct qund_client_call *call);
void client_call_leave(struct qund_client_call *call);
bool client_call_is_under_way(const struct qund_client_call *call);

/* client_mail.c */
void client_mail_finish(struct qund_client_call *call, CURLcode e);
void client_mail_not_begun(struct qund_client_call *call, const char *why);
void client_mail_free(struct mail *m); /* NULL is fine */

/* mail_pool.c; the thread that polls, but for the first two, which are the carrier's. */
/* The message is read to its end. False: it was called off, the dot must not leave. */
bool mail_pool_lets_dot_go(struct qund_client_call *call);
bool mail_pool_called_off(const struct qund_client_call *call);
/* The call is under way from here on, within timeout_ms, waiting included. */
QUND_CHECK int mail_pool_take(struct qund_client_call *call, int64_t timeout_ms,
                              struct qund_err *err);
/* Ends a call without `done`. True when its message may have been taken. */
bool mail_pool_drop(struct qund_client_call *call);
void mail_pool_move(struct qund_client *c);
int mail_pool_fd(const struct qund_client *c); /* -1: no mail yet */
/* At most timeout_ms: until a mail has waited long enough. */
int mail_pool_wait_ms(const struct qund_client *c, int timeout_ms);
/* Joins the carriers, a second after this at the latest. Calls under way stay for the client. */
void mail_pool_end(struct qund_client *c);
#endif
