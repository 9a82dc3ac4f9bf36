/* mime.c - a message of two faces, text and HTML, that every mail program reads.
 *
 * Both bodies are base64: lines of 76, no dots to stuff, no line that is too long, nothing that a
 * relay could change. What goes into headers is printable ASCII or made so by encoded words, each
 * at most 75 long and cut between characters (RFC 2047); a line break in a value becomes a blank,
 * so nobody adds a header by what he wrote. The message's id is the same for every try: a mailbox
 * that knows ids shows one. */
#include "mail.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

#define LINE 76
#define NAME_QUOTED_MAX 400 /* a name without blanks is one line, and a line is under 998 */
#define WORD_BYTES \
    42 /* of UTF-8 in one encoded word: =?UTF-8?B? and ?= leave room for 56 of base64 */

int mail_fault(struct qund_fault *why, int rc, const char *where, const char *text)
{
    if (why) {
        snprintf(why->where, sizeof(why->where), "%s", where);
        snprintf(why->text, sizeof(why->text), "%s", text);
    }
    return rc;
}

static bool plain(const char *z, size_t column)
{
    size_t n = strlen(z);

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)z[i] < 0x20 || (unsigned char)z[i] > 0x7e)
            return false;
    return n + column <= LINE && !strstr(z, "=?");
}

static void one_line(const char *z, struct text *out)
{
    for (const char *p = z; *p; p++)
        text_add(out, (unsigned char)*p < 0x20 || *p == 0x7f ? " " : p, 1);
}

static void encoded(const struct text *clean, size_t column, struct text *out)
{
    bool more = false;

    for (size_t at = 0; at < clean->n;) {
        /* The first line holds the header's name as well. */
        size_t room = column + 76 > 90 && !more ? WORD_BYTES / 2 : WORD_BYTES;
        size_t n = text_cut(clean->p + at, clean->n - at, room);

        text_puts(out, more ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
        text_base64(out, (const unsigned char *)clean->p + at, n);
        text_puts(out, "?=");
        at += n;
        more = true;
    }
}

void mime_words(const char *z, size_t column, struct text *out)
{
    TEXT_AUTO clean = {0};

    one_line(z, &clean);
    if (clean.n == 0 || plain(clean.p, column))
        text_add(out, clean.p, clean.n);
    else
        encoded(&clean, column, out);
    out->bad |= clean.bad;
}

static void header(struct text *out, const char *name, const char *value)
{
    text_puts(out, name);
    text_puts(out, ": ");
    mime_words(value, strlen(name) + 2, out);
    text_puts(out, "\r\n");
}

static void date(struct text *out, int64_t wall_ms)
{
    static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)(wall_ms / 1000);
    struct tm tm = {0};

    gmtime_r(&t, &tm);
    text_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", DAYS[tm.tm_wday], tm.tm_mday,
                MONTHS[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static bool ascii(const struct text *t)
{
    for (size_t i = 0; i < t->n; i++)
        if ((unsigned char)t->p[i] > 0x7e)
            return false;
    return t->n < NAME_QUOTED_MAX && !(t->p && strstr(t->p, "=?"));
}

/* Folded before a blank, which stays one. Not encoded words: some readers put a blank between them.
 */
static void quoted(const struct text *clean, size_t column, struct text *out)
{
    text_puts(out, "\"");
    for (size_t i = 0; i < clean->n; i++, column++) {
        if (clean->p[i] == ' ' && column + strcspn(clean->p + i + 1, " ") > LINE - 4) {
            text_puts(out, "\r\n");
            column = 0;
        }
        if (strchr("\"\\", clean->p[i])) {
            text_puts(out, "\\");
            column++;
        }
        text_add(out, clean->p + i, 1);
    }
    text_puts(out, "\"");
}

/* A name before an address is quoted or encoded, never bare: there a comma begins another mailbox,
 * and a dot or an @ is no part of a name. */
static void mime_name(const char *z, size_t column, struct text *out)
{
    TEXT_AUTO clean = {0};

    one_line(z, &clean);
    if (ascii(&clean))
        quoted(&clean, column, out);
    else
        encoded(&clean, column, out);
    out->bad |= clean.bad;
}

/* Name and address; the address was checked by whoever took it into its options. */
static void from(struct text *out, const struct letter *l)
{
    text_puts(out, "From: ");
    if (l->from_name && *l->from_name) {
        mime_name(l->from_name, 6, out);
        text_puts(out, "\r\n ");
    }
    text_puts(out, "<");
    text_puts(out, l->from);
    text_puts(out, ">\r\n");
}

static void to(struct text *out, const struct letter *l)
{
    for (size_t i = 0; i < l->n_to; i++) {
        text_puts(out, i == 0 ? "To: <" : ",\r\n <");
        text_puts(out, l->to[i]);
        text_puts(out, ">");
    }
    text_puts(out, "\r\n");
}

/* Lines end with CRLF within, too: text is a canonical form. */
static void part(struct text *out, const char *type, struct qund_str body)
{
    TEXT_AUTO lines = {0}, base64 = {0};

    for (size_t i = 0; i < body.n; i++) {
        bool line = body.p[i] == '\n' || body.p[i] == '\r';

        if (body.p[i] == '\r' && i + 1 < body.n && body.p[i + 1] == '\n')
            continue;
        text_add(&lines, line ? "\r\n" : body.p + i, line ? 2 : 1);
    }
    text_base64(&base64, (const unsigned char *)(lines.p ? lines.p : ""), lines.n);
    text_puts(out, "Content-Type: ");
    text_puts(out, type);
    text_puts(out, "; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (size_t at = 0; at < base64.n; at += LINE) {
        text_add(out, base64.p + at, base64.n - at < LINE ? base64.n - at : LINE);
        text_puts(out, "\r\n");
    }
    out->bad |= lines.bad || base64.bad;
}

void mime_letter(const struct letter *l, struct text *out)
{
    TEXT_AUTO boundary = {0};

    /* No line of base64 begins with dashes: any boundary will do. */
    text_printf(&boundary, "qund-%lld-%lld", (long long)l->id, (long long)l->created_ms);
    date(out, l->wall_ms);
    from(out, l);
    to(out, l);
    header(out, "Subject", l->subject);
    text_printf(out, "Message-ID: <qund.%lld.%lld@%.253s>\r\n", (long long)l->id,
                (long long)l->created_ms, l->domain);
    text_puts(out,
              "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: "
              "All\r\nContent-Type: multipart/alternative; boundary=\"");
    text_add(out, boundary.p, boundary.n);
    text_puts(out, "\"\r\n\r\n--");
    text_add(out, boundary.p, boundary.n);
    text_puts(out, "\r\n");
    part(out, "text/plain", l->text);
    text_puts(out, "--");
    text_add(out, boundary.p, boundary.n);
    text_puts(out, "\r\n");
    part(out, "text/html", l->html);
    text_puts(out, "--");
    text_add(out, boundary.p, boundary.n);
    text_puts(out, "--\r\n");
    out->bad |= boundary.bad;
}
