/* src/crm/crm.h - people and places: realms, groups, contacts, members, tags, rooms, phones, leads,
 * sign-ups, opt-out. The hot path of the engine; essay in crm.c.
 *
 * Everything here runs on the engine thread inside the batch's transaction (reads for the faces are
 * in crm/read.h and take a reader's handle). Rows depend on the sequence of calls alone, never on
 * where a batch was cut or what happened to be cached.
 *
 * `seq` is the stored message's number, 0 for what no message said (a form, a person, a file). `ts`
 * is event time. Functions return 0 or 1 where noted ("changed"), else an rc; retryable ones (IO,
 * FULL, NOMEM, AGAIN) mean that the whole batch is rolled back. */
#ifndef QUND_CRM_CRM_H
#define QUND_CRM_CRM_H
#include "core/core.h"
#include "event/event.h"
#include "store/db.h"

struct qund_crm;
struct qund_crm_cfg {
    uint32_t max_contacts; /* cached; 0: 200,000 (about 25 MB when full) */
    uint32_t max_groups;   /* cached; 0: 20,000 */
};
/* db: the writing handle, borrowed, with the schema brought forward. */
QUND_CHECK int qund_crm_open(struct qund_db *db, const struct qund_crm_cfg *cfg,
                             struct qund_log *log, struct qund_crm **out, struct qund_err *err);
struct qund_crm *qund_crm_close(struct qund_crm *crm); /* writes nothing; returns NULL */
QUND_DEFINE_AUTO(qund_crm_close, struct qund_crm *)

struct qund_strs;
/* Stages that people may set (config leads.stages); borrowed. NULL or empty: any. */
void qund_crm_stages(struct qund_crm *crm, const struct qund_strs *stages);

/* --- the batch --- */
/* Writes what is pending (last_seen, names): once, before COMMIT. Borrowed pointers end here. */
QUND_CHECK int qund_crm_flush(struct qund_crm *crm);
/* The transaction was rolled back: every cache entry is dropped. */
void qund_crm_forget(struct qund_crm *crm);
/* Around one event, timer or command: _begin at its savepoint, _undo after ROLLBACK TO: the caches
 * are again as at _begin, pending writes of earlier items included. */
void qund_crm_item_begin(struct qund_crm *crm);
void qund_crm_item_undo(struct qund_crm *crm);

/* --- names of the world --- */
/* Small numbers for realm and channel names (rows hold the number). At most 1,000 each: INVAL. */
QUND_CHECK int qund_crm_realm(struct qund_crm *crm, struct qund_str name, int64_t *id);
QUND_CHECK int qund_crm_channel(struct qund_crm *crm, struct qund_str name, int64_t *id);

enum qund_group_type {
    QUND_GROUP_OTHER,
    QUND_GROUP_HOME,
    QUND_GROUP_ECOMMERCE,
    QUND_GROUP_COURSE,
    QUND_GROUP_TICKETING
};
const char *qund_group_type_name(enum qund_group_type t);
int qund_group_type_parse(struct qund_str s); /* the enum, or NOTFOUND */
enum qund_group_state { QUND_GROUP_ACTIVE, QUND_GROUP_PAUSED, QUND_GROUP_CLOSED };
const char *qund_group_state_name(enum qund_group_state s);
int qund_group_state_parse(struct qund_str s);

/* Borrowed: valid until flush, forget or undo; its strings until the next qund_crm_group. */
struct qund_crm_group {
    int64_t id;    /* grp.id */
    int64_t realm; /* realm.id */
    struct qund_str realm_name, pid, name;
    enum qund_group_type type;
    enum qund_group_state state;
    bool managed;          /* named by org.yaml */
    bool internal;         /* staff only: never counted in customer metrics */
    bool room_dedupe;      /* people with one room are one household */
    bool shared;           /* several accounts of ours are in it: copies of one message are one */
    struct qund_str zone;  /* IANA name, NONE: the installation's */
    struct qund_str place; /* compound shared by several groups, NONE: the group stands alone */
    int64_t manager;       /* staff.id, 0: nobody */
    struct qund_str *tags;
    size_t n_tags;
};
/* Find or create. name: as the event says it (NONE: unknown); kept when its ts is the latest. */
QUND_CHECK int qund_crm_group(struct qund_crm *crm, struct qund_str realm, struct qund_str pid,
                              struct qund_str name, int64_t ts, struct qund_crm_group **out);
QUND_CHECK int qund_crm_group_by_id(struct qund_crm *crm, int64_t id, struct qund_crm_group **out);
/* group.dismiss: state closed, members left. */
QUND_CHECK int qund_crm_group_dismiss(struct qund_crm *crm, struct qund_crm_group *g, int64_t ts);

/* --- people --- */
/* Borrowed like groups. Fields are for reading; changes go through the functions. */
struct qund_crm_contact {
    int64_t id; /* contact.id: the person across groups and channels */
    int64_t last_seen;
    uint8_t role; /* enum qund_role without regard to a group; NONE: nothing known */
    bool opt_out;
    bool created;   /* made by this call of qund_crm_contact */
    uint8_t own[5]; /* the cache's */
};
/* Find or create by (realm, pid). hint: the event's trusted role, NONE when absent. */
QUND_CHECK int qund_crm_contact(struct qund_crm *crm, struct qund_str realm, struct qund_str pid,
                                struct qund_str name, enum qund_role hint, int64_t ts,
                                struct qund_crm_contact **out);
QUND_CHECK int qund_crm_contact_by_id(struct qund_crm *crm, int64_t id,
                                      struct qund_crm_contact **out);
/* The role in which this person speaks here: staff identity, bot identity, koc mark (contact or
 * member), the event's trusted role, the last trusted one, else customer. Never NONE. */
enum qund_role qund_crm_role(struct qund_crm *crm, const struct qund_crm_contact *c,
                             const struct qund_crm_group *g, enum qund_role hint);
/* staff.id behind this contact's identities, 0: none (or deactivated). */
int64_t qund_crm_staff_of(struct qund_crm *crm, const struct qund_crm_contact *c);

/* Somebody spoke in a group: a membership whose join we did not see begins. 1: the row is new or
 * came back from left. joined is then 0 (unknown). */
QUND_CHECK int qund_crm_member_seen(struct qund_crm *crm, struct qund_crm_group *g,
                                    struct qund_crm_contact *c, struct qund_str nick, int64_t ts);
/* 1: a member now who was none before. */
QUND_CHECK int qund_crm_member_join(struct qund_crm *crm, struct qund_crm_group *g,
                                    struct qund_crm_contact *c, struct qund_str nick, int64_t ts);
QUND_CHECK int qund_crm_member_leave(struct qund_crm *crm, struct qund_crm_group *g,
                                     struct qund_crm_contact *c, int64_t ts);
/* The join or leave that decided their state at `from` was at `to`; nothing, when another did. */
QUND_CHECK int qund_crm_member_redate(struct qund_crm *crm, struct qund_crm_group *g,
                                      struct qund_crm_contact *c, bool joined, int64_t from,
                                      int64_t to);

/* --- what was learnt --- */
enum qund_tag_origin { QUND_TAG_RULE, QUND_TAG_MANUAL, QUND_TAG_FORM, QUND_TAG_FILE, QUND_TAG_SOP };
struct qund_crm_tag {
    struct qund_str name; /* "意向:询价", <= 96 bytes */
    bool attribute;       /* kind attribute (who they are) or behaviour (what they did) */
    enum qund_tag_origin origin;
    int64_t seq;
    int64_t at;      /* ts */
    int64_t expires; /* 0: never */
};
/* Whether it may be a tag's name: 1 to 96 bytes, no control characters, none of , ; | (files of
 * contacts separate tags by them), no blanks at its ends. */
bool qund_crm_tag_named(struct qund_str name);
/* 1: the contact did not hold it before. Each message that says it again is a witness, so that a
 * revoke of one keeps what another still says. */
QUND_CHECK int qund_crm_tag_add(struct qund_crm *crm, struct qund_crm_contact *c,
                                const struct qund_crm_tag *tag);
QUND_CHECK int qund_crm_tag_remove(struct qund_crm *crm, struct qund_crm_contact *c,
                                   struct qund_str name);
/* 1 held at `at`, 0 not. */
QUND_CHECK int qund_crm_tag_has(struct qund_crm *crm, struct qund_crm_contact *c,
                                struct qund_str name, int64_t at);

/* room: canonical "[zone/]building-unit-room". 1: new for this contact. self: the contact lives
 * there; then they join the household of that room within the group's place (else the group). */
QUND_CHECK int qund_crm_room_add(struct qund_crm *crm, struct qund_crm_group *g,
                                 struct qund_crm_contact *c, struct qund_str room, bool self,
                                 int64_t seq, int64_t ts);
/* phone: 11 digits. 1: new for this contact. */
QUND_CHECK int qund_crm_phone_add(struct qund_crm *crm, struct qund_crm_contact *c,
                                  struct qund_str phone, int64_t seq, int64_t ts);
/* delta may be 0: only the history row. reason: intent or rule id. The lead is made when missing.
 */
QUND_CHECK int qund_crm_lead_score(struct qund_crm *crm, struct qund_crm_contact *c, int64_t delta,
                                   struct qund_str reason, int64_t seq, int64_t ts);
/* Whether a person may set it: one of qund_crm_stages, or what some lead has already (a rule set
 * it). INVAL with what to do. */
QUND_CHECK int qund_crm_stage_check(struct qund_crm *crm, struct qund_str stage,
                                    struct qund_err *err);
/* lead: {stage: …} of a rule, or a person's choice. 1: changed. */
QUND_CHECK int qund_crm_lead_stage(struct qund_crm *crm, struct qund_crm_contact *c,
                                   struct qund_str stage, int64_t seq, int64_t ts);
/* Stops marketing at once, everywhere; on = false is a renewed consent. 1: changed. Not withdrawn
 * by a revoke: taking the word back is no consent. proof: free text such as the channel. */
QUND_CHECK int qund_crm_opt_out(struct qund_crm *crm, struct qund_crm_contact *c, bool on,
                                struct qund_str proof, int64_t seq, int64_t ts);

/* --- sign-ups --- */
enum qund_signup_state {
    QUND_SIGNUP_SIGNED,
    QUND_SIGNUP_MAYBE,
    QUND_SIGNUP_CONFIRMED,
    QUND_SIGNUP_CANCELLED,
    QUND_SIGNUP_DEPOSIT
};
const char *qund_signup_state_name(enum qund_signup_state s);
struct qund_crm_signup {
    struct qund_str name, room;         /* the row's own; room NONE: none said */
    struct qund_str shown;              /* the name as written; NONE: as it was before, else name */
    struct qund_str was_name, was_room; /* a changed row that was known under another name or room;
                                           was_name NONE: the same */
    int64_t party;                      /* persons; 0: not said, counts as 1 */
    enum qund_signup_state state;       /* a removed chain row comes as CANCELLED */
    struct qund_crm_contact *contact;   /* who it is, NULL: only the name is known */
};
/* rows: those added, changed or removed by message seq. The state of a row is that of its latest
 * event by (ts, seq), so a late list does not override a newer one. Returns how many rows of the
 * sign-up changed. chain: key of the event within the group, "" the running one. */
QUND_CHECK int qund_crm_signup_apply(struct qund_crm *crm, struct qund_crm_group *g,
                                     struct qund_str chain, const struct qund_crm_signup *rows,
                                     size_t n, int64_t seq, int64_t ts);
/* 1: this contact, or a row under this name, stands in the group's sign-up at ts, has spoken of
 * it since then and has not cancelled; 0: no. */
QUND_CHECK int qund_crm_signup_stands(struct qund_crm *crm, const struct qund_crm_group *g,
                                      const struct qund_crm_contact *c, struct qund_str name,
                                      int64_t since, int64_t ts);
/* How the row's name was written last; else the name itself. Appended to out. */
QUND_CHECK int qund_crm_signup_shown(struct qund_crm *crm, const struct qund_crm_group *g,
                                     struct qund_str chain, struct qund_str name,
                                     struct qund_str room, struct qund_buf *out);
/* What message seq did to rows is undone: it is about to say it again, against another list.
 * Returns how many events went. */
QUND_CHECK int qund_crm_signup_withdraw(struct qund_crm *crm, int64_t seq);
/* The chain lists seen last (16 per group and chain), text as the caller writes it. prev: the
 * latest before ts (NOTFOUND); next: the earliest after it, which a late list must re-difference.
 */
QUND_CHECK int qund_crm_chain_put(struct qund_crm *crm, struct qund_crm_group *g,
                                  struct qund_str chain, struct qund_str list, int64_t seq,
                                  int64_t ts);
QUND_CHECK int qund_crm_chain_prev(struct qund_crm *crm, struct qund_crm_group *g,
                                   struct qund_str chain, int64_t ts, struct qund_buf *list,
                                   int64_t *seq);
QUND_CHECK int qund_crm_chain_next(struct qund_crm *crm, struct qund_crm_group *g,
                                   struct qund_str chain, int64_t ts, struct qund_buf *list,
                                   int64_t *seq);

/* A revoked message takes back what came from it alone: tags, rooms, phones, score, sign-ups, its
 * chain list. Returns how many facts went. Also the first step of erasing a message. */
QUND_CHECK int qund_crm_withdraw(struct qund_crm *crm, int64_t seq);

/* --- orders (order.paid, import) --- */
struct qund_crm_order {
    struct qund_str order;            /* the shop's number; a repeat updates the row */
    struct qund_crm_contact *contact; /* NULL: only the phone is known */
    struct qund_str phone;            /* NONE: unknown */
    struct qund_str items;            /* JSON array or text */
    int64_t amount_cent, paid_at, seq;
};
/* 1: the order is new. */
QUND_CHECK int qund_crm_order_add(struct qund_crm *crm, struct qund_str realm,
                                  const struct qund_crm_order *o);

/* --- commands of the faces (crm/command.c) --- */
/* true when the name is one of this module's ("contact.update", "import.contacts", …). */
bool qund_crm_command_known(const char *name);
/* Applies a command inside the transaction. reply: JSON object. INVAL/NOTFOUND/EXISTS/DENIED with
 * err filled; DENIED with err->where "managed_by_file" for rows that org.yaml names. now: engine
 * time. dry_run of imports is in the body. Borrowed groups end here. */
QUND_CHECK int qund_crm_command(struct qund_crm *crm, const char *name, struct qund_str body,
                                int64_t now, struct qund_buf *reply, struct qund_err *err);
/* Bytes held by the contact cache, for /metrics and tests. */
size_t qund_crm_cache_bytes(const struct qund_crm *crm);
/* Grows with each change of staff, groups, roles or rosters: who holds a snapshot reloads it. */
uint64_t qund_crm_org_version(const struct qund_crm *crm);
#endif
