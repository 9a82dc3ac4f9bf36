/* plugins/onebot/cq.c - reads the CQ string form; nothing here writes it.
 *
 * qund sends arrays only: in them nothing is escaped, so no text of a user can become a code. What
 * comes in may be either, decided per event. The string form becomes the array form here and the
 * rest of the plugin knows one.
 *
 * A code is "[CQ:" name ("," key "=" value)* "]". Only four entities exist, and "&amp;" is undone
 * last, which reading from left to right does by itself: what it yields is not looked at again. */
#include "cq.h"
#include <stdlib.h>

#define OPENING "[CQ:"
#define NAME_MAX_BYTES 64u

static const struct {
    const char *entity;
    char c;
} ENTITIES[] = {{"&amp;", '&'}, {"&#91;", '['}, {"&#93;", ']'}, {"&#44;", ','}};

static char entity_at(struct qund_str s, size_t *len)
{
    for (size_t i = 0; i < OB_LEN(ENTITIES); i++)
        if (qund_str_starts(s, ENTITIES[i].entity)) {
            *len = strlen(ENTITIES[i].entity);
            return ENTITIES[i].c;
        }
    return '\0';
}

static json_t *unescaped(struct qund_str s)
{
    struct ob_text t = {0};
    size_t from = 0, i = 0;
    json_t *v;

    while (i < s.n) {
        size_t len = 1;
        char c = s.p[i] == '&' ? entity_at(qund_str_n(s.p + i, s.n - i), &len) : '\0';

        if (c) {
            ob_text_add(&t, qund_str_n(s.p + from, i - from));
            ob_text_add(&t, qund_str_n(&c, 1));
            from = i + len;
        }
        i += len;
    }
    ob_text_add(&t, qund_str_n(s.p + from, s.n - from));
    v = ob_json_str(ob_text_view(&t));
    ob_text_done(&t);
    return v;
}

static void put(json_t *out, json_t *type, json_t *data)
{
    json_t *segment = json_object();

    json_object_set_new(segment, "type", type);
    json_object_set_new(segment, "data", data);
    json_array_append_new(out, segment);
}

static void put_text(json_t *out, struct qund_str s)
{
    json_t *data;

    if (s.n == 0)
        return;
    data = json_object();
    json_object_set_new(data, "text", unescaped(s));
    put(out, json_string("text"), data);
}

/* Whether s begins with a code; *code is what is between "[CQ:" and "]", *name its first part. The
 * name is looked at first: a text of nothing but broken codes is then not searched for its end
 * again and again. */
static bool code_at(struct qund_str s, struct qund_str *code, struct qund_str *name)
{
    const char *p = s.p + strlen(OPENING), *end;
    size_t n = 0, left;

    if (!qund_str_starts(s, OPENING))
        return false;
    left = s.n - strlen(OPENING);
    while (n < left && n <= NAME_MAX_BYTES && p[n] != ',' && p[n] != ']' && p[n] != ' ')
        n++;
    end = n > 0 && n < left && (p[n] == ',' || p[n] == ']') ? memchr(p + n, ']', left - n) : NULL;
    if (!end)
        return false;
    *code = qund_str_n(p, (size_t)(end - p));
    *name = qund_str_n(p, n);
    return true;
}

static json_t *parameters(struct qund_str rest)
{
    json_t *data = json_object();

    while (rest.n > 0) {
        const char *comma = memchr(rest.p, ',', rest.n);
        struct qund_str one = qund_str_n(rest.p, comma ? (size_t)(comma - rest.p) : rest.n);
        const char *sign = memchr(one.p, '=', one.n);
        size_t key_n = sign ? (size_t)(sign - one.p) : 0;

        if (key_n > 0 && !memchr(one.p, '\0', key_n)) { /* jansson keeps keys NUL-terminated */
            char *key = ob_dup(qund_str_n(one.p, key_n));

            json_object_set_new(data, key, unescaped(qund_str_n(sign + 1, one.n - key_n - 1)));
            free(key);
        }
        rest = comma ? qund_str_n(comma + 1, rest.n - one.n - 1) : QUND_STR_NONE;
    }
    return data;
}

json_t *ob_cq_read(struct qund_str text)
{
    json_t *out = json_array();
    const char *last = text.n > 0 ? memrchr(text.p, ']', text.n) : NULL;
    size_t codes_end = last ? (size_t)(last - text.p) : 0, from = 0, i = 0;

    while (i < codes_end && json_array_size(out) < OB_CQ_SEGMENTS) {
        const char *open = memchr(text.p + i, '[', codes_end - i);
        struct qund_str code, name;

        if (!open)
            break;
        i = (size_t)(open - text.p);
        if (!code_at(qund_str_n(open, text.n - i), &code, &name)) {
            i++;
            continue;
        }
        put_text(out, qund_str_n(text.p + from, i - from));
        put(out, ob_json_str(name),
            parameters(name.n < code.n ? qund_str_n(name.p + name.n + 1, code.n - name.n - 1)
                                       : QUND_STR_NONE));
        i += strlen(OPENING) + code.n + 1;
        from = i;
    }
    if (text.n > from)
        put_text(out, qund_str_n(text.p + from, text.n - from));
    return out;
}
