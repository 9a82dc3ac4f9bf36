/* src/app/simulate_tell.c - what happened, read from the rows: the plan, each task with what was
 * expected of it, the alerts it raised, and a summary.
 *
 * Tasks and alerts come in order of time, as an operator would have lived through them: a task at
 * the moment it was due, an alert when it was raised. */
#include "alert/alert.h"
#include "app/simulate_parts.h"
#include "store/db.h"
#include <jansson.h>
#include <stdlib.h>

#define PAGE 500

struct told {
    int64_t at;
    int kind; /* 0 a task, 1 an alert */
    int64_t id;
    json_t *o;
};
struct all {
    struct told *v;
    size_t n, cap;
    int64_t other_alerts; /* of rules, not of the plan */
};

static int64_t instant(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    int64_t ms;

    return s && qund_iso_parse(qund_str(s), &ms) == 0 ? ms : 0;
}

static void keep(struct all *a, json_t *o, int kind, const char *when)
{
    if (a->n == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 256;
        a->v = qund_realloc(a->v, a->cap * sizeof(*a->v));
    }
    a->v[a->n++] = (struct told){.at = instant(o, when),
                                 .kind = kind,
                                 .id = json_integer_value(json_object_get(o, "id")),
                                 .o = json_incref(o)};
}

static json_t *list_of(const struct qund_buf *objects)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    json_error_t why;

    qund_buf_printf(&b, "[%.*s]", QUND_STR_ARG(qund_buf_view(objects)));
    return json_loadb(b.p, b.n, 0, &why);
}

static int read_tasks(struct sim *s, struct all *a)
{
    struct qund_task_filter f = {.limit = PAGE};
    int64_t due, id; /* not f's own: they are set before f is read */
    int rc;

    do {
        QUND_AUTO(qund_buf_done) struct qund_buf page = {0};
        json_t *list, *o;
        size_t i;

        rc = qund_sop_task_list(s->l->db, &f, &page, &due, &id);
        f.after_due = due;
        f.after_id = id;
        list = rc < 0 ? NULL : list_of(&page);
        json_array_foreach(list, i, o) keep(a, o, 0, "due");
        json_decref(list);
    } while (rc >= 0 && f.after_id > 0);
    return rc < 0 ? rc : 0;
}

static int read_alerts(struct sim *s, struct all *a)
{
    struct qund_alert_filter f = {.state = -1, .limit = PAGE};
    int64_t next;
    int rc;

    do {
        QUND_AUTO(qund_buf_done) struct qund_buf page = {0};
        json_t *list, *o;
        size_t i;

        rc = qund_alert_list(s->l->db, &f, &page, &next);
        f.before_id = next;
        list = rc < 0 ? NULL : list_of(&page);
        json_array_foreach(list, i, o)
        {
            const char *rule = json_string_value(json_object_get(o, "rule"));

            if (rule && strncmp(rule, "sop:", 4) == 0)
                keep(a, o, 1, "first_ts");
            else
                a->other_alerts++;
        }
        json_decref(list);
    } while (rc >= 0 && f.before_id > 0);
    return rc < 0 ? rc : 0;
}

static int by_time(const void *a, const void *b)
{
    const struct told *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind - y->kind;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* --- lines --- */

struct telling {
    int (*line)(void *arg, struct qund_str json);
    void *arg;
};

static int tell(const struct telling *t, json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);
    int rc = text ? t->line(t->arg, qund_str(text)) : QUND_E_NOMEM;

    free(text);
    return rc;
}

static json_t *loaded(const struct qund_buf *b)
{
    json_error_t why;

    return json_loadb(b->p ? b->p : "", b->n, 0, &why);
}

static void put_time(json_t *o, const char *key, int64_t at)
{
    char iso[25];

    qund_iso_print(at, iso);
    json_object_set_new(o, key, json_string(iso));
}

static int tell_plan(struct sim *s, const struct telling *t)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    json_t *o = json_object(), *plan, *reply, *samples;
    int rc = qund_sop_plan_print(s->l->db, s->plan, &json);

    json_object_set_new(o, "kind", json_string("plan"));
    json_object_set_new(o, "scenario", json_string(qund_sim_scenario_name(s->o->scenario)));
    json_object_set_new(o, "recorded", json_boolean(s->o->messages));
    json_object_set_new(o, "seed", json_integer((json_int_t)s->o->seed));
    json_object_set_new(o, "zone", json_string(qund_zone_name(s->zone)));
    json_object_set_new(o, "customers", json_integer((json_int_t)s->groups[0].n_customers));
    samples = loaded(&s->samples);
    json_object_set_new(o, "samples", samples ? samples : json_object());
    reply = loaded(&s->reply);
    json_object_set(o, "warnings", json_object_get(reply, "warnings"));
    json_object_set(o, "clashes", json_object_get(reply, "clashes"));
    plan = loaded(&json);
    json_object_del(plan, "task_list"); /* they follow, one a line */
    json_object_del(plan, "more_tasks");
    json_object_set(o, "plan", plan);
    json_decref(plan);
    json_decref(reply);
    if (rc == 0)
        rc = tell(t, o);
    json_decref(o);
    return rc;
}

static void count(json_t *counts, const char *key)
{
    json_object_set_new(counts, key,
                        json_integer(json_integer_value(json_object_get(counts, key)) + 1));
}

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static void count_task(const json_t *o, json_t *states, json_t *outcomes, json_t *skips,
                       json_int_t *plan_b)
{
    const json_t *x = json_object_get(o, "expectation");

    count(states, text(o, "state"));
    if (*text(x, "outcome"))
        count(outcomes, text(x, "outcome"));
    if (strcmp(text(o, "state"), "skipped") == 0)
        count(skips, text(o, "reason"));
    *plan_b += json_integer_value(json_object_get(o, "plan_b")) > 0;
}

static int tell_summary(struct sim *s, const struct all *a, const struct telling *t)
{
    json_t *o = json_object(), *states = json_object(), *outcomes = json_object();
    json_t *skips = json_object();
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    json_int_t plan_b = 0, alerts = 0;
    json_t *plan;
    int rc = qund_sop_plan_print(s->l->db, s->plan, &json);

    for (size_t i = 0; i < a->n; i++) {
        if (a->v[i].kind == 0)
            count_task(a->v[i].o, states, outcomes, skips, &plan_b);
        else
            alerts++;
    }
    plan = loaded(&json);
    json_object_set_new(o, "kind", json_string("summary"));
    json_object_set(o, "state", json_object_get(plan, "state"));
    put_time(o, "end", s->end);
    json_object_set_new(o, "tasks", states);
    json_object_set_new(o, "skipped", skips);
    json_object_set_new(o, "expectations", outcomes);
    json_object_set_new(o, "plan_b", json_integer(plan_b));
    json_object_set_new(o, "alerts", json_integer(alerts));
    json_object_set_new(o, "other_alerts", json_integer(a->other_alerts));
    json_object_set(o, "goals", json_object_get(plan, "goals"));
    json_object_set_new(o, "groups", json_integer((json_int_t)s->n_groups));
    json_object_set_new(o, "events", json_integer((json_int_t)s->events));
    json_object_set_new(o, "dead", json_integer((json_int_t)qund_db_rows(s->l->db, "dead")));
    json_decref(plan);
    if (rc == 0)
        rc = tell(t, o);
    json_decref(o);
    return rc;
}

int qund_sim_tell(struct sim *s, int (*line)(void *arg, struct qund_str json), void *arg)
{
    static const char *const KINDS[] = {"task", "alert"};
    struct telling t = {line, arg};
    struct all a = {0};
    int rc = read_tasks(s, &a);

    if (rc == 0)
        rc = read_alerts(s, &a);
    if (rc < 0)
        qund_sim_fail(s, rc, &(struct qund_err){.where = "store"});
    if (a.n > 0)
        qsort(a.v, a.n, sizeof(*a.v), by_time);
    if (rc == 0)
        rc = tell_plan(s, &t);
    for (size_t i = 0; rc == 0 && i < a.n; i++) {
        json_t *o = json_object();

        json_object_set_new(o, "kind", json_string(KINDS[a.v[i].kind]));
        json_object_update(o, a.v[i].o);
        /* A task has a kind of its own: what its step is for. */
        if (a.v[i].kind == 0)
            json_object_set(o, "step_kind", json_object_get(a.v[i].o, "kind"));
        json_object_set_new(o, "kind", json_string(KINDS[a.v[i].kind]));
        rc = tell(&t, o);
        json_decref(o);
    }
    if (rc == 0)
        rc = tell_summary(s, &a, &t);
    for (size_t i = 0; i < a.n; i++)
        json_decref(a.v[i].o);
    qund_free(a.v);
    return rc;
}
