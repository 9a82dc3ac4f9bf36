/* src/crm/roster_sql.c - a roster snapshot from the rows.
 *
 * Everything is read in a few walks and kept in one arena: some thousands of rows, a few
 * milliseconds, after each change of the organisation and never on the path of a message. */
#include "crm/roster_parts.h"

/* Lists are read into a growing buffer first; the arena gets the exact size. */
struct rows {
    struct qund_buf b;
    size_t each;
};

static void *finish(struct qund_roster *r, struct rows *v, size_t *n)
{
    void *p = qund_arena_zalloc(r->arena, v->b.n + v->each);

    if (v->b.n)
        memcpy(p, v->b.p, v->b.n);
    *n = v->b.n / v->each;
    qund_buf_done(&v->b);
    return p;
}

/* Calls row for each row of sql, with :id bound when the text has it. */
static int each(struct qund_db *db, const char *sql, int64_t id,
                void (*row)(struct qund_stmt *st, void *arg), void *arg)
{
    struct qund_stmt *st = qund_sql(db, sql);
    int rc;

    if (!st)
        return QUND_E_IO;
    if (id)
        qund_bind_int(st, ":id", id);
    while ((rc = qund_step(st)) == 1)
        row(st, arg);
    qund_stmt_reset(st);
    return rc;
}

struct reading {
    struct qund_roster *r;
    const char *zone_dir;
    struct rows rows;
};

static struct reading reading(struct qund_roster *r, const char *zone_dir, size_t size)
{
    return (struct reading){r, zone_dir, {{0}, size}};
}

/* Groups share zones; an unknown name (checked when it was set) falls back to the default. */
static const struct qund_zone *zone_for(struct reading *x, struct qund_str name)
{
    struct qund_roster *r = x->r;
    QUND_AUTO(qund_free_str) char *z = NULL;
    struct qund_zone *zone = NULL;

    if (!name.n)
        return NULL;
    z = qund_str_dup(name);
    for (size_t i = 0; i < r->n_zones; i++)
        if (strcmp(qund_zone_name(r->zones[i]), z) == 0)
            return r->zones[i];
    if (qund_zone_load(x->zone_dir, z, &zone, NULL) < 0)
        return NULL;
    r->zones = qund_realloc(r->zones, (r->n_zones + 1) * sizeof(struct qund_zone *));
    r->zones[r->n_zones++] = zone;
    return zone;
}

static void take_group(struct qund_stmt *st, void *arg)
{
    struct reading *x = arg;
    struct roster_group g = {.id = qund_col_int(st, 0),
                             .manager = qund_col_int(st, 1),
                             .type = (int)qund_col_int(st, 2),
                             .zone = zone_for(x, qund_col_str(st, 3)),
                             .tags = qund_arena_str(x->r->arena, qund_col_str(st, 4))};

    qund_buf_add(&x->rows.b, &g, sizeof(g));
}

static void take_holder(struct qund_stmt *st, void *arg)
{
    struct reading *x = arg;
    struct roster_holder h = {qund_col_int(st, 0), qund_col_int(st, 1),
                              qund_arena_str(x->r->arena, qund_col_str(st, 2))};

    qund_buf_add(&x->rows.b, &h, sizeof(h));
}

static void take_leave(struct qund_stmt *st, void *arg)
{
    struct reading *x = arg;
    struct roster_leave l = {qund_col_int(st, 0), qund_col_int(st, 1), qund_col_int(st, 2),
                             qund_col_int(st, 3)};

    qund_buf_add(&x->rows.b, &l, sizeof(l));
}

static void take_id(struct qund_stmt *st, void *arg)
{
    struct reading *x = arg;
    int64_t id = qund_col_int(st, 0);

    qund_buf_add(&x->rows.b, &id, sizeof(id));
}

static void take_plan(struct qund_stmt *st, void *arg)
{
    struct reading *x = arg;
    struct roster_plan p = {.id = qund_col_int(st, 0),
                            .holidays = qund_col_int(st, 1) != 0,
                            .on_call = qund_col_int(st, 2)};

    qund_buf_add(&x->rows.b, &p, sizeof(p));
}

static void take_role(struct qund_stmt *st, void *arg)
{
    struct reading *x = arg;
    struct qund_str role = qund_arena_str(x->r->arena, qund_col_str(st, 0));

    qund_buf_add(&x->rows.b, &role, sizeof(role));
}

static void take_scope(struct qund_stmt *st, void *arg)
{
    struct reading *x = arg;
    struct qund_str kind = qund_col_str(st, 0);
    struct roster_scope s = {.grp = qund_col_int(st, 2),
                             .value = qund_arena_str(x->r->arena, qund_col_str(st, 1))};

    s.kind = qund_str_is(kind, "group") ? 'g' : qund_str_is(kind, "tag") ? '#' : 't';
    qund_buf_add(&x->rows.b, &s, sizeof(s));
}

static void take_shift(struct qund_stmt *st, void *arg)
{
    struct reading *x = arg;
    struct roster_shift s = {qund_col_int(st, 0) != 0, qund_col_int(st, 1), qund_col_int(st, 2),
                             qund_col_int(st, 3), qund_col_int(st, 4)};

    qund_buf_add(&x->rows.b, &s, sizeof(s));
}

/* One list into *out, *n. */
static int list(struct qund_db *db, struct reading *x, const char *sql, int64_t id,
                void (*row)(struct qund_stmt *, void *), size_t *n, void **out)
{
    int rc = each(db, sql, id, row, x);

    *out = finish(x->r, &x->rows, n);
    x->rows.b = (struct qund_buf){0};
    return rc;
}

static int fill_plan(struct qund_db *db, struct qund_roster *r, struct roster_plan *p)
{
    struct reading x = reading(r, NULL, sizeof(*p->roles));
    void *v;
    int rc = list(db, &x, "SELECT role FROM roster_role WHERE roster = :id", p->id, take_role,
                  &p->n_roles, &v);

    p->roles = v;
    x.rows.each = sizeof(*p->scopes);
    if (rc == 0)
        rc = list(db, &x, "SELECT kind, value, grp FROM roster_scope WHERE roster = :id", p->id,
                  take_scope, &p->n_scopes, &v);
    p->scopes = v;
    x.rows.each = sizeof(*p->shifts);
    if (rc == 0)
        rc = list(db, &x,
                  "SELECT weekly, day, from_min, to_min, staff FROM shift "
                  "WHERE roster = :id ORDER BY id",
                  p->id, take_shift, &p->n_shifts, &v);
    p->shifts = v;
    return rc;
}

static int fill(struct qund_db *db, struct qund_roster *r, const char *zone_dir)
{
    struct reading x = reading(r, zone_dir, sizeof(*r->groups));
    void *v;
    int rc = list(db, &x,
                  "SELECT id, manager, type, zone, (SELECT group_concat(tag, char(10)) "
                  "FROM grp_tag WHERE grp = grp.id) FROM grp ORDER BY id",
                  0, take_group, &r->n_groups, &v);

    r->groups = v;
    x.rows.each = sizeof(*r->holders);
    if (rc == 0)
        rc = list(db, &x,
                  "SELECT grp, staff, role FROM role_holder WHERE staff > 0 "
                  "ORDER BY grp, role, pos, id",
                  0, take_holder, &r->n_holders, &v);
    r->holders = v;
    x.rows.each = sizeof(*r->leave);
    if (rc == 0)
        rc = list(db, &x, "SELECT staff, from_day, to_day, stand_in FROM leave ORDER BY id", 0,
                  take_leave, &r->n_leave, &v);
    r->leave = v;
    x.rows.each = sizeof(*r->active);
    if (rc == 0)
        rc = list(db, &x, "SELECT id FROM staff WHERE active = 1 ORDER BY id", 0, take_id,
                  &r->n_active, &v);
    r->active = v;
    x.rows.each = sizeof(*r->plans);
    if (rc == 0)
        rc = list(db, &x, "SELECT id, holidays, on_call FROM roster WHERE active = 1 ORDER BY id",
                  0, take_plan, &r->n_plans, &v);
    r->plans = v;
    for (size_t i = 0; rc == 0 && i < r->n_plans; i++)
        rc = fill_plan(db, r, &r->plans[i]);
    return rc;
}

int qund_roster_load(struct qund_db *db, const struct qund_zone *zone_default, const char *zone_dir,
                     const struct qund_holidays *h, struct qund_roster **out, struct qund_err *err)
{
    QUND_AUTO(qund_roster_free) struct qund_roster *r = qund_alloc(sizeof(*r));
    int rc;

    r->arena = qund_arena_new(64u << 10);
    r->zone_default = zone_default;
    r->holidays = h;
    rc = fill(db, r, zone_dir);
    if (rc < 0)
        return qund_err_set(err, rc, "roster", "cannot be read: %s", qund_db_error(db));
    *out = QUND_TAKE(r);
    return QUND_OK;
}

struct qund_roster *qund_roster_free(struct qund_roster *r)
{
    if (!r)
        return NULL;
    for (size_t i = 0; i < r->n_zones; i++)
        qund_zone_free(r->zones[i]);
    qund_free(r->zones);
    qund_arena_free(r->arena);
    qund_free(r);
    return NULL;
}
