/* client_mail.c - one mail by SMTP.
 *
 * SMTP tells more than HTTP does about what a lost connection means: a server answers for a mail
 * once it has said 250 to the lone dot behind it, and must forget one whose dot never came. So
 * everything that is lost before the end of the message was handed over is NOT_SENT, however much
 * of it had left; what is lost behind it is NO_ANSWER. And a code counts only as the answer to the
 * last command: `status` is cleared by each one that goes out, because an EHLO that an old server
 * refused says nothing about the mail.
 *
 * A connection carries one mail. Before it closes one libcurl says QUIT and waits for the answer.
 * By then the mail is decided, and a server that keeps silent there would keep a thread and the
 * news of the mail for nothing. So the reading side of the socket is shut when the last answer has
 * come, when the time is over and when the mail is called off, and the wait finds its end at once.
 * (QUIT itself is a sign, too, but later versions say it by a handle of their own, whose words are
 * not shown to us.)
 *
 * The callbacks run on a thread of the pool (mail_pool.c), which alone has the call meanwhile;
 * making a mail and telling its end are the polling thread's.
 *
 * Login is PLAIN or LOGIN, which rely on TLS; the others are code paths that nobody needs behind
 * it. */
#include "net/client_parts.h"
#include <stdio.h>
#include <sys/socket.h>

#define ADDRESS_MAX 254u
#define NAME_MAX_BYTES 253u
#define LOGIN_MAX 512u
#define MESSAGE_MAX (8u << 20)

/* 8.2 spells it right and keeps the old name. */
#define ALLOW_FAILS CURLOPT_MAIL_RCPT_ALLLOWFAILS

void client_mail_free(struct mail *m)
{
    if (!m)
        return;
    curl_slist_free_all(m->to);
    qund_free(m->message);
    qund_free(m->server);
    qund_free(m);
}

/* --- what may stand in a command --- */

static bool all_of(const char *s, size_t max, const char *besides)
{
    size_t n = strlen(s);

    if (n == 0 || n > max)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
              (s[i] >= '0' && s[i] <= '9') || strchr(besides, s[i])))
            return false;
    return true;
}

static bool good_address(const char *s)
{
    const char *at = strrchr(s, '@');

    return at && at != s && at[1] && strlen(s) <= ADDRESS_MAX &&
           all_of(s, ADDRESS_MAX, "@.!#$%&'*+-/=?^_`{|}~");
}

static bool good_login(const char *s)
{
    return !s || (strlen(s) <= LOGIN_MAX && qund_client_plain(s, ""));
}

int qund_client_check_mail(const struct qund_client_mail *m, struct qund_err *err)
{
    const struct {
        const char *where, *why;
        bool wrong;
    } rules[] = {
        {"host", "a server's name or address is wanted", !all_of(m->host, NAME_MAX_BYTES, ".-:[]")},
        {"helo", "a host's name is wanted", !all_of(m->helo, NAME_MAX_BYTES, ".-")},
        {"from", "an address like name@host is wanted, in ASCII", !good_address(m->from)},
        {"to", "1 to 50 recipients are wanted", m->n_to == 0 || m->n_to > QUND_MAIL_TO_MAX},
        {"user", "a login has no control bytes and at most 512 bytes", !good_login(m->user)},
        {"password", "a login has no control bytes and at most 512 bytes",
         !good_login(m->password)},
        {"tls", "mail in the clear needs allow_private",
         m->tls == QUND_CLIENT_PLAIN && !m->allow_private},
        {"message", "at most 8 MiB are sent", m->message.n == 0 || m->message.n > MESSAGE_MAX},
    };

    for (size_t i = 0; i < QUND_ARRAY_LEN(rules); i++)
        if (rules[i].wrong)
            return qund_err_set(err, QUND_E_INVAL, rules[i].where, "%s", rules[i].why);
    for (size_t i = 0; i < m->n_to; i++)
        if (!good_address(m->to[i]))
            return qund_err_set(err, QUND_E_INVAL, "to",
                                "'%.100s' is no address like name@host in ASCII", m->to[i]);
    return 0;
}

/* --- what libcurl asks and tells on the way --- */

static size_t give(char *to, size_t size, size_t n, void *arg)
{
    struct qund_client_call *call = arg;
    struct mail *m = call->mail;
    size_t left = m->n - m->at, bytes = size * n < left ? size * n : left;

    memcpy(to, m->message + m->at, bytes);
    m->at += bytes;
    if (bytes == 0) { /* the dot follows */
        if (!mail_pool_lets_dot_go(call))
            return CURL_READFUNC_ABORT;
        call->sent = true;
        call->status = 0;
    }
    return bytes;
}

static void stop_reading(const struct qund_client_call *call)
{
    for (unsigned i = 0; i < call->sockets && i < CLIENT_SOCKETS; i++) {
        uint64_t cookie = 0;
        socklen_t n = sizeof(cookie);

        /* The number may be another socket's by now. */
        if (getsockopt(call->made[i].fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 &&
            cookie == call->made[i].cookie)
            shutdown(call->made[i].fd, SHUT_RD);
    }
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct qund_client_call *call = arg;
    bool off = mail_pool_called_off(call);

    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    if (off || qund_mono_now().ms >= call->mail->end_by_ms)
        stop_reading(call); /* no wait for goodbyes after this */
    return off;
}

static void keep_words(char out[200], struct qund_str line)
{
    size_t n = line.n < 199 ? line.n : 199;

    for (size_t i = 0; i < n; i++)
        out[i] = line.p[i] >= 0x20 && line.p[i] < 0x7f ? line.p[i] : '?';
    out[n] = '\0';
}

/* A line of an answer: "250-SIZE 1000", and "250 OK" as its last. */
static size_t on_line(char *p, size_t size, size_t n, void *arg)
{
    struct qund_client_call *call = arg;
    struct mail *m = call->mail;
    struct qund_str line = qund_str_trim(qund_str_n(p, size * n));
    int64_t code;

    call->header_bytes += size * n;
    if (call->header_bytes > CLIENT_HEADERS_MAX)
        return 0;
    if (m->over || line.n < 3 || qund_str_int(qund_str_n(line.p, 3), &code) < 0 ||
        (line.n > 3 && line.p[3] == '-'))
        return size * n;
    call->status = (int)code;
    keep_words(m->words, line);
    if (m->rcpt && code >= 400 && m->refused++ == 0)
        keep_words(m->refused_words, line);
    if (call->sent)
        stop_reading(call);
    return size * n;
}

static int on_wire(CURL *h, curl_infotype type, char *p, size_t n, void *arg)
{
    struct qund_client_call *call = arg;
    struct qund_str line = qund_str_n(p, n);

    (void)h;
    if (type != CURLINFO_HEADER_OUT)
        return 0;
    if (qund_str_starts(line, "QUIT")) {
        call->mail->over = true;
        stop_reading(call);
        return 0;
    }
    call->status = 0;
    call->mail->rcpt = qund_str_starts(line, "RCPT");
    return 0;
}

/* --- making a call --- */

static int add_recipients(struct mail *m, const struct qund_client_mail *mail)
{
    for (size_t i = 0; i < mail->n_to; i++) {
        struct curl_slist *more = curl_slist_append(m->to, mail->to[i]);

        if (!more)
            return QUND_E_NOMEM;
        m->to = more;
    }
    return 0;
}

static unsigned port_of(const struct qund_client_mail *mail)
{
    static const uint16_t PORTS[] = {
        [QUND_CLIENT_STARTTLS] = 587, [QUND_CLIENT_TLS] = 465, [QUND_CLIENT_PLAIN] = 25};

    return mail->port ? mail->port : PORTS[mail->tls];
}

void qund_client_mail_server(const struct qund_client_mail *mail, struct qund_buf *out)
{
    size_t n = strlen(mail->host);

    qund_buf_clear(out);
    if (n > 1 && mail->host[n - 1] == '.')
        n--;
    for (size_t i = 0; i < n; i++) {
        char c = mail->host[i];

        qund_buf_char(out, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
    }
    if (qund_str_is(qund_buf_view(out), "localhost")) {
        qund_buf_clear(out);
        qund_buf_puts(out, "127.0.0.1");
    }
    qund_buf_printf(out, ":%u", port_of(mail));
}

static CURLcode set_strings(CURL *h, const struct qund_client_mail *mail)
{
    QUND_AUTO(qund_buf_done) struct qund_buf url = {0};
    bool tls = mail->tls == QUND_CLIENT_TLS;
    CURLcode e = CURLE_OK;

    qund_buf_printf(&url, "%s://%s:%u/%s", tls ? "smtps" : "smtp", mail->host, port_of(mail),
                    mail->helo);
    const struct {
        CURLoption option;
        const char *value;
    } strings[] = {
        {CURLOPT_URL, url.p},
        {CURLOPT_PROTOCOLS_STR, tls ? "smtps" : "smtp"},
        {CURLOPT_MAIL_FROM, mail->from},
        {CURLOPT_USERNAME, mail->user},
        {CURLOPT_PASSWORD, mail->password},
        {CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN"},
    };

    for (size_t i = 0; e == CURLE_OK && i < QUND_ARRAY_LEN(strings); i++)
        if (strings[i].value)
            e = curl_easy_setopt(h, strings[i].option, strings[i].value);
    return e;
}

static int set_up(struct qund_client_call *call, const struct qund_client_mail *mail)
{
    bool starttls = mail->tls == QUND_CLIENT_STARTTLS;
    int rc = client_call_handle(call, mail->timeout_ms);
    CURL *h = call->easy;

    if (rc < 0 || set_strings(h, mail) != CURLE_OK)
        return QUND_E_NOMEM;
    /* None of these can fail: they store a pointer or a number. */
    curl_easy_setopt(h, CURLOPT_USE_SSL, (long)(starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    curl_easy_setopt(h, CURLOPT_MAIL_RCPT, call->mail->to);
    curl_easy_setopt(h, ALLOW_FAILS, 1L);
    curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
    /* Servers that greet late to be rid of spam are well: they have as long as the mail has. */
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)mail->timeout_ms);
    curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(h, CURLOPT_READDATA, call);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(h, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(h, CURLOPT_DEBUGFUNCTION, on_wire);
    curl_easy_setopt(h, CURLOPT_DEBUGDATA, call);
    curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(h, CURLOPT_XFERINFODATA, call);
    return 0;
}

int qund_client_start_mail(struct qund_client *c, const struct qund_client_mail *mail,
                           struct qund_client_call **out, struct qund_err *err)
{
    struct qund_client_call *call;
    struct qund_buf server = {0}; /* the mail's */
    int rc = qund_client_check_mail(mail, err);

    if (rc < 0)
        return rc;
    call = client_call_new(c);
    call->mail = qund_alloc(sizeof(*call->mail));
    call->mail->message = qund_str_dup(mail->message);
    call->mail->n = mail->message.n;
    qund_client_mail_server(mail, &server);
    call->mail->server = server.p;
    call->allow_private = mail->allow_private;
    call->done = mail->done;
    call->arg = mail->arg;
    rc = add_recipients(call->mail, mail);
    if (rc == 0)
        rc = set_up(call, mail);
    if (rc < 0)
        qund_ignore(qund_err_set(err, rc, "client", "no memory for a mail"));
    else
        rc = mail_pool_take(call, mail->timeout_ms, err);
    if (rc < 0) {
        client_call_free(call);
        return rc;
    }
    *out = call;
    return 0;
}

/* --- its end --- */

static enum qund_client_end end_of(const struct qund_client_call *call, CURLcode e)
{
    if (e == CURLE_OK || call->status >= 400)
        return QUND_CLIENT_ANSWERED;
    if (e == CURLE_LOGIN_DENIED || e == CURLE_USE_SSL_FAILED)
        return QUND_CLIENT_UNFIT;
    if (call->sent)
        return QUND_CLIENT_NO_ANSWER;
    return call->refused && call->sockets == 0 ? QUND_CLIENT_REFUSED : QUND_CLIENT_NOT_SENT;
}

void client_mail_finish(struct qund_client_call *call, CURLcode e)
{
    struct mail *m = call->mail;
    struct qund_client_answer a = {
        .end = end_of(call, e), .status = call->status, .whole = true, .retry_after_ms = -1};

    if (a.end == QUND_CLIENT_ANSWERED) {
        a.refused = e == CURLE_OK ? m->refused : 0;
        a.why = a.refused > 0 ? m->refused_words : m->words;
    } else if (a.end == QUND_CLIENT_REFUSED) {
        a.why = call->refused;
    } else {
        a.why = call->why[0] ? call->why : curl_easy_strerror(e);
    }
    call->done(call->arg, &a);
    client_call_free(call);
}

void client_mail_not_begun(struct qund_client_call *call, const char *why)
{
    call->done(call->arg,
               &(struct qund_client_answer){
                   .end = QUND_CLIENT_NOT_BEGUN, .whole = true, .retry_after_ms = -1, .why = why});
    client_call_free(call);
}

size_t qund_client_mails(const struct qund_client *c)
{
    return c->n_mails;
}
