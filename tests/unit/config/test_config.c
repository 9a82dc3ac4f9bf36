/* test_config.c - the configuration: defaults, the sample, ten ways to get it wrong. */
#include "config/config.h"
#include "core/file.h"
#include "unit.h"
#include <unistd.h>

#define MANY 50

static struct qund_config *parse(const char *text)
{
    QUND_AUTO(qund_errs_done) struct qund_errs es;
    struct qund_config *c = NULL;

    qund_errs_init(&es, MANY);
    if (qund_config_parse("t.yaml", NULL, qund_str(text), &c, &es) < 0)
        fail_msg("%s: %s", es.n ? es.v[0].where : "?", es.n ? es.v[0].text : "?");
    return c;
}

static void defaults_are_what_the_documents_say(void **state)
{
    QUND_AUTO(qund_errs_done) struct qund_errs es;
    struct qund_config *c = NULL;

    (void)state;
    setenv("QUND_SHARE", QUND_SOURCE_DIR "/tests", 1);
    qund_errs_init(&es, MANY);
    assert_int_equal(qund_config_load(NULL, &c, &es), 0);
    unsetenv("QUND_SHARE");
    assert_null(c->path);
    assert_string_equal(c->http.listen, "127.0.0.1:8720");
    assert_null(c->http.public_url);
    assert_int_equal(c->http.max_body, 8 << 20);
    assert_int_equal(c->http.header_timeout_ms, 5000);
    assert_string_equal(c->queue.url, "managed");
    assert_string_equal(c->queue.prefix, "qund:");
    assert_int_equal(c->queue.durability, QUND_DURABILITY_DISK);
    assert_int_equal(c->queue.max_waiting, 1000000);
    assert_int_equal(c->store.retention_ms, INT64_C(365) * 86400000);
    assert_true(c->store.search);
    assert_string_equal(c->time.zone, "Asia/Shanghai");
    assert_int_equal(c->time.backfill_after_ms, 3600000);
    assert_int_equal(c->rules.dirs.n, 1);
    assert_string_equal(c->rules.dirs.v[0], QUND_SOURCE_DIR "/tests/rules");
    assert_int_equal(c->log.level, QUND_INFO);
    assert_int_equal(c->quiet.hours.from_min, 22 * 60);
    assert_int_equal(c->quiet.hours.to_min, 8 * 60);
    assert_int_equal(c->quiet.mode, QUND_QUIET_DELAY);
    assert_int_equal(qund_config_ladder(c, QUND_STR("complaint"))->step_ms[1], 15 * 60000);
    assert_int_equal(qund_config_ladder(c, QUND_STR("urgent"))->n, 1);
    assert_int_equal(c->n_channels, 2);
    assert_false(qund_config_channel(c, QUND_STR("api"))->trust_roles);
    assert_string_equal(qund_config_channel(c, QUND_STR("api"))->realm, "api");
    assert_int_equal(qund_config_channel(c, QUND_STR("api"))->lateness_ms, -1);
    assert_true(qund_config_channel(c, QUND_STR("replay"))->trust_roles);
    assert_true(qund_config_channel(c, QUND_STR("replay"))->live);
    assert_null(qund_config_channel(c, QUND_STR("other")));
    assert_null(qund_config_target(c, QUND_STR("other")));
    qund_config_unref(c);
}

static void the_sample_says_the_same_as_no_file(void **state)
{
    QUND_AUTO(qund_errs_done) struct qund_errs es;
    QUND_AUTO(qund_buf_done) struct qund_buf a = {0}, b = {0};
    struct qund_config *none = parse(""), *sample = NULL;

    (void)state;
    qund_errs_init(&es, MANY);
    if (qund_config_load(QUND_SOURCE_DIR "/config/qund.yaml", &sample, &es) < 0)
        fail_msg("%s: %s", es.v[0].where, es.v[0].text);
    qund_config_print(none, &a);
    qund_config_print(sample, &b);
    assert_string_equal(a.p, b.p);
    assert_string_equal(sample->path, QUND_SOURCE_DIR "/config/qund.yaml");
    qund_config_unref(none);
    qund_config_unref(sample);
}

/* As its first line promises. A row of the reference begins with its key: | `listen` | … */
static void the_sample_has_every_key(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf docs = {0}, sample = {0}, key = {0};
    struct qund_str rest;
    size_t keys = 0;

    (void)state;
    qund_config_doc(&docs);
    assert_int_equal(qund_file_read(QUND_SOURCE_DIR "/config/qund.yaml", 1 << 20, &sample, NULL),
                     0);
    for (rest = qund_buf_view(&docs); rest.p;) {
        struct qund_str row = qund_str_split(&rest, '\n');

        if (!qund_str_starts(row, "| `"))
            continue;
        row = qund_str_n(row.p + 3, row.n - 3);
        row = qund_str_split(&row, '`');
        qund_buf_clear(&key);
        qund_buf_printf(&key, " %.*s:", QUND_STR_ARG(row));
        if (!strstr(sample.p, key.p))
            fail_msg("config/qund.yaml lacks%s", key.p);
        keys++;
    }
    assert_true(keys > 60);
}

static int no_plugin(void *arg, const struct qund_config *c, const char *map, const char *kind,
                     struct qund_own *own, struct qund_err *err)
{
    (void)arg;
    (void)c;
    (void)map;
    (void)own;
    return qund_err_set(err, QUND_E_NOTFOUND, "kind", "no plugin '%s' here", kind);
}

static void broken_files_are_refused_with_every_error_and_its_place(void **state)
{
    static const struct {
        const char *file;
        const char *errors[8];
    } BAD[] = {
        {"unknown_key.yaml", {"2:3: unknown key 'lissten'; nearest known: 'listen'"}},
        {"unknown_section.yaml",
         {"1:1: unknown key 'htpp'; nearest known: 'http'",
          "3:1: unknown key 'zzzzzz'; known here: http, queue, store, time, rules, sop, org, "
          "leads, log, alert, quiet, auto, live, digest, net, plugins, channels, targets"}},
        {"all_at_once.yaml",
         {"2:13: http.max_body: a size is wanted here, such as 64KiB, 16MiB or 1GiB (found '8 "
          "MiB')",
          "3:13: http.per_peer: a whole number is wanted here (found 'many')",
          "4:19: http.header_timeout: a duration is wanted here, such as 250ms, 10s, 5m, 1h30m or "
          "7d (found '5')",
          "6:15: queue.durability: one of these is wanted here: disk, os (found 'maybe')",
          "8:11: store.search: true or false is wanted here (found 'yes')",
          "10:10: quiet.hours: a range of hours is wanted here, such as 22:00-08:00 (found "
          "'22-8')"}},
        {"out_of_bounds.yaml",
         {"2:13: http.max_body: out of bounds; allowed are 64KiB to 256MiB (found '1KiB')",
          "3:21: live.max_clients: out of bounds; allowed are 0 to 65536 (found '-1')",
          "4:20: store.retention: out of bounds; allowed are 1d to 36500d (found '1h')"}},
        {"wrong_shape.yaml",
         {"1:7: http: a map of keys is wanted here (found '5')",
          "3:11: queue.prefix: a single value is wanted here, not a list",
          "5:9: rules.dirs: a list of paths is wanted here (found 'rules')",
          "7:21: alert.ladders.normal: a list of durations is wanted here (found '10m')",
          "8:11: channels: a map of names is wanted here"}},
        {"duplicate.yaml", {"3:3: the key 'listen' stands here a second time"}},
        {"not_yaml.yaml", {"*"}},
        {"bad_addresses.yaml",
         {"1:16: http.listen: HOST:PORT, [::1]:PORT or unix:PATH is wanted here (found '8720')",
          "3:8: queue.url: managed, redis://HOST:PORT/DB or unix:PATH is wanted here (found "
          "'http://x')",
          "5:9: time.zone: no such zone below /usr/share/zoneinfo; check the name, or install "
          "tzdata (found 'Asia/Shangai')",
          "7:14: targets.ops.url: an address with https:// is wanted here",
          "8:9: targets.none.url: a target needs a url"}},
        {"bad_secret.yaml",
         {"2:19: queue.password.env: the variable 'QUND_TEST_NOT_SET' is not set",
          "5:10: targets.ops.url: text, {file: PATH} or {env: NAME} is wanted here, not a map",
          "6:5: 'secret' has no value; write one or remove the line"}},
        {"bad_names.yaml",
         {"2:3: channels: 'a b' is no name: 1 to 64 letters, digits, '-', '_' or '.'",
          "3:14: channels.ok.kind: no plugin 'mail' here",
          "5:21: alert.ladders.normal: 1 to 8 rising durations are wanted here, such as [10m, 30m, "
          "60m]",
          "5:41: alert.ladders.urgent: is empty; a ladder has 1 to 8 rising durations, such as "
          "[10m, 30m, 60m]",
          "7:8: targets.ops.url: a target needs a url",
          "7:15: targets.ops.kind: no plugin 'webhok' here; nearest of qund's own: 'webhook'"}},
        {"bad_through.yaml",
         {"2:24: channels.shop.send_through: no target is called 'dask'; nearest known: desk",
          "3:24: channels.yard.send_through: no target is called 'zzzzzzzz'"}},
        {"bad_paths.yaml",
         {"1:16: net.ca_file: cannot read it: No such file or directory; a file of roots in PEM is "
          "wanted here",
          "3:9: plugins.dirs: there is no folder " QUND_TEST_DATA "/config/no-such-folder"}},
        {"anchor.yaml",
         {"1:7: anchors (&), aliases (*) and tags (!) are not read; put the text in quotes or "
          "write it out"}},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        QUND_AUTO(qund_free_str) char *path = qund_path_join(QUND_TEST_DATA "/config", BAD[i].file);
        QUND_AUTO(qund_errs_done) struct qund_errs es;
        struct qund_config *c = NULL;
        size_t n = 0;

        qund_errs_init(&es, MANY);
        assert_int_equal(
            qund_config_load_kinds(path, &(struct qund_config_kinds){.find = no_plugin}, &c, &es),
            QUND_E_INVAL);
        assert_null(c);
        while (n < QUND_ARRAY_LEN(BAD[i].errors) && BAD[i].errors[n])
            n++;
        for (size_t k = 0; k < es.n; k++) {
            char got[600];
            const char *where = es.v[k].where + strlen(es.v[k].where);

            while (where > es.v[k].where && where[-1] != '/')
                where--;
            snprintf(got, sizeof(got), "%s: %s", where + strlen(BAD[i].file) + 1, es.v[k].text);
            assert_memory_equal(where, BAD[i].file, strlen(BAD[i].file));
            if (k >= n ||
                (strcmp(BAD[i].errors[k], "*") != 0 && strcmp(got, BAD[i].errors[k]) != 0))
                fail_msg("%s [%zu]: %s", BAD[i].file, k, got);
        }
        assert_int_equal(es.n, n);
    }
}

static void a_missing_file_is_named(void **state)
{
    QUND_AUTO(qund_errs_done) struct qund_errs es;
    struct qund_config *c = NULL;

    (void)state;
    qund_errs_init(&es, MANY);
    assert_int_equal(qund_config_load("/nonexistent/qund.yaml", &c, &es), QUND_E_NOTFOUND);
    assert_int_equal(es.n, 1);
    assert_string_equal(es.v[0].where, "/nonexistent/qund.yaml");
}

static void channels_and_targets_are_laid_over_the_defaults(void **state)
{
    struct qund_config *c = parse("channels:\n"
                                  "  wecom-archive: {realm: wecom, lateness: 10m, live: false}\n"
                                  "  api: {trust_roles: true}\n"
                                  "targets:\n"
                                  "  ops: {url: 'https://x.example/hook?key=1', rate: 0}\n"
                                  "alert: {ladders: {normal: [1m], vip: [1s, 2s]}}\n");
    const struct qund_channel_cfg *ch = qund_config_channel(c, QUND_STR("wecom-archive"));
    const struct qund_target_cfg *t = qund_config_target(c, QUND_STR("ops"));

    (void)state;
    assert_int_equal(c->n_channels, 3);
    assert_string_equal(ch->realm, "wecom");
    assert_int_equal(ch->lateness_ms, 600000);
    assert_false(ch->live);
    assert_true(ch->ts_stable);
    assert_true(qund_config_channel(c, QUND_STR("api"))->trust_roles);
    assert_int_equal(t->rate_per_min, 0);
    assert_int_equal(t->timeout_ms, 10000);
    assert_null(t->secret);
    assert_int_equal(qund_config_ladder(c, QUND_STR("normal"))->n, 1);
    assert_int_equal(qund_config_ladder(c, QUND_STR("vip"))->step_ms[1], 2000);
    assert_int_equal(qund_config_ladder(c, QUND_STR("complaint"))->n, 3);
    qund_config_unref(c);
}

static void secrets_come_from_files_and_variables_and_are_never_printed(void **state)
{
    char *dir = unit_tmpdir();
    QUND_AUTO(qund_free_str) char *secret = qund_path_join(dir, "pw");
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "qund.yaml");
    QUND_AUTO(qund_free_str) char *org = qund_path_join(dir, "org.yaml");
    QUND_AUTO(qund_errs_done) struct qund_errs es;
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_config *c = NULL, *again = NULL;

    (void)state;
    setenv("QUND_TEST_URL", "https://user:CANARY1@robot.example/hook/CANARY2?key=CANARY3", 1);
    assert_int_equal(qund_file_replace(secret, QUND_STR("CANARY4\n"), 0600, NULL), 0);
    assert_int_equal(
        qund_file_replace(path,
                          QUND_STR("queue:\n  url: redis://:CANARY5@127.0.0.1:6379/1\n"
                                   "  password: {file: pw}\norg: {file: org.yaml}\n"
                                   "targets:\n  ops:\n    url: {env: QUND_TEST_URL}\n"
                                   "    secret: CANARY6\n    template: \"{\\\"a\\\": 1}\\n\"\n"),
                          0600, NULL),
        0);
    qund_errs_init(&es, MANY);
    if (qund_config_load(path, &c, &es) < 0)
        fail_msg("%s: %s", es.v[0].where, es.v[0].text);
    assert_string_equal(c->queue.password, "CANARY4");
    assert_string_equal(c->org.file, org);
    assert_string_equal(qund_config_target(c, QUND_STR("ops"))->secret, "CANARY6");
    qund_config_print(c, &out);
    assert_null(strstr(out.p, "CANARY"));
    assert_non_null(strstr(out.p, "url: \"https://***@robot.example/***\"\n"));
    assert_non_null(strstr(out.p, "url: \"redis://***@127.0.0.1:6379/1\"\n"));
    assert_non_null(strstr(out.p, "password: \"***\"\n"));
    again = parse(out.p); /* what is printed loads */
    assert_string_equal(qund_config_target(again, QUND_STR("ops"))->template, "{\"a\": 1}\n");
    qund_config_unref(again);
    qund_config_unref(c);
    unsetenv("QUND_TEST_URL");
    assert_int_equal(qund_dir_remove(dir, NULL), 0);
    free(dir);
}

static void a_reload_names_what_needs_a_restart(void **state)
{
    struct qund_config *a =
        parse("channels: {x: {}, y: {realm: r}}\ntargets: {t: {url: 'http://a'}}\n");
    struct qund_config *b =
        parse("http: {listen: 'unix:/x', per_peer: 3}\nlog: {level: debug}\n"
              "store: {readers: 3, retention: 30d}\nalert: {ladders: {n: [1s]}}\n"
              "channels: {y: {realm: s, live: false}, z: {}}\n");
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    (void)state;
    assert_int_equal(qund_config_reload_diff(a, b, &out), 5);
    assert_string_equal(out.p,
                        "http.listen\nstore.readers\nchannels.x\nchannels.y.realm\nchannels.z\n");
    assert_int_equal(qund_config_reload_diff(a, a, &out), 0);
    qund_config_unref(a);
    qund_config_unref(b);
}

static void what_stands_in_the_way_of_a_path_is_told_at_the_line_that_names_it(void **state)
{
    QUND_AUTO(qund_config_unref)
    struct qund_config *c = parse("org: {file: /no/org.yaml}\n"
                                  "rules:\n  dirs: [/no/a,\n         /no/b]\n"
                                  "sop: {dirs: [/no/b]}\n");
    QUND_AUTO(qund_errs_done) struct qund_errs es;

    (void)state;
    qund_errs_init(&es, MANY);
    assert_true(qund_errs_add(&es, QUND_E_NOTFOUND, "/no/b", "said before") < 0);
    assert_true(qund_errs_add(&es, QUND_E_NOTFOUND, "/no/b", "is not there") < 0);
    assert_true(qund_errs_add(&es, QUND_E_INVAL, "/no/b/x.yaml:1:1", "a slip in it") < 0);
    assert_true(qund_errs_add(&es, QUND_E_NOTFOUND, "/no/org.yaml", "of another option") < 0);
    qund_config_place_errs(c, "rules.dirs", &es, 1);
    assert_string_equal(es.v[0].where, "/no/b");
    assert_string_equal(es.v[1].where, "t.yaml:4:10");
    assert_string_equal(es.v[1].text, "rules.dirs: /no/b: is not there");
    assert_int_equal(es.v[1].rc, QUND_E_NOTFOUND);
    assert_string_equal(es.v[2].where, "/no/b/x.yaml:1:1");
    assert_string_equal(es.v[3].where, "/no/org.yaml");
    qund_config_place_errs(c, "org.file", &es, 0);
    assert_string_equal(es.v[3].where, "t.yaml:1:13");
}

static void the_command_line_sets_single_keys(void **state)
{
    struct qund_config *c = parse("");
    QUND_AUTO(qund_errs_done) struct qund_errs es;

    (void)state;
    qund_errs_init(&es, MANY);
    assert_int_equal(qund_config_set(c, "http.listen", QUND_STR("unix:/run/q.sock"), &es), 0);
    assert_string_equal(c->http.listen, "unix:/run/q.sock");
    assert_int_equal(qund_config_set(c, "rules.dirs", QUND_STR("a,b"), &es), 0);
    assert_int_equal(c->rules.dirs.n, 2);
    assert_int_equal(es.n, 0);
    assert_int_equal(qund_config_set(c, "http.listen", QUND_STR("nowhere"), &es), QUND_E_INVAL);
    assert_string_equal(es.v[0].where, "http.listen");
    assert_int_equal(qund_config_set(c, "http.nothing", QUND_STR("1"), &es), QUND_E_INVAL);
    assert_int_equal(qund_config_set(c, "http.max_body", QUND_STR("1"), &es), QUND_E_INVAL);
    assert_string_equal(es.v[2].text, "out of bounds; allowed are 64KiB to 256MiB");
    qund_config_unref(c);
}

static void a_snapshot_lives_as_long_as_its_last_reader(void **state)
{
    struct qund_config *c = parse("");
    struct qund_config *second = qund_config_ref(c);

    (void)state;
    assert_null(qund_config_unref(c));
    assert_string_equal(second->queue.prefix, "qund:");
    assert_null(qund_config_unref(second));
    assert_null(qund_config_unref(NULL));
}

/* QUND_UPDATE=1 writes it anew. */
static void the_documentation_is_up_to_date(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf want = {0}, got = {0};

    (void)state;
    qund_config_doc(&want);
    if (getenv("QUND_UPDATE"))
        assert_int_equal(
            qund_file_replace(QUND_SOURCE_DIR "/docs/config.md", qund_buf_view(&want), 0644, NULL),
            0);
    assert_int_equal(qund_file_read(QUND_SOURCE_DIR "/docs/config.md", 1 << 20, &got, NULL), 0);
    assert_string_equal(want.p, got.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_what_the_documents_say),
        cmocka_unit_test(the_sample_says_the_same_as_no_file),
        cmocka_unit_test(the_sample_has_every_key),
        cmocka_unit_test(broken_files_are_refused_with_every_error_and_its_place),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(channels_and_targets_are_laid_over_the_defaults),
        cmocka_unit_test(secrets_come_from_files_and_variables_and_are_never_printed),
        cmocka_unit_test(a_reload_names_what_needs_a_restart),
        cmocka_unit_test(what_stands_in_the_way_of_a_path_is_told_at_the_line_that_names_it),
        cmocka_unit_test(the_command_line_sets_single_keys),
        cmocka_unit_test(a_snapshot_lives_as_long_as_its_last_reader),
        cmocka_unit_test(the_documentation_is_up_to_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
