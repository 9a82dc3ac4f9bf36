/* plugins/onebot/past.c - what was said while we were away, read from the groups' histories.
 *
 * A gap that is over waits here until every group has been asked about it. What remains outlives
 * the connection that breaks off meanwhile, and, riding with the account's last sign (gap.c), us: a
 * daemon that starts anew asks all groups again, and what it knows is recognised. A group whose
 * answer is a failure is asked again after a growing pause; one that fails for good is told with
 * the gap, counted and logged.
 *
 * Groups with a question to come are one list for all gaps: a group that waits when the next gap
 * ends is asked once about both. */
#include "onebot.h"
#include <stdlib.h>

#define ASK_MS 20000
#define LATER_MS 5000 /* the daemon had no room */
#define PAGES_MAX 20u
#define EDGE_MS 2000  /* bridges count in seconds, and their clock is not ours */
#define TRIES 4u      /* of one page; again after 1, 4 and 16 seconds */
#define FIRST_MS 1000 /* the first of these pauses */

struct ob_past {
    struct ob_past *next;
    char *group;
    int64_t from_ms, to_ms;
    char *before; /* the oldest message seen; NULL: the newest page */
    unsigned pages, tries;
    int64_t due_ms; /* monotonic */
};

/* A question under way; the account may be gone when it is answered. */
struct asked {
    struct ob_channel *c;
    char *account;
    struct ob_past *w;
};

/* --- what waits --- */

static void past_free(struct ob_past *w)
{
    free(w->group);
    free(w->before);
    free(w);
}

static void put_last(struct ob_account *a, struct ob_past *w)
{
    struct ob_past **at = &a->past;

    while (*at)
        at = &(*at)->next;
    w->next = NULL;
    *at = w;
}

void ob_past_free(struct ob_account *a)
{
    while (a->past) {
        struct ob_past *w = a->past;

        a->past = w->next;
        past_free(w);
    }
    a->n_spans = 0;
}

static void put_span(struct ob_account *a, int64_t from_ms, int64_t to_ms)
{
    struct ob_span *last = a->spans + OB_SPANS_MAX - 1;

    if (a->n_spans < OB_SPANS_MAX) {
        a->spans[a->n_spans++] = (struct ob_span){.from_ms = from_ms, .to_ms = to_ms};
        return;
    }
    last->to_ms = to_ms; /* gap after gap and no time to ask: they are one by now */
    last->asked = false;
}

/* --- what survives --- */

struct qund_str ob_past_print(const struct ob_account *a, struct ob_pool *pool, int64_t alive_ms,
                              int64_t from_ms, int64_t to_ms)
{
    struct ob_text t = {0};
    struct qund_str out;

    ob_text_printf(&t, "%lld", (long long)alive_ms);
    for (size_t i = 0; i < a->n_spans; i++)
        ob_text_printf(&t, "\n%lld %lld", (long long)a->spans[i].from_ms,
                       (long long)a->spans[i].to_ms);
    if (to_ms > 0 && a->c->cfg->history > 0)
        ob_text_printf(&t, "\n%lld %lld", (long long)from_ms, (long long)to_ms);
    out = ob_pool_str(pool, ob_text_view(&t));
    ob_text_done(&t);
    return out;
}

void ob_past_restore(struct ob_account *a, struct qund_str value)
{
    for (size_t i = 0; i + 1 < value.n; i++) {
        const char *p = value.p + i + 1, *end = value.p + value.n, *blank, *stop;
        int64_t from, to;

        if (value.p[i] != '\n')
            continue;
        stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop ? stop : end;
        blank = memchr(p, ' ', (size_t)(stop - p));
        if (blank && ob_number(qund_str_n(p, (size_t)(blank - p)), &from) &&
            ob_number(qund_str_n(blank + 1, (size_t)(stop - blank - 1)), &to) && from > 0 &&
            to >= from)
            put_span(a, from, to);
    }
}

/* --- whom to ask --- */

static bool can_ask(const struct ob_account *a)
{
    return a->c->cfg->history > 0 && !a->no_history && ob_account_version(a) == 11;
}

static void ask_group(struct ob_account *a, struct qund_str group, int64_t from_ms, int64_t to_ms)
{
    struct ob_past *w = a->past;

    while (w && !qund_str_is(group, w->group))
        w = w->next;
    if (!w) {
        w = ob_alloc(sizeof(*w));
        w->group = ob_dup(group);
        w->from_ms = from_ms;
        put_last(a, w);
    }
    w->from_ms = from_ms < w->from_ms ? from_ms : w->from_ms;
    w->to_ms = to_ms > w->to_ms ? to_ms : w->to_ms;
    w->pages = 0; /* from the newest on */
    free(w->before);
    w->before = NULL;
}

static void ask_all(struct ob_account *a)
{
    int64_t from_ms = INT64_MAX, to_ms = 0;

    for (size_t i = 0; i < a->n_spans; i++) {
        struct ob_span *s = &a->spans[i];

        if (s->asked)
            continue;
        from_ms = s->from_ms < from_ms ? s->from_ms : from_ms;
        to_ms = s->to_ms > to_ms ? s->to_ms : to_ms;
        s->asked = true;
        s->missed += a->n_groups == 0 && !a->listed; /* nobody says which there are */
    }
    for (size_t i = 0; i < a->n_groups && to_ms > 0; i++)
        ask_group(a, qund_str(a->groups[i].id), from_ms, to_ms);
}

void ob_past_listed(struct ob_account *a)
{
    if (can_ask(a))
        ask_all(a);
    else
        ob_past_free(a);
}

void ob_past_fill(struct ob_account *a, int64_t from_ms, int64_t to_ms)
{
    if (a->c->cfg->history == 0)
        return;
    put_span(a, from_ms, to_ms);
    if (a->listed)
        ob_past_listed(a);
}

/* --- answers --- */

static void missed(struct ob_account *a, const struct ob_past *w)
{
    for (size_t i = 0; i < a->n_spans; i++)
        if (a->spans[i].to_ms > w->from_ms && a->spans[i].from_ms < w->to_ms)
            a->spans[i].missed++;
}

static const json_t *messages_of(const json_t *data)
{
    const json_t *list = json_object_get(data, "messages");

    return json_is_array(list) ? list : data;
}

/* The oldest message's place in the group, as the next page wants it. */
static struct qund_str place_of(const json_t *message, struct ob_pool *pool)
{
    struct qund_str seq = ob_get_id(message, "message_seq", pool, NULL);

    return seq.n > 0 ? seq : ob_get_id(message, "message_id", pool, NULL);
}

/* A message that was taken did not become durable: whoever is at it asks all of it again. */
static void stored(void *arg, int rc)
{
    struct ob_channel *c = arg;

    c->past_out--;
    for (struct ob_account *a = c->accounts; a && rc < 0; a = a->next)
        a->past_again = a->n_spans > 0;
}

struct page {
    const json_t *oldest;
    int64_t oldest_ms, taken;
    bool room;
};

static struct page take_page(struct ob_account *a, const struct ob_past *w, const json_t *list)
{
    struct ob_channel *c = a->c;
    struct ob_view view = {qund_str(a->id), qund_str(a->nickname)};
    struct page p = {.oldest_ms = INT64_MAX, .room = true};
    struct ob_frame *f = ob_alloc(sizeof(*f)); /* the channel's holds the list */

    for (size_t i = 0; p.room && i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        int64_t ts;

        if (ob_frame_past(f, o, &view, qund_str(w->group)) != OB_EVENT)
            continue;
        ts = f->event.ts_ms;
        if (ts != QUND_NO_TS && ts < p.oldest_ms) {
            p.oldest_ms = ts;
            p.oldest = o;
        }
        if (ts == QUND_NO_TS || ts < w->from_ms - EDGE_MS || ts > w->to_ms + EDGE_MS)
            continue;
        switch (c->host->ingest(c->channel, &f->event, 1, NULL, stored, c, NULL)) {
        case QUND_OK:
            c->past_out++;
            p.taken++;
            break;
        case QUND_E_FULL:
            p.room = false;
            break;
        default:
            ob_refuse(c, OB_NO_EVENT, "a message of a history", QUND_STR_NONE);
        }
    }
    ob_frame_done(f);
    free(f);
    return p;
}

/* True: w goes on with its next page, or with this one again. */
static bool on_page(struct ob_account *a, struct ob_past *w, const struct ob_result *r)
{
    struct page p = take_page(a, w, messages_of(r->data));
    struct ob_pool pool = {0};
    struct qund_str place = p.oldest ? place_of(p.oldest, &pool) : QUND_STR_NONE;
    bool more = place.n > 0 && p.oldest_ms >= w->from_ms - EDGE_MS &&
                !(w->before && qund_str_is(place, w->before));

    w->tries = 0;
    if (!p.room) {
        w->due_ms = ob_mono(a->c) + LATER_MS;
    } else {
        a->c->host->gauge_add(a->c->numbers.filled, p.taken);
        if (more && ++w->pages == PAGES_MAX) {
            missed(a, w); /* what is older stays unread */
            more = false;
        }
        if (more)
            ob_set(&w->before, place);
    }
    ob_pool_done(&pool);
    return more || !p.room;
}

static bool on_failure(struct ob_account *a, struct ob_past *w)
{
    int64_t pause_ms = FIRST_MS;

    if (++w->tries == TRIES) {
        missed(a, w);
        return false;
    }
    for (unsigned i = 1; i < w->tries; i++)
        pause_ms *= 4;
    w->due_ms = ob_mono(a->c) + pause_ms;
    return true;
}

static void on_answer(void *arg, const struct ob_result *r)
{
    struct asked *q = arg;
    struct ob_account *a = ob_account_find(q->c, qund_str(q->account));
    bool goes_on = false;

    if (a) {
        a->working = a->past_working = false;
        a->work_ms = ob_mono(a->c) + OB_STEP_MS;
        if (r->end == OB_ANSWERED && r->ok)
            goes_on = on_page(a, q->w, r);
        else if (r->end == OB_ANSWERED && ob_end_unsupported(r->retcode))
            a->no_history = true;
        else
            goes_on = on_failure(a, q->w);
    }
    if (goes_on && r->end == OB_ANSWERED && r->ok) { /* the group's next page */
        q->w->next = a->past;
        a->past = q->w;
    } else if (goes_on) {
        put_last(a, q->w);
    } else {
        past_free(q->w);
    }
    free(q->account);
    free(q);
}

/* --- time --- */

bool ob_past_step(struct ob_account *a, int64_t now)
{
    struct ob_past **at = &a->past, *w;
    struct ob_style s;
    const char *why;
    struct asked *q;

    if (a->n_spans == 0 || ob_flow_slowed(a->c))
        return false;
    if (!can_ask(a)) {
        ob_past_free(a);
        return false;
    }
    while (*at && now < (*at)->due_ms)
        at = &(*at)->next;
    w = *at;
    if (!w)
        return false;
    *at = w->next;
    w->next = NULL;
    ob_account_style(a, 11, &s);
    q = ob_alloc(sizeof(*q));
    *q = (struct asked){a->c, ob_dup(qund_str(a->id)), w};
    a->working = a->past_working = true;
    if (ob_call(a, ob_act_history(&s, qund_str(w->group), a->c->cfg->history, qund_str(w->before)),
                ASK_MS, on_answer, q, &why) == QUND_OK)
        return true;
    a->working = a->past_working = false;
    w->due_ms = now + LATER_MS;
    put_last(a, w);
    free(q->account);
    free(q);
    return true;
}

/* All groups were asked about all gaps: what could not be read is told, the rest is done. */
static void finish(struct ob_account *a)
{
    struct ob_channel *c = a->c;

    while (a->n_spans > 0) {
        struct ob_span *s = &a->spans[a->n_spans - 1];

        if (s->missed > 0) {
            if (!ob_gap_unfilled(a, s->from_ms, s->to_ms, s->missed))
                return; /* no room: with a later tick */
            c->host->gauge_add(c->numbers.unfilled, s->missed);
            QUND_SAY(c->host, QUND_WARN, "onebot.unfilled", QUND_KV("channel", c->name),
                     QUND_KV("account", a->id), QUND_KV("groups", s->missed),
                     QUND_KV("from", s->from_ms), QUND_KV("to", s->to_ms));
        }
        a->n_spans--;
    }
}

void ob_past_tick(struct ob_account *a)
{
    if (a->n_spans == 0 || a->past || a->past_working || a->c->past_out > 0)
        return;
    for (size_t i = 0; i < a->n_spans; i++)
        if (!a->spans[i].asked)
            return;
    if (!a->past_again) {
        finish(a);
        return;
    }
    a->past_again = false;
    for (size_t i = 0; i < a->n_spans; i++) {
        a->spans[i].asked = false;
        a->spans[i].missed = 0;
    }
    ask_all(a);
    for (struct ob_past *w = a->past; w; w = w->next)
        w->due_ms = ob_mono(a->c) + LATER_MS;
}
