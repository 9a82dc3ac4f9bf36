/* filter.c - what a field of a template may be passed through, left to right: {{text|cut:200|url}}.
 * A row each; a new one needs no branch anywhere. */
#include "template.h"
#include <stdio.h>
#include <stdlib.h>

static void swap(struct text *value, struct text *made)
{
    struct text was = *value;

    made->bad |= was.bad;
    *value = *made;
    *made = was;
}

/* & < > and, for XML, both quotes. */
static void escape(struct text *out, const struct text *in, bool quotes)
{
    for (size_t i = 0; i < in->n; i++) {
        char c = in->p[i];

        if (c == '&')
            text_puts(out, "&amp;");
        else if (c == '<')
            text_puts(out, "&lt;");
        else if (c == '>')
            text_puts(out, "&gt;");
        else if (quotes && c == '"')
            text_puts(out, "&quot;");
        else if (quotes && c == '\'')
            text_puts(out, "&#39;");
        else
            text_add(out, &c, 1);
    }
}

static bool f_url(struct text *v, const char *arg, struct scope *s)
{
    TEXT_AUTO made = {0};

    (void)arg;
    text_percent(&made, v->p, v->n);
    swap(v, &made);
    s->raw = true;
    return true;
}

static bool f_raw(struct text *v, const char *arg, struct scope *s)
{
    (void)v, (void)arg;
    s->raw = true;
    return true;
}

static bool f_optional(struct text *v, const char *arg, struct scope *s)
{
    (void)arg;
    s->omit |= v->n == 0;
    return true;
}

/* As it would stand between the quotes of a JSON string. */
static bool f_json(struct text *v, const char *arg, struct scope *s)
{
    json_t *j = json_stringn(v->p ? v->p : "", v->n);
    char *quoted = j ? json_dumps(j, JSON_ENCODE_ANY) : NULL;
    TEXT_AUTO made = {0};

    (void)arg, (void)s;
    if (quoted)
        text_add(&made, quoted + 1, strlen(quoted) - 2);
    free(quoted);
    json_decref(j);
    swap(v, &made);
    return true;
}

static bool f_xml(struct text *v, const char *arg, struct scope *s)
{
    TEXT_AUTO made = {0};

    (void)arg, (void)s;
    escape(&made, v, true);
    swap(v, &made);
    return true;
}

/* An @ calls nobody, whoever wrote it. */
static bool f_calm(struct text *v, const char *arg, struct scope *s)
{
    TEXT_AUTO made = {0};

    (void)arg, (void)s;
    for (size_t i = 0; i < v->n; i++)
        text_add(&made, v->p[i] == '@' ? TEXT_AT : v->p + i, v->p[i] == '@' ? strlen(TEXT_AT) : 1);
    swap(v, &made);
    return true;
}

/* Slack itself calls by <!channel>, some that speak like it by @channel. */
static bool f_slack(struct text *v, const char *arg, struct scope *s)
{
    TEXT_AUTO made = {0};

    f_calm(v, arg, s);
    escape(&made, v, false);
    swap(v, &made);
    return true;
}

static bool f_plain(struct text *v, const char *arg, struct scope *s)
{
    TEXT_AUTO made = {0};

    (void)arg, (void)s;
    text_plain(&made, v->p, v->n);
    swap(v, &made);
    return true;
}

static bool f_b64(struct text *v, const char *arg, struct scope *s)
{
    TEXT_AUTO made = {0};

    (void)arg, (void)s;
    text_base64(&made, (const unsigned char *)v->p, v->n);
    swap(v, &made);
    return true;
}

static bool f_hex(struct text *v, const char *arg, struct scope *s)
{
    TEXT_AUTO made = {0};

    (void)arg, (void)s;
    text_hex(&made, (const unsigned char *)v->p, v->n);
    swap(v, &made);
    return true;
}

static bool hash(struct text *v, const char *name)
{
    TEXT_AUTO raw = {0}, made = {0};

    if (!sign_hash(&raw, name, v->p ? v->p : "", v->n))
        return false;
    text_hex(&made, (const unsigned char *)raw.p, raw.n);
    swap(v, &made);
    return true;
}

static bool f_md5(struct text *v, const char *arg, struct scope *s)
{
    (void)arg, (void)s;
    return hash(v, "MD5");
}

static bool f_sha256(struct text *v, const char *arg, struct scope *s)
{
    (void)arg, (void)s;
    return hash(v, "SHA256");
}

static bool keyed(struct text *v, const char *name, const char *arg, const struct scope *s)
{
    const char *key = strcmp(arg, "secret") == 0  ? s->cfg->secret
                      : strcmp(arg, "token") == 0 ? s->cfg->token
                                                  : NULL;
    TEXT_AUTO made = {0};

    if (!key || !sign_hmac(&made, name, key, v->p ? v->p : "", v->n))
        return false;
    swap(v, &made);
    return true;
}

static bool f_hmac_sha1(struct text *v, const char *arg, struct scope *s)
{
    return keyed(v, "SHA1", arg, s);
}

static bool f_hmac_sha256(struct text *v, const char *arg, struct scope *s)
{
    return keyed(v, "SHA256", arg, s);
}

/* Cutting keeps the beginning that is there: nothing is moved. */
static bool f_cut(struct text *v, const char *arg, struct scope *s)
{
    (void)s;
    v->n = text_cut(v->p, v->n, strtoul(arg, NULL, 10));
    return true;
}

static bool f_chars(struct text *v, const char *arg, struct scope *s)
{
    (void)s;
    v->n = text_cut_chars(v->p, v->n, strtoul(arg, NULL, 10));
    return true;
}

static bool f_upper(struct text *v, const char *arg, struct scope *s)
{
    (void)arg, (void)s;
    for (size_t i = 0; i < v->n; i++)
        if (v->p[i] >= 'a' && v->p[i] <= 'z')
            v->p[i] = (char)(v->p[i] - 'a' + 'A');
    return true;
}

static bool f_lower(struct text *v, const char *arg, struct scope *s)
{
    (void)arg, (void)s;
    for (size_t i = 0; i < v->n; i++)
        if (v->p[i] >= 'A' && v->p[i] <= 'Z')
            v->p[i] = (char)(v->p[i] - 'A' + 'a');
    return true;
}

static bool number(const char *arg)
{
    size_t n = strspn(arg, "0123456789");

    return n > 0 && n < 8 && !arg[n];
}

static bool key_name(const char *arg)
{
    return strcmp(arg, "secret") == 0 || strcmp(arg, "token") == 0;
}

static bool nothing(const char *arg)
{
    return !*arg;
}

static const struct {
    const char *name;
    bool (*run)(struct text *v, const char *arg, struct scope *s);
    bool (*takes)(const char *arg);
} FILTERS[] = {
    {"url", f_url, nothing},
    {"raw", f_raw, nothing},
    {"optional", f_optional, nothing},
    {"json", f_json, nothing},
    {"xml", f_xml, nothing},
    {"slack", f_slack, nothing},
    {"plain", f_plain, nothing},
    {"calm", f_calm, nothing},
    {"b64", f_b64, nothing},
    {"hex", f_hex, nothing},
    {"md5", f_md5, nothing},
    {"sha256", f_sha256, nothing},
    {"hmac_sha1", f_hmac_sha1, key_name},
    {"hmac_sha256", f_hmac_sha256, key_name},
    {"cut", f_cut, number},
    {"chars", f_chars, number},
    {"upper", f_upper, nothing},
    {"lower", f_lower, nothing},
};

int filter_run(const char *said, struct text *value, struct scope *s, struct qund_fault *why)
{
    char name[32];
    const char *colon = strchr(said, ':'), *arg = colon ? colon + 1 : "";
    size_t i = 0;

    snprintf(name, sizeof(name), "%.*s", (int)(colon ? colon - said : 31), said);
    while (i < sizeof(FILTERS) / sizeof(FILTERS[0]) && strcmp(FILTERS[i].name, name) != 0)
        i++;
    if (i == sizeof(FILTERS) / sizeof(FILTERS[0]))
        return robot_fault(why, QUND_E_INVAL, "template", "there is no filter '%.31s'", said);
    if (!FILTERS[i].takes(arg))
        return robot_fault(why, QUND_E_INVAL, "template", "'%.31s': not an argument it takes",
                           said);
    if (FILTERS[i].run(value, arg, s))
        return QUND_OK;
    return robot_fault(why, QUND_E_INVAL, "template", "'%.31s' needs a key that is not set", said);
}
