/* src/sop/template_parts.h - what the files that read a template share. */
#ifndef QUND_SOP_TEMPLATE_PARTS_H
#define QUND_SOP_TEMPLATE_PARTS_H
#include "core/yaml.h"
#include "sop/template.h"

#define QUND_SOP_PARAMS_MAX 100u
#define QUND_SOP_LIST_MAX 50u      /* words, tags, media, conditions of one step */
#define QUND_SOP_VAR_MAX 48u       /* bytes of a variable's name */
#define QUND_SOP_NAME_MAX 64u      /* bytes of an id */
#define QUND_SOP_CONTENT_MAX 8192u /* bytes of a text, whatever its channel bears */

/* One file being read. Readers add errors and go on, so that all are said at once. */
struct qund_sop_reader {
    const struct qund_yaml *doc;
    struct qund_errs *errs, *warnings;
    struct qund_sop_template *t; /* being filled */
    bool anchor_given;
};
struct qund_sop_key {
    const char *name; /* read NULL: known only to be refused with its reason (lawful.c) */
    void (*read)(struct qund_sop_reader *rd, const struct qund_ynode *n, void *into);
};
/* One level of the language. The JSON Schema is compared with these (test_template_schema.c). */
struct qund_sop_level {
    const char *name; /* "template", "step", … */
    const struct qund_sop_key *keys;
    size_t n;
};
extern const struct qund_sop_level qund_sop_template_level, qund_sop_goal_level,
    qund_sop_trigger_level, qund_sop_role_level, qund_sop_param_level, qund_sop_step_level,
    qund_sop_expect_level, qund_sop_plan_b_level, qund_sop_alert_level;

/* --- reading values (template_read.c); false: an error was added --- */
bool qund_sop_read_map(struct qund_sop_reader *rd, const struct qund_ynode *map, const char *what,
                       const struct qund_sop_level *level, void *into);
/* Bytes, 1 to max; copied into the template. */
bool qund_sop_read_text(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        size_t max, struct qund_str *out);
/* Lower-case letters, digits, _ and more characters of `more`. */
bool qund_sop_read_name(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        const char *more, struct qund_str *out);
bool qund_sop_read_bool(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        bool *out);
bool qund_sop_read_duration(struct qund_sop_reader *rd, const struct qund_ynode *n,
                            const char *what, int64_t min_ms, int64_t max_ms, int64_t *out);
bool qund_sop_read_offset(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                          struct qund_sop_offset *out);
bool qund_sop_read_value(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                         struct qund_sop_value *out);
bool qund_sop_read_cond(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                        struct qund_sop_cond *out);
/* The index of the word; -1: an error naming them all. name(i): the i-th of n. */
int qund_sop_read_choice(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                         const char *(*name)(int i), int n_names);
/* Lists; what: of one entry. An empty list is fine. */
void qund_sop_read_texts(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                         size_t max, struct qund_str **v, size_t *n_v);
void qund_sop_read_conds(struct qund_sop_reader *rd, const struct qund_ynode *n, const char *what,
                         struct qund_sop_cond **v, size_t *n_v);
struct qund_str qund_sop_keep(struct qund_sop_reader *rd, struct qund_str s);
size_t qund_sop_errors(const struct qund_sop_reader *rd);

/* --- the keys of a template (template_step.c, template_role.c) --- */
void qund_sop_read_steps(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template);
void qund_sop_read_roles(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template);
void qund_sop_read_params(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template);
void qund_sop_read_goal(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template);
void qund_sop_read_trigger(struct qund_sop_reader *rd, const struct qund_ynode *n, void *template);

/* --- what must hold between them; steps: the node of the key, may be NULL --- */
/* Offsets and anchors, flags and scope, chains (template_check.c). */
void qund_sop_check(struct qund_sop_reader *rd, const struct qund_ynode *root);
/* Variables: unknown ones refused, implied params added (template_vars.c). */
void qund_sop_check_vars(struct qund_sop_reader *rd, const struct qund_ynode *root);
/* A figure of sales or guests that nobody counted; an account of somebody's own (claims.c). */
bool qund_sop_types_count(struct qund_str text);
bool qund_sop_types_account(struct qund_str text);
/* Who may say what (lawful.c). */
void qund_sop_check_lawful(struct qund_sop_reader *rd, const struct qund_ynode *root);
/* What is allowed and a mistake all the same (lint.c). */
void qund_sop_lint(struct qund_sop_reader *rd, const struct qund_ynode *root);
/* Calls each(rd, node, say, step) for a step and its plan B. */
void qund_sop_each_say(struct qund_sop_reader *rd, const struct qund_ynode *step_node,
                       const struct qund_sop_step *s,
                       void (*each)(struct qund_sop_reader *rd, const struct qund_ynode *node,
                                    const struct qund_sop_step *s, const struct qund_sop_say *say));
/* The value of a key of a map, or the map itself: where an error about it belongs. */
const struct qund_ynode *qund_sop_node(const struct qund_ynode *map, const char *key);

/* Canonical JSON into t->text, its digest into t->digest (template_print.c). */
void qund_sop_template_print(struct qund_sop_template *t);

/* --- variables (vars.c) --- */
bool qund_sop_var_word(struct qund_str s);
bool qund_sop_var_reserved(struct qund_str name); /* nobody may type it */
/* A well-known variable that is typed: what its param would be. */
bool qund_sop_var_implied(struct qund_str name, struct qund_sop_param *out);
const char *qund_sop_var_nearest(const struct qund_sop_template *t, struct qund_str name);

/* --- wording (words.c) --- */
enum qund_sop_wording {
    QUND_SOP_WORDS_ABSOLUTE, /* absolute claims and promises of effect */
    QUND_SOP_WORDS_PRIVATE,  /* private payment and private accounts */
    QUND_SOP_WORDS_PURCHASE, /* "I bought it": in a customer's name */
    QUND_SOP_WORDS_UNDONE,   /* still to be written */
    QUND_SOP_WORDINGS
};
/* The first such word of the text, not denied right before it; NONE: there is none. Static. */
struct qund_str qund_sop_wording_find(enum qund_sop_wording w, struct qund_str text);
const char *const *qund_sop_wording_words(enum qund_sop_wording w, size_t *n);
#endif
