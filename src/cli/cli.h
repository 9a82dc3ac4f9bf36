/* src/cli/cli.h - the command line: one file a subcommand, one row each in cli.c. */
#ifndef QUND_CLI_CLI_H
#define QUND_CLI_CLI_H
#include "app/local.h"
#include "config/config.h"
#include "core/core.h"
#include "net/ask.h"
#include <jansson.h>
#include <signal.h>
#include <stdio.h>

/* Exit codes: 0 done, 1 found wrong or failed, 2 the command line is wrong. */
enum { EXIT_FINE = 0, EXIT_WRONG = 1, EXIT_USAGE = 2 };

/* An option of a subcommand. A flag takes no value. */
struct cli_opt {
    const char *name; /* "--days" */
    const char *arg;  /* "N" in the help; NULL: a flag */
    const char *help;
};
#define CLI_OPTS_MAX 16
#define CLI_ARGS_MAX 256
#define CLI_PAIRS_MAX 64
#define CLI_PAIR "K=V" /* the arg of an option that may be given several times */

struct cli_cmd;
struct cli {
    const struct cli_cmd *cmd;
    const char *data; /* --data, QUND_DATA, ./data */
    bool data_given;
    const char *config;               /* --config, QUND_CONFIG; NULL: the embedded default */
    bool json;                        /* --json: for scripts */
    const char *values[CLI_OPTS_MAX]; /* by index of cmd->opts; flags: "" when given */
    const char *args[CLI_ARGS_MAX];   /* the rest, in order */
    size_t n_args;
    struct cli_pair {
        const char *opt, *value;
    } pairs[CLI_PAIRS_MAX]; /* of options whose arg is CLI_PAIR, in order */
    size_t n_pairs;
};
struct cli_cmd {
    const char *name, *usage; /* "replay", "FILE [--virtual] …" */
    const char *summary;
    const char *more; /* further lines of --help, or NULL */
    const struct cli_opt *opts;
    size_t n_opts;
    size_t min_args, max_args;
    size_t files_from; /* the words from this one (1: the first) may name files; 0: none */
    int (*run)(struct cli *c);
    bool hidden;
};
/* The value of an option, NULL when it was not given. */
const char *cli_opt(const struct cli *c, const char *name);

int qund_cli(int argc, char **argv);

/* --- what several subcommands do (common.c) --- */
/* "qund: where: text" on stderr; returns EXIT_WRONG. */
int cli_fail(const struct qund_err *err);
/* What a refused plan says of itself, {problems: [{where, text}]}, a line each; false: nothing. */
bool cli_print_problems(const json_t *found);
/* The same for what the daemon should have answered: says so when one holds the folder, but does
 * not answer yet, or no longer. */
int cli_fail_daemon(const struct cli *c, struct qund_err *err);
int cli_fail_all(const struct qund_errs *errs);
/* What a check has found: warnings, errors, or `fine`; as JSON with --json (check.c). */
int cli_report(const struct cli *c, const struct qund_errs *errs, const struct qund_errs *warnings,
               const char *fine);
int cli_usage(const struct cli *c, const char *fmt, ...) QUND_PRINTF(2, 3);
/* The exit code, once everything printed has arrived. A reader that has seen enough (`| head`) is
 * no error; a full disk is. */
int cli_output_end(int code);
/* The configuration the command line names. Errors are printed: NULL. */
struct qund_config *cli_config(const struct cli *c);
/* The same, and the plugins say which kinds there are and read their keys; NULL: nobody does. */
struct qund_plugins;
struct qund_config *cli_config_kinds(const struct cli *c, struct qund_plugins *plugins);
struct qund_log *cli_log(const struct cli *c); /* quiet: warnings on stderr */
/* Is a daemon up on this data folder? */
bool cli_daemon(const struct cli *c);
/* Asks the daemon; a status of 400 and more is printed as an error. EXIT_FINE, EXIT_WRONG. */
int cli_ask(const struct cli *c, const char *method, const char *path, struct qund_str body,
            struct qund_buf *answer);
/* The engine on this data folder, no daemon running; how: CLI_MUST_EXIST (else a new folder is
 * made), CLI_RULES (else it takes commands alone). Errors are printed: NULL. */
enum { CLI_MUST_EXIST = 1, CLI_RULES = 2 };
struct qund_local *cli_local(const struct cli *c, unsigned how);
/* A command on this store, by the way that is open: the daemon's API, or this process. */
int cli_command(const struct cli *c, const char *method, const char *path, const char *name,
                struct qund_str body, struct qund_buf *reply);
/* The store for reading, beside a daemon or not. Errors are printed: NULL. */
struct qund_db *cli_db(const struct cli *c);
struct qund_zone;
/* The installation's zone, in which people are shown times: as the daemon runs it, else as the
 * configuration says, else the default. Never NULL. */
struct qund_zone *cli_zone(const struct cli *c);
/* A speed of time. False: no figure, or one that is out of bounds; CLI_SPEED says which are good.
 */
#define CLI_SPEED "a number from 0.001 to 1000000"
bool cli_speed(const char *word, double *out);
/* "2025-09-15 20:12" */
void cli_print_time(const struct qund_zone *z, int64_t utc_ms);
/* Chat text is text: what would move the cursor or turn the line is shown as a blank. */
void cli_print_text(struct qund_str s);
void cli_print_json(struct qund_str json); /* and a line end */

/* Ctrl-C and SIGTERM, asked about between two pieces of work (stop.c). */
struct cli_stop {
    sigset_t set;
    bool asked;
};
void cli_stop_begin(struct cli_stop *s); /* from here on they do nothing by themselves */
bool cli_stopped(struct cli_stop *s);
bool cli_stop_wait(struct cli_stop *s, int64_t ms); /* true at once when it comes */
/* True: a daemon is about to be there (it holds the folder and does not answer yet), and another
 * try is worth while; the first says so on stderr. False: nobody is, or it takes too long. */
struct cli_wait {
    int64_t since_ms; /* 0: not yet */
};
bool cli_wait_daemon(const struct cli *c, struct cli_wait *w, struct cli_stop *stop);

/* A file that a command reads, "-" being standard input; at most 1 GiB (FULL). */
QUND_CHECK int cli_read(const char *name, struct qund_buf *out, struct qund_err *err);
/* A file that a command writes (out.c): there whole, or as it was before. NULL and "-" are standard
 * output; a pipe or a device is written as it comes. On a failure there is nothing to close. */
struct cli_out {
    const char *name;
    FILE *to;
    char *path, *tmp; /* of a file: its place, and what is renamed to it */
};
QUND_CHECK int cli_out_open(const struct cli *c, const char *name, struct cli_out *o,
                            struct qund_err *err);
/* rc < 0: dropped. Else the file is put in place. Returns rc, or what went wrong with *err. */
QUND_CHECK int cli_out_close(struct cli_out *o, int rc, struct qund_err *err);
/* Refused: what lies in the data folder, and a name whose folder is not there. */
QUND_CHECK int cli_out_allowed(const struct cli *c, const char *name, struct qund_err *err);

/* An event's own time, 0 when it has none (or is none: that is found when it is decoded). */
int64_t cli_event_ts(struct qund_str line);

/* Columns that a terminal gives a text: Han, kana and most emoji take two. */
size_t cli_width(struct qund_str s);
/* The longest beginning that takes no more; "…" at its end when something was left out. */
void cli_fit(struct qund_str s, size_t columns, struct qund_buf *out);
/* Rows of cells, printed in columns as wide as their widest; the last one as it is. */
#define CLI_CELLS 8
struct cli_row {
    char *cell[CLI_CELLS]; /* owned; NULL: empty */
};
struct cli_table {
    struct cli_row *v;
    size_t n, cap, cells;
    size_t max[CLI_CELLS]; /* widest a column gets; 0: as needed */
};
void cli_table_row(struct cli_table *t); /* a new one, which _put fills */
void cli_table_put(struct cli_table *t, size_t cell, const char *fmt, ...) QUND_PRINTF(3, 4);
void cli_table_print(struct cli_table *t); /* and it is empty again */

/* A bar on stderr when that is a terminal. */
struct cli_bar {
    const char *what;
    int64_t total, shown_ms;
    bool on;
};
void cli_bar_begin(struct cli_bar *b, const char *what, int64_t total);
void cli_bar_at(struct cli_bar *b, int64_t done);
void cli_bar_end(struct cli_bar *b);

/* --- the subcommands --- */
int cli_serve(struct cli *c);
int cli_check(struct cli *c);
int cli_replay(struct cli *c);
int cli_simulate(struct cli *c);
int cli_sop(struct cli *c);
int cli_plan(struct cli *c);
int cli_task(struct cli *c);
int cli_content(struct cli *c);
int cli_watch(struct cli *c);
int cli_explain(struct cli *c);
int cli_backtest(struct cli *c);
int cli_search(struct cli *c);
int cli_dead(struct cli *c);
int cli_alert(struct cli *c);
int cli_digest(struct cli *c);
int cli_import(struct cli *c);
int cli_export(struct cli *c);
int cli_backup(struct cli *c);
int cli_restore(struct cli *c);
int cli_token(struct cli *c);
int cli_status(struct cli *c);
int cli_doctor(struct cli *c);
int cli_version(struct cli *c);
int cli_compile_rules(struct cli *c);
int cli_lean_features(struct cli *c);
int cli_probe_plugin(struct cli *c);
#endif
