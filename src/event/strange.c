/* strange.c - what an event holds besides our fields, or instead of them.
 *
 * Keys that are not ours are skipped: others have reasons for theirs, and an export adds some and
 * must be readable again. But a key that is nearly one of ours was meant to be it; skipped, its
 * value would be lost in silence, and the sender told that all is well. So would an event that says
 * nothing at all, which is what {} is. Both are refused with what to do. */
#include "event/internal.h"
#include <stdio.h>

#define STRANGERS_MAX 32u /* keys that are compared with ours: a bomb of them costs no more */
#define KEY_SHOWN 40u     /* bytes of one */

/* What an export adds to an event. */
static bool of_an_export(struct qund_str key)
{
    static const char *const KEYS[] = {"seq",   "state",  "copy",    "intents",
                                       "rooms", "phones", "signups", "rules"};

    for (size_t i = 0; i < QUND_ARRAY_LEN(KEYS); i++)
        if (qund_str_is(key, KEYS[i]))
            return true;
    return false;
}

/* For people to read, on a terminal too. */
static void name_key(struct qund_str key, char out[KEY_SHOWN + 1])
{
    snprintf(out, KEY_SHOWN + 1, "%.*s", QUND_STR_ARG(qund_utf8_cut(key, KEY_SHOWN)));
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

int event_strange_key(struct event_decoding *d, struct qund_str key, const char *const *names,
                      size_t n)
{
    char where[KEY_SHOWN + 1];
    const char *near;

    if (of_an_export(key)) {
        d->exported = true;
        return QUND_OK;
    }
    near = d->strangers++ < STRANGERS_MAX ? qund_str_nearest(key, names, n) : NULL;
    if (!near)
        return QUND_OK;
    name_key(key, where);
    return qund_err_set(d->err, QUND_E_INVAL, where,
                        "unknown key; nearest known: '%s'; what is your own goes into data", near);
}

int event_says_something(const struct event_decoding *d)
{
    const struct qund_event *e = d->e;

    if (e->type != QUND_EV_MESSAGE || e->text.n > 0 || e->media.n > 0 || e->data.n > 0 ||
        !qund_str_is(e->kind, "text") || d->exported)
        return QUND_OK;
    return qund_err_set(d->err, QUND_E_INVAL, "text",
                        "a message without text, media or data says nothing: send its text, its "
                        "kind (image, voice, …), or the type of what happened");
}
