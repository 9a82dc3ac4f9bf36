/* client.c - calls to the outside, on libcurl's multi interface (mails: client_mail.c).
 *
 * The one thing a caller must be able to tell apart is "nothing left this machine" from "something
 * may have": the first may be tried again freely, the second may have had its effect. libcurl calls
 * the pre-request hook after the connection stands and before the first byte of the request; from
 * then on a failure is NO_ANSWER. The hook also stops what libcurl does by itself when a connection
 * that is used again turns out dead: it would send the request a second time, and the first may
 * have been read. A second pass through the hook ends the call.
 *
 * The guard is asked where the socket is made (after resolution, for each address) and again in the
 * hook, because a connection that is used again was perhaps opened for a caller who may do more.
 *
 * An answer counts once its header block is complete: whoever said 200 has taken the request, also
 * if the rest of the page stalls or never ends. Bounds: 64 KiB of headers, 1 MiB of body (4 KiB are
 * kept), 5 s below 100 B/s once the answer has begun, and the caller's total time. Waiting for an
 * answer is not "slow": only the total time limits it.
 *
 * Off, because each is a way to be led astray: redirects, cookies, netrc, proxies of the
 * environment, authentication, decompression, HTTP/2, HTTP/0.9. */
#include "net/client_parts.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define CONNECT_MS 3000
#define SLOW_MS 5000
#define SLOW_BYTES (100 * SLOW_MS / 1000)
#define HEAD_KEPT 4096u
#define BODY_MAX (1024u * 1024u)
#define RETRY_AFTER_MAX_S (24 * 3600)

const char *qund_client_end_name(enum qund_client_end e)
{
    static const char *const NAMES[] = {
        [QUND_CLIENT_ANSWERED] = "answered",   [QUND_CLIENT_NOT_SENT] = "not_sent",
        [QUND_CLIENT_NO_ANSWER] = "no_answer", [QUND_CLIENT_REFUSED] = "refused",
        [QUND_CLIENT_UNFIT] = "unfit",         [QUND_CLIENT_NOT_BEGUN] = "not_begun",
    };

    return (size_t)e < QUND_ARRAY_LEN(NAMES) ? NAMES[e] : "?";
}

/* --- what libcurl asks on the way --- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct qund_client_call *call = arg;
    const char *why = call->allow_private ? NULL : qund_guard_refuses(&a->addr, a->addrlen);
    int fd;

    (void)purpose;
    if (why) {
        call->refused = why;
        return CURL_SOCKET_BAD;
    }
    fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    if (fd >= 0 && call->sockets < CLIENT_SOCKETS) {
        socklen_t n = sizeof(call->made->cookie);

        call->made[call->sockets].fd = fd;
        getsockopt(fd, SOL_SOCKET, SO_COOKIE, &call->made[call->sockets].cookie, &n);
    }
    call->sockets++;
    return fd;
}

static int before_request(void *arg, char *peer, char *own, int peer_port, int own_port)
{
    struct qund_client_call *call = arg;
    const char *why = call->allow_private ? NULL : qund_guard_refuses_text(peer);

    (void)own;
    (void)peer_port;
    (void)own_port;
    if (why) {
        call->refused = why;
        return CURL_PREREQFUNC_ABORT;
    }
    return call->requests++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* "HTTP/1.1 204 …": 204, or 0. */
static int status_of(struct qund_str line)
{
    int64_t code;
    ptrdiff_t blank = qund_str_find(line, 0, QUND_STR(" "));

    if (blank < 0 || line.n < (size_t)blank + 4 ||
        qund_str_int(qund_str_n(line.p + blank + 1, 3), &code) < 0 || code < 100)
        return 0;
    return (int)code;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct qund_client_call *call = arg;
    struct qund_str line = qund_str_n(p, size * n);

    call->header_bytes += line.n;
    if (call->header_bytes > CLIENT_HEADERS_MAX)
        return 0;
    if (qund_str_starts(line, "HTTP/")) {
        call->status = status_of(line);
        qund_buf_clear(&call->lines);
    } else if (call->keep_headers) {
        qund_buf_str(&call->lines, line);
    }
    if (qund_str_trim(line).n == 0 && call->status >= 200)
        call->head_done = true;
    return line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct qund_client_call *call = arg;
    size_t bytes = size * n;
    size_t room = call->keep - call->head.n;

    qund_buf_add(&call->head, p, bytes < room ? bytes : room);
    call->body_bytes += bytes;
    return call->body_bytes <= (call->keep > BODY_MAX ? call->keep : BODY_MAX) ? bytes : 0;
}

static bool too_slow(struct qund_client_call *call)
{
    int64_t now = qund_mono_now().ms;
    int64_t got = (int64_t)(call->header_bytes + call->body_bytes);

    if (got == 0)
        return false;
    if (call->slow_since_ms == 0 || got - call->slow_bytes >= SLOW_BYTES) {
        call->slow_since_ms = now;
        call->slow_bytes = got;
    }
    return now - call->slow_since_ms > SLOW_MS;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct qund_client_call *call = arg;

    (void)down_total;
    (void)down;
    (void)up_total;
    if (!call->sent && call->requests > 0 && up >= call->body_n) {
        call->sent = true;
        if (QUND_FAULT("bytes_sent") < 0)
            return 1;
    }
    return too_slow(call);
}

/* --- making a call --- */

static const struct fixed {
    CURLoption option;
    long value;
} FIXED[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    /* A name server that does not answer must not hold up the other calls: the thread that asks it
     * is left to end by itself. */
    {CURLOPT_QUICK_EXIT, 1},
};
static const struct fixed HTTP[] = {
    {CURLOPT_NOPROGRESS, 0},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_MAXAGE_CONN, 30},
};

static CURLcode set_body(struct qund_client_call *call, const struct qund_client_request *req)
{
    CURLcode e;

    call->body_n = (curl_off_t)req->body.n;
    if (strcmp(req->method, "GET") == 0)
        return curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L);
    e = curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, call->body_n);
    if (e == CURLE_OK)
        e = curl_easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS, req->body.p ? req->body.p : "");
    if (e == CURLE_OK && strcmp(req->method, "POST") != 0)
        e = curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, req->method);
    return e;
}

/* None of these can fail: they store a pointer or a number. */
static void set_hooks(struct qund_client_call *call)
{
    CURL *h = call->easy;

    curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(h, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(h, CURLOPT_XFERINFODATA, call);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(h, CURLOPT_HTTPAUTH, (long)CURLAUTH_NONE);
}

static int add_headers(struct qund_client_call *call, const struct qund_client_request *req,
                       struct qund_err *err)
{
    /* "Expect:" without a value keeps libcurl from asking first: one more wait, no use. */
    call->headers = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; call->headers && i < req->n_headers; i++) {
        const struct qund_client_header *h = &req->headers[i];
        QUND_AUTO(qund_buf_done) struct qund_buf line = {0};
        struct curl_slist *more;

        if (!*h->name || !*h->value || !qund_client_plain(h->name, " :;") ||
            !qund_client_plain(h->value, ""))
            return qund_err_set(err, QUND_E_INVAL, h->name,
                                "a header is a name and a value without control bytes");
        qund_buf_printf(&line, "%s: %s", h->name, h->value);
        more = curl_slist_append(call->headers, line.p);
        if (!more)
            return QUND_E_NOMEM;
        call->headers = more;
    }
    return call->headers ? 0 : QUND_E_NOMEM;
}

struct qund_client_call *client_call_new(struct qund_client *c)
{
    struct qund_client_call *call = qund_alloc(sizeof(*call));

    call->client = c;
    return call;
}

bool client_call_is_under_way(const struct qund_client_call *call)
{
    return call->prev;
}

void client_call_enter(struct qund_client_call *call)
{
    struct qund_client *c = call->client;

    call->next = c->calls;
    call->prev = &c->calls;
    if (call->next)
        call->next->prev = &call->next;
    c->calls = call;
    c->n++;
    c->n_mails += call->mail != NULL;
}

void client_call_leave(struct qund_client_call *call)
{
    *call->prev = call->next;
    if (call->next)
        call->next->prev = call->prev;
    call->prev = NULL;
    call->client->n--;
    call->client->n_mails -= call->mail != NULL;
}

void client_call_free(struct qund_client_call *call)
{
    if (client_call_is_under_way(call))
        client_call_leave(call);
    if (call->easy && !call->mail)
        curl_multi_remove_handle(call->client->multi, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    client_mail_free(call->mail);
    qund_buf_done(&call->head);
    qund_buf_done(&call->lines);
    qund_free(call);
}

int client_call_handle(struct qund_client_call *call, int64_t timeout_ms)
{
    CURL *h = call->easy = curl_easy_init();
    CURLcode e = CURLE_OK;

    if (!h)
        return QUND_E_NOMEM;
    for (size_t i = 0; e == CURLE_OK && i < QUND_ARRAY_LEN(FIXED); i++)
        e = curl_easy_setopt(h, FIXED[i].option, FIXED[i].value);
    if (e == CURLE_OK)
        e = curl_easy_setopt(h, CURLOPT_PROXY, "");
    if (e == CURLE_OK)
        e = curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
    if (e == CURLE_OK && call->client->ca_file)
        e = curl_easy_setopt(h, CURLOPT_CAINFO, call->client->ca_file);
    curl_easy_setopt(h, CURLOPT_PRIVATE, call);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, call->why);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(timeout_ms < CONNECT_MS ? timeout_ms : CONNECT_MS));
    return e == CURLE_OK ? 0 : QUND_E_NOMEM;
}

static int call_begin(struct qund_client_call *call, const struct qund_client_request *req)
{
    CURLcode e = CURLE_OK;
    int rc = client_call_handle(call, req->timeout_ms);

    if (rc < 0)
        return rc;
    for (size_t i = 0; e == CURLE_OK && i < QUND_ARRAY_LEN(HTTP); i++)
        e = curl_easy_setopt(call->easy, HTTP[i].option, HTTP[i].value);
    if (e == CURLE_OK)
        e = set_body(call, req);
    if (e == CURLE_OK)
        e = curl_easy_setopt(call->easy, CURLOPT_URL, req->url);
    if (e == CURLE_OK)
        e = curl_easy_setopt(call->easy, CURLOPT_PROTOCOLS_STR,
                             req->allow_private ? "http,https" : "https");
    if (e != CURLE_OK)
        return e == CURLE_OUT_OF_MEMORY ? QUND_E_NOMEM : QUND_E_INVAL;
    set_hooks(call);
    if (curl_multi_add_handle(call->client->multi, call->easy) != CURLM_OK)
        return QUND_E_NOMEM;
    client_call_enter(call);
    return 0;
}

static bool method_ok(const struct qund_client_request *req)
{
    static const char *const WITH_BODY[] = {"POST", "PUT", "PATCH", "DELETE"};

    return qund_str_index(qund_str(req->method), WITH_BODY, QUND_ARRAY_LEN(WITH_BODY)) >= 0 ||
           (strcmp(req->method, "GET") == 0 && req->body.n == 0);
}

int qund_client_start(struct qund_client *c, const struct qund_client_request *req,
                      struct qund_client_call **out, struct qund_err *err)
{
    struct qund_client_call *call;
    int rc = qund_client_check_url(req->url, req->allow_private, err);

    if (rc < 0)
        return rc;
    if (!method_ok(req))
        return qund_err_set(err, QUND_E_INVAL, "method",
                            "POST, PUT, PATCH, DELETE, or GET without a body, is wanted");
    call = client_call_new(c);
    call->allow_private = req->allow_private;
    call->keep = req->body_keep > 0 ? req->body_keep : HEAD_KEPT;
    call->keep_headers = req->keep_headers;
    call->done = req->done;
    call->arg = req->arg;
    rc = add_headers(call, req, err);
    if (rc == 0)
        rc = call_begin(call, req);
    if (rc < 0) {
        client_call_free(call);
        return rc == QUND_E_NOMEM ? qund_err_set(err, rc, "client", "no memory for a request") : rc;
    }
    *out = call;
    return 0;
}

bool qund_client_cancel(struct qund_client_call *call)
{
    bool begun;

    if (call->mail)
        return mail_pool_drop(call);
    begun = call->requests > 0 || call->sent;
    client_call_free(call);
    return begun;
}

/* --- moving on --- */

static enum qund_client_end end_of(const struct qund_client_call *call)
{
    if (call->head_done)
        return QUND_CLIENT_ANSWERED;
    if (call->requests > 0)
        return QUND_CLIENT_NO_ANSWER;
    /* A name with a public and a private address was tried at the public one. */
    return call->refused && call->sockets == 0 ? QUND_CLIENT_REFUSED : QUND_CLIENT_NOT_SENT;
}

/* The lines of the header block as pairs; what is no pair is left out. */
static size_t split_lines(struct qund_str lines, struct qund_header out[QUND_ANSWER_HEADERS_MAX])
{
    size_t n = 0;

    while (lines.p && n < QUND_ANSWER_HEADERS_MAX) {
        struct qund_str value = qund_str_split(&lines, '\n');
        struct qund_str name = qund_str_split(&value, ':');

        if (value.p && name.n > 0)
            out[n++] = (struct qund_header){name, qund_str_trim(value)};
    }
    return n;
}

static void finish(struct qund_client_call *call, CURLcode e)
{
    struct qund_header headers[QUND_ANSWER_HEADERS_MAX];
    struct qund_client_answer a = {.end = end_of(call),
                                   .whole = e == CURLE_OK,
                                   .retry_after_ms = -1,
                                   .body = qund_buf_view(&call->head)};
    curl_off_t after_s = 0;

    if (a.end == QUND_CLIENT_ANSWERED) {
        a.status = call->status;
        a.headers = headers;
        a.n_headers = split_lines(qund_buf_view(&call->lines), headers);
        if (curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &after_s) == CURLE_OK &&
            after_s > 0)
            a.retry_after_ms = 1000 * (after_s < RETRY_AFTER_MAX_S ? after_s : RETRY_AFTER_MAX_S);
    } else if (a.end == QUND_CLIENT_REFUSED) {
        a.why = call->refused;
    } else {
        a.why = call->why[0] ? call->why : curl_easy_strerror(e);
    }
    qund_ignore(QUND_FAULT("answer_read")); /* only its crash and its stall mean something here */
    call->done(call->arg, &a);
    client_call_free(call);
}

void qund_client_poll(struct qund_client *c, int extra_fd, int timeout_ms)
{
    const int fds[] = {extra_fd, mail_pool_fd(c)};
    struct curl_waitfd extra[QUND_ARRAY_LEN(fds)];
    unsigned n = 0;
    int running, left;
    CURLMcode e;
    CURLMsg *m;

    for (size_t i = 0; i < QUND_ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            extra[n++] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
    /* What cannot be waited for (memory) is met again at once: the perform below still runs. */
    curl_multi_poll(c->multi, extra, n, mail_pool_wait_ms(c, timeout_ms), NULL);
    e = curl_multi_perform(c->multi, &running);
    qund_assert(e == CURLM_OK);
    while ((m = curl_multi_info_read(c->multi, &left))) {
        CURLcode result = m->data.result;
        char *call;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call);
        finish((struct qund_client_call *)(void *)call, result);
    }
    mail_pool_move(c);
}

size_t qund_client_in_flight(const struct qund_client *c)
{
    return c->n;
}

int qund_client_open(const struct qund_client_opts *opts, struct qund_client **out,
                     struct qund_err *err)
{
    struct qund_client *c;

    /* Counted by libcurl: each open has its close. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return qund_err_set(err, QUND_E_NOMEM, "libcurl", "cannot be set up");
    c = qund_alloc(sizeof(*c));
    c->multi = curl_multi_init();
    if (!c->multi) {
        qund_free(c);
        curl_global_cleanup();
        return qund_err_set(err, QUND_E_NOMEM, "libcurl", "no memory for its handles");
    }
    curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 64L);
    if (opts && opts->ca_file)
        c->ca_file = qund_strdup(opts->ca_file);
    *out = c;
    return 0;
}

struct qund_client *qund_client_close(struct qund_client *c)
{
    if (!c)
        return NULL;
    mail_pool_end(c);
    while (c->calls)
        client_call_free(c->calls);
    curl_multi_cleanup(c->multi);
    qund_free(c->ca_file);
    qund_free(c);
    curl_global_cleanup();
    return NULL;
}
