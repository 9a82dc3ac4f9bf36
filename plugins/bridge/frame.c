/* frame.c - bytes of a bridge to a frame.
 *
 * A bridge is somebody's script: it has the token, and apart from that anything may come. What
 * costs a JSON parser time is not bytes but pieces, so both are bounded by one look over the text
 * before it is parsed: a frame of 8 MiB with one picture in it is fine, half a million keys are
 * not.
 *
 * One thing is repaired, because JavaScript makes it: half of a surrogate pair, cut out of an
 * emoji, is written as \ud83d, which is no text in any encoding. It becomes the replacement
 * character. Everything else that is wrong is refused with its place and the reason. */
#include "frame.h"
#include "halves.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct piece {
    struct piece *next;
    char *text; /* taken over; NULL: the bytes behind */
    max_align_t bytes[];
};

int bridge_fault(struct qund_fault *why, int rc, const char *where, const char *fmt, ...)
{
    va_list ap;

    if (!why)
        return rc;
    snprintf(why->where, sizeof(why->where), "%s", where);
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, ap);
    va_end(ap);
    return rc;
}

/* --- memory of a frame --- */

static struct piece *new_piece(struct frame *f, size_t n)
{
    struct piece *p = calloc(1, sizeof(*p) + n);

    if (p) {
        p->next = f->kept;
        f->kept = p;
    }
    return p;
}

void *bridge_frame_alloc(struct frame *f, size_t n)
{
    struct piece *p = new_piece(f, n);

    return p ? p->bytes : NULL;
}

struct qund_str bridge_frame_keep(struct frame *f, char *text)
{
    struct piece *p = text ? new_piece(f, 0) : NULL;

    if (!p) {
        free(text);
        return QUND_STR_NONE;
    }
    p->text = text;
    return qund_str(text);
}

void bridge_frame_free(struct frame *f)
{
    struct piece *next;

    for (struct piece *p = f->kept; p; p = next) {
        next = p->next;
        free(p->text);
        free(p);
    }
    json_decref(f->root);
    *f = (struct frame){0};
}

/* --- members --- */

struct qund_str bridge_text(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_string(v) ? qund_str_n(json_string_value(v), json_string_length(v))
                             : QUND_STR_NONE;
}

struct qund_str bridge_id(json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    char digits[24];

    if (json_is_integer(v)) {
        snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        if (json_object_set_new(o, key, json_string(digits)) < 0)
            return QUND_STR_NONE;
    }
    return bridge_text(o, key);
}

int64_t bridge_int(const json_t *o, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(o, key);

    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

bool bridge_bool(const json_t *o, const char *key)
{
    return json_is_true(json_object_get(o, key));
}

/* --- before it is parsed --- */

/* Behind the string that begins at p. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p;
}

static int check_bounds(struct qund_str text, struct qund_fault *why)
{
    const char *end = text.p + text.n;
    int depth = 0, parts = 0;

    if (text.n > FRAME_MAX)
        return bridge_fault(why, QUND_E_INVAL, "", "%zu bytes, at most %d are allowed", text.n,
                            FRAME_MAX);
    for (const char *p = text.p; p < end; p++) {
        if (*p == '"')
            p = skip_string(p, end);
        else if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        else if (*p == ',')
            parts++;
        if (depth > FRAME_DEPTH_MAX)
            return bridge_fault(why, QUND_E_INVAL, "", "nested deeper than %d", FRAME_DEPTH_MAX);
        if (parts > FRAME_PARTS_MAX)
            return bridge_fault(why, QUND_E_INVAL, "", "more than %d members", FRAME_PARTS_MAX);
    }
    return QUND_OK;
}

static json_t *parse(struct qund_str text, bool *repaired, struct qund_fault *why)
{
    json_error_t e;
    json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
    char *mended = root ? NULL : halves_mended(text);

    if (mended) {
        *repaired = true;
        root = json_loadb(mended, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
        free(mended);
    }
    if (!root)
        bridge_fault(why, QUND_E_INVAL, "", "%.150s (byte %d)", e.text, e.position);
    return root;
}

/* --- the frame --- */

static enum frame_type type_of(struct qund_str t)
{
    static const char *const NAMES[] = {
        [FRAME_HELLO] = "hello", [FRAME_EVENT] = "event", [FRAME_RES] = "res",
        [FRAME_PING] = "ping",   [FRAME_PONG] = "pong",
    };

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (qund_str_is(t, NAMES[i]))
            return (enum frame_type)i;
    return FRAME_UNKNOWN;
}

int bridge_frame_read(struct qund_str text, struct frame *out, bool *repaired,
                      struct qund_fault *why)
{
    int rc = check_bounds(text, why);
    struct qund_str t;

    *out = (struct frame){0};
    *repaired = false;
    if (rc < 0)
        return rc;
    out->root = parse(text, repaired, why);
    if (!out->root)
        return QUND_E_INVAL;
    t = bridge_text(out->root, "t");
    if (!json_is_object(out->root) || !t.p) {
        bridge_frame_free(out);
        return bridge_fault(why, QUND_E_INVAL, "t", "an object with a member t is wanted");
    }
    out->type = type_of(t);
    out->seq = bridge_int(out->root, "seq", 0);
    out->ts = bridge_int(out->root, "ts", 0);
    return QUND_OK;
}
