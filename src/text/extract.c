/* src/text/extract.c - all extractors on one message.
 * They depend on each other: a flat in a copied list is not new, a list is no plain sign-up, a
 * question about somebody else's flat is for him. That order lives here, so that the engine, the
 * backtest and the explanation of a rule all see the same. */
#include "text/extract.h"
#include "text/grievance.h"
#include "text/scan.h"

enum { ROLL_CALL_BYTES = 4096 };

uint32_t qund_extract_kind_parse(struct qund_str name)
{
    static const struct {
        const char *name;
        uint32_t kind;
    } kinds[] = {{"room", QUND_EXTRACT_ROOM},
                 {"phone", QUND_EXTRACT_PHONE},
                 {"chain", QUND_EXTRACT_CHAIN},
                 {"signup", QUND_EXTRACT_SIGNUP},
                 {"signup_cancel", QUND_EXTRACT_CANCEL},
                 {"signup_confirm", QUND_EXTRACT_CONFIRM},
                 {"order", QUND_EXTRACT_ORDER},
                 {"question", QUND_EXTRACT_QUESTION},
                 {"grievance", QUND_EXTRACT_GRIEVANCE},
                 {"aside", QUND_EXTRACT_ASIDE}};

    for (size_t i = 0; i < QUND_ARRAY_LEN(kinds); i++)
        if (qund_str_is(name, kinds[i].name))
            return kinds[i].kind;
    return 0;
}

static uint32_t kind_of(const struct qund_signup *s)
{
    if (s->fresh)
        return QUND_EXTRACT_SIGNUP;
    if (s->state == QUND_SAYS_CANCELLED)
        return QUND_EXTRACT_CANCEL;
    return s->state == QUND_SAYS_CONFIRMED ? QUND_EXTRACT_CONFIRM : 0;
}

static uint32_t grievance_kind(struct qund_str text)
{
    switch (qund_grievance_find(text)) {
    case QUND_GRIEVANCE_OURS:
        return QUND_EXTRACT_GRIEVANCE;
    case QUND_GRIEVANCE_ASIDE:
        return QUND_EXTRACT_ASIDE;
    case QUND_GRIEVANCE_NONE:
        break;
    }
    return 0;
}

static void add_room(struct qund_extract *out, const struct qund_chain_diff *d)
{
    struct qund_room *r = &out->rooms[out->n_rooms];

    if (!d->row->room[0] || out->n_rooms == QUND_ROOM_MAX)
        return;
    for (size_t i = 0; i < out->n_rooms; i++)
        if (strcmp(out->rooms[i].text, d->row->room) == 0)
            return;
    memset(r, 0, sizeof *r);
    memcpy(r->text, d->row->room, sizeof r->text);
    r->owner = d->own ? QUND_ROOM_SELF : QUND_ROOM_OTHER;
    out->n_rooms++;
}

static void take_row(struct qund_extract *out, const struct qund_chain_diff *d)
{
    struct qund_signup *s = &out->signups[out->n_signups++];
    bool gone = d->change == QUND_CHAIN_REMOVED || d->row->cancelled;

    *s = (struct qund_signup){.party = d->row->party, .name = d->row->name};
    memcpy(s->room, d->row->room, sizeof s->room);
    s->state = gone ? QUND_SAYS_CANCELLED : d->row->maybe ? QUND_SAYS_MAYBE : QUND_SAYS_SIGNED;
    s->fresh = !gone;
    if (d->change == QUND_CHAIN_ADDED)
        add_room(out, d);
    out->kinds |= kind_of(s);
}

/* True when the text is a list; whatever else it holds was said by others before. */
static bool take_chain(const struct qund_extract_in *in, struct qund_arena *arena,
                       struct qund_extract *out)
{
    struct qund_chain_diff diff[QUND_EXTRACT_SIGNUPS_MAX];
    struct qund_chain *prev, *next;
    bool had_prev;
    size_t n;

    if (memchr(in->text.p ? in->text.p : "", '\n', in->text.n) == NULL)
        return false;
    next = qund_arena_alloc(arena, sizeof *next);
    if (!qund_chain_parse(in->text,
                          in->calls.age_ms[QUND_CALL_SIGNUP] >= 0 ||
                              in->calls.age_ms[QUND_CALL_ORDER] >= 0,
                          next))
        return false;
    prev = qund_arena_alloc(arena, sizeof *prev);
    had_prev = in->prev_list.n && qund_chain_parse(in->prev_list, true, prev);
    n = qund_chain_compare(had_prev ? prev : NULL, next, in->sender_name, diff,
                           QUND_EXTRACT_SIGNUPS_MAX);
    out->kinds |= QUND_EXTRACT_CHAIN;
    out->is_list = true;
    for (size_t i = 0; i < n; i++)
        take_row(out, &diff[i]);
    return true;
}

static void take_plain(const struct qund_extract_in *in, const struct qund_scan_signs *signs,
                       struct qund_extract *out)
{
    struct qund_signup *s = &out->signups[0];

    if (signs->digits >= QUND_ROOM_DIGITS_MIN)
        out->n_rooms = qund_room_find(in->text, out->rooms, QUND_ROOM_MAX);
    if (qund_signup_find(in->text, &in->calls, in->signed_up, s)) {
        out->n_signups = 1;
        out->kinds |= kind_of(s);
        for (size_t i = 0; i < out->n_rooms; i++)
            if (out->rooms[i].owner == QUND_ROOM_SELF) {
                memcpy(s->room, out->rooms[i].text, sizeof s->room);
                break;
            }
    } else if (qund_signup_order(in->text, &in->calls)) {
        out->kinds |= QUND_EXTRACT_ORDER;
    }
}

void qund_extract_run(const struct qund_extract_in *in, struct qund_arena *arena,
                      struct qund_extract *out)
{
    struct qund_scan_signs signs = qund_scan_signs(in->text);
    struct qund_talk talk = in->talk;

    out->kinds = 0;
    out->is_list = false;
    out->n_rooms = out->n_phones = out->n_signups = 0;
    out->call =
        in->from_staff || signs.company ? qund_call_find(in->text, in->from_staff) : QUND_CALL_NONE;
    if (in->from_staff) {
        /* The template that opens a chain is where the first member's list starts from. */
        out->is_list = (out->call == QUND_CALL_SIGNUP || out->call == QUND_CALL_CONFIRM) &&
                       qund_str_find(in->text, 0, QUND_STR("接龙")) >= 0 &&
                       in->text.n <= ROLL_CALL_BYTES;
        return;
    }
    if (!take_chain(in, arena, out)) {
        take_plain(in, &signs, out);
        for (size_t i = 0; i < out->n_rooms; i++)
            talk.other_room = talk.other_room || out->rooms[i].owner == QUND_ROOM_OTHER;
        if (qund_question_find(in->text, &talk))
            out->kinds |= QUND_EXTRACT_QUESTION;
        out->kinds |= grievance_kind(in->text);
    }
    if (out->kinds & QUND_EXTRACT_SIGNUP)
        out->call = QUND_CALL_SIGNUP;
    if (signs.digits + signs.ohs >= QUND_PHONE_DIGITS)
        out->n_phones = qund_phone_find(in->text, out->phones, QUND_PHONE_MAX);
    if (out->n_rooms)
        out->kinds |= QUND_EXTRACT_ROOM;
    if (out->n_phones)
        out->kinds |= QUND_EXTRACT_PHONE;
}
