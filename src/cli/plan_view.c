/* src/cli/plan_view.c - a plan beside its tasks: what it was made with, how far it is, what it was
 * for and what came of that. Lines that have nothing to say are left out. */
#include "cli/sop_view.h"
#include <stdio.h>

int64_t cli_plan_count(const json_t *counts)
{
    const char *key;
    json_t *v;
    int64_t n = 0;

    json_object_foreach((json_t *)(uintptr_t)counts, key, v) n += json_integer_value(v);
    return n;
}

/* "完成 3、计划 20" */
static void print_counts(const char *title, const json_t *counts)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)counts, key, v) qund_buf_printf(
        &line, "%s%s %lld", line.n > 0 ? "、" : "", cli_zh(key), (long long)json_integer_value(v));
    if (line.n > 0)
        printf("%s：%s\n", title, line.p);
}

static void print_params(const json_t *params)
{
    const char *key;
    json_t *v;
    struct cli_table t = {0};

    json_object_foreach((json_t *)(uintptr_t)params, key, v)
    {
        cli_table_row(&t);
        cli_table_put(&t, 0, "  %s", key);
        cli_table_put(&t, 1, "%s", json_is_string(v) ? json_string_value(v) : "?");
    }
    if (t.n > 0)
        printf("参数：\n");
    cli_table_print(&t);
}

/* "入群  ≥新成员的15% = 6  →  9 达成" */
static void print_goals(const json_t *goals)
{
    struct cli_table t = {0};
    const json_t *g;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)goals, i, g)
    {
        const json_t *figure = json_object_get(g, "figure"), *mark = json_object_get(g, "mark");
        const json_t *reached = json_object_get(g, "reached");
        QUND_AUTO(qund_buf_done) struct qund_buf wanted = {0};

        cli_put_goal(cli_field(g, "wanted"), &wanted);
        cli_table_row(&t);
        cli_table_put(&t, 0, "  %s", cli_zh(cli_field(g, "name")));
        if (json_is_number(mark) && strchr(wanted.p, '%'))
            cli_table_put(&t, 1, "%s = %.6g", wanted.p, json_number_value(mark));
        else
            cli_table_put(&t, 1, "%s", wanted.p);
        if (json_is_number(figure))
            cli_table_put(&t, 2, "→ %.6g %s", json_number_value(figure),
                          json_is_boolean(reached) ? cli_zh(json_is_true(reached) ? "hit" : "miss")
                                                   : "");
        else
            cli_table_put(&t, 2, "→ 计划结束时量");
    }
    if (t.n > 0)
        printf("目标：\n");
    cli_table_print(&t);
}

static void print_said(const json_t *said, const struct qund_zone *zone)
{
    struct cli_table t = {0};
    const json_t *s;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)said, i, s)
    {
        QUND_AUTO(qund_buf_done) struct qund_buf at = {0};

        cli_put_time(zone, s, "at", true, &at);
        cli_table_row(&t);
        cli_table_put(&t, 0, "  %s", cli_field(s, "name"));
        cli_table_put(&t, 1, "%.6g", json_number_value(json_object_get(s, "n")));
        cli_table_put(&t, 2, "%s %s", at.n > 0 ? at.p : "", cli_field(s, "by"));
    }
    if (t.n > 0)
        printf("报过的数：\n");
    cli_table_print(&t);
}

void cli_plan_print(const json_t *plan, const struct qund_zone *zone)
{
    QUND_AUTO(qund_buf_done) struct qund_buf until = {0}, ended = {0};
    const json_t *groups = json_object_get(plan, "groups"), *g;
    int64_t after = cli_field_int(plan, "after");
    size_t i;

    if (cli_field(plan, "reason")[0])
        printf("原因：%s\n", cli_field(plan, "reason"));
    cli_put_time(zone, plan, "until", true, &until);
    cli_put_time(zone, plan, "ended", true, &ended);
    if (until.n > 0)
        printf("收人到：%s\n", until.p);
    if (ended.n > 0)
        printf("结束于：%s\n", ended.p);
    if (after > 0)
        printf("接在计划 %lld 之后\n", (long long)after);
    printf("发送：%s\n", cli_zh(cli_field(plan, "deliver")));
    if (json_array_size(groups) > 1) {
        printf("群：");
        json_array_foreach((json_t *)(uintptr_t)groups, i, g)
        {
            fputs(i > 0 ? "、" : "", stdout);
            cli_print_text(qund_str(cli_field(g, "name")));
        }
        putchar('\n');
    }
    print_params(json_object_get(plan, "params"));
    print_goals(json_object_get(plan, "goals"));
    print_said(json_object_get(plan, "said"), zone);
    print_counts("人", json_object_get(plan, "runs"));
    print_counts("任务", json_object_get(plan, "tasks"));
    print_counts("预期", json_object_get(plan, "expectations"));
}
