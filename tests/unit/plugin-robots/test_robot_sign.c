/* Signatures, against vectors that two independent programs agreed on. */
#include "robots.h"
#include "unit.h"

#define DINGTALK "SECqund0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"

static void dingtalk_signs_time_and_secret_and_puts_it_into_the_address(void **state)
{
    static const struct {
        int64_t ms;
        const char *base64, *percent;
    } VECTORS[] = {
        {1700000000000, "EuJYFTiiZH4AvP83sv57mI3mcKFjzx4iIRh+zzuc4SA=",
         "EuJYFTiiZH4AvP83sv57mI3mcKFjzx4iIRh%2Bzzuc4SA%3D"},
        {1700000000123, "lukKRC+y/VqZhak4OaBORCh0cNUPH1Vf3oAZGCsTE3I=",
         "lukKRC%2By%2FVqZhak4OaBORCh0cNUPH1Vf3oAZGCsTE3I%3D"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(VECTORS) / sizeof(VECTORS[0]); i++) {
        TEXT_AUTO sign = {0}, percent = {0};

        assert_true(sign_dingtalk(&sign, VECTORS[i].ms, DINGTALK));
        assert_string_equal(sign.p, VECTORS[i].base64);
        text_percent(&percent, sign.p, sign.n);
        assert_string_equal(percent.p, VECTORS[i].percent);
    }
}

static void feishu_makes_time_and_secret_the_key(void **state)
{
    static const struct {
        int64_t s;
        const char *base64;
    } VECTORS[] = {
        {1700000000, "RSK8qqLUnfXqPvE5eRwU0Xjw+TKeAorLQNnBbZj53as="},
        {1700000060, "qKgrROiXCrmxCmUns84emyx9j4KIldGbVn+OWziRmgE="},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(VECTORS) / sizeof(VECTORS[0]); i++) {
        TEXT_AUTO sign = {0};

        assert_true(sign_feishu(&sign, VECTORS[i].s, "qund-feishu-secret"));
        assert_string_equal(sign.p, VECTORS[i].base64);
    }
}

static void an_images_sum_is_of_its_bytes_not_of_their_text(void **state)
{
    static const char PNG[] =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZ"
        "FQAAAAABJRU5ErkJggg==";
    static const unsigned char HEAD[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[80];
    TEXT_AUTO sum = {0}, back = {0};
    unsigned bits = 0, have = 0;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; PNG[i] != '='; i++) {
        bits = (bits << 6 | (unsigned)(strchr(ALPHABET, PNG[i]) - ALPHABET)) & 0xffff;
        have += 6;
        if (have >= 8)
            bytes[n++] = (unsigned char)(bits >> (have -= 8));
    }
    assert_int_equal(n, 70);
    assert_memory_equal(bytes, HEAD, sizeof(HEAD));
    assert_true(sign_md5(&sum, bytes, n));
    assert_string_equal(sum.p, "0b0b49a6089daffae6d2eb6ee4c5a815");
    text_base64(&back, bytes, n);
    assert_string_equal(back.p, PNG);
}

/* RFC 2202, RFC 4231. */
static void keyed_hashes_are_the_standards(void **state)
{
    TEXT_AUTO one = {0}, two = {0}, hex = {0};

    (void)state;
    assert_true(sign_hmac(&one, "SHA1", "Jefe", "what do ya want for nothing?", 28));
    text_hex(&hex, (const unsigned char *)one.p, one.n);
    assert_string_equal(hex.p, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_true(sign_hmac(&two, "SHA256", "Jefe", "what do ya want for nothing?", 28));
    text_done(&hex);
    text_hex(&hex, (const unsigned char *)two.p, two.n);
    assert_string_equal(hex.p, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_false(sign_hash(&one, "no such hash", "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dingtalk_signs_time_and_secret_and_puts_it_into_the_address),
        cmocka_unit_test(feishu_makes_time_and_secret_the_key),
        cmocka_unit_test(an_images_sum_is_of_its_bytes_not_of_their_text),
        cmocka_unit_test(keyed_hashes_are_the_standards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
