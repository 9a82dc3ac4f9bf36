/* src/cli/acts.h - what is listed, shown and acted on by its number. */
#ifndef QUND_CLI_ACTS_H
#define QUND_CLI_ACTS_H
#include "cli/cli.h"

/* A verb: POST /api/v1/<what>s/<id>/<name>, or the command in this process. */
struct cli_act {
    const char *name, *command;
    const char *word,
        *key; /* what it wants beside the number, and the body's key for it; or NULL */
};
struct cli_acts {
    const char *what; /* "task" */
    char letter;      /* may stand before the number, as cards write it: 'T'; 0: none */
    const struct cli_act *v;
    size_t n; /* at most 8 */
    int (*list)(struct cli *c);
    int (*show)(struct cli *c, int64_t id); /* also what an act has made of it */
};
/* The subcommand whose words are c->args. An exit code. */
int cli_acts_run(struct cli *c, const struct cli_acts *all);
#endif
