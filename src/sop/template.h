/* src/sop/template.h - an SOP template, read from YAML: who says what, when, what is expected of
 * it, and what to do if it does not come (essay in template.c; the language:
 * docs/sop-templates.md). Immutable once made; any thread. */
#ifndef QUND_SOP_TEMPLATE_H
#define QUND_SOP_TEMPLATE_H
#include "core/core.h"

/* --- instants before there is a clock: "T-14d 10:00", "D3 20:00", "+30m", "on:delivered" ---
 * (offset.c) */
enum qund_sop_base {
    QUND_SOP_AT_EVENT, /* T: the event's start */
    QUND_SOP_AT_DAY,   /* D: the day the plan counts from (D0); has a clock time always */
    QUND_SOP_AT_START, /* +: the trigger's instant */
    QUND_SOP_AT_ON     /* when something happens */
};
struct qund_sop_offset {
    enum qund_sop_base base;
    int days;           /* with a clock time: whole local days from the base's local day */
    int clock_min;      /* minute of the local day, -1: none */
    int64_t ms;         /* without a clock time: from the base's instant, may be negative */
    struct qund_str on; /* AT_ON: "member_joined", "delivered"; static */
};
/* INVAL with why in err->text (where is the caller's to know). */
QUND_CHECK int qund_sop_offset_parse(struct qund_str s, struct qund_sop_offset *out,
                                     struct qund_err *err);
/* The one way to write it: parsing that gives the same offset. */
void qund_sop_offset_print(const struct qund_sop_offset *o, struct qund_buf *out);
/* The event type behind a name after `on:`: "member_joined" → "member.join"; NULL: no such name. */
const char *qund_sop_on_event(struct qund_str on);
/* "1d12h", in the fewest units; 0 is "0s". */
void qund_sop_duration_print(int64_t ms, struct qund_buf *out);
/* "1 小时 20 分钟": two units at most, rounded down (cond_say.c). */
void qund_sop_duration_say(int64_t ms, struct qund_buf *out);

/* --- conditions: flag | metric op value [in DUR] [at OFFSET] (metric.c, cond.c) --- */
enum qund_sop_metric {
    QUND_SOP_SPEAKERS,
    QUND_SOP_MESSAGES,
    QUND_SOP_KEYWORD_HITS, /* keyword_hits.<word>, or the step's words */
    QUND_SOP_LINK_CLICKS,
    QUND_SOP_FORM_SUBMITS,
    QUND_SOP_SIGNUPS,
    QUND_SOP_SIGNUP_CONFIRMS,
    QUND_SOP_CANCELS,
    QUND_SOP_CHECKINS,
    QUND_SOP_COUPON_CLAIMS,
    QUND_SOP_REDEEMS,
    QUND_SOP_ORDERS,
    QUND_SOP_ATTEND_LIVE,
    QUND_SOP_HOMEWORK,
    QUND_SOP_PHOTO_POSTS,
    QUND_SOP_ONE_TO_ONE_REPLIES,
    QUND_SOP_JOINS,
    QUND_SOP_LEAVES,
    QUND_SOP_COMPLAINTS,
    QUND_SOP_UNANSWERED,
    QUND_SOP_REPLY_MINUTES,
    QUND_SOP_SATISFACTION,
    QUND_SOP_TASK_DONE,
    QUND_SOP_STOCK, /* stock.<name> or stock: a number the operator keeps (plan.set) */
    QUND_SOP_REFUNDS,
    QUND_SOP_METRICS
};
/* Where its figure comes from. */
enum qund_sop_source { QUND_SOP_FROM_CHAT, QUND_SOP_FROM_EVENTS, QUND_SOP_REPORTED };
const char *qund_sop_metric_name(enum qund_sop_metric m);
const char *qund_sop_metric_zh(enum qund_sop_metric m); /* as people read it */
int qund_sop_metric_parse(struct qund_str s);           /* the metric, or NOTFOUND */
enum qund_sop_source qund_sop_metric_source(enum qund_sop_metric m);
/* Counts people or things, so that a percentage of a base says something. */
bool qund_sop_metric_counts(enum qund_sop_metric m);

enum qund_sop_count_of { /* bases of a percentage */
                         QUND_SOP_OF_CUSTOMERS,
                         QUND_SOP_OF_NEW,
                         QUND_SOP_OF_SIGNUPS,
                         QUND_SOP_OF_CONFIRMED,
                         QUND_SOP_OF_RESERVED,
                         QUND_SOP_OF_ORDERS,
                         QUND_SOP_OF_STOCK,
                         QUND_SOP_OF_CAPACITY,
                         QUND_SOP_BASES
};
const char *qund_sop_count_of_name(enum qund_sop_count_of of);
const char *qund_sop_count_of_zh(enum qund_sop_count_of of);
struct qund_sop_value {
    double n; /* at most three decimals */
    bool percent;
    enum qund_sop_count_of of;
    struct qund_str var; /* "forecast.low": known when the plan runs; NONE: n */
};
enum qund_sop_op { QUND_SOP_GTE, QUND_SOP_LTE, QUND_SOP_GT, QUND_SOP_LT, QUND_SOP_EQ };
const char *qund_sop_op_sign(enum qund_sop_op op);
/* "20", "8%", "30% of new", "{{forecast.low}}". var is borrowed from s. */
QUND_CHECK int qund_sop_value_parse(struct qund_str s, struct qund_sop_value *out,
                                    struct qund_err *err);
void qund_sop_value_print(const struct qund_sop_value *v, struct qund_buf *out);
/* "speakers", "stock.toolkit", "keyword_hits.约": of_what is borrowed from s. */
QUND_CHECK int qund_sop_metric_of(struct qund_str s, enum qund_sop_metric *m,
                                  struct qund_str *of_what, struct qund_err *err);

enum qund_sop_flag { /* the closed list; of one person, or of the group or the plan */
                     QUND_SOP_FLAG_NONE,
                     /* of a person */
                     QUND_SOP_OPT_OUT,
                     QUND_SOP_LEFT_GROUP,
                     QUND_SOP_SPOKE,
                     QUND_SOP_REPLIED,
                     QUND_SOP_FORM_SUBMITTED,
                     QUND_SOP_ORDERED,
                     QUND_SOP_CONVERTED,
                     QUND_SOP_SIGNUP_CANCELLED,
                     QUND_SOP_HOMEWORK_SUBMITTED,
                     QUND_SOP_COMPLAINT_OPEN,
                     QUND_SOP_ROOM_KNOWN,
                     QUND_SOP_ONE_TO_ONE_RUNNING,
                     /* of the group or the plan; those without a source in the stream are set by a
                      * person
                      * (`qund plan flag`) */
                     QUND_SOP_GROUP_PAUSED,
                     QUND_SOP_EVENT_CANCELLED,
                     QUND_SOP_KOC_NOT_INVITED,
                     QUND_SOP_SOLVED,
                     QUND_SOP_MERGED,
                     QUND_SOP_REFUND_OPEN,
                     QUND_SOP_SAFETY_ISSUE,
                     QUND_SOP_STOCK_WITHDRAWN,
                     QUND_SOP_MENTION_ALL_USED,
                     QUND_SOP_NOT_AGREED_TO_PUBLISH,
                     QUND_SOP_DISCLOSURE_MISSING,
                     QUND_SOP_STAFF_RISK,
                     QUND_SOP_RESTRICTED_WORD,
                     QUND_SOP_FLAGS
};
const char *qund_sop_flag_name(enum qund_sop_flag f);
const char *qund_sop_flag_zh(enum qund_sop_flag f);
int qund_sop_flag_parse(struct qund_str s); /* the flag, or NOTFOUND */
bool qund_sop_flag_personal(enum qund_sop_flag f);

struct qund_sop_cond {
    enum qund_sop_flag flag; /* NONE: metric op value */
    enum qund_sop_metric metric;
    struct qund_str of_what; /* of stock.<name>, keyword_hits.<word>; NONE: the step's words */
    enum qund_sop_op op;
    struct qund_sop_value value;
    int64_t in_ms; /* window back from the instant of asking; 0: since the window began */
    bool has_at;
    struct qund_sop_offset at; /* asked then; else whenever something changes */
    int line, col;
};
/* of_what and value.var are borrowed from s. */
QUND_CHECK int qund_sop_cond_parse(struct qund_str s, struct qund_sop_cond *out,
                                   struct qund_err *err);
void qund_sop_cond_print(const struct qund_sop_cond *c, struct qund_buf *out);
/* "2 小时内发言人数不到 10"; typed: what its value's variable stands for, NONE when it has none or
 * nobody knows (cond_say.c). */
void qund_sop_cond_say(const struct qund_sop_cond *c, struct qund_str typed, struct qund_buf *out);

/* --- the template --- */
enum qund_sop_scope { QUND_SOP_GROUP, QUND_SOP_CONTACT, QUND_SOP_MEMBER };
const char *qund_sop_scope_name(enum qund_sop_scope s);
enum qund_sop_anchor { QUND_SOP_BY_TRIGGER, QUND_SOP_BY_EVENT, QUND_SOP_BY_JOIN }; /* defines D0 */
const char *qund_sop_anchor_name(enum qund_sop_anchor a);
enum qund_sop_trigger {
    QUND_SOP_MANUAL,
    QUND_SOP_DATE,
    QUND_SOP_EVENT,
    QUND_SOP_MEMBER_JOINED,
    QUND_SOP_KEYWORD,
    QUND_SOP_TAG_ADDED,
    QUND_SOP_ORDER_PAID,
    QUND_SOP_DORMANT,
    QUND_SOP_BIRTHDAY,
    QUND_SOP_LEAD_STAGE,
    QUND_SOP_PLAN_FINISHED,
    QUND_SOP_TRIGGERS
};
const char *qund_sop_trigger_name(enum qund_sop_trigger t);
enum qund_sop_role { /* the seven community roles, then inner ones */
                     QUND_SOP_STAR,
                     QUND_SOP_EXPERT,
                     QUND_SOP_KOC_FAN,
                     QUND_SOP_LEADER,
                     QUND_SOP_CONSULTANT,
                     QUND_SOP_QUESTIONER,
                     QUND_SOP_FIRST_BUYER,
                     QUND_SOP_STORE,
                     QUND_SOP_MANAGER,
                     QUND_SOP_SYSTEM,
                     QUND_SOP_ROLES
};
const char *qund_sop_role_name(enum qund_sop_role r);
int qund_sop_role_parse(struct qund_str s);         /* the role, or NOTFOUND */
bool qund_sop_role_disclosed(enum qund_sop_role r); /* koc_fan, questioner, first_buyer */
enum qund_sop_channel {
    QUND_SOP_CH_GROUP,
    QUND_SOP_CH_NOTICE,
    QUND_SOP_CH_ONE_TO_ONE,
    QUND_SOP_CH_SMS,
    QUND_SOP_CH_STAFF_TASK,
    QUND_SOP_CH_FORM,
    QUND_SOP_CHANNELS
};
const char *qund_sop_channel_name(enum qund_sop_channel c);
enum qund_sop_kind { QUND_SOP_MARKETING, QUND_SOP_SERVICE, QUND_SOP_SAFETY }; /* caps: marketing */
const char *qund_sop_kind_name(enum qund_sop_kind k);

struct qund_sop_expect {
    bool given;
    enum qund_sop_metric metric;
    struct qund_str of_what;
    enum qund_sop_op op; /* GTE or LTE */
    struct qund_sop_value value;
    int64_t window_ms;
    struct qund_str *words; /* of keyword_hits, homework, coupon_claims: what counts; folded by
                             * who asks */
    size_t n_words;
};
struct qund_sop_say { /* of a step, and of its plan B */
    enum qund_sop_role role;
    enum qund_sop_channel channel;
    struct qund_str content; /* with {{variables}}; the disclosure is not in it. What stands in
                              * 〔 〕 a person fills in before posting: never posted by itself */
    struct qund_str *media;  /* names of files or sha256:… */
    size_t n_media;
};
struct qund_sop_alert {
    bool given, always; /* always: as soon as the task is ready */
    struct qund_sop_cond when;
    struct qund_str to;    /* a role, on_duty, group_owner, auditor, manager */
    struct qund_str level; /* info | warn | urgent */
};
struct qund_sop_step {
    struct qund_str id;    /* "S01" */
    struct qund_str title; /* NONE: none */
    struct qund_sop_offset at;
    enum qund_sop_kind kind;
    struct qund_sop_say say;
    struct qund_sop_expect expect;
    bool has_plan_b;
    struct qund_sop_say plan_b;
    bool plan_b_timed; /* else due at once */
    struct qund_sop_offset plan_b_at;
    struct qund_str *tags; /* with {{variables}}; on those who reacted */
    size_t n_tags;
    struct qund_sop_alert alert;
    struct qund_sop_cond *stop;
    size_t n_stop;
    int64_t late_ms; /* may still be done so long after its due time; default 4 h */
    bool quiet_drop; /* falls into quiet hours: skipped instead of delayed */
    bool work_days;  /* on a day off: moved to the next working day */
    bool has_ready_by;
    struct qund_sop_offset ready_by; /* its content must be written by then */
    bool unfinished;                 /* its content is still to be written: held(content) */
    int line, col;
};
struct qund_sop_role_use {
    bool given;
    bool invited_customer;                /* actor_kind; else staff */
    bool staff_true_count;                /* fallback of first_buyer */
    struct qund_str evidence, disclosure; /* NONE: none */
};
/* What is typed when a plan is made: those the file declares, and the well-known ones its texts use
 * (brand, place.*, event.title …, link:…), so that a form needs nothing else. */
struct qund_sop_param {
    struct qund_str name, label, type; /* type: text | number | date | time | datetime | link */
    struct qund_str preset;            /* NONE: must be given */
};
struct qund_sop_target { /* name: of a metric, stock.<name> too */
    struct qund_str name;
    struct qund_sop_value value;
    bool at_most;
};
struct qund_sop_template {
    struct qund_str id, title, group_type, goal;
    enum qund_sop_scope scope;
    enum qund_sop_anchor anchor;
    enum qund_sop_trigger trigger;
    struct qund_str trigger_what; /* the keyword, tag, stage, plan's template */
    int64_t trigger_ms;           /* dormant: for so long */
    struct qund_str next;         /* template of the plan that follows; NONE: none */
    struct qund_sop_role_use roles[QUND_SOP_ROLES];
    struct qund_sop_param *params;
    size_t n_params;
    struct qund_sop_target *targets;
    size_t n_targets;
    struct qund_sop_cond *stop_all;
    size_t n_stop_all;
    struct qund_sop_step *steps;
    size_t n_steps;
    struct qund_str text;     /* canonical JSON of all of it; parsing it gives the same digest */
    char digest[65];          /* SHA-256 of text, hex */
    struct qund_str source;   /* file name it was read from */
    struct qund_arena *arena; /* holds all of the above */
};
#define QUND_SOP_STEPS_MAX 500u
/* name: what errors print. All errors at once as file:line:col: reason, in the order of lines;
 * warnings (lints that refuse nothing; may be NULL) likewise. *out on success only. */
QUND_CHECK int qund_sop_template_parse(const char *name, struct qund_str text,
                                       struct qund_sop_template **out, struct qund_errs *errs,
                                       struct qund_errs *warnings);
QUND_CHECK int qund_sop_template_load(const char *path, struct qund_sop_template **out,
                                      struct qund_errs *errs, struct qund_errs *warnings);
struct qund_sop_template *qund_sop_template_free(struct qund_sop_template *t); /* returns NULL */
QUND_DEFINE_AUTO(qund_sop_template_free, struct qund_sop_template *)
/* What only several templates together show: the same id twice, `next` and `plan_finished` that
 * name nobody or run in a circle. INVAL when errs got something. */
QUND_CHECK int qund_sop_chain_check(const struct qund_sop_template *const *v, size_t n,
                                    struct qund_errs *errs);
/* NULL: no such step. */
const struct qund_sop_step *qund_sop_step_find(const struct qund_sop_template *t,
                                               struct qund_str id);

/* --- variables (vars.c) --- */
/* {{variables}} of a text: each(name) for every one, in order; non-zero stops and is returned.
 * INVAL: {{ without }}. */
QUND_CHECK int qund_sop_vars(struct qund_str text, int (*each)(void *arg, struct qund_str name),
                             void *arg);
/* Fills them: get appends the value, NOTFOUND leaves a visible gap "〔name〕" and is counted in
 * *missing. What a value contains is never filled again. */
QUND_CHECK int qund_sop_fill(struct qund_str text,
                             int (*get)(void *arg, struct qund_str name, struct qund_buf *out),
                             void *arg, struct qund_buf *out, size_t *missing);
/* A variable somebody types when the plan is made (params), one that is looked up (member.nick,
 * group.name, <role>.name, event.date …), or one that only records may fill (count.*, stock.*,
 * forecast.*, order.*). */
enum qund_sop_var {
    QUND_SOP_VAR_PARAM,
    QUND_SOP_VAR_LOOKED_UP,
    QUND_SOP_VAR_RECORD,
    QUND_SOP_VAR_UNKNOWN
};
enum qund_sop_var qund_sop_var_kind(const struct qund_sop_template *t, struct qund_str name);

/* Text in 〔 〕: a blank that a person fills in. */
bool qund_sop_has_gap(struct qund_str text);

/* --- what may be said (lawful.c) --- */
struct qund_sop_objection {
    struct qund_str word; /* as it stands there; NONE: it is a typed figure or account */
    const char *why;
};
#define QUND_SOP_OBJECTIONS 5
/* What in a text may not be said to customers by that role there. Returns how many. */
size_t qund_sop_objections(const struct qund_sop_template *t, const struct qund_sop_say *say,
                           struct qund_str text,
                           struct qund_sop_objection out[QUND_SOP_OBJECTIONS]);
void qund_sop_objection_print(const struct qund_sop_objection *o, struct qund_buf *out);

/* --- how long a text may be (words.c) --- */
struct qund_sop_limit {
    size_t usual_chars; /* more is warned of: nobody reads it; 0: no such bound */
    size_t max_bytes;   /* more is refused */
    const char *source; /* who says so */
};
const struct qund_sop_limit *qund_sop_limit(enum qund_sop_channel c);
#endif
