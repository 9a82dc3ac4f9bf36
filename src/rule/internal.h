/* src/rule/internal.h - what the files of rule/ share: a parsed rule, the set, one evaluation. */
#ifndef QUND_RULE_INTERNAL_H
#define QUND_RULE_INTERNAL_H
#include "core/yaml.h"
#include "rule/rule.h"
#include "text/lean.h"
#include "text/match.h"
#include <stdatomic.h>

#define RULE_FILE_MAX ((size_t)4 << 20)
#define RULE_WORDS_FILE_MAX ((size_t)8 << 20)
#define RULE_ID_MAX 64u
#define RULE_TERMS_MAX 1000u /* in one list of one rule */
#define RULE_ACTIONS_MAX 20u
#define RULE_NAMES_MAX 100u /* in one list of tags, kinds, … */
#define RULE_NAME_MAX 64u   /* bytes of an intent, a stage, a role */
#define RULE_TAG_MAX 96u    /* bytes of a tag: 32 Han */
#define RULE_TYPES_MAX 64u  /* different event types in a set: one bit each */
#define RULE_MATCH_VARS 10u /* {{match.0}} … {{match.9}} */

/* --- one rule ------------------------------------------------------------------------------- */
struct qund_rule_strs {
    struct qund_str *v;
    size_t n;
};
/* any: at least one; all: each; none: not one. An empty list does not matter. */
struct qund_rule_names {
    struct qund_rule_strs any, all, none;
};
enum qund_rule_term_kind {
    RULE_TERM_CONTAINS,
    RULE_TERM_EXACT,
    RULE_TERM_REGEX,
    RULE_TERM_NEAR,
    RULE_TERM_WORDS
};
struct qund_rule_words; /* a words file, words.c */
struct qund_rule_term {
    enum qund_rule_term_kind kind;
    bool squeezed;
    uint32_t slot;         /* where a scan marks it; NEAR takes this and the next */
    struct qund_str text;  /* CONTAINS, EXACT, REGEX; WORDS: the file's name; NEAR: first word */
    struct qund_str other; /* NEAR: second word */
    int64_t within;        /* NEAR: code points between */
    const struct qund_rule_words *words;
    int line, col;
};
struct qund_rule_terms {
    struct qund_rule_term *v;
    size_t n;
};
/* One intent of `lean`. */
struct qund_rule_lean {
    struct qund_str intent;
    unsigned index;  /* in the set's table */
    int64_t gte, lt; /* per cent; 0: not asked */
    int line, col;
};
enum qund_rule_per { RULE_PER_SENDER, RULE_PER_CONTACT, RULE_PER_GROUP };
enum qund_rule_hours { RULE_HOURS_ALWAYS, RULE_HOURS_DUTY, RULE_HOURS_OFF_DUTY, RULE_HOURS_RANGE };

/* A text with {{variables}}, checked when it was loaded (template.c). */
struct qund_template_part {
    struct qund_str text; /* var < 0 */
    int var;              /* index in the table of variables */
    int index;            /* match.N */
    struct qund_str name; /* extract.NAME */
};
struct qund_template {
    struct qund_template_part *v;
    size_t n;
};
struct qund_rule_action {
    enum qund_rule_act act;
    struct qund_str name, stage, to, level, ladder;
    int64_t for_ms, score_add;
    bool person;   /* a reply in a private chat */
    int line, col; /* ALERT: of `to` */
    struct qund_template text, suggest;
};

/* Conditions a rule can have: one bit each, cheapest first (the table is in cond.c). */
enum qund_rule_cond {
    RULE_COND_KIND,
    RULE_COND_FROM,
    RULE_COND_GROUPS,
    RULE_COND_ALL,
    RULE_COND_ANY,
    RULE_COND_NONE,
    RULE_COND_EXTRACT,
    RULE_COND_INTENTS,
    RULE_COND_CONTEXT,
    RULE_COND_LEAN,
    RULE_COND_HOURS,
    RULE_COND_TAGS
};
#define RULE_CONDS (RULE_COND_TAGS + 1)

/* Conditions that few rules have, apart: ten thousand rules pay for what they ask only. */
struct qund_rule_asked {
    struct qund_rule_strs kinds, group_types, group_ids;
    struct qund_rule_names group_tags, tags, extracts, intents, context;
};

struct qund_rule {
    struct qund_str id, title, owner, on, file, source, overrides, text;
    char digest[65];
    int priority;
    uint32_t order; /* of reading: among equal priorities the earlier goes first */
    int line, col;
    bool enabled, stop, from_given;
    uint64_t types; /* bit per type of the set */
    uint32_t conds; /* bit per enum qund_rule_cond */
    struct qund_rule_strs on_types;

    struct qund_rule_terms all, any, none;
    uint32_t from;                 /* bit per enum qund_role */
    struct qund_rule_asked *asked; /* NULL: none of these conditions */
    struct qund_rule_lean *leans;
    size_t n_leans;
    enum qund_rule_hours hours;
    int from_minute, to_minute;
    int64_t count_gte, count_within; /* gte 0: no count */
    enum qund_rule_per count_per;
    int64_t cooldown_for; /* 0: none */
    enum qund_rule_per cooldown_per;

    struct qund_rule_action *actions;
    size_t n_actions;
};

/* --- the set -------------------------------------------------------------------------------- */
struct qund_rule_words {
    struct qund_rule_words *next;
    struct qund_str path, name; /* path: where it was found, for one copy per set */
    struct qund_str bytes;
    char digest[65];
    struct qund_rule_strs words;
    uint32_t *lines; /* of each word, for errors */
};
struct qund_rule_ranks {
    uint32_t *v;
    size_t n;
};
/* Where a table of leanings may stand: a folder with its slash, or a rule of the store. */
struct qund_rule_words_from;
struct qund_rule_beside {
    struct qund_rule_beside *next; /* the one that was read before */
    const struct qund_rule_words_from *from;
    const char *name;
};
struct qund_rules {
    _Atomic unsigned refs;
    struct qund_rules *self;  /* for who holds it const and wants a reference */
    struct qund_arena *arena; /* every string and array below; written while loading only */
    const struct qund_fold *fold;
    struct qund_rule **rules; /* in order of evaluation */
    uint32_t *by_id;          /* indices in order of id */
    size_t n, cap;
    struct qund_rule_words *words;
    struct qund_rule_beside *beside; /* while loading; the last one first */
    struct qund_lean *lean;          /* NULL: no rule asks it */
    char lean_digest[65];
    char digest[65];

    struct qund_str types[RULE_TYPES_MAX];
    size_t n_types;
    int8_t type_index[QUND_EVENT_TYPES];           /* of known types; -1: no rule cares */
    struct qund_rule_ranks always[RULE_TYPES_MAX]; /* rules to look at for each event of a type */
    uint64_t term_types;                           /* types of which some rule has terms */

    struct qund_match *match;  /* NULL: no terms at all */
    struct qund_str *patterns; /* text of each pattern id, for evidence */
    bool *pattern_squeezed;
    size_t n_patterns;
    uint32_t *slots_from; /* n_patterns + 1: pattern → slots[from..to) */
    uint32_t *slots;
    uint32_t *slot_rule; /* rank; UINT32_MAX: a `none` term, wakes nobody */
    size_t n_slots;
};

/* --- reading -------------------------------------------------------------------------------- */
/* Where the bytes of a words file come from: beside the rule file, or the store. */
struct qund_rule_words_from {
    int (*get)(void *arg, const char *beside, struct qund_str name, struct qund_buf *bytes,
               struct qund_buf *path, struct qund_err *err);
    void *arg;
};
struct qund_rule_reader {
    struct qund_rules *set;
    const struct qund_yaml *doc;
    struct qund_errs *errs;
    const struct qund_rule_words_from *words_from;
    bool stored; /* was a good set once: a name that a later program refuses does not undo it */
};
/* One row per key of a map; read is called for each key present. */
struct qund_rule_key {
    const char *name;
    void (*read)(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into);
};
/* parse.c */
struct qund_rule *qund_rule_read(struct qund_rule_reader *rd, const struct qund_ynode *node);
bool qund_rule_read_map(struct qund_rule_reader *rd, const struct qund_ynode *map, const char *what,
                        const struct qund_rule_key *keys, size_t n, void *into);
bool qund_rule_read_text(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                         size_t max_bytes, struct qund_str *out);
bool qund_rule_read_int(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                        int64_t min, int64_t max, int64_t *out);
bool qund_rule_read_duration(struct qund_rule_reader *rd, const struct qund_ynode *n,
                             const char *what, int64_t min_ms, int64_t max_ms, int64_t *out);
/* A scalar or a list of scalars, each accepted by check (which adds its own error). */
bool qund_rule_read_strs(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                         bool (*check)(struct qund_rule_reader *, const struct qund_ynode *,
                                       const char *what),
                         struct qund_rule_strs *out);
bool qund_rule_check_name(struct qund_rule_reader *rd, const struct qund_ynode *n,
                          const char *what);
bool qund_rule_check_tag(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what);
bool qund_rule_check_text(struct qund_rule_reader *rd, const struct qund_ynode *n,
                          const char *what);
bool qund_rule_known_extract(struct qund_str name); /* parse_when.c */
/* names.c: a role, a type of group; both lists are closed. */
bool qund_rule_check_role(struct qund_rule_reader *rd, const struct qund_ynode *n,
                          const char *what);
bool qund_rule_check_group_type(struct qund_rule_reader *rd, const struct qund_ynode *n,
                                const char *what);
/* The word of `words` that n says, or -1 with an error naming all of them. */
int qund_rule_read_choice(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                          const char *const *words, size_t n_words);
void qund_rule_read_per(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into);
bool qund_rule_read_boolean(struct qund_rule_reader *rd, const struct qund_ynode *n,
                            const char *what, bool *out);
/* parse_when.c, parse_then.c, parse_term.c: keys `when` and `then`; terms */
void qund_rule_read_when(struct qund_rule_reader *rd, const struct qund_ynode *n, void *rule);
void qund_rule_read_then(struct qund_rule_reader *rd, const struct qund_ynode *n, void *rule);
/* parse_say.c: actions that speak; and what only the whole rule shows of them */
void qund_rule_read_reply(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into);
void qund_rule_read_recall(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into);
void qund_rule_read_forward(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into);
void qund_rule_check_says(struct qund_rule_reader *rd, const struct qund_ynode *n,
                          const struct qund_rule *r);
bool qund_rule_read_terms(struct qund_rule_reader *rd, const struct qund_ynode *n, const char *what,
                          struct qund_rule_terms *out);
/* Upper bound of how often the innermost piece of an expression is unrolled; NULL *why when fine.
 */
bool qund_rule_regex_ok(struct qund_str pattern, const char **why);
/* words.c: one copy per set; NULL with an error added. */
const struct qund_rule_words *qund_rule_words_read(struct qund_rule_reader *rd,
                                                   const struct qund_ynode *n);
extern const struct qund_rule_words_from qund_rule_words_files;
/* lean.c: key `lean`; where its table may stand; the table of the set, once all rules are there
 * (`given`: when none is found). Errors go to errs. */
void qund_rule_read_leans(struct qund_rule_reader *rd, const struct qund_ynode *n, void *rule);
void qund_rules_look_beside(struct qund_rules *set, const char *name,
                            const struct qund_rule_words_from *from);
void qund_rules_find_lean(struct qund_rules *set, struct qund_lean *given, struct qund_errs *errs);
/* canon.c: the node as JSON with keys sorted, so that comments, quotes and order do not matter. */
void qund_rule_canon(const struct qund_ynode *n, struct qund_buf *out);
/* The words files of a rule, each once, in order of first use. */
void qund_rule_each_words(const struct qund_rule *r,
                          void (*each)(const struct qund_rule_words *w, void *arg), void *arg);

/* load.c: adds the rules of one text; errors go to errs. */
void qund_rules_add(struct qund_rules *set, const char *name, struct qund_str text,
                    const struct qund_rule_words_from *from, struct qund_errs *errs);
/* Files and folders alike. */
int qund_rules_load_paths(const char *const *paths, size_t n, const struct qund_rules_opts *opts,
                          struct qund_rules **out, struct qund_errs *errs);
struct qund_rule_stored {
    const char *id; /* stands for a file name */
    struct qund_str text, source;
};
int qund_rules_from_texts(const struct qund_rule_stored *v, size_t n,
                          const struct qund_rule_words_from *from,
                          const struct qund_rules_opts *opts, struct qund_rules **out,
                          struct qund_errs *errs);
/* set.c */
struct qund_rules *qund_rules_new(const struct qund_fold *fold);
/* Order, digests, index, compiled terms. The set is usable after it returned 0. */
int qund_rules_finish(struct qund_rules *set, const struct qund_rules_opts *opts,
                      struct qund_errs *errs);
/* terms.c: slots and patterns of all enabled rules, compiled or taken from the cache. */
int qund_rules_compile(struct qund_rules *set, const struct qund_rules_opts *opts,
                       struct qund_errs *errs);

/* --- one evaluation -------------------------------------------------------------------------- */
struct qund_rule_scratch {
    struct qund_scratch *match;
    struct qund_rules *set; /* a reference: the arrays below fit this one */
    uint32_t epoch;
    uint32_t *slot_epoch;   /* slot hit in this evaluation */
    uint32_t *slot_pattern; /* by which pattern, the lowest one */
    uint32_t *rule_epoch;   /* rule already a candidate */
    uint32_t *candidates;   /* ranks, ascending after the scan */
    size_t n_candidates;
    uint32_t leaned; /* the epoch whose text `leanings` are of */
    struct qund_leanings leanings;
};
struct qund_rule_overlay { /* what earlier rules of this event did: arena arrays */
    struct qund_str *v;
    size_t n, cap;
};
struct qund_rule_run {
    const struct qund_rules *set;
    struct qund_rule_scratch *sc;
    const struct qund_rule_input *in;
    struct qund_rule_overlay intents, tags, untags;
    bool dry;      /* explain: no row is written, no hit is counted */
    int64_t count; /* matches in the window, this one included; 0: the rule has no count */
};
struct qund_rule_verdict {
    bool holds;   /* all conditions but count */
    bool counted; /* holds, and the count is reached */
    bool cooled;  /* in its cooldown */
};
/* The rules to look at, in order: those that a term woke, and those without terms. */
struct qund_rule_walk {
    const uint32_t *woken, *always;
    size_t n_woken, n_always;
};
struct qund_rule_place {
    struct qund_str text; /* of the original */
    size_t from, to;      /* bytes of the original */
};
/* eval.c */
/* Begins an evaluation: 1 and *walk, 0 when no rule cares for this event, or an rc. */
int qund_rule_begin(struct qund_rule_run *run, struct qund_rule_walk *walk);
/* The bit of the event's type, 0 when no rule names it. */
uint64_t qund_rule_type_bit(const struct qund_rules *set, const struct qund_event *ev);
bool qund_rule_next(struct qund_rule_walk *walk, uint32_t *rank);
QUND_CHECK int qund_rule_try(struct qund_rule_run *run, struct qund_rule_state *state,
                             uint32_t rank, struct qund_rule_verdict *v);
/* What later rules of this event see of it. */
struct qund_rule_effect qund_rule_effect_of(struct qund_rule_run *run,
                                            const struct qund_rule_fired *fired, uint32_t action);
void qund_rule_overlay(struct qund_rule_run *run, const struct qund_rule_action *a);
/* cond.c */
bool qund_rule_cond_holds(const struct qund_rule_run *run, const struct qund_rule *r,
                          enum qund_rule_cond c);
bool qund_rule_term_holds(const struct qund_rule_run *run, const struct qund_rule_term *t);
bool qund_rule_has_tag(const struct qund_rule_run *run, struct qund_str tag);
/* lean.c */
bool qund_rule_leans(const struct qund_rule_run *run, const struct qund_rule *r);
void qund_rule_lean_why(const struct qund_rule_run *run, const struct qund_rule *r,
                        struct qund_buf *out);
/* In the zone of the group: minute of the day, days since 1970-01-01. */
int qund_rule_minute(const struct qund_rule_input *in);
int64_t qund_rule_day(const struct qund_rule_input *in);
/* place.c: where a term that holds stands in the original. False: it has no single place. */
bool qund_rule_term_place(const struct qund_rule_run *run, const struct qund_rule_term *t,
                          struct qund_rule_place *out);
bool qund_rule_near(const struct qund_rule_run *run, const struct qund_rule_term *t,
                    struct qund_rule_place *out);
/* {{match.N}} of a rule whose conditions hold. */
struct qund_str qund_rule_match_text(const struct qund_rule_run *run, const struct qund_rule *r,
                                     unsigned n);

/* template.c */
bool qund_template_read(struct qund_rule_reader *rd, const struct qund_ynode *n,
                        struct qund_template *out);
bool qund_template_uses_match(const struct qund_template *t, int *highest);
struct qund_str qund_template_render(const struct qund_template *t, const struct qund_rule_run *run,
                                     const struct qund_rule *r, struct qund_arena *arena);

/* --- state ----------------------------------------------------------------------------------- */
enum qund_mark_what { RULE_MARK_MATCH, RULE_MARK_FIRE };
struct qund_mark_key {
    int64_t rule_no, group_id, contact_id;
    uint8_t what, per;
};
struct qund_mark {
    int64_t ts, seq, until; /* until: engine time from which nobody can need it */
};
struct qund_mark_key qund_mark_key(const struct qund_rule_state *s, uint32_t rule,
                                   enum qund_mark_what what, enum qund_rule_per per,
                                   const struct qund_rule_input *in);
/* Marks with lo < ts <= hi that are alive at engine time now; that of except_seq aside. */
QUND_CHECK int qund_marks_count(struct qund_rule_state *s, const struct qund_mark_key *k,
                                int64_t lo, int64_t hi, int64_t now, int64_t except_seq,
                                int64_t *out);
QUND_CHECK int qund_marks_add(struct qund_rule_state *s, const struct qund_mark_key *k,
                              struct qund_mark m, int64_t now);
void qund_rule_state_hit(struct qund_rule_state *s, uint32_t rule,
                         const struct qund_rule_input *in);
int64_t qund_rule_state_version(const struct qund_rule_state *s, uint32_t rule);
/* Start of an evaluation with r: binds when another set was bound (a swap that was rolled back),
 * and on a read-only state nothing that was cached is trusted. */
QUND_CHECK int qund_rule_state_meet(struct qund_rule_state *s, const struct qund_rules *r);

/* rule_sql.c: rows of the tables rule, rule_mark, rule_day */
QUND_CHECK int qund_rule_sql_numbers(struct qund_db *db, void *arg,
                                     void (*each)(void *arg, struct qund_str id, int64_t no,
                                                  int64_t version));
/* *gone: as the row has it, 0 when there is none. */
QUND_CHECK int qund_rule_sql_marks(struct qund_db *db, const struct qund_mark_key *k, int64_t *gone,
                                   void *arg, void (*each)(void *arg, const struct qund_mark *m));
/* Writes the list of that key, in the place of what it was. *gone: what the row is known to have, 0
 * when none is known; then what it has now. room: the caller's, for packing. */
QUND_CHECK int qund_rule_sql_marks_put(struct qund_db *db, const struct qund_mark_key *k,
                                       const struct qund_mark *v, size_t n, int64_t *gone,
                                       struct qund_buf *room);
/* Deletes up to max lists whose marks had all ended by now; returns how many. */
QUND_CHECK int qund_rule_sql_sweep(struct qund_db *db, int64_t now, size_t max);
QUND_CHECK int qund_rule_sql_hits(struct qund_db *db, int64_t rule_no, int64_t day, int64_t n);
#endif
