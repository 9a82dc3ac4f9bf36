/* tests/support/story.h - the sample chat as items for an engine, and what a store holds as text,
 * so that two runs can be compared table by table. */
#ifndef QUND_TEST_STORY_H
#define QUND_TEST_STORY_H
#include "desk.h"

/* The shipped rules; compiling them takes a second or so: once per test program. */
static inline struct qund_rules *story_rules(const struct qund_fold *fold)
{
    const char *dirs[] = {QUND_SOURCE_DIR "/config/rules"};
    struct qund_rules *rules = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 8);
    if (qund_rules_load(dirs, 1, &(struct qund_rules_opts){.fold = fold}, &rules, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    return rules;
}

struct story_event {
    int64_t ts, rx;
    size_t from, n; /* of the packed bytes */
};
struct story {
    struct qund_buf bytes;
    struct story_event *v;
    size_t n;
};

static inline int64_t story_ts(struct desk *d, const char *line)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(65536);
    struct qund_err err = {0};
    struct qund_event ev;

    if (qund_event_decode(&(struct qund_event_ctx){.cfg = d->config,
                                                   .rx = d->rx,
                                                   .default_channel = QUND_STR("replay"),
                                                   .short_form = true},
                          qund_str(line), 0, arena, &ev, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return ev.key_ts;
}

/* The first `max` lines of tests/data/conversations.jsonl, each received 200 ms after its ts. */
static inline struct story *story_read(struct desk *d, size_t max)
{
    struct story *s = qund_alloc(sizeof(*s));
    FILE *f = fopen(QUND_TEST_DATA "/conversations.jsonl", "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    assert_non_null(f);
    s->v = qund_alloc(max * sizeof(*s->v));
    while (s->n < max && (n = getline(&line, &cap, f)) > 1) {
        struct story_event *e = &s->v[s->n++];

        line[n - 1] = '\0';
        e->ts = story_ts(d, line);
        e->rx = e->ts + 200;
        e->from = s->bytes.n;
        desk_pack(d, line, e->rx, &s->bytes);
        e->n = s->bytes.n - e->from;
    }
    free(line);
    fclose(f);
    return s;
}

static inline void story_free(struct story *s)
{
    qund_buf_done(&s->bytes);
    qund_free(s->v);
    qund_free(s);
}

static inline struct qund_item story_item(const struct story *s, size_t i, uint64_t id)
{
    return (struct qund_item){.kind = QUND_ITEM_EVENT,
                              .rx = s->v[i].rx,
                              .id = {id, 0},
                              .body = qund_str_n(s->bytes.p + s->v[i].from, s->v[i].n)};
}

/* Chance that is the same on every machine. */
static inline uint64_t story_chance(uint64_t *seed)
{
    *seed += 0x9E3779B97F4A7C15u;
    uint64_t z = *seed;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* One row a line, all rows of the query, which has one column. */
static inline void story_print(struct desk *d, const char *sql, struct qund_buf *out)
{
    struct qund_stmt *st = qund_sql(d->db, sql);

    if (!st)
        fail_msg("%s: %s", sql, qund_db_error(d->db));
    while (qund_step(st) > 0) {
        qund_buf_str(out, qund_col_str(st, 0));
        qund_buf_char(out, '\n');
    }
    qund_stmt_reset(st);
}

/* All tables with all columns; a name and its rows, in order of both. But for rule_set, which says
 * when the engine was opened. */
static inline char *story_dump(struct desk *d)
{
    struct qund_buf names = {0}, out = {0};
    struct qund_str left;

    story_print(d,
                "SELECT 'SELECT ' || (SELECT group_concat('quote(\"' || name || '\")', "
                "' || ''|'' || ') FROM pragma_table_info(s.name)) || ' FROM ' || s.name || "
                "' ORDER BY 1' FROM sqlite_schema s WHERE type = 'table' AND name NOT GLOB "
                "'sqlite_*' AND name <> 'rule_set' ORDER BY name",
                &names);
    for (left = qund_buf_view(&names); left.n > 0;) {
        struct qund_str line = qund_str_split(&left, '\n');
        char *sql = qund_str_dup(line);

        if (*sql) {
            char *from = strstr(sql, " FROM ");

            qund_buf_printf(&out, "== %s\n", from + 6);
            story_print(d, sql, &out);
        }
        qund_free(sql);
    }
    qund_buf_done(&names);
    return qund_buf_take(&out);
}

static inline void story_differ(const char *what, const char *table, struct qund_str want,
                                struct qund_str got)
{
    size_t at = 0, from;

    while (at < want.n && at < got.n && want.p[at] == got.p[at])
        at++;
    from = at > 200 ? at - 200 : 0;
    want = qund_utf8_cut(qund_str_n(want.p + from, want.n - from), 300);
    got = qund_utf8_cut(qund_str_n(got.p + from, got.n - from), 300);
    fail_msg("%s: in %s at byte %zu\nwant %.*s\ngot  %.*s", what, table, at, QUND_STR_ARG(want),
             QUND_STR_ARG(got));
}

/* Fails with the first line that differs. */
static inline void story_same(const char *what, const char *want, const char *got)
{
    char table[200] = "";

    while (*want || *got) {
        size_t n = strcspn(want, "\n"), m = strcspn(got, "\n");

        if (n != m || memcmp(want, got, n) != 0)
            story_differ(what, table, qund_str_n(want, n), qund_str_n(got, m));
        if (n > 3 && memcmp(want, "== ", 3) == 0)
            snprintf(table, sizeof(table), "%.*s", (int)n, want);
        want += n + (want[n] != '\0');
        got += m + (got[m] != '\0');
    }
}

/* What every run of a story starts from, made once per test program: cmocka's group fixture. */
struct story_world {
    const struct qund_fold *fold;
    struct qund_rules *rules;
    struct story *story;
};

static inline struct story_world *story_world_new(const char *config, size_t events)
{
    struct story_world *w = qund_alloc(sizeof(*w));
    struct desk *d = desk_bare(config);

    w->fold = qund_fold_tables();
    w->rules = story_rules(w->fold);
    w->story = story_read(d, events);
    assert_int_equal(w->story->n, events);
    desk_free(d);
    return w;
}

static inline int story_world_free(void **state)
{
    struct story_world *w = *state;

    story_free(w->story);
    qund_rules_unref(w->rules);
    qund_free(w);
    return 0;
}

/* A desk over an empty store, with the world's rules. */
static inline struct desk *story_desk(const struct story_world *w, const char *config)
{
    struct desk *d = desk_bare(config);

    d->rules = qund_rules_ref(w->rules);
    desk_open_store(d);
    return d;
}
#endif
