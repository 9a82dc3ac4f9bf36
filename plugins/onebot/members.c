/* plugins/onebot/members.c - a member list in events of limited size.
 *
 * With names while all fits into one event. A list too long for that goes without them: ids are
 * what joins and leaves are told by, names come with the first message. Longer still, it is cut
 * into parts that say how many there are and share a stamp, so that the reader knows when it has
 * seen the whole. */
#include "members.h"

#define ID_MAX 128u
#define NAME_MAX_BYTES 120u

static json_t *member_of(const json_t *m, bool names, struct ob_pool *pool)
{
    struct qund_str id = ob_get_id(m, "user_id", pool, NULL), name = ob_get_text(m, "card");
    struct qund_str role = ob_get_text(m, "role");
    json_t *o;

    if (id.n == 0 || id.n > ID_MAX)
        return NULL;
    if (name.n == 0)
        name = ob_get_text(m, "user_displayname");
    if (name.n == 0)
        name = ob_get_text(m, "nickname");
    if (name.n == 0)
        name = ob_get_text(m, "user_name");
    o = json_object();
    json_object_set_new(o, "id", ob_json_str(id));
    if (names && name.n > 0 && !memchr(name.p, '\0', name.n))
        json_object_set_new(o, "name", ob_json_str(ob_cut(name, NAME_MAX_BYTES)));
    if (role.n > 0 && role.n < 32 && !qund_str_is(role, "member"))
        json_object_set_new(o, "role", ob_json_str(role));
    return o;
}

/* Each member as JSON text, in one array; *bytes of all of them with their commas. */
static struct qund_str *print_all(const json_t *list, bool names, struct ob_pool *pool, size_t *n,
                                  size_t *bytes)
{
    size_t all = json_array_size(list);
    struct qund_str *v = ob_pool_take(pool, (all + 1) * sizeof(*v));

    *n = *bytes = 0;
    for (size_t i = 0; i < all && i < OB_MEMBERS_MAX; i++) {
        json_t *o = member_of(json_array_get(list, i), names, pool);

        if (!o)
            continue;
        v[*n] = ob_json_print(o, pool);
        *bytes += v[(*n)++].n + 1;
        json_decref(o);
    }
    return v;
}

/* As many of v as fit into one part. */
static size_t fitting(const struct qund_str *v, size_t n)
{
    size_t k = 0, bytes = 0;

    while (k < n && bytes + v[k].n + 1 <= OB_MEMBERS_PART_MAX)
        bytes += v[k++].n + 1;
    return k;
}

static struct qund_str print_part(struct ob_members *m, const struct qund_str *v, size_t n,
                                  size_t part, int64_t stamp_ms)
{
    struct ob_text t = {0};
    struct qund_str out;

    ob_text_add(&t, QUND_STR("{\"members\":["));
    for (size_t i = 0; i < n; i++) {
        ob_text_add(&t, i > 0 ? QUND_STR(",") : QUND_STR(""));
        ob_text_add(&t, v[i]);
    }
    ob_text_add(&t, QUND_STR("],\"whole\":true"));
    if (m->n > 1)
        ob_text_printf(&t, ",\"part\":%zu,\"parts\":%zu,\"stamp\":%lld", part, m->n,
                       (long long)stamp_ms);
    ob_text_add(&t, QUND_STR("}"));
    out = ob_pool_str(&m->pool, ob_text_view(&t));
    ob_text_done(&t);
    return out;
}

bool ob_members_read(struct ob_members *m, const json_t *list, int64_t stamp_ms)
{
    struct ob_pool pool = {0};
    struct qund_str *v;
    size_t n, bytes, at = 0;

    *m = (struct ob_members){0};
    if (!json_is_array(list))
        return false;
    v = print_all(list, true, &pool, &n, &bytes);
    if (bytes > OB_MEMBERS_PART_MAX)
        v = print_all(list, false, &pool, &n, &bytes);
    for (size_t left = n; left > 0; left -= fitting(v + n - left, left))
        m->n++;
    m->part = ob_pool_take(&m->pool, (m->n + 1) * sizeof(*m->part));
    for (size_t i = 0; i < m->n; i++) {
        size_t k = fitting(v + at, n - at);

        m->part[i] = print_part(m, v + at, k, i + 1, stamp_ms);
        at += k;
    }
    ob_pool_done(&pool);
    return m->n > 0;
}

void ob_members_done(struct ob_members *m)
{
    ob_pool_done(&m->pool);
    *m = (struct ob_members){0};
}
