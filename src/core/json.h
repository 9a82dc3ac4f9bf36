/* src/core/json.h - JSON: a strict pull reader for the hot path and a writer; whole documents go
 * through jansson in the file that needs them (with qund_json_flags). */
#ifndef QUND_CORE_JSON_H
#define QUND_CORE_JSON_H
#include "core/err.h"

/* --- writer: appends to a buffer, commas and escapes by itself --- */
struct qund_jw {
    struct qund_buf *b;
    unsigned depth;
    uint64_t first; /* bit per depth: nothing written yet at this level */
};
struct qund_jw qund_jw(struct qund_buf *b);
void qund_jw_obj(struct qund_jw *w); /* { */
void qund_jw_end_obj(struct qund_jw *w);
void qund_jw_arr(struct qund_jw *w);
void qund_jw_end_arr(struct qund_jw *w);
void qund_jw_key(struct qund_jw *w, const char *key);
void qund_jw_str(struct qund_jw *w, struct qund_str s); /* NONE prints null */
void qund_jw_printf(struct qund_jw *w, const char *fmt, ...) QUND_PRINTF(2, 3); /* a string */
void qund_jw_int(struct qund_jw *w, int64_t v);
void qund_jw_num(struct qund_jw *w, double v);
void qund_jw_bool(struct qund_jw *w, bool v);
void qund_jw_null(struct qund_jw *w);
void qund_jw_raw(struct qund_jw *w, struct qund_str json); /* already JSON */
/* key and value in one call */
void qund_jw_kstr(struct qund_jw *w, const char *key, struct qund_str s);
void qund_jw_kline(struct qund_jw *w, const char *key, struct qund_str s); /* as one line */
void qund_jw_kz(struct qund_jw *w, const char *key, const char *z);
void qund_jw_kint(struct qund_jw *w, const char *key, int64_t v);
void qund_jw_kbool(struct qund_jw *w, const char *key, bool v);
void qund_jw_kts(struct qund_jw *w, const char *key, int64_t utc_ms); /* ISO 8601 Z */

/* --- strict pull reader (RFC 8259): rejects duplicate keys in one object, depth > max_depth,
 * invalid UTF-8, lone surrogates, NUL, trailing bytes. Strings without escapes are borrowed from
 * the input, others are decoded into the arena. --- */
enum qund_jt {
    QUND_JT_NULL,
    QUND_JT_BOOL,
    QUND_JT_INT,
    QUND_JT_NUM,
    QUND_JT_STR,
    QUND_JT_OBJ,
    QUND_JT_ARR
};
struct qund_jr {
    const char *p, *end, *start;
    struct qund_arena *arena;
    struct qund_jr_keys **keys; /* by depth, made when first needed */
    unsigned depth, max_depth;
    const char *why; /* set on failure: static reason */
    size_t at;       /* byte offset of the failure */
};
void qund_jr_init(struct qund_jr *r, struct qund_str json, struct qund_arena *arena,
                  unsigned max_depth);
/* Type of the next value without taking it; < 0 on malformed input. */
int qund_jr_peek(struct qund_jr *r);
QUND_CHECK int qund_jr_str(struct qund_jr *r, struct qund_str *out);
QUND_CHECK int qund_jr_int(struct qund_jr *r, int64_t *out); /* an integer literal within int64 */
QUND_CHECK int qund_jr_bool(struct qund_jr *r, bool *out);
QUND_CHECK int qund_jr_null(struct qund_jr *r);
/* Object: enter once, then next until it returns 0; 1 = a key was read and its value must be
 * taken (or skipped). Duplicate keys are the reader's to find: it keeps the keys of open objects in
 * the arena. Arrays likewise. */
struct qund_jr_obj {
    void *seen;
    size_t n;
    bool first;
};
QUND_CHECK int qund_jr_obj(struct qund_jr *r, struct qund_jr_obj *o);
QUND_CHECK int qund_jr_obj_next(struct qund_jr *r, struct qund_jr_obj *o, struct qund_str *key);
QUND_CHECK int qund_jr_arr(struct qund_jr *r, bool *first);
QUND_CHECK int qund_jr_arr_next(struct qund_jr *r, bool *first);
/* Any value, fully checked; *raw (may be NULL) is its text in the input. */
QUND_CHECK int qund_jr_skip(struct qund_jr *r, struct qund_str *raw);
QUND_CHECK int qund_jr_end(struct qund_jr *r); /* only blanks may follow */

/* Flags for json_loadb where a whole document is wanted: duplicates refused. */
#define QUND_JSON_LOAD_FLAGS 0x1 /* JSON_REJECT_DUPLICATES; asserted in json_read.c */
#endif
