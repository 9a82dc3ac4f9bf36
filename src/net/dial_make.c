/* dial_make.c - what is asked of a dial, checked before a look-up is made: an address that is one,
 * and nothing in the handshake that could end a line or speak for us. */
#include "net/dial_parts.h"
#include <curl/curl.h>

static char *take_part(CURLU *u, CURLUPart part, unsigned flags)
{
    char *raw = NULL, *mine = NULL;

    if (curl_url_get(u, part, &raw, flags) == CURLUE_OK)
        mine = qund_strdup(raw);
    curl_free(raw);
    return mine;
}

static int read_url(struct qund_dial *d, const char *url, struct qund_err *err)
{
    CURLU *u = curl_url();
    QUND_AUTO(qund_free_str) char *scheme = NULL, *port = NULL, *path = NULL, *query = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf whole = {0}, authority = {0};
    int64_t n = 0;
    bool ok = u && curl_url_set(u, CURLUPART_URL, url,
                                CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER) == CURLUE_OK;

    if (ok) {
        scheme = take_part(u, CURLUPART_SCHEME, 0);
        d->host = take_part(u, CURLUPART_HOST, 0);
        port = take_part(u, CURLUPART_PORT, 0);
        path = take_part(u, CURLUPART_PATH, 0);
        query = take_part(u, CURLUPART_QUERY, 0);
    }
    curl_url_cleanup(u);
    if (!ok || !scheme || !d->host || !path)
        return qund_err_set(err, QUND_E_INVAL, "url", "is no address of a WebSocket without user");
    d->tls = strcmp(scheme, "wss") == 0;
    if (!d->tls && !(d->allow_private && strcmp(scheme, "ws") == 0))
        return qund_err_set(err, QUND_E_INVAL, "url",
                            "wss:// is wanted; ws:// only with allow_private");
    if (port && (qund_str_int(qund_str(port), &n) < 0 || n < 1 || n > 65535))
        return qund_err_set(err, QUND_E_INVAL, "url", "its port is none");
    d->port = port ? (int)n : d->tls ? 443 : 80;
    qund_buf_printf(&whole, "%s%s%s", path, query ? "?" : "", query ? query : "");
    qund_buf_printf(&authority, port ? "%s:%s" : "%s", d->host, port);
    d->path = qund_buf_take(&whole);
    d->authority = qund_buf_take(&authority);
    return QUND_OK;
}

static bool plain(struct qund_str s, const char *besides)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f || strchr(besides, s.p[i]))
            return false;
    return s.n > 0;
}

/* What the handshake says by itself. */
static bool reserved(struct qund_str name)
{
    static const char *const OURS[] = {"host", "connection", "upgrade"};
    char low[24];

    if (name.n >= sizeof(low))
        return false;
    for (size_t i = 0; i < name.n; i++)
        low[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 0x20 : name.p[i]);
    return qund_str_index(qund_str_n(low, name.n), OURS, QUND_ARRAY_LEN(OURS)) >= 0 ||
           qund_str_starts(qund_str_n(low, name.n), "sec-websocket-");
}

static int read_headers(struct qund_dial *d, const struct qund_dial_cfg *cfg, struct qund_err *err)
{
    d->headers = qund_alloc((2 * cfg->n_headers + 1) * sizeof(*d->headers));
    for (size_t i = 0; i < cfg->n_headers; i++) {
        const struct qund_header *h = &cfg->headers[i];
        QUND_AUTO(qund_buf_done) struct qund_buf name = {0};

        if (!plain(h->name, " :;") || !plain(h->value, "") || reserved(h->name))
            return qund_err_set(err, QUND_E_INVAL, "headers",
                                "a header is a name and a value without control bytes, and none "
                                "of the handshake's own");
        qund_buf_printf(&name, "%.*s:", QUND_STR_ARG(h->name));
        d->headers[2 * i] = qund_buf_take(&name);
        d->headers[2 * i + 1] = qund_str_dup(h->value);
        d->n_headers++;
    }
    if (cfg->protocol.p && !plain(cfg->protocol, "\"(){}[]<>@:;\\/?="))
        return qund_err_set(err, QUND_E_INVAL, "protocol", "is no list of tokens");
    d->protocol = cfg->protocol.p ? qund_str_dup(cfg->protocol) : NULL;
    return QUND_OK;
}

int qund_dial_read(struct qund_dial *d, const struct qund_dial_cfg *cfg, struct qund_err *err)
{
    int rc = read_url(d, cfg->url, err);

    return rc < 0 ? rc : read_headers(d, cfg, err);
}
