/* webhook.c - the generic webhook, as Standard Webhooks 1.0 has it: three headers.
 *
 *   webhook-id         stays the same for every try of a push, so that a repeat is recognised
 *   webhook-timestamp  the real time of this try, in seconds: the receiver refuses old ones
 *   webhook-signature  v1,base64(HMAC-SHA256(secret, id "." timestamp "." body))
 *
 * The secret is "whsec_" and base64 as the specification hands it out, or any other bytes as they
 * are. A target without a secret is called without the third header. */
#include "core/clock.h"
#include "deliver/internal.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#define KEY_MAX 512u
#define PREFIX "whsec_"

/* The bytes to sign with; key has room for KEY_MAX. */
static int key_of(struct qund_str secret, unsigned char *key, size_t *n)
{
    int got;

    if (!qund_str_starts(secret, PREFIX)) {
        if (secret.n == 0 || secret.n > KEY_MAX)
            return QUND_E_INVAL;
        memcpy(key, secret.p, secret.n);
        *n = secret.n;
        return 0;
    }
    secret = qund_str_n(secret.p + strlen(PREFIX), secret.n - strlen(PREFIX));
    if (secret.n == 0 || secret.n % 4 != 0 || secret.n / 4 * 3 > KEY_MAX)
        return QUND_E_INVAL;
    got = EVP_DecodeBlock(key, (const unsigned char *)secret.p, (int)secret.n);
    if (got < 0)
        return QUND_E_INVAL;
    /* The decoder counts the padding as bytes. */
    for (size_t i = secret.n; i > 0 && secret.p[i - 1] == '='; i--)
        got--;
    *n = (size_t)(got > 0 ? got : 0);
    return *n > 0 ? 0 : QUND_E_INVAL;
}

int qund_webhook_sign(struct qund_str secret, const char *id, const char *timestamp,
                      struct qund_str body, struct qund_buf *out)
{
    unsigned char key[KEY_MAX], mac[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
    QUND_AUTO(qund_buf_done) struct qund_buf said = {0};
    unsigned mac_n = 0;
    size_t key_n;
    int rc = key_of(secret, key, &key_n);

    if (rc < 0)
        return rc;
    qund_buf_printf(&said, "%s.%s.", id, timestamp);
    qund_buf_str(&said, body);
    if (!HMAC(EVP_sha256(), key, (int)key_n, (const unsigned char *)said.p, said.n, mac, &mac_n))
        return QUND_E_NOMEM;
    EVP_EncodeBlock(text, mac, (int)mac_n);
    qund_buf_printf(out, "v1,%s", (const char *)text);
    return 0;
}

static int make_body(const struct qund_webhook *hook, const struct qund_out_item *item,
                     struct qund_buf *out, struct qund_err *err)
{
    int rc = 0;

    if (hook->template)
        rc = qund_body_template_render(hook->template, qund_str(item->body), out);
    else
        qund_buf_puts(out, item->body);
    if (rc < 0)
        return qund_err_set(err, QUND_E_INVAL, "template",
                            rc == QUND_E_FULL ? "the body would be longer than 256 KiB"
                                              : "the push is not what a template can read");
    return 0;
}

int qund_webhook_start(const struct qund_webhook *hook, struct qund_client *client,
                       const struct qund_out_item *item,
                       void (*done)(void *arg, const struct qund_client_answer *a), void *arg,
                       struct qund_client_call **out, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0}, signature = {0};
    bool json = !hook->template || qund_body_template_is_json(hook->template);
    char id[32], timestamp[24];
    struct qund_client_header headers[5] = {
        {"Content-Type", json ? "application/json" : "text/plain; charset=utf-8"},
        {"User-Agent", "qund/" QUND_VERSION},
        {"webhook-id", id},
        {"webhook-timestamp", timestamp},
    };
    struct qund_client_request req = {.method = "POST",
                                      .url = hook->cfg->url,
                                      .headers = headers,
                                      .n_headers = 4,
                                      .timeout_ms = hook->cfg->timeout_ms,
                                      .allow_private = hook->cfg->allow_private,
                                      .done = done,
                                      .arg = arg};
    int rc = make_body(hook, item, &body, err);

    if (rc < 0)
        return rc;
    snprintf(id, sizeof(id), "qund_%lld", (long long)item->id);
    snprintf(timestamp, sizeof(timestamp), "%lld", (long long)(qund_wall_system().ms / 1000));
    req.body = qund_buf_view(&body);
    if (hook->cfg->secret) {
        rc = qund_webhook_sign(qund_str(hook->cfg->secret), id, timestamp, req.body, &signature);
        if (rc < 0)
            return qund_err_set(err, rc, "secret", "must be whsec_ and base64, or 1 to 512 bytes");
        headers[req.n_headers++] = (struct qund_client_header){"webhook-signature", signature.p};
    }
    return qund_client_start(client, &req, out, err);
}

static int check_target(const struct qund_target_cfg *t, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf signature = {0};
    int rc = qund_client_check_url(t->url, t->allow_private, err);

    if (rc == 0 && t->template)
        rc = qund_webhook_template_check(qund_str(t->template), err);
    if (rc == 0 && t->secret &&
        qund_webhook_sign(qund_str(t->secret), "", "", QUND_STR(""), &signature) < 0)
        rc = qund_err_set(err, QUND_E_INVAL, "secret",
                          "must be whsec_ and base64, or 1 to 512 bytes");
    return rc;
}

int qund_deliver_check(const struct qund_config *config, struct qund_errs *errs)
{
    int worst = 0;

    for (size_t i = 0; i < config->n_targets; i++) {
        const struct qund_target_cfg *t = &config->targets[i];
        char where[sizeof(((struct qund_err *)0)->where)];
        struct qund_err e = {0};
        int rc = qund_target_is_ours(t) ? check_target(t, &e) : 0; /* else its table did */

        if (rc == 0)
            continue;
        snprintf(where, sizeof(where), "targets.%.60s.%.40s", t->name, e.where);
        worst = qund_errs_add(errs, rc, where, "%s", e.text);
    }
    return worst;
}
