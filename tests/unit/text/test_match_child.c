/* tests/unit/text/test_match_child.c - this program is its own child: started as `compile-rules` it
 * does what the daemon's hidden command does. */
#include "text/match.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define SELF "/proc/self/exe"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* its shadow memory alone is larger than any limit on address space */
#else
#define SANITIZED 0
#endif

static int setup(void **state)
{
    *state = (void *)(uintptr_t)qund_fold_tables(); /* constant, also for the tests */
    return 0;
}

static const struct qund_pattern GOOD[] = {
    {1, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED, QUND_STR("多少钱")},
    {2, QUND_PATTERN_REGEX, QUND_VIEW_FOLDED, QUND_STR("\\d+元")},
    {3, QUND_PATTERN_LITERAL, QUND_VIEW_SQUEEZED, QUND_STR("加微信")},
};

static void the_child_makes_what_this_process_would_have_made(void **state)
{
    struct qund_match_child child = {.exe = SELF, .timeout_ms = 60000};
    struct qund_match_child here = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0}, own = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs;
    QUND_AUTO(qund_scratch_free) struct qund_scratch *s = qund_scratch_new();
    QUND_AUTO(qund_match_free) struct qund_match *m = NULL;
    QUND_AUTO(qund_folded_done) struct qund_folded t = {0};
    const uint32_t *ids;
    char digest[65];

    qund_errs_init(&errs, 8);
    assert_int_equal(qund_match_compile_child(&child, *state, GOOD, 3, &blob, &errs), QUND_OK);
    assert_int_equal(qund_match_compile_child(&here, *state, GOOD, 3, &own, &errs), QUND_OK);
    assert_true(qund_str_eq(qund_buf_view(&blob), qund_buf_view(&own)));
    qund_match_digest(*state, GOOD, 3, digest);
    assert_int_equal(qund_match_load(qund_buf_view(&blob), digest, &m, NULL), QUND_OK);
    assert_int_equal(qund_fold_text(*state, qund_str("多少錢，50元？加 微 信"), &t), QUND_OK);
    assert_int_equal(qund_match_scan(m, s, *state, &t, &ids), 3);
}

static void errors_come_back_from_the_child(void **state)
{
    static const struct qund_pattern bad[] = {
        {1, QUND_PATTERN_REGEX, QUND_VIEW_FOLDED, QUND_STR("(")},
        {2, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED, QUND_STR("好")},
        {3, QUND_PATTERN_REGEX, QUND_VIEW_FOLDED, QUND_STR("x*")},
    };
    struct qund_match_child child = {.exe = SELF};
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs;

    qund_errs_init(&errs, 8);
    assert_int_equal(qund_match_compile_child(&child, *state, bad, 3, &blob, &errs), QUND_E_INVAL);
    assert_int_equal(blob.n, 0);
    assert_int_equal(errs.n, 2);
    assert_string_equal(errs.v[0].where, "patterns[0]");
    assert_string_equal(errs.v[1].where, "patterns[2]");
    assert_non_null(strstr(errs.v[1].text, "empty text"));
}

static void a_child_that_takes_too_long_is_ended(void **state)
{
    struct qund_match_child child = {.exe = SELF, .timeout_ms = 1};
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs;

    qund_errs_init(&errs, 8);
    assert_int_equal(qund_match_compile_child(&child, *state, GOOD, 3, &blob, &errs), QUND_E_FULL);
    assert_int_equal(errs.n, 1);
    assert_non_null(strstr(errs.v[0].text, "longer than the 1 ms"));
}

#if !SANITIZED
static void a_child_without_memory_is_reported(void **state)
{
    struct qund_match_child child = {.exe = SELF, .memory_bytes = 80 << 20};
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs;
    size_t n = 32000; /* of a kilobyte each: more than fits beside the program itself */
    struct qund_pattern *v = qund_alloc(n * sizeof(*v));
    char text[QUND_MATCH_MAX_PATTERN];

    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < n; i++)
        v[i] = (struct qund_pattern){(uint32_t)i, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED,
                                     qund_str_n(text, sizeof(text))};
    qund_errs_init(&errs, 8);
    assert_int_equal(qund_match_compile_child(&child, *state, v, n, &blob, &errs), QUND_E_FULL);
    assert_int_equal(blob.n, 0);
    assert_int_equal(errs.n, 1);
    assert_non_null(strstr(errs.v[0].text, "80 MiB"));
    qund_free(v);
}
#endif

static void a_program_that_is_not_there_is_reported_by_its_path(void **state)
{
    struct qund_match_child child = {.exe = "/nonexistent/qund"};
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs;

    qund_errs_init(&errs, 8);
    assert_int_equal(qund_match_compile_child(&child, *state, GOOD, 3, &blob, &errs), QUND_E_IO);
    assert_string_equal(errs.v[0].where, "/nonexistent/qund");
}

static void a_program_that_answers_something_else_is_refused(void **state)
{
    struct qund_match_child child = {.exe = "/bin/echo"};
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs;

    qund_errs_init(&errs, 8);
    assert_int_equal(qund_match_compile_child(&child, *state, GOOD, 3, &blob, &errs), QUND_E_PROTO);
    assert_int_equal(errs.n, 1);
}

static void a_broken_request_is_answered_with_an_error(void **state)
{
    int in = memfd_create("in", 0), out = memfd_create("out", 0);
    char reply[4096];
    ssize_t n;

    (void)state;
    assert_true(in >= 0 && out >= 0);
    assert_int_equal(write(in, "QUNDPAT\0\xff\xff\xff\xff\0\0\0\0", 16), 16);
    lseek(in, 0, SEEK_SET);
    assert_int_equal(qund_match_compile_main(in, out), 0);
    lseek(out, 0, SEEK_SET);
    n = read(out, reply, sizeof(reply));
    assert_true(n > 0);
    assert_non_null(memmem(reply, (size_t)n, "not a pattern list", 18));
    close(in);
    close(out);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_child_makes_what_this_process_would_have_made),
        cmocka_unit_test(errors_come_back_from_the_child),
        cmocka_unit_test(a_child_that_takes_too_long_is_ended),
#if !SANITIZED
        cmocka_unit_test(a_child_without_memory_is_reported),
#endif
        cmocka_unit_test(a_program_that_is_not_there_is_reported_by_its_path),
        cmocka_unit_test(a_program_that_answers_something_else_is_refused),
        cmocka_unit_test(a_broken_request_is_answered_with_an_error),
    };

    if (argc > 1 && strcmp(argv[1], "compile-rules") == 0)
        return qund_match_compile_main(STDIN_FILENO, STDOUT_FILENO);
    return cmocka_run_group_tests(tests, setup, NULL);
}
