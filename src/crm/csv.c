/* src/crm/csv.c - RFC 4180, reading and writing.
 *
 * Files come from spreadsheets: with a BOM, with ';' where the comma is the decimal point, with
 * line breaks inside quotes, now and then broken. A row is handed out at a time with the number of
 * its first line, a broken one is an error of its own and reading goes on behind it; nothing is
 * ever larger than a row's bound.
 *
 * On the way out, a text that begins like a formula gets an apostrophe before it: a customer may
 * call themself =HYPERLINK(…), and somebody will open the file in a spreadsheet. The reader takes
 * exactly such an apostrophe off again, so an export imports as it was. */
#include "crm/import.h"
#include <stdio.h>

static char find_separator(struct qund_str text)
{
    static const char seps[] = {',', ';', '\t'};
    size_t count[sizeof(seps)] = {0}, best = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.n && (quoted || (text.p[i] != '\n' && text.p[i] != '\r')); i++) {
        if (text.p[i] == '"')
            quoted = !quoted;
        for (size_t k = 0; !quoted && k < sizeof(seps); k++)
            count[k] += text.p[i] == seps[k];
    }
    for (size_t k = 1; k < sizeof(seps); k++)
        if (count[k] > count[best])
            best = k;
    return seps[best];
}

void qund_csv_init(struct qund_csv *c, struct qund_str text)
{
    *c = (struct qund_csv){.next_line = 1};
    text = qund_str_no_bom(text);
    c->p = text.p;
    c->end = text.p + text.n;
    c->sep = find_separator(text);
}

void qund_csv_done(struct qund_csv *c)
{
    qund_buf_done(&c->text);
}

/* Takes a line end at p ("\n", "\r\n" or "\r"); false when there is none. */
static bool take_eol(struct qund_csv *c)
{
    if (c->p == c->end || (*c->p != '\n' && *c->p != '\r'))
        return false;
    if (*c->p == '\r' && c->p + 1 < c->end && c->p[1] == '\n')
        c->p++;
    c->p++;
    c->next_line++;
    return true;
}

static void skip_line(struct qund_csv *c)
{
    while (c->p < c->end && *c->p != '\n' && *c->p != '\r')
        c->p++;
    take_eol(c);
}

/* The part behind the opening quote, up to and with the closing one. NULL or what is wrong. */
static const char *quoted_field(struct qund_csv *c)
{
    const char *start = c->p++, *why = "a quoted field is not closed";
    int64_t line = c->next_line;

    while (c->p < c->end && c->text.n <= QUND_CSV_ROW_MAX) {
        if (*c->p == '"' && c->p + 1 < c->end && c->p[1] == '"') {
            qund_buf_char(&c->text, '"');
            c->p += 2;
        } else if (*c->p == '"') {
            c->p++;
            if (c->p == c->end || *c->p == c->sep || *c->p == '\n' || *c->p == '\r')
                return NULL;
            why = "text follows a closing quote";
            break;
        } else {
            c->next_line += *c->p == '\n';
            qund_buf_char(&c->text, *c->p++);
        }
    }
    if (c->text.n > QUND_CSV_ROW_MAX)
        why = "the row is longer than 1 MiB";
    c->p = start; /* reading goes on at the next line, wherever the quote was meant to end */
    c->next_line = line;
    return why;
}

static const char *plain_field(struct qund_csv *c)
{
    const char *start = c->p;

    while (c->p < c->end && *c->p != c->sep && *c->p != '\n' && *c->p != '\r') {
        if (*c->p == '"')
            return "a quote stands inside an unquoted field";
        c->p++;
    }
    if ((size_t)(c->p - start) + c->text.n > QUND_CSV_ROW_MAX)
        return "the row is longer than 1 MiB";
    qund_buf_add(&c->text, start, (size_t)(c->p - start));
    return NULL;
}

/* Fields are offsets while the buffer grows, pointers at the end. */
static const char *read_row(struct qund_csv *c)
{
    size_t end[QUND_CSV_FIELDS_MAX];

    qund_buf_clear(&c->text);
    for (c->n = 0;;) {
        const char *why;

        if (c->n == QUND_CSV_FIELDS_MAX)
            return "the row has more than 256 fields";
        why = c->p < c->end && *c->p == '"' ? quoted_field(c) : plain_field(c);
        if (why)
            return why;
        end[c->n++] = c->text.n;
        if (c->p == c->end || *c->p != c->sep)
            break;
        c->p++;
    }
    take_eol(c);
    qund_buf_reserve(&c->text, 1);
    for (size_t i = 0, from = 0; i < c->n; from = end[i++])
        c->field[i] = qund_str_n(c->text.p + from, end[i] - from);
    return NULL;
}

int qund_csv_next(struct qund_csv *c, struct qund_err *err)
{
    char where[32];
    const char *why;

    while (take_eol(c))
        continue;
    if (c->p == c->end)
        return 0;
    c->line = c->next_line;
    why = read_row(c);
    if (!why && qund_utf8_check(qund_buf_view(&c->text)) >= 0)
        why = "the text is not UTF-8; save the file as UTF-8";
    else if (!why && memchr(c->text.p, '\0', c->text.n))
        why = "there is a zero byte in the text; save the file anew as UTF-8";
    else if (why)
        skip_line(c);
    if (!why)
        return 1;
    snprintf(where, sizeof(where), "line %lld", (long long)c->line);
    return qund_err_set(err, QUND_E_INVAL, where, "%s", why);
}

/* --- writing --- */

static bool formula(struct qund_str s)
{
    return s.n && memchr("=+-@\t\r", s.p[0], 6) != NULL;
}

struct qund_str qund_csv_plain(struct qund_str s)
{
    if (s.n > 1 && s.p[0] == '\'' && formula(qund_str_n(s.p + 1, s.n - 1)))
        return qund_str_n(s.p + 1, s.n - 1);
    return s;
}

void qund_csv_put(struct qund_buf *out, struct qund_str s, bool first)
{
    bool quote = formula(s);

    for (size_t i = 0; i < s.n && !quote; i++)
        quote = strchr(",;\t\"\r\n", s.p[i]) != NULL;
    if (!first)
        qund_buf_char(out, ',');
    if (!quote) {
        qund_buf_str(out, s);
        return;
    }
    qund_buf_char(out, '"');
    if (formula(s))
        qund_buf_char(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            qund_buf_char(out, '"');
        qund_buf_char(out, s.p[i]);
    }
    qund_buf_char(out, '"');
}

void qund_csv_end(struct qund_buf *out)
{
    qund_buf_puts(out, "\r\n");
}
