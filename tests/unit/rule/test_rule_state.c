/* Windows, cooldowns, order, stop, and what survives reloads, rollbacks and other cuts. */
#include "rule_world.h"
#include <malloc.h>

#define T0 (1000 * DAY)
#define COUNT3                                                                                    \
    "rules: [{id: r, when: {any: [在], count: {gte: 3, within: 10m, per: %s}}, then: [{intent: " \
    "hit}]}]"

#define COUNT5                                                                                    \
    "rules: [{id: r, when: {any: [在], count: {gte: 5, within: 10m, per: %s}}, then: [{intent: " \
    "hit}]}]"

static void use(struct world *w, const char *form, const char *per)
{
    char text[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(text), form, per);
#pragma GCC diagnostic pop
    world_rules(w, text);
}

static void count_reaches_its_number_within_the_window(void **state)
{
    struct world *w = *state;

    use(w, COUNT3, "sender");
    assert_int_equal(world_at(w, T0, "在"), 0);
    assert_int_equal(world_at(w, T0 + MINUTE, "在"), 0);
    assert_int_equal(world_at(w, T0 + 2 * MINUTE, "在"), 1);
    assert_int_equal(world_at(w, T0 + 10 * MINUTE, "在"), 1); /* T0 lies just outside */
    assert_int_equal(world_at(w, T0 + 12 * MINUTE, "在"), 0); /* only 10 and 12 are left */
}

static void count_is_kept_per_sender_contact_or_group(void **state)
{
    struct world *w = *state;

    use(w, COUNT3, "sender");
    world_at(w, T0, "在");
    w->in.group_id = 2;
    world_at(w, T0, "在");
    assert_int_equal(world_at(w, T0, "在"), 0); /* two here, one there */
    w->state = qund_rule_state_free(w->state);
    use(w, COUNT3, "contact");
    world_at(w, T0, "在");
    w->in.group_id = 1;
    world_at(w, T0, "在");
    assert_int_equal(world_at(w, T0, "在"), 1); /* the same person in two groups */
    w->state = qund_rule_state_free(w->state);
    use(w, COUNT3, "group");
    world_at(w, T0, "在");
    w->in.contact_id = 8;
    world_at(w, T0, "在");
    w->in.contact_id = 9;
    assert_int_equal(world_at(w, T0, "在"), 1);
}

static void a_late_event_is_counted_where_it_belongs(void **state)
{
    struct world *w = *state;

    use(w, COUNT3, "sender");
    w->in.now = T0 + 30 * MINUTE;
    assert_int_equal(world_at(w, T0 + 20 * MINUTE, "在"), 0);
    assert_int_equal(world_at(w, T0 + 5 * MINUTE, "在"), 0);  /* late: alone in its window */
    assert_int_equal(world_at(w, T0 + 12 * MINUTE, "在"), 0); /* with the one at 5 */
    assert_int_equal(world_at(w, T0 + 13 * MINUTE, "在"),
                     1); /* 5, 12, 13; the one at 20 is later */
    assert_int_equal(world_at(w, T0 + 21 * MINUTE, "在"), 1); /* 12, 13, 20, 21 */
}

static void the_history_of_last_year_is_counted_too(void **state)
{
    struct world *w = *state;

    use(w, COUNT3, "sender");
    w->in.now = T0 + 365 * DAY;
    assert_int_equal(world_at(w, T0, "在"), 0);
    assert_int_equal(world_at(w, T0 + MINUTE, "在"), 0);
    assert_int_equal(world_at(w, T0 + 2 * MINUTE, "在"), 1);
}

#define COOL                                                                                     \
    "rules: [{id: r, when: {any: [价]}, cooldown: {for: 10m, per: sender}, then: [{intent: p}," \
    " {tag: t}, {lead: {score_add: 5}}, {alert: {to: consultant, text: a}}]}]"

static void a_cooldown_holds_back_leads_and_alerts_only(void **state)
{
    struct world *w = *state;

    world_rules(w, COOL);
    assert_int_equal(world_at(w, T0, "价"), 1);
    assert_string_equal(world_did(w), "intent:p tag:t lead:5 alert:a");
    assert_int_equal(world_at(w, T0 + 10 * MINUTE - 1, "价"), 1);
    assert_true(w->hits.fired[0].cooled);
    assert_string_equal(world_did(w), "intent:p tag:t");
    assert_int_equal(world_at(w, T0 + 10 * MINUTE, "价"), 1);
    assert_false(w->hits.fired[0].cooled);
    w->in.contact_id = 8;
    world_at(w, T0 + 11 * MINUTE, "价");
    assert_false(w->hits.fired[0].cooled); /* another sender */
}

static void firings_never_lie_closer_than_the_cooldown(void **state)
{
    struct world *w = *state;

    world_rules(w, COOL);
    w->in.now = T0 + HOUR;
    world_at(w, T0 + 20 * MINUTE, "价");
    world_at(w, T0 + 11 * MINUTE, "价"); /* late, nine minutes before a firing */
    assert_true(w->hits.fired[0].cooled);
    world_at(w, T0 + 10 * MINUTE, "价");
    assert_false(w->hits.fired[0].cooled);
}

static void higher_priority_goes_first_and_is_seen_by_the_rest(void **state)
{
    struct world *w = *state;

    world_rules(w,
                "rules:\n"
                "- {id: c, when: {intents: price, tags: vip}, then: [{untag: vip}]}\n"
                "- {id: d, when: {any: [价], tags: {none: vip}}, then: [{intent: after}]}\n"
                "- {id: a, when: {any: [价]}, priority: 90, then: [{intent: price}, {tag: vip}]}\n"
                "- {id: b, when: {any: [价]}, priority: 10, then: [{intent: last}]}\n");
    assert_int_equal(world_eval(w, "价"), 4);
    assert_string_equal(world_did(w), "intent:price tag:vip untag:vip intent:after intent:last");
    assert_int_equal(w->hits.effects[1].action, 1);
    assert_true(qund_str_is(w->hits.effects[1].rule_id, "a"));
    assert_int_equal(world_eval(w, "好"), 0);
}

static void stop_ends_the_event(void **state)
{
    struct world *w = *state;

    world_rules(w,
                "rules:\n"
                "- {id: a, when: {any: [广告]}, priority: 90, stop: true, then: [{intent: spam}]}\n"
                "- {id: b, when: {any: [价, 广告]}, then: [{intent: price}]}\n"
                "- {id: z, then: [{intent: any}]}\n");
    assert_int_equal(world_eval(w, "广告价"), 1);
    assert_true(w->hits.stopped);
    assert_string_equal(world_did(w), "intent:spam");
    assert_int_equal(world_eval(w, "价"), 2);
    assert_false(w->hits.stopped);
    assert_string_equal(world_did(w), "intent:price intent:any");
}

static void disabled_rules_are_silent_unless_tried_out(void **state)
{
    struct world *w = *state;
    const char *yaml = "rules: [{id: r, enabled: false, when: {any: [价]}, then: [{intent: p}]}]";
    struct qund_rules_source src = {"t.yaml", qund_str(yaml)};
    struct qund_rules_opts opts = world_opts(w);
    struct qund_errs errs;

    world_rules(w, yaml);
    assert_int_equal(world_eval(w, "价"), 0);
    qund_rules_unref(w->rules);
    opts.enable = QUND_STR("r");
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_rules_parse(&src, 1, &opts, &w->rules, &errs), 0);
    qund_errs_done(&errs);
    assert_int_equal(world_eval(w, "价"), 1);
}

/* --- with a store --- */
static int64_t count_rows(struct world *w, const char *sql)
{
    struct qund_stmt *st = qund_sql(w->db, sql);
    int64_t n;

    assert_non_null(st);
    assert_int_equal(qund_step(st), 1);
    n = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return n;
}

static void an_edit_makes_a_version_and_keeps_the_window(void **state)
{
    struct world *w = *state;

    world_open_db(w);
    use(w, COUNT3, "sender");
    assert_int_equal(qund_db_begin(w->db), 0);
    world_at(w, T0, "在");
    world_at(w, T0 + 1, "在");
    assert_int_equal(qund_rule_state_settle(w->state), 0);
    assert_int_equal(qund_db_commit(w->db), 0);
    qund_rule_state_committed(w->state);
    world_rules(w, "rules: [{id: r, title: 新, when: {any: [在], count: {gte: 3, within: 20m}},"
                   " then: [{intent: new}]}, {id: other, then: [{intent: x}]}]");
    w->state = qund_rule_state_free(w->state); /* as after a restart */
    w->state = qund_rule_state_new(w->db, false);
    assert_int_equal(qund_rule_state_bind(w->state, w->rules), 0);
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(world_at(w, T0 + 15 * MINUTE, "在"), 2);
    assert_string_equal(world_did(w), "intent:new intent:x");
    assert_int_equal(w->hits.fired[0].version, 2);
    assert_int_equal(w->hits.fired[1].version, 1);
    assert_int_equal(qund_db_commit(w->db), 0);
    assert_int_equal(count_rows(w, "SELECT count(*) FROM rule_version"), 3);
}

static void a_set_that_did_not_change_writes_nothing(void **state)
{
    struct world *w = *state;
    struct qund_rules_change change;

    world_open_db(w);
    world_rules(w, COOL);
    qund_rules_unref(w->rules); /* other spelling of the same */
    w->rules = world_parse(w, "# prices\nrules:\n- id: \"r\"\n  then: [{intent: p}, {tag: 't'}, "
                              "{lead: {score_add: 5}}, {alert: {text: a, to: consultant}}]\n"
                              "  cooldown: {per: sender, for: 10m}\n  when: {any: ['价']}\n");
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(qund_rules_store(w->db, w->rules, T0, &change), 0);
    assert_int_equal(change.same, 1);
    assert_int_equal(change.changed + change.added + change.removed, 0);
    qund_rules_unref(w->rules);
    w->rules = world_parse(w, "rules: [{id: q, then: [{intent: p}]}]");
    assert_int_equal(qund_rules_store(w->db, w->rules, T0, &change), 0);
    assert_int_equal(change.added, 1);
    assert_int_equal(change.removed, 1);
    assert_int_equal(qund_db_commit(w->db), 0);
    assert_int_equal(count_rows(w, "SELECT count(*) FROM rule WHERE active"), 1);
}

static void the_last_good_set_comes_back_from_the_store(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rules *back = NULL;
    struct qund_errs errs;
    struct qund_rule_info a, b;
    char path[128];
    size_t i;

    world_open_db(w);
    qund_errs_init(&errs, 5);
    assert_int_equal(qund_rules_from_store(w->db, &opts, &back, &errs), QUND_E_NOTFOUND);
    snprintf(path, sizeof(path), "%s/w.txt", w->dir);
    assert_int_equal(qund_file_replace(path, QUND_STR("刷单\n日结\n"), 0600, NULL), 0);
    snprintf(path, sizeof(path), "%s/a.yaml", w->dir);
    assert_int_equal(
        qund_file_replace(
            path,
            QUND_STR("rules:\n"
                     "- {id: b, when: {any: [{words: w.txt}, {regex: '\\d+ *\"x'}]},"
                     " then: [{intent: spam}]}\n"
                     "- {id: a, priority: 60, when: {hours: '09:00-10:00',"
                     " count: {gte: 2, within: 1h}}, then: [{tag: {name: t, for: 2d}}]}\n"),
            0600, NULL),
        0);
    {
        const char *dirs[] = {w->dir};

        assert_int_equal(qund_rules_load(dirs, 1, &opts, &w->rules, &errs), 0);
    }
    w->state = qund_rule_state_new(w->db, false);
    world_store(w);
    assert_int_equal(unlink(path), 0); /* the files are lost */
    assert_int_equal(qund_rules_from_store(w->db, &opts, &back, &errs), 0);
    assert_string_equal(qund_rules_digest(back), qund_rules_digest(w->rules));
    assert_int_equal(qund_rules_count(back), 2);
    for (i = 0; i < 2; i++) {
        qund_rules_info(back, i, &a);
        qund_rules_info(w->rules, i, &b);
        assert_string_equal(a.digest, b.digest);
        assert_true(qund_str_eq(a.source, b.source));
    }
    qund_rules_unref(w->rules);
    w->rules = back;
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(world_eval(w, "招日结"), 1);
    assert_int_equal(qund_db_commit(w->db), 0);
    qund_errs_done(&errs);
}

static void words_that_come_back_with_their_rule_are_stored_again(void **state)
{
    struct world *w = *state;
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rules *with, *back = NULL;
    struct qund_errs errs;
    char path[128];
    const char *dirs[] = {w->dir};

    world_open_db(w);
    qund_errs_init(&errs, 5);
    snprintf(path, sizeof(path), "%s/w.txt", w->dir);
    assert_int_equal(qund_file_replace(path, QUND_STR("刷单\n"), 0600, NULL), 0);
    snprintf(path, sizeof(path), "%s/a.yaml", w->dir);
    assert_int_equal(qund_file_replace(path,
                                       QUND_STR("rules: [{id: b, when: {any: [{words: w.txt}]},"
                                                " then: [{intent: spam}]}]"),
                                       0600, NULL),
                     0);
    assert_int_equal(qund_rules_load(dirs, 1, &opts, &with, &errs), 0);
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(qund_rules_store(w->db, with, 1, NULL), 0);
    w->rules = world_parse(w, "rules: []");
    assert_int_equal(qund_rules_store(w->db, w->rules, 2, NULL), 0);
    assert_int_equal(count_rows(w, "SELECT count(*) FROM rule_words"), 0);
    assert_int_equal(qund_rules_store(w->db, with, 3, NULL), 0);
    assert_int_equal(qund_rules_from_store(w->db, &opts, &back, &errs), 0);
    assert_string_equal(qund_rules_digest(back), qund_rules_digest(with));
    assert_int_equal(qund_db_commit(w->db), 0);
    qund_rules_unref(back);
    qund_rules_unref(with);
    qund_errs_done(&errs);
}

static void a_rollback_takes_marks_and_hits_back(void **state)
{
    struct world *w = *state;
    struct qund_rule_stat stat;
    int64_t first;

    world_open_db(w);
    use(w, COUNT3, "sender");
    assert_int_equal(qund_db_begin(w->db), 0);
    world_at(w, T0, "在");
    assert_int_equal(qund_rule_state_settle(w->state), 0);
    assert_int_equal(qund_db_save(w->db, "item"), 0);
    world_at(w, T0 + 1, "在");
    assert_int_equal(qund_db_rollback_to(w->db, "item"), 0);
    qund_rule_state_forget(w->state, w->in.seq);
    assert_int_equal(world_at(w, T0 + 2, "在"), 0); /* the second, not the third */
    assert_int_equal(world_at(w, T0 + 3, "在"), 1);
    assert_int_equal(qund_rule_state_settle(w->state), 0);
    assert_int_equal(qund_db_commit(w->db), 0);
    qund_rule_state_committed(w->state);
    assert_int_equal(qund_db_begin(w->db), 0);
    first = w->in.seq + 1;
    assert_int_equal(world_at(w, T0 + 4, "在"), 1);
    qund_db_rollback(w->db);
    qund_rule_state_forget(w->state, first);
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(qund_rule_state_settle(w->state), 0);
    assert_int_equal(qund_db_commit(w->db), 0);
    assert_int_equal(count_rows(w, "SELECT count(*) FROM rule_mark"), 1);
    w->state = qund_rule_state_free(w->state); /* from here on what the rows say */
    use(w, COUNT5, "sender");
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(world_at(w, T0 + 5, "在"), 0); /* three of before and this one */
    assert_int_equal(world_at(w, T0 + 6, "在"), 1);
    qund_db_rollback(w->db);
    assert_int_equal(qund_rule_stat(w->db, QUND_STR("r"), 1000, 1000, &stat), 0);
    assert_int_equal(stat.hits, 1);
    assert_int_equal(qund_rule_mark_irrelevant(w->db, QUND_STR("r"), 1000, 1), 0);
    assert_int_equal(qund_rule_stat(w->db, QUND_STR("r"), 1000, 1000, &stat), 0);
    assert_int_equal(stat.irrelevant, 1);
    assert_int_equal(qund_rule_mark_irrelevant(w->db, QUND_STR("none"), 1000, 1), QUND_E_NOTFOUND);
}

static void a_swap_that_is_rolled_back_leaves_the_old_set_at_work(void **state)
{
    struct world *w = *state;
    struct qund_rules *next;

    world_open_db(w);
    use(w, COUNT3, "sender");
    next = world_parse(w, "rules: [{id: a, then: [{intent: a}]}, {id: r, then: [{intent: b}]}]");
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(qund_rules_store(w->db, next, T0, NULL), 0);
    assert_int_equal(qund_rule_state_bind(w->state, next), 0);
    qund_db_rollback(w->db);
    qund_rule_state_forget(w->state, 0);
    qund_rules_unref(next);
    assert_int_equal(qund_db_begin(w->db), 0);
    world_at(w, T0, "在");
    world_at(w, T0, "在");
    assert_int_equal(world_at(w, T0, "在"), 1);
    assert_int_equal(w->hits.fired[0].version, 1);
    assert_int_equal(qund_db_commit(w->db), 0);
}

static void the_sweep_deletes_what_nobody_needs_in_slices(void **state)
{
    struct world *w = *state;
    int i;

    world_open_db(w);
    use(w, COUNT3, "sender");
    assert_int_equal(qund_db_begin(w->db), 0);
    for (i = 0; i < 10; i++) {
        w->in.contact_id = 1 + i % 5;
        world_at(w, T0 + i * MINUTE, "在");
    }
    assert_int_equal(qund_rule_state_settle(w->state), 0);
    assert_int_equal(count_rows(w, "SELECT count(*) FROM rule_mark"), 5); /* one a sender */
    assert_int_equal(qund_rule_state_sweep(w->state, T0 + 75 * MINUTE - 1, 10), 0);
    assert_int_equal(qund_rule_state_sweep(w->state, T0 + 2 * DAY, 3), 3);
    assert_int_equal(qund_rule_state_sweep(w->state, T0 + 2 * DAY, 3), 2);
    /* Whoever is still remembered gets his row back. */
    world_at(w, T0 + 9 * MINUTE, "在");
    assert_int_equal(qund_rule_state_settle(w->state), 0);
    assert_int_equal(count_rows(w, "SELECT count(*) FROM rule_mark"), 1);
    assert_int_equal(qund_db_commit(w->db), 0);
}

/* The same 600 events in batches of other sizes, with restarts between: the same rows and the same
 * effects. */
static void run_cut(struct world *w, int batch, struct qund_buf *did)
{
    static const char *const texts[] = {"在吗", "多少价", "在", "好的", "价"};
    uint64_t x = 42;
    int i;

    w->state = qund_rule_state_free(w->state);
    w->db = qund_db_close(w->db);
    qund_ignore(qund_dir_remove(w->dir, NULL)); /* the next line makes it again */
    assert_int_equal(qund_dir_make(w->dir, 0700, NULL), 0);
    world_event(w);
    world_open_db(w);
    world_rules(w, "rules:\n"
                   "- {id: c, when: {any: [在], count: {gte: 2, within: 3m, per: sender}},"
                   " then: [{intent: again}]}\n"
                   "- {id: p, when: {any: [价]}, cooldown: {for: 5m, per: group},"
                   " then: [{alert: {to: group_owner, text: '{{count}} {{message.text}}'}}]}\n");
    for (i = 0; i < 600; i++) {
        if (i % batch == 0)
            assert_int_equal(qund_db_begin(w->db), 0);
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
        w->in.group_id = 1 + (int64_t)(x >> 33) % 3;
        w->in.contact_id = 1 + (int64_t)(x >> 37) % 5;
        w->in.now = T0 + i * 10000;
        world_at(w, w->in.now - (int64_t)(x >> 40) % 200000, texts[(x >> 50) % 5]);
        qund_buf_printf(did, "%s|", world_did(w));
        if (i % 100 == 99)
            assert_true(qund_rule_state_sweep(w->state, w->in.now, 7) >= 0);
        if (i % batch == batch - 1 || i == 599) {
            assert_int_equal(qund_rule_state_settle(w->state), 0);
            assert_int_equal(qund_db_commit(w->db), 0);
            qund_rule_state_committed(w->state);
        }
        if (batch == 7 && i % 70 == 69) { /* a restart */
            w->state = qund_rule_state_free(w->state);
            w->state = qund_rule_state_new(w->db, false);
        }
        qund_arena_reset(w->arena);
    }
}

static void dump(struct world *w, struct qund_buf *out)
{
    struct qund_stmt *st = qund_sql(
        w->db, "SELECT group_concat(rule_no || ',' || what || ',' || per || ',' || group_id || ','"
               " || contact_id || ',' || gone || ',' || hex(marks), ';') FROM"
               " (SELECT * FROM rule_mark ORDER BY 1, 2, 3, 4, 5)"
               " UNION ALL SELECT group_concat(rule_no || ',' || day || ',' || hits, ';') FROM"
               " (SELECT * FROM rule_day ORDER BY 1, 2)");

    while (qund_step(st) == 1)
        qund_buf_str(out, qund_col_str(st, 0));
    qund_stmt_reset(st);
}

static void other_cuts_of_the_stream_make_the_same_rows(void **state)
{
    struct world *w = *state;
    struct qund_buf did1 = {0}, did2 = {0}, rows1 = {0}, rows2 = {0};

    run_cut(w, 600, &did1);
    dump(w, &rows1);
    run_cut(w, 7, &did2);
    dump(w, &rows2);
    assert_true(rows1.n > 1000);
    assert_true(qund_str_eq(qund_buf_view(&did1), qund_buf_view(&did2)));
    assert_true(qund_str_eq(qund_buf_view(&rows1), qund_buf_view(&rows2)));
    qund_buf_done(&did1);
    qund_buf_done(&did2);
    qund_buf_done(&rows1);
    qund_buf_done(&rows2);
}

static void a_flood_keeps_its_window_bounded(void **state)
{
    struct world *w = *state;
    int i;

    world_open_db(w);
    use(w, COUNT3, "sender");
    assert_int_equal(qund_db_begin(w->db), 0);
    for (i = 0; i < 5000; i++) {
        world_at(w, T0 + i, "在");
        if (i % 100 == 0)
            qund_arena_reset(w->arena);
    }
    assert_int_equal(w->rc, 1);
    assert_int_equal(qund_rule_state_settle(w->state), 0);
    assert_int_equal(qund_db_commit(w->db), 0);
    /* Three bytes for each of the 4096 that are kept, and the first in full. */
    assert_int_equal(
        count_rows(w, "SELECT length(marks) - 3 * 4096 BETWEEN 0 AND 12 FROM rule_mark"), 1);
}

static size_t held(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

/* 120 senders with the longest lists there are, 98 KB each. */
static void long_lists_of_few_senders_do_not_pile_up_in_memory(void **state)
{
    struct world *w = *state;
    size_t before, now, most = 0;
    int i;

    world_open_db(w);
    use(w, COUNT3, "sender");
    before = held();
    for (w->in.contact_id = 1; w->in.contact_id <= 120; w->in.contact_id++) {
        assert_int_equal(qund_db_begin(w->db), 0);
        for (i = 0; i < 4096; i++) {
            world_at(w, T0 + i, "在");
            if (i % 100 == 0)
                qund_arena_reset(w->arena);
        }
        assert_int_equal(qund_rule_state_settle(w->state), 0);
        assert_int_equal(qund_db_commit(w->db), 0);
        qund_rule_state_committed(w->state);
        now = held() - before;
        most = now > most ? now : most;
    }
    assert_true(most < 10u << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(count_reaches_its_number_within_the_window),
        world_test(count_is_kept_per_sender_contact_or_group),
        world_test(a_late_event_is_counted_where_it_belongs),
        world_test(the_history_of_last_year_is_counted_too),
        world_test(a_cooldown_holds_back_leads_and_alerts_only),
        world_test(firings_never_lie_closer_than_the_cooldown),
        world_test(higher_priority_goes_first_and_is_seen_by_the_rest),
        world_test(stop_ends_the_event),
        world_test(disabled_rules_are_silent_unless_tried_out),
        world_test(an_edit_makes_a_version_and_keeps_the_window),
        world_test(a_set_that_did_not_change_writes_nothing),
        world_test(the_last_good_set_comes_back_from_the_store),
        world_test(words_that_come_back_with_their_rule_are_stored_again),
        world_test(a_rollback_takes_marks_and_hits_back),
        world_test(a_swap_that_is_rolled_back_leaves_the_old_set_at_work),
        world_test(the_sweep_deletes_what_nobody_needs_in_slices),
        world_test(other_cuts_of_the_stream_make_the_same_rows),
        world_test(a_flood_keeps_its_window_bounded),
        world_test(long_lists_of_few_senders_do_not_pile_up_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
