/* src/cli/small.c - subcommands of a few lines. */
#include "cli/cli.h"
#include "core/file.h"
#include "plugin/plugin.h"
#include "text/fold.h"
#include "text/lean.h"
#include "text/match.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int cli_compile_rules(struct cli *c)
{
    (void)c;
    return qund_match_compile_main(STDIN_FILENO, STDOUT_FILENO);
}

/* For scripts/train-lean: the program alone knows how it folds and what it cuts texts into. */
int cli_lean_features(struct cli *c)
{
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    json_error_t why;
    int code = EXIT_FINE;

    (void)c;
    while (code == EXIT_FINE && (n = getline(&line, &cap, stdin)) > 0) {
        json_t *text = json_loadb(line, (size_t)n, JSON_DECODE_ANY, &why);
        struct qund_str s = {json_string_value(text), json_string_length(text)};

        qund_buf_clear(&out);
        if (!s.p || qund_fold_message(qund_fold_tables(), s, &folded) < 0)
            code = EXIT_WRONG;
        else
            qund_lean_features(qund_buf_view(&folded.text), &out);
        printf("%.*s\n", QUND_STR_ARG(qund_buf_view(&out)));
        json_decref(text);
    }
    free(line);
    return code;
}

int cli_probe_plugin(struct cli *c)
{
    return qund_plugin_probe_main(c->args[0], STDOUT_FILENO);
}

/* {"intake":{"full":false}} → "intake.full  false" */
static void print_flat(const char *prefix, const json_t *o)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)o, key, v)
    {
        QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
        char *text;

        qund_buf_printf(&name, "%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_object(v)) {
            print_flat(name.p, v);
            continue;
        }
        text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
        printf("%-20s %s\n", name.p, json_is_string(v) ? json_string_value(v) : text);
        free(text);
    }
}

/* The answer to /readyz as the first lines: that is what somebody asks for who types `status`. */
static void print_ready(const struct cli *c)
{
    QUND_AUTO(qund_free_str) char *sock = qund_path_join(c->data, "qund.sock");
    QUND_AUTO(qund_ask_close) struct qund_ask *a = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf answer = {0};
    json_error_t why;
    json_t *o, *v;
    size_t i;
    int status = 0;

    if (qund_ask_open(sock, &a, NULL) < 0 ||
        qund_ask(a, &(struct qund_question){.method = "GET", .path = "/readyz"}, &status, &answer,
                 NULL) < 0)
        return;
    o = json_loadb(answer.p, answer.n, 0, &why);
    printf("%-20s %s\n", "ready", status == 200 ? "yes" : "no: events are refused");
    json_array_foreach(json_object_get(o, "degraded"), i, v)
        printf("%-20s %s\n", "degraded", json_string_value(v));
    json_decref(o);
}

int cli_status(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf answer = {0};
    json_error_t why;
    json_t *o;
    int rc = cli_ask(c, "GET", "/api/v1/status", QUND_STR_NONE, &answer);

    if (rc != EXIT_FINE)
        return rc;
    if (c->json) {
        cli_print_json(qund_buf_view(&answer));
        return EXIT_FINE;
    }
    print_ready(c);
    o = json_loadb(answer.p, answer.n, 0, &why);
    print_flat("", o);
    json_decref(o);
    return EXIT_FINE;
}
