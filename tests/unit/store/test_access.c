/* Tokens: made once, known by their hash, bound, revoked. */
#include "core/json.h"
#include "store/access.h"
#include "store_unit.h"

static const char HASH[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void a_token_is_256_bits_of_base64url(void **state)
{
    char a[QUND_TOKEN_CHARS], b[QUND_TOKEN_CHARS], hash[65];

    (void)state;
    qund_token_make(a);
    qund_token_make(b);
    assert_int_equal(strlen(a), QUND_TOKEN_CHARS - 1);
    assert_memory_equal(a, "qund_", 5);
    assert_int_equal(strspn(a + 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_"),
                     43);
    assert_string_not_equal(a, b);
    qund_token_hash(qund_str(a), hash);
    assert_int_equal(strlen(hash), 64);
}

static void the_first_start_makes_one_admin_and_later_ones_none(void **state)
{
    struct fresh *f = *state;
    char token[QUND_TOKEN_CHARS], again[QUND_TOKEN_CHARS];

    assert_int_equal(qund_token_first(f->db, 1, token, NULL), 1);
    assert_int_equal(qund_token_first(f->db, 2, again, NULL), 0);
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM token WHERE role = 'admin'"), 1);
    /* The token itself is nowhere in the store. */
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM token WHERE hash LIKE 'qund_%'"), 0);
}

static int command(struct fresh *f, const char *name, const char *body, struct qund_buf *reply,
                   struct qund_err *err)
{
    return qund_token_command(f->db, name, qund_str(body), 1000, reply, err);
}

static int count_one(const struct qund_token *t, void *arg)
{
    int *n = arg;

    (void)t;
    (*n)++;
    return 0;
}

static void commands_add_and_revoke(void **state)
{
    struct fresh *f = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_err err;
    int n = 0;

    qund_buf_printf(&body,
                    "{\"hash\":\"%s\",\"role\":\"ingest\",\"name\":\"bot\","
                    "\"channels\":[\"api\",\"b-1\"],\"by\":\"token:1\"}",
                    HASH);
    assert_int_equal(command(f, "token.add", body.p, &reply, &err), 0);
    assert_string_equal(reply.p, "{\"id\":1}");
    assert_int_equal(command(f, "token.add", body.p, &reply, &err), QUND_E_EXISTS);
    assert_int_equal(command(f, "token.revoke", "{\"id\":77}", &reply, &err), QUND_E_NOTFOUND);
    assert_int_equal(command(f, "token.add",
                             "{\"hash\":\"1123456789abcdef0123456789abcdef0123456789abcdef"
                             "0123456789abcdef\",\"role\":\"admin\",\"name\":\"a\"}",
                             &reply, &err),
                     0);
    /* The only admin's token stays; any other may go, also one that never was. */
    assert_int_equal(command(f, "token.revoke", "{\"id\":2}", &reply, &err), QUND_E_INVAL);
    assert_int_equal(command(f, "token.revoke", "{\"id\":77}", &reply, &err), QUND_E_NOTFOUND);
    assert_int_equal(command(f, "token.revoke", "{\"id\":1}", &reply, &err), 0);
    assert_int_equal(command(f, "token.revoke", "{\"id\":1}", &reply, &err), QUND_E_NOTFOUND);
    assert_int_equal(command(f, "token.revoke", "{\"id\":2}", &reply, &err), QUND_E_INVAL);
    assert_int_equal(qund_token_each(f->db, false, count_one, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(qund_token_each(f->db, true, count_one, &n), 0);
    assert_int_equal(n, 3);
}

static void wrong_commands_are_refused_with_the_place(void **state)
{
    static const struct {
        const char *body, *where;
    } wrong[] = {
        {"{\"hash\":\"12\",\"role\":\"admin\",\"name\":\"a\"}", "hash"},
        {"{\"hash\":\"%s\",\"role\":\"king\",\"name\":\"a\"}", "role"},
        {"{\"hash\":\"%s\",\"role\":\"admin\"}", "name"},
        {"{\"hash\":\"%s\",\"role\":\"admin\",\"name\":\"a\",\"channels\":[\"x\"]}", "channels"},
        {"{\"hash\":\"%s\",\"role\":\"ingest\",\"name\":\"a\"}", "channels"},
        {"{\"hash\":\"%s\",\"role\":\"ingest\",\"name\":\"a\",\"channels\":[]}", "channels"},
        {"{\"hash\":\"%s\",\"role\":\"ingest\",\"name\":\"a\",\"channels\":[1]}", "channels"},
        {"[]", "body"},
        {"{\"hash\":\"%s\",\"hash\":\"%s\"}", "body"},
    };
    struct fresh *f = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(wrong); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
        char body[512] = "";
        struct qund_err err = {0};

        for (const char *p = wrong[i].body; *p; p++) {
            if (p[0] == '%' && p[1] == 's') {
                strcat(body, HASH);
                p++;
            } else {
                strncat(body, p, 1);
            }
        }
        assert_int_equal(command(f, "token.add", body, &reply, &err), QUND_E_INVAL);
        assert_string_equal(err.where, wrong[i].where);
        assert_true(err.text[0] != '\0');
    }
    assert_int_equal(fresh_ask(f->db, "SELECT count(*) FROM token"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_256_bits_of_base64url),
        FRESH_TEST(the_first_start_makes_one_admin_and_later_ones_none),
        FRESH_TEST(commands_add_and_revoke),
        FRESH_TEST(wrong_commands_are_refused_with_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
