/* openapi.c - the OpenAPI 3.1 document, made from the route table: what is served and what is
 * described cannot drift apart, and a route without a summary does not pass the tests. */
#include "http/internal.h"
#include <ctype.h>

static void put_type(struct qund_jw *w, const struct qund_field *f)
{
    static const char *const types[] = {"string", "integer", "string", "boolean",
                                        "string", "array",   "object", NULL};

    if (types[f->value])
        qund_jw_kz(w, "type", types[f->value]);
    if (f->value == VALUE_TIME)
        qund_jw_kz(w, "format", "date-time");
    if (f->value == VALUE_STRS) {
        qund_jw_key(w, "items");
        qund_jw_raw(w, QUND_STR("{\"type\":\"string\"}"));
    }
    if (f->value == VALUE_CHOICE) {
        struct qund_str list = qund_str(f->choices);

        qund_jw_key(w, "enum");
        qund_jw_arr(w);
        while (list.p)
            qund_jw_str(w, qund_str_split(&list, '|'));
        qund_jw_end_arr(w);
    }
}

static void put_param(struct qund_jw *w, const struct qund_field *f, const char *in)
{
    qund_jw_obj(w);
    qund_jw_kz(w, "name", f->name);
    qund_jw_kz(w, "in", in);
    qund_jw_kbool(w, "required", f->required);
    qund_jw_kz(w, "description", f->help);
    qund_jw_key(w, "schema");
    qund_jw_obj(w);
    put_type(w, f);
    qund_jw_end_obj(w);
    qund_jw_end_obj(w);
}

static void put_params(struct qund_jw *w, const struct qund_route *r)
{
    static const struct qund_field id = {"id", VALUE_INT, true, NULL, "The thing's number"};
    static const struct qund_field name = {"name", VALUE_STR, true, NULL, "The thing's name"};
    static const struct qund_field limit = {"limit", VALUE_INT, false, NULL, "1 to 500; 50"};
    static const struct qund_field cursor = {"cursor", VALUE_STR, false, NULL,
                                             "\"next\" of the page before"};

    qund_jw_key(w, "parameters");
    qund_jw_arr(w);
    if (strstr(r->path, "{id}"))
        put_param(w, &id, "path");
    if (strstr(r->path, "{name}"))
        put_param(w, &name, "path");
    for (size_t i = 0; qund_route_asks(r) && i < r->n_fields; i++)
        put_param(w, &r->fields[i], "query");
    if (r->page) {
        put_param(w, &limit, "query");
        put_param(w, &cursor, "query");
    }
    qund_jw_end_arr(w);
}

static void put_fields(struct qund_jw *w, const struct qund_route *r)
{
    qund_jw_kz(w, "type", "object");
    qund_jw_kbool(w, "additionalProperties", false);
    qund_jw_key(w, "properties");
    qund_jw_obj(w);
    for (size_t i = 0; i < r->n_fields; i++) {
        qund_jw_key(w, r->fields[i].name);
        qund_jw_obj(w);
        put_type(w, &r->fields[i]);
        qund_jw_kz(w, "description", r->fields[i].help);
        qund_jw_end_obj(w);
    }
    qund_jw_end_obj(w);
    qund_jw_key(w, "required");
    qund_jw_arr(w);
    for (size_t i = 0; i < r->n_fields; i++)
        if (r->fields[i].required)
            qund_jw_str(w, qund_str(r->fields[i].name));
    qund_jw_end_arr(w);
}

static void put_body(struct qund_jw *w, const struct qund_route *r)
{
    if (r->method == QUND_GET || (r->n_fields == 0 && !r->raw))
        return;
    qund_jw_key(w, "requestBody");
    qund_jw_obj(w);
    qund_jw_key(w, "content");
    if (r->form_max > 0) {
        qund_jw_raw(w, QUND_STR("{\"application/x-www-form-urlencoded\":{\"schema\":{\"type\":"
                                "\"object\"}}}"));
    } else if (r->raw && r->what) { /* a file */
        qund_jw_raw(w, QUND_STR("{\"text/csv\":{\"schema\":{\"type\":\"string\"}},"
                                "\"application/x-ndjson\":{\"schema\":{\"type\":\"string\"}}}"));
    } else if (r->raw) {
        qund_jw_raw(w, QUND_STR("{\"application/json\":{\"schema\":{\"oneOf\":[{\"$ref\":"
                                "\"#/components/schemas/Event\"},{\"type\":\"array\",\"items\":"
                                "{\"$ref\":\"#/components/schemas/Event\"}}]}},"
                                "\"application/x-ndjson\":{\"schema\":{\"type\":\"string\"}}}"));
    } else {
        qund_jw_obj(w);
        qund_jw_key(w, "application/json");
        qund_jw_obj(w);
        qund_jw_key(w, "schema");
        qund_jw_obj(w);
        put_fields(w, r);
        qund_jw_end_obj(w);
        qund_jw_end_obj(w);
        qund_jw_end_obj(w);
    }
    qund_jw_end_obj(w);
}

static void put_response(struct qund_jw *w, const char *status, const char *what, const char *type,
                         const char *schema)
{
    qund_jw_key(w, status);
    qund_jw_obj(w);
    qund_jw_kz(w, "description", what);
    if (type) {
        qund_jw_key(w, "content");
        qund_jw_obj(w);
        qund_jw_key(w, type);
        qund_jw_obj(w);
        qund_jw_key(w, "schema");
        qund_jw_raw(w, qund_str(schema));
        qund_jw_end_obj(w);
        qund_jw_end_obj(w);
    }
    qund_jw_end_obj(w);
}

static void put_form_responses(struct qund_jw *w, const struct qund_route *r)
{
    put_response(w, "303", "Back to the page, which says how it went", NULL, NULL);
    put_response(w, "422", "Nothing was done: the page again, with what was typed, and why",
                 r->produces, "{\"type\":\"string\"}");
}

static void put_responses(struct qund_jw *w, const struct qund_route *r)
{
    static const char error[] = "{\"$ref\":\"#/components/schemas/Error\"}";
    static const char page[] = "{\"$ref\":\"#/components/schemas/Page\"}";
    const char *json = "application/json";

    qund_jw_key(w, "responses");
    qund_jw_obj(w);
    if (r->kind == ROUTE_SOCKET)
        put_response(w, "101", "The feed begins: one JSON object a text frame", NULL, NULL);
    else if (r->form_max > 0)
        put_form_responses(w, r);
    else if (r->raw && !r->what)
        put_response(w, "202", "All events are durable", json,
                     "{\"type\":\"object\",\"properties\":{\"accepted\":{\"type\":\"integer\"}}}");
    else
        put_response(w, "200", "As asked", r->produces ? r->produces : json,
                     r->page       ? page
                     : r->produces ? "{\"type\":\"string\"}"
                                   : "{\"type\":\"object\"}");
    put_response(w, "default", "Refused: what, where, and what to do", json, error);
    qund_jw_end_obj(w);
}

/* "post" + "/api/v1/alerts/{id}/ack" → "postAlertsIdAck". */
static void put_operation_id(struct qund_jw *w, const char *method, const char *path)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    bool up = true;

    qund_buf_puts(&b, method);
    path += strncmp(path, "/api/v1", 7) == 0 ? 7 : 0;
    for (; *path; path++) {
        if (!isalnum((unsigned char)*path)) {
            up = true;
            continue;
        }
        qund_buf_char(&b, up ? (char)toupper((unsigned char)*path) : *path);
        up = false;
    }
    qund_jw_kstr(w, "operationId", qund_buf_view(&b));
}

static void put_operation(struct qund_jw *w, const struct qund_route *r)
{
    char method[16] = "";
    const char *name = qund_method_name(r->method);

    for (size_t i = 0; name[i] && i < sizeof(method) - 1; i++)
        method[i] = (char)tolower((unsigned char)name[i]);
    qund_jw_key(w, method);
    qund_jw_obj(w);
    put_operation_id(w, method, r->path);
    qund_jw_kz(w, "summary", r->summary);
    qund_jw_key(w, "tags");
    qund_jw_arr(w);
    qund_jw_str(w, qund_str(r->resource));
    qund_jw_end_arr(w);
    qund_jw_key(w, "x-roles");
    qund_jw_arr(w);
    for (unsigned role = 0; role < QUND_ACCESS_ROLES; role++)
        if (r->roles & 1u << role)
            qund_jw_str(w, qund_str(qund_access_role_name((enum qund_access_role)role)));
    qund_jw_end_arr(w);
    if (r->roles == ROLES_NOBODY_ASKED) {
        qund_jw_key(w, "security");
        qund_jw_raw(w, QUND_STR("[]"));
    }
    put_params(w, r);
    put_body(w, r);
    put_responses(w, r);
    qund_jw_end_obj(w);
}

static bool seen_before(const struct qund_route *v, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(v[j].path, v[i].path) == 0)
            return true;
    return false;
}

static const char COMPONENTS[] =
    "{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}},\"schemas\":{"
    "\"Error\":{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{"
    "\"type\":\"object\",\"required\":[\"code\",\"message\"],\"properties\":{\"code\":{\"type\":"
    "\"string\"},\"message\":{\"type\":\"string\"},\"details\":{\"type\":\"object\"}}}}},"
    "\"Page\":{\"type\":\"object\",\"required\":[\"items\"],\"properties\":{\"items\":{\"type\":"
    "\"array\",\"items\":{\"type\":\"object\"}},\"next\":{\"type\":\"string\",\"description\":"
    "\"cursor of the next page; absent at the end\"}}},"
    "\"Event\":{\"type\":\"object\",\"properties\":{"
    "\"channel\":{\"type\":\"string\"},\"id\":{\"type\":\"string\",\"maxLength\":128},"
    "\"type\":{\"type\":\"string\",\"default\":\"message\"},"
    "\"ts\":{\"oneOf\":[{\"type\":\"string\",\"format\":\"date-time\"},{\"type\":\"integer\"}]},"
    "\"group\":{\"type\":\"string\"},\"group_name\":{\"type\":\"string\"},"
    "\"sender\":{\"type\":\"string\"},\"sender_name\":{\"type\":\"string\"},"
    "\"sender_role\":{\"enum\":[\"customer\",\"staff\",\"bot\",\"koc\"]},"
    "\"to\":{\"type\":\"string\"},\"account\":{\"type\":\"string\"},"
    "\"kind\":{\"type\":\"string\",\"default\":\"text\"},\"text\":{\"type\":\"string\"},"
    "\"mentions\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"reply_to\":{\"type\":\"string\"},\"ref\":{\"type\":\"string\"},"
    "\"media\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"
    "\"data\":{\"type\":\"object\"},"
    "\"origin\":{\"enum\":[\"live\",\"backfill\",\"replay\"]}}}}}";

void qund_http_openapi(struct qund_buf *out)
{
    struct qund_jw w = qund_jw(out);
    size_t n;
    const struct qund_route *v = qund_routes(&n);

    qund_jw_obj(&w);
    qund_jw_kz(&w, "openapi", "3.1.0");
    qund_jw_key(&w, "info");
    qund_jw_obj(&w);
    qund_jw_kz(&w, "title", "qund");
    qund_jw_kz(&w, "version", QUND_VERSION);
    qund_jw_end_obj(&w);
    qund_jw_key(&w, "security");
    qund_jw_raw(&w, QUND_STR("[{\"token\":[]}]"));
    qund_jw_key(&w, "paths");
    qund_jw_obj(&w);
    for (size_t i = 0; i < n; i++) {
        if (seen_before(v, i))
            continue;
        qund_jw_key(&w, v[i].path);
        qund_jw_obj(&w);
        for (size_t j = i; j < n; j++)
            if (strcmp(v[j].path, v[i].path) == 0)
                put_operation(&w, &v[j]);
        qund_jw_end_obj(&w);
    }
    qund_jw_end_obj(&w);
    qund_jw_key(&w, "components");
    qund_jw_raw(&w, qund_str(COMPONENTS));
    qund_jw_end_obj(&w);
    qund_buf_char(out, '\n');
}
