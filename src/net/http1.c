/* http1.c - the head of an HTTP/1 request, read strictly.
 *
 * Request smuggling lives on disagreement: a proxy and a server that read the same bytes as
 * different requests. So nothing is repaired here. One spelling is accepted, everything else is
 * refused and the connection closed: lines end in CR LF only; no NUL or control byte anywhere; no
 * folded lines, no blank before a colon; one Host; at most one Content-Length of 1-8 digits; or
 * one Transfer-Encoding that is `chunked` to the letter, of POST, PUT and PATCH alone (another
 * method gets 411; together with a length it is an attack and gets 400); origin-form targets only.
 *
 * The refusals are a table of what was seen in the wild more than of the grammar; RFC 9112 allows
 * each of them. */
#include "net/http1.h"

static const char *const METHODS[] = {"GET",   "HEAD",   "POST",    "PUT",
                                      "PATCH", "DELETE", "OPTIONS", "?"};

const char *qund_method_name(enum qund_method m)
{
    return (size_t)m < QUND_ARRAY_LEN(METHODS) ? METHODS[m] : "?";
}

static int fail(struct qund_http1_fault *f, int status, const char *why)
{
    f->status = status;
    f->why = why;
    return QUND_E_PROTO;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool qund_str_eq_nocase(struct qund_str a, struct qund_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

struct qund_str qund_http1_header(const struct qund_http1 *h, const char *name)
{
    struct qund_str want = qund_str(name);

    for (size_t i = 0; i < h->n_headers; i++)
        if (qund_str_eq_nocase(h->headers[i].name, want))
            return h->headers[i].value;
    return QUND_STR_NONE;
}

bool qund_http1_has_token(struct qund_str list, const char *token)
{
    while (list.p) {
        struct qund_str part = qund_str_trim(qund_str_split(&list, ','));

        if (qund_str_eq_nocase(part, qund_str(token)))
            return true;
    }
    return false;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int qund_http1_unescape(struct qund_str s, bool plus, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '%') {
            if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
                return QUND_E_INVAL;
            c = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return QUND_E_INVAL;
        out[n++] = c;
    }
    return qund_utf8_check(qund_str_n(out, n)) < 0 ? (int)n : QUND_E_INVAL;
}

/* token of RFC 9110: what a method and a header name are made of. */
static bool is_tchar(unsigned char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr(others, c));
}

static bool is_token(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_tchar((unsigned char)s.p[i]))
            return false;
    return s.n > 0;
}

/* Looks for the empty line; every line on the way must end in CR LF and hold no NUL, so that a head
 * with bare LF is refused at once and not after the time limit. */
static int find_end(struct qund_str in, size_t max_bytes, size_t *scanned,
                    struct qund_http1_fault *f)
{
    size_t at = *scanned;

    while (at < in.n) {
        const char *lf = memchr(in.p + at, '\n', in.n - at);
        size_t line_n = (lf ? (size_t)(lf - in.p) : in.n) - at;

        if (memchr(in.p + at, '\0', line_n))
            return fail(f, 400, "NUL in the head");
        if (!lf)
            break;
        if (line_n == 0 || lf[-1] != '\r')
            return fail(f, 400, "a line that does not end in CR LF");
        at += line_n + 1;
        if (line_n == 1) {
            *scanned = at;
            return at > max_bytes ? fail(f, 431, "head too large") : (int)at;
        }
        *scanned = at;
    }
    return in.n >= max_bytes ? fail(f, 431, "head too large") : 0;
}

/* Takes one line without its CR LF; the caller knows that there is one. */
static struct qund_str take_line(struct qund_str *rest)
{
    const char *lf = memchr(rest->p, '\n', rest->n);
    struct qund_str line = {rest->p, (size_t)(lf - rest->p) - 1};

    *rest = qund_str_n(lf + 1, rest->n - line.n - 2);
    return line;
}

static int read_target(struct qund_str t, struct qund_http1 *out, struct qund_http1_fault *f)
{
    ptrdiff_t q;

    if (t.n > QUND_HTTP_TARGET_MAX)
        return fail(f, 414, "request target too long");
    if (t.n == 0 || t.p[0] != '/')
        return fail(f, 400, "the request target must begin with '/'");
    for (size_t i = 0; i < t.n; i++)
        if ((unsigned char)t.p[i] <= 0x20 || (unsigned char)t.p[i] >= 0x7f || t.p[i] == '#')
            return fail(f, 400, "a byte in the request target that must be escaped");
    out->target = t;
    q = qund_str_find(t, 0, QUND_STR("?"));
    out->path = q < 0 ? t : qund_str_n(t.p, (size_t)q);
    out->query = q < 0 ? QUND_STR_NONE : qund_str_n(t.p + q + 1, t.n - (size_t)q - 1);
    return QUND_OK;
}

static int read_request_line(struct qund_str line, struct qund_http1 *out,
                             struct qund_http1_fault *f)
{
    struct qund_str method = qund_str_split(&line, ' ');
    struct qund_str target = line.p ? qund_str_split(&line, ' ') : QUND_STR_NONE;
    size_t m = 0;

    if (!is_token(method) || !line.p)
        return fail(f, 400, "broken request line");
    if (qund_str_is(line, "HTTP/1.1"))
        out->minor = 1;
    else if (qund_str_is(line, "HTTP/1.0"))
        out->minor = 0;
    else
        return fail(f, qund_str_starts(line, "HTTP/") && line.n == 8 ? 505 : 400,
                    "only HTTP/1.1 and HTTP/1.0 are spoken");
    while (m < QUND_METHOD_OTHER && !qund_str_is(method, METHODS[m]))
        m++;
    out->method = (enum qund_method)m;
    return read_target(target, out, f);
}

static int read_header(struct qund_str line, struct qund_header *h, struct qund_http1_fault *f)
{
    ptrdiff_t colon = qund_str_find(line, 0, QUND_STR(":"));

    if (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
        return fail(f, 400, "folded header line");
    if (colon < 0 || !is_token(qund_str_n(line.p, (size_t)colon)))
        return fail(f, 400, "broken header name");
    h->name = qund_str_n(line.p, (size_t)colon);
    for (size_t i = (size_t)colon + 1; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return fail(f, 400, "control byte in a header");
    }
    h->value = qund_str_trim(qund_str_n(line.p + colon + 1, line.n - (size_t)colon - 1));
    return QUND_OK;
}

/* What the framing headers were seen to say so far. */
struct framing {
    unsigned hosts, lengths, encodings;
    bool chunked, close, keep_alive;
};

static int read_length(struct qund_str v, int64_t *out, struct qund_http1_fault *f)
{
    int64_t n = 0;

    if (v.n == 0 || v.n > 18) /* what no 64-bit number holds was never meant as a length */
        return fail(f, 400, "Content-Length must be 1 to 8 digits");
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return fail(f, 400, "Content-Length must be digits");
        n = n * 10 + (v.p[i] - '0');
    }
    if (v.n > QUND_HTTP_LENGTH_DIGITS)
        return fail(f, 413, "Content-Length must be 1 to 8 digits");
    *out = n;
    return QUND_OK;
}

static bool host_is_sound(struct qund_str v)
{
    static const char allowed[] = "-._~:[]%!$&'()*+,;=";

    for (size_t i = 0; i < v.n; i++) {
        char c = lower(v.p[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr(allowed, c))))
            return false;
    }
    return v.n <= 255;
}

static int note_header(const struct qund_header *h, struct qund_http1 *out, struct framing *fr,
                       struct qund_http1_fault *f)
{
    if (qund_str_eq_nocase(h->name, QUND_STR("content-length"))) {
        if (fr->lengths++ > 0)
            return fail(f, 400, "Content-Length twice");
        return read_length(h->value, &out->content_length, f);
    }
    if (qund_str_eq_nocase(h->name, QUND_STR("transfer-encoding"))) {
        fr->encodings++;
        fr->chunked = qund_str_eq_nocase(h->value, QUND_STR("chunked"));
    } else if (qund_str_eq_nocase(h->name, QUND_STR("host"))) {
        if (fr->hosts++ > 0 || !host_is_sound(h->value))
            return fail(f, 400, "Host must be there once and be sound");
    } else if (qund_str_eq_nocase(h->name, QUND_STR("connection"))) {
        fr->close = fr->close || qund_http1_has_token(h->value, "close");
        fr->keep_alive = fr->keep_alive || qund_http1_has_token(h->value, "keep-alive");
        out->connection_upgrade =
            out->connection_upgrade || qund_http1_has_token(h->value, "upgrade");
    } else if (qund_str_eq_nocase(h->name, QUND_STR("upgrade"))) {
        if (out->upgrade.p || !qund_str_eq_nocase(h->value, QUND_STR("websocket")))
            return fail(f, 400, "the only upgrade is to websocket");
        out->upgrade = h->value;
    } else if (qund_str_eq_nocase(h->name, QUND_STR("expect"))) {
        if (!qund_str_eq_nocase(h->value, QUND_STR("100-continue")))
            return fail(f, 417, "the only expectation is 100-continue");
        out->expect_continue = out->minor == 1;
    }
    return QUND_OK;
}

static int check_encoding(const struct framing *fr, struct qund_http1 *out,
                          struct qund_http1_fault *f)
{
    if (fr->lengths > 0 || fr->encodings > 1 || out->minor == 0)
        return fail(f, 400, "Transfer-Encoding beside another framing");
    if (!fr->chunked)
        return fail(f, 501, "the only Transfer-Encoding that is taken is chunked");
    if (out->method != QUND_POST && out->method != QUND_PUT && out->method != QUND_PATCH)
        return fail(f, 411, "only POST, PUT and PATCH bring a chunked body; send a Content-Length");
    out->chunked = true;
    return QUND_OK;
}

static int check_framing(const struct framing *fr, struct qund_http1 *out,
                         struct qund_http1_fault *f)
{
    if (fr->encodings > 0 && check_encoding(fr, out, f) < 0)
        return QUND_E_PROTO;
    if (out->minor == 1 && fr->hosts == 0)
        return fail(f, 400, "Host is missing");
    if (out->upgrade.p && (out->method != QUND_GET || out->content_length > 0 || out->minor == 0))
        return fail(f, 400, "an upgrade is a GET of HTTP/1.1 without a body");
    out->keep_alive = !fr->close && (out->minor == 1 || fr->keep_alive);
    return QUND_OK;
}

int qund_http1_parse(struct qund_str in, size_t max_bytes, size_t *scanned, struct qund_http1 *out,
                     struct qund_http1_fault *fault)
{
    int head_n = find_end(in, max_bytes, scanned, fault);
    struct framing fr = {0};
    struct qund_str rest;
    int rc;

    if (head_n <= 0)
        return head_n;
    out->n_headers = 0;
    out->content_length = 0;
    out->upgrade = QUND_STR_NONE;
    out->expect_continue = out->connection_upgrade = out->chunked = false;
    rest = qund_str_n(in.p, (size_t)head_n - 2);
    if (rest.n == 0)
        return fail(fault, 400, "empty request line");
    rc = read_request_line(take_line(&rest), out, fault);
    while (rc == 0 && rest.n > 0) {
        if (out->n_headers == QUND_HTTP_HEADERS_MAX)
            return fail(fault, 431, "too many headers");
        rc = read_header(take_line(&rest), &out->headers[out->n_headers], fault);
        if (rc == 0)
            rc = note_header(&out->headers[out->n_headers++], out, &fr, fault);
    }
    if (rc == 0)
        rc = check_framing(&fr, out, fault);
    return rc == 0 ? head_n : rc;
}
