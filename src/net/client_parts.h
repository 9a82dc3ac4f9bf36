/* src/net/client_parts.h - the client's objects, for client.c and client_mail.c. */
#ifndef QUND_NET_CLIENT_PARTS_H
#define QUND_NET_CLIENT_PARTS_H
#include "core/clock.h"
#include "net/client.h"
#include "net/guard.h"
#include <curl/curl.h>

#define CLIENT_HEADERS_MAX (64u * 1024u)
#define CLIENT_SOCKETS 4u /* of one call that are remembered */

struct qund_client {
    CURLM *multi;
    struct qund_client_call *calls; /* under way */
    size_t n;
    char *ca_file;
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

/* What both kinds of calls have in common. A call is freed whole or, once it is begun, by its end.
 */
struct qund_client_call *client_call_new(struct qund_client *c);
void client_call_free(struct qund_client_call *call);
/* A handle with what no call goes without: guard, limits, no detours. */
QUND_CHECK int client_call_handle(struct qund_client_call *call, int64_t timeout_ms);
/* Gives it to libcurl; from here on it is under way. */
QUND_CHECK int client_call_begin(struct qund_client_call *call);

/* client_mail.c */
void client_mail_finish(struct qund_client_call *call, CURLcode e);
void client_mail_free(struct mail *m); /* NULL is fine */
#endif
