/* src/cli/plan.c - plans: made and looked at from the command line, beside a daemon or not.
 *
 * Without a daemon the same command is applied in this process; the templates of the folders come
 * into the store first, because nobody else has brought them. */
#include "sop/plan.h"
#include "app/sopset.h"
#include "cli/sop_view.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX 500
#define ERRORS_MAX 50

static int send_here(struct cli *c, const char *name, struct qund_str body, struct qund_buf *reply)
{
    QUND_AUTO(qund_local_close) struct qund_local *l = cli_local(c, CLI_MUST_EXIST);
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_err err = {0};
    int64_t now;
    json_t *found;
    int rc;

    if (!l)
        return EXIT_WRONG;
    qund_errs_init(&errs, ERRORS_MAX);
    rc = qund_local_time(l->db, &now, &err);
    if (rc == 0)
        rc = qund_local_sop(l, now, &errs, &err);
    if (rc < 0)
        return errs.n > 0 ? cli_fail_all(&errs) : cli_fail(&err);
    if (qund_local_command(l, name, body, now, reply, &err) == 0)
        return EXIT_FINE;
    found = cli_json(qund_buf_view(reply));
    if (!cli_print_problems(found))
        cli_fail(&err);
    json_decref(found);
    return EXIT_WRONG;
}

/* id 0: the command is about no plan. With a daemon the path says which, else the body. */
static int send(struct cli *c, const char *method, const char *path, const char *name, int64_t id,
                struct qund_str fields, struct qund_buf *reply)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    bool daemon = cli_daemon(c);

    qund_buf_char(&body, '{');
    if (id > 0 && !daemon)
        qund_buf_printf(&body, "\"id\":%lld%s", (long long)id, fields.n > 0 ? "," : "");
    qund_buf_str(&body, fields);
    qund_buf_char(&body, '}');
    return daemon ? cli_ask(c, method, path, qund_buf_view(&body), reply)
                  : send_here(c, name, qund_buf_view(&body), reply);
}

/* --- what is asked for --- */

struct fields {
    struct qund_buf b; /* members of an object, without its braces */
    struct qund_jw w;
};

static void begin(struct fields *f)
{
    *f = (struct fields){0};
    f->w = qund_jw(&f->b);
    qund_jw_obj(&f->w); /* its brace is left out when it is sent */
}

static struct qund_str end(struct fields *f)
{
    struct qund_str all;

    qund_jw_end_obj(&f->w);
    all = qund_buf_view(&f->b);
    return qund_str_n(all.p + 1, all.n - 2);
}

static void put_text(struct fields *f, struct cli *c, const char *option, const char *key)
{
    if (cli_opt(c, option))
        qund_jw_kz(&f->w, key, cli_opt(c, option));
}

static void put_list(struct fields *f, struct cli *c, const char *option, const char *key,
                     bool numbers)
{
    struct qund_str rest = qund_str(cli_opt(c, option) ? cli_opt(c, option) : "");

    if (!cli_opt(c, option))
        return;
    qund_jw_key(&f->w, key);
    qund_jw_arr(&f->w);
    while (rest.p) {
        struct qund_str one = qund_str_trim(qund_str_split(&rest, ','));
        int64_t n;

        if (one.n == 0)
            continue;
        if (numbers && qund_str_int(one, &n) == 0)
            qund_jw_int(&f->w, n);
        else
            qund_jw_str(&f->w, one);
    }
    qund_jw_end_arr(&f->w);
}

/* "80", "-2", "3.5", "4e3": all of the word, and no `nan`. */
static bool is_number(const char *word, double *n)
{
    char *end;

    *n = strtod(word, &end);
    return *end == '\0' && end > word && strchr("0123456789+-.", *word) && isfinite(*n);
}

/* Looked at before (figures_are_numbers). */
static void put_number(struct fields *f, const char *word)
{
    double n;

    if (is_number(word, &n))
        qund_jw_num(&f->w, n);
    else
        qund_jw_null(&f->w);
}

/* -1: go on. What is no number must not become the stock 0 that a template stops at. */
static int figures_are_numbers(struct cli *c)
{
    double n;

    for (size_t i = 0; i < c->n_pairs; i++)
        if (strcmp(c->pairs[i].opt, "--figure") == 0 &&
            !is_number(strchr(c->pairs[i].value, '=') + 1, &n))
            return cli_usage(c, "--figure wants a number behind '=', not '%s'", c->pairs[i].value);
    return -1;
}

static void put_pairs(struct fields *f, struct cli *c, const char *option, const char *key,
                      bool numbers)
{
    bool any = false;

    for (size_t i = 0; i < c->n_pairs; i++) {
        struct qund_str value = qund_str(c->pairs[i].value);
        QUND_AUTO(qund_free_str) char *name = qund_str_dup(qund_str_split(&value, '='));

        if (strcmp(c->pairs[i].opt, option) != 0)
            continue;
        if (!any) {
            qund_jw_key(&f->w, key);
            qund_jw_obj(&f->w);
        }
        any = true;
        qund_jw_key(&f->w, name);
        if (numbers)
            put_number(f, value.p);
        else
            qund_jw_str(&f->w, value);
    }
    if (any)
        qund_jw_end_obj(&f->w);
}

/* Options of create, preview, edit and clone. */
static void put_plan(struct fields *f, struct cli *c)
{
    if (cli_opt(c, "--group") || cli_opt(c, "--type") || cli_opt(c, "--tag")) {
        qund_jw_key(&f->w, "groups");
        qund_jw_obj(&f->w);
        put_list(f, c, "--group", "ids", true);
        put_list(f, c, "--type", "types", false);
        put_list(f, c, "--tag", "tags", false);
        qund_jw_end_obj(&f->w);
    }
    put_list(f, c, "--contact", "contacts", true);
    put_text(f, c, "--start", "start");
    put_text(f, c, "--event", "event");
    put_text(f, c, "--until", "until");
    put_text(f, c, "--name", "name");
    put_text(f, c, "--version", "version");
    put_pairs(f, c, "--param", "params", false);
    put_pairs(f, c, "--figure", "figures", true);
    put_text(f, c, "--deliver", "deliver");
    if (cli_opt(c, "--force"))
        qund_jw_kbool(&f->w, "force", true);
}

/* --- what is shown --- */

static void print_line(struct cli_table *t, const json_t *o, const struct qund_zone *zone)
{
    QUND_AUTO(qund_buf_done) struct qund_buf start = {0}, event = {0};
    const json_t *groups = json_object_get(o, "groups");
    const json_t *tasks = json_object_get(o, "tasks");

    cli_put_time(zone, o, "start", true, &start);
    cli_put_time(zone, o, "event", true, &event);
    cli_table_row(t);
    cli_table_put(t, 0, "%lld", (long long)cli_field_int(o, "id"));
    cli_table_put(t, 1, "%s", cli_zh(cli_field(o, "state")));
    cli_table_put(t, 2, "%s", cli_field(o, "name"));
    cli_table_put(t, 3, "%s v%lld", cli_field(o, "template"),
                  (long long)cli_field_int(o, "version"));
    cli_table_put(t, 4, "%s%s", cli_field(json_array_get(groups, 0), "name"),
                  json_array_size(groups) > 1 ? " …" : "");
    cli_table_put(t, 5, "%s%s%s", start.n ? start.p : "", event.n ? " → " : "",
                  event.n ? event.p : "");
    cli_table_put(t, 6, "%lld/%lld", (long long)cli_field_int(tasks, "done"),
                  (long long)cli_plan_count(tasks));
}

static int print_all(struct cli *c, struct qund_str objects)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = c->json ? NULL : cli_zone(c);
    json_t *list = cli_json_list(objects), *o;
    struct cli_table t = {0};
    size_t i;

    json_array_foreach(list, i, o)
    {
        char *line = c->json ? json_dumps(o, JSON_COMPACT) : NULL;

        if (line)
            cli_print_json(qund_str(line));
        else
            print_line(&t, o, zone);
        free(line);
    }
    cli_table_print(&t);
    if (json_array_size(list) == 0 && !c->json)
        printf("no such plan\n");
    json_decref(list);
    return EXIT_FINE;
}

static int print_preview(struct cli *c, struct qund_str reply)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    struct cli_task_look look = {0};
    struct cli_table t = {0};
    json_t *o, *task;
    size_t i;

    if (c->json) {
        cli_print_json(reply);
        return EXIT_FINE;
    }
    o = cli_json(reply);
    look.zone = zone = cli_zone(c);
    look.groups = true;
    cli_print_notes(stdout, "problem: ", json_object_get(o, "problems"), zone);
    cli_print_notes(stdout, "missing: ", json_object_get(o, "missing"), zone);
    cli_print_notes(stdout, "clash: ", json_object_get(o, "clashes"), zone);
    cli_print_notes(stdout, "warning: ", json_object_get(o, "warnings"), zone);
    cli_task_head(&t);
    json_array_foreach(json_object_get(o, "tasks"), i, task) cli_task_row(&t, task, &look);
    cli_table_print(&t);
    json_decref(o);
    return EXIT_FINE;
}

static int show_id(struct cli *c, int64_t id)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = cli_db(c);
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    struct qund_task_filter f = {.plan = id, .limit = LIST_MAX};
    struct cli_task_look look = {.numbers = true};
    struct cli_table t = {0};
    struct qund_err err = {0};
    int64_t due, last;
    json_t *plan;
    int rc = db ? qund_sop_plan_print(db, id, &json) : 0;

    if (!db)
        return EXIT_WRONG;
    if (rc == QUND_E_NOTFOUND)
        qund_err_set(&err, rc, "plan", "no plan with id %lld", (long long)id);
    else if (rc < 0)
        qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
    if (rc < 0)
        return cli_fail(&err);
    print_all(c, qund_buf_view(&json));
    if (c->json)
        return EXIT_FINE;
    f.zone = look.zone = zone = cli_zone(c);
    plan = cli_json(qund_buf_view(&json));
    cli_plan_print(plan, zone);
    look.groups = json_array_size(json_object_get(plan, "groups")) > 1;
    json_decref(plan);
    putchar('\n');
    cli_task_head(&t);
    do {
        QUND_AUTO(qund_buf_done) struct qund_buf page = {0};
        json_t *list, *o;
        size_t i;

        rc = qund_sop_task_list(db, &f, &page, &due, &last);
        f.after_due = due;
        f.after_id = last;
        list = rc < 0 ? NULL : cli_json_list(qund_buf_view(&page));
        json_array_foreach(list, i, o) cli_task_row(&t, o, &look);
        json_decref(list);
    } while (rc >= 0 && f.after_id > 0);
    cli_table_print(&t);
    return rc < 0 ? EXIT_WRONG : EXIT_FINE;
}

static int list(struct cli *c)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    const char *state = cli_opt(c, "--state"), *group = cli_opt(c, "--group");
    struct qund_plan_filter f = {.state = -1, .limit = LIST_MAX};
    struct qund_err err = {0};
    int64_t next;
    int rc;

    if (state && (f.state = qund_plan_state_parse(qund_str(state))) < 0)
        return cli_usage(c, "--state is running, paused, finished or cancelled");
    if (group && qund_str_int(qund_str(group), &f.group) < 0)
        return cli_usage(c, "--group wants a group's number");
    db = cli_db(c);
    if (!db)
        return EXIT_WRONG;
    rc = qund_sop_plan_list(db, &f, &json, &next);
    if (rc < 0) {
        qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
        return cli_fail(&err);
    }
    return print_all(c, qund_buf_view(&json));
}

/* --- create, preview --- */

static int make(struct cli *c, bool preview)
{
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    struct fields f;
    json_t *o;
    int code;

    if (c->n_args != 2)
        return cli_usage(c, "wants a template's id (see qund sop list)");
    begin(&f);
    qund_jw_kz(&f.w, "template", c->args[1]);
    put_plan(&f, c);
    code = send(c, "POST", preview ? "/api/v1/plans/preview" : "/api/v1/plans",
                preview ? "plan.preview" : "plan.create", 0, end(&f), &reply);
    qund_buf_done(&f.b);
    if (code != EXIT_FINE)
        return code;
    o = cli_json(qund_buf_view(&reply));
    if (cli_daemon(c) && !cli_opt(c, "--version"))
        cli_plan_files(c, o);
    if (preview) {
        code = print_preview(c, qund_buf_view(&reply));
    } else if (c->json) {
        cli_print_json(qund_buf_view(&reply));
    } else {
        zone = cli_zone(c);
        cli_print_doubts(o, zone);
        code = show_id(c, cli_field_int(o, "id"));
    }
    json_decref(o);
    return code;
}

/* --- about one --- */

static bool edits(const struct cli *c)
{
    static const char *const WHAT[] = {"--name", "--start", "--event",   "--until",   "--group",
                                       "--type", "--tag",   "--contact", "--version", "--deliver"};

    for (size_t i = 0; i < QUND_ARRAY_LEN(WHAT); i++)
        if (cli_opt(c, WHAT[i]))
            return true;
    return c->n_pairs > 0;
}

enum extra { NOTHING, REASON, OPTIONS, FLAG, FIGURE };
static const struct about {
    const char *word, *command, *method, *path;
    enum extra extra;
    size_t args;
} ABOUT[] = {
    {"pause", "plan.pause", "POST", "/pause", REASON, 2},
    {"resume", "plan.resume", "POST", "/resume", REASON, 2},
    {"cancel", "plan.cancel", "POST", "/cancel", REASON, 2},
    {"edit", "plan.edit", "PATCH", "", OPTIONS, 2},
    {"clone", "plan.clone", "POST", "/clone", OPTIONS, 2},
    {"flag", "plan.flag", "POST", "/flag", FLAG, 3},
    {"set", "plan.set", "POST", "/set", FIGURE, 4},
};

static void put_extra(struct fields *f, struct cli *c, enum extra extra)
{
    switch (extra) {
    case NOTHING:
        break;
    case REASON:
        put_text(f, c, "--reason", "reason");
        break;
    case OPTIONS:
        put_plan(f, c);
        break;
    case FLAG:
        qund_jw_kz(&f->w, "flag", c->args[2]);
        qund_jw_kbool(&f->w, "value", cli_opt(c, "--off") == NULL);
        break;
    case FIGURE:
        qund_jw_kz(&f->w, "name", c->args[2]);
        qund_jw_key(&f->w, "number");
        put_number(f, c->args[3]);
        break;
    }
}

static int about(struct cli *c, const struct about *a, int64_t id)
{
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0}, path = {0};
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    struct fields f;
    json_t *o;
    int code;

    begin(&f);
    put_extra(&f, c, a->extra);
    qund_buf_printf(&path, "/api/v1/plans/%lld%s", (long long)id, a->path);
    code = send(c, a->method, path.p, a->command, id, end(&f), &reply);
    qund_buf_done(&f.b);
    if (code != EXIT_FINE)
        return code;
    if (c->json) {
        cli_print_json(qund_buf_view(&reply));
        return EXIT_FINE;
    }
    o = cli_json(qund_buf_view(&reply));
    zone = cli_zone(c);
    cli_print_doubts(o, zone);
    cli_print_doubts(json_object_get(o, "draft"), zone); /* an edit's */
    if (cli_field_int(o, "id") > 0)                      /* a clone is another one */
        id = cli_field_int(o, "id");
    json_decref(o);
    return show_id(c, id);
}

static int unknown(struct cli *c)
{
    const char *words[QUND_ARRAY_LEN(ABOUT) + 4] = {"create", "preview", "list", "show"};
    const char *near;

    for (size_t i = 0; i < QUND_ARRAY_LEN(ABOUT); i++)
        words[i + 4] = ABOUT[i].word;
    near = qund_str_nearest(qund_str(c->args[0]), words, QUND_ARRAY_LEN(words));
    return near ? cli_usage(c, "did you mean %s?", near)
                : cli_usage(c, "create, preview, list, show, pause, resume, edit, cancel, clone, "
                               "flag or set");
}

int cli_plan(struct cli *c)
{
    const char *word = c->args[0];
    int64_t id = 0;
    double n;
    size_t i = 0;
    int code = figures_are_numbers(c);

    if (code >= 0)
        return code;
    if (strcmp(word, "create") == 0 || strcmp(word, "preview") == 0)
        return make(c, strcmp(word, "preview") == 0);
    if (strcmp(word, "list") == 0 && c->n_args == 1)
        return list(c);
    while (i < QUND_ARRAY_LEN(ABOUT) && strcmp(word, ABOUT[i].word) != 0)
        i++;
    if (i == QUND_ARRAY_LEN(ABOUT) && strcmp(word, "show") != 0)
        return unknown(c);
    if (c->n_args < 2 || qund_str_int(qund_str(c->args[1]), &id) < 0 || id <= 0)
        return cli_usage(c, "wants the plan's number");
    if (i == QUND_ARRAY_LEN(ABOUT))
        return c->n_args == 2 ? show_id(c, id) : cli_usage(c, "wants nothing more");
    if (c->n_args != ABOUT[i].args)
        return cli_usage(c, ABOUT[i].extra == FLAG     ? "wants the plan's number and a flag"
                            : ABOUT[i].extra == FIGURE ? "wants the plan's number, a name, a number"
                                                       : "wants nothing more");
    if (strcmp(word, "edit") == 0 && !edits(c))
        return cli_usage(c, "edit wants what shall be another: --name, --start, --event, --until, "
                            "--group, --type, --tag, --contact, --param K=V, --figure K=V, "
                            "--version N|latest or --deliver");
    if (ABOUT[i].extra == FIGURE && !is_number(c->args[3], &n))
        return cli_usage(c, "'%s' is no number", c->args[3]);
    return about(c, &ABOUT[i], id);
}
