/* src/app/simulate.c - two weeks of a group in a second, before any customer sees a word of it.
 *
 * Nothing here imitates the engine: it is the engine, on a store of its own in a temporary folder,
 * with the clock of the events. A group, staff and customers are made (or taken from an org file),
 * the plan is made by the command that the API sends, and then time goes from one thing that waits
 * to the next. What is played is only the people: staff receive the very cards that would reach
 * their phones and post what they say a few minutes later, customers react or do not. Whatever the
 * timeline shows was read from the rows afterwards.
 *
 * Chance comes from a seed, so that the same call prints the same timeline, which is what the
 * golden files of the shipped templates are compared with. */
#include "app/simulate_parts.h"
#include "core/clock.h"
#include "core/file.h"
#include "store/db.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const SCENARIOS[QUND_SIM_SCENARIOS] = {
    [QUND_SIM_SILENT] = "silent",
    [QUND_SIM_NORMAL] = "normal",
    [QUND_SIM_COMPLAINT] = "complaint",
    [QUND_SIM_ABSENT] = "absent-staff",
};

const char *qund_sim_scenario_name(enum qund_sim_scenario s)
{
    return (unsigned)s < QUND_SIM_SCENARIOS ? SCENARIOS[s] : "?";
}

int qund_sim_scenario_parse(struct qund_str name)
{
    return qund_str_index(name, SCENARIOS, QUND_SIM_SCENARIOS);
}

int qund_sim_fail(struct sim *s, int rc, const struct qund_err *err)
{
    if (err->text[0])
        qund_errs_add(s->errs, rc, err->where, "%s", err->text);
    else
        qund_errs_add(s->errs, rc, "simulate", "%s", qund_rc_name(rc));
    return rc;
}

uint64_t qund_sim_chance(const struct sim *s, int64_t of, const char *why, uint64_t n)
{
    char text[96];
    int len = snprintf(text, sizeof(text), "%llu/%lld/%.40s", (unsigned long long)s->o->seed,
                       (long long)of, why);
    uint64_t h = qund_hash64(text, (size_t)len);

    h ^= h >> 29; /* FNV's low bits of short texts are much alike */
    return n ? (h * UINT64_C(0x9E3779B97F4A7C15) >> 33) % n : 0;
}

static int make_folder(struct sim *s)
{
    struct qund_err err = {0};

    s->folder = qund_dir_temp("qund-simulate", &err);
    return s->folder ? 0 : qund_sim_fail(s, err.rc, &err);
}

static int open_store(struct sim *s)
{
    struct qund_err err = {0};
    int rc = make_folder(s);

    if (rc < 0)
        return rc;
    /* Nobody relies on what is written here. */
    if (qund_config_set(s->o->config, "queue.durability", QUND_STR("os"), s->errs) < 0)
        return QUND_E_INVAL;
    rc = qund_local_open(&(struct qund_local_opts){.data = s->folder,
                                                   .config = s->o->config,
                                                   .log = s->o->log,
                                                   .is_virtual = true,
                                                   .tidy_ms = QUND_HOUR_MS, /* days fly */
                                                   .outbox = true,
                                                   .rules = true},
                         &s->l, &err);
    return rc < 0 ? qund_sim_fail(s, rc, &err) : 0;
}

static int apply_org(struct sim *s)
{
    struct qund_err err = {0};
    int rc = qund_local_org_text(s->l, s->org_name, qund_buf_view(&s->org), s->now, s->errs, &err);

    if (rc == QUND_E_INVAL && s->errs->n > 0)
        return rc;
    return rc < 0 ? qund_sim_fail(s, rc, &err) : qund_sim_cast_numbers(s);
}

/* Everything up to the moment at which time begins to run. */
static int set_up(struct sim *s)
{
    int rc = qund_sim_cast(s);

    if (rc == 0)
        rc = qund_sim_templates(s);
    if (rc == 0)
        rc = qund_sim_times(s);
    if (rc == 0)
        rc = qund_sim_chat(s);
    if (rc == 0)
        rc = qund_sim_cast_config(s);
    if (rc == 0)
        rc = open_store(s);
    if (rc == 0)
        rc = apply_org(s);
    if (rc < 0)
        return rc;
    qund_sim_cast_joins(s);
    qund_sim_cast_sources(s);
    return 0;
}

static void tear_down(struct sim *s)
{
    if (s->l)
        qund_db_keep_wal(s->l->db); /* nobody opens it again */
    qund_local_close(s->l);
    if (s->folder)
        qund_ignore(qund_dir_remove(s->folder, NULL)); /* a left-over folder harms nobody */
    qund_free(s->folder);
    for (size_t i = 0; i < s->n_acts; i++)
        qund_free(s->heap[i].bytes);
    qund_free(s->heap);
    qund_free(s->told);
    for (size_t i = 0; i < s->n_groups; i++)
        qund_buf_done(&s->groups[i].chain);
    qund_buf_done(&s->chat.text);
    qund_free(s->chat.v);
    qund_buf_done(&s->org);
    qund_buf_done(&s->samples);
    qund_buf_done(&s->reply);
    qund_sop_templates_free(s->templates);
    qund_zone_free(s->zone);
    qund_arena_free(s->scratch);
    qund_arena_free(s->arena);
}

int qund_simulate(const struct qund_sim_opts *o, int (*line)(void *arg, struct qund_str json),
                  void *arg, struct qund_errs *errs)
{
    struct sim s = {
        .o = o, .errs = errs, .arena = qund_arena_new(65536), .scratch = qund_arena_new(65536)};
    struct qund_mono began = qund_mono_now();
    int rc = set_up(&s);

    if (rc == 0)
        rc = qund_sim_play(&s);
    s.seconds = (double)(qund_mono_now().ms - began.ms) / 1000;
    if (rc == 0)
        rc = qund_sim_tell(&s, line, arg);
    tear_down(&s);
    return rc;
}
