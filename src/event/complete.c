/* complete.c - what an event of a known type must say beside its type.
 *
 * A join of nobody, a revoke of nothing and a sale for -3 were once taken, answered as durable, and
 * then did nothing. Whoever sends them has mistaken a name or a unit and is told so, while he is
 * there to hear it. Only what the engine could not use is refused: what a type may hold besides is
 * its sender's own. An exported event may have lost such parts and must be readable again. */
#include "event/internal.h"

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

static const struct {
    enum qund_event_type type;
    const char *key; /* of data */
    /* The value, NULL when there is none. */
    int (*check)(const struct event_decoding *d, struct qund_jr *value);
} WANTED[] = {
    {QUND_EV_MEMBER_JOIN, "member", wants_member},
    {QUND_EV_MEMBER_LEAVE, "member", wants_member},
    {QUND_EV_ORDER_PAID, "amount_cent", wants_amount},
};

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

int event_complete(const struct event_decoding *d)
{
    struct qund_jr r;

    if (d->exported)
        return QUND_OK;
    if (d->e->type == QUND_EV_REVOKE && d->e->ref.n == 0)
        return refuse(d, "ref", "is missing: the id of the message that is taken back");
    for (size_t i = 0; i < QUND_ARRAY_LEN(WANTED); i++)
        if (d->e->type == WANTED[i].type) {
            int rc = find(d, WANTED[i].key, &r);

            return rc < 0 ? rc : WANTED[i].check(d, rc > 0 ? &r : NULL);
        }
    return QUND_OK;
}
