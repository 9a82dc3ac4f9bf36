/* src/intake/spool_damage.c - a spool file of which a part cannot be read at the start.
 *
 * The last file may end in a write that was under way when the machine or the daemon stopped:
 * nobody was told that it is kept, and it goes without a word of alarm. Whole records behind the
 * broken place were there before: then it is damage, acknowledged events are lost, and the file is
 * kept as it was for whoever has the tools to read it. As long as one is kept, /readyz and a metric
 * say so, also after the next start: it is over when a person has moved the file away. */
#include "core/file.h"
#include "intake/internal.h"
#include <stdio.h>

static bool records_follow(struct qund_str all, int64_t good)
{
    int64_t low;
    struct qund_str body;

    for (size_t at = (size_t)good + 1; at + QUND_SPOOL_HEAD < all.n; at++) {
        struct qund_str rest = qund_str_n(all.p + at, all.n - at);

        if (qund_spool_unframe(&rest, &low, &body) == 1)
            return true;
    }
    return false;
}

static void keep_aside(const char *dir, struct qund_log *log, const char *name, struct qund_str all)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, name);
    QUND_AUTO(qund_buf_done) struct qund_buf aside = {0};
    struct qund_err err = {0};

    qund_buf_printf(&aside, "%s" QUND_SPOOL_DAMAGED, path);
    if (qund_file_replace(aside.p, all, 0600, &err) < 0)
        qund_log(log, QUND_WARN, "spool.keep_aside", QUND_KV("why", err.text));
}

void qund_spool_report_cut(const char *dir, struct qund_log *log, const char *name,
                           struct qund_str all, int64_t good, bool last)
{
    int64_t bytes = (int64_t)all.n - good;

    if (last && !records_follow(all, good)) {
        qund_log(log, QUND_WARN, "spool.torn_tail", QUND_KV("file", name),
                 QUND_KV("cut_bytes", bytes),
                 QUND_KV("meaning", "a write that was under way at the crash; never answered"));
        return;
    }
    keep_aside(dir, log, name, all);
    qund_log(log, QUND_ERROR, "spool.damaged", QUND_KV("file", name), QUND_KV("cut_bytes", bytes),
             QUND_KV("kept", "as it was, under the same name with .damaged"),
             QUND_KV("meaning", "the disk lost acknowledged events: check it, and compare with "
                                "the source"));
}

int qund_spool_damaged(const char *dir, char first[QUND_SPOOL_NAME])
{
    char **names = NULL;
    size_t n = 0;

    if (qund_dir_list(dir, QUND_SPOOL_DAMAGED, &names, &n, NULL) < 0)
        return -1; /* not known just now */
    snprintf(first, QUND_SPOOL_NAME, "%s", n > 0 ? names[0] : "");
    for (size_t i = 0; i < n; i++)
        qund_free(names[i]);
    qund_free(names);
    return (int)n;
}
