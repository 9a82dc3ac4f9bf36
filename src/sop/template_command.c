/* src/sop/template_command.c - templates come into the store: from the operator's folders, whole
 * (sop.templates), or one by one through the API (template.put, template.drop).
 *
 * Files are the master of what they name: the API neither changes nor removes those. A template
 * whose text is what it was makes no version, so a reload of the same files writes nothing.
 *
 * A set of files that is refused (sop.refused) leaves what was read before in force. That is kept
 * until a set is taken, because whoever makes a plan meanwhile has perhaps just edited the file. */
#include "sop/plan_parts.h"
#include "store/meta.h"

#define REFUSED "sop_refused" /* the body of the command; "" none */

struct swap {
    struct plan_cmd *c;
    const struct qund_sop_templates *set;
    int64_t added, changed, same, gone;
};

/* A version of its own if it says something new. *how: which of the counters it adds to. */
static int keep(struct plan_cmd *c, const struct qund_sop_template *t, bool file,
                struct swap *count, int64_t *version)
{
    struct sop_version last = {0};
    int rc = qund_sop_version_sql_last(c->s->deps.db, t->id, &last);
    bool fresh = rc == QUND_E_NOTFOUND;

    if (rc < 0 && !fresh)
        return rc;
    *version = last.version;
    if (!fresh && strcmp(last.digest, t->digest) == 0 && last.file == file) {
        count->same += !last.gone;
        count->added += last.gone;
        return last.gone ? qund_sop_version_sql_gone(c->s->deps.db, t->id, false) : 0;
    }
    *version = last.version + 1;
    count->added += fresh || last.gone;
    count->changed += !fresh && !last.gone;
    rc = qund_sop_version_sql_put(c->s->deps.db, t, *version, file, c->ask->now);
    if (rc == 0 && last.gone)
        rc = qund_sop_version_sql_gone(c->s->deps.db, t->id, false);
    return rc;
}

static int drop_gone(void *arg, struct qund_str id)
{
    struct swap *w = arg;

    if (qund_sop_templates_find(w->set, id))
        return 0;
    w->gone++;
    return qund_sop_version_sql_gone(w->c->s->deps.db, id, true);
}

/* --- files that were refused --- */

int qund_templates_refused(struct plan_cmd *c)
{
    int rc = qund_meta_set_str(c->s->deps.db, REFUSED, c->ask->body);

    if (rc == 0)
        qund_buf_puts(c->reply, "{}");
    return rc;
}

int qund_templates_refusal(struct qund_db *db, struct qund_arena *arena, struct sop_refused *out)
{
    static const char *const keys[] = {"where", "text", "more"};
    QUND_AUTO(qund_buf_done) struct qund_buf kept = {0};
    struct qund_str raw[3];
    int rc = qund_meta_str(db, REFUSED, &kept);

    *out = (struct sop_refused){QUND_STR(""), QUND_STR(""), 0};
    if (rc < 0 || kept.n == 0)
        return rc < 0 ? rc : QUND_E_NOTFOUND;
    rc = qund_sop_body_read(arena, qund_arena_str(arena, qund_buf_view(&kept)), keys, 3, raw, NULL);
    if (rc == 0)
        rc = qund_sop_body_text(arena, raw[0], "where", &out->where, NULL);
    if (rc == 0)
        rc = qund_sop_body_text(arena, raw[1], "text", &out->text, NULL);
    out->where = qund_arena_str(arena, out->where); /* with a NUL behind it */
    return rc < 0 ? rc : qund_sop_body_int(raw[2], "more", &out->more, NULL);
}

static int all_taken(struct qund_db *db)
{
    QUND_AUTO(qund_buf_done) struct qund_buf kept = {0};
    int rc = qund_meta_str(db, REFUSED, &kept);

    if (rc < 0 || kept.n == 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    return qund_meta_set_str(db, REFUSED, QUND_STR(""));
}

/* --- all of the folders --- */

int qund_templates_swap(struct plan_cmd *c)
{
    struct swap w = {.c = c, .set = c->ask->attach};
    struct qund_jw jw = qund_jw(c->reply);
    int64_t version;
    int rc = 0;

    if (!w.set)
        return qund_err_set(c->err, QUND_E_INVAL, "sop.templates",
                            "comes from the daemon's own folders; use template.put");
    for (size_t i = 0; rc == 0 && i < w.set->n; i++)
        rc = keep(c, w.set->v[i], true, &w, &version);
    if (rc == 0)
        rc = qund_sop_version_sql_each(c->s->deps.db, true, drop_gone, &w);
    if (rc == 0)
        rc = all_taken(c->s->deps.db);
    if (rc < 0)
        return rc;
    qund_jw_obj(&jw);
    qund_jw_kint(&jw, "added", w.added);
    qund_jw_kint(&jw, "changed", w.changed);
    qund_jw_kint(&jw, "removed", w.gone);
    qund_jw_kint(&jw, "same", w.same);
    qund_jw_end_obj(&jw);
    return 0;
}

/* --- one by one --- */

static void put_findings(struct qund_jw *w, const char *key, const struct qund_errs *v)
{
    qund_jw_key(w, key);
    qund_jw_arr(w);
    for (size_t i = 0; i < v->n; i++)
        qund_jw_printf(w, "%s: %s", v->v[i].where, v->v[i].text);
    qund_jw_end_arr(w);
}

static int of_file(struct plan_cmd *c, struct qund_str id)
{
    struct sop_version last = {0};
    int rc = qund_sop_version_sql_last(c->s->deps.db, id, &last);

    if (rc == 0 && last.file && !last.gone)
        return qund_err_set(c->err, QUND_E_DENIED, "managed_by_file",
                            "the template '%.*s' is a file's: change it there",
                            QUND_STR_ARG(qund_utf8_cut(id, 60)));
    return rc;
}

/* `next` that names nobody or leads back is refused before a plan hangs on it. */
static int check_next(struct plan_cmd *c, const struct qund_sop_template *t)
{
    struct qund_str next = t->next;
    struct sop_version last;
    int rc = 0;

    for (int hops = 0; rc == 0 && next.n > 0; hops++) {
        const struct qund_sop_template *to;

        if (qund_str_eq(next, t->id) || hops == 50)
            return qund_err_set(c->err, QUND_E_INVAL, "next",
                                "the plans that follow lead back to '%.*s'", QUND_STR_ARG(t->id));
        rc = qund_sop_version_sql_last(c->s->deps.db, next, &last);
        if (rc == QUND_E_NOTFOUND || (rc == 0 && last.gone))
            return qund_err_set(c->err, QUND_E_INVAL, "next", "there is no template '%.*s'",
                                QUND_STR_ARG(qund_utf8_cut(next, 60)));
        to = rc == 0 ? qund_plan_template(c->s, next, last.version, &rc) : NULL;
        next = to ? to->next : QUND_STR_NONE;
    }
    return rc;
}

static int parse(struct plan_cmd *c, struct qund_str name, struct qund_str text,
                 struct qund_sop_template **out, struct qund_jw *w)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs warnings = {0};
    char file[96];
    int rc;

    qund_errs_init(&errs, SOP_FINDINGS_MAX);
    qund_errs_init(&warnings, SOP_FINDINGS_MAX);
    snprintf(file, sizeof(file), "%.*s", QUND_STR_ARG(qund_utf8_cut(name, 90)));
    rc = qund_sop_template_parse(file, text, out, &errs, &warnings);
    put_findings(w, "errors", &errs);
    put_findings(w, "warnings", &warnings);
    if (rc < 0 && errs.n > 0)
        return qund_err_set(c->err, rc, errs.v[0].where, "%.250s%s", errs.v[0].text,
                            errs.n > 1 ? " (and more: `errors` names all)" : "");
    return rc;
}

/* {text, name}: name is what errors print. */
int qund_template_put(struct plan_cmd *c)
{
    static const char *const keys[] = {"text", "name"};
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;
    struct qund_str raw[2], text = QUND_STR(""), name = QUND_STR("template");
    struct qund_jw w = qund_jw(c->reply);
    struct swap count = {0};
    int64_t version = 0;
    int rc = qund_sop_body_read(c->arena, c->ask->body, keys, 2, raw, c->err);

    if (rc == 0)
        rc = qund_sop_body_text(c->arena, raw[0], "text", &text, c->err);
    if (rc == 0)
        rc = qund_sop_body_text(c->arena, raw[1], "name", &name, c->err);
    if (rc < 0)
        return rc;
    qund_jw_obj(&w);
    rc = parse(c, name, text, &t, &w);
    if (rc == 0)
        rc = of_file(c, t->id);
    if (rc == 0 || rc == QUND_E_NOTFOUND)
        rc = check_next(c, t);
    if (rc == 0)
        rc = keep(c, t, false, &count, &version);
    if (rc == 0) {
        qund_jw_kstr(&w, "id", t->id);
        qund_jw_kint(&w, "version", version);
    }
    qund_jw_end_obj(&w);
    return rc;
}

int qund_template_drop(struct plan_cmd *c)
{
    static const char *const keys[] = {"id"};
    struct qund_str raw, id = QUND_STR("");
    int rc = qund_sop_body_read(c->arena, c->ask->body, keys, 1, &raw, c->err);

    if (rc == 0)
        rc = qund_sop_body_text(c->arena, raw, "id", &id, c->err);
    if (rc == 0)
        rc = of_file(c, id);
    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(c->err, rc, "template", "there is no template '%.*s'",
                            QUND_STR_ARG(qund_utf8_cut(id, 60)));
    if (rc == 0)
        rc = qund_sop_version_sql_gone(c->s->deps.db, id, true);
    if (rc == 0)
        qund_buf_puts(c->reply, "{}");
    return rc;
}
