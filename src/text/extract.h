/* src/text/extract.h - all extractors on one message, in one call (essay in extract.c).
 * Pure; any thread. The engine calls this once per message; rules see the result as
 * `extract: room | phone | chain | signup | signup_cancel | signup_confirm | order | question |
 * grievance | aside`. */
#ifndef QUND_TEXT_EXTRACT_H
#define QUND_TEXT_EXTRACT_H
#include "text/phone.h"
#include "text/question.h"
#include "text/signup.h"

enum { QUND_EXTRACT_SIGNUPS_MAX = 64 };

struct qund_extract_in {
    struct qund_str text;        /* folded */
    struct qund_str sender_name; /* folded */
    bool from_staff;             /* staff and bots: nothing but the call is taken */
    bool signed_up;              /* the sender stands in this group's running sign-up */
    struct qund_str prev_list;   /* folded text of the group's last chain message; NONE: none */
    struct qund_calls calls;
    struct qund_talk talk;
};

enum qund_extract_kind {
    QUND_EXTRACT_ROOM = 1,
    QUND_EXTRACT_PHONE = 2,
    QUND_EXTRACT_CHAIN = 4,
    QUND_EXTRACT_SIGNUP = 8,
    QUND_EXTRACT_CANCEL = 16,
    QUND_EXTRACT_CONFIRM = 32,
    QUND_EXTRACT_ORDER = 64,
    QUND_EXTRACT_QUESTION = 128,
    QUND_EXTRACT_GRIEVANCE = 256,
    QUND_EXTRACT_ASIDE = 512
};
/* The bit of a name as rules write it ("signup_cancel"), 0 for an unknown one. */
uint32_t qund_extract_kind_parse(struct qund_str name);

struct qund_extract {
    uint32_t kinds;      /* bits of qund_extract_kind */
    enum qund_call call; /* to be kept by the engine with the message's time; a member's own sign-up
                            renews SIGNUP, so that a +1 after it still answers the call */
    bool is_list;        /* the text becomes the group's prev_list */
    size_t n_rooms, n_phones, n_signups;
    struct qund_room rooms[QUND_ROOM_MAX];
    struct qund_phone phones[QUND_PHONE_MAX];
    struct qund_signup signups[QUND_EXTRACT_SIGNUPS_MAX];
};

/* `arena` holds two lists while a chain is compared; nothing in *out points into it. */
void qund_extract_run(const struct qund_extract_in *in, struct qund_arena *arena,
                      struct qund_extract *out);
#endif
