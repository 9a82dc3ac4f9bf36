/* src/cli/content.c - what will be said in the coming days, as far as its words are known, and what
 * is still missing to say it. Beside a daemon or not. */
#include "cli/sop_view.h"
#include <stdio.h>
#include <stdlib.h>

#define CONTENT_COLUMNS 60

enum { AT, STEP, GROUP, WHO, CHANNEL, IS, CONTENT };

/* "缺 stock.gift、expert.name" */
static void put_is(struct cli_table *t, const json_t *o, const struct qund_zone *zone)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0}, by = {0};
    const char *is = cli_field(o, "content_is");
    const json_t *names = json_object_get(o, "missing");
    size_t i;

    qund_buf_puts(&b, json_is_true(json_object_get(o, "paused")) ? "（计划暂停）" : "");
    cli_put_time(zone, o, "ready_by", false, &by);
    if (strcmp(is, "missing") == 0) {
        qund_buf_puts(&b, "缺");
        for (i = 0; i < json_array_size(names); i++)
            qund_buf_printf(&b, "%s%s", i > 0 ? "、" : " ",
                            json_string_value(json_array_get(names, i)));
    } else if (strcmp(is, "draft") == 0) {
        qund_buf_printf(&b, "草稿，%s 前写好%s", by.n > 0 ? by.p : "",
                        json_is_true(json_object_get(o, "overdue")) ? "（已过）" : "");
    } else {
        qund_buf_puts(&b, cli_zh(is));
    }
    cli_table_put(t, IS, "%.*s", QUND_STR_ARG(qund_buf_view(&b)));
}

static void put_row(struct cli_table *t, const json_t *o, const struct qund_zone *zone, bool full)
{
    QUND_AUTO(qund_buf_done) struct qund_buf at = {0};
    struct qund_str content = qund_str(cli_field(o, "content"));
    const char *person = cli_field(o, "contact_name");
    const json_t *media = json_object_get(o, "media");
    size_t n = json_array_size(media);

    t->max[CONTENT] = full ? 0 : CONTENT_COLUMNS;
    cli_put_time(zone, o, "due", false, &at);
    if (!full)
        content = qund_str_split(&content, '\n');
    cli_table_row(t);
    cli_table_put(t, AT, "%.*s", QUND_STR_ARG(qund_buf_view(&at)));
    cli_table_put(t, STEP, "T%lld %s%s", (long long)cli_field_int(o, "id"), cli_field(o, "step"),
                  cli_field_int(o, "plan_b") > 0 ? "·B" : "");
    cli_table_put(t, GROUP, "%s%s%s", cli_field(o, "group_name"), *person ? "｜" : "", person);
    cli_table_put(t, WHO, "%s", cli_zh(cli_field(o, "role")));
    cli_table_put(t, CHANNEL, "%s", cli_zh(cli_field(o, "channel")));
    put_is(t, o, zone);
    if (n > 0)
        cli_table_put(t, CONTENT, "［图 %zu］%.*s", n, QUND_STR_ARG(content));
    else
        cli_table_put(t, CONTENT, "%.*s", QUND_STR_ARG(content));
}

static void print_list(struct cli *c, const json_t *reply)
{
    static const char *const HEAD[] = {"时间", "步骤", "群", "谁", "渠道", "备好了吗", "内容"};
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = cli_zone(c);
    const json_t *tasks = json_object_get(reply, "tasks"), *o;
    bool only_missing = cli_opt(c, "--missing") != NULL;
    struct cli_table t = {0};
    size_t i, shown = 0;

    cli_table_row(&t);
    for (i = 0; i < QUND_ARRAY_LEN(HEAD); i++)
        cli_table_put(&t, i, "%s", HEAD[i]);
    json_array_foreach((json_t *)(uintptr_t)tasks, i, o)
    {
        const char *is = cli_field(o, "content_is");

        if (only_missing && strcmp(is, "missing") != 0 && strcmp(is, "draft") != 0)
            continue;
        put_row(&t, o, zone, cli_opt(c, "--full") != NULL);
        shown++;
    }
    if (shown > 0)
        cli_table_print(&t);
    else
        printf(only_missing ? "nothing is missing\n" : "nothing is planned\n");
    if (json_is_true(json_object_get(reply, "more")))
        printf("… and more: name a plan, a group, or fewer days\n");
}

int cli_content(struct cli *c)
{
    static const char *const NUMBERS[] = {"days", "plan", "group"};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    struct qund_jw w = qund_jw(&body);
    json_t *o;
    int code;

    qund_jw_obj(&w);
    for (size_t i = 0; i < QUND_ARRAY_LEN(NUMBERS); i++) {
        char option[16];
        const char *said;
        int64_t n;

        snprintf(option, sizeof(option), "--%s", NUMBERS[i]);
        said = cli_opt(c, option);
        if (said && (qund_str_int(qund_str(said), &n) < 0 || n <= 0))
            return cli_usage(c, "%s wants a number", option);
        if (said)
            qund_jw_kint(&w, NUMBERS[i], n);
    }
    qund_jw_end_obj(&w);
    code = cli_command(c, "POST", "/api/v1/plans/content", "plan.content", qund_buf_view(&body),
                       &reply);
    if (code != EXIT_FINE)
        return code;
    if (c->json) {
        cli_print_json(qund_buf_view(&reply));
        return EXIT_FINE;
    }
    o = cli_json(qund_buf_view(&reply));
    print_list(c, o);
    json_decref(o);
    return EXIT_FINE;
}
