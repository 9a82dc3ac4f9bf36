/* src/rule/rule.h - keyword and event rules: files → a compiled set → effects (essay in eval.c).
 *
 * Loading is heavy and runs on any thread but the engine's; what it makes is immutable and counted.
 * The engine takes a finished set as the attachment of a command `rules.swap`: it calls
 * qund_rules_store and qund_rule_state_bind inside the batch's transaction and evaluates the next
 * item with it, so that the rows do not depend on how batches are cut; a rollback goes back to the
 * set before. Evaluation and state belong to the engine thread (or to whoever owns a scratch
 * and a state of his own: explain, backtest). */
#ifndef QUND_RULE_RULE_H
#define QUND_RULE_RULE_H
#include "core/core.h"
#include "event/event.h"

struct qund_db;
struct qund_fold;
struct qund_folded;
struct qund_lean;
struct qund_zone;

#define QUND_RULES_MAX 10000u        /* rules in one set */
#define QUND_RULES_MAX_WORDS 100000u /* lines of one words file */
#define QUND_RULE_TEXT_MAX 2000u     /* bytes of a template, and of what it renders to */

struct qund_rules; /* a compiled set: immutable, shared by all threads */

/* --- loading ------------------------------------------------------------------------------- */
/* What the configuration and its org file know, for warnings. */
struct qund_rules_known {
    bool speaks; /* some channel has a target that speaks in its chats */
    bool (*target)(void *arg, struct qund_str name);
    bool (*ladder)(void *arg, struct qund_str name);
    void *arg;
    bool (*held)(void *arg, struct qund_str to); /* somebody is meant by an alert's `to`; NULL:
                                                  * that is not known */
    void *held_arg;
    const char *const *stages; /* of leads, as configured */
    size_t n_stages;
};
struct qund_rules_opts {
    const struct qund_fold *fold; /* required; outlives every set made with it */
    const char *exe;              /* compiles terms in a child (`exe compile-rules`); NULL: here */
    int64_t child_timeout_ms;     /* 0: 60 s */
    int64_t child_memory_bytes;   /* 0: 1 GiB; < 0: no limit */
    const char *cache_dir;        /* keeps the compiled terms between starts; NULL: nowhere */
    struct qund_str enable;       /* id of a rule to treat as enabled: to try it out; or NONE */
    struct qund_lean *lean; /* table of leanings when no folder has one; NULL: none; borrowed */
    const struct qund_rules_known *known; /* NULL: nothing of it is looked at */
};
/* Every *.yaml of every folder, in order of dirs, then of names; of two rules with one id the later
 * wins and remembers the place of the other. A folder that cannot be listed is an error: what is
 * mistyped would find nothing and nobody would know. *out is set on success only; otherwise every
 * error found is in *errs as file:line:col: reason. INVAL: the rules are wrong; other codes: the
 * machine's trouble. */
QUND_CHECK int qund_rules_load(const char *const *dirs, size_t n,
                               const struct qund_rules_opts *opts, struct qund_rules **out,
                               struct qund_errs *errs);
/* The same from single files or texts (tests, `qund check`, a rule typed in the console). `name` is
 * what errors print; words files are looked up beside it. */
struct qund_rules_source {
    const char *name;
    struct qund_str text; /* NONE: the file `name` is read */
};
QUND_CHECK int qund_rules_parse(const struct qund_rules_source *v, size_t n,
                                const struct qund_rules_opts *opts, struct qund_rules **out,
                                struct qund_errs *errs);
/* `qund check`: paths are files or folders. Returns 0 or INVAL; warnings do not fail. */
QUND_CHECK int qund_rules_check(const char *const *paths, size_t n,
                                const struct qund_rules_opts *opts, struct qund_errs *errs,
                                struct qund_errs *warnings);
/* Names that nobody answers to: an intent that no rule gives, a ladder or a holder that is not
 * there, and what looks like a slip of the hand (essay in names.c). The set works all the same.
 * known NULL: the rules are looked at alone. */
void qund_rules_doubts(const struct qund_rules *r, const struct qund_rules_known *known,
                       struct qund_errs *warnings);
struct qund_rules *qund_rules_ref(struct qund_rules *r);
struct qund_rules *qund_rules_unref(struct qund_rules *r); /* NULL is fine; returns NULL */
void qund_rules_unref_v(void *r);                          /* for a command's attach_free */
QUND_DEFINE_AUTO(qund_rules_unref, struct qund_rules *)

struct qund_rule_info {
    struct qund_str id, title, owner, on; /* on: event types joined by ',' */
    struct qund_str source;               /* "file:line" */
    struct qund_str overrides;            /* "file:line" of the one it replaced, or NONE */
    struct qund_str text;                 /* canonical JSON, in the rule language */
    const char *digest;                   /* SHA-256 of text and of the words files it names, hex */
    int priority;
    bool enabled;
};
size_t qund_rules_count(const struct qund_rules *r); /* disabled ones included */
bool qund_rules_idle(const struct qund_rules *r);    /* none is enabled */
/* What that means, for people. */
#define QUND_RULES_IDLE                                                                        \
    "no rule is enabled: nothing that is said is tagged, counted or told to anybody; look at " \
    "rules.dirs"
size_t qund_rules_patterns(const struct qund_rules *r);    /* different terms, all rules together */
const char *qund_rules_digest(const struct qund_rules *r); /* of the whole set, hex */
struct qund_lean *qund_rules_lean(const struct qund_rules *r); /* borrowed; NULL: none asks it */
/* Index in order of evaluation. Borrowed from r. */
void qund_rules_info(const struct qund_rules *r, size_t index, struct qund_rule_info *out);
int qund_rules_find(const struct qund_rules *r, struct qund_str id); /* index or NOTFOUND */

/* --- the store (engine thread, inside the batch's transaction) ------------------------------ */
struct qund_rules_change {
    size_t added, changed, removed, same;
};
/* Writes text and digest of each rule that is new or differs (version + 1), switches off those that
 * are gone, and notes the set as the last good one. */
QUND_CHECK int qund_rules_store(struct qund_db *db, const struct qund_rules *r, int64_t now,
                                struct qund_rules_change *out);
/* The last good set, from any handle. NOTFOUND: none was ever stored. */
QUND_CHECK int qund_rules_from_store(struct qund_db *db, const struct qund_rules_opts *opts,
                                     struct qund_rules **out, struct qund_errs *errs);

/* --- state: sliding windows, cooldowns, counters --------------------------------------------- */
/* Rows, written in the batch's transaction and cached in memory; they belong to the rule's id and
 * survive edits. Without a db (backtest, tests) everything lives in memory. With `read_only`
 * (explain on a reader's handle) nothing is written and nothing is cached across events. */
struct qund_rule_state;
struct qund_rule_state *qund_rule_state_new(struct qund_db *db, bool read_only);
struct qund_rule_state *qund_rule_state_free(struct qund_rule_state *s); /* returns NULL */
QUND_DEFINE_AUTO(qund_rule_state_free, struct qund_rule_state *)
/* Learns number and version of each rule. Before the first qund_rules_eval with r, after
 * qund_rules_store, and again after a rollback of the transaction that stored it. */
QUND_CHECK int qund_rule_state_bind(struct qund_rule_state *s, const struct qund_rules *r);
/* After a rollback (savepoint or batch) of every item with seq >= from_seq: what memory knows of
 * them is dropped. */
void qund_rule_state_forget(struct qund_rule_state *s, int64_t from_seq);
/* Once per batch before the commit: hit counters → rows. */
QUND_CHECK int qund_rule_state_settle(struct qund_rule_state *s);
void qund_rule_state_committed(struct qund_rule_state *s);
/* Deletes at most max rows that no event can need any more at engine time `now`. Run it from a
 * timer (say each minute, 1,000 rows), so that the rows do not depend on how batches were cut.
 * Returns how many were deleted: max means there may be more. */
QUND_CHECK int qund_rule_state_sweep(struct qund_rule_state *s, int64_t now, size_t max);
/* A person marked an alert of this rule "not relevant" (definitions: over 40 % in a week is shown
 * to the rule's owner), or (n -1) takes that back. day: days since 1970-01-01. */
QUND_CHECK int qund_rule_mark_irrelevant(struct qund_db *db, struct qund_str id, int64_t day,
                                         int n);
struct qund_rule_stat {
    int64_t hits, irrelevant;
};
QUND_CHECK int qund_rule_stat(struct qund_db *db, struct qund_str id, int64_t from_day,
                              int64_t to_day, struct qund_rule_stat *out);

/* --- evaluation ------------------------------------------------------------------------------ */
struct qund_rule_scratch; /* one per thread; fits itself to whatever set it is used with */
struct qund_rule_scratch *qund_rule_scratch_new(void);
struct qund_rule_scratch *qund_rule_scratch_free(struct qund_rule_scratch *s); /* returns NULL */
QUND_DEFINE_AUTO(qund_rule_scratch_free, struct qund_rule_scratch *)

struct qund_rule_effect;
/* What extractors found: name "room_no", value "3-2-1502"; several of one name are fine. */
struct qund_rule_extract {
    struct qund_str name, value;
};
/* An event with everything about it that the engine has looked up. All borrowed for the call. */
struct qund_rule_input {
    const struct qund_event *ev;
    int64_t seq;              /* the engine's stable number of this event; grows */
    int64_t now;              /* engine time: only decides when rows may be forgotten */
    struct qund_folded *text; /* folded ev->text; NULL: no text */
    struct qund_arena *arena; /* effects and their texts live here */

    int64_t group_id; /* 0: private chat */
    struct qund_str group_name, group_type;
    const struct qund_str *group_tags;
    size_t n_group_tags;
    const struct qund_zone *zone; /* of the group; NULL: UTC */

    enum qund_role role;         /* looked up; NONE: the event has no sender */
    int64_t contact_id;          /* 0: unknown */
    struct qund_str sender_name; /* as known; NONE: the event's */

    const struct qund_rule_extract *extracts;
    size_t n_extracts;
    const struct qund_str *intents; /* found before the rules, by extractors */
    size_t n_intents;
    const struct qund_str *context; /* what holds of the talk around it, in docs/rule-language.md's
                                     * words ("reply_to_staff", "call_confirm") */
    size_t n_context;

    bool (*has_tag)(void *arg, int64_t contact_id, struct qund_str tag); /* NULL: no tags */
    bool (*on_duty)(void *arg, int64_t group_id, int64_t ts);            /* NULL: always */
    /* For explain: why what a rule would say does not leave, given all intents of the event; NULL:
     * it leaves. May be NULL: not asked. */
    const char *(*unsaid)(void *arg, const struct qund_rule_effect *x,
                          const struct qund_str *intents, size_t n);
    void *arg;
};

enum qund_rule_act {
    QUND_ACT_INTENT, /* name */
    QUND_ACT_TAG,    /* name, for_ms */
    QUND_ACT_UNTAG,  /* name */
    QUND_ACT_LEAD,   /* score_add, stage */
    QUND_ACT_ALERT,  /* to, level, ladder, text */
    QUND_ACT_CALL,   /* name: the message calls for it, see qund_call_name */
    QUND_ACT_REPLY,  /* text, person */
    QUND_ACT_RECALL, /* what we said ourselves */
    QUND_ACT_FORWARD /* to, text */
};
#define QUND_RULE_ACTS (QUND_ACT_FORWARD + 1)
const char *qund_rule_act_name(enum qund_rule_act a); /* "intent", … */
bool qund_rule_act_speaks(enum qund_rule_act a);      /* reply, recall, forward */
/* A message with this intent gets no automatic answer, whatever a rule says. */
bool qund_rule_intent_silent(struct qund_str intent);

/* One thing to do. Its stable key is (seq of the event, rule_id, action): a replay makes the same.
 */
struct qund_rule_effect {
    enum qund_rule_act act;
    uint32_t rule;   /* index in the set */
    uint32_t action; /* index in the rule's `then` */
    struct qund_str rule_id;
    int64_t rule_version;
    struct qund_str name;    /* INTENT, TAG, UNTAG, CALL */
    int64_t for_ms;          /* TAG: how long; 0: for good */
    int64_t score_add;       /* LEAD */
    struct qund_str stage;   /* LEAD, or NONE */
    struct qund_str to;      /* ALERT: a role (consultant, leader, …) or "staff:<number or key>";
                              * FORWARD: a target's name or "group:<id>" */
    struct qund_str level;   /* ALERT: info | warn | urgent */
    struct qund_str ladder;  /* ALERT: name of a ladder, or NONE: the default of the level */
    struct qund_str text;    /* ALERT, REPLY, FORWARD: rendered, at most QUND_RULE_TEXT_MAX bytes */
    struct qund_str suggest; /* ALERT: what could be answered, rendered; or NONE */
    bool person;             /* REPLY: in a private chat */
};
struct qund_rule_fired {
    uint32_t rule;
    struct qund_str id;
    int64_t version;
    bool cooled; /* in its cooldown: intents and tags were set, leads and alerts held back */
};
/* In order; all in the input's arena. */
struct qund_rule_hits {
    const struct qund_rule_fired *fired;
    size_t n_fired;
    const struct qund_rule_effect *effects;
    size_t n_effects;
    bool stopped; /* by a rule with `stop` */
    bool silent;  /* behind that stop, a rule calls it what gets no automatic answer */
};
/* Returns how many rules fired, or < 0 when the store failed. When none fires *out is empty and
 * nothing was allocated. */
QUND_CHECK int qund_rules_eval(const struct qund_rules *r, struct qund_rule_scratch *sc,
                               const struct qund_rule_input *in, struct qund_rule_state *state,
                               struct qund_rule_hits *out);

/* --- looking closer -------------------------------------------------------------------------- */
/* Each condition of one rule with its truth value and evidence, for an event as eval would see it;
 * changes no state. json: {"rule","version","fires","conditions":[{"condition","holds","why",
 * "found":[{"term","text","from","to"}]}],…, "says":[{"act","text","to","leaves","why"}]}; lines:
 * the same for people, in Chinese. Either may be NULL. NOTFOUND: no such rule; INVAL: it is
 * disabled (load the set with opts.enable). */
QUND_CHECK int qund_rules_explain(const struct qund_rules *r, struct qund_rule_scratch *sc,
                                  const struct qund_rule_input *in, struct qund_rule_state *state,
                                  struct qund_str rule_id, struct qund_buf *json,
                                  struct qund_buf *lines);

struct qund_backtest_sample {
    int64_t seq, ts;
};
struct qund_backtest_day {
    int64_t day;                    /* days since 1970-01-01 in the event's zone */
    int64_t events, matches, fires; /* fires: matches outside the cooldown */
};
#define QUND_BACKTEST_DAYS 400u
#define QUND_BACKTEST_SAMPLES 50u
struct qund_backtest {
    struct qund_backtest_day days[QUND_BACKTEST_DAYS]; /* ascending */
    size_t n_days;
    struct qund_backtest_sample samples[QUND_BACKTEST_SAMPLES]; /* the first ones */
    size_t n_samples;
    int64_t events, matches, fires;
    int64_t says[QUND_RULE_ACTS]; /* outside the cooldown: replies, recalls, forwards */
    int64_t silent;               /* of the replies: kept back by an intent of the message */
};
/* Plays stored events against one rule with a state of its own (the other rules of the set run too,
 * so that `stop` and intents are as they would be). next fills *in and returns 1, 0 at the end, < 0
 * to give up. */
QUND_CHECK int qund_rules_backtest(const struct qund_rules *r, struct qund_str rule_id,
                                   int (*next)(void *arg, struct qund_rule_input *in), void *arg,
                                   struct qund_backtest *out, struct qund_err *err);
#endif
