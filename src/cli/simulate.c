/* src/cli/simulate.c - a template tried out: options in, a timeline out (the play is
 * app/simulate.c). */
#include "app/simulate.h"
#include "cli/sop_view.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ERRORS_MAX 50

struct show {
    struct cli *c;
    struct cli_table table;
    struct cli_task_look look;
    struct qund_zone *zone;
    struct cli_out save; /* .to NULL: nowhere */
};

/* --- options --- */

static int read_count(struct cli *c, const char *option, int64_t max, int64_t *out)
{
    const char *said = cli_opt(c, option);

    if (said && (qund_str_int(qund_str(said), out) < 0 || *out < 1 || *out > max))
        return cli_usage(c, "%s wants a number from 1 to %lld", option, (long long)max);
    return EXIT_FINE;
}

static int read_options(struct cli *c, struct qund_sim_opts *o, struct qund_sim_param *params)
{
    const char *scenario = cli_opt(c, "--scenario"), *seed = cli_opt(c, "--seed");
    int64_t days = 0, groups = 0, customers = 0, number = 1;
    int named = scenario ? qund_sim_scenario_parse(qund_str(scenario)) : QUND_SIM_SILENT;

    if (named < 0)
        return cli_usage(c, "--scenario is silent, normal, complaint or absent-staff");
    if (!cli_opt(c, "--start"))
        return cli_usage(c, "--start is missing, such as --start \"2026-09-01 08:00\"");
    if (cli_opt(c, "--only") && !cli_opt(c, "--messages"))
        return cli_usage(c, "--only is of the groups of a recorded chat (--messages)");
    if (read_count(c, "--days", 400, &days) || read_count(c, "--groups", 1000, &groups) ||
        read_count(c, "--customers", 5000, &customers))
        return EXIT_USAGE;
    if (seed && (qund_str_int(qund_str(seed), &number) < 0 || number < 0))
        return cli_usage(c, "--seed wants a number");
    for (size_t i = 0; i < c->n_pairs; i++) {
        struct qund_str value = qund_str(c->pairs[i].value);

        params[i].name = qund_str_split(&value, '=');
        params[i].value = value;
    }
    *o = (struct qund_sim_opts){.template = c->args[0],
                                .group = cli_opt(c, "--group"),
                                .groups = (size_t)groups,
                                .customers = (size_t)customers,
                                .zone = cli_opt(c, "--zone"),
                                .start = cli_opt(c, "--start"),
                                .event = cli_opt(c, "--event"),
                                .org = cli_opt(c, "--org"),
                                .messages = cli_opt(c, "--messages"),
                                .only = cli_opt(c, "--only"),
                                .scenario = (enum qund_sim_scenario)named,
                                .params = params,
                                .n_params = c->n_pairs,
                                .days = (int)days,
                                .seed = (uint64_t)number};
    return EXIT_FINE;
}

/* --- the timeline --- */

static void print_samples(const json_t *samples)
{
    const char *key;
    json_t *v;

    if (json_object_size(samples) == 0)
        return;
    printf("没有给的参数用了示例值（--param 名=值 可改）：");
    json_object_foreach((json_t *)(uintptr_t)samples, key, v)
        printf(" %s=%s", key, json_string_value(v));
    putchar('\n');
}

static void print_plan(struct show *s, const json_t *o)
{
    QUND_AUTO(qund_buf_done) struct qund_buf start = {0}, event = {0};
    const json_t *plan = json_object_get(o, "plan");
    const json_t *groups = json_object_get(plan, "groups");
    struct qund_err err;

    qund_zone_free(s->zone);
    s->zone = NULL;
    if (qund_zone_load(NULL, cli_field(o, "zone"), &s->zone, &err) < 0)
        s->zone = cli_zone(s->c);
    s->look = (struct cli_task_look){.zone = s->zone,
                                     .full = cli_opt(s->c, "--full") != NULL,
                                     .groups = json_array_size(groups) > 1};
    cli_put_time(s->zone, plan, "start", true, &start);
    cli_put_time(s->zone, plan, "event", true, &event);
    printf("%s（%s 第 %lld 版）· %s%s · %s%s\n", cli_field(plan, "name"),
           cli_field(plan, "template"), (long long)cli_field_int(plan, "version"),
           cli_field(json_array_get(groups, 0), "name"), s->look.groups ? " 等" : "",
           cli_zh(cli_field(o, "scenario")),
           json_is_true(json_object_get(o, "recorded")) ? "（聊天记录里的话照说）" : "");
    printf("开始 %s", start.n ? start.p : "");
    if (event.n > 0)
        printf("，活动 %s", event.p);
    printf("（%s），每群客户 %lld 人\n", cli_field(o, "zone"),
           (long long)cli_field_int(o, "customers"));
    print_samples(json_object_get(o, "samples"));
    cli_print_notes(stdout, "注意：", json_object_get(o, "warnings"), s->zone);
    cli_print_notes(stdout, "撞上限：", json_object_get(o, "clashes"), s->zone);
    putchar('\n');
    cli_task_head(&s->table);
}

static void print_alert(struct show *s, const json_t *o)
{
    QUND_AUTO(qund_buf_done) struct qund_buf when = {0};
    struct cli_table *t = &s->table;

    cli_put_time(s->zone, o, "first_ts", false, &when);
    cli_table_row(t);
    cli_table_put(t, 0, "%.*s", QUND_STR_ARG(qund_buf_view(&when)));
    cli_table_put(t, 1, "!");
    cli_table_put(t, 2, "→ %s", cli_zh(cli_field(o, "to")));
    cli_table_put(t, 3, "提醒");
    cli_table_put(t, 4, "%s", cli_zh(cli_field(o, "level")));
    cli_table_put(t, 6, "%s", cli_field(o, "title"));
}

static void print_counts(const char *title, const json_t *counts)
{
    const char *key, *comma = "";
    json_t *v;

    if (json_object_size(counts) == 0)
        return;
    printf("%s", title);
    json_object_foreach((json_t *)(uintptr_t)counts, key, v)
    {
        QUND_AUTO(qund_buf_done) struct qund_buf word = {0};

        cli_put_reason(key, &word);
        printf("%s%s %lld", comma, word.p, (long long)json_integer_value(v));
        comma = "，";
    }
    putchar('\n');
}

static void print_goals(const json_t *goals)
{
    const json_t *g;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)goals, i, g)
    {
        QUND_AUTO(qund_buf_done) struct qund_buf wanted = {0};
        const json_t *figure = json_object_get(g, "figure");

        cli_put_goal(cli_field(g, "wanted"), &wanted);
        printf("目标  %s%s", cli_zh(cli_field(g, "name")), wanted.p);
        if (json_is_number(figure))
            printf("，实际 %.6g", json_number_value(figure));
        putchar('\n');
    }
}

static void print_summary(struct show *s, const json_t *o)
{
    QUND_AUTO(qund_buf_done) struct qund_buf end = {0};

    cli_table_print(&s->table);
    cli_put_time(s->zone, o, "end", true, &end);
    printf("\n计划%s，到 %s\n", cli_zh(cli_field(o, "state")), end.n ? end.p : "");
    print_counts("任务  ", json_object_get(o, "tasks"));
    print_counts("跳过  ", json_object_get(o, "skipped"));
    print_counts("期望  ", json_object_get(o, "expectations"));
    printf("补救 %lld 次，提醒 %lld 条（另有规则提醒 %lld 条）\n",
           (long long)cli_field_int(o, "plan_b"), (long long)cli_field_int(o, "alerts"),
           (long long)cli_field_int(o, "other_alerts"));
    print_goals(json_object_get(o, "goals"));
}

static int show_line(void *arg, struct qund_str json)
{
    struct show *s = arg;
    const char *kind;
    json_t *o;

    if (s->save.to)
        fprintf(s->save.to, "%.*s\n", QUND_STR_ARG(json)); /* end_save says whether it went well */
    if (s->c->json) {
        cli_print_json(json);
        return 0;
    }
    o = cli_json(json);
    kind = cli_field(o, "kind");
    if (strcmp(kind, "plan") == 0)
        print_plan(s, o);
    else if (strcmp(kind, "task") == 0)
        cli_task_row(&s->table, o, &s->look);
    else if (strcmp(kind, "alert") == 0)
        print_alert(s, o);
    else
        print_summary(s, o);
    json_decref(o);
    return 0;
}

static void progress(void *arg, int64_t done, int64_t total)
{
    struct cli_bar *bar = arg;

    bar->total = total > 0 ? total / QUND_DAY_MS : bar->total;
    cli_bar_at(bar, done / QUND_DAY_MS);
}

/* --- the whole --- */

static int begin_save(struct show *s)
{
    const char *path = cli_opt(s->c, "--save");
    struct qund_err err = {0};

    return path && cli_out_open(s->c, path, &s->save, &err) < 0 ? cli_fail(&err) : EXIT_FINE;
}

static int end_save(struct show *s, int rc)
{
    struct qund_err err = {0};
    int saved = cli_out_close(&s->save, rc, &err);

    return rc >= 0 && saved < 0 ? cli_fail(&err) : EXIT_FINE;
}

int cli_simulate(struct cli *c)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config(c);
    struct qund_log *log;
    struct qund_sim_param params[CLI_PAIRS_MAX];
    struct qund_sim_opts o;
    struct show s = {.c = c};
    struct cli_bar bar;
    int rc, code, saved;

    if (!cfg)
        return EXIT_WRONG;
    code = read_options(c, &o, params);
    if (code == EXIT_FINE)
        code = begin_save(&s);
    if (code != EXIT_FINE)
        return code;
    qund_errs_init(&errs, ERRORS_MAX);
    log = cli_log(c);
    cli_bar_begin(&bar, "simulate", 0);
    o.config = cfg;
    o.log = log;
    o.progress = progress;
    o.progress_arg = &bar;
    rc = qund_simulate(&o, show_line, &s, &errs);
    cli_bar_end(&bar);
    qund_log_free(log);
    qund_zone_free(s.zone);
    saved = end_save(&s, rc);
    return rc < 0 ? cli_fail_all(&errs) : saved;
}
