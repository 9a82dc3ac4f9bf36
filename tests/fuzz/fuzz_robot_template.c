/* fuzz_robot_template.c - any file as a robot, any push through it, any answer to it. What comes of
 * a JSON template must be JSON, an address and a header must hold no line break. Input: the file, a
 * zero byte, the push, a zero byte, the answer. */
#include "robots.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct qund_str part(struct qund_str *rest)
{
    const char *zero = rest->n > 0 ? memchr(rest->p, '\0', rest->n) : NULL;
    struct qund_str one = {rest->p, zero ? (size_t)(zero - rest->p) : rest->n};

    rest->p += one.n + (zero ? 1 : 0);
    rest->n -= one.n + (zero ? 1 : 0);
    return one;
}

static void must(bool so)
{
    if (!so)
        abort();
}

static void look(const struct request *r, bool json)
{
    must(!r->url.p || !strpbrk(r->url.p, "\r\n") || r->url.bad);
    for (size_t i = 0; i < r->n_headers; i++)
        must(!r->values[i].p || !strpbrk(r->values[i].p, "\r\n"));
    if (json && !r->body.bad) {
        json_t *j = json_loadb(r->body.p, r->body.n, JSON_DECODE_ANY, NULL);

        must(j != NULL);
        json_decref(j);
    }
}

static void send_it(const struct template *t, bool json, struct qund_str push)
{
    static const char *const TO[] = {"1", "2"};
    static const struct robot_cfg CFG = {
        .url = "https://x", .token = "t", .secret = "s", .to = {TO, 2}};
    static const struct moment NOW = {.wall_ms = 1700000000000, .nonce = "00"};
    struct qund_fault why = {0};
    struct request r = {0};
    struct said s;

    if (said_read(&s, push, "template") < 0)
        return;
    if (template_make(t, &CFG, &s, &NOW, &r, &why) == 0)
        look(&r, json);
    request_done(&r);
    said_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str rest = {(const char *)data, size};
    struct qund_str file = part(&rest), push = part(&rest);
    json_t *j = size < 65536 ? json_loadb(file.p, file.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    struct qund_fault why = {0};
    struct template *t = json_is_object(j) ? template_new(j, &why) : NULL;
    struct answers *a = answers_new(json_object_get(j, "answer"), &why);
    struct verdict v;

    if (t)
        send_it(t, json_object_get(j, "json") != NULL, push);
    if (a)
        for (int status = 200; status < 600; status += 100)
            answers_read(a,
                         &(struct qund_told_http){.end = QUND_HTTP_ANSWERED,
                                                  .status = status,
                                                  .whole = true,
                                                  .retry_after_ms = -1,
                                                  .body = rest},
                         &v);
    answers_free(a);
    template_free(t);
    json_decref(j);
    return 0;
}
