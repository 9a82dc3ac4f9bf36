/* src/cli/columns.c - tables that stay straight when half of their text is Chinese.
 *
 * A terminal gives Han characters two columns and most others one, so bytes and characters are both
 * the wrong measure. The ranges are those of Unicode's East Asian Width (wide and full width), and
 * what combines with the character before it takes none. */
#include "cli/cli.h"
#include <stdarg.h>
#include <stdio.h>

struct range {
    uint32_t from, to;
};
static const struct range WIDE[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},
    {0x26A1, 0x26A1},   {0x2705, 0x2705},   {0x2728, 0x2728},   {0x274C, 0x274C},
    {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},
    {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD},
};
static const struct range NONE[] = {
    {0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF},
    {0x2060, 0x2064}, {0xFE00, 0xFE0F}, {0x1F3FB, 0x1F3FF},
};

static bool within(uint32_t cp, const struct range *v, size_t n)
{
    for (size_t i = 0; i < n && v[i].from <= cp; i++)
        if (cp <= v[i].to)
            return true;
    return false;
}

static size_t width_of(uint32_t cp)
{
    if (within(cp, NONE, QUND_ARRAY_LEN(NONE)))
        return 0;
    return within(cp, WIDE, QUND_ARRAY_LEN(WIDE)) ? 2 : 1;
}

size_t cli_width(struct qund_str s)
{
    size_t n = 0;

    for (size_t at = 0; at < s.n;)
        n += width_of(qund_utf8_next(s, &at));
    return n;
}

void cli_fit(struct qund_str s, size_t columns, struct qund_buf *out)
{
    size_t used = 0, at = 0;

    if (cli_width(s) <= columns) {
        qund_buf_str(out, s);
        return;
    }
    while (at < s.n) {
        size_t next = at, w = width_of(qund_utf8_next(s, &next));

        if (used + w + 1 > columns)
            break;
        used += w;
        at = next;
    }
    qund_buf_add(out, s.p, at);
    qund_buf_puts(out, "…");
}

void cli_table_row(struct cli_table *t)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->v = qund_realloc(t->v, t->cap * sizeof(*t->v));
    }
    memset(&t->v[t->n++], 0, sizeof(*t->v));
}

void cli_table_put(struct cli_table *t, size_t cell, const char *fmt, ...)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf cut = {0};
    va_list ap;

    qund_assert(t->n > 0 && cell < CLI_CELLS);
    va_start(ap, fmt);
    qund_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    qund_buf_line(&line, qund_buf_view(&b)); /* chat text is text: nothing moves the cursor */
    cli_fit(qund_buf_view(&line), t->max[cell] ? t->max[cell] : SIZE_MAX, &cut);
    qund_free(t->v[t->n - 1].cell[cell]);
    t->v[t->n - 1].cell[cell] = qund_buf_take(&cut);
    t->cells = t->cells > cell + 1 ? t->cells : cell + 1;
}

static void widths(const struct cli_table *t, size_t out[CLI_CELLS])
{
    memset(out, 0, CLI_CELLS * sizeof(*out));
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->cells; k++) {
            const char *cell = t->v[i].cell[k];
            size_t w = cell ? cli_width(qund_str(cell)) : 0;

            out[k] = w > out[k] ? w : out[k];
        }
}

void cli_table_print(struct cli_table *t)
{
    size_t w[CLI_CELLS];

    widths(t, w);
    for (size_t i = 0; i < t->n; i++) {
        size_t last = t->cells;

        while (last > 0 && !(t->v[i].cell[last - 1] && *t->v[i].cell[last - 1]))
            last--;
        for (size_t k = 0; k < last; k++) {
            const char *cell = t->v[i].cell[k] ? t->v[i].cell[k] : "";
            int pad = k + 1 < last ? (int)(w[k] - cli_width(qund_str(cell))) + 2 : 0;

            printf("%s%*s", cell, w[k] ? pad : 0, "");
        }
        putchar('\n');
        for (size_t k = 0; k < CLI_CELLS; k++)
            qund_free(t->v[i].cell[k]);
    }
    qund_free(t->v);
    *t = (struct cli_table){0};
}
