/* robots.h - the parts of the robots plugin (essay in robots.c); for this folder and its tests.
 *
 * Everything runs on the loop thread. Memory that cannot be had marks a text as broken (bad) and
 * the push is tried again later: nothing here aborts. */
#ifndef ROBOTS_H
#define ROBOTS_H
#include "card.h"
#include "qund/plugin.h"
#include "text.h"
#include <jansson.h>

/* --- sign.c --- */
/* DingTalk: base64(HMAC-SHA256(secret, ms "\n" secret)). */
bool sign_dingtalk(struct text *out, int64_t ms, const char *secret);
/* Feishu: base64(HMAC-SHA256(s "\n" secret, "")). */
bool sign_feishu(struct text *out, int64_t s, const char *secret);
bool sign_md5(struct text *out, const unsigned char *p, size_t n); /* hex */
/* name: "SHA1", "SHA256"; raw bytes. */
bool sign_hmac(struct text *out, const char *name, const char *key, const char *p, size_t n);
bool sign_hash(struct text *out, const char *name, const char *p, size_t n);

/* --- said.c: what a delivery says --- */
struct said {
    json_t *root;
    const char *kind, *title, *text, *short_id, *link, *level; /* never NULL */
    const char *phone, *name;                                  /* of whom it is for; "" */
    const char *userid;                                        /* in this robot's realm; "" */
    const char *image_path, *image_url;                        /* of the first image; "" */
    const char *keyword; /* what this robot must read in every message; NULL: nothing */
    json_t *items;       /* of a card; NULL */
};
/* INVAL: not a body of docs/deliveries.md. realm: whose ids are taken. */
int said_read(struct said *s, struct qund_str body, const char *realm);
void said_done(struct said *s);
/* Its text, then, when there are any, short id, link and keyword, which are never cut; all of it in
 * at most so much. A card that is cut keeps a line for each of its items. */
void said_compose(const struct said *s, struct room room, struct text *out);

/* --- answer.c: what an answer means --- */
struct answers;
struct verdict {
    enum qund_delivered how;
    int64_t wait_ms; /* -1: none */
    char detail[191];
    char their_id[65];
};
/* j: {"code", "ends", "status", "why", "wait", "id"}; docs/channels.md. NULL with the reason. */
struct answers *answers_new(const json_t *j, struct qund_fault *why);
void answers_free(struct answers *a);
void answers_read(const struct answers *a, const struct qund_told_http *told, struct verdict *v);

/* --- shipped.c: data files --- */
/* name: "wecom" of the shipped ones, or a path (it has a '/'). NULL with the reason. */
json_t *shipped_load(const char *name, struct qund_fault *why);

/* --- a request, as it is made --- */
#define HEADERS_MAX 16
struct request {
    struct text method, url, body;
    struct text names[HEADERS_MAX], values[HEADERS_MAX];
    size_t n_headers;
};
void request_done(struct request *r);
void request_json(struct request *r, json_t *body); /* POST; takes body */

/* --- template.c: any other interface, from a file --- */
struct template;
struct template *template_new(const json_t *j, struct qund_fault *why);
void template_free(struct template *t);
int64_t template_rate(const struct template *t);
int64_t template_gap_ms(const struct template *t);
struct robot_cfg;
/* Whether several people read it: the file says so, or says nothing, or `to` names a chat. */
bool template_shared(const struct template *t, const struct robot_cfg *cfg);
bool template_names_its_person(const struct template *t); /* by phone or id: it goes to each */
/* Whether the entry has what the file needs. */
int template_check(const struct template *t, const struct robot_cfg *cfg, struct qund_fault *why);
/* Whose is it, and when. */
struct moment {
    int64_t wall_ms, id;
    char nonce[33];
};
int template_make(const struct template *t, const struct robot_cfg *cfg, const struct said *s,
                  const struct moment *now, struct request *out, struct qund_fault *why);

/* --- options.c --- */
enum robot_kind { ROBOT_WECOM, ROBOT_DINGTALK, ROBOT_FEISHU, ROBOT_TEMPLATE };
extern const char *const ROBOT_KINDS[]; /* their names, then NULL */
extern const struct qund_cfg_table ROBOT_KEYS;
/* What belongs to an entry, from files. */
struct robot_parts {
    struct template *template; /* NULL: a vendor's */
    struct answers *answers;
};
int robot_load(const struct robot_cfg *cfg, struct robot_parts *out, struct qund_fault *why);
void robot_parts_done(struct robot_parts *p);

/* --- wecom.c, dingtalk.c, feishu.c --- */
enum form { FORM_TEXT, FORM_MARKDOWN, FORM_CARD, FORM_NEWS };
enum mention { MENTION_PERSON, MENTION_NONE, MENTION_ALL };
struct robot_cfg {
    int robot; /* enum robot_kind */
    const char *url, *token, *secret, *template, *answers, *keyword, *media_dir, *title;
    struct qund_cfg_list to;
    int form, mention;
    bool allow_private;
};
typedef int make_request(const struct robot_cfg *cfg, const struct said *s,
                         const struct moment *now, struct request *out, struct qund_fault *why);
make_request wecom_make, dingtalk_make, feishu_make;
/* Keyword, mention and so on aside: what a chat shows as its headline. */
const char *robot_title(const struct robot_cfg *cfg, const struct said *s);
int robot_fault(struct qund_fault *why, int rc, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
#endif
