/* src/cli/sop_view.c - a task as one line: when, who, where, how it went, whether it worked, what
 * was said. */
#include "cli/sop_view.h"
#include "sop/task.h"
#include <stdio.h>

#define CONTENT_COLUMNS 60
#define STATE_COLUMNS 34
#define EXPECT_COLUMNS 44

json_t *cli_json(struct qund_str text)
{
    json_error_t why;

    return json_loadb(text.p ? text.p : "", text.n, JSON_DECODE_ANY, &why);
}

void cli_print_notes(FILE *to, const char *title, const json_t *list, const struct qund_zone *z)
{
    const json_t *v;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)list, i, v)
    {
        QUND_AUTO(qund_buf_done) struct qund_buf at = {0}, other = {0};

        if (json_is_string(v)) {
            fprintf(to, "%s%s\n", title, json_string_value(v));
        } else if (cli_field(v, "text")[0]) {
            fprintf(to, "%s%s: %s\n", title, cli_field(v, "where"), cli_field(v, "text"));
        } else {
            cli_put_time(z, v, "at", false, &at);
            cli_put_time(z, v, "alternative", false, &other);
            fprintf(to, "%s%s %s%s%s %s%s%s\n", title, cli_field(v, "step"),
                    cli_field(v, "group_name"), *cli_field(v, "group_name") ? " " : "",
                    at.n ? at.p : "", cli_field(v, "cap"), other.n ? " → " : "",
                    other.n ? other.p : "");
        }
    }
}

void cli_print_doubts(const json_t *plan, const struct qund_zone *z)
{
    cli_print_notes(stderr, "clash: ", json_object_get(plan, "clashes"), z);
    cli_print_notes(stderr, "warning: ", json_object_get(plan, "warnings"), z);
}

json_t *cli_json_list(struct qund_str objects)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};

    qund_buf_printf(&b, "[%.*s]", QUND_STR_ARG(objects));
    return cli_json(qund_buf_view(&b));
}

const char *cli_field(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

int64_t cli_field_int(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

bool cli_field_time(const json_t *o, const char *key, int64_t *out)
{
    return qund_iso_parse(qund_str(cli_field(o, key)), out) == 0;
}

void cli_put_time(const struct qund_zone *z, const json_t *o, const char *key, bool year,
                  struct qund_buf *out)
{
    struct qund_civil c;
    int64_t at;

    if (!cli_field_time(o, key, &at))
        return;
    qund_zone_civil(z, at, &c);
    if (year)
        qund_buf_printf(out, "%04d-", c.year);
    qund_buf_printf(out, "%02d-%02d %02d:%02d", c.month, c.day, c.hour, c.minute);
}

/* "18:05", or with its day when that is another one than `key`'s. */
static void put_clock(const struct cli_task_look *look, const json_t *o, const char *key,
                      const json_t *beside, const char *day, struct qund_buf *out)
{
    struct qund_civil c, d;
    int64_t at, other;

    if (!cli_field_time(o, key, &at))
        return;
    qund_zone_civil(look->zone, at, &c);
    if (cli_field_time(beside, day, &other)) {
        qund_zone_civil(look->zone, other, &d);
        if (c.day != d.day || c.month != d.month)
            qund_buf_printf(out, "%02d-%02d ", c.month, c.day);
    }
    qund_buf_printf(out, "%02d:%02d", c.hour, c.minute);
}

static void put_state(struct cli_table *t, const json_t *o, const struct cli_task_look *look)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    const char *reason = cli_field(o, "reason"), *evidence = cli_field(o, "evidence");
    int64_t wanted, due;

    qund_buf_puts(&b, cli_zh(cli_field(o, "state")));
    if (strcmp(cli_field(o, "state"), "done") == 0) {
        if (*evidence && strcmp(evidence, "none") != 0)
            qund_buf_printf(&b, "·%s", cli_zh(evidence));
        qund_buf_char(&b, ' ');
        put_clock(look, o, "done", o, "due", &b);
    } else if (*reason) {
        qund_buf_char(&b, ' ');
        qund_sop_reason_say(qund_str(reason), &b);
    }
    if (cli_field_time(o, "wanted", &wanted) && cli_field_time(o, "due", &due) && wanted != due) {
        qund_buf_puts(&b, "（原定 ");
        put_clock(look, o, "wanted", o, "due", &b);
        qund_buf_puts(&b, "）");
    }
    cli_table_put(t, 4, "%.*s", QUND_STR_ARG(qund_buf_view(&b)));
}

static void put_number(const json_t *o, const char *key, struct qund_buf *out)
{
    const json_t *v = json_object_get(o, key);

    if (json_is_number(v))
        qund_buf_printf(out, "%.6g", json_number_value(v));
    else
        qund_buf_char(out, '?');
}

static void put_expectation(struct cli_table *t, const json_t *o, const struct cli_task_look *look)
{
    const json_t *x = json_object_get(o, "expectation");
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    const char *outcome = cli_field(x, "outcome"), *op = cli_field(x, "op");

    if (!json_is_object(x))
        return;
    qund_buf_printf(&b, "%s%s", cli_zh(cli_field(x, "metric")),
                    strcmp(op, "lte") == 0 || strcmp(op, "<=") == 0 ? "≤" : "≥");
    if (json_is_number(json_object_get(x, "wanted")))
        put_number(x, "wanted", &b);
    else
        cli_put_value(cli_field(x, "value"), &b);
    qund_buf_puts(&b, " → ");
    if (strcmp(outcome, "hit") == 0 || strcmp(outcome, "miss") == 0) {
        put_number(x, "figure", &b);
        qund_buf_char(&b, ' ');
    }
    qund_buf_puts(&b, cli_zh(outcome));
    if (strcmp(outcome, "void") == 0) {
        qund_buf_char(&b, ' ');
        qund_sop_reason_say(qund_str(cli_field(x, "reason")), &b);
    }
    if (cli_field(x, "judged")[0]) {
        qund_buf_char(&b, ' ');
        put_clock(look, x, "judged", o, "due", &b);
    }
    cli_table_put(t, 5, "%.*s", QUND_STR_ARG(qund_buf_view(&b)));
}

static void put_content(struct cli_table *t, const json_t *o, const struct cli_task_look *look)
{
    struct qund_str content = qund_str(cli_field(o, "content"));
    const char *person = cli_field(o, "contact_name");

    if (!look->full)
        content = qund_str_split(&content, '\n');
    cli_table_put(t, 6, "%s%s%s%s%.*s", look->groups ? cli_field(o, "group_name") : "",
                  look->groups ? "｜" : "", person, *person ? "｜" : "", QUND_STR_ARG(content));
}

void cli_task_head(struct cli_table *t)
{
    static const char *const NAMES[CLI_TASK_CELLS] = {"时间", "步骤",        "谁",  "渠道",
                                                      "状态", "期望 → 结果", "内容"};

    cli_table_row(t);
    for (size_t i = 0; i < CLI_TASK_CELLS; i++)
        cli_table_put(t, i, "%s", NAMES[i]);
}

void cli_task_row(struct cli_table *t, const json_t *task, const struct cli_task_look *look)
{
    QUND_AUTO(qund_buf_done) struct qund_buf when = {0};
    const char *who = cli_field(task, "staff_name");

    t->max[4] = STATE_COLUMNS;
    t->max[5] = EXPECT_COLUMNS;
    t->max[6] = look->full ? 0 : CONTENT_COLUMNS;
    cli_table_row(t);
    cli_put_time(look->zone, task, "due", look->year, &when);
    cli_table_put(t, 0, "%.*s", QUND_STR_ARG(qund_buf_view(&when)));
    if (look->numbers)
        cli_table_put(t, 1, "T%lld %s%s", (long long)cli_field_int(task, "id"),
                      cli_field(task, "step"), cli_field_int(task, "plan_b") > 0 ? "·B" : "");
    else
        cli_table_put(t, 1, "%s%s", cli_field(task, "step"),
                      cli_field_int(task, "plan_b") > 0 ? "·B" : "");
    cli_table_put(t, 2, "%s%s%s", cli_zh(cli_field(task, "role")), *who ? "·" : "", who);
    cli_table_put(t, 3, "%s", cli_zh(cli_field(task, "channel")));
    put_state(t, task, look);
    put_expectation(t, task, look);
    put_content(t, task, look);
}
