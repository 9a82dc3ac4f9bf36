/* test_link.c - the token of a signed link: what it carries comes back, and nothing else passes. */
#include "config/config.h"
#include "core/file.h"
#include "outbox/link.h"
#include "unit.h"

static const unsigned char KEY[QUND_LINK_KEY] = "a key of thirty-two bytes, not 3";

static void what_is_signed_comes_back(void **state)
{
    static const struct qund_link LINKS[] = {
        {0, 1, 1000},
        {1, 1, 1757894400000},
        {-1, 1, 1757894400000}, /* a task */
        {-0xffffffffffff, 7, 1757894400000},
        {0xffffffffffff, 0xffffffff, 1000LL * 0xffffffffff},
    };
    char token[QUND_LINK_CHARS + 1];
    struct qund_link got;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(LINKS); i++) {
        qund_link_print(KEY, &LINKS[i], token);
        assert_int_equal(strlen(token), QUND_LINK_CHARS);
        assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_"),
                         QUND_LINK_CHARS);
        assert_int_equal(qund_link_read(KEY, qund_str(token), &got), 0);
        assert_int_equal(got.alert, LINKS[i].alert);
        assert_int_equal(got.staff, LINKS[i].staff);
        assert_int_equal(got.until, LINKS[i].until);
    }
}

static void an_address_is_made_for_one_person_who_reads_alone(void **state)
{
    char url[] = "https://q.example/x//";
    struct qund_config c = {.http.public_url = url}, bare = {0};
    const struct qund_target_cfg own = {.shared = QUND_SHARED_FALSE},
                                 group = {.shared = QUND_SHARED_TRUE};
    const struct qund_link link = {7, 3, 1757894400000}, nobody = {7, 0, 1757894400000};
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    char token[QUND_LINK_CHARS + 1];

    (void)state;
    assert_false(qund_link_address(&c, KEY, &group, &link, &out));
    assert_false(qund_link_address(&bare, KEY, &own, &link, &out));
    assert_false(qund_link_address(&c, KEY, &own, &nobody, &out));
    assert_false(qund_link_address(&c, NULL, &own, &link, &out));
    assert_int_equal(out.n, 0);
    assert_true(qund_link_address(&c, KEY, &own, &link, &out));
    qund_link_print(KEY, &link, token);
    assert_int_equal(strncmp(out.p, "https://q.example/x/a/", 22), 0);
    assert_string_equal(out.p + 22, token);
}

/* Every character, replaced by each other one: also the last, which has bits to spare. */
static void no_changed_character_passes(void **state)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ %";
    char token[QUND_LINK_CHARS + 1];
    struct qund_link got;

    (void)state;
    qund_link_print(KEY, &(struct qund_link){7, 3, 1757894400000}, token);
    for (size_t i = 0; i < QUND_LINK_CHARS; i++) {
        char was = token[i];

        for (const char *c = ALPHABET; *c; c++) {
            token[i] = *c;
            assert_int_equal(qund_link_read(KEY, qund_str(token), &got),
                             *c == was ? 0 : QUND_E_DENIED);
        }
        token[i] = was;
    }
}

static void no_other_key_length_or_noise_passes(void **state)
{
    unsigned char other[QUND_LINK_KEY];
    char token[QUND_LINK_CHARS + 2];
    struct qund_link got;

    (void)state;
    qund_link_print(KEY, &(struct qund_link){7, 3, 1757894400000}, token);
    for (size_t bit = 0; bit < 8 * sizeof(other); bit++) {
        memcpy(other, KEY, sizeof(other));
        other[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_equal(qund_link_read(other, qund_str(token), &got), QUND_E_DENIED);
    }
    for (size_t n = 0; n < QUND_LINK_CHARS; n++)
        assert_int_equal(qund_link_read(KEY, qund_str_n(token, n), &got), QUND_E_DENIED);
    token[QUND_LINK_CHARS] = 'A';
    assert_int_equal(qund_link_read(KEY, qund_str_n(token, sizeof(token) - 1), &got),
                     QUND_E_DENIED);
    for (int i = 0; i < 1000; i++) {
        qund_random(token, QUND_LINK_CHARS);
        assert_int_equal(qund_link_read(KEY, qund_str_n(token, QUND_LINK_CHARS), &got),
                         QUND_E_DENIED);
    }
    assert_int_equal(qund_link_read(KEY, QUND_STR_NONE, &got), QUND_E_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_comes_back),
        cmocka_unit_test(an_address_is_made_for_one_person_who_reads_alone),
        cmocka_unit_test(no_changed_character_passes),
        cmocka_unit_test(no_other_key_length_or_noise_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
