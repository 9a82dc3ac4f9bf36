/* src/cli/backup.c - the store copied while it is written, and put back. What a backup holds is the
 * past: of its pushes none may leave by itself after a restore, so they are held for a person. */
#include "store/backup.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/zone.h"
#include "outbox/outbox.h"
#include "sop/sop.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int bar_progress(int64_t done, int64_t total, void *arg)
{
    struct cli_bar *bar = arg;

    bar->total = total;
    cli_bar_at(bar, done);
    return 0;
}

static void print_made(const struct cli *c, const char *path)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);

    if (!c->json) {
        printf("%s (the key file is not in it: keep that elsewhere)\n", path);
        return;
    }
    qund_jw_obj(&w);
    qund_jw_kz(&w, "path", path);
    qund_jw_end_obj(&w);
    cli_print_json(qund_buf_view(&b));
}

/* A reader's handle is all it takes, daemon or not: the copy is one snapshot. */
int cli_backup(struct cli *c)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = cli_db(c);
    QUND_AUTO(qund_free_str) char *path = NULL;
    struct qund_err err = {0};
    struct cli_bar bar;
    int rc;

    if (!db)
        return EXIT_WRONG;
    cli_bar_begin(&bar, "backup", 0);
    rc = qund_backup_run(db, c->args[0], qund_wall_system().ms, bar_progress, &bar, &path, &err);
    cli_bar_end(&bar);
    if (rc < 0)
        return cli_fail(&err);
    print_made(c, path);
    return EXIT_FINE;
}

static void print_restored(const struct cli *c, const struct qund_vault *v,
                           const struct qund_restored *out)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;

    if (c->json) {
        QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
        struct qund_jw w = qund_jw(&b);

        qund_jw_obj(&w);
        qund_jw_kz(&w, "from", out->from);
        qund_jw_kz(&w, "applied_id", out->applied_id);
        qund_jw_kts(&w, "engine_time", out->engine_time);
        qund_jw_kint(&w, "held", out->parked);
        qund_jw_kbool(&w, "key_missing", out->key_missing);
        qund_jw_end_obj(&w);
        cli_print_json(qund_buf_view(&b));
        return;
    }
    zone = cli_zone(c);
    printf("restored %s\n", out->from);
    if (out->applied_id[0] && strcmp(out->applied_id, "0-0") != 0) {
        printf("last entry applied in it: %s, at ", out->applied_id);
        cli_print_time(zone, out->engine_time);
        printf("; what came after is in the queue or unknown\n");
    } else {
        printf("no event had been applied in it\n");
    }
    printf("pushes held for a person to look at, their timers, and plans paused: %lld (GET "
           "/api/v1/outbox?state=held, /api/v1/plans?state=paused)\n",
           (long long)out->parked);
    if (out->key_missing)
        printf("the key file is not part of a backup and there is none here: put yours into %s\n",
               v->dir);
}

/* Everything that might go on by itself, and shall not. */
static size_t hooks_of(struct qund_restore_hook *out, size_t room)
{
    const struct qund_restore_hook *(*const OF[])(size_t *) = {qund_outbox_restored,
                                                               qund_sop_restored};
    size_t all = 0;

    for (size_t i = 0; i < QUND_ARRAY_LEN(OF); i++) {
        size_t n;
        const struct qund_restore_hook *v = OF[i](&n);

        qund_assert(all + n <= room);
        memcpy(out + all, v, n * sizeof(*v));
        all += n;
    }
    return all;
}

int cli_restore(struct cli *c)
{
    struct qund_restore_hook hooks[8];
    size_t n_hooks = hooks_of(hooks, QUND_ARRAY_LEN(hooks));
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_log_free) struct qund_log *log = cli_log(c);
    struct qund_restored out;
    struct qund_err err = {0};
    int rc = 0;

    /* Before the data folder is made for it. */
    if (access(c->args[0], R_OK) < 0)
        rc = qund_err_set(&err, QUND_E_NOTFOUND, c->args[0], "cannot read the backup: %s",
                          strerror(errno));
    if (rc == 0)
        rc = qund_vault_hold(c->data, &v, &err);
    if (rc == 0)
        rc = qund_restore_run(c->args[0], v->dir, qund_wall_system().ms, hooks, n_hooks, log, &out,
                              &err);
    if (rc < 0 && v)
        qund_vault_unmake(v);
    if (rc < 0)
        return cli_fail(&err);
    print_restored(c, v, &out);
    return EXIT_FINE;
}
