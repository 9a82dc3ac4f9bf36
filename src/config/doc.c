/* doc.c - docs/config.md from the tables, so that it cannot lag behind them (a test compares). */
#include "config/option.h"

static const char INTRO[] =
    "# Configuration\n\n"
    "Generated from the tables in `src/config/table.c`; a test keeps it true. `qund check FILE` "
    "prints every error of a file with its place, `config/qund.yaml` is a sample with all keys. Of "
    "an org file or a folder of rules or templates that cannot be opened, the line that names it "
    "is told.\n\n"
    "Durations carry their unit (`250ms 10s 5m 1h30m 7d`), sizes too (`64KiB 16MiB 1GiB`). Paths "
    "are relative to the file's folder. A secret or an address is written as text, as "
    "`{file: PATH}` or as `{env: NAME}`, and is never printed. Unknown keys are refused. *Reload*: "
    "the key may change while the daemon runs (SIGHUP); a change of any other needs a restart, and "
    "the reload says so.\n";

static void row(const struct option *o, struct qund_buf *out)
{
    qund_buf_printf(out, "| `%s` | %s | ", o->name, qund_option_type_name(o->type));
    if (o->def)
        qund_buf_printf(out, "`%s`", o->def);
    else
        qund_buf_puts(out, o->flags & OPT_REQUIRED ? "required" : "unset");
    qund_buf_puts(out, " | ");
    if (o->min < o->max) {
        struct option bound = *o;

        bound.offset = 0;
        qund_option_text(&bound, &o->min, out);
        qund_buf_puts(out, " … ");
        qund_option_text(&bound, &o->max, out);
    }
    for (size_t i = 0; o->words && o->words[i]; i++)
        qund_buf_printf(out, "%s`%s`", i ? " " : "", o->words[i]);
    qund_buf_printf(out, " | %s | %s |\n", o->flags & OPT_RELOAD ? "yes" : "", o->help);
}

static void table(const struct option *v, size_t n, struct qund_buf *out)
{
    qund_buf_puts(out,
                  "| key | type | default | allowed | reload | |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++)
        row(&v[i], out);
}

void qund_config_doc(struct qund_buf *out)
{
    qund_buf_puts(out, INTRO);
    for (size_t i = 0; i < qund_config_n_sections; i++) {
        const struct section *s = &qund_config_sections[i];

        qund_buf_printf(out, "\n## `%s`\n\n%s\n\n", s->name, s->help);
        table(s->v, s->n, out);
    }
    for (size_t i = 0; i < qund_config_n_maps; i++) {
        const struct option_map *m = &qund_config_maps[i];

        qund_buf_printf(out, "\n## `%s`: a map from names to\n\n%s%s\n\n", m->name, m->help,
                        m->flags & OPT_RELOAD ? " Entries may come and go with a reload." : "");
        table(m->v, m->n, out);
    }
}
