/* src/net/ask.c - libcurl's easy interface on a unix socket. A socket's address holds 107 bytes, a
 * data folder's path may be longer: the folder is opened and the socket reached through
 * /proc/self/fd. */
#include "net/ask.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct qund_ask {
    CURL *curl;
    int dir_fd;
    char path[96];
    char *shown; /* as the person knows it */
};

int qund_ask_open(const char *sock, struct qund_ask **out, struct qund_err *err)
{
    QUND_AUTO(qund_ask_close) struct qund_ask *a = qund_alloc(sizeof(*a));
    QUND_AUTO(qund_free_str) char *dir = qund_strdup(sock);
    char *slash = strrchr(dir, '/');

    a->shown = qund_strdup(sock);
    a->dir_fd = -1;
    if (!slash)
        return qund_err_set(err, QUND_E_INVAL, sock, "not a path");
    *slash = '\0';
    a->dir_fd = open(*dir ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (a->dir_fd < 0)
        return qund_err_set(err, QUND_E_NOTFOUND, dir, "no data folder here: %s", strerror(errno));
    snprintf(a->path, sizeof(a->path), "/proc/self/fd/%d/%.48s", a->dir_fd, slash + 1);
    a->curl = curl_easy_init();
    if (!a->curl)
        return qund_err_set(err, QUND_E_NOMEM, "curl", "out of memory");
    *out = QUND_TAKE(a);
    return 0;
}

struct qund_ask *qund_ask_close(struct qund_ask *a)
{
    if (!a)
        return NULL;
    if (a->curl)
        curl_easy_cleanup(a->curl);
    if (a->dir_fd >= 0)
        close(a->dir_fd);
    qund_free(a->shown);
    qund_free(a);
    return NULL;
}

struct sink {
    const struct qund_question *q;
    struct qund_buf *answer;
};

static size_t on_bytes(char *p, size_t size, size_t n, void *arg)
{
    struct sink *s = arg;

    if (s->q->piece)
        return s->q->piece(qund_str_n(p, size * n), s->q->arg) == 0 ? size * n : 0;
    qund_buf_add(s->answer, p, size * n);
    return size * n;
}

int qund_ask(struct qund_ask *a, const struct qund_question *q, int *status,
             struct qund_buf *answer, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf url = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf type = {0};
    struct sink sink = {q, answer};
    struct curl_slist *headers;
    long code = 0;
    CURLcode cc;

    qund_buf_printf(&url, "http://qund%s", q->path);
    qund_buf_printf(&type, "Content-Type: %s", q->type ? q->type : "application/json");
    headers = curl_slist_append(NULL, type.p);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_reset(a->curl);
    curl_easy_setopt(a->curl, CURLOPT_UNIX_SOCKET_PATH, a->path);
    curl_easy_setopt(a->curl, CURLOPT_URL, url.p);
    curl_easy_setopt(a->curl, CURLOPT_CUSTOMREQUEST, q->method);
    curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(a->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(a->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(a->curl, CURLOPT_TIMEOUT_MS, q->timeout_ms ? (long)q->timeout_ms : 60000L);
    curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, &sink);
    if (q->body.p || strcmp(q->method, "POST") == 0) {
        curl_easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
        curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, q->body.p ? q->body.p : "");
    }
    cc = curl_easy_perform(a->curl);
    curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &code);
    curl_slist_free_all(headers);
    *status = (int)code;
    if (cc == CURLE_OK)
        return 0;
    if (cc == CURLE_COULDNT_CONNECT)
        return qund_err_set(err, QUND_E_AGAIN, a->shown,
                            "no daemon answers there; start it with `qund serve`");
    return qund_err_set(err, QUND_E_IO, a->shown, "%s", curl_easy_strerror(cc));
}

void qund_ask_escape(struct qund_buf *out, struct qund_str s)
{
    static const char HEX[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            strchr("-._~", c)) {
            qund_buf_char(out, (char)c);
        } else {
            qund_buf_char(out, '%');
            qund_buf_char(out, HEX[c >> 4]);
            qund_buf_char(out, HEX[c & 15]);
        }
    }
}
