/* src/sop/draft_ask.c - what was typed, made into a draft. What cannot be read at all is refused at
 * once; what can be read and is wrong (a group that is not there, an unknown parameter) is noted,
 * so that all of it is told together. */
#include "sop/internal.h"

struct asking {
    struct sop_draft *d;
    struct qund_err *err;
    struct qund_jw w; /* of the parameters' new object */
    struct qund_str given;
};

/* --- which template --- */

struct nearest {
    const char *names[64];
    size_t n;
    struct qund_arena *arena;
};

static int add_name(void *arg, struct qund_str id)
{
    struct nearest *near = arg;

    if (near->n < QUND_ARRAY_LEN(near->names))
        near->names[near->n++] = qund_arena_dup(near->arena, id.p, id.n);
    return 0;
}

static int no_template(struct sop_draft *d, struct qund_str id, struct qund_err *err)
{
    struct nearest near = {.arena = d->arena};
    struct sop_refused refused;
    const char *found;
    int rc = qund_sop_version_sql_each(d->s->deps.db, false, add_name, &near);

    if (rc < 0)
        return rc;
    found = qund_str_nearest(id, near.names, near.n);
    rc = qund_templates_refusal(d->s->deps.db, d->arena, &refused);
    if (rc == 0) /* its file may be there, and not in force */
        return qund_err_set(err, QUND_E_NOTFOUND, "template",
                            "there is no template '%.*s'; the files of sop.dirs were refused: "
                            "%.*s: %.*s",
                            QUND_STR_ARG(qund_utf8_cut(id, 60)), QUND_STR_ARG(refused.where),
                            QUND_STR_ARG(qund_utf8_cut(refused.text, 120)));
    if (rc != QUND_E_NOTFOUND)
        return rc;
    return qund_err_set(err, QUND_E_NOTFOUND, "template", "there is no template '%.*s'%s%s%s",
                        QUND_STR_ARG(qund_utf8_cut(id, 60)),
                        found    ? "; nearest known: '"
                        : near.n ? "; `qund sop list` (GET /api/v1/sop/templates) names all"
                                 : "; none is loaded yet",
                        found ? found : "", found ? "'" : "");
}

/* The files are read whole or not at all: with one of them broken this is not what the template's
 * own file may say by now. */
static int tell_older(struct sop_draft *d)
{
    struct sop_refused refused;
    QUND_AUTO(qund_buf_done) struct qund_buf more = {0};
    int rc = qund_templates_refusal(d->s->deps.db, d->arena, &refused);

    if (rc < 0)
        return rc == QUND_E_NOTFOUND ? 0 : rc;
    if (refused.more > 0)
        qund_buf_printf(&more, " (and %lld more)", (long long)refused.more);
    qund_errs_add(&d->warnings, QUND_E_INVAL, refused.where.p,
                  "%.*s%s; with a broken file none is read: version %lld of '%.*s', read before, "
                  "is used. Mend it and send SIGHUP",
                  QUND_STR_ARG(qund_utf8_cut(refused.text, 150)), more.n > 0 ? more.p : "",
                  (long long)d->plan.version, QUND_STR_ARG(qund_utf8_cut(d->plan.template, 40)));
    return 0;
}

static int pick_version(struct sop_draft *d, const struct sop_draft_ask *ask, struct qund_err *err)
{
    struct sop_version last;
    struct qund_str said = QUND_STR_NONE;
    int rc = qund_sop_version_sql_last(d->s->deps.db, d->plan.template, &last);

    if (rc == QUND_E_NOTFOUND)
        return no_template(d, d->plan.template, err);
    if (rc == 0)
        rc = qund_sop_body_text(d->arena, ask->version, "version", &said, err);
    if (rc < 0)
        return rc;
    if (!said.p && d->plan.version > 0)
        return 0; /* an edit or a clone: as it was pinned */
    if (!said.p || qund_str_is(said, "latest"))
        d->plan.version = last.version;
    else if (qund_str_int(said, &d->plan.version) < 0)
        return qund_err_set(err, QUND_E_INVAL, "version", "must be a number or \"latest\"");
    if (last.gone && !d->edits)
        qund_errs_add(&d->problems, QUND_E_INVAL, "template",
                      "the file of '%.*s' was removed: put it back, or pick another",
                      QUND_STR_ARG(qund_utf8_cut(d->plan.template, 60)));
    return last.file && d->plan.version == last.version ? tell_older(d) : 0;
}

static int ask_template(struct sop_draft *d, const struct sop_draft_ask *ask, struct qund_err *err)
{
    int rc = qund_sop_body_text(d->arena, ask->template, "template", &d->plan.template, err);

    if (rc == 0 && d->plan.template.n == 0)
        return qund_err_set(err, QUND_E_INVAL, "template", "is missing: name a template");
    if (rc == 0)
        rc = pick_version(d, ask, err);
    if (rc < 0)
        return rc;
    d->t = qund_plan_template(d->s, d->plan.template, d->plan.version, &rc);
    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(err, rc, "version", "'%.*s' has no version %lld",
                            QUND_STR_ARG(qund_utf8_cut(d->plan.template, 60)),
                            (long long)d->plan.version);
    if (rc == QUND_E_INVAL)
        return qund_err_set(err, rc, "template",
                            "version %lld of '%.*s' was made by an older program and cannot be "
                            "read now: take the latest",
                            (long long)d->plan.version,
                            QUND_STR_ARG(qund_utf8_cut(d->plan.template, 60)));
    return rc;
}

/* --- whom it is for --- */

static int add_group(void *arg, struct qund_str key, struct qund_str raw)
{
    struct asking *a = arg;
    struct qund_str said = QUND_STR_NONE;
    int64_t id = 0;
    int rc = qund_sop_body_text(a->d->arena, raw, "groups", &said, a->err);

    (void)key;
    if (rc < 0)
        return rc;
    if (qund_str_int(said, &id) < 0) {
        rc = qund_place_sql_named(a->d->s->deps.db, said, &id);
        if (rc == QUND_E_NOTFOUND || rc == QUND_E_EXISTS) {
            qund_errs_add(&a->d->problems, QUND_E_INVAL, "groups", "%s group is called '%.*s'",
                          rc == QUND_E_EXISTS ? "more than one" : "no",
                          QUND_STR_ARG(qund_utf8_cut(said, 60)));
            return 0;
        }
    }
    return rc < 0 ? rc : qund_draft_place(a->d, id);
}

static int found_group(void *arg, int64_t id)
{
    return qund_draft_place(arg, id);
}

static int add_tagged(void *arg, struct qund_str key, struct qund_str raw)
{
    struct asking *a = arg;
    struct qund_str tag = QUND_STR_NONE;
    size_t had = a->d->n_places;
    int rc = qund_sop_body_text(a->d->arena, raw, "groups.tags", &tag, a->err);

    (void)key;
    if (rc == 0)
        rc = qund_place_sql_tagged(a->d->s->deps.db, tag, found_group, a->d);
    if (rc == 0 && a->d->n_places == had)
        qund_errs_add(&a->d->warnings, QUND_E_NOTFOUND, "groups.tags",
                      "no active group (more) has the tag '%.*s'",
                      QUND_STR_ARG(qund_utf8_cut(tag, 60)));
    return rc;
}

static int add_typed(void *arg, struct qund_str key, struct qund_str raw)
{
    struct asking *a = arg;
    struct qund_str name = QUND_STR_NONE;
    int type, rc = qund_sop_body_text(a->d->arena, raw, "groups.types", &name, a->err);

    (void)key;
    if (rc < 0)
        return rc;
    type = qund_group_type_parse(name);
    if (type < 0)
        return qund_err_set(a->err, QUND_E_INVAL, "groups.types",
                            "'%.*s' is no type of group: home, ecommerce, course, ticketing, other",
                            QUND_STR_ARG(qund_utf8_cut(name, 60)));
    return qund_place_sql_typed(a->d->s->deps.db, type, found_group, a->d);
}

static int add_kind(void *arg, struct qund_str key, struct qund_str raw)
{
    struct asking *a = arg;
    struct qund_arena *arena = a->d->arena;

    if (!key.p) /* the list itself */
        return add_group(arg, key, raw);
    if (qund_str_is(key, "ids"))
        return qund_sop_body_each(arena, raw, "groups.ids", add_group, a, a->err);
    if (qund_str_is(key, "tags"))
        return qund_sop_body_each(arena, raw, "groups.tags", add_tagged, a, a->err);
    if (qund_str_is(key, "types"))
        return qund_sop_body_each(arena, raw, "groups.types", add_typed, a, a->err);
    return qund_err_set(a->err, QUND_E_INVAL, "groups",
                        "unknown key '%.*s': ids, tags and types are known",
                        QUND_STR_ARG(qund_utf8_cut(key, 60)));
}

static int add_contact(void *arg, struct qund_str key, struct qund_str raw)
{
    struct asking *a = arg;
    struct sop_draft *d = a->d;
    struct qund_crm_contact *c;
    int64_t id = 0;
    int rc = qund_sop_body_int(raw, "contacts", &id, a->err);

    (void)key;
    if (rc < 0)
        return rc;
    rc = qund_crm_contact_by_id(d->s->deps.crm, id, &c);
    if (rc == QUND_E_NOTFOUND) {
        qund_errs_add(&d->problems, rc, "contacts", "there is no contact %lld", (long long)id);
        return 0;
    }
    if (rc < 0)
        return rc;
    if (d->n_contacts == SOP_CONTACTS_MAX)
        return qund_err_set(a->err, QUND_E_INVAL, "contacts", "more than %u: make several plans",
                            SOP_CONTACTS_MAX);
    if (!d->contacts)
        d->contacts = qund_arena_alloc(d->arena, SOP_CONTACTS_MAX * sizeof(*d->contacts));
    d->contacts[d->n_contacts++] = id;
    return 0;
}

static int ask_whom(struct asking *a, const struct sop_draft_ask *ask)
{
    struct sop_draft *d = a->d;
    int rc = 0;

    if (ask->groups.p) {
        d->n_places = 0;
        rc = qund_sop_body_each(d->arena, ask->groups, "groups", add_kind, a, a->err);
    }
    if (rc == 0 && ask->contacts.p)
        rc = qund_sop_body_each(d->arena, ask->contacts, "contacts", add_contact, a, a->err);
    if (rc == 0 && d->n_places == 0 && qund_sop_personal(d->t))
        rc = qund_draft_place(d, 0);
    return rc;
}

/* --- with which words --- */

static bool is_param(const struct qund_sop_template *t, struct qund_str name)
{
    for (size_t i = 0; i < t->n_params; i++)
        if (qund_str_eq(t->params[i].name, name))
            return true;
    return false;
}

static void unknown_param(struct sop_draft *d, struct qund_str name)
{
    const char **names = qund_arena_alloc(d->arena, (d->t->n_params + 1) * sizeof(*names));
    const char *near;

    for (size_t i = 0; i < d->t->n_params; i++)
        names[i] = qund_arena_dup(d->arena, d->t->params[i].name.p, d->t->params[i].name.n);
    near = qund_str_nearest(name, names, d->t->n_params);
    qund_errs_add(&d->problems, QUND_E_INVAL, "params",
                  "the template has no parameter '%.*s'%s%s%s",
                  QUND_STR_ARG(qund_utf8_cut(name, 60)), near ? "; nearest known: '" : "",
                  near ? near : "", near ? "'" : "");
}

static void put_param(struct asking *a, struct qund_str key, struct qund_str value)
{
    char *z = qund_arena_dup(a->d->arena, key.p, key.n);

    qund_jw_kstr(&a->w, z, value);
}

static int new_param(void *arg, struct qund_str key, struct qund_str raw)
{
    struct asking *a = arg;
    struct qund_str value = QUND_STR_NONE;
    int rc;

    if (!key.p)
        return qund_err_set(a->err, QUND_E_INVAL, "params", "must be an object");
    if (!is_param(a->d->t, key)) {
        unknown_param(a->d, key);
        return 0;
    }
    if (qund_str_is(raw, "null"))
        return 0; /* taken back */
    rc = qund_sop_body_text(a->d->arena, raw, "params", &value, a->err);
    if (rc == 0)
        put_param(a, key, value);
    return rc;
}

/* One that is there and not said anew stays, if the template (of another version, perhaps) still
 * knows it. */
static int old_param(void *arg, struct qund_str key, struct qund_str raw)
{
    struct asking *a = arg;
    struct qund_str said = QUND_STR_NONE;
    int rc;

    if (!is_param(a->d->t, key) || (a->given.p && qund_sop_json_has(a->d->arena, a->given, key)))
        return 0;
    rc = qund_sop_body_text(a->d->arena, raw, "params", &said, a->err);
    if (rc == 0)
        put_param(a, key, said);
    return rc;
}

static int ask_params(struct asking *a, struct qund_str given)
{
    QUND_AUTO(qund_buf_done) struct qund_buf params = {0};
    struct sop_draft *d = a->d;
    int rc;

    a->w = qund_jw(&params);
    a->given = given;
    qund_jw_obj(&a->w);
    rc = qund_sop_body_each(d->arena, d->plan.params, "params", old_param, a, a->err);
    if (rc == 0 && given.p)
        rc = qund_sop_body_each(d->arena, given, "params", new_param, a, a->err);
    qund_jw_end_obj(&a->w);
    if (rc == 0)
        d->plan.params = qund_arena_str(d->arena, qund_buf_view(&params));
    return rc;
}

static int add_figure(void *arg, struct qund_str key, struct qund_str raw)
{
    struct asking *a = arg;
    struct sop_draft *d = a->d;
    struct sop_said_new n = {0};
    int rc;

    if (!key.p)
        return qund_err_set(a->err, QUND_E_INVAL, "figures", "must be an object");
    rc = qund_sop_figure_name(d->arena, d->t, key, &n.name, a->err);
    if (rc == 0)
        rc = qund_sop_body_num(raw, "figures", &n.n, a->err);
    if (rc < 0)
        return rc;
    if (!d->said)
        d->said = qund_arena_alloc(d->arena, SOP_FINDINGS_MAX * sizeof(*d->said));
    if (d->n_said == SOP_FINDINGS_MAX)
        return qund_err_set(a->err, QUND_E_INVAL, "figures", "more than %u", SOP_FINDINGS_MAX);
    d->said[d->n_said++] = n;
    return 0;
}

/* --- when, and how --- */

static int ask_when(struct sop_draft *d, const struct sop_draft_ask *ask, struct qund_err *err)
{
    const struct qund_zone *z = qund_sop_zone(d->s, d->n_places > 0 ? d->places[0].id : 0);
    int rc = qund_sop_body_instant(d->arena, z, ask->start, "start", &d->plan.start, err);

    if (rc == 0)
        rc = qund_sop_body_instant(d->arena, z, ask->event, "event", &d->plan.event, err);
    if (rc == 0)
        rc = qund_sop_body_instant(d->arena, z, ask->until, "until", &d->plan.until, err);
    if (d->plan.start == 0)
        d->plan.start = d->now;
    return rc;
}

static int ask_how(struct sop_draft *d, const struct sop_draft_ask *ask, struct qund_err *err)
{
    struct qund_str how = QUND_STR_NONE;
    int rc = qund_sop_body_text(d->arena, ask->deliver, "deliver", &how, err);

    if (rc == 0 && how.p) {
        int named = qund_plan_deliver_parse(how);

        if (named < 0)
            return qund_err_set(err, QUND_E_INVAL, "deliver",
                                "must be person (staff are reminded and post), confirm (they "
                                "confirm what is laid before them) or direct");
        d->plan.deliver = (enum qund_plan_deliver)named;
    }
    if (rc == 0)
        rc = qund_sop_body_bool(ask->force, "force", &d->force, err);
    if (rc == 0)
        rc = qund_sop_body_text(d->arena, ask->name, "name", &d->plan.name, err);
    if (qund_str_trim(d->plan.name).n == 0) {
        d->plan.name = d->t->title.n > 0 ? d->t->title : d->t->id;
        if (ask->name.p)
            qund_errs_add(&d->warnings, QUND_E_INVAL, "name",
                          "is empty: the plan is called as its template is, '%.*s'",
                          QUND_STR_ARG(d->plan.name));
    }
    d->plan.name = qund_utf8_cut(d->plan.name, 200);
    return rc;
}

int qund_draft_ask(struct sop_draft *d, const struct sop_draft_ask *ask, struct qund_err *err)
{
    struct asking a = {.d = d, .err = err};
    int rc = ask_template(d, ask, err);

    if (rc == 0)
        rc = ask_whom(&a, ask);
    if (rc == 0)
        rc = ask_when(d, ask, err);
    if (rc == 0)
        rc = ask_params(&a, ask->params);
    if (rc == 0 && ask->figures.p)
        rc = qund_sop_body_each(d->arena, ask->figures, "figures", add_figure, &a, err);
    if (rc == 0)
        rc = ask_how(d, ask, err);
    return rc;
}
