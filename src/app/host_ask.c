/* host_ask.c - HTTP that plugins ask for: made by deliver's thread, told on the loop. */
#include "app/host.h"

#define HEADERS_MAX 32u
#define TIMEOUT_MS 10000
#define TIMEOUT_MAX_MS 120000
#define KEEP (64u << 10)
#define KEEP_MAX (8u << 20)

static void forget(struct ask *a)
{
    if (!a->host)
        return;
    link_take(&a->link);
    a->host->n_asks--;
    a->host = NULL;
}

static void tell(struct ask *a)
{
    static const enum qund_http_end ENDS[] = {
        [QUND_CLIENT_ANSWERED] = QUND_HTTP_ANSWERED,   [QUND_CLIENT_NOT_SENT] = QUND_HTTP_NOT_SENT,
        [QUND_CLIENT_NO_ANSWER] = QUND_HTTP_NO_ANSWER, [QUND_CLIENT_REFUSED] = QUND_HTTP_REFUSED,
        [QUND_CLIENT_UNFIT] = QUND_HTTP_NOT_SENT, /* of mails alone, as the next */
        [QUND_CLIENT_NOT_BEGUN] = QUND_HTTP_NOT_SENT,
    };
    const struct qund_client_answer *got = &a->errand->answer;

    a->done.http(a->arg,
                 &(struct qund_told_http){.end = ENDS[got->end],
                                          .status = got->status,
                                          .whole = got->whole && got->body.n < a->errand->keep,
                                          .retry_after_ms = got->retry_after_ms,
                                          .headers = got->headers,
                                          .n_headers = got->n_headers,
                                          .body = got->body,
                                          .why = qund_str(got->why)});
}

/* The loop: what came of it. */
static void come_home(struct qund_hosts *hs, struct home *home)
{
    struct ask *a = QUND_CONTAINER(home, struct ask, home);
    struct host *h = a->host;

    forget(a);
    if (h) {
        host_enter(h, a->errand->mail ? "smtp" : "http");
        a->tell(a);
        host_leave(hs);
    }
    qund_errand_free(a->errand);
    qund_free(a);
}

/* Deliver's thread. */
static void errand_done(struct qund_errand *e, void *arg)
{
    struct ask *a = arg;
    struct qund_hosts *hs = e->owner;

    host_home(hs, &a->home);
}

int64_t host_ask_timeout(int64_t ms)
{
    if (ms <= 0)
        return TIMEOUT_MS;
    return ms < TIMEOUT_MAX_MS ? ms : TIMEOUT_MAX_MS;
}

void host_ask_begin(struct host *h, struct ask *a, struct qund_errand *e, uint64_t *id)
{
    a->home.open = come_home;
    a->host = h;
    a->id = ++h->all->last_ask;
    a->errand = e;
    e->done = errand_done;
    e->arg = a;
    e->owner = h->all;
    link_put(&h->asks, &a->link);
    h->n_asks++;
    if (id)
        *id = a->id;
    qund_deliver_errand(h->all->q->deliver, e);
}

static void copy_headers(struct qund_errand *e, const struct qund_ask_http *ask)
{
    e->headers = qund_alloc((ask->n_headers + 1) * sizeof(*e->headers));
    for (size_t i = 0; i < ask->n_headers; i++)
        e->headers[e->n_headers++] = (struct qund_client_header){
            qund_str_dup(ask->headers[i].name), qund_str_dup(ask->headers[i].value)};
}

static struct qund_errand *errand_of(const struct qund_ask_http *ask)
{
    struct qund_errand *e = qund_alloc(sizeof(*e));
    size_t keep = ask->answer_max > 0 ? ask->answer_max : KEEP;

    e->method = qund_str_dup(ask->method);
    e->url = qund_str_dup(ask->url);
    e->body = qund_str_dup(ask->body);
    e->body_n = ask->body.n;
    copy_headers(e, ask);
    e->timeout_ms = host_ask_timeout(ask->timeout_ms);
    e->keep = (keep < KEEP_MAX ? keep : KEEP_MAX) + 1; /* one more shows that there was more */
    e->allow_private = ask->allow_private;
    return e;
}

static int http(const struct qund_host *api, const struct qund_ask_http *ask,
                void (*done)(void *arg, const struct qund_told_http *told), void *arg, uint64_t *id,
                struct qund_fault *why)
{
    struct host *h = host_of(api);
    QUND_AUTO(qund_free_str) char *url = qund_str_dup(ask->url);
    struct qund_err err = {0};
    struct ask *a;

    if (h->n_asks >= HOST_ASKS_MAX)
        return host_fault(why, QUND_E_FULL, "http", "%u requests are under way", HOST_ASKS_MAX);
    if (ask->n_headers > HEADERS_MAX || !ask->method.p || !ask->url.p)
        return host_fault(why, QUND_E_INVAL, "http",
                          "method, url and at most %u headers are wanted", HEADERS_MAX);
    if (qund_client_check_url(url, ask->allow_private, &err) < 0)
        return host_fault(why, QUND_E_INVAL, err.where, "%s", err.text);
    a = qund_alloc(sizeof(*a));
    a->tell = tell;
    a->done.http = done;
    a->arg = arg;
    host_ask_begin(h, a, errand_of(ask), id);
    return QUND_OK;
}

static void http_cancel(const struct qund_host *api, uint64_t id)
{
    for (struct link *l = host_of(api)->asks; l; l = l->next) {
        struct ask *a = QUND_CONTAINER(l, struct ask, link);

        if (a->id == id) {
            forget(a);
            return;
        }
    }
}

void host_asks_end(struct host *h)
{
    while (h->asks)
        forget(QUND_CONTAINER(h->asks, struct ask, link));
}

void host_asks(struct qund_host *api)
{
    api->http = http;
    api->http_cancel = http_cancel;
}
