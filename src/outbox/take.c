/* src/outbox/take.c - which rows leave now, and which of them as one.
 *
 * Credit says how many pushes a target takes; urgent rows go first, then the oldest. Reminders
 * (rows of an alert) may leave together as a card, for two reasons that are told apart:
 *
 *   the person  Somebody is told at most one thing that is not urgent per pace (alert.push_every;
 *               rungs of a ladder: alert.merge). A gate per target and person says up to which row
 *               he may be told; what comes later waits. When the gate opens, all that waits for
 *               him passes, and leaves as one card, or as several when it is much.
 *   the target  Where its rate lets fewer leave than wait, rows of one person (or of nobody in
 *               particular) leave in as many cards as there is credit, of CARD_MAX rows at most.
 *               Nothing is dropped: the rest waits for the next credit.
 *
 * Whoever was away may be back in the middle of the night: what would leave in the hours of rest
 * waits for their end (rest.c), whatever made it wait before. Urgent rows go on.
 *
 * Urgent rows have no gate and share cards only among themselves. A row that was tried before
 * leaves alone, under the id that its receiver may know already. The card is made, its rows end
 * `merged` and point at it, in the transaction that makes it `sending`: a kill leaves all of it or
 * nothing. */
#include "outbox/internal.h"

#define CARD_MAX 20   /* rows in one card: as many as a person reads, and a robot's message holds */
#define PARCEL_MAX 64 /* pushes of one target in one transaction */

/* Rows that leave as one push, by their places in a list. */
struct parcel {
    size_t v[CARD_MAX], n;
    bool urgent, open; /* open: more of the same person may join */
    int64_t person;
};
struct parcels {
    struct parcel v[PARCEL_MAX];
    size_t n;
};

static bool may_join(const struct parcel *p, const struct qund_out_item *it, size_t size)
{
    return p->open && p->n < size && p->urgent == it->urgent && p->person == it->person;
}

/* How many rows a card takes when there is credit for `max` pushes: no more than needed. */
static size_t crowd_size(size_t rows, size_t max)
{
    size_t size = (rows + max - 1) / max;

    return size > CARD_MAX ? CARD_MAX : size < 1 ? 1 : size;
}

/* Rows in order → parcels of at most `crowd` rows; those that pass a person's gate together share
 * one in any case. What finds no place waits. */
static size_t pack(const struct qund_out_items *rows, const struct qund_out_habits *habits,
                   size_t max, struct parcels *ps)
{
    size_t crowd = habits->cards && habits->limited ? crowd_size(rows->n, max) : 1;
    size_t left = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct qund_out_item *it = &rows->v[i];
        bool reminder = habits->cards && it->alert != 0 && it->attempt == 0;
        size_t size = reminder && it->person != 0 && !it->urgent ? CARD_MAX : crowd;
        size_t k = 0;

        while (k < ps->n && !(reminder && may_join(&ps->v[k], it, size)))
            k++;
        if (k == ps->n && k == max) {
            left++;
            continue;
        }
        if (k == ps->n)
            ps->v[ps->n++] =
                (struct parcel){.urgent = it->urgent, .open = reminder, .person = it->person};
        ps->v[k].v[ps->v[k].n++] = i;
    }
    return left;
}

static struct qund_out_item *items_room(struct qund_out_items *items)
{
    if (items->n == items->cap) {
        items->cap = items->cap ? 2 * items->cap : 16;
        items->v = qund_realloc(items->v, items->cap * sizeof(*items->v));
    }
    return &items->v[items->n++];
}

/* One row as it is: its strings move. */
static void take_row(struct qund_out_items *rows, size_t i, struct qund_out_items *items)
{
    struct qund_out_item *it = &rows->v[i];

    *items_room(items) = *it;
    it->target = it->body = it->key = NULL;
}

/* A card rests when all it stands for may. */
static enum qund_out_rest rest_of(const struct qund_out_item *const *of, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (of[i]->rest == QUND_REST_NEVER)
            return QUND_REST_NEVER;
    return of[0]->rest;
}

static int make_card(struct qund_outbox *ob, const struct qund_out_target *t,
                     const struct qund_out_items *rows, const struct parcel *p, int64_t now,
                     struct qund_out_items *items)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf key = {0};
    const struct qund_out_item *of[CARD_MAX];
    int64_t deadline = 0, id;
    int rc;

    for (size_t i = 0; i < p->n; i++) {
        of[i] = &rows->v[p->v[i]];
        deadline = of[i]->deadline > deadline ? of[i]->deadline : deadline;
    }
    qund_card_body(of, p->n, &body);
    qund_buf_printf(&key, "card:%lld", (long long)of[0]->id); /* a row is merged but once */
    rc = qund_out_sql_insert(ob->db, ob->timers,
                             &(struct qund_out_new){.key = qund_buf_view(&key),
                                                    .target = qund_str(t->name),
                                                    .body = qund_buf_view(&body),
                                                    .urgent = p->urgent,
                                                    .rest = rest_of(of, p->n),
                                                    .clock = of[0]->clock,
                                                    .person = p->person,
                                                    .deadline = deadline},
                             now, &id);
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = qund_out_sql_merge(ob->db, ob->timers, of[i]->id, id, now);
    if (rc == 0)
        rc = QUND_FAULT("card_made") < 0 ? QUND_E_IO : 0;
    if (rc == 0)
        *items_room(items) = (struct qund_out_item){.id = id,
                                                    .created = now,
                                                    .deadline = deadline,
                                                    .urgent = p->urgent,
                                                    .person = p->person,
                                                    .target = qund_strdup(t->name),
                                                    .body = qund_buf_take(&body),
                                                    .key = qund_buf_take(&key)};
    return rc;
}

static int send_parcel(struct qund_outbox *ob, struct qund_out_target *t,
                       struct qund_out_items *rows, const struct parcel *p, int64_t now,
                       struct qund_out_items *items)
{
    struct qund_out_item *it;
    int rc = 0;

    if (p->n == 1)
        take_row(rows, p->v[0], items);
    else
        rc = make_card(ob, t, rows, p, now, items);
    if (rc < 0)
        return rc;
    it = &items->v[items->n - 1];
    it->until = t->until;
    it->attempt++;
    rc = qund_out_sql_sending(ob->db, it->id, it->attempt, now);
    t->credit--;
    t->spent++;
    return rc;
}

/* Gates that may open do; the next one that will has a timer. */
static int open_gates(struct qund_outbox *ob, const struct qund_out_target *t, int64_t now)
{
    int64_t next = INT64_MAX;
    int rc = qund_out_sql_gates(ob->db, qund_str(t->name), now, &next);

    if (rc < 0 || next == INT64_MAX)
        return rc;
    return qund_timers_set(ob->timers, &(struct qund_timer){.class = QUND_TIMER_AT,
                                                            .due = next,
                                                            .kind = QUND_STR("outbox.pace"),
                                                            .key = qund_str(t->name)});
}

int qund_out_take_target(struct qund_outbox *ob, struct qund_out_target *t, int64_t now,
                         struct qund_out_items *items)
{
    size_t max = t->credit < PARCEL_MAX ? (size_t)t->credit : PARCEL_MAX, limit = max * CARD_MAX;
    QUND_AUTO(qund_out_items_done) struct qund_out_items rows = {0};
    struct parcels ps = {.n = 0};
    bool more = false;
    size_t left;
    int rc = t->habits.ordered ? qund_out_sql_tried_again(ob->db, qund_str(t->name)) : 0;

    /* `maybe` stays: when that push moves on there is something to take again. */
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (t->habits.cards)
        rc = open_gates(ob, t, now);
    if (rc == 0)
        rc = qund_out_fetch(ob, t, (int)limit, now, &rows, &more);
    if (rc < 0 || rows.n == 0) {
        t->maybe = rc < 0 || more;
        return rc;
    }
    left = pack(&rows, &t->habits, max, &ps);
    t->maybe = more || left > 0 || ps.n == max;
    for (size_t i = 0; rc == 0 && i < ps.n; i++)
        rc = send_parcel(ob, t, &rows, &ps.v[i], now, items);
    return rc;
}
