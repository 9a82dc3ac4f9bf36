/* From request lines to calls: the table is sound, parameters are checked. */
#include "http/internal.h"
#include "unit.h"

static int read_call(struct qund_call *c, const char *method, const char *target, char *room,
                     struct qund_err *err)
{
    static char text[4096];
    struct qund_http1 h;
    struct qund_http1_fault fault;
    struct qund_str params[2];
    const struct qund_route *route;
    size_t scanned = 0;
    unsigned allowed;

    *err = (struct qund_err){0};
    snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: a\r\n\r\n", method, target);
    assert_true(qund_http1_parse(qund_str(text), 8192, &scanned, &h, &fault) > 0);
    route = qund_route_find(h.method, h.path, params, &allowed);
    if (!route)
        return allowed ? QUND_E_DENIED : QUND_E_NOTFOUND;
    return qund_call_read(c, route, &h, room, err);
}

static void rows_are_found_by_method_and_path(void **state)
{
    struct qund_call c;
    struct qund_err err;
    char room[4096];

    (void)state;
    assert_int_equal(read_call(&c, "GET", "/healthz", room, &err), 0);
    assert_int_equal(read_call(&c, "HEAD", "/healthz", room, &err), 0);
    assert_int_equal(read_call(&c, "POST", "/healthz", room, &err), QUND_E_DENIED);
    assert_int_equal(read_call(&c, "GET", "/api/v1/nothing", room, &err), QUND_E_NOTFOUND);
    assert_int_equal(read_call(&c, "GET", "/api/v1/rules/", room, &err), QUND_E_NOTFOUND);
    assert_int_equal(read_call(&c, "GET", "/api/v1/rules/a/b", room, &err), QUND_E_NOTFOUND);
    assert_int_equal(read_call(&c, "GET", "/api/v1/rules/%E8%AF%A2%20x", room, &err), 0);
    assert_true(qund_str_is(c.name, "询 x"));
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead/17", room, &err), 0);
    assert_int_equal(c.id, 17);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead/0", room, &err), QUND_E_NOTFOUND);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead/x", room, &err), QUND_E_NOTFOUND);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead/99999999999999999999", room, &err),
                     QUND_E_NOTFOUND);
}

static void parameters_are_typed_and_unknown_ones_refused(void **state)
{
    struct qund_call c;
    struct qund_err err;
    char room[4096];

    (void)state;
    assert_int_equal(read_call(&c, "GET",
                               "/api/v1/groups/3/metrics?from=2025-09-15T00:00:00%2B08:00&by=day",
                               room, &err),
                     0);
    assert_int_equal(qund_call_num(&c, "from", 0), 1757865600000);
    assert_int_equal(qund_call_num(&c, "by", 0), 1);
    assert_int_equal(qund_call_num(&c, "to", 42), 42);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead?limit=7&cursor=12&all=true", room, &err),
                     0);
    assert_int_equal(c.limit, 7);
    assert_true(qund_str_is(c.cursor, "12"));
    assert_int_equal(qund_call_num(&c, "all", 0), 1);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead?limt=7", room, &err), QUND_E_INVAL);
    assert_non_null(strstr(err.text, "limt"));
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead?limit=0", room, &err), QUND_E_INVAL);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead?limit=501", room, &err), QUND_E_INVAL);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead?all=maybe", room, &err), QUND_E_INVAL);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead?all=1&all=0", room, &err), QUND_E_INVAL);
    assert_int_equal(read_call(&c, "GET", "/api/v1/groups/3/metrics?by=week", room, &err),
                     QUND_E_INVAL);
    assert_int_equal(read_call(&c, "GET", "/api/v1/groups/3/metrics?from=2025-13-15", room, &err),
                     QUND_E_INVAL);
    assert_int_equal(read_call(&c, "GET", "/api/v1/dead?%zz=1", room, &err), QUND_E_INVAL);
}

static int body(const char *target, const char *text, struct qund_buf *out, struct qund_err *err)
{
    struct qund_call c;
    char room[4096];

    out->n = 0;
    assert_int_equal(read_call(&c, "POST", target, room, err), 0);
    return qund_call_body(&c, qund_str(text), "token:3", out, err);
}

static void bodies_become_commands(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_err err;

    (void)state;
    assert_int_equal(body("/api/v1/outbox/9/resolve", "{\"choice\":\"resend\"}", &b, &err), 0);
    assert_string_equal(b.p, "{\"id\":9,\"by\":\"token:3\",\"choice\":\"resend\"}");
    assert_int_equal(body("/api/v1/dead/9/retry", "", &b, &err), 0);
    assert_string_equal(b.p, "{\"id\":9,\"by\":\"token:3\"}");
    assert_int_equal(body("/api/v1/outbox/9/resolve", "{}", &b, &err), QUND_E_INVAL);
    assert_string_equal(err.where, "choice");
    assert_int_equal(body("/api/v1/outbox/9/resolve", "{\"choice\":\"both\"}", &b, &err),
                     QUND_E_INVAL);
    assert_int_equal(body("/api/v1/outbox/9/resolve", "{\"chioce\":\"resend\"}", &b, &err),
                     QUND_E_INVAL);
    assert_non_null(strstr(err.text, "choice"));
    assert_int_equal(body("/api/v1/dead/9/retry", "{\"reason\":1}", &b, &err), QUND_E_INVAL);
    assert_int_equal(body("/api/v1/alerts/4/ack", "{\"note\":\"on it\"}", &b, &err), 0);
    assert_string_equal(b.p, "{\"id\":4,\"by\":\"token:3\",\"note\":\"on it\"}");
    assert_int_equal(body("/api/v1/questions/4/done", "", &b, &err), 0);
    assert_string_equal(b.p, "{\"id\":4,\"by\":\"token:3\"}");
    /* Nobody may speak in another's name. */
    assert_int_equal(body("/api/v1/dead/9/retry", "{\"by\":\"x\"}", &b, &err), QUND_E_INVAL);
    assert_int_equal(body("/api/v1/dead/9/retry", "{\"id\":1}", &b, &err), QUND_E_INVAL);
    assert_int_equal(body("/api/v1/dead/9/retry", "[", &b, &err), QUND_E_INVAL);
    assert_int_equal(body("/api/v1/tokens",
                          "{\"role\":\"ingest\",\"name\":\"b\",\"channels\":[\"x\",\"y\"],"
                          "\"expires\":\"2026-01-01T00:00:00Z\"}",
                          &b, &err),
                     0);
    assert_string_equal(b.p, "{\"by\":\"token:3\",\"role\":\"ingest\",\"name\":\"b\","
                             "\"channels\":[\"x\",\"y\"],\"expires\":1767225600000}");
    assert_int_equal(
        body("/api/v1/tokens", "{\"role\":\"ingest\",\"name\":\"b\",\"channels\":[1]}", &b, &err),
        QUND_E_INVAL);
}

static void every_row_says_what_it_needs_to(void **state)
{
    size_t n;
    const struct qund_route *v = qund_routes(&n);

    (void)state;
    assert_true(n < 0xffff);
    for (size_t i = 0; i < n; i++) {
        const struct qund_route *r = &v[i];
        bool is_link = strcmp(r->path, "/a/{name}") == 0;

        assert_true(r->path[0] == '/' && r->summary[0] && r->resource[0]);
        assert_true(r->n_fields <= FIELDS_MAX);
        assert_true((r->now != NULL) == (r->kind == ROUTE_NOW || r->kind == ROUTE_SOCKET));
        /* A signed link is looked at on the loop, its page is read like any other, also when a deed
         * was refused. */
        assert_true((r->read != NULL) == (r->kind == ROUTE_READ || is_link));
        assert_true((r->command != NULL) == (r->kind == ROUTE_COMMAND || r->kind == ROUTE_JOB));
        /* Chat applications fetch links ahead: reading changes nothing, changing is never GET. */
        assert_false(r->method == QUND_GET && r->command);
        for (size_t f = 0; f < r->n_fields; f++) {
            assert_true(r->fields[f].name && r->fields[f].help);
            assert_true((r->fields[f].choices != NULL) == (r->fields[f].value == VALUE_CHOICE));
        }
        for (size_t j = 0; j < i; j++)
            assert_false(v[j].method == r->method && strcmp(v[j].path, r->path) == 0);
        /* Only what is meant to be public is. */
        if (r->roles == ROLES_NOBODY_ASKED)
            assert_true(strcmp(r->path, "/healthz") == 0 || strcmp(r->path, "/readyz") == 0 ||
                        strcmp(r->path, "/api/v1/openapi.json") == 0 || is_link ||
                        strcmp(r->path, "/a/style.css") == 0);
    }
}

static void every_row_is_in_the_document(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf doc = {0};
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(65536);
    struct qund_jr jr;
    size_t n;
    const struct qund_route *v = qund_routes(&n);

    (void)state;
    qund_http_openapi(&doc);
    qund_jr_init(&jr, qund_buf_view(&doc), arena, 32);
    assert_int_equal(qund_jr_skip(&jr, NULL), 0);
    assert_int_equal(qund_jr_end(&jr), 0);
    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf want = {0};

        qund_buf_printf(&want, "\"%s\":{", v[i].path);
        assert_non_null(strstr(doc.p, want.p));
        qund_buf_clear(&want);
        qund_buf_printf(&want, "\"summary\":\"%s\"", v[i].summary);
        assert_non_null(strstr(doc.p, want.p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_by_method_and_path),
        cmocka_unit_test(parameters_are_typed_and_unknown_ones_refused),
        cmocka_unit_test(bodies_become_commands),
        cmocka_unit_test(every_row_says_what_it_needs_to),
        cmocka_unit_test(every_row_is_in_the_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
