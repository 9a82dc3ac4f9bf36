/* src/cli/sop.c - templates, as the folders of the configuration hold them: listed, shown as a
 * table, checked. Which versions of one have been in use is asked of the store. */
#include "app/sopset.h"
#include "cli/sop_view.h"
#include "sop/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ERRORS_MAX 200
#define CONTENT_COLUMNS 72

static struct qund_sop_templates *load(struct cli *c)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config(c);
    struct qund_sop_templates *set = NULL;

    if (!cfg)
        return NULL;
    qund_errs_init(&errs, ERRORS_MAX);
    if (qund_sopset_load(cfg, &set, &errs, NULL) < 0)
        cli_fail_all(&errs);
    return set;
}

/* --- list --- */

static void list_json(const struct qund_sop_template *t)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_jw w = qund_jw(&out);

    qund_jw_obj(&w);
    qund_jw_kstr(&w, "id", t->id);
    qund_jw_kstr(&w, "title", t->title);
    qund_jw_kz(&w, "scope", qund_sop_scope_name(t->scope));
    qund_jw_kz(&w, "trigger", qund_sop_trigger_name(t->trigger));
    qund_jw_kstr(&w, "group_type", t->group_type);
    qund_jw_kint(&w, "steps", (int64_t)t->n_steps);
    qund_jw_kz(&w, "digest", t->digest);
    qund_jw_kstr(&w, "source", t->source);
    qund_jw_end_obj(&w);
    cli_print_json(qund_buf_view(&out));
}

static int list(struct cli *c)
{
    QUND_AUTO(qund_sop_templates_free) struct qund_sop_templates *set = load(c);
    struct cli_table t = {0};

    if (!set)
        return EXIT_WRONG;
    for (size_t i = 0; i < set->n; i++) {
        const struct qund_sop_template *s = set->v[i];

        if (c->json) {
            list_json(s);
            continue;
        }
        cli_table_row(&t);
        cli_table_put(&t, 0, "%.*s", QUND_STR_ARG(s->id));
        cli_table_put(&t, 1, "%.*s", QUND_STR_ARG(s->title));
        cli_table_put(&t, 2, "%s", cli_zh(qund_sop_scope_name(s->scope)));
        cli_table_put(&t, 3, "%s", cli_zh(qund_sop_trigger_name(s->trigger)));
        cli_table_put(&t, 4, "%zu 步", s->n_steps);
    }
    cli_table_print(&t);
    return EXIT_FINE;
}

/* --- show --- */

static void put_expect(struct cli_table *t, const struct qund_sop_step *s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0}, value = {0};

    if (!s->expect.given)
        return;
    qund_buf_printf(&b, "%s%s", cli_zh(qund_sop_metric_name(s->expect.metric)),
                    s->expect.op == QUND_SOP_LTE ? "≤" : "≥");
    qund_sop_value_print(&s->expect.value, &value);
    cli_put_value(value.p, &b);
    qund_buf_puts(&b, " / ");
    qund_sop_duration_print(s->expect.window_ms, &b);
    cli_table_put(t, 4, "%.*s", QUND_STR_ARG(qund_buf_view(&b)));
}

/* The first line of the words, or (no bound on the column: --full) all of them. */
static void put_say(struct cli_table *t, const struct qund_sop_say *say)
{
    struct qund_str rest = say->content;
    struct qund_str words = t->max[5] > 0 ? qund_str_split(&rest, '\n') : rest;

    cli_table_put(t, 2, "%s", cli_zh(qund_sop_role_name(say->role)));
    cli_table_put(t, 3, "%s", cli_zh(qund_sop_channel_name(say->channel)));
    cli_table_put(t, 5, "%.*s", QUND_STR_ARG(words));
}

static void put_step(struct cli_table *t, const struct qund_sop_step *s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf at = {0}, again = {0};

    cli_table_row(t);
    qund_sop_offset_print(&s->at, &at);
    cli_table_put(t, 0, "%.*s", QUND_STR_ARG(qund_buf_view(&at)));
    cli_table_put(t, 1, "%.*s", QUND_STR_ARG(s->id));
    put_say(t, &s->say);
    put_expect(t, s);
    if (!s->has_plan_b)
        return;
    cli_table_row(t);
    if (s->plan_b_timed)
        qund_sop_offset_print(&s->plan_b_at, &again);
    cli_table_put(t, 0, "%s", again.n > 0 ? again.p : "没达成时");
    cli_table_put(t, 1, "%.*s·B", QUND_STR_ARG(s->id));
    put_say(t, &s->plan_b);
}

static void show_params(const struct qund_sop_template *s)
{
    struct cli_table t = {0};

    for (size_t i = 0; i < s->n_params; i++) {
        const struct qund_sop_param *p = &s->params[i];

        cli_table_row(&t);
        cli_table_put(&t, 0, "  %.*s", QUND_STR_ARG(p->name));
        cli_table_put(&t, 1, "%.*s", QUND_STR_ARG(p->type));
        cli_table_put(&t, 2, "%.*s%s%.*s", QUND_STR_ARG(p->label), p->preset.p ? "，默认 " : "",
                      QUND_STR_ARG(p->preset.p ? p->preset : QUND_STR("")));
    }
    if (t.n > 0)
        printf("参数：\n");
    cli_table_print(&t);
}

static int no_such(const struct qund_sop_templates *set, const char *id)
{
    const char **names = qund_alloc((set->n + 1) * sizeof(*names));
    struct qund_err err = {0};
    const char *near;
    int code;

    for (size_t i = 0; i < set->n; i++)
        names[i] = set->v[i]->id.p; /* of canonical JSON: NUL-terminated in the arena */
    near = qund_str_nearest(qund_str(id), names, set->n);
    qund_err_set(&err, QUND_E_NOTFOUND, "template", "there is no template '%s'%s%s", id,
                 near ? "; nearest known: " : "", near ? near : "");
    code = cli_fail(&err);
    qund_free(names);
    return code;
}

static int show(struct cli *c, const char *id)
{
    QUND_AUTO(qund_sop_templates_free) struct qund_sop_templates *set = load(c);
    const struct qund_sop_template *s = set ? qund_sop_templates_find(set, qund_str(id)) : NULL;
    struct cli_table t = {.max = {[5] = cli_opt(c, "--full") ? 0 : CONTENT_COLUMNS}};

    if (!set)
        return EXIT_WRONG;
    if (!s)
        return no_such(set, id);
    if (c->json) {
        cli_print_json(s->text);
        return EXIT_FINE;
    }
    printf("%.*s（%.*s）· %s · %s\n%.*s\n\n", QUND_STR_ARG(s->title), QUND_STR_ARG(s->id),
           cli_zh(qund_sop_scope_name(s->scope)), cli_zh(qund_sop_trigger_name(s->trigger)),
           QUND_STR_ARG(s->goal));
    for (size_t i = 0; i < s->n_steps; i++)
        put_step(&t, &s->steps[i]);
    cli_table_print(&t);
    putchar('\n');
    show_params(s);
    return EXIT_FINE;
}

/* --- versions --- */

static int versions(struct cli *c, const char *id)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = cli_db(c);
    struct qund_err err = {0};
    int64_t n = 0;
    int rc = 0;

    if (!db)
        return EXIT_WRONG;
    for (;; n++) { /* they are numbered from 1 without gaps */
        QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
        json_t *o;

        rc = qund_sop_template_show(db, qund_str(id), n + 1, &json);
        if (rc < 0)
            break;
        if (c->json) {
            cli_print_json(qund_buf_view(&json));
            continue;
        }
        o = cli_json(qund_buf_view(&json));
        printf("%4lld  %s  %.12s  %s\n", (long long)cli_field_int(o, "version"), cli_field(o, "at"),
               cli_field(o, "digest"), cli_field(o, "title"));
        json_decref(o);
    }
    if (rc != QUND_E_NOTFOUND)
        qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
    else if (n == 0)
        qund_err_set(&err, rc, "template", "no version of '%s' has been loaded here", id);
    else
        return EXIT_FINE;
    return cli_fail(&err);
}

/* --- check --- */

static void check_one(const char *path, struct qund_errs *errs, struct qund_errs *warnings)
{
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;
    QUND_AUTO(qund_sop_templates_free) struct qund_sop_templates *set = NULL;
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        qund_ignore(qund_sop_templates_load(&path, 1, &set, errs, warnings)); /* errs says it */
    else
        qund_ignore(qund_sop_template_load(path, &t, errs, warnings));
}

static int check(struct cli *c)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs warnings = {0};

    if (c->n_args < 2)
        return cli_usage(c, "wants a file or a folder");
    qund_errs_init(&errs, ERRORS_MAX);
    qund_errs_init(&warnings, ERRORS_MAX);
    for (size_t i = 1; i < c->n_args; i++)
        check_one(c->args[i], &errs, &warnings);
    return cli_report(c, &errs, &warnings, "no errors");
}

int cli_sop(struct cli *c)
{
    static const char *const WORDS[] = {"list", "show", "versions", "check"};
    const char *near;

    switch (qund_str_index(qund_str(c->args[0]), WORDS, QUND_ARRAY_LEN(WORDS))) {
    case 0:
        return c->n_args == 1 ? list(c) : cli_usage(c, "list wants nothing more");
    case 1:
        return c->n_args == 2 ? show(c, c->args[1]) : cli_usage(c, "show wants a template's id");
    case 2:
        return c->n_args == 2 ? versions(c, c->args[1])
                              : cli_usage(c, "versions wants a template's id");
    case 3:
        return check(c);
    default:
        near = qund_str_nearest(qund_str(c->args[0]), WORDS, QUND_ARRAY_LEN(WORDS));
        return near ? cli_usage(c, "did you mean %s?", near)
                    : cli_usage(c, "list, show, versions or check");
    }
}
