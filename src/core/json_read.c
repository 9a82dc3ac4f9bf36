/* json_read.c - JSON in, on the hot path.
 *
 * A pull reader: the caller asks for what it expects and gets it, or a reason and an offset. No
 * tree is built; a string without escapes is a view into the input, so a usual event of 400 bytes
 * is read without copying a byte of its text. Strict after RFC 8259, and stricter where two readers
 * of one document might disagree: duplicate keys, NUL, lone surrogates and invalid UTF-8 are
 * refused.
 *
 * Errors stick: after the first one every call fails, so a caller may check late. */
#include "core/json_keys.h"
#include <endian.h>
#include <jansson.h>

_Static_assert(QUND_JSON_LOAD_FLAGS == JSON_REJECT_DUPLICATES, "the header must not need jansson");

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static int bad(struct qund_jr *r, const char *at, const char *why)
{
    if (!r->why) {
        r->why = why;
        r->at = (size_t)(at - r->start);
        r->p = r->end; /* nothing more to read */
    }
    return QUND_E_INVAL;
}

void qund_jr_init(struct qund_jr *r, struct qund_str json, struct qund_arena *arena,
                  unsigned max_depth)
{
    const char *p = json.p ? json.p : "";

    *r = (struct qund_jr){
        .p = p, .end = p + json.n, .start = p, .arena = arena, .max_depth = max_depth};
}

static void blanks(struct qund_jr *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
        r->p++;
}

/* Takes c after blanks, or fails with why. */
static int expect(struct qund_jr *r, char c, const char *why)
{
    if (r->why)
        return QUND_E_INVAL;
    blanks(r);
    if (r->p >= r->end || *r->p != c)
        return bad(r, r->p, r->p >= r->end ? "ends too early" : why);
    r->p++;
    return QUND_OK;
}

static bool digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* End of the number at p, NULL when it is none; *integer: neither fraction nor exponent. */
static const char *number_end(const char *p, const char *end, bool *integer)
{
    *integer = true;
    if (p < end && *p == '-')
        p++;
    if (!digit(p, end))
        return NULL;
    if (*p == '0')
        p++;
    else
        while (digit(p, end))
            p++;
    if (p < end && *p == '.') {
        *integer = false;
        if (!digit(++p, end))
            return NULL;
        while (digit(p, end))
            p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *integer = false;
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (!digit(p, end))
            return NULL;
        while (digit(p, end))
            p++;
    }
    return p;
}

int qund_jr_peek(struct qund_jr *r)
{
    bool integer;

    if (r->why)
        return QUND_E_INVAL;
    blanks(r);
    if (r->p >= r->end)
        return bad(r, r->p, "ends too early");
    switch (*r->p) {
    case '"':
        return QUND_JT_STR;
    case '{':
        return QUND_JT_OBJ;
    case '[':
        return QUND_JT_ARR;
    case 't':
    case 'f':
        return QUND_JT_BOOL;
    case 'n':
        return QUND_JT_NULL;
    default:
        if (!number_end(r->p, r->end, &integer))
            return bad(r, r->p, "a value is wanted here");
        return integer ? QUND_JT_INT : QUND_JT_NUM;
    }
}

static int hex4(const char *p, const char *end, uint32_t *out)
{
    uint32_t v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i];

        if (c >= '0' && c <= '9')
            v = v << 4 | (c - '0');
        else if ((c | 0x20u) >= 'a' && (c | 0x20u) <= 'f')
            v = v << 4 | ((c | 0x20u) - 'a' + 10);
        else
            return -1;
    }
    *out = v;
    return 0;
}

/* The escape at *p (behind the backslash) as UTF-8; returns its bytes, 0 when it is none. */
static size_t unescape(const char **p, const char *end, char out[4], const char **why)
{
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    const char *hit = *p < end && **p ? strchr(FROM, **p) : NULL;
    uint32_t cp, low;

    if (hit) {
        *p += 1;
        out[0] = TO[hit - FROM];
        return 1;
    }
    *why = "unknown escape";
    if (*p >= end || **p != 'u' || hex4(*p + 1, end, &cp) < 0)
        return 0;
    *p += 5;
    *why = cp == 0 ? "NUL in a string" : "half of a surrogate pair";
    if (cp == 0 || (cp >= 0xDC00 && cp <= 0xDFFF))
        return 0;
    if (cp >= 0xD800 && cp <= 0xDBFF) {
        if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' || hex4(*p + 2, end, &low) < 0 ||
            low < 0xDC00 || low > 0xDFFF)
            return 0;
        *p += 6;
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    }
    return qund_utf8_put(out, cp);
}

/* Rest of a string whose first escape is at p; from is behind the opening quote. The decoded form
 * is never longer than the written one. */
static int decode(struct qund_jr *r, const char *from, const char *p, struct qund_str *out)
{
    const char *close = p;
    char *buf, *to;

    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= r->end)
        return bad(r, r->end, "a string does not end");
    buf = qund_arena_alloc(r->arena, (size_t)(close - from) + 1);
    to = buf + (p - from);
    memcpy(buf, from, (size_t)(p - from));
    while (p < close) {
        const char *why = NULL, *was = p;
        char c[4];
        size_t n;

        if ((unsigned char)*p < 0x20)
            return bad(r, p, "control byte in a string");
        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        p++;
        n = unescape(&p, close, c, &why);
        if (n == 0)
            return bad(r, was, why);
        memcpy(to, c, n);
        to += n;
    }
    *to = '\0';
    r->p = close + 1;
    *out = qund_str_n(buf, (size_t)(to - buf));
    return QUND_OK;
}

/* End of the plain bytes from p: no quote, backslash or control byte. Eight at a time; *high tells
 * whether one of them was not ASCII. */
static const char *plain_end(const char *p, const char *end, uint64_t *high)
{
    uint64_t seen = 0;

    while (end - p >= 8) {
        uint64_t w, quote, slash, stop;

        memcpy(&w, p, 8);
        w = le64toh(w); /* the first byte is the lowest */
        quote = w ^ (ONES * '"');
        slash = w ^ (ONES * '\\');
        /* The top bit of a byte is set where a byte is zero, or below 0x20. A borrow can set it
         * wrongly only above a right one, and the lowest is all that is asked for. */
        stop = (((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | ((w - ONES * 0x20) & ~w)) &
               HIGHS;
        if (stop) {
            seen |= w & ((stop & -stop) - 1);
            *high = seen & HIGHS;
            return p + (__builtin_ctzll(stop) >> 3);
        }
        seen |= w;
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        seen |= (uint64_t)(unsigned char)*p++;
    *high = seen & HIGHS;
    return p;
}

int qund_jr_str(struct qund_jr *r, struct qund_str *out)
{
    const char *from, *p;
    uint64_t high;
    int rc = expect(r, '"', "a string is wanted here");

    if (rc < 0)
        return rc;
    from = r->p;
    p = plain_end(from, r->end, &high);
    if (p >= r->end)
        return bad(r, p, "a string does not end");
    if (QUND_LIKELY(*p == '"')) {
        *out = qund_str_n(from, (size_t)(p - from));
        r->p = p + 1;
    } else if (*p != '\\') {
        return bad(r, p, "control byte in a string");
    } else {
        rc = decode(r, from, p, out);
        if (rc < 0)
            return rc;
        high = 1;
    }
    if (high && qund_utf8_check(*out) >= 0)
        return bad(r, from, "invalid UTF-8 in a string");
    return QUND_OK;
}

int qund_jr_int(struct qund_jr *r, int64_t *out)
{
    const char *end;
    bool integer;
    int type = qund_jr_peek(r);

    if (type < 0)
        return type;
    if (type != QUND_JT_INT)
        return bad(r, r->p, "an integer is wanted here");
    end = number_end(r->p, r->end, &integer);
    if (qund_str_int(qund_str_n(r->p, (size_t)(end - r->p)), out) < 0)
        return bad(r, r->p, "the integer does not fit 64 bits");
    r->p = end;
    return QUND_OK;
}

static int word(struct qund_jr *r, const char *z, const char *why)
{
    size_t n = strlen(z);

    if ((size_t)(r->end - r->p) < n || memcmp(r->p, z, n) != 0)
        return bad(r, r->p, why);
    r->p += n;
    return QUND_OK;
}

int qund_jr_bool(struct qund_jr *r, bool *out)
{
    int type = qund_jr_peek(r);

    if (type < 0)
        return type;
    *out = *r->p == 't';
    return word(r, *out ? "true" : "false", "true or false is wanted here");
}

int qund_jr_null(struct qund_jr *r)
{
    int type = qund_jr_peek(r);

    return type < 0 ? type : word(r, "null", "null is wanted here");
}

static int enter(struct qund_jr *r, char c, const char *why)
{
    int rc = expect(r, c, why);

    if (rc == 0 && r->depth >= r->max_depth)
        return bad(r, r->p - 1, "nested too deep");
    if (rc == 0)
        r->depth++;
    return rc;
}

/* Between the entries: 0 at the closing bracket, 1 when an entry follows. */
static int next_entry(struct qund_jr *r, char close, bool *first, const char *why)
{
    if (r->why)
        return QUND_E_INVAL;
    blanks(r);
    if (r->p >= r->end)
        return bad(r, r->p, "ends too early");
    if (*r->p == close) {
        r->p++;
        r->depth--;
        return 0;
    }
    if (!*first) {
        if (*r->p != ',')
            return bad(r, r->p, why);
        r->p++;
    }
    *first = false;
    return 1;
}

int qund_jr_obj(struct qund_jr *r, struct qund_jr_obj *o)
{
    int rc = enter(r, '{', "an object is wanted here");

    *o = (struct qund_jr_obj){.first = true};
    if (rc == 0)
        o->seen = qund_jr_keys_open(r);
    return rc;
}

int qund_jr_obj_next(struct qund_jr *r, struct qund_jr_obj *o, struct qund_str *key)
{
    int rc = next_entry(r, '}', &o->first, "',' or '}' is wanted here");
    const char *at = r->p;

    if (rc <= 0)
        return rc;
    rc = qund_jr_str(r, key);
    if (rc == 0 && !qund_jr_keys_add(r->arena, o->seen, *key))
        return bad(r, at, "the same key twice in one object");
    if (rc == 0)
        rc = expect(r, ':', "':' is wanted here");
    o->n++;
    return rc < 0 ? rc : 1;
}

int qund_jr_arr(struct qund_jr *r, bool *first)
{
    *first = true;
    return enter(r, '[', "an array is wanted here");
}

int qund_jr_arr_next(struct qund_jr *r, bool *first)
{
    return next_entry(r, ']', first, "',' or ']' is wanted here");
}

static int skip_scalar(struct qund_jr *r, int type)
{
    struct qund_str s;
    bool flag;

    switch ((enum qund_jt)type) {
    case QUND_JT_STR:
        return qund_jr_str(r, &s);
    case QUND_JT_BOOL:
        return qund_jr_bool(r, &flag);
    case QUND_JT_NULL:
        return qund_jr_null(r);
    case QUND_JT_INT:
    case QUND_JT_NUM:
    case QUND_JT_OBJ:
    case QUND_JT_ARR:
        break;
    }
    r->p = number_end(r->p, r->end, &flag);
    return QUND_OK;
}

/* Recursion is bounded by max_depth. */
int qund_jr_skip(struct qund_jr *r, struct qund_str *raw)
{
    int type = qund_jr_peek(r), rc;
    const char *from = r->p;
    struct qund_jr_obj o;
    struct qund_str key;
    bool first;

    if (type == QUND_JT_OBJ) {
        rc = qund_jr_obj(r, &o);
        while (rc == 0 && (rc = qund_jr_obj_next(r, &o, &key)) > 0)
            rc = qund_jr_skip(r, NULL);
    } else if (type == QUND_JT_ARR) {
        rc = qund_jr_arr(r, &first);
        while (rc == 0 && (rc = qund_jr_arr_next(r, &first)) > 0)
            rc = qund_jr_skip(r, NULL);
    } else {
        rc = type < 0 ? type : skip_scalar(r, type);
    }
    if (rc == 0 && raw)
        *raw = qund_str_n(from, (size_t)(r->p - from));
    return rc;
}

int qund_jr_end(struct qund_jr *r)
{
    if (r->why)
        return QUND_E_INVAL;
    blanks(r);
    return r->p < r->end ? bad(r, r->p, "something follows the value") : QUND_OK;
}
