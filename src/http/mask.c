/* mask.c - phone numbers in what a role reads that may not see them.
 *
 * Columns that hold a number are masked where they are printed. But people type their numbers into
 * chats, and a chat's words are in messages, quotes, contexts, titles, notes, digests and answers
 * to forms. So the finished answer, and each line of the live feed, is gone through once more, by
 * those who may not see numbers alone: every string that is not an identifier, in whatever disguise
 * the extractor knows (full width, Han digits, dashes). What is new in an answer is covered without
 * anybody thinking of it.
 *
 * Identifiers stay: an account of eleven digits must lead to the same contact as before. An answer
 * that cannot be read is not given at all. */
#include "core/json.h"
#include "crm/read.h"
#include "http/internal.h"
#include "text/fold.h"
#include "text/phone.h"

#define DEPTH_MAX 60u   /* of an event's data, and what stands around it */
#define PHONE_BYTES 11u /* what is shorter holds none */
#define PHONE_LEAST 13000000000
#define PHONE_MOST 19999999999

struct masking {
    struct qund_jr r;
    struct qund_jw w;
    struct qund_folded folded;
    struct qund_buf text; /* of the string in hand */
    struct qund_buf key;
    struct qund_arena *arena;
};

static bool identifies(struct qund_str key)
{
    static const char *const KEYS[] = {
        "id",       "eid",      "pid",      "ids",  "sender", "group",  "account", "to",
        "reply_to", "ref",      "key",      "by",   "member", "person", "realm",   "channel",
        "short",    "mentions", "next",     "hash", "link",   "sha256", "url",     "ts",
        "order",    "event",    "their_id", "form", "task",   "code",   "digest",  "message"};

    for (size_t i = 0; i < QUND_ARRAY_LEN(KEYS); i++)
        if (qund_str_is(key, KEYS[i]))
            return true;
    return false;
}

/* s with its numbers as 138****0105, borrowed until the next call. */
static struct qund_str masked(struct masking *m, struct qund_str s)
{
    struct qund_phone phone;
    struct qund_str folded;
    size_t from = 0, done = 0;

    if (s.n < PHONE_BYTES || qund_fold_text(qund_fold_tables(), s, &m->folded) < 0)
        return s;
    folded = qund_buf_view(&m->folded.text);
    qund_buf_clear(&m->text);
    /* One at a time: the extractor tells a number that is said twice once. */
    while (qund_phone_find(qund_str_n(folded.p + from, folded.n - from), &phone, 1) == 1) {
        struct qund_str at = qund_folded_origin(&m->folded, s, from + phone.at, from + phone.end);

        qund_buf_add(&m->text, s.p + done, (size_t)(at.p - s.p) - done);
        qund_crm_mask_phone(qund_str(phone.text), &m->text);
        done = (size_t)(at.p - s.p) + at.n;
        from += phone.end;
    }
    if (done == 0)
        return s;
    qund_buf_add(&m->text, s.p + done, s.n - done);
    return qund_buf_view(&m->text);
}

static int put_string(struct masking *m, bool plain)
{
    struct qund_str s;
    int rc = qund_jr_str(&m->r, &s);

    if (rc == 0)
        qund_jw_str(&m->w, plain ? s : masked(m, s));
    return rc;
}

/* A form may carry the number as a number. */
static int put_other(struct masking *m, bool data)
{
    QUND_AUTO(qund_buf_done) struct qund_buf phone = {0};
    struct qund_str raw;
    int64_t v;
    int rc = qund_jr_skip(&m->r, &raw);

    if (rc < 0)
        return rc;
    if (data && qund_str_int(raw, &v) == 0 && v >= PHONE_LEAST && v <= PHONE_MOST) {
        qund_crm_mask_phone(raw, &phone);
        qund_jw_str(&m->w, qund_buf_view(&phone));
    } else {
        qund_jw_raw(&m->w, raw);
    }
    return 0;
}

static int put_value(struct masking *m, bool plain, bool data);

static int put_object(struct masking *m, bool data)
{
    struct qund_jr_obj o;
    struct qund_str key;
    int more = 0, rc = qund_jr_obj(&m->r, &o);

    qund_jw_obj(&m->w);
    while (rc == 0 && (more = qund_jr_obj_next(&m->r, &o, &key)) > 0) {
        qund_buf_clear(&m->key);
        qund_buf_str(&m->key, key);
        qund_jw_key(&m->w, m->key.p ? m->key.p : "");
        rc = put_value(m, identifies(key), data || qund_str_is(key, "data"));
    }
    qund_jw_end_obj(&m->w);
    return rc < 0 ? rc : more;
}

static int put_array(struct masking *m, bool plain, bool data)
{
    bool first;
    int more = 0, rc = qund_jr_arr(&m->r, &first);

    qund_jw_arr(&m->w);
    while (rc == 0 && (more = qund_jr_arr_next(&m->r, &first)) > 0)
        rc = put_value(m, plain, data);
    qund_jw_end_arr(&m->w);
    return rc < 0 ? rc : more;
}

/* plain: it stands under the key of an identifier. An object's keys speak for themselves. */
static int put_value(struct masking *m, bool plain, bool data)
{
    int type = qund_jr_peek(&m->r);

    switch (type) {
    case QUND_JT_OBJ:
        return put_object(m, data);
    case QUND_JT_ARR:
        return put_array(m, plain, data);
    case QUND_JT_STR:
        return put_string(m, plain);
    default:
        return type < 0 ? type : put_other(m, data && !plain);
    }
}

int qund_mask_json(struct qund_str json, struct qund_buf *out)
{
    struct masking m = {.arena = qund_arena_new(json.n / 4 + 4096)};
    int rc;

    m.w = qund_jw(out);
    qund_jr_init(&m.r, json, m.arena, DEPTH_MAX);
    rc = put_value(&m, false, false);
    if (rc == 0)
        rc = qund_jr_end(&m.r);
    qund_folded_done(&m.folded);
    qund_buf_done(&m.text);
    qund_buf_done(&m.key);
    qund_arena_free(m.arena);
    return rc < 0 ? QUND_E_BUG : 0;
}
