/* host_http.c - requests below /hook/<channel>: found their channel, answered once.
 *
 * A request belongs to its plugin until it is answered; one that is forgotten is answered 504 after
 * half a minute (after a second when the program stops), one that is left at the end 503. The
 * plugin does not hear of the 504 and may answer later still, so its handle is kept until then or
 * until the channel is closed; what the peer sent is let go at once. What a
 * plugin sends in headers is looked at: a line break in a value would be an answer of its own. */
#include "app/host.h"

#define ANSWER_WITHIN_MS 30000
#define HURRY_MS 1000
#define EXTRA_MAX 16u
#define HOOK "/hook/"

static void answer_plain(struct qund_req *r, int status, const char *text)
{
    static const struct qund_header retry = {QUND_STR("Retry-After"), QUND_STR("1")};

    qund_req_reply(r, &(struct qund_resp){.status = status,
                                          .type = "text/plain; charset=utf-8",
                                          .body = qund_str(text),
                                          .extra = &retry,
                                          .n_extra = status == 503});
}

static struct hooked *hook_new(struct qund_channel *c, struct qund_req *r, struct qund_str rest)
{
    struct hooked *k = qund_alloc(sizeof(*k));

    k->channel = c;
    k->req = r;
    k->deadline_ms = qund_mono_now().ms + ANSWER_WITHIN_MS;
    k->pub = (struct qund_request){.method = qund_str(qund_method_name(r->head.method)),
                                   .path = rest,
                                   .query = r->head.query,
                                   .headers = r->head.headers,
                                   .n_headers = r->head.n_headers,
                                   .body = r->body,
                                   .peer = qund_str(r->peer.addr),
                                   .entry = &c->info};
    link_put(&c->requests, &k->link);
    return k;
}

static void hook_free(struct hooked *k)
{
    link_take(&k->link);
    qund_free(k);
}

/* The channel a path names, with what is behind it; NULL: none of ours. */
static struct qund_channel *channel_of(struct qund_hosts *hs, struct qund_str path,
                                       struct qund_str *rest)
{
    struct qund_str name = path;
    const char *slash;

    if (!qund_str_starts(path, HOOK))
        return NULL;
    name = qund_str_n(path.p + strlen(HOOK), path.n - strlen(HOOK));
    slash = name.n > 0 ? memchr(name.p, '/', name.n) : NULL;
    if (slash)
        name.n = (size_t)(slash - name.p);
    *rest = qund_str_n(name.p + name.n, (size_t)(path.p + path.n - name.p) - name.n);
    return host_entry(hs, true, name);
}

bool qund_hosts_hook(void *arg, struct qund_req *r)
{
    struct qund *q = arg;
    struct qund_str rest;
    struct qund_channel *c = q->hosts ? channel_of(q->hosts, r->head.path, &rest) : NULL;

    if (!c || !c->host->plugin->channel_request)
        return false;
    if (!c->open) {
        answer_plain(r, 503, "the channel is not open\n");
        return true;
    }
    host_enter(c->host, c->name);
    c->host->plugin->channel_request(c->handle, &hook_new(c, r, rest)->pub);
    host_leave(q->hosts);
    return true;
}

bool qund_hosts_upgrade(void *arg, struct qund_req *r)
{
    struct qund *q = arg;
    struct qund_str rest;
    struct qund_channel *c = q->hosts ? channel_of(q->hosts, r->head.path, &rest) : NULL;
    struct hooked *k;

    if (!c || !c->host->plugin->channel_upgrade)
        return false;
    if (!c->open) {
        answer_plain(r, 503, "the channel is not open\n");
        return true;
    }
    k = q->hosts->upgrading = hook_new(c, r, rest);
    host_enter(c->host, c->name);
    c->host->plugin->channel_upgrade(c->handle, &k->pub);
    host_leave(q->hosts);
    if (q->hosts->upgrading) { /* neither accepted nor refused */
        q->hosts->upgrading = NULL;
        hook_free(k);
        answer_plain(r, 500, "the channel did not answer\n");
    }
    return true;
}

static bool sound(const struct qund_header *h)
{
    for (size_t i = 0; i < h->value.n; i++)
        if ((unsigned char)h->value.p[i] < 0x20 || h->value.p[i] == 0x7f)
            return false;
    for (size_t i = 0; i < h->name.n; i++)
        if (h->name.p[i] <= ' ' || h->name.p[i] > '~' || h->name.p[i] == ':')
            return false;
    return h->name.n > 0 && h->value.n > 0;
}

static void http_reply(struct qund_request *pub, int status, const char *type, struct qund_str body,
                       const struct qund_header *headers, size_t n_headers)
{
    struct hooked *k = QUND_CONTAINER(pub, struct hooked, pub);
    struct qund_hosts *hs = k->channel->host->all;
    struct qund_req *r = k->req;
    struct qund_header extra[EXTRA_MAX];
    size_t n = 0;

    for (size_t i = 0; i < n_headers && n < EXTRA_MAX; i++)
        if (sound(&headers[i]))
            extra[n++] = headers[i];
    if (hs->upgrading == k)
        hs->upgrading = NULL;
    hook_free(k);
    if (!r)
        return; /* too late: it was answered in its place */
    qund_req_reply(r, &(struct qund_resp){.status = status >= 200 && status <= 599 ? status : 500,
                                          .type = type,
                                          .body = body,
                                          .extra = extra,
                                          .n_extra = n});
}

static void answer_instead(struct hooked *k, int status, const char *text)
{
    struct qund_req *req = k->req;

    k->req = NULL;
    k->pub = (struct qund_request){.entry = &k->channel->info};
    if (req)
        answer_plain(req, status, text);
}

void host_requests_tick(struct qund_hosts *hs)
{
    int64_t now = qund_mono_now().ms;

    for (struct link *l = hs->entries; l; l = l->next)
        for (struct link *r = QUND_CONTAINER(l, struct qund_channel, link)->requests; r;
             r = r->next) {
            struct hooked *k = QUND_CONTAINER(r, struct hooked, link);

            if (now >= k->deadline_ms)
                answer_instead(k, 504, "the channel did not answer in time\n");
        }
}

void host_requests_hurry(struct qund_hosts *hs)
{
    int64_t by = qund_mono_now().ms + HURRY_MS;

    for (struct link *l = hs->entries; l; l = l->next)
        for (struct link *r = QUND_CONTAINER(l, struct qund_channel, link)->requests; r;
             r = r->next) {
            struct hooked *k = QUND_CONTAINER(r, struct hooked, link);

            k->deadline_ms = k->deadline_ms < by ? k->deadline_ms : by;
        }
}

void host_requests_end(struct qund_channel *c)
{
    while (c->requests) {
        struct hooked *k = QUND_CONTAINER(c->requests, struct hooked, link);

        answer_instead(k, 503, "the channel is closing\n");
        hook_free(k);
    }
}

void host_requests(struct qund_host *api)
{
    api->http_reply = http_reply;
}
