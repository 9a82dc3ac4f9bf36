/* rule_world.h - a small world for tests of rules: a set from a text, events one by one. */
#ifndef RULE_WORLD_H
#define RULE_WORLD_H
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include "core/file.h"
#include "rule/rule.h"
#include "store/db.h"
#include "text/fold.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct world {
    const struct qund_fold *fold;
    struct qund_rules *rules;
    struct qund_rule_scratch *scratch;
    struct qund_rule_state *state;
    struct qund_arena *arena;
    struct qund_folded text;
    struct qund_db *db; /* NULL: the state lives in memory */
    char dir[64];

    /* of the next event */
    struct qund_event ev;
    struct qund_rule_input in;
    const char *tags; /* " 已成交 老客户 " */
    bool off_duty;
    struct qund_rule_hits hits;
    int rc;
};

static inline bool world_has_tag(void *arg, int64_t contact, struct qund_str tag)
{
    struct world *w = arg;
    char look[128];

    (void)contact;
    snprintf(look, sizeof(look), " %.*s ", QUND_STR_ARG(tag));
    return w->tags && strstr(w->tags, look);
}

static inline bool world_on_duty(void *arg, int64_t group, int64_t ts)
{
    (void)group, (void)ts;
    return !((struct world *)arg)->off_duty;
}

static inline void world_event(struct world *w)
{
    w->ev = (struct qund_event){
        .ts = 1000 * DAY,
        .type = QUND_EV_MESSAGE,
        .type_name = QUND_STR("message"),
        .kind = QUND_STR("text"),
        .id = QUND_STR("m1"),
        .realm = QUND_STR("r"),
        .channel = QUND_STR("r"),
        .group = QUND_STR("g1"),
        .group_name = QUND_STR("业主群"),
        .sender = QUND_STR("u1"),
        .sender_name = QUND_STR("橘子"),
    };
    w->in = (struct qund_rule_input){
        .ev = &w->ev,
        .now = 1000 * DAY,
        .arena = w->arena,
        .group_id = 1,
        .group_type = QUND_STR("home"),
        .role = QUND_ROLE_CUSTOMER,
        .contact_id = 7,
        .has_tag = world_has_tag,
        .on_duty = world_on_duty,
        .arg = w,
    };
    w->tags = NULL;
    w->off_duty = false;
}

static inline struct qund_rules_opts world_opts(const struct world *w)
{
    return (struct qund_rules_opts){.fold = w->fold};
}

static inline int world_open(void **state)
{
    struct world *w = qund_alloc(sizeof(*w));

    w->fold = qund_fold_tables();
    w->scratch = qund_rule_scratch_new();
    w->arena = qund_arena_new(4096);
    snprintf(w->dir, sizeof(w->dir), "/tmp/qund-rule-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    world_event(w);
    *state = w;
    return 0;
}

static inline int world_close(void **state)
{
    struct world *w = *state;

    qund_rule_state_free(w->state);
    qund_rule_scratch_free(w->scratch);
    qund_rules_unref(w->rules);
    qund_db_close(w->db);
    qund_folded_done(&w->text);
    qund_arena_free(w->arena);
    qund_ignore(qund_dir_remove(w->dir, NULL)); /* a leftover folder in /tmp fails no test */
    qund_free(w);
    return 0;
}

/* A text in which ' stands for ", to keep tests readable where JSON is at hand. */
static inline struct qund_rules *world_parse(struct world *w, const char *yaml)
{
    struct qund_rules_opts opts = world_opts(w);
    struct qund_rules_source src = {"test.yaml", qund_str(yaml)};
    struct qund_rules *out = NULL;
    struct qund_errs errs;
    int rc;

    qund_errs_init(&errs, 20);
    rc = qund_rules_parse(&src, 1, &opts, &out, &errs);
    if (rc < 0)
        fail_msg("%d: %s: %s", rc, errs.n ? errs.v[0].where : "", errs.n ? errs.v[0].text : "");
    qund_errs_done(&errs);
    return out;
}

static inline void world_store(struct world *w)
{
    assert_int_equal(qund_db_begin(w->db), 0);
    assert_int_equal(qund_rules_store(w->db, w->rules, w->in.now, NULL), 0);
    assert_int_equal(qund_rule_state_bind(w->state, w->rules), 0);
    assert_int_equal(qund_db_commit(w->db), 0);
    qund_rule_state_committed(w->state);
}

static inline void world_open_db(struct world *w)
{
    struct qund_db_cfg cfg = {.page_cache_bytes = 1 << 20, .busy_ms = 1000};
    char path[96];
    struct qund_err err = {0};

    snprintf(path, sizeof(path), "%s/qund.db", w->dir);
    cfg.path = path;
    if (qund_db_open(&cfg, QUND_DB_WRITE, NULL, &w->db, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
}

/* Replaces the set; windows and cooldowns stay. */
static inline void world_rules(struct world *w, const char *yaml)
{
    struct qund_rules *next = world_parse(w, yaml);

    qund_rules_unref(w->rules);
    w->rules = next;
    if (!w->state)
        w->state = qund_rule_state_new(w->db, false);
    if (w->db)
        world_store(w);
    else
        assert_int_equal(qund_rule_state_bind(w->state, w->rules), 0);
}

/* The event as it stands in w->ev and w->in; text NULL: none. Returns how many rules fired. */
static inline int world_eval(struct world *w, const char *text)
{
    w->ev.text = qund_str(text);
    w->in.seq++;
    w->in.text = NULL;
    if (text) {
        assert_int_equal(qund_fold_text(w->fold, w->ev.text, &w->text), 0);
        w->in.text = &w->text;
    }
    w->rc = qund_rules_eval(w->rules, w->scratch, &w->in, w->state, &w->hits);
    return w->rc;
}

static inline int world_at(struct world *w, int64_t ts, const char *text)
{
    w->ev.ts = ts;
    if (ts > w->in.now)
        w->in.now = ts;
    return world_eval(w, text);
}

/* "intent:a tag:b alert:text" of the last event. */
static inline const char *world_did(struct world *w)
{
    struct qund_buf out = {0};
    char *kept;
    size_t i;

    for (i = 0; i < w->hits.n_effects; i++) {
        const struct qund_rule_effect *e = &w->hits.effects[i];

        qund_buf_printf(&out, "%s%s:", i ? " " : "", qund_rule_act_name(e->act));
        if (e->act == QUND_ACT_LEAD)
            qund_buf_int(&out, e->score_add);
        else
            qund_buf_str(&out, e->text.p ? e->text : e->name);
    }
    kept = qund_arena_dup(w->arena, out.p ? out.p : "", out.n);
    qund_buf_done(&out);
    return kept;
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)
#endif
