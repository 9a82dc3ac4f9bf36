/* src/cli/acts.c - alerts and tasks are worked in the same words: list, show N, VERB N [WORD]. */
#include "cli/acts.h"
#include "core/json.h"
#include <stdio.h>
#include <string.h>

/* Every row of cli.c has at most this many verbs beside list and show. */
#define VERBS_MAX 8

static int act(struct cli *c, const struct cli_acts *all, const struct cli_act *a, int64_t id)
{
    static const char *const OPTS[] = {"note", "proof", "number"};
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    struct qund_jw w = qund_jw(&body);
    int code;

    qund_buf_printf(&path, "/api/v1/%ss/%lld/%s", all->what, (long long)id, a->name);
    qund_jw_obj(&w);
    if (!cli_daemon(c)) /* with one the path says it */
        qund_jw_kint(&w, "id", id);
    if (a->key)
        qund_jw_kz(&w, a->key, c->args[2]);
    for (size_t i = 0; i < QUND_ARRAY_LEN(OPTS); i++) {
        char name[16];

        snprintf(name, sizeof(name), "--%s", OPTS[i]);
        if (cli_opt(c, name))
            qund_jw_kz(&w, OPTS[i], cli_opt(c, name));
    }
    qund_jw_end_obj(&w);
    code = cli_command(c, "POST", path.p, a->command, qund_buf_view(&body), &reply);
    return code == EXIT_FINE ? all->show(c, id) : code;
}

static int unknown(struct cli *c, const struct cli_acts *all)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};
    const char *words[VERBS_MAX + 2] = {"list", "show"};
    const char *near;

    for (size_t i = 0; i < all->n; i++)
        words[i + 2] = all->v[i].name;
    near = qund_str_nearest(qund_str(c->args[0]), words, all->n + 2);
    if (near)
        return cli_usage(c, "did you mean %s?", near);
    qund_buf_printf(&line, "list, show");
    for (size_t i = 0; i < all->n; i++)
        qund_buf_printf(&line, "%s%s", i + 1 < all->n ? ", " : " or ", all->v[i].name);
    return cli_usage(c, "%s", line.p);
}

/* "12", "T12" as cards write it. */
static int64_t number_of(const struct cli_acts *all, const char *word)
{
    int64_t id;

    word += all->letter && (*word | 0x20) == (all->letter | 0x20);
    return qund_str_int(qund_str(word), &id) == 0 && id > 0 ? id : 0;
}

int cli_acts_run(struct cli *c, const struct cli_acts *all)
{
    const struct cli_act *a = NULL;
    int64_t id;

    if (strcmp(c->args[0], "list") == 0 && c->n_args == 1)
        return all->list(c);
    for (size_t i = 0; i < all->n && !a; i++)
        if (strcmp(c->args[0], all->v[i].name) == 0)
            a = &all->v[i];
    if (!a && strcmp(c->args[0], "show") != 0)
        return unknown(c, all);
    id = c->n_args < 2 ? 0 : number_of(all, c->args[1]);
    if (id == 0)
        return cli_usage(c, "wants the %s's number", all->what);
    if (a && a->key && c->n_args < 3)
        return cli_usage(c, "wants %s", a->word);
    if (c->n_args > (a && a->key ? 3u : 2u))
        return cli_usage(c, "wants nothing more");
    return a ? act(c, all, a, id) : all->show(c, id);
}
