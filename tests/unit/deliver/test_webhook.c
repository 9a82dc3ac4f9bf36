/* Signatures against vectors made elsewhere, and templates that customers try to break. */
#include "core/json.h"
#include "deliver/internal.h"
#include "unit.h"

#define PUSH                                                                                 \
    "{\"kind\":\"alert\",\"short\":\"12\",\"rung\":0,\"to\":\"\xe5\xb0\x8f\xe7\x8e\x8b\","   \
    "\"alert\":{\"id\":12,\"level\":\"urgent\",\"title\":\"say \\\"hi\\\"\",\"group_name\":" \
    "\"G\",\"sender_name\":\"S\",\"quote\":\"a\\nb{{alert.id}}\\u0001\",\"note\":null,"      \
    "\"context\":[\"x\",\"y\"],\"count\":3}}"

static void check_signature(const char *secret, const char *id, const char *timestamp,
                            const char *body, const char *want)
{
    QUND_AUTO(qund_buf_done) struct qund_buf got = {0};

    assert_int_equal(qund_webhook_sign(qund_str(secret), id, timestamp, qund_str(body), &got), 0);
    assert_string_equal(got.p, want);
}

/* The first is the specification's own; the others were computed with Python's hmac. */
static void signatures_equal_those_made_elsewhere(void **state)
{
    static const char BODY[] = "{\"kind\":\"alert\",\"short\":\"12\",\"alert\":{\"title\":"
                               "\"\xe8\xaf\xa2\xe4\xbb\xb7\"}}";

    (void)state;
    check_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                    "1614265330", "{\"test\": 2432232314}",
                    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    check_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "qund_42", "1760000000", BODY,
                    "v1,WfFOD+08cdRfPkWLyRQdH48xrT3jPXyiG0WP8tKZMG4=");
    check_signature("plain secret", "qund_42", "1760000000", BODY,
                    "v1,cYLr9QzTjuSaAW5kfvwvX8t+VvoHjhFoLKXiEbhC7QU=");
}

static void secrets_that_cannot_be_read_are_refused(void **state)
{
    static const char *const BAD[] = {"",           "whsec_",     "whsec_abc",
                                      "whsec_!!!!", "whsec_a b=", "whsec_===="};
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++)
        if (qund_webhook_sign(qund_str(BAD[i]), "a", "1", QUND_STR(""), &out) != QUND_E_INVAL)
            fail_msg("'%s' is taken", BAD[i]);
}

static void check_render(const char *template, const char *want)
{
    QUND_AUTO(qund_body_template_free) struct qund_body_template *t = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_err err = {0};

    assert_int_equal(qund_webhook_template_check(qund_str(template), &err), 0);
    assert_int_equal(qund_body_template_parse(qund_str(template), &t, &err), 0);
    assert_int_equal(qund_body_template_render(t, QUND_STR(PUSH), &out), 0);
    assert_string_equal(out.p, want);
}

static void fields_are_written_as_their_place_wants_it(void **state)
{
    (void)state;
    check_render("{\"t\": \"{{alert.title}} #{{short}}\"}", "{\"t\": \"say \\\"hi\\\" #12\"}");
    check_render("{\"t\": {{alert.title}}, \"n\": {{ alert.count }}}",
                 "{\"t\": \"say \\\"hi\\\"\", \"n\": 3}");
    check_render("{\"n\": \"{{alert.count}}\", \"c\": {{alert.context}}, \"o\": {{alert.note}}}",
                 "{\"n\": \"3\", \"c\": [\"x\",\"y\"], \"o\": null}");
    /* Absent and null: nothing within a string, null as a value. */
    check_render("[\"{{alert.note}}\", \"{{alert.by}}\", {{alert.by}}]", "[\"\", \"\", null]");
    check_render("{{alert.title}} ({{alert.level}}) {{alert.context}}",
                 "say \"hi\" (urgent) [\"x\",\"y\"]");
    /* What was written is not read again; control bytes are escaped. */
    check_render("{\"q\":\"{{alert.quote}}\"}", "{\"q\":\"a\\nb{{alert.id}}\\u0001\"}");
    check_render("\xe2\x86\x92{{to}}", "\xe2\x86\x92\xe5\xb0\x8f\xe7\x8e\x8b");
    check_render("{{text}}", "\xe3\x80\x90urgent\xe3\x80\x91say \"hi\"\nG S\xef\xbc\x9a"
                             "a b{{alert.id}} \n#12");
    check_render("plain", "plain");
}

static void templates_that_cannot_work_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *template, *reason;
    } BAD[] = {
        {"{{alert.titel}}", "nearest known: {{alert.title}}"},
        {"{{zzzzzzzzzzzzzz}}", "unknown field {{zzzzzzzzzzzzzz}}"},
        {"{{}}", "unknown field"},
        {"hello {{text", "{{ without }}"},
        {"{\"a\": \"{{text}}}", "does not make JSON"},
        {"{\"a\": }", "does not make JSON"},
        {"{\"a\": \"\\{{text}}\"}", "a single \\ before {{"},
        {"[{{text}}", "does not make JSON"},
        {"{{{text}}: 1}", "unknown field"},
        {"{ {{kind}}: 1 }", "does not make JSON"}, /* null when it is absent */
        {"{\"a\": \"{{text}}\"} extra", "does not make JSON"},
    };
    struct qund_err err;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        err.text[0] = '\0';
        if (qund_webhook_template_check(qund_str(BAD[i].template), &err) != QUND_E_INVAL ||
            !strstr(err.text, BAD[i].reason))
            fail_msg("%s: '%s'", BAD[i].template, err.text);
    }
}

static void a_body_that_grows_without_end_is_refused(void **state)
{
    QUND_AUTO(qund_body_template_free) struct qund_body_template *t = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0}, push = {0}, out = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        qund_buf_puts(&text, "{{alert.title}}");
    qund_buf_puts(&push, "{\"alert\":{\"title\":\"");
    for (int i = 0; i < 60000; i++)
        qund_buf_char(&push, 'x');
    qund_buf_puts(&push, "\"}}");
    assert_int_equal(qund_body_template_parse(qund_buf_view(&text), &t, NULL), 0);
    assert_int_equal(qund_body_template_render(t, qund_buf_view(&push), &out), QUND_E_FULL);
    assert_true(out.n < 512 * 1024);
    assert_int_equal(qund_body_template_render(t, QUND_STR("[1]"), &out), QUND_E_INVAL);
    assert_int_equal(qund_body_template_render(t, QUND_STR("{\"a\":"), &out), QUND_E_INVAL);
}

static void a_configuration_with_bad_targets_is_refused_with_all_errors(void **state)
{
    QUND_AUTO(qund_config_unref) struct qund_config *config = NULL;
    struct qund_errs errs;
    static const char TEXT[] = "targets:\n"
                               "  a: {url: 'http://example.com/'}\n"
                               "  b: {url: 'https://example.com/', template: '{{nothing}}'}\n"
                               "  c: {url: 'https://example.com/', secret: 'whsec_?'}\n"
                               "  d: {url: 'http://127.0.0.1:1/', allow_private: true, template: "
                               "'{\"x\":\"{{text}}\"}'}\n";

    (void)state;
    qund_errs_init(&errs, 10);
    assert_int_equal(qund_config_parse("t.yaml", NULL, qund_str(TEXT), &config, &errs), 0);
    assert_int_equal(qund_deliver_check(config, &errs), QUND_E_INVAL);
    assert_int_equal(errs.n, 3);
    assert_string_equal(errs.v[0].where, "targets.a.url");
    assert_string_equal(errs.v[1].where, "targets.b.template");
    assert_string_equal(errs.v[2].where, "targets.c.secret");
    qund_errs_done(&errs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_equal_those_made_elsewhere),
        cmocka_unit_test(secrets_that_cannot_be_read_are_refused),
        cmocka_unit_test(fields_are_written_as_their_place_wants_it),
        cmocka_unit_test(templates_that_cannot_work_are_refused_with_the_reason),
        cmocka_unit_test(a_body_that_grows_without_end_is_refused),
        cmocka_unit_test(a_configuration_with_bad_targets_is_refused_with_all_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
