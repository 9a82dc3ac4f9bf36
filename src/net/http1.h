/* src/net/http1.h - the head of an HTTP/1 request, read strictly (essay in http1.c). Pure functions
 * over bytes: no socket, no memory of their own. */
#ifndef QUND_NET_HTTP1_H
#define QUND_NET_HTTP1_H
#include "core/core.h"

#define QUND_HTTP_HEADERS_MAX 48u
#define QUND_HTTP_TARGET_MAX 8192u
#define QUND_HTTP_LENGTH_DIGITS 8u /* of Content-Length: 99,999,999 bytes at most */

enum qund_method {
    QUND_GET,
    QUND_HEAD,
    QUND_POST,
    QUND_PUT,
    QUND_PATCH,
    QUND_DELETE,
    QUND_OPTIONS,
    QUND_METHOD_OTHER
};
const char *qund_method_name(enum qund_method m);

/* Borrowed from the bytes that were parsed. */
struct qund_http1 {
    enum qund_method method;
    int minor;                           /* HTTP/1.minor: 0 or 1 */
    struct qund_str target, path, query; /* query without '?', NONE when there is no '?' */
    struct qund_str upgrade;             /* value of Upgrade, NONE when absent */
    struct qund_header headers[QUND_HTTP_HEADERS_MAX];
    size_t n_headers;
    int64_t content_length; /* 0 when absent */
    bool chunked;           /* the body comes in chunks (chunk.h), its length is not known yet */
    bool keep_alive, expect_continue, connection_upgrade;
};
/* What was wrong: an HTTP status and a static reason. */
struct qund_http1_fault {
    int status;
    const char *why;
};
/* Bytes of the complete head (> 0); 0: more bytes are needed, *scanned remembers how far it looked
 * (start at 0); QUND_E_PROTO: *fault says why, the connection must be closed after the answer. */
QUND_CHECK int qund_http1_parse(struct qund_str in, size_t max_bytes, size_t *scanned,
                                struct qund_http1 *out, struct qund_http1_fault *fault);
/* Value of the first header of this name (ASCII case ignored), NONE when absent. */
struct qund_str qund_http1_header(const struct qund_http1 *h, const char *name);
bool qund_str_eq_nocase(struct qund_str a, struct qund_str b); /* ASCII only */
/* True when the comma separated list holds this token (case ignored). */
bool qund_http1_has_token(struct qund_str list, const char *token);

/* Percent decoding into out (at least s.n bytes); plus: '+' is a blank (query strings). Returns the
 * length, or INVAL on a broken escape, a NUL or invalid UTF-8. */
int qund_http1_unescape(struct qund_str s, bool plus, char *out);
#endif
