/* src/cli/cli.c - argv → a subcommand with its options. Everything about the command line stands in
 * the table: parser, help and errors are made from it. */
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>

static const struct cli_opt SERVE[] = {
    {"--listen", "HOST:PORT|unix:PATH", "where the API listens (default 127.0.0.1:8720)"},
    {"--virtual", "SPEED|max",
     "time is the events' own, run this much faster in between; only on a "
     "new data folder"},
};
static const struct cli_opt REPLAY[] = {
    {"--virtual", NULL, "in this process, on a store of its own, as fast as it goes"},
    {"--speed", "N", "N times as fast as it happened (default: at once)"},
    {"--max-gap", "DURATION", "longer silences are cut to this (with --speed)"},
    {"--deliver", NULL, "let what follows from it leave the machine"},
    {"--channel", "NAME", "the channel it comes from (default: replay)"},
};
static const struct cli_opt WATCH[] = {
    {"--only", "KIND", "message, alert, delivery or auto"},
    {"--once", NULL, "end when the daemon does, instead of waiting for it"},
};
static const struct cli_opt BACKTEST[] = {
    {"--days", "N", "how far back (default 30)"},
};
static const struct cli_opt SEARCH[] = {
    {"--group", "ID", "only this group's number"},
    {"--limit", "N", "at most so many (default 20)"},
};
static const struct cli_opt DIGEST[] = {
    {"--day", "YYYY-MM-DD", "which day (default: today)"},
    {"--at", "HH:MM", "when a day ends and the next begins (default: midnight)"},
};
static const struct cli_opt SIMULATE[] = {
    {"--group", "TYPE|GROUP", "home, ecommerce, course, ticketing or other; of --org: id or name"},
    {"--start", "WHEN", "\"2026-09-01 08:00\" on the group's clock, a date, or ISO 8601"},
    {"--event", "WHEN", "the event's start, T; default: so that the first step comes soon"},
    {"--scenario", "NAME", "silent (the default), normal, complaint or absent-staff"},
    {"--messages", "FILE", "a recorded chat, its first day laid onto the start's"},
    {"--only", "GROUP", "of the recorded groups only this one"},
    {"--org", "FILE", "staff and groups of this org file instead of made ones"},
    {"--param", CLI_PAIR, "a parameter of the template; may be given several times"},
    {"--days", "N", "stop then (default: when the plan is over)"},
    {"--groups", "N", "so many groups (default 1)"},
    {"--customers", "N", "so many customers in each (default 40)"},
    {"--zone", "ZONE", "of made groups (default: time.zone)"},
    {"--seed", "N", "other people, other minutes"},
    {"--full", NULL, "contents in full, not their first line"},
    {"--save", "FILE", "the timeline there as JSON lines, too"},
};
static const struct cli_opt SOP[] = {
    {"--full", NULL, "show: contents in full, not their first line"},
};
static const struct cli_opt PLAN[] = {
    {"--group", "GROUP,…", "create: numbers or names of groups; list: a number"},
    {"--type", "TYPE,…", "create: every group of the type"},
    {"--tag", "TAG,…", "create: every group with the tag"},
    {"--contact", "ID,…", "create: people, by their numbers"},
    {"--start", "WHEN", "when it begins (default: now)"},
    {"--event", "WHEN", "the event's start, T"},
    {"--until", "WHEN", "nobody's run begins after it"},
    {"--param", CLI_PAIR, "a parameter of the template; may be given several times"},
    {"--figure", CLI_PAIR, "a figure that is kept by hand (stock.box=80, capacity=60)"},
    {"--name", "TEXT", "what it is called (default: the template's title)"},
    {"--version", "N|latest", "of the template; edit: takes this one"},
    {"--deliver", "HOW", "person (staff post, the default), confirm (they tap) or direct"},
    {"--force", NULL, "create: although posts clash with a cap"},
    {"--reason", "TEXT", "pause, resume, cancel: for the record"},
    {"--state", "STATE", "list: running, paused, finished or cancelled"},
    {"--off", NULL, "flag: it is so no longer"},
};
static const struct cli_opt TASK[] = {
    {"--day", "YYYY-MM-DD", "list: due on that day (default: today)"},
    {"--all", NULL, "list: whatever is not finished, of any day"},
    {"--plan", "ID", "list: of this plan"},
    {"--group", "ID", "list: of this group"},
    {"--state", "STATE", "list: planned, held, ready, pushed, seen, done, skipped, expired, …"},
    {"--note", "TEXT", "what was done, why not, or what the next one should know"},
    {"--number", "N", "done: a figure that belongs to it"},
    {"--full", NULL, "contents in full, not their first line"},
};
static const struct cli_opt CONTENT[] = {
    {"--days", "N", "so many days from now (default 14)"},
    {"--plan", "ID", "of this plan alone"},
    {"--group", "ID", "in this group alone"},
    {"--missing", NULL, "only what is not ready: drafts, and words that somebody must give"},
    {"--full", NULL, "contents in full, not their first line"},
};
static const struct cli_opt ALERT[] = {
    {"--state", "STATE", "list: open (the default), acknowledged, resolved or all"},
    {"--note", "TEXT", "what was done, why, or what the next one should know"},
    {"--proof", "TEXT", "resolve: what shows that it was done"},
    {"--number", "N", "resolve: a figure that belongs to it"},
};
static const struct cli_opt IMPORT[] = {
    {"--dry-run", NULL, "check and match every row, keep nothing"},
    {"--format", "csv|jsonl", "default: by the file's name"},
    {"--errors", "FILE", "where refused rows go (default: FILE.errors.csv)"},
};
static const struct cli_opt EXPORT[] = {
    {"--format", "csv|jsonl", "default: jsonl for messages, else csv"},
};
static const struct cli_opt TOKEN[] = {
    {"--role", "ROLE", "admin, manager, operator, staff, viewer, auditor or ingest"},
    {"--channel", "NAME,…", "what an ingest token may send to (default: api)"},
    {"--name", "TEXT", "what it is for"},
};

#define OPTS(t) .opts = (t), .n_opts = QUND_ARRAY_LEN(t)

static const struct cli_cmd COMMANDS[] = {
    {.name = "serve", .usage = "", .summary = "run the daemon", OPTS(SERVE), .run = cli_serve},
    {.name = "check",
     .usage = "[FILE|FOLDER…]",
     .summary = "look over configuration, org file, rules and templates; all errors at once",
     .max_args = CLI_ARGS_MAX,
     .files_from = 1,
     .run = cli_check},
    {.name = "replay",
     .usage = "FILE",
     .summary = "play recorded events (one JSON object a line; - is standard input)",
     OPTS(REPLAY),
     .min_args = 1,
     .max_args = 1,
     .files_from = 1,
     .run = cli_replay},
    {.name = "simulate",
     .usage = "TEMPLATE",
     .summary = "two weeks of a plan in a second: who says what when, what comes of it",
     .more = "TEMPLATE: an id of `qund sop list`, or a file (checked and played).",
     OPTS(SIMULATE),
     .min_args = 1,
     .max_args = 1,
     .files_from = 1,
     .run = cli_simulate},
    {.name = "sop",
     .usage = "list|show ID|versions ID|check FILE|FOLDER…",
     .summary = "templates: who says what when, and what if nothing comes of it",
     OPTS(SOP),
     .min_args = 1,
     .max_args = CLI_ARGS_MAX,
     .files_from = 2,
     .run = cli_sop},
    {.name = "plan",
     .usage = "create TEMPLATE|preview TEMPLATE|list|show ID|pause ID|resume ID|edit ID|cancel ID|"
              "clone ID|flag ID FLAG|set ID NAME NUMBER",
     .summary = "a template applied to groups or people from a date on",
     OPTS(PLAN),
     .min_args = 1,
     .max_args = 4,
     .run = cli_plan},
    {.name = "task",
     .usage = "list|show ID|done ID|fail ID|postpone ID WHEN|hand-over ID STAFF|urge ID",
     .summary = "what the staff are to say today, and what became of it",
     OPTS(TASK),
     .min_args = 1,
     .max_args = 3,
     .run = cli_task},
    {.name = "content",
     .usage = "",
     .summary = "what running plans will say in the next two weeks, and what is missing for it",
     OPTS(CONTENT),
     .run = cli_content},
    {.name = "watch",
     .usage = "",
     .summary = "messages, hits, alerts and deliveries as they happen",
     OPTS(WATCH),
     .run = cli_watch},
    {.name = "explain",
     .usage = "EVENT RULE",
     .summary =
         "each condition of a rule with its truth value (EVENT: a message's seq, its id, or JSON)",
     .min_args = 2,
     .max_args = 2,
     .run = cli_explain},
    {.name = "backtest",
     .usage = "RULE|FILE",
     .summary = "what a rule would have hit in stored messages",
     OPTS(BACKTEST),
     .min_args = 1,
     .max_args = 1,
     .files_from = 1,
     .run = cli_backtest},
    {.name = "search",
     .usage = "WORDS",
     .summary = "messages that say this, the latest month first",
     OPTS(SEARCH),
     .min_args = 1,
     .max_args = 16,
     .run = cli_search},
    {.name = "alert",
     .usage = "list|show ID|ack ID|resolve ID|reopen ID|irrelevant ID|snooze ID WHEN|handover ID "
              "STAFF",
     .summary = "reminders, and what is done about them",
     OPTS(ALERT),
     .min_args = 1,
     .max_args = 3,
     .run = cli_alert},
    {.name = "digest",
     .usage = "GROUP",
     .summary = "the day of a group on one page: asked, answered, open, who came, words",
     OPTS(DIGEST),
     .min_args = 1,
     .max_args = 1,
     .run = cli_digest},
    {.name = "dead",
     .usage = "list|show ID|retry ID|drop ID",
     .summary = "what could not be applied, and what to do with it",
     .min_args = 1,
     .max_args = 2,
     .run = cli_dead},
    {.name = "import",
     .usage = "contacts|leads|staff|orders FILE",
     .summary = "rows of a CSV or JSONL file; a repeat goes on where it stopped; rows without a "
                "realm land in realm import",
     OPTS(IMPORT),
     .min_args = 2,
     .max_args = 2,
     .files_from = 2,
     .run = cli_import},
    {.name = "export",
     .usage = "contacts|leads|staff|orders|households|org|messages [FILE]",
     .summary = "write everything of a kind",
     OPTS(EXPORT),
     .min_args = 1,
     .max_args = 2,
     .files_from = 2,
     .run = cli_export},
    {.name = "backup",
     .usage = "FOLDER",
     .summary = "copy the store, also while the daemon writes",
     .min_args = 1,
     .max_args = 1,
     .files_from = 1,
     .run = cli_backup},
    {.name = "restore",
     .usage = "FOLDER|FILE",
     .summary = "put a backup in place (daemon stopped)",
     .min_args = 1,
     .max_args = 1,
     .files_from = 1,
     .run = cli_restore},
    {.name = "token",
     .usage = "create|list|revoke ID",
     .summary = "who may use the API",
     OPTS(TOKEN),
     .min_args = 1,
     .max_args = 2,
     .run = cli_token},
    {.name = "status", .usage = "", .summary = "how the running daemon is", .run = cli_status},
    {.name = "doctor",
     .usage = "",
     .summary = "look for what commonly goes wrong",
     .run = cli_doctor},
    {.name = "version", .usage = "", .summary = "of the program and its parts", .run = cli_version},
    {.name = "compile-rules",
     .usage = "",
     .summary = "patterns in, compiled form out",
     .run = cli_compile_rules,
     .hidden = true},
    {.name = "lean-features",
     .usage = "",
     .summary = "texts in, a JSON string a line; what leanings are made of out",
     .run = cli_lean_features,
     .hidden = true},
    {.name = "probe-plugin",
     .usage = "FILE",
     .summary = "a plugin's file in, what it is out",
     .min_args = 1,
     .max_args = 1,
     .files_from = 1,
     .run = cli_probe_plugin,
     .hidden = true},
};

static const char GLOBALS[] = "  --data DIR       the data folder (QUND_DATA; default ./data)\n"
                              "  --config FILE    the configuration (QUND_CONFIG)\n"
                              "  --json           answers for scripts\n"
                              "  --help           this\n";

static void help_all(FILE *to)
{
    fprintf(to, "usage: qund COMMAND [options]\n\n");
    for (size_t i = 0; i < QUND_ARRAY_LEN(COMMANDS); i++)
        if (!COMMANDS[i].hidden)
            fprintf(to, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
    fprintf(to, "\nEverywhere:\n%s\nqund COMMAND --help says more.\n", GLOBALS);
}

static void help_one(const struct cli_cmd *cmd)
{
    printf("usage: qund %s%s%s%s\n\n%s\n", cmd->name, cmd->n_opts ? " [options]" : "",
           *cmd->usage ? " " : "", cmd->usage, cmd->summary);
    if (cmd->more)
        printf("%s\n", cmd->more);
    if (cmd->n_opts > 0)
        printf("\n");
    for (size_t i = 0; i < cmd->n_opts; i++) {
        const struct cli_opt *o = &cmd->opts[i];
        int pad =
            26 - (int)strlen(o->name) - (o->arg ? (int)qund_utf8_count(qund_str(o->arg)) + 1 : 0);

        printf("  %s%s%s%*s %s\n", o->name, o->arg ? " " : "", o->arg ? o->arg : "",
               pad > 0 ? pad : 0, "", o->help);
    }
    printf("\n%s\nexit: 0 done, 1 found wrong or failed, 2 the command line is wrong\n", GLOBALS);
}

static const struct cli_cmd *find(const char *name)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(COMMANDS); i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    return NULL;
}

const char *cli_opt(const struct cli *c, const char *name)
{
    for (size_t i = 0; i < c->cmd->n_opts; i++)
        if (strcmp(c->cmd->opts[i].name, name) == 0)
            return c->values[i];
    return NULL;
}

/* "--name=value" or "--name value"; *used counts the words taken. NULL: no such option. */
static const char **slot_of(struct cli *c, const char *word, bool *flag)
{
    size_t n = strcspn(word, "=");

    *flag = false;
    if (n == 6 && strncmp(word, "--data", n) == 0)
        return &c->data;
    if (n == 8 && strncmp(word, "--config", n) == 0)
        return &c->config;
    for (size_t i = 0; i < c->cmd->n_opts; i++)
        if (strlen(c->cmd->opts[i].name) == n && strncmp(word, c->cmd->opts[i].name, n) == 0) {
            *flag = c->cmd->opts[i].arg == NULL;
            return &c->values[i];
        }
    return NULL;
}

static bool is_pair(const struct cli *c, const char *const *slot)
{
    for (size_t i = 0; i < c->cmd->n_opts; i++)
        if (slot == &c->values[i])
            return c->cmd->opts[i].arg && strcmp(c->cmd->opts[i].arg, CLI_PAIR) == 0;
    return false;
}

/* -1: go on. */
static int keep_pair(struct cli *c, const char *const *slot)
{
    const char *name = c->cmd->opts[slot - c->values].name;

    if (!strchr(*slot, '='))
        return cli_usage(c, "%s wants name=value, not '%s'", name, *slot);
    if (c->n_pairs == CLI_PAIRS_MAX)
        return cli_usage(c, "more than %d times %s", CLI_PAIRS_MAX, name);
    c->pairs[c->n_pairs++] = (struct cli_pair){name, *slot};
    return -1;
}

static int unknown_option(const struct cli *c, const char *word)
{
    const char *known[CLI_OPTS_MAX + 4] = {"--data", "--config", "--json", "--help"};
    size_t n = 4;
    const char *near;

    for (size_t i = 0; i < c->cmd->n_opts; i++)
        known[n++] = c->cmd->opts[i].name;
    near = qund_str_nearest(qund_str(word), known, n);
    return near ? cli_usage(c, "unknown option %s; did you mean %s?", word, near)
                : cli_usage(c, "unknown option %s", word);
}

/* An option and, for most, the word behind it; *i is moved behind what was taken. -1: go on. */
static int parse_option(struct cli *c, int argc, char **argv, int *i)
{
    const char *word = argv[*i], *eq = strchr(word, '=');
    bool flag;
    const char **slot = slot_of(c, word, &flag);

    if (!slot)
        return unknown_option(c, word);
    if (flag && eq)
        return cli_usage(c, "%.*s takes no value", (int)(eq - word), word);
    if (!flag && !eq && ++*i == argc)
        return cli_usage(c, "%s wants a value", word);
    *slot = flag ? "" : eq ? eq + 1 : argv[*i];
    /* "--data $UNSET" must not mean the default folder. */
    if ((slot == &c->data || slot == &c->config) && !**slot)
        return cli_usage(c, "%s is empty", slot == &c->data ? "--data" : "--config");
    return is_pair(c, slot) ? keep_pair(c, slot) : -1;
}

/* A file's name is whatever bytes the disk holds; every other word is text. -1: go on. */
static int check_text(const struct cli *c)
{
    static const char WHY[] = "is not UTF-8; does the terminal send another encoding, such as GBK?";

    for (size_t i = 0; i < c->n_args; i++)
        if ((c->cmd->files_from == 0 || i + 1 < c->cmd->files_from) &&
            qund_utf8_check(qund_str(c->args[i])) >= 0)
            return cli_usage(c, "word %zu %s", i + 1, WHY);
    for (size_t i = 0; i < c->n_pairs; i++)
        if (qund_utf8_check(qund_str(c->pairs[i].value)) >= 0)
            return cli_usage(c, "a value of %s %s", c->pairs[i].opt, WHY);
    for (size_t i = 0; i < c->cmd->n_opts; i++)
        if (c->values[i] && (!c->cmd->opts[i].arg || strcmp(c->cmd->opts[i].arg, "FILE") != 0) &&
            qund_utf8_check(qund_str(c->values[i])) >= 0)
            return cli_usage(c, "the value of %s %s", c->cmd->opts[i].name, WHY);
    return -1;
}

/* What was not given: of words that come one after the other those that are left. */
static int missing(const struct cli *c)
{
    const char *what = c->cmd->usage;

    for (size_t i = 0; i < c->n_args && strchr(what, ' '); i++)
        what = strchr(what, ' ') + 1;
    return cli_usage(c, "something is missing: %s", what);
}

/* -1: go on; else the exit code. */
static int parse(struct cli *c, int argc, char **argv)
{
    bool words_only = false;

    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        int rc;

        if (strcmp(word, "--") == 0 && !words_only) {
            words_only = true;
            continue;
        }
        if (words_only || strncmp(word, "-", 1) != 0 || strcmp(word, "-") == 0) {
            if (c->n_args == c->cmd->max_args || c->n_args == CLI_ARGS_MAX)
                return cli_usage(c, "too many words at '%s'", word);
            c->args[c->n_args++] = word;
            continue;
        }
        if (strcmp(word, "--json") == 0) {
            c->json = true;
            continue;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            help_one(c->cmd);
            return EXIT_FINE;
        }
        rc = parse_option(c, argc, argv, &i);
        if (rc >= 0)
            return rc;
    }
    if (c->n_args < c->cmd->min_args)
        return missing(c);
    return check_text(c);
}

int qund_cli(int argc, char **argv)
{
    const char *names[QUND_ARRAY_LEN(COMMANDS)];
    struct cli c = {.data = getenv("QUND_DATA"), .config = getenv("QUND_CONFIG")};
    int rc;

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help_all(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_FINE;
    }
    c.cmd = find(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
    if (!c.cmd) {
        const char *near;

        for (size_t i = 0; i < QUND_ARRAY_LEN(COMMANDS); i++)
            names[i] = COMMANDS[i].name;
        near = qund_str_nearest(qund_str(argv[1]), names, QUND_ARRAY_LEN(names));
        fprintf(stderr, "qund: no command '%s'%s%s; see qund --help\n", argv[1],
                near ? "; did you mean " : "", near ? near : "");
        return EXIT_USAGE;
    }
    rc = parse(&c, argc - 2, argv + 2);
    if (rc >= 0)
        return rc;
    c.data_given = c.data && *c.data;
    if (!c.data_given)
        c.data = "./data";
    if (c.config && !*c.config)
        c.config = NULL;
    return cli_output_end(c.cmd->run(&c));
}
