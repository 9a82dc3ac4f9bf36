/* test_calendar_doc.c - docs/sop-calendar.md says what the program does: its tables are tried. */
#include "core/file.h"
#include "when_unit.h"

enum { CELLS = 8 };

struct page {
    struct qund_buf text;
    struct qund_zone *z; /* Asia/Shanghai */
    struct qund_holidays *h;
};

static int setup(void **state)
{
    struct page *p = qund_alloc(sizeof(*p));

    assert_int_equal(
        qund_file_read(QUND_SOURCE_DIR "/docs/sop-calendar.md", 1 << 20, &p->text, NULL), 0);
    p->z = zone("Asia/Shanghai");
    p->h = holidays();
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct page *p = *state;

    qund_buf_done(&p->text);
    qund_zone_free(p->z);
    qund_holidays_free(p->h);
    qund_free(p);
    return 0;
}

/* "| a | `b` |" into a, b. */
static size_t cells(struct qund_str line, struct qund_str cell[CELLS])
{
    size_t n = 0;

    if (line.n < 2 || line.p[0] != '|')
        return 0;
    line = qund_str_n(line.p + 1, line.n - 1);
    while (line.p && line.n > 0 && n < CELLS) {
        struct qund_str c = qund_str_trim(qund_str_split(&line, '|'));

        if (c.n >= 2 && c.p[0] == '`' && c.p[c.n - 1] == '`')
            c = qund_str_n(c.p + 1, c.n - 2);
        cell[n++] = c;
    }
    return n;
}

/* Calls row for each line of the table whose head begins with that cell; there are `want`. */
static void table(const struct page *p, const char *head, int want,
                  void (*row)(const struct page *p, const struct qund_str *cell))
{
    struct qund_str rest = qund_buf_view(&p->text), cell[CELLS];
    bool within = false;
    int rows = 0;

    while (rest.p) {
        size_t n = cells(qund_str_split(&rest, '\n'), cell);

        if (n == 0) {
            within = false;
        } else if (qund_str_is(cell[0], head)) {
            within = true;
        } else if (within && !qund_str_starts(cell[0], "---")) {
            row(p, cell);
            rows++;
        }
    }
    assert_int_equal(rows, want);
}

static int64_t instant(struct qund_str s)
{
    int64_t ms = 0;

    if (qund_iso_parse(s, &ms) < 0)
        fail_msg("no instant: %.*s", QUND_STR_ARG(s));
    return ms;
}

static void same(const struct qund_zone *z, struct qund_str what, int64_t got, struct qund_str want)
{
    char is[26];

    qund_iso_print_zone(z, got, is);
    if (!qund_str_is(want, is))
        fail_msg("%.*s: %s, the page says %.*s", QUND_STR_ARG(what), is, QUND_STR_ARG(want));
}

static void offset_row(const struct page *p, const struct qund_str *cell)
{
    char name[64];
    struct qund_sop_offset o;
    struct qund_err err = {0};
    int64_t base = instant(cell[1]), t;
    struct qund_sop_clock c = {.start = base, .event = base, .day0 = base};
    QUND_AUTO(qund_zone_free) struct qund_zone *z = NULL;

    (void)p;
    snprintf(name, sizeof(name), "%.*s", QUND_STR_ARG(cell[0]));
    c.zone = z = zone(name);
    if (qund_sop_offset_parse(cell[2], &o, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(qund_sop_when(&c, &o, &t), 0);
    same(z, cell[2], t, cell[3]);
}

static void offsets_are_what_the_page_says(void **state)
{
    table(*state, "zone", 10, offset_row);
}

static void allowed_row(const struct page *p, const struct qund_str *cell)
{
    struct qund_sop_clock c = {.zone = p->z, .holidays = p->h, .quiet = {22 * 60, 8 * 60}};
    struct qund_sop_step s = {.kind = QUND_SOP_MARKETING};
    int64_t t = instant(cell[0]);

    s.quiet_drop = qund_str_is(cell[1], "quiet: drop");
    s.work_days = qund_str_is(cell[1], "work_days");
    if (qund_str_is(cell[1], "kind: safety"))
        s.kind = QUND_SOP_SAFETY;
    else
        assert_true(s.quiet_drop || s.work_days || cell[1].n == 0);
    if (qund_sop_allowed(&c, &s, &t) == QUND_SOP_DROPPED_QUIET)
        assert_true(qund_str_is(cell[2], "never"));
    else
        same(p->z, cell[0], t, cell[2]);
}

static void moves_are_what_the_page_says(void **state)
{
    table(*state, "wanted (Asia/Shanghai)", 11, allowed_row);
}

static void cap_row(const struct page *p, const struct qund_str *cell)
{
    struct qund_sop_clock c = {.zone = p->z};
    int64_t from, to;
    int cap = QUND_SOP_CAPS - 1;

    while (cap > 0 && !qund_str_is(cell[0], qund_sop_cap_name((enum qund_sop_cap)cap)))
        cap--;
    assert_true(cap > 0);
    qund_sop_cap_span(&c, (enum qund_sop_cap)cap, instant(cell[1]), &from, &to);
    same(p->z, cell[0], from, cell[2]);
    same(p->z, cell[0], to, cell[3]);
}

static void spans_of_caps_are_what_the_page_says(void **state)
{
    table(*state, "cap", 4, cap_row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_what_the_page_says),
        cmocka_unit_test(moves_are_what_the_page_says),
        cmocka_unit_test(spans_of_caps_are_what_the_page_says),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
