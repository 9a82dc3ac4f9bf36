/* plugins/onebot/json.c - JSON of strangers.
 *
 * jansson makes an object of some forty bytes out of "0,", so a frame within its size limit could
 * still take a hundred times its size; and it recurses. Depth and number of values are therefore
 * counted over the bare text first, which costs far less than the parse.
 *
 * Ids are the field's trouble: integers beyond 2^53, negative ones, strings, floats without a
 * fraction. They are text here and everywhere behind, and never pass through a double unless the
 * peer wrote one. Some peers count in 64 bits without a sign; jansson ends at 2^63 - 1 and refuses
 * the text. It is then read again with those numbers between quotes: their digits are the id. */
#include "json.h"
#include "halves.h"
#include <math.h>
#include <stdlib.h>

#define EXACT 9007199254740992.0 /* above it a double skips integers */
#define DIGITS 15                /* that a double gives back as they were written */

static const char *too_much(struct qund_str text)
{
    unsigned depth = 0, values = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
            continue;
        }
        quoted = c == '"';
        if ((c == '[' || c == '{') && ++depth > OB_JSON_DEPTH)
            return "nested too deeply";
        depth -= (c == ']' || c == '}') && depth > 0;
        if ((c == ',' || c == '[' || c == '{') && ++values > OB_JSON_VALUES)
            return "too many values";
    }
    return NULL;
}

static json_t *parse(const char *p, size_t n, json_error_t *error)
{
    return json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, error);
}

/* Digits of a number that 64 bits hold without a sign, and not with one. */
static bool needs_64_bits(struct qund_str s)
{
    static const char OVER[] = "9223372036854775807", LAST[] = "18446744073709551615";

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return (s.n == 19 && memcmp(s.p, OVER, 19) > 0) ||
           (s.n == 20 && s.p[0] == '1' && memcmp(s.p, LAST, 20) <= 0);
}

/* The value that begins at i and is neither string nor bracket: up to where it must end. */
static size_t bare_end(struct qund_str text, size_t i)
{
    while (i < text.n && !strchr(",:[]{}\" \t\r\n", text.p[i]))
        i++;
    return i;
}

/* A copy with those numbers as strings. NULL: there is none. */
static char *numbers_quoted(struct qund_str text, size_t *n)
{
    char *out = malloc(text.n + 2 * (text.n / 19) + 1);
    bool quoted = false, any = false;
    size_t i = 0;

    *n = 0;
    while (out && i < text.n) {
        size_t end = quoted ? i : bare_end(text, i);
        bool large = needs_64_bits(qund_str_n(text.p + i, end - i));

        if (end == i) { /* a byte of a string, or between values */
            if (quoted && text.p[i] == '\\' && i + 1 < text.n)
                out[(*n)++] = text.p[i++];
            else if (text.p[i] == '"')
                quoted = !quoted;
            out[(*n)++] = text.p[i++];
            continue;
        }
        any |= large;
        if (large)
            out[(*n)++] = '"';
        memcpy(out + *n, text.p + i, end - i);
        *n += end - i;
        i = end;
        if (large)
            out[(*n)++] = '"';
    }
    if (any)
        return out;
    free(out);
    return NULL;
}

static const char *what_is_wrong(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return "a key stands twice";
    case json_error_numeric_overflow:
        return "a number beyond 64 bits (as a string it could be read)";
    default:
        return "not JSON";
    }
}

json_t *ob_json_read(struct qund_str text, const char **why)
{
    json_error_t error;
    json_t *doc;
    char *mended, *quoted = NULL;

    *why = too_much(text);
    if (*why)
        return NULL;
    text.p = text.p ? text.p : "";
    doc = parse(text.p, text.n, &error);
    mended = doc ? NULL : halves_mended(text);
    if (mended) {
        text.p = mended;
        doc = parse(text.p, text.n, &error);
    }
    if (!doc && json_error_code(&error) == json_error_numeric_overflow)
        quoted = numbers_quoted(text, &text.n);
    if (quoted)
        doc = parse(quoted, text.n, &error);
    if (!doc)
        *why = what_is_wrong(&error);
    free(mended);
    free(quoted);
    return doc;
}

void ob_json_free(json_t *doc)
{
    json_decref(doc);
}

struct qund_str ob_json_text(const json_t *v)
{
    return json_is_string(v) ? qund_str_n(json_string_value(v), json_string_length(v))
                             : QUND_STR_NONE;
}

struct qund_str ob_get_text(const json_t *o, const char *key)
{
    return ob_json_text(json_object_get(o, key));
}

struct qund_str ob_json_words(const json_t *v, struct ob_pool *p)
{
    char *z;
    struct qund_str s;

    if (!json_is_number(v) && !json_is_boolean(v))
        return ob_json_text(v);
    z = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS));
    s = ob_pool_str(p, qund_str(z));
    free(z);
    return s;
}

struct qund_str ob_get_words(const json_t *o, const char *key, struct ob_pool *p)
{
    return ob_json_words(json_object_get(o, key), p);
}

static bool integral(const json_t *v)
{
    double d = json_real_value(v);

    return json_is_real(v) && fabs(d) < EXACT && d == floor(d);
}

struct qund_str ob_get_id(const json_t *o, const char *key, struct ob_pool *p, bool *number)
{
    const json_t *v = json_object_get(o, key);
    bool was_number = json_is_integer(v) || integral(v);

    if (number)
        *number = was_number || needs_64_bits(ob_json_text(v));
    if (was_number)
        return ob_pool_printf(p, "%lld",
                              json_is_integer(v) ? (long long)json_integer_value(v)
                                                 : (long long)json_real_value(v));
    return ob_json_text(v);
}

int64_t ob_get_int(const json_t *o, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(o, key);
    int64_t out;

    if (json_is_integer(v))
        return (int64_t)json_integer_value(v);
    if (json_is_real(v) && fabs(json_real_value(v)) < EXACT)
        return (int64_t)json_real_value(v);
    return ob_number(ob_json_text(v), &out) ? out : otherwise;
}

bool ob_get_bool(const json_t *o, const char *key, bool otherwise)
{
    const json_t *v = json_object_get(o, key);
    struct qund_str s = ob_json_text(v);

    if (json_is_boolean(v))
        return json_is_true(v);
    if (json_is_integer(v))
        return json_integer_value(v) != 0;
    return s.n == 0 ? otherwise
                    : qund_str_is(s, "1") || qund_str_is(s, "true") || qund_str_is(s, "yes");
}

const json_t *ob_get_object(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_object(v) ? v : NULL;
}

struct qund_str ob_json_print(const json_t *v, struct ob_pool *p)
{
    char *z = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    struct qund_str s = ob_pool_str(p, qund_str(z));

    free(z);
    return s;
}

json_t *ob_json_str(struct qund_str s)
{
    json_t *v = json_stringn(s.p ? s.p : "", s.n);

    return v ? v : json_string("");
}
