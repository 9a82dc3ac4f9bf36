/* src/cli/watch.c - the live feed as lines for people: time, group, who, what; under a message the
 * intents found in it; alerts and deliveries marked.
 *
 * Whoever watches leaves it open for days. A daemon that stops, or is updated, comes back: then the
 * watching goes on, and a line says what time was missed. */
#include "app/vault.h"
#include "cli/cli.h"
#include "core/file.h"
#include "core/zone.h"
#include "net/feed.h"
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

struct watch {
    const struct cli *c;
    const char *only;
    const struct qund_zone *zone;
    bool color;
    struct cli_stop stop;
    int64_t lost_ms; /* when the daemon went, 0: it is there */
};

#define AGAIN_LEAST_MS 250
#define AGAIN_MOST_MS 5000

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* Who has no name is shown by the platform's id. */
static const char *name_of(const json_t *o, const char *name, const char *id)
{
    const char *s = text_of(o, name);

    return *s ? s : text_of(o, id);
}

static void put_clock(const struct watch *w, const char *iso)
{
    struct qund_civil t;
    int64_t ms;

    if (qund_iso_parse(qund_str(iso), &ms) < 0) {
        fputs("--:--:--", stdout);
        return;
    }
    qund_zone_civil(w->zone, ms, &t);
    printf("%02d:%02d:%02d", t.hour, t.minute, t.second);
}

static void put_text(const char *s, size_t max_chars)
{
    struct qund_str t = qund_utf8_cut_chars(qund_str(s), max_chars);

    cli_print_text(t);
    if (t.n < strlen(s))
        fputs("…", stdout);
}

static void put_list(const struct watch *w, const json_t *list, const char *mark)
{
    size_t i;
    json_t *v;

    if (json_array_size(list) == 0)
        return;
    printf("%s         %s", w->color ? "\033[36m" : "", mark);
    json_array_foreach(list, i, v)
    {
        fputs(i ? ", " : " ", stdout);
        cli_print_text(qund_str(json_string_value(v) ? json_string_value(v) : "?"));
    }
    printf("%s\n", w->color ? "\033[0m" : "");
}

static void message(const struct watch *w, const json_t *o)
{
    put_clock(w, text_of(o, "ts"));
    printf(" %s[", w->color ? "\033[2m" : "");
    put_text(name_of(o, "group_name", "group"), 12);
    printf("]%s ", w->color ? "\033[0m" : "");
    put_text(name_of(o, "sender_name", "sender"), 16);
    if (strcmp(text_of(o, "sender_role"), "staff") == 0)
        fputs("*", stdout);
    fputs(": ", stdout);
    if (strcmp(text_of(o, "type"), "message") != 0) {
        putchar('(');
        put_text(text_of(o, "type"), 40);
        fputs(") ", stdout);
    }
    put_text(text_of(o, "text"), 100);
    putchar('\n');
    put_list(w, json_object_get(o, "intents"), "→");
}

/* What somebody did about an alert; else it would look like the alert once more. */
static void deed(const struct watch *w, const json_t *o, const json_t *a)
{
    const char *by = text_of(a, "by");

    put_clock(w, text_of(o, "at"));
    printf(" ok alert %lld %s%s", (long long)json_integer_value(json_object_get(a, "id")),
           text_of(o, "deed"), *by ? " by " : "");
    put_text(by, 40);
    fputs(": ", stdout);
    put_text(text_of(a, "title"), 80);
    putchar('\n');
}

static void alert(const struct watch *w, const json_t *o)
{
    const json_t *a = json_object_get(o, "alert");

    if (*text_of(o, "deed")) {
        deed(w, o, a);
        return;
    }
    fputs(w->color ? "\033[1;31m" : "", stdout);
    put_clock(w, text_of(o, "at"));
    printf(" !! alert %lld %s -> %s: ", (long long)json_integer_value(json_object_get(a, "id")),
           text_of(a, "level"), text_of(a, "to"));
    put_text(text_of(a, "title"), 80);
    if (*text_of(a, "quote")) { /* not every alert is about something that was said */
        fputs(" 「", stdout);
        put_text(text_of(a, "quote"), 40);
        fputs("」", stdout);
    }
    printf("%s\n", w->color ? "\033[0m" : "");
}

/* One that came back unsent because its leave had run out is queued as before: nothing happened. */
static void delivery(const struct watch *w, const json_t *o)
{
    if (strcmp(text_of(o, "event"), "returned") == 0)
        return;
    fputs(w->color ? "\033[32m" : "", stdout);
    put_clock(w, text_of(o, "at"));
    printf(" >> push %lld to %s: %s%s\n", (long long)json_integer_value(json_object_get(o, "id")),
           text_of(o, "target"), text_of(o, "event"), w->color ? "\033[0m" : "");
}

static void said(const struct watch *w, const json_t *o)
{
    const char *why = text_of(o, "why");

    fputs(w->color ? "\033[35m" : "", stdout);
    put_clock(w, text_of(o, "at"));
    printf(" <> %s by rule %s, %s%s%s%s: ", text_of(o, "act"), text_of(o, "rule"),
           text_of(o, "state"), *why ? " (" : "", why, *why ? ")" : "");
    put_text(text_of(o, "text"), 60);
    printf("%s\n", w->color ? "\033[0m" : "");
}

static void up(void *arg)
{
    struct watch *w = arg;

    if (w->lost_ms > 0)
        fprintf(stderr, "qund: the daemon is back; %lld s were missed (see `qund search`)\n",
                (long long)((qund_mono_now().ms - w->lost_ms + 999) / 1000));
    w->lost_ms = 0;
}

static int show(struct qund_str text, void *arg)
{
    static const struct {
        const char *kind;
        void (*print)(const struct watch *w, const json_t *o);
    } KINDS[] = {{"message", message}, {"alert", alert}, {"delivery", delivery}, {"auto", said}};
    const struct watch *w = arg;
    json_error_t why;
    json_t *o = json_loadb(text.p, text.n, 0, &why);
    const char *kind = text_of(o, "kind");

    for (size_t i = 0; i < QUND_ARRAY_LEN(KINDS); i++) {
        if (strcmp(kind, KINDS[i].kind) != 0 || (w->only && strcmp(w->only, kind) != 0))
            continue;
        if (w->c->json)
            cli_print_json(text);
        else
            KINDS[i].print(w, o);
        fflush(stdout);
    }
    json_decref(o);
    return ferror(stdout) ? 1 : 0;
}

static bool interrupted(void *arg)
{
    struct watch *w = arg;

    return cli_stopped(&w->stop);
}

/* One connection after the other. 0: told to end, or nobody reads what is printed. */
static int watch(struct watch *w, const char *sock, bool once, struct qund_err *err)
{
    int64_t wait_ms = AGAIN_LEAST_MS;
    bool was_up = false;

    for (;;) {
        int rc = qund_feed_read(sock, "/api/v1/live",
                                &(struct qund_feed_calls){up, show, interrupted, w}, err);

        if (rc == 0 || cli_stopped(&w->stop))
            return 0;
        was_up = was_up || rc != QUND_E_AGAIN;
        if (rc == QUND_E_FULL) {
            /* A burst larger than what the daemon holds for one reader is left out, not the rest.
             */
            fprintf(stderr, "qund: more came at once than can be shown; some lines are left out "
                            "(see `qund search`)\n");
            continue;
        }
        if (once || !was_up)
            return rc;
        if (w->lost_ms == 0) {
            w->lost_ms = qund_mono_now().ms;
            wait_ms = AGAIN_LEAST_MS;
            fprintf(stderr, "qund: %s; trying until it is back, Ctrl-C ends\n", err->text);
        }
        if (cli_stop_wait(&w->stop, wait_ms))
            return 0;
        wait_ms = 2 * wait_ms < AGAIN_MOST_MS ? 2 * wait_ms : AGAIN_MOST_MS;
    }
}

int cli_watch(struct cli *c)
{
    QUND_AUTO(qund_free_str) char *sock = qund_path_join(c->data, "qund.sock");
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    static const char *const ONLY[] = {"message", "alert", "delivery", "auto"};
    struct watch w = {.c = c, .only = cli_opt(c, "--only"), .color = isatty(STDOUT_FILENO)};
    struct qund_err err = {0};
    int rc;

    if (w.only && qund_str_index(qund_str(w.only), ONLY, QUND_ARRAY_LEN(ONLY)) < 0)
        return cli_usage(c, "--only is message, alert, delivery or auto");
    cli_stop_begin(&w.stop);
    w.zone = zone = cli_zone(c);
    rc = watch(&w, sock, cli_opt(c, "--once") != NULL, &err);
    return rc < 0 ? cli_fail_daemon(c, &err) : EXIT_FINE;
}
