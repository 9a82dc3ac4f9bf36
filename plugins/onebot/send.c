/* plugins/onebot/send.c - targets: one push, one message of an account.
 *
 * An account that is in the group sends; a reply or a recall is the account's that has the message,
 * since ids count per account. Accounts are paced: hook-based ones get restricted when they send
 * faster than people type. What ends how stands in act.c; here is only added that an action whose
 * answer never came may have been carried out.
 *
 * OneBot 12 takes media in two steps: each is uploaded, then the message names their ids. As long
 * as only uploads went out, nothing was said yet and a failure may be tried again. */
#include "onebot.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define UPLOADS_MAX 16u
#define DETAIL_MAX 180u
/* Nobody is there to send it. No try of the push, and not its fault: the whole target waits. */
#define ABSENT ((struct ob_end){QUND_LIMITED, 3000})

struct target {
    struct ob_bot *bot;
    const struct ob_target_cfg *cfg;
};
/* One push under way. It knows its channel by name only: either may be gone when it ends. */
struct job {
    struct ob_bot *bot;
    char *channel, *account, *body;
    struct ob_push push;
    uint64_t token;
    int64_t attempt, deadline_ms;
    char *files[UPLOADS_MAX];
    size_t n_files;
};

#define TG(m) offsetof(struct ob_target_cfg, m)
static const struct qund_cfg_key KEYS[] = {
    {"channel", QUND_CFG_STRING, TG(channel), NULL, 0, 0, NULL,
     QUND_CFG_REQUIRED | QUND_CFG_RELOAD | QUND_CFG_CHANNEL,
     "The channel of kind onebot whose connections are used."},
    {"to", QUND_CFG_STRING, TG(to), NULL, 0, 0, NULL, QUND_CFG_RELOAD,
     "`group:ID` or `private:ID`: where pushes go that name no place themselves. Unset: to the "
     "person they are for, in private, when an id of the channel's realm is known."},
    {"account", QUND_CFG_STRING, TG(account), NULL, 0, 0, NULL, QUND_CFG_RELOAD,
     "The account that speaks; unset: one that is in the group."},
    {"max_text", QUND_CFG_INT, TG(max_text), "1500", 50, 10000, NULL, QUND_CFG_RELOAD,
     "Characters; longer texts are cut, with the link behind them."},
};

static int check(const void *cfg, struct qund_fault *why)
{
    const struct ob_target_cfg *t = cfg;

    if (!t->to || ob_to_is_sound(t->to))
        return QUND_OK;
    snprintf(why->where, sizeof(why->where), "to");
    snprintf(why->text, sizeof(why->text), "group:ID or private:ID is wanted, without blanks");
    return QUND_E_INVAL;
}

bool ob_target_shared(const void *cfg)
{
    const struct ob_target_cfg *t = cfg;

    return t->to && qund_str_starts(qund_str(t->to), "group:");
}

bool ob_target_single(const void *cfg)
{
    const struct ob_target_cfg *t = cfg;

    return t->to && qund_str_starts(qund_str(t->to), "private:");
}

const struct qund_cfg_table ob_target_table = {KEYS, OB_LEN(KEYS), sizeof(struct ob_target_cfg),
                                               check};

static struct ob_channel *channel_named(struct ob_bot *b, const char *name)
{
    for (struct ob_channel *c = b->channels; c; c = c->next)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

int ob_target_open(void *ctx, const struct qund_entry_info *info, void **target,
                   struct qund_fault *why)
{
    const struct ob_target_cfg *cfg = info->cfg;
    struct target *t;

    if (!channel_named(ctx, cfg->channel)) {
        snprintf(why->where, sizeof(why->where), "channel");
        snprintf(why->text, sizeof(why->text), "no channel of kind onebot is called '%s'",
                 cfg->channel);
        return QUND_E_NOTFOUND;
    }
    t = ob_alloc(sizeof(*t));
    *t = (struct target){ctx, cfg};
    *target = t;
    return QUND_OK;
}

void ob_target_close(void *target)
{
    free(target);
}

/* --- ending --- */

static void told(const struct qund_host *h, uint64_t token, struct ob_end end,
                 struct qund_str detail, struct qund_str their_id)
{
    h->delivered(h, token, end.how, ob_cut(detail, DETAIL_MAX), end.retry_after_ms, their_id);
}

static void job_free(struct job *j)
{
    for (size_t i = 0; i < j->n_files; i++)
        free(j->files[i]);
    ob_push_done(&j->push);
    free(j->channel);
    free(j->account);
    free(j->body);
    free(j);
}

static void job_end(struct job *j, struct ob_end end, struct qund_str detail, struct qund_str id)
{
    told(j->bot->host, j->token, end, detail, id);
    job_free(j);
}

static struct ob_end end_of(const struct job *j, const struct ob_result *r)
{
    if (r->end == OB_UNANSWERED)
        return (struct ob_end){QUND_UNKNOWN, -1};
    if (r->status)
        return ob_end_of_http(r->status, r->retry_after_ms);
    return ob_end_of(r->version, r->retcode, r->words, j->attempt);
}

static struct qund_str detail_of(const struct ob_result *r, struct ob_pool *pool)
{
    if (r->end == OB_UNANSWERED || (r->ok && !r->status))
        return r->words;
    return r->status ? ob_pool_printf(pool, "HTTP %d %.*s", r->status, QUND_STR_ARG(r->words))
                     : ob_pool_printf(pool, "retcode %lld %.*s", (long long)r->retcode,
                                      QUND_STR_ARG(r->words));
}

static void on_sent(void *arg, const struct ob_result *r)
{
    struct job *j = arg;
    struct ob_pool pool = {0};
    struct qund_str id = ob_get_id(r->data, "message_id", &pool, NULL);

    if (ob_sound_id(id))
        id = ob_pool_printf(&pool, "%s:%.*s", j->account, QUND_STR_ARG(id));
    else
        id = QUND_STR_NONE;
    job_end(j, end_of(j, r), detail_of(r, &pool), id);
    ob_pool_done(&pool);
}

/* --- one step --- */

static void step(struct job *j);

static void on_uploaded(void *arg, const struct ob_result *r)
{
    struct job *j = arg;
    struct qund_str id = ob_get_text(r->data, "file_id");
    struct ob_pool pool = {0};
    struct ob_end end = end_of(j, r);

    if (r->end == OB_ANSWERED && r->ok && id.n > 0) {
        j->files[j->n_files++] = ob_dup(id);
        step(j);
        return;
    }
    if (end.how == QUND_UNKNOWN || end.how == QUND_SENT) /* nothing was said yet */
        end = (struct ob_end){QUND_RETRY, -1};
    job_end(j, end, detail_of(r, &pool), QUND_STR_NONE);
    ob_pool_done(&pool);
}

static bool uploads_left(const struct job *j, int version)
{
    return version == 12 && j->push.kind == OB_PUSH_MESSAGE && j->n_files < UPLOADS_MAX &&
           j->n_files < json_array_size(j->push.media);
}

static void step(struct job *j)
{
    struct ob_channel *c = channel_named(j->bot, j->channel);
    struct ob_account *a = c ? ob_account_find(c, qund_str(j->account)) : NULL;
    const char *why = "its channel was closed, or the time was over between two steps";
    int64_t left = a ? j->deadline_ms - ob_mono(c) : 0;
    struct ob_style style;
    json_t *action;
    bool upload;

    if (!a || left <= 0) {
        job_end(j, (struct ob_end){QUND_RETRY, -1}, qund_str(why), QUND_STR_NONE);
        return;
    }
    ob_account_style(a, ob_account_version(a), &style);
    upload = uploads_left(j, style.version);
    action = upload ? ob_act_upload(&style, json_array_get(j->push.media, j->n_files))
                    : ob_act_push(&style, &j->push, (const char *const *)j->files);
    if (ob_call(a, action, left, upload ? on_uploaded : on_sent, j, &why) < 0)
        job_end(j, ABSENT, qund_str(why), QUND_STR_NONE);
}

/* --- who sends --- */

static struct ob_account *acting(struct ob_account *a)
{
    const char *why;

    return a && ob_account_acts(a, &why) ? a : NULL;
}

/* The account that has the message, when there is one; then the one the push names, which saw what
 * is answered; then the configured one; then one that is in the group; then any. */
static struct ob_account *sender(struct ob_channel *c, const struct ob_target_cfg *cfg,
                                 const struct ob_push *p)
{
    struct qund_str owner = ob_id_account(p->kind == OB_PUSH_RECALL ? p->message : p->reply_to);
    struct ob_account *a = owner.n > 0 ? ob_account_find(c, owner) : NULL, *any = NULL;

    if (p->kind == OB_PUSH_RECALL && owner.n > 0)
        return acting(a);
    if (!acting(a) && p->account.n > 0)
        a = ob_account_find(c, p->account);
    if (acting(a))
        return a;
    if (cfg->account)
        return acting(ob_account_find(c, qund_str(cfg->account)));
    for (a = c->accounts; a; a = a->next) {
        if (!acting(a))
            continue;
        if (p->group.n > 0 && ob_rooms_has(a, p->group))
            return a;
        any = any ? any : a;
    }
    return any;
}

/* Of a connection that is there before one that is not. */
static const char *why_nobody(const struct ob_channel *c)
{
    const char *why = "no account is connected";

    for (const struct ob_account *a = c->accounts; a; a = a->next) {
        const char *said;

        if (ob_account_acts(a, &said))
            continue;
        why = said;
        if (ob_conn_acting(a))
            break;
    }
    return why;
}

/* pace ± 30 %: people are not even. */
static int64_t spacing(const struct ob_channel *c)
{
    uint32_t r = 0;

    if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
        r = 0;
    return c->cfg->pace_ms * (int64_t)(700 + r % 601) / 1000;
}

static struct job *job_new(struct target *t, const struct qund_delivery *d, uint64_t token,
                           const char **why)
{
    struct ob_channel *c = channel_named(t->bot, t->cfg->channel);
    struct ob_push_rules rules = {t->cfg->to, c ? c->realm : NULL, (size_t)t->cfg->max_text};
    struct job *j = ob_alloc(sizeof(*j));

    j->bot = t->bot;
    j->channel = ob_dup(qund_str(t->cfg->channel));
    j->body = ob_dup(d->body);
    j->token = token;
    j->attempt = d->attempt;
    /* Before the daemon's own limit. */
    j->deadline_ms = t->bot->host->mono_ms(t->bot->host) + d->timeout_ms * 9 / 10;
    *why = ob_push_read(&j->push, qund_str_n(j->body, d->body.n), &rules);
    return j;
}

/* A bridge that only posts is never connected: what finds no event waiting for it is late for good,
 * and must not hold up what does. */
static void nobody(struct ob_channel *c, struct job *j)
{
    struct qund_str owner = ob_id_account(j->push.reply_to);
    const struct ob_account *o =
        c ? ob_account_find(c, owner.n > 0 ? owner : j->push.account) : NULL;

    if (c && ob_visit_answer(c, &j->push))
        job_end(
            j, (struct ob_end){QUND_AWAITING_PERSON, -1},
            QUND_STR("said in the answer to its event; a bridge does not tell what became of it"),
            QUND_STR_NONE);
    else if (o && c->cfg->quick_ms > 0 && o->posts && !o->known && !o->api)
        job_end(
            j, (struct ob_end){QUND_DROP, -1},
            QUND_STR("no event waits for a quick reply with it, and its bridge takes no actions"),
            QUND_STR_NONE);
    else
        job_end(j, ABSENT, qund_str(c ? why_nobody(c) : "its channel is not open"), QUND_STR_NONE);
}

void ob_deliver(void *target, const struct qund_delivery *d, uint64_t token)
{
    struct target *t = target;
    struct ob_channel *c = channel_named(t->bot, t->cfg->channel);
    const char *why;
    struct job *j = job_new(t, d, token, &why);
    struct ob_account *a = c && !why ? sender(c, t->cfg, &j->push) : NULL;
    int64_t now = c ? ob_mono(c) : 0;

    if (why) {
        job_end(j, (struct ob_end){QUND_DROP, -1}, qund_str(why), QUND_STR_NONE);
    } else if (!a) {
        nobody(c, j);
    } else if (now < a->send_ms) {
        job_end(j, (struct ob_end){QUND_LIMITED, a->send_ms - now}, QUND_STR("the account's pace"),
                QUND_STR_NONE);
    } else {
        j->account = ob_dup(qund_str(a->id));
        a->send_ms = now + spacing(c);
        step(j);
    }
}
