/* plugins/onebot/act.h - what goes out: a push read, the action it becomes in either version, and
 * what an answer means for it. No I/O. */
#ifndef ONEBOT_ACT_H
#define ONEBOT_ACT_H
#include "json.h"
#include "qund/plugin.h"

/* How a peer wants to be spoken to; learnt from what it sent. */
struct ob_style {
    int version;                              /* 11 or 12 */
    bool group_text, user_text, message_text; /* 11: ids as strings, not numbers */
    const char *account, *platform;           /* ours there; platform: 12 */
};

enum ob_push_kind { OB_PUSH_MESSAGE, OB_PUSH_RECALL };

struct ob_push {
    enum ob_push_kind kind;
    struct qund_str group, person; /* where to: one of them */
    struct qund_str text;
    struct qund_str reply_to, message; /* with the account before it */
    const json_t *mentions, *media;
    struct qund_str account; /* who should speak; NONE: anyone */
    struct qund_str also;    /* one more to be addressed: whom an alert is for */
    json_t *doc;
    struct ob_pool pool;
};
struct ob_push_rules {
    const char *to;    /* "group:ID", "private:ID"; NULL: none */
    const char *realm; /* in which `person.ids` is looked up */
    size_t max_chars;
};
/* NULL, or why it can never be sent; static. Ended by ob_push_done in either case. */
const char *ob_push_read(struct ob_push *p, struct qund_str body,
                         const struct ob_push_rules *rules);
void ob_push_done(struct ob_push *p);
/* The account a message id names, NONE when it names none: message ids count per account. */
struct qund_str ob_id_account(struct qund_str id);
struct qund_str ob_id_bare(struct qund_str id);
/* Whether "to" of a configuration is one. */
bool ob_to_is_sound(const char *to);

/* An action: {"action", "params"} and, for 12, "self". Owned by the caller. file_ids: 12 only, the
 * ids the bridge gave for p->media, as many as there are. */
json_t *ob_act_push(const struct ob_style *s, const struct ob_push *p, const char *const *file_ids);
json_t *ob_act_upload(const struct ob_style *s, const json_t *media);
json_t *ob_act_plain(const struct ob_style *s, const char *action);
json_t *ob_act_group(const struct ob_style *s, const char *action, struct qund_str group);
json_t *ob_act_history(const struct ob_style *s, struct qund_str group, int64_t count,
                       struct qund_str before);
/* The names of one thing in the two versions. */
const char *ob_act_who_am_i(const struct ob_style *s);

struct ob_end {
    enum qund_delivered how;
    int64_t retry_after_ms; /* -1: the daemon's own wait */
};
/* What an answer means for a push. ok and retcode as in the answer; words: the bridge's. */
struct ob_end ob_end_of(int version, int64_t retcode, struct qund_str words, int64_t attempt);
struct ob_end ob_end_of_http(int status, int64_t retry_after_ms);
/* The action is not known there: not asked again in this connection. */
bool ob_end_unsupported(int64_t retcode);
#endif
