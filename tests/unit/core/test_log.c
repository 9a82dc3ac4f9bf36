/* test_log.c - lines that cannot be forged. */
#include "core/log.h"
#include "unit.h"
#include <jansson.h>
#include <unistd.h>

struct pipe_log {
    int fd[2];
    struct qund_log *log;
    char line[16384];
};

static void open_log(struct pipe_log *p, enum qund_log_form form)
{
    assert_int_equal(pipe(p->fd), 0);
    p->log = qund_log_new(p->fd[1], QUND_INFO, form);
}

/* What one read gives: a line is one write. */
static const char *line(struct pipe_log *p)
{
    ssize_t n = read(p->fd[0], p->line, sizeof(p->line) - 1);

    assert_true(n > 0);
    p->line[n] = '\0';
    assert_int_equal(p->line[n - 1], '\n');
    p->line[n - 1] = '\0';
    return p->line;
}

static void close_log(struct pipe_log *p)
{
    qund_log_free(p->log);
    close(p->fd[0]);
    close(p->fd[1]);
}

static void logfmt_is_one_line_with_typed_pairs(void **state)
{
    struct pipe_log p;
    const char *l;

    (void)state;
    open_log(&p, QUND_LOG_LOGFMT);
    qund_log(p.log, QUND_WARN, "queue.lost", QUND_KV("n", 3), QUND_KV("id", "1-2"),
             QUND_KV("share", 0.5), QUND_KV("name", qund_str("a b")),
             QUND_KV("none", QUND_STR_NONE));
    l = line(&p);
    assert_memory_equal(l, "ts=20", 5);
    assert_int_equal(l[27 - 1], 'Z');
    assert_string_equal(l + 28,
                        "level=warn event=queue.lost n=3 id=1-2 share=0.5 name=\"a b\" none=null");
    qund_log(p.log, QUND_ERROR, "no.pairs");
    assert_non_null(strstr(line(&p), "level=error event=no.pairs"));
    assert_int_equal(qund_log_count(p.log, QUND_WARN), 1);
    assert_int_equal(qund_log_count(p.log, QUND_ERROR), 1);
    close_log(&p);
}

static void a_peer_cannot_forge_a_line(void **state)
{
    struct pipe_log p;

    (void)state;
    open_log(&p, QUND_LOG_LOGFMT);
    qund_log(p.log, QUND_INFO, "e", QUND_KV("id", "x\nlevel=error \x1b[31m\"\\\xff\xc2\x9b"));
    assert_non_null(strstr(line(&p), "id=\"x\\nlevel=error \\x1b[31m\\\"\\\\\\xff\\u009b\""));
    close_log(&p);
}

static void json_lines_parse_whatever_is_in_them(void **state)
{
    struct pipe_log p;
    char all[256];
    json_t *o;

    (void)state;
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    open_log(&p, QUND_LOG_JSON);
    qund_log(p.log, QUND_INFO, "e", QUND_KV("all", (const char *)all), QUND_KV("n", -1));
    o = json_loads(line(&p), 0, NULL);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "event")), "e");
    assert_int_equal(json_integer_value(json_object_get(o, "n")), -1);
    json_decref(o);
    close_log(&p);
}

static void long_values_are_cut_and_quiet_levels_dropped(void **state)
{
    struct pipe_log p;
    char *big = malloc(100001);

    (void)state;
    assert_non_null(big);
    memset(big, 'x', 100000);
    big[100000] = '\0';
    open_log(&p, QUND_LOG_LOGFMT);
    qund_log(p.log, QUND_DEBUG, "hidden");
    qund_log(p.log, QUND_INFO, "e", QUND_KV("big", (const char *)big));
    assert_true(strlen(line(&p)) < 1200);
    qund_log_level(p.log, QUND_DEBUG);
    qund_log(p.log, QUND_DEBUG, "shown");
    assert_non_null(strstr(line(&p), "event=shown"));
    qund_log((struct qund_log *)NULL, QUND_ERROR, "nowhere");
    free(big);
    close_log(&p);
}

static void a_gate_lets_some_through_and_counts_the_rest(void **state)
{
    struct qund_log_gate g = {0};
    int through = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        through += qund_log_allow(&g, 1000 + i, 5);
    assert_int_equal(through, 5);
    assert_int_equal(g.left_out, 95);
    assert_true(qund_log_allow(&g, 61001, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logfmt_is_one_line_with_typed_pairs),
        cmocka_unit_test(a_peer_cannot_forge_a_line),
        cmocka_unit_test(json_lines_parse_whatever_is_in_them),
        cmocka_unit_test(long_values_are_cut_and_quiet_levels_dropped),
        cmocka_unit_test(a_gate_lets_some_through_and_counts_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
