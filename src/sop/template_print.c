/* template_print.c - the canonical text of a template: JSON, and a template itself.
 *
 * Keys come in one order, what is default is left out, offsets, conditions and numbers are printed
 * in their one form. So two files that say the same have one digest, and an edit of a comment makes
 * no new version. What the parser derives (the well-known params) is written down: the text is
 * complete by itself. */
#include "core/file.h"
#include "core/json.h"
#include "sop/template_parts.h"

static void print_strs(struct qund_jw *w, const char *key, const struct qund_str *v, size_t n)
{
    if (n == 0)
        return;
    qund_jw_key(w, key);
    qund_jw_arr(w);
    for (size_t i = 0; i < n; i++)
        qund_jw_str(w, v[i]);
    qund_jw_end_arr(w);
}

static void print_str(struct qund_jw *w, const char *key, struct qund_str s)
{
    if (s.p)
        qund_jw_kstr(w, key, s);
}

/* What a printer of this folder makes, as a JSON string. */
#define PRINTED(w, key, call)                               \
    do {                                                    \
        QUND_AUTO(qund_buf_done) struct qund_buf out = {0}; \
                                                            \
        call;                                               \
        if (key)                                            \
            qund_jw_key(w, key);                            \
        qund_jw_str(w, qund_buf_view(&out));                \
    } while (0)

static void print_offset(struct qund_jw *w, const char *key, const struct qund_sop_offset *o)
{
    PRINTED(w, key, qund_sop_offset_print(o, &out));
}

static void print_duration(struct qund_jw *w, const char *key, int64_t ms)
{
    PRINTED(w, key, qund_sop_duration_print(ms, &out));
}

static void print_value(struct qund_jw *w, const char *key, const struct qund_sop_value *v)
{
    PRINTED(w, key, qund_sop_value_print(v, &out));
}

static void print_cond(struct qund_jw *w, const char *key, const struct qund_sop_cond *c)
{
    PRINTED(w, key, qund_sop_cond_print(c, &out));
}

static void print_conds(struct qund_jw *w, const char *key, const struct qund_sop_cond *v, size_t n)
{
    if (n == 0)
        return;
    qund_jw_key(w, key);
    qund_jw_arr(w);
    for (size_t i = 0; i < n; i++)
        print_cond(w, NULL, &v[i]);
    qund_jw_end_arr(w);
}

static void print_trigger(struct qund_jw *w, const struct qund_sop_template *t)
{
    const char *name = qund_sop_trigger_name(t->trigger);

    qund_jw_key(w, "trigger");
    if (t->trigger != QUND_SOP_DORMANT && !t->trigger_what.p) {
        qund_jw_str(w, qund_str(name));
        return;
    }
    qund_jw_obj(w);
    if (t->trigger == QUND_SOP_DORMANT)
        print_duration(w, name, t->trigger_ms);
    else
        qund_jw_kstr(w, name, t->trigger_what);
    qund_jw_end_obj(w);
}

static void print_goal(struct qund_jw *w, const struct qund_sop_template *t)
{
    if (!t->goal.p && t->n_targets == 0)
        return;
    qund_jw_key(w, "goal");
    qund_jw_obj(w);
    print_str(w, "main_conversion", t->goal);
    if (t->n_targets > 0) {
        qund_jw_key(w, "targets");
        qund_jw_obj(w);
        for (size_t i = 0; i < t->n_targets; i++) {
            const struct qund_sop_target *to = &t->targets[i];

            PRINTED(w, to->name.p,
                    (qund_buf_puts(&out, to->at_most ? "<=" : ">="),
                     qund_sop_value_print(&to->value, &out)));
        }
        qund_jw_end_obj(w);
    }
    qund_jw_end_obj(w);
}

static void print_roles(struct qund_jw *w, const struct qund_sop_template *t)
{
    bool any = false;

    for (int i = 0; i < QUND_SOP_ROLES; i++)
        any = any || t->roles[i].given;
    if (!any)
        return;
    qund_jw_key(w, "roles");
    qund_jw_obj(w);
    for (int i = 0; i < QUND_SOP_ROLES; i++) {
        const struct qund_sop_role_use *use = &t->roles[i];

        if (!use->given)
            continue;
        qund_jw_key(w, qund_sop_role_name((enum qund_sop_role)i));
        qund_jw_obj(w);
        qund_jw_kz(w, "actor_kind", use->invited_customer ? "invited_customer" : "staff");
        if (use->staff_true_count)
            qund_jw_kz(w, "fallback", "staff_true_count");
        print_str(w, "evidence", use->evidence);
        print_str(w, "disclosure", use->disclosure);
        qund_jw_end_obj(w);
    }
    qund_jw_end_obj(w);
}

static void print_params(struct qund_jw *w, const struct qund_sop_template *t)
{
    if (t->n_params == 0)
        return;
    qund_jw_key(w, "params");
    qund_jw_arr(w);
    for (size_t i = 0; i < t->n_params; i++) {
        qund_jw_obj(w);
        qund_jw_kstr(w, "name", t->params[i].name);
        qund_jw_kstr(w, "label", t->params[i].label);
        qund_jw_kstr(w, "type", t->params[i].type);
        print_str(w, "default", t->params[i].preset);
        qund_jw_end_obj(w);
    }
    qund_jw_end_arr(w);
}

static void print_say(struct qund_jw *w, const struct qund_sop_say *say)
{
    qund_jw_kz(w, "role", qund_sop_role_name(say->role));
    qund_jw_kz(w, "channel", qund_sop_channel_name(say->channel));
    qund_jw_kstr(w, "content", say->content);
    print_strs(w, "media", say->media, say->n_media);
}

static void print_expect(struct qund_jw *w, const struct qund_sop_expect *e)
{
    qund_jw_key(w, "expect");
    qund_jw_obj(w);
    PRINTED(w, "metric",
            (qund_buf_puts(&out, qund_sop_metric_name(e->metric)),
             qund_buf_puts(&out, e->of_what.p ? "." : ""), qund_buf_str(&out, e->of_what)));
    print_value(w, e->op == QUND_SOP_LTE ? "lte" : "gte", &e->value);
    print_duration(w, "window", e->window_ms);
    print_strs(w, "words", e->words, e->n_words);
    qund_jw_end_obj(w);
}

static void print_alert(struct qund_jw *w, const struct qund_sop_alert *a)
{
    qund_jw_key(w, "alert");
    qund_jw_obj(w);
    if (a->always)
        qund_jw_kz(w, "when", "always");
    else
        print_cond(w, "when", &a->when);
    qund_jw_kstr(w, "to", a->to);
    qund_jw_kstr(w, "level", a->level);
    qund_jw_end_obj(w);
}

static void print_step(struct qund_jw *w, const struct qund_sop_step *s)
{
    qund_jw_obj(w);
    qund_jw_kstr(w, "id", s->id);
    print_str(w, "title", s->title);
    print_offset(w, "at", &s->at);
    qund_jw_kz(w, "kind", qund_sop_kind_name(s->kind));
    print_say(w, &s->say);
    if (s->expect.given)
        print_expect(w, &s->expect);
    if (s->has_plan_b) {
        qund_jw_key(w, "plan_b");
        qund_jw_obj(w);
        print_say(w, &s->plan_b);
        if (s->plan_b_timed)
            print_offset(w, "at", &s->plan_b_at);
        qund_jw_end_obj(w);
    }
    print_strs(w, "tags", s->tags, s->n_tags);
    if (s->alert.given)
        print_alert(w, &s->alert);
    print_conds(w, "stop", s->stop, s->n_stop);
    print_duration(w, "late", s->late_ms);
    if (s->quiet_drop)
        qund_jw_kz(w, "quiet", "drop");
    if (s->work_days)
        qund_jw_kbool(w, "work_days", true);
    if (s->has_ready_by)
        print_offset(w, "ready_by", &s->ready_by);
    qund_jw_end_obj(w);
}

void qund_sop_template_print(struct qund_sop_template *t)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_jw w = qund_jw(&text);

    qund_jw_obj(&w);
    qund_jw_kstr(&w, "id", t->id);
    qund_jw_kstr(&w, "title", t->title);
    qund_jw_kstr(&w, "group_type", t->group_type);
    qund_jw_kz(&w, "scope", qund_sop_scope_name(t->scope));
    qund_jw_kz(&w, "anchor", qund_sop_anchor_name(t->anchor));
    print_trigger(&w, t);
    print_str(&w, "next", t->next);
    print_goal(&w, t);
    print_roles(&w, t);
    print_params(&w, t);
    print_conds(&w, "stop_all", t->stop_all, t->n_stop_all);
    qund_jw_key(&w, "steps");
    qund_jw_arr(&w);
    for (size_t i = 0; i < t->n_steps; i++)
        print_step(&w, &t->steps[i]);
    qund_jw_end_arr(&w);
    qund_jw_end_obj(&w);
    t->text = qund_arena_str(t->arena, qund_buf_view(&text));
    qund_sha256_hex(t->text.p, t->text.n, t->digest);
}
