/* template.c - a push's JSON as the body that somebody else's interface wants.
 *
 * A template is text with {{fields}}, parsed when the configuration is loaded, so that a wrong name
 * is found then and not in the first push. A template that begins with { or [ makes JSON, and then
 * where a field stands decides how it is written: inside a string its text, escaped; outside one a
 * value of its own, quotes included. What a customer wrote can therefore never break out of its
 * string, and whether the result is JSON is decided by the template alone: it is rendered once with
 * hostile samples when it is checked. Any other template makes plain text.
 *
 * There are no conditions, loops or filters, and what was written is never read again: a message
 * that contains {{…}} stays text. */
#include "core/json.h"
#include "deliver/internal.h"

#define PARTS_MAX 256u
#define TEMPLATE_MAX (64u * 1024u)
#define BODY_MAX (256u * 1024u)
#define VALUES_MAX 64u
#define DEPTH_MAX 16u

/* What a push says (docs/deliveries.md); `text` is a readable whole of it. */
static const char *const FIELDS[] = {
    "text",
    "kind",
    "short",
    "level",
    "title",
    "link",
    "link_all",
    "count",
    "items",
    "rung",
    "to",
    "person",
    "person.id",
    "person.name",
    "person.ids",
    "alert",
    "alert.id",
    "alert.rule",
    "alert.rule_version",
    "alert.level",
    "alert.state",
    "alert.group",
    "alert.group_name",
    "alert.contact",
    "alert.sender_name",
    "alert.message",
    "alert.to",
    "alert.title",
    "alert.quote",
    "alert.context",
    "alert.count",
    "alert.rung",
    "alert.first_ts",
    "alert.last_ts",
    "alert.created",
    "alert.changed",
    "alert.by",
    "alert.note",
};

struct part {
    struct qund_str literal; /* into text */
    const char *field;       /* NULL: the literal */
    bool quoted;             /* inside a JSON string */
};
struct qund_body_template {
    char *text;
    bool json;
    struct part v[PARTS_MAX];
    size_t n;
};

/* One scalar, array or object of the push; an object stands here beside its members. */
struct value {
    struct qund_str name, text;
    bool is_text; /* decoded; else `text` is JSON */
};
struct values {
    struct value v[VALUES_MAX];
    size_t n;
};

/* --- parsing --- */

static int add_part(struct qund_body_template *t, struct part p, struct qund_err *err)
{
    if (p.literal.n == 0 && !p.field)
        return 0;
    if (t->n == PARTS_MAX)
        return qund_err_set(err, QUND_E_INVAL, "template", "more than %u pieces", PARTS_MAX);
    t->v[t->n++] = p;
    return 0;
}

static const char *known(struct qund_str name)
{
    int i = qund_str_index(name, FIELDS, QUND_ARRAY_LEN(FIELDS));

    return i < 0 ? NULL : FIELDS[i];
}

static int unknown_field(struct qund_str name, struct qund_err *err)
{
    const char *near = qund_str_nearest(name, FIELDS, QUND_ARRAY_LEN(FIELDS));
    struct qund_str shown = qund_utf8_cut(name, 60);

    return qund_err_set(err, QUND_E_INVAL, "template", "unknown field {{%.*s}}; %s {{%s}}",
                        QUND_STR_ARG(shown), near ? "nearest known:" : "the whole text is",
                        near ? near : "text");
}

/* Whether a string is open after `s`, given whether one was before it. */
static bool string_open(struct qund_str s, bool open)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            open = !open;
        else if (s.p[i] == '\\' && open)
            i++;
    }
    return open;
}

/* A backslash that would take the first character of what is written after it. */
static bool escape_open(struct qund_str s)
{
    size_t n = 0;

    while (n < s.n && s.p[s.n - 1 - n] == '\\')
        n++;
    return n % 2 == 1;
}

static int parse_parts(struct qund_body_template *t, struct qund_err *err)
{
    struct qund_str s = qund_str(t->text);
    bool open = false;
    size_t at = 0;

    while (at < s.n) {
        ptrdiff_t from = qund_str_find(s, at, QUND_STR("{{"));
        size_t end = from < 0 ? s.n : (size_t)from;
        struct part p = {.literal = qund_str_n(s.p + at, end - at)};
        ptrdiff_t to;
        int rc = add_part(t, p, err);

        if (rc < 0 || from < 0)
            return rc;
        if (t->json && escape_open(p.literal))
            return qund_err_set(err, QUND_E_INVAL, "template", "a single \\ before {{ at byte %zu",
                                end);
        open = string_open(p.literal, open);
        to = qund_str_find(s, end + 2, QUND_STR("}}"));
        if (to < 0)
            return qund_err_set(err, QUND_E_INVAL, "template", "{{ without }} at byte %zu", end);
        p.literal = qund_str_trim(qund_str_n(s.p + end + 2, (size_t)to - end - 2));
        p.field = known(p.literal);
        p.quoted = open;
        if (!p.field)
            return unknown_field(p.literal, err);
        rc = add_part(t, p, err);
        if (rc < 0)
            return rc;
        at = (size_t)to + 2;
    }
    return 0;
}

int qund_body_template_parse(struct qund_str text, struct qund_body_template **out,
                             struct qund_err *err)
{
    QUND_AUTO(qund_body_template_free) struct qund_body_template *t = qund_alloc(sizeof(*t));
    struct qund_str trimmed = qund_str_trim(text);
    int rc;

    if (text.n > TEMPLATE_MAX)
        return qund_err_set(err, QUND_E_INVAL, "template", "longer than 64 KiB");
    t->text = qund_str_dup(text);
    t->json = trimmed.n > 0 && (trimmed.p[0] == '{' || trimmed.p[0] == '[') &&
              !qund_str_starts(trimmed, "{{");
    rc = parse_parts(t, err);
    if (rc < 0)
        return rc;
    *out = QUND_TAKE(t);
    return 0;
}

struct qund_body_template *qund_body_template_free(struct qund_body_template *t)
{
    if (t)
        qund_free(t->text);
    qund_free(t);
    return NULL;
}

bool qund_body_template_is_whole(const struct qund_body_template *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].field &&
            (strcmp(t->v[i].field, "text") == 0 || strcmp(t->v[i].field, "items") == 0))
            return true;
    return false;
}

bool qund_body_template_is_json(const struct qund_body_template *t)
{
    return t->json;
}

/* --- reading the push --- */

static int read_value(struct qund_jr *r, struct value *v)
{
    if (qund_jr_peek(r) == QUND_JT_STR) {
        v->is_text = true;
        return qund_jr_str(r, &v->text);
    }
    return qund_jr_skip(r, &v->text);
}

/* Members of one object; those of an object within it as "outer.inner". */
static int read_members(struct qund_str json, const char *prefix, struct qund_arena *arena,
                        struct values *vs)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key;
    int rc;

    qund_jr_init(&r, json, arena, DEPTH_MAX);
    rc = qund_jr_obj(&r, &o);
    while (rc == 0 && (rc = qund_jr_obj_next(&r, &o, &key)) > 0) {
        struct value v = {0};
        size_t prefix_n = strlen(prefix);
        char *name = qund_arena_alloc(arena, prefix_n + key.n + 1);
        bool object = qund_jr_peek(&r) == QUND_JT_OBJ;

        memcpy(name, prefix, prefix_n);
        memcpy(name + prefix_n, key.p, key.n);
        name[prefix_n + key.n] = '\0';
        v.name = qund_str_n(name, prefix_n + key.n);
        rc = read_value(&r, &v);
        if (rc == 0 && vs->n < VALUES_MAX)
            vs->v[vs->n++] = v;
        if (rc == 0 && object && prefix_n == 0) {
            name[key.n] = '.';
            rc = read_members(v.text, qund_arena_dup(arena, name, key.n + 1), arena, vs);
            name[key.n] = '\0';
        }
    }
    return rc;
}

static const struct value *find(const struct values *vs, const char *name)
{
    for (size_t i = 0; i < vs->n; i++)
        if (qund_str_is(vs->v[i].name, name))
            return &vs->v[i];
    return NULL;
}

static bool empty(const struct value *v)
{
    return !v || v->text.n == 0 || (!v->is_text && qund_str_is(v->text, "null"));
}

static struct qund_str words(const struct values *vs, const char *name)
{
    const struct value *v = find(vs, name);

    return empty(v) ? QUND_STR("") : v->text;
}

/* Of a push that brings no text of its own (an older version made it):
 * 【urgent】询价
 * 一群 张三：多少钱
 * #12 */
static void readable(const struct values *vs, struct qund_buf *out)
{
    struct qund_str level = words(vs, "alert.level");
    struct qund_str title = words(vs, "alert.title");
    struct qund_str group = words(vs, "alert.group_name");
    struct qund_str sender = words(vs, "alert.sender_name");
    struct qund_str quote = words(vs, "alert.quote");
    struct qund_str id = words(vs, "short");

    if (level.n > 0)
        qund_buf_printf(out, "【%.*s】", QUND_STR_ARG(level));
    qund_buf_line(out, title.n > 0 ? title : words(vs, "kind"));
    if (group.n + sender.n + quote.n > 0)
        qund_buf_char(out, '\n');
    qund_buf_line(out, group);
    if (group.n > 0 && sender.n > 0)
        qund_buf_char(out, ' ');
    qund_buf_line(out, sender);
    if (quote.n > 0 && group.n + sender.n > 0)
        qund_buf_puts(out, "：");
    qund_buf_line(out, quote);
    if (id.n > 0)
        qund_buf_printf(out, "\n#%.*s", QUND_STR_ARG(id));
}

/* --- writing the body --- */

static void put_escaped(struct qund_buf *out, struct qund_str s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf quoted = {0};
    struct qund_jw w = qund_jw(&quoted);

    qund_jw_str(&w, s.p ? s : QUND_STR(""));
    qund_buf_add(out, quoted.p + 1, quoted.n - 2);
}

static void put_value(struct qund_buf *out, bool json, const struct part *p, const struct value *v)
{
    if (!json || p->quoted) {
        struct qund_str text = empty(v) ? QUND_STR("") : v->text;

        if (json)
            put_escaped(out, text);
        else
            qund_buf_str(out, text);
    } else if (!v) {
        qund_buf_puts(out, "null");
    } else if (v->is_text) {
        qund_buf_char(out, '"');
        put_escaped(out, v->text);
        qund_buf_char(out, '"');
    } else {
        qund_buf_str(out, v->text);
    }
}

static int render(const struct qund_body_template *t, const struct values *vs, struct qund_buf *out)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i].field)
            put_value(out, t->json, &t->v[i], find(vs, t->v[i].field));
        else
            qund_buf_str(out, t->v[i].literal);
        if (out->n > BODY_MAX)
            return QUND_E_FULL;
    }
    return 0;
}

int qund_body_template_render(const struct qund_body_template *t, struct qund_str json,
                              struct qund_buf *out)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct values vs = {.n = 1}; /* the first is `text` */
    int rc = read_members(json, "", arena, &vs);

    if (rc < 0)
        return QUND_E_INVAL;
    if (!find(&vs, "text")) {
        readable(&vs, &text);
        vs.v[0] =
            (struct value){.name = QUND_STR("text"), .text = qund_buf_view(&text), .is_text = true};
    }
    return render(t, &vs, out);
}

static int check_round(const struct qund_body_template *t, const struct values *vs,
                       struct qund_err *err)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_jr r;
    int rc = render(t, vs, &out);

    if (rc < 0)
        return qund_err_set(err, QUND_E_INVAL, "template", "its result would be too long");
    qund_jr_init(&r, qund_buf_view(&out), arena, DEPTH_MAX);
    rc = qund_jr_skip(&r, NULL);
    if (rc == 0)
        rc = qund_jr_end(&r);
    if (rc < 0)
        return qund_err_set(err, QUND_E_INVAL, "template",
                            "begins like JSON but does not make JSON: %s at byte %zu of the result",
                            r.why ? r.why : "malformed", r.at);
    return 0;
}

/* Once with fields that say what would break a sloppy template, once with none. */
static int check_json(const struct qund_body_template *t, struct qund_err *err)
{
    struct values vs = {0};
    int rc = check_round(t, &vs, err);

    for (size_t i = 0; i < QUND_ARRAY_LEN(FIELDS); i++)
        vs.v[vs.n++] = (struct value){
            .name = qund_str(FIELDS[i]), .text = QUND_STR("\"}\\ \n{{text}}"), .is_text = true};
    return rc < 0 ? rc : check_round(t, &vs, err);
}

int qund_webhook_template_check(struct qund_str text, struct qund_err *err)
{
    QUND_AUTO(qund_body_template_free) struct qund_body_template *t = NULL;
    int rc = qund_body_template_parse(text, &t, err);

    return rc == 0 && t->json ? check_json(t, err) : rc;
}
