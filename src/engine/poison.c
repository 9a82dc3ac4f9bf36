/* src/engine/poison.c - what was in hand when the process died.
 *
 * The next start counts an attempt for it and takes it for suspect: from then on it runs alone. An
 * event and a timer come again by themselves, in their place, with their body; the third stop
 * buries them there (batch.c). A command lies nowhere: whoever asked heard nothing and asks again,
 * or does not. So when a suspect one comes again its body is committed before it runs, and the
 * start after the third stop buries it from that note. Asked for once more, the same command is
 * then refused with the number of its letter, else an impatient client would stop the program for
 * ever; a person may retry the letter. What nobody waits for (outcomes of pushes, credits) is made
 * anew by the program itself and never refused. */
#include "engine/internal.h"

#define NOTE "suspect_body"
#define BODY_MAX (256u << 10) /* a larger one is not kept */

bool qund_suspect_is(const struct qund_engine *e, struct qund_str key)
{
    for (size_t i = 0; i < e->n_suspects; i++)
        if (qund_str_is(key, e->suspects[i]))
            return true;
    return false;
}

void qund_suspect_drop(struct qund_engine *e, struct qund_str key)
{
    for (size_t i = 0; i < e->n_suspects; i++)
        if (qund_str_is(key, e->suspects[i])) {
            qund_free(e->suspects[i]);
            e->suspects[i] = e->suspects[--e->n_suspects];
            return;
        }
}

static int suspect_add(struct qund_str key, int n, void *arg)
{
    struct qund_engine *e = arg;

    (void)n;
    e->suspects = qund_realloc(e->suspects, (e->n_suspects + 1) * sizeof(*e->suspects));
    e->suspects[e->n_suspects++] = qund_str_dup(key);
    return 0;
}

int qund_suspect_note(struct qund_engine *e, struct qund_str key, const struct qund_command *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf note = {0};

    if (!c->body || c->body_n > BODY_MAX || c->attach)
        return 0;
    qund_buf_printf(&note, "%.*s\n", QUND_STR_ARG(key));
    qund_buf_add(&note, c->body, c->body_n);
    return qund_meta_set_str(e->db, NOTE, qund_buf_view(&note));
}

/* Told after three stops in a row, with no success in between. */
static int bury_command(struct qund_engine *e, struct qund_str key)
{
    QUND_AUTO(qund_buf_done) struct qund_buf note = {0};
    struct qund_str body = QUND_STR_NONE, whose;
    int rc = qund_meta_str(e->db, NOTE, &note);

    if (rc == 0) {
        body = qund_buf_view(&note);
        whose = qund_str_split(&body, '\n');
        if (!qund_str_eq(whose, key))
            body = QUND_STR_NONE;
    }
    e->dead_commands = true;
    qund_log(e->deps.log, QUND_ERROR, "engine.dead", QUND_KV("kind", "command"),
             QUND_KV("key", key), QUND_KV("reason", QUND_POISON_REASON));
    rc = qund_dead_add(e->db,
                       &(struct qund_dead){.kind = QUND_STR("command"),
                                           .key = key,
                                           .stage = QUND_STR("engine"),
                                           .reason = QUND_STR(QUND_POISON_REASON),
                                           .body = body.p ? body : QUND_STR("{}"),
                                           .at = e->now},
                       NULL);
    return rc < 0 ? rc : qund_attempt_clear(e->db, key);
}

/* What the last process had in hand when it died is counted. */
static int count_attempt(struct qund_engine *e, const struct qund_inhand_left *left)
{
    struct qund_str key;
    int n, rc;

    if (!left || !left->unclean || !left->set[QUND_INHAND_ENGINE])
        return 0;
    key = qund_str(left->key[QUND_INHAND_ENGINE]);
    rc = qund_attempt_add(e->db, key, e->now, &n);
    if (rc < 0)
        return rc;
    qund_log(e->deps.log, QUND_WARN, "engine.suspect", QUND_KV("key", key), QUND_KV("attempt", n));
    return qund_str_starts(key, "command:") && n >= ENGINE_ATTEMPTS_MAX ? bury_command(e, key) : 0;
}

int qund_suspects_recover(struct qund_engine *e)
{
    int64_t id;
    int rc = qund_dead_find(e->db, QUND_STR("command"), QUND_STR_NONE, QUND_STR_NONE, &id);

    if (rc < 0)
        return rc;
    e->dead_commands = rc > 0;
    rc = count_attempt(e, e->deps.left);
    return rc < 0 ? rc : qund_attempt_list(e->db, suspect_add, e);
}

int qund_poison_refuse(struct qund_engine *e, struct qund_str key, struct qund_command *c)
{
    int64_t id;
    int rc = 0;

    if (e->dead_commands && c->done && c->body)
        rc = qund_dead_find(e->db, QUND_STR("command"), key, qund_str_n(c->body, c->body_n), &id);
    if (rc > 0)
        c->rc = qund_err_set(&c->err, QUND_E_EXISTS, c->name,
                             "this stopped the program three times: see `qund dead show %lld`, "
                             "then retry or drop it there",
                             (long long)id);
    return rc;
}

/* What came with the command (rules, a configuration) is gone with the process. */
int qund_poison_retry(struct qund_engine *e, const struct qund_dead *d, struct qund_command *c)
{
    QUND_AUTO(qund_command_free) struct qund_command *again = NULL;
    QUND_AUTO(qund_free_str) char *name = NULL;
    struct qund_str rest = d->key;

    (void)qund_str_split(&rest, ':');
    if (qund_str_starts(rest, "dead.") || qund_str_is(d->body, "{}"))
        return qund_err_set(&c->err, QUND_E_INVAL, "dead",
                            "a %.*s cannot be tried again from here; drop it and repeat what made "
                            "it",
                            QUND_STR_ARG(rest));
    name = qund_str_dup(rest);
    again = qund_command_new(name, d->body, c->actor);
    again->rc = qund_engine_command(e, again);
    c->err = again->err;
    qund_buf_str(&c->reply, qund_buf_view(&again->reply));
    return again->rc;
}
