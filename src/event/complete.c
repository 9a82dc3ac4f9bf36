/* complete.c - what an event of a known type must say beside its type.
 *
 * A join of nobody, a revoke of nothing, a sale for -3 and a gap whose end was written as a date
 * were once taken, answered as durable, and then did nothing, or the wrong thing. Whoever sends
 * them has mistaken a name or a unit and is told so, while he is there to hear it. Only what the
 * engine could not use is refused: what a type may hold besides is its sender's own. An exported
 * event may have lost such parts and must be readable again. */
#include "event/internal.h"
#include <stdio.h>

#define HOUR_MS INT64_C(3600000)

static int refuse(const struct event_decoding *d, const char *where, const char *text)
{
    return qund_err_set(d->err, QUND_E_INVAL, where, "%s", text);
}

/* data.member or, for who speaks of himself, the sender. */
static int wants_member(const struct event_decoding *d, struct qund_jr *value)
{
    struct qund_str s;

    if (value && qund_jr_peek(value) != QUND_JT_STR)
        return refuse(d, "data.member", "must be a string: the platform's id of the person");
    if (value && qund_jr_str(value, &s) == 0 && s.n > 0)
        return QUND_OK;
    return d->e->sender.n > 0
               ? QUND_OK
               : refuse(d, "data.member", "who came or went is missing: data.member, or sender");
}

static int wants_amount(const struct event_decoding *d, struct qund_jr *value)
{
    int64_t cent;

    if (value && (qund_jr_int(value, &cent) < 0 || cent < 0))
        return refuse(d, "data.amount_cent",
                      "must be a whole number of cents, 0 or more, without quotation marks");
    return QUND_OK;
}

static int wants_order(const struct event_decoding *d, struct qund_jr *value)
{
    struct qund_str s;

    if (value && qund_jr_peek(value) == QUND_JT_STR && qund_jr_str(value, &s) == 0 && s.n > 0)
        return QUND_OK;
    return refuse(d, "data.order", "the number of the order is missing: a string, not empty");
}

/* 1: r stands before the value of data's key; 0: there is none, or null. */
static int find(const struct event_decoding *d, const char *name, struct qund_jr *r)
{
    struct qund_jr_obj o;
    struct qund_str key;
    int rc;

    if (d->e->data.n == 0)
        return 0;
    qund_jr_init(r, d->e->data, d->r->arena, EVENT_DEPTH_MAX);
    rc = qund_jr_obj(r, &o);
    while (rc == 0 && (rc = qund_jr_obj_next(r, &o, &key)) > 0) {
        if (qund_str_is(key, name))
            return qund_jr_peek(r) != QUND_JT_NULL;
        rc = qund_jr_skip(r, NULL);
    }
    return rc;
}

/* Other than `ts` they are numbers alone: that is what the store keeps of them. */
static int read_instant(const struct event_decoding *d, const char *where, struct qund_jr *value,
                        int64_t *ms)
{
    if (qund_jr_peek(value) == QUND_JT_INT && qund_jr_int(value, ms) == 0 && *ms > 0 &&
        *ms <= EVENT_TS_MAX)
        return QUND_OK;
    return refuse(d, where, "must be milliseconds since 1970, without quotation marks");
}

static int wants_from(const struct event_decoding *d, struct qund_jr *value)
{
    int64_t ms;

    return value ? read_instant(d, "data.from", value, &ms) : QUND_OK;
}

/* Nobody knows today that he will not have listened tomorrow. */
static int wants_to(const struct event_decoding *d, struct qund_jr *value)
{
    int64_t now = d->ctx->wall ? d->ctx->wall : d->ctx->rx, from = 0, to = 0;
    struct qund_jr r;
    int rc = value ? read_instant(d, "data.to", value, &to) : QUND_OK;

    if (!value || rc < 0)
        return rc;
    if (find(d, "from", &r) <= 0 || qund_jr_int(&r, &from) < 0)
        return refuse(d, "data.from",
                      "when it began is missing, though data.to says when it ended");
    if (to < from)
        return refuse(d, "data.to", "lies before data.from");
    if (now > 0 && to > now + HOUR_MS)
        return refuse(d, "data.to", "lies in the future: leave it out while the gap is open");
    return QUND_OK;
}

/* The reader stands before one of them. */
static bool is_person(struct qund_jr *r)
{
    struct qund_jr_obj o;
    struct qund_str key, id = QUND_STR_NONE;
    int rc = qund_jr_peek(r) == QUND_JT_OBJ ? qund_jr_obj(r, &o) : QUND_E_INVAL;

    while (rc == 0 && (rc = qund_jr_obj_next(r, &o, &key)) > 0)
        rc = qund_str_is(key, "id") && qund_jr_peek(r) == QUND_JT_STR ? qund_jr_str(r, &id)
                                                                      : qund_jr_skip(r, NULL);
    return rc == 0 && id.n > 0;
}

static int wants_members(const struct event_decoding *d, struct qund_jr *value)
{
    char where[48];
    bool first;
    size_t i = 0;
    int rc =
        value && qund_jr_peek(value) == QUND_JT_ARR ? qund_jr_arr(value, &first) : QUND_E_INVAL;

    if (rc < 0)
        return refuse(d, "data.members", "must be the list of who is there: [{\"id\": \"…\"}]");
    while ((rc = qund_jr_arr_next(value, &first)) > 0) {
        if (!is_person(value)) {
            snprintf(where, sizeof(where), "data.members[%zu]", i);
            return refuse(d, where, "must be an object with the person's id: {\"id\": \"…\"}");
        }
        i++;
    }
    return rc;
}

static const struct {
    enum qund_event_type type;
    const char *key; /* of data */
    /* The value, NULL when there is none. */
    int (*check)(const struct event_decoding *d, struct qund_jr *value);
} WANTED[] = {
    {QUND_EV_MEMBER_JOIN, "member", wants_member},
    {QUND_EV_MEMBER_LEAVE, "member", wants_member},
    {QUND_EV_ORDER_PAID, "order", wants_order},
    {QUND_EV_ORDER_PAID, "amount_cent", wants_amount},
    {QUND_EV_GAP, "from", wants_from},
    {QUND_EV_GAP, "to", wants_to},
    {QUND_EV_GROUP_MEMBERS, "members", wants_members},
};

int event_complete(const struct event_decoding *d)
{
    struct qund_jr r;
    int rc = QUND_OK;

    if (d->exported)
        return QUND_OK;
    if (d->e->type == QUND_EV_REVOKE && d->e->ref.n == 0)
        return refuse(d, "ref", "is missing: the id of the message that is taken back");
    for (size_t i = 0; rc == 0 && i < QUND_ARRAY_LEN(WANTED); i++)
        if (d->e->type == WANTED[i].type) {
            rc = find(d, WANTED[i].key, &r);
            if (rc >= 0)
                rc = WANTED[i].check(d, rc > 0 ? &r : NULL);
        }
    return rc;
}
