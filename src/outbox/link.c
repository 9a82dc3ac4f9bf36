/* src/outbox/link.c - a push's address that knows its person.
 *
 * Who is told on a phone has no session and no password there. The address itself says who it is,
 * about which alert or task and until when, and cannot be made or changed without the key:
 *
 *   version | alert or task 6 | staff 4 | until, in seconds 5 | first 16 bytes of HMAC-SHA256
 *
 * as base64url, 43 characters: short enough for a message of a robot. Whoever holds it can act as
 * that person on that one, and on nothing else; so it goes where that person alone reads (a group's
 * robot gets the short command instead), it ends after days, it is shown in no log of
 * ours, and pages are sent with a policy that tells no other site where they were reached. The MAC
 * is compared in constant time; the key is one of its own, derived from the installation's, so that
 * no other use of that one can be played back here. */
#include "outbox/link.h"
#include "config/config.h"
#include <sodium.h>

enum version { ALERT = 1, TASK = 2 }; /* the first byte: what the number counts */
#define PAYLOAD 16u
#define MAC 16u

static void mac_of(const unsigned char key[QUND_LINK_KEY], const unsigned char payload[PAYLOAD],
                   unsigned char out[crypto_auth_hmacsha256_BYTES])
{
    static const unsigned char PURPOSE[] = "qund personal link";
    unsigned char own[crypto_auth_hmacsha256_BYTES];

    _Static_assert(crypto_auth_hmacsha256_KEYBYTES == QUND_LINK_KEY, "the key fits");
    crypto_auth_hmacsha256(own, PURPOSE, sizeof(PURPOSE) - 1, key);
    crypto_auth_hmacsha256(out, payload, PAYLOAD, own);
    sodium_memzero(own, sizeof(own));
}

void qund_link_print(const unsigned char key[QUND_LINK_KEY], const struct qund_link *l,
                     char out[QUND_LINK_CHARS + 1])
{
    unsigned char bytes[PAYLOAD + MAC], mac[crypto_auth_hmacsha256_BYTES];
    char plain[PAYLOAD];

    plain[0] = l->alert < 0 ? TASK : ALERT;
    qund_le_put(plain + 1, (uint64_t)(l->alert < 0 ? -l->alert : l->alert), 6);
    qund_le_put(plain + 7, (uint64_t)l->staff, 4);
    qund_le_put(plain + 11, (uint64_t)(l->until / 1000), 5);
    memcpy(bytes, plain, PAYLOAD);
    mac_of(key, bytes, mac);
    memcpy(bytes + PAYLOAD, mac, MAC);
    sodium_bin2base64(out, QUND_LINK_CHARS + 1, bytes, sizeof(bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool qund_link_address(const struct qund_config *c, const unsigned char *key,
                       const struct qund_target_cfg *to, const struct qund_link *l,
                       struct qund_buf *out)
{
    struct qund_str base = qund_str(c->http.public_url ? c->http.public_url : "");
    char token[QUND_LINK_CHARS + 1];

    if (base.n == 0 || l->staff == 0 || !key || to->shared == QUND_SHARED_TRUE)
        return false;
    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    qund_link_print(key, l, token);
    qund_buf_printf(out, "%.*s/a/%s", QUND_STR_ARG(base), token);
    return true;
}

int qund_link_read(const unsigned char key[QUND_LINK_KEY], struct qund_str token,
                   struct qund_link *out)
{
    unsigned char bytes[PAYLOAD + MAC], mac[crypto_auth_hmacsha256_BYTES];
    char plain[PAYLOAD];
    size_t n = 0;

    if (token.n != QUND_LINK_CHARS ||
        sodium_base642bin(bytes, sizeof(bytes), token.p, token.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        n != sizeof(bytes))
        return QUND_E_DENIED;
    mac_of(key, bytes, mac);
    if (sodium_memcmp(mac, bytes + PAYLOAD, MAC) != 0 || (bytes[0] != ALERT && bytes[0] != TASK))
        return QUND_E_DENIED;
    memcpy(plain, bytes, PAYLOAD);
    out->alert = (int64_t)qund_le_get(plain + 1, 6);
    if (bytes[0] == TASK)
        out->alert = -out->alert;
    out->staff = (int64_t)qund_le_get(plain + 7, 4);
    out->until = (int64_t)qund_le_get(plain + 11, 5) * 1000;
    return 0;
}
