/* src/cli/search.c - messages that say this, the latest month first: a reader's handle, beside a
 * daemon or not. */
#include "store/search.h"
#include "app/vault.h"
#include "app/words.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/zone.h"
#include "crm/message.h"
#include "event/event.h"
#include "text/fold.h"
#include "text/tokens.h"
#include <stdio.h>
#include <stdlib.h>

#define DEADLINE_MS 5000

struct hits {
    const struct cli *c;
    const struct qund_zone *zone;
    struct qund_message_view *view;
    struct qund_buf line;
    int n;
};

static int hit(const struct qund_message_row *row, void *arg)
{
    struct hits *h = arg;
    struct qund_event ev;
    int rc;

    h->n++;
    if (h->c->json) {
        qund_buf_clear(&h->line);
        rc = qund_message_print(h->view, row, false, &h->line);
        if (rc == 0)
            cli_print_json(qund_buf_view(&h->line));
        return rc;
    }
    rc = qund_message_event(h->view, row, &ev);
    if (rc < 0)
        return rc;
    printf("#%-7lld ", (long long)row->seq);
    cli_print_time(h->zone, row->ts);
    fputs("  [", stdout);
    cli_print_text(ev.group_name.n ? ev.group_name : ev.group);
    fputs("] ", stdout);
    cli_print_text(ev.sender_name.n ? ev.sender_name : ev.sender);
    fputs(": ", stdout);
    cli_print_text(row->text);
    putchar('\n');
    return ferror(stdout) ? QUND_E_IO : 0;
}

static int run(struct cli *c, struct qund_db *db, const struct qund_fold *fold, struct hits *h,
               struct qund_search_query *q)
{
    QUND_AUTO(qund_words_free) struct qund_search_words *words = qund_words_new(fold);
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf needle = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf tokens = {0};
    struct qund_months *months = qund_months_new(db);
    struct qund_search *s = qund_search_new(db, months, words);
    int rc;

    for (size_t i = 0; i < c->n_args; i++)
        qund_buf_printf(&text, "%s%s", i ? " " : "", c->args[i]);
    qund_fold_str(fold, qund_buf_view(&text), &needle);
    rc = qund_tokens_query(fold, qund_buf_view(&needle), &tokens);
    if (rc == 0 || rc == QUND_E_NOTFOUND) {
        q->tokens = qund_buf_view(&tokens);
        q->needle = qund_buf_view(&needle);
        q->deadline_mono_ms = qund_mono_now().ms + DEADLINE_MS;
        h->view = qund_message_view_new(db);
        rc = qund_search_run(s, q, hit, h);
        qund_message_view_free(h->view);
    }
    qund_search_free(s);
    qund_months_free(months);
    qund_buf_done(&h->line);
    return rc;
}

int cli_search(struct cli *c)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    struct hits h = {.c = c};
    struct qund_search_query q = {.limit = 20};
    struct qund_err err = {0};
    const char *limit = cli_opt(c, "--limit"), *group = cli_opt(c, "--group");
    int64_t n = 20, g = 0;
    int rc;

    if ((limit && (qund_str_int(qund_str(limit), &n) < 0 || n < 1 || n > 1000)) ||
        (group && qund_str_int(qund_str(group), &g) < 0))
        return cli_usage(c, "--limit wants a number from 1 to 1000, --group a group's number");
    if (c->n_args == 1 && qund_str_trim(qund_str(c->args[0])).n == 0)
        return cli_usage(c, "the words are empty");
    q.limit = (int)n;
    if (group) {
        q.groups = &g;
        q.n_groups = 1;
    }
    rc = qund_vault_look(c->data, &v, &err);
    if (rc == 0)
        rc = qund_db_open(&(struct qund_db_cfg){.path = v->store, .busy_ms = 2000}, QUND_DB_READ,
                          NULL, &db, &err);
    if (rc == 0) {
        h.zone = zone = cli_zone(c);
        rc = run(c, db, qund_fold_tables(), &h, &q);
    }
    if (rc < 0 && ferror(stdout))
        return EXIT_FINE; /* cli_output_end says what there is to say */
    if (rc < 0 && !err.text[0])
        qund_err_set(&err, rc, "search", "%s", qund_db_error(db));
    if (rc < 0)
        return cli_fail(&err);
    if (!c->json && h.n == 0)
        printf("nothing found\n");
    if (q.partial)
        fprintf(stderr, "qund: the time was over before all was looked through\n");
    return EXIT_FINE;
}
