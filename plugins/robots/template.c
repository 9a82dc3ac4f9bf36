/* template.c - a robot that is a file: the request it wants, and what its answers mean.
 *
 *   {"help": "…", "base": "https://api.example.com", "needs": ["token"], "rate": 20, "gap_ms":
 * 1000, "to": 1, "text_bytes": 4096 | "text_chars": 4096, "marked": false, "shared": true, "let":
 * {"name": "template"}, "method": "POST", "url": "{{url}}/send", "headers": {…}, "json": {…} |
 * "form": {…} | "body": "…", "answer": {…}}                                       (answer.c)
 *
 * A JSON body is built from parsed JSON whose strings are templates, and a form from its members:
 * what a customer wrote can therefore not break out of its place. When the file is read it is
 * expanded once with a sample, so a wrong name is found by `qund check`, not by the first push. */
#include "template.h"
#include <stdio.h>
#include <stdlib.h>

#define RATE_USUAL 20
#define GAP_MAX_MS 5000
#define NO_PLACE "this template has no place for it; remove the line"

struct template
{
    json_t *root;
};

static const char *member(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

/* --- a body --- */

static json_t *fill(const json_t *j, struct scope *s, struct qund_fault *why, int *rc);

static json_t *fill_object(const json_t *j, struct scope *s, struct qund_fault *why, int *rc)
{
    json_t *made = json_object(), *v;
    const char *name;

    json_object_foreach((json_t *)(uintptr_t)j, name, v)
    {
        json_t *one;

        s->omit = false;
        one = *rc == 0 ? fill(v, s, why, rc) : NULL;
        if (one && s->omit && json_is_string(v))
            json_decref(one);
        else if (one && json_object_set_new(made, name, one) < 0)
            *rc = QUND_E_NOMEM;
        s->omit = false;
    }
    return made;
}

static json_t *fill(const json_t *j, struct scope *s, struct qund_fault *why, int *rc)
{
    TEXT_AUTO text = {0};
    const json_t *v;
    json_t *made;
    size_t i;

    if (json_is_object(j))
        return fill_object(j, s, why, rc);
    if (json_is_array(j)) {
        made = json_array();
        json_array_foreach(j, i, v) if (*rc == 0) json_array_append_new(made, fill(v, s, why, rc));
        return made;
    }
    if (!json_is_string(j))
        return json_deep_copy(j);
    *rc = expand(json_string_value(j), PLACE_TEXT, s, &text, why);
    made = *rc == 0 && !text.bad ? json_stringn(text.p ? text.p : "", text.n) : NULL;
    if (*rc == 0 && !made) /* e.g. a hash that nobody made text of */
        *rc = robot_fault(why, QUND_E_INVAL, "template", "'%.60s' does not make text",
                          json_string_value(j));
    return made;
}

static int make_json(const json_t *j, struct scope *s, struct request *out, struct qund_fault *why)
{
    int rc = QUND_OK;
    json_t *made = fill(j, s, why, &rc);

    if (rc == 0 && made) {
        request_json(out, made);
        return QUND_OK;
    }
    json_decref(made);
    return rc < 0 ? rc : QUND_E_NOMEM;
}

static int make_form(const json_t *j, struct scope *s, struct request *out, struct qund_fault *why)
{
    const char *name;
    json_t *v;
    int rc = QUND_OK;

    json_object_foreach((json_t *)(uintptr_t)j, name, v)
    {
        TEXT_AUTO value = {0};

        if (rc == 0 && json_is_string(v))
            rc = expand(json_string_value(v), PLACE_TEXT, s, &value, why);
        if (rc < 0 || s->omit)
            continue;
        if (out->body.n > 0)
            text_puts(&out->body, "&");
        text_percent(&out->body, name, strlen(name));
        text_puts(&out->body, "=");
        text_percent(&out->body, value.p, value.n);
        out->body.bad |= value.bad;
    }
    return rc;
}

static void header(struct request *out, const char *name, const char *value)
{
    if (out->n_headers == HEADERS_MAX)
        return;
    text_puts(&out->names[out->n_headers], name);
    text_puts(&out->values[out->n_headers++], value);
}

static int make_body(const json_t *root, struct scope *s, struct request *out,
                     struct qund_fault *why)
{
    const json_t *json = json_object_get(root, "json"), *form = json_object_get(root, "form");
    const char *body = member(root, "body");

    if (json)
        return make_json(json, s, out, why);
    text_puts(&out->method,
              member(root, "method") ? member(root, "method") : (form || body ? "POST" : "GET"));
    if (form) {
        header(out, "Content-Type", "application/x-www-form-urlencoded");
        return make_form(form, s, out, why);
    }
    if (!body)
        return QUND_OK;
    header(out, "Content-Type", "text/plain; charset=utf-8");
    return expand(body, PLACE_TEXT, s, &out->body, why);
}

static int make_headers(const json_t *j, struct scope *s, struct request *out,
                        struct qund_fault *why)
{
    const char *name;
    json_t *v;
    int rc = QUND_OK;

    json_object_foreach((json_t *)(uintptr_t)j, name, v)
    {
        TEXT_AUTO value = {0};
        size_t i = 0;

        if (rc == 0)
            rc = expand(json_string_value(v), PLACE_HEADER, s, &value, why);
        if (rc < 0 || s->omit || !value.n)
            continue;
        while (i < out->n_headers && strcmp(out->names[i].p, name) != 0)
            i++;
        if (i < out->n_headers) {
            text_done(&out->values[i]);
            text_add(&out->values[i], value.p, value.n);
        } else {
            header(out, name, value.p);
        }
    }
    return rc;
}

static int make_lets(const json_t *j, struct scope *s, struct qund_fault *why)
{
    const char *name;
    json_t *v;
    int rc = QUND_OK;

    json_object_foreach((json_t *)(uintptr_t)j, name, v)
    {
        if (rc < 0)
            break;
        rc = expand(json_string_value(v), PLACE_TEXT, s, &s->lets[s->n_lets].value, why);
        snprintf(s->lets[s->n_lets].name, sizeof(s->lets->name), "%s", name);
        s->n_lets++;
    }
    return rc;
}

static struct room room_of(const json_t *root)
{
    json_int_t bytes = json_integer_value(json_object_get(root, "text_bytes"));
    json_int_t chars = json_integer_value(json_object_get(root, "text_chars"));

    return (struct room){.max = (size_t)(chars > 0 ? chars : bytes),
                         .chars = chars > 0,
                         .marked = json_is_true(json_object_get(root, "marked"))};
}

static void scope_done(struct scope *s)
{
    for (size_t i = 0; i < s->n_lets; i++)
        text_done(&s->lets[i].value);
}

int template_make(const struct template *t, const struct robot_cfg *cfg, const struct said *said,
                  const struct moment *now, struct request *out, struct qund_fault *why)
{
    struct scope s = {.cfg = cfg,
                      .said = said,
                      .now = now,
                      .room = room_of(t->root),
                      .base = member(t->root, "base") ? member(t->root, "base") : ""};
    int rc = make_lets(json_object_get(t->root, "let"), &s, why);

    if (rc == 0)
        rc = expand(member(t->root, "url"), PLACE_URL, &s, &out->url, why);
    if (rc == 0)
        rc = make_body(t->root, &s, out, why);
    s.body = &out->body;
    if (rc == 0)
        rc = make_headers(json_object_get(t->root, "headers"), &s, out, why);
    scope_done(&s);
    return rc;
}

/* --- reading a file --- */

static bool strings(const json_t *o)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)o, name,
                        v) if (!json_is_string(v) || strlen(name) > 31) return false;
    return true;
}

static bool number_in(const json_t *v, json_int_t max)
{
    return !v || (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= max);
}

static bool yes_or_no(const json_t *v)
{
    return !v || json_is_boolean(v);
}

static bool map_of_strings(const json_t *v, size_t max)
{
    return !v || (json_is_object(v) && json_object_size(v) <= max && strings(v));
}

static int check_shape(const json_t *j, struct qund_fault *why)
{
    static const char *const METHODS[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    const char *method = member(j, "method");
    int bodies = (json_object_get(j, "json") != NULL) + (json_object_get(j, "form") != NULL) +
                 (json_object_get(j, "body") != NULL);
    size_t i = 0;
    const struct {
        const char *where, *what;
        bool wrong;
    } rules[] = {
        {"url", "a template like \"{{url}}/send\" is wanted", !member(j, "url")},
        {"let", "at most 16 names and their templates",
         !map_of_strings(json_object_get(j, "let"), LETS_MAX)},
        {"headers", "at most 12 names and their templates",
         !map_of_strings(json_object_get(j, "headers"), HEADERS_MAX - 4)},
        {"form", "names and their templates", !map_of_strings(json_object_get(j, "form"), 64)},
        {"body", "one of json, form and body", bodies > 1},
        {"shared", "true or false", !yes_or_no(json_object_get(j, "shared"))},
        {"to", "how many it wants", !number_in(json_object_get(j, "to"), 100)},
        {"rate", "a number a minute", !number_in(json_object_get(j, "rate"), 100000)},
        {"gap_ms", "at most 5000", !number_in(json_object_get(j, "gap_ms"), GAP_MAX_MS)},
        {"text_bytes", "a number", !number_in(json_object_get(j, "text_bytes"), 1 << 20)},
        {"text_chars", "a number", !number_in(json_object_get(j, "text_chars"), 1 << 20)},
    };

    while (method && i < 5 && strcmp(METHODS[i], method) != 0)
        i++;
    if (method && i == 5)
        return robot_fault(why, QUND_E_INVAL, "method", "GET, POST, PUT, PATCH or DELETE");
    for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].wrong)
            return robot_fault(why, QUND_E_INVAL, rules[i].where, "%s", rules[i].what);
    return QUND_OK;
}

static int only_known(const json_t *j, struct qund_fault *why)
{
    static const char *const KNOWN[] = {"help",   "base",       "needs",      "rate",   "gap_ms",
                                        "answer", "text_bytes", "text_chars", "marked", "let",
                                        "method", "url",        "headers",    "json",   "form",
                                        "body",   "shared",     "to"};
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)j, name, v)
    {
        size_t i = 0;

        while (i < sizeof(KNOWN) / sizeof(KNOWN[0]) && strcmp(KNOWN[i], name) != 0)
            i++;
        if (i == sizeof(KNOWN) / sizeof(KNOWN[0]))
            return robot_fault(why, QUND_E_INVAL, "template", "unknown member '%.40s'", name);
    }
    return QUND_OK;
}

void request_done(struct request *r)
{
    text_done(&r->method);
    text_done(&r->url);
    text_done(&r->body);
    for (size_t i = 0; i < HEADERS_MAX; i++) {
        text_done(&r->names[i]);
        text_done(&r->values[i]);
    }
}

void request_json(struct request *r, json_t *body)
{
    char *made = json_dumps(body, JSON_COMPACT);

    text_done(&r->method);
    text_puts(&r->method, "POST");
    if (made)
        text_puts(&r->body, made);
    r->body.bad |= !made;
    if (r->n_headers == 0)
        header(r, "Content-Type", "application/json");
    free(made);
    json_decref(body);
}

/* Every name and filter, once: with a push that says something of everything. */
static int try_out(const struct template *t, struct qund_fault *why)
{
    static const struct said SAMPLE = {.kind = "alert",
                                       .title = "询价",
                                       .text = "多少钱 \"}\\ <b>",
                                       .short_id = "12",
                                       .link = "https://example.com/a/1",
                                       .level = "info",
                                       .phone = "13800000000",
                                       .name = "小王",
                                       .userid = "wang",
                                       .image_path = "",
                                       .image_url = ""};
    const char *one = "1";
    const struct robot_cfg cfg = {
        .url = "https://example.com", .token = "t", .secret = "s", .to = {&one, 1}};
    const struct moment now = {.wall_ms = 1700000000000, .nonce = "00"};
    struct request r = {0};
    int rc = template_make(t, &cfg, &SAMPLE, &now, &r, why);

    request_done(&r);
    return rc;
}

struct template *template_new(const json_t *j, struct qund_fault *why)
{
    struct template *t = calloc(1, sizeof(*t));

    if (t && only_known(j, why) == 0 && check_shape(j, why) == 0) {
        t->root = json_incref((json_t *)(uintptr_t)j);
        if (try_out(t, why) == 0)
            return t;
    }
    template_free(t);
    return NULL;
}

void template_free(struct template *t)
{
    if (t)
        json_decref(t->root);
    free(t);
}

int64_t template_rate(const struct template *t)
{
    const json_t *rate = json_object_get(t->root, "rate");

    return rate ? json_integer_value(rate) : RATE_USUAL;
}

int64_t template_gap_ms(const struct template *t)
{
    return json_integer_value(json_object_get(t->root, "gap_ms"));
}

/* Chats of many have a number below zero (Telegram) or a name with an @. */
bool template_shared(const struct template *t, const struct robot_cfg *cfg)
{
    if (!json_is_false(json_object_get(t->root, "shared")))
        return true;
    return cfg->to.n > 0 && strchr("-@", cfg->to.v[0][0]) && cfg->to.v[0][0];
}

/* Where a field stands does not matter: a number that is not dialled is there to tell people apart.
 */
bool template_names_its_person(const struct template *t)
{
    char *text = json_dumps(t->root, JSON_COMPACT);
    bool named = text && (strstr(text, "{{phone") || strstr(text, "{{id"));

    free(text);
    return named;
}

/* Whether the file has a place for any of these. */
static bool has_place(const struct template *t, const char *const *places)
{
    char *text = json_dumps(t->root, JSON_COMPACT);
    bool found = !text; /* no memory: nobody is blamed */

    while (!found && *places)
        found = strstr(text, *places++) != NULL;
    free(text);
    return found;
}

/* What the entry says and the file cannot use. */
static int check_surplus(const struct template *t, const struct robot_cfg *cfg,
                         struct qund_fault *why)
{
    static const char *const TOKEN[] = {"{{token", ":token", NULL};
    static const char *const SECRET[] = {"{{secret", ":secret", NULL};
    static const char *const TO[] = {"{{to}}", "{{to|", "{{to1", "{{to2", NULL};
    json_int_t n = json_integer_value(json_object_get(t->root, "to"));

    if (cfg->token && !has_place(t, TOKEN))
        return robot_fault(why, QUND_E_INVAL, "token", NO_PLACE);
    if (cfg->secret && !has_place(t, SECRET))
        return robot_fault(why, QUND_E_INVAL, "secret", NO_PLACE);
    if (cfg->to.n > 0 && !has_place(t, TO))
        return robot_fault(why, QUND_E_INVAL, "to", NO_PLACE);
    if (n == 1 && cfg->to.n > 1)
        return robot_fault(why, QUND_E_INVAL, "to",
                           "this template writes to one, here are %zu: make a target of each",
                           cfg->to.n);
    if (n > 1 && cfg->to.n > 0 && cfg->to.n != (size_t)n)
        return robot_fault(why, QUND_E_INVAL, "to",
                           "this template wants %d entries, here are %zu: %.150s", (int)n,
                           cfg->to.n, member(t->root, "help") ? member(t->root, "help") : "");
    return QUND_OK;
}

int template_check(const struct template *t, const struct robot_cfg *cfg, struct qund_fault *why)
{
    const struct {
        const char *name;
        bool there;
    } has[] = {{"url", cfg->url != NULL},
               {"token", cfg->token != NULL},
               {"secret", cfg->secret != NULL},
               {"to", cfg->to.n > 0}};
    const json_t *need;
    size_t i;

    json_array_foreach(
        json_object_get(t->root, "needs"), i,
        need) for (size_t k = 0; k < sizeof(has) / sizeof(has[0]);
                   k++) if (json_is_string(need) &&
                            strcmp(json_string_value(need), has[k].name) == 0 &&
                            !has[k].there) return robot_fault(why, QUND_E_INVAL, has[k].name,
                                                              "this template needs it");
    if (check_surplus(t, cfg, why) < 0)
        return QUND_E_INVAL;
    return cfg->url || member(t->root, "base")
               ? QUND_OK
               : robot_fault(why, QUND_E_INVAL, "url", "this template has no address of its own");
}
