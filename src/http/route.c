/* route.c - from a request line to a row of the route table, and from there to a call whose
 * parameters are checked. A handler never sees a query string: names that the row does not list are
 * refused (a misspelt filter that is silently ignored shows everything), values are typed, and what
 * was percent-encoded is decoded once. */
#include "core/zone.h"
#include "http/internal.h"
#include <stdio.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 500, BODY_DEPTH = 16 };

/* True when path fits the pattern; each {…} takes one segment. */
static bool matches(const char *pattern, struct qund_str path, struct qund_str params[2])
{
    struct qund_str want = qund_str(pattern);
    size_t n = 0;

    while (want.p && path.p) {
        struct qund_str a = qund_str_split(&want, '/');
        struct qund_str b = qund_str_split(&path, '/');

        if (a.n > 2 && a.p[0] == '{') {
            if (b.n == 0)
                return false;
            params[n++] = b;
        } else if (!qund_str_eq(a, b)) {
            return false;
        }
    }
    return !want.p && !path.p;
}

const struct qund_route *qund_route_find(enum qund_method m, struct qund_str path,
                                         struct qund_str params[2], unsigned *allowed)
{
    size_t n;
    const struct qund_route *v = qund_routes(&n);

    *allowed = 0;
    if (m == QUND_HEAD)
        m = QUND_GET;
    for (size_t i = 0; i < n; i++) {
        if (!matches(v[i].path, path, params))
            continue;
        if (v[i].method == m)
            return &v[i];
        *allowed |= 1u << v[i].method;
    }
    return NULL;
}

static int read_choice(const struct qund_field *f, struct qund_str s, int64_t *out,
                       struct qund_err *err)
{
    struct qund_str list = qund_str(f->choices);

    for (int64_t i = 0; list.p; i++)
        if (qund_str_eq(qund_str_split(&list, '|'), s)) {
            *out = i;
            return QUND_OK;
        }
    return qund_err_set(err, QUND_E_INVAL, f->name, "must be one of %s", f->choices);
}

static int read_value(const struct qund_field *f, struct qund_str s, int64_t *out,
                      struct qund_err *err)
{
    switch (f->value) {
    case VALUE_STR:
    case VALUE_STRS:
    case VALUE_OBJECT:
    case VALUE_ANY:
        return QUND_OK;
    case VALUE_INT:
        return qund_str_int(s, out) == 0
                   ? QUND_OK
                   : qund_err_set(err, QUND_E_INVAL, f->name, "must be an integer");
    case VALUE_TIME:
        return qund_str_int(s, out) == 0 || qund_iso_parse(s, out) == 0
                   ? QUND_OK
                   : qund_err_set(err, QUND_E_INVAL, f->name,
                                  "must be ISO 8601 with an offset, or milliseconds");
    case VALUE_BOOL:
        *out = qund_str_is(s, "true") || qund_str_is(s, "1");
        return *out || qund_str_is(s, "false") || qund_str_is(s, "0")
                   ? QUND_OK
                   : qund_err_set(err, QUND_E_INVAL, f->name, "must be true or false");
    case VALUE_CHOICE:
        return read_choice(f, s, out, err);
    }
    return QUND_E_BUG;
}

/* limit and cursor are not in each row's list. */
static int read_paging(struct qund_call *c, struct qund_str name, struct qund_str value,
                       struct qund_err *err)
{
    int64_t n;

    if (qund_str_is(name, "cursor")) {
        c->cursor = value.n > 0 ? value : QUND_STR_NONE;
        return 1;
    }
    if (!qund_str_is(name, "limit"))
        return 0;
    if (qund_str_int(value, &n) < 0 || n < 1 || n > LIMIT_MAX)
        return qund_err_set(err, QUND_E_INVAL, "limit", "must be 1 to %d", LIMIT_MAX);
    c->limit = (int)n;
    return 1;
}

static int unknown_name(const struct qund_route *route, struct qund_str name, struct qund_err *err)
{
    const char *names[FIELDS_MAX + 2];
    size_t n = 0;
    const char *near;

    for (; n < route->n_fields; n++)
        names[n] = route->fields[n].name;
    if (route->page) {
        names[n++] = "limit";
        names[n++] = "cursor";
    }
    near = qund_str_nearest(name, names, n);
    return qund_err_set(err, QUND_E_INVAL, "parameters", "unknown parameter '%.*s'%s%s",
                        (int)(name.n < 64 ? name.n : 64), name.p, near ? "; nearest known: " : "",
                        near ? near : "");
}

static int read_pair(struct qund_call *c, struct qund_str name, struct qund_str value,
                     struct qund_err *err)
{
    const struct qund_route *route = c->route;

    if (route->page) {
        int rc = read_paging(c, name, value, err);

        if (rc != 0)
            return rc < 0 ? rc : QUND_OK;
    }
    for (size_t i = 0; qund_route_asks(route) && i < route->n_fields; i++) {
        if (!qund_str_is(name, route->fields[i].name))
            continue;
        if (c->str[i].p)
            return qund_err_set(err, QUND_E_INVAL, route->fields[i].name, "is given twice");
        c->str[i] = value;
        return read_value(&route->fields[i], value, &c->num[i], err);
    }
    return unknown_name(route, name, err);
}

static int read_query(struct qund_call *c, struct qund_str query, char *room, struct qund_err *err)
{
    while (query.p && query.n > 0) {
        struct qund_str pair = qund_str_split(&query, '&');
        struct qund_str name = qund_str_split(&pair, '=');
        struct qund_str value = pair.p ? pair : QUND_STR("");
        int n = qund_http1_unescape(name, true, room), m, rc;

        if (n < 0)
            return qund_err_set(err, QUND_E_INVAL, "query", "broken escape");
        name = qund_str_n(room, (size_t)n);
        room += n;
        m = qund_http1_unescape(value, true, room);
        if (m < 0)
            return qund_err_set(err, QUND_E_INVAL, "query", "broken escape");
        rc = read_pair(c, name, qund_str_n(room, (size_t)m), err);
        if (rc < 0)
            return rc;
        room += m;
    }
    for (size_t i = 0; qund_route_asks(c->route) && i < c->route->n_fields; i++)
        if (c->route->fields[i].required && !c->str[i].p)
            return qund_err_set(err, QUND_E_INVAL, c->route->fields[i].name, "is missing");
    return QUND_OK;
}

int qund_call_read(struct qund_call *c, const struct qund_route *route,
                   const struct qund_http1 *head, char *room, struct qund_err *err)
{
    struct qund_str params[2] = {QUND_STR_NONE, QUND_STR_NONE};
    const char *name = strchr(route->path, '{');
    int n;

    memset(c, 0, sizeof(*c));
    c->route = route;
    c->limit = LIMIT_DEFAULT;
    qund_assert(matches(route->path, head->path, params));
    if (name && strncmp(name, "{id}", 4) == 0) {
        if (qund_str_int(params[0], &c->id) < 0 || c->id <= 0)
            return qund_err_set(err, QUND_E_NOTFOUND, "id", "ids are positive numbers");
    } else if (name) {
        n = qund_http1_unescape(params[0], false, room);
        if (n < 0)
            return qund_err_set(err, QUND_E_INVAL, "path", "broken escape");
        c->name = qund_str_n(room, (size_t)n);
        room += n;
    }
    return read_query(c, head->query, room, err);
}

void qund_call_actor(const struct qund_call *c, char out[64])
{
    if (c->grant.token == 0)
        snprintf(out, 64, "socket");
    else
        snprintf(out, 64, "token:%lld", (long long)c->grant.token);
}

/* --- bodies of commands --- */

static int copy_strings(struct qund_jr *r, const struct qund_field *f, struct qund_jw *w,
                        struct qund_err *err)
{
    struct qund_str s;
    bool first;
    int more, rc = qund_jr_arr(r, &first);

    qund_jw_arr(w);
    while (rc == 0 && (more = qund_jr_arr_next(r, &first)) != 0) {
        rc = more < 0 ? more : qund_jr_str(r, &s);
        if (rc == 0)
            qund_jw_str(w, s);
    }
    qund_jw_end_arr(w);
    return rc < 0 ? qund_err_set(err, QUND_E_INVAL, f->name, "must be an array of strings") : 0;
}

static int copy_as_it_is(struct qund_jr *r, const struct qund_field *f, struct qund_jw *w,
                         struct qund_err *err)
{
    bool fits = f->value == VALUE_ANY || qund_jr_peek(r) == QUND_JT_OBJ;
    struct qund_str raw;

    if (!fits || qund_jr_skip(r, &raw) < 0)
        return qund_err_set(err, QUND_E_INVAL, f->name, "%s",
                            fits ? "is broken" : "must be an object");
    qund_jw_raw(w, raw);
    return QUND_OK;
}

static int copy_value(struct qund_jr *r, const struct qund_field *f, struct qund_jw *w,
                      struct qund_err *err)
{
    struct qund_str s;
    int64_t n;
    bool b;
    int rc;

    qund_jw_key(w, f->name);
    if (f->value == VALUE_STRS)
        return copy_strings(r, f, w, err);
    if (f->value == VALUE_OBJECT || f->value == VALUE_ANY)
        return copy_as_it_is(r, f, w, err);
    if (f->value == VALUE_INT || (f->value == VALUE_TIME && qund_jr_peek(r) == QUND_JT_INT)) {
        rc = qund_jr_int(r, &n);
        if (rc == 0)
            qund_jw_int(w, n);
        return rc < 0 ? qund_err_set(err, QUND_E_INVAL, f->name, "must be an integer") : 0;
    }
    if (f->value == VALUE_BOOL) {
        rc = qund_jr_bool(r, &b);
        if (rc == 0)
            qund_jw_bool(w, b);
        return rc < 0 ? qund_err_set(err, QUND_E_INVAL, f->name, "must be true or false") : 0;
    }
    if (qund_jr_str(r, &s) < 0)
        return qund_err_set(err, QUND_E_INVAL, f->name, "must be a string");
    rc = read_value(f, s, &n, err);
    if (rc < 0)
        return rc;
    if (f->value == VALUE_TIME)
        qund_jw_int(w, n);
    else
        qund_jw_str(w, s);
    return QUND_OK;
}

static int copy_fields(struct qund_jr *r, const struct qund_route *route, struct qund_jw *w,
                       unsigned *seen, struct qund_err *err)
{
    struct qund_jr_obj o;
    struct qund_str key;
    int more, rc = qund_jr_obj(r, &o);

    if (rc < 0)
        return qund_err_set(err, QUND_E_INVAL, "body", "%s", r->why ? r->why : "not an object");
    while ((more = qund_jr_obj_next(r, &o, &key)) > 0) {
        size_t i = 0;

        while (i < route->n_fields && !qund_str_is(key, route->fields[i].name))
            i++;
        if (i == route->n_fields)
            return unknown_name(route, key, err);
        *seen |= 1u << i;
        rc = copy_value(r, &route->fields[i], w, err);
        if (rc < 0)
            return rc;
    }
    if (more < 0 || qund_jr_end(r) < 0)
        return qund_err_set(err, QUND_E_INVAL, "body", "%s at byte %zu", r->why ? r->why : "broken",
                            r->at);
    return QUND_OK;
}

int qund_call_body(const struct qund_call *c, struct qund_str body, const char *by,
                   struct qund_buf *out, struct qund_err *err)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    const struct qund_route *route = c->route;
    struct qund_jw w = qund_jw(out);
    struct qund_jr r;
    unsigned seen = 0;
    int rc;

    qund_jw_obj(&w);
    if (c->id > 0)
        qund_jw_kint(&w, route->id_name ? route->id_name : "id", c->id);
    if (c->name.p)
        qund_jw_kstr(&w, "name", c->name);
    if (!route->id_name)
        qund_jw_kz(&w, "by", by);
    body = qund_str_no_bom(body);
    qund_jr_init(&r, body.n > 0 ? body : QUND_STR("{}"), arena, BODY_DEPTH);
    rc = copy_fields(&r, route, &w, &seen, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < route->n_fields; i++)
        if (route->fields[i].required && !(seen & 1u << i))
            return qund_err_set(err, QUND_E_INVAL, route->fields[i].name, "is missing");
    qund_jw_end_obj(&w);
    return QUND_OK;
}
