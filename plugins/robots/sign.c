/* sign.c - how robots know us. Two vendors, one primitive, used the other way round: DingTalk signs
 * the text with the secret, Feishu makes text and secret the key and signs nothing. */
#include "robots.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

static bool hmac(struct text *out, const EVP_MD *md, const char *key, size_t key_n, const char *p,
                 size_t n)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_n = 0;

    if (!md || !HMAC(md, key, (int)key_n, (const unsigned char *)p, n, mac, &mac_n))
        return false;
    text_add(out, (const char *)mac, mac_n);
    return !out->bad;
}

static bool in_base64(struct text *out, const struct text *raw)
{
    text_base64(out, (const unsigned char *)raw->p, raw->n);
    return !out->bad;
}

bool sign_dingtalk(struct text *out, int64_t ms, const char *secret)
{
    TEXT_AUTO said = {0}, raw = {0};

    text_printf(&said, "%lld\n", (long long)ms);
    text_puts(&said, secret);
    return !said.bad && hmac(&raw, EVP_sha256(), secret, strlen(secret), said.p, said.n) &&
           in_base64(out, &raw);
}

bool sign_feishu(struct text *out, int64_t s, const char *secret)
{
    TEXT_AUTO key = {0}, raw = {0};

    text_printf(&key, "%lld\n", (long long)s);
    text_puts(&key, secret);
    return !key.bad && hmac(&raw, EVP_sha256(), key.p, key.n, "", 0) && in_base64(out, &raw);
}

bool sign_hmac(struct text *out, const char *name, const char *key, const char *p, size_t n)
{
    return hmac(out, EVP_get_digestbyname(name), key, strlen(key), p, n);
}

bool sign_hash(struct text *out, const char *name, const char *p, size_t n)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    const EVP_MD *md = EVP_get_digestbyname(name);
    unsigned hash_n = 0;

    if (!md || !EVP_Digest(p, n, hash, &hash_n, md, NULL))
        return false;
    text_add(out, (const char *)hash, hash_n);
    return !out->bad;
}

bool sign_md5(struct text *out, const unsigned char *p, size_t n)
{
    TEXT_AUTO raw = {0};

    if (!sign_hash(&raw, "MD5", (const char *)p, n))
        return false;
    text_hex(out, (const unsigned char *)raw.p, raw.n);
    return !out->bad;
}
