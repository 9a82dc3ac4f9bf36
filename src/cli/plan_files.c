/* src/cli/plan_files.c - a plan is made of the templates as the daemon has read them; what the
 * files say by now may be something else.
 *
 * They are read at the start and on SIGHUP, whole or not at all. Somebody who edits a template and
 * makes a plan of it a minute later means the file, and the answer alone would not tell him that he
 * got the version before. So the folders are read here as well (those that the daemon names: this
 * command line may have another configuration), and what differs is said on stderr. Nothing is
 * refused: a plan of the version before may be just what was wanted. */
#include "cli/sop_view.h"
#include "sop/templates.h"

#define ERRORS_MAX 10

static struct qund_sop_templates *read_files(const json_t *dirs, struct qund_errs *errs)
{
    size_t n = json_array_size(dirs);
    const char **v = qund_alloc((n + 1) * sizeof(*v));
    struct qund_sop_templates *set = NULL;

    for (size_t i = 0; i < n; i++) {
        const char *dir = json_string_value(json_array_get(dirs, i));

        v[i] = dir ? dir : "";
    }
    qund_ignore(qund_sop_templates_load(v, n, &set, errs, NULL)); /* errs says it */
    qund_free(v);
    return set;
}

/* The daemon was told to read them, and its answer names that one. */
static bool said(const json_t *plan, const char *where)
{
    const json_t *warnings = json_object_get(plan, "warnings");

    for (size_t i = 0; i < json_array_size(warnings); i++)
        if (strcmp(cli_field(json_array_get(warnings, i), "where"), where) == 0)
            return true;
    return false;
}

static void tell_broken(const json_t *plan, const struct qund_errs *errs)
{
    bool known = false;

    for (size_t i = 0; i < errs->n; i++) {
        if (said(plan, errs->v[i].where))
            known = true;
        else
            fprintf(stderr, "warning: %s: %s\n", errs->v[i].where, errs->v[i].text);
    }
    if (!known)
        fprintf(stderr,
                "warning: the daemon has not read that and would refuse it; this plan is of "
                "version %lld of '%s', as it was read before\n",
                (long long)cli_field_int(plan, "version"), cli_field(plan, "template"));
}

static void tell_newer(const struct cli *c, const json_t *plan,
                       const struct qund_sop_template *file)
{
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0}, answer = {0};
    json_t *kept;

    qund_buf_printf(&path, "/api/v1/sop/templates/%s?version=%lld", cli_field(plan, "template"),
                    (long long)cli_field_int(plan, "version"));
    if (cli_ask(c, "GET", path.p, QUND_STR_NONE, &answer) != EXIT_FINE)
        return;
    kept = cli_json(qund_buf_view(&answer));
    if (cli_field(kept, "digest")[0] && strcmp(cli_field(kept, "digest"), file->digest) != 0)
        fprintf(stderr,
                "warning: %s says something else than version %lld, which the daemon has read and "
                "this plan is of; SIGHUP makes it read the files again\n",
                file->source.p, (long long)cli_field_int(plan, "version"));
    json_decref(kept);
}

void cli_plan_files(const struct cli *c, const json_t *plan)
{
    QUND_AUTO(qund_buf_done) struct qund_buf answer = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_sop_templates_free) struct qund_sop_templates *set = NULL;
    const struct qund_sop_template *file = NULL;
    json_t *status;

    if (cli_ask(c, "GET", "/api/v1/status", QUND_STR_NONE, &answer) != EXIT_FINE)
        return;
    status = cli_json(qund_buf_view(&answer));
    qund_errs_init(&errs, ERRORS_MAX);
    set = read_files(json_object_get(status, "sop_dirs"), &errs);
    json_decref(status);
    if (set)
        file = qund_sop_templates_find(set, qund_str(cli_field(plan, "template")));
    if (!set && errs.n > 0)
        tell_broken(plan, &errs);
    else if (file)
        tell_newer(c, plan, file);
}
