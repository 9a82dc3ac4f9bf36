/* src/text/signup_answer.c - short answers that say who comes, while a call is open.
 *
 * The same words mean different things after different calls: 我和我妹 after a call to sign up is a
 * new row, after a call to confirm a confirmation of him who stands in the list. Whoever does not,
 * and asks for a place that is left, is new even then. Where somebody comes and somebody does not,
 * the last word counts. Goods or money in the text speak against all of it: people order while a
 * sign-up runs. */
#include "text/question.h"
#include "text/signup_parts.h"

enum { ANSWER_CHARS = 60 };
enum { HEADS_REST = 12, JOINED_REST = 4 }; /* so much of an answer may be about something else */

/* Asked who comes, of those who said so: who stands in the list confirms or cancels with whatever
 * he says last; who does not is new, unless he speaks of what was arranged. */
static bool answers_confirm(const struct qund_comers *r, bool signed_up, bool soon,
                            struct qund_signup *out)
{
    unsigned persons =
        qund_place_last(r->other && !r->verb ? 0 : r->heads, r->other ? 0 : r->joined);
    bool aside = r->other && !(signed_up && r->firm); /* 照旧 is plain whatever else is told */
    unsigned there = qund_place_last(persons, aside ? 0 : qund_place_last(r->comes, r->way));

    if (r->stays > there) {
        out->state = QUND_SAYS_CANCELLED;
        return signed_up;
    }
    if (signed_up && !r->doubts) {
        out->state = QUND_SAYS_CONFIRMED;
        return there > 0 && soon;
    }
    out->state = r->doubts ? QUND_SAYS_MAYBE : QUND_SAYS_SIGNED;
    out->fresh = true;
    if (r->late || r->doubts)
        return !signed_up && (persons > 0 || (there > 0 && r->verb && !r->other));
    if (r->firm || r->way) {
        out->state = QUND_SAYS_CONFIRMED;
        out->fresh = false;
    }
    return soon && r->heads && (!r->other || r->plain);
}

static bool answers_signup(const struct qund_comers *r, bool signed_up, bool soon, bool asking,
                           struct qund_signup *out)
{
    unsigned there =
        qund_place_last(r->rest <= HEADS_REST || r->plain ? r->heads : 0,
                        soon && !r->other && !asking && r->rest <= JOINED_REST ? r->joined : 0);

    if (r->stays > there && !(r->doubts && !signed_up)) {
        out->state = QUND_SAYS_CANCELLED;
        return signed_up && !r->other;
    }
    if (soon && r->clauses == 1 && r->comes && !r->other && r->verb)
        there = qund_place_last(there, r->comes);
    out->state = r->doubts ? QUND_SAYS_MAYBE : QUND_SAYS_SIGNED;
    out->fresh = true;
    return !signed_up && ((there > 0 && (!r->other || (r->plain && (r->verb || r->late)))) ||
                          (r->doubts && !r->other && !asking && soon && r->rest <= HEADS_REST));
}

bool qund_signup_answer(struct qund_str s, const struct qund_comers *r, const struct qund_calls *c,
                        bool signed_up, struct qund_signup *out)
{
    bool found = false;

    if (qund_utf8_count(s) > ANSWER_CHARS ||
        qund_call_later(c, QUND_CALL_ORDER, QUND_CALL_SIGNUP) || memchr(s.p, '@', s.n))
        return false;
    if (qund_call_within(c, QUND_CALL_CONFIRM, HOURS(48)))
        found =
            answers_confirm(r, signed_up, qund_call_within(c, QUND_CALL_CONFIRM, HOURS(24)), out);
    else if (qund_call_within(c, QUND_CALL_SIGNUP, HOURS(36)) &&
             !qund_call_later(c, QUND_CALL_PEER, QUND_CALL_SIGNUP))
        found = answers_signup(r, signed_up, qund_call_within(c, QUND_CALL_SIGNUP, HOURS(6)),
                               (qund_question_traits(s) & QUND_ASKS) != 0, out);
    if (!found)
        *out = (struct qund_signup){.party = out->party};
    else if (out->state == QUND_SAYS_SIGNED && out->party == 0)
        out->party = 1;
    return found;
}
