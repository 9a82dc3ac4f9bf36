/* mail.c - a way to reach staff that every company has: SMTP.
 *
 * One delivery is one mail, by the host's `smtp`, which knows TLS, addresses and the ends of that
 * protocol; here are the words, the form, and what an end means for a push:
 *
 *   taken                    sent (recipients that were refused among several are named)
 *   4xx                      tried again; a greylist's 450 to 452 not before five minutes are over
 *   5xx, no TLS, no login    failed: a person must look
 *   lost before its end      tried again, nothing took effect
 *   waited behind others     back to the queue: no try, nothing is said of the server
 *   lost behind its end      unknown: once more, with the same Message-ID, which mailboxes know */
#include "mail.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define GREYLIST_MS 300000
#define RATE_USUAL 20
#define NAME_MAX_BYTES 253

struct mail_cfg {
    const char *host, *user, *password, *helo, *from, *from_name, *prefix;
    struct qund_cfg_list to;
    int64_t port;
    int tls; /* enum qund_smtp_tls */
    bool allow_private;
};
struct plugin {
    const struct qund_host *host;
    struct call *calls;
};
struct box {
    struct plugin *plugin;
    const struct mail_cfg *cfg;
};
struct call {
    struct call *next, **prev;
    struct plugin *plugin;
    uint64_t token;
};

/* Our name: as configured, or what stands behind the @ of the sender. */
static const char *helo_of(const struct mail_cfg *c)
{
    const char *at = strrchr(c->from, '@');

    return c->helo ? c->helo : at ? at + 1 : "localhost";
}

static void end(struct plugin *p, uint64_t token, enum qund_delivered how, int64_t wait_ms,
                struct qund_str detail)
{
    p->host->delivered(p->host, token, how, detail, wait_ms, QUND_STR_NONE);
}

static void call_free(struct call *c)
{
    *c->prev = c->next;
    if (c->next)
        c->next->prev = c->prev;
    free(c);
}

static void told(void *arg, const struct qund_told_smtp *t)
{
    static const enum qund_delivered ENDS[] = {
        [QUND_SMTP_TAKEN] = QUND_SENT,        [QUND_SMTP_LATER] = QUND_RETRY,
        [QUND_SMTP_NEVER] = QUND_DROP,        [QUND_SMTP_NOT_SENT] = QUND_RETRY,
        [QUND_SMTP_NO_ANSWER] = QUND_UNKNOWN, [QUND_SMTP_REFUSED] = QUND_DROP,
    };
    struct call *c = arg;
    bool grey = t->status >= 450 && t->status <= 452;
    char detail[190] = "";

    if (t->end == QUND_SMTP_TAKEN && t->refused > 0)
        snprintf(detail, sizeof(detail), "%zu recipients were refused, the first: %.*s", t->refused,
                 (int)(t->why.n < 120 ? t->why.n : 120), t->why.p);
    else if (t->end != QUND_SMTP_TAKEN)
        snprintf(detail, sizeof(detail), "%.*s", (int)(t->why.n < 180 ? t->why.n : 180), t->why.p);
    end(c->plugin, c->token, t->not_begun ? QUND_RETURNED : ENDS[t->end],
        t->end == QUND_SMTP_LATER && grey ? GREYLIST_MS : -1, qund_str(detail));
    call_free(c);
}

static void make(const struct box *b, const struct qund_delivery *d, const struct page *page,
                 struct text *out)
{
    const struct mail_cfg *cfg = b->cfg;
    struct letter l = {.from = cfg->from,
                       .from_name = cfg->from_name,
                       .to = cfg->to.v,
                       .n_to = cfg->to.n,
                       .subject = page->subject.p ? page->subject.p : "",
                       .domain = helo_of(cfg),
                       .id = d->id,
                       .created_ms = d->created_ms,
                       .wall_ms = b->plugin->host->wall_ms(b->plugin->host),
                       .text = text_view(&page->text),
                       .html = text_view(&page->html)};

    mime_letter(&l, out);
}

static int ask(const struct box *b, struct qund_str message, int64_t timeout_ms, struct call *c,
               struct qund_fault *why)
{
    const struct mail_cfg *cfg = b->cfg;
    struct qund_str to[50];
    struct qund_ask_smtp what = {.host = qund_str(cfg->host),
                                 .port = (uint16_t)cfg->port,
                                 .tls = (enum qund_smtp_tls)cfg->tls,
                                 .user = qund_str(cfg->user),
                                 .password = qund_str(cfg->password),
                                 .helo = qund_str(helo_of(cfg)),
                                 .from = qund_str(cfg->from),
                                 .to = to,
                                 .n_to = cfg->to.n,
                                 .message = message,
                                 .timeout_ms = timeout_ms,
                                 .allow_private = cfg->allow_private};

    for (size_t i = 0; i < cfg->to.n; i++)
        to[i] = qund_str(cfg->to.v[i]);
    return b->plugin->host->smtp(b->plugin->host, &what, told, c, NULL, why);
}

static void deliver(void *target, const struct qund_delivery *d, uint64_t token)
{
    struct box *b = target;
    struct call *c = calloc(1, sizeof(*c));
    struct qund_fault why = {0};
    struct page page = {0};
    TEXT_AUTO message = {0};
    int rc = c ? page_make(d->body, b->cfg->prefix, &page, &why) : QUND_E_NOMEM;

    if (rc == 0)
        make(b, d, &page, &message);
    if (rc == 0 && message.bad)
        rc = QUND_E_NOMEM;
    if (rc == 0) {
        *c = (struct call){.next = b->plugin->calls,
                           .prev = &b->plugin->calls,
                           .plugin = b->plugin,
                           .token = token};
        if (c->next)
            c->next->prev = &c->next;
        b->plugin->calls = c;
        rc = ask(b, text_view(&message), d->timeout_ms, c, &why);
        if (rc < 0)
            call_free(c);
    } else {
        free(c);
    }
    if (rc < 0) /* what is full, or no memory, is ours: no try, and nothing against the server */
        end(b->plugin, token, rc == QUND_E_INVAL ? QUND_DROP : QUND_LIMITED,
            rc == QUND_E_INVAL ? -1 : 1000, qund_str(why.text[0] ? why.text : "no memory"));
    page_done(&page);
}

/* --- entries --- */

static int target_open(void *ctx, const struct qund_entry_info *info, void **target,
                       struct qund_fault *why)
{
    struct box *b = calloc(1, sizeof(*b));

    if (!b)
        return mail_fault(why, QUND_E_NOMEM, "", "no memory");
    *b = (struct box){ctx, info->cfg};
    *target = b;
    return QUND_OK;
}

static int start(const struct qund_host *host, void **ctx, struct qund_fault *why)
{
    struct plugin *p = calloc(1, sizeof(*p));

    if (!p)
        return mail_fault(why, QUND_E_NOMEM, "", "no memory");
    p->host = host;
    *ctx = p;
    return QUND_OK;
}

static void stop(void *ctx)
{
    struct plugin *p = ctx;

    while (p->calls) /* nobody will be told of them */
        call_free(p->calls);
    free(p);
}

/* --- options --- */

static bool good_address(const char *z)
{
    const char *at = strrchr(z, '@');

    for (const char *p = z; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("@.!#$%&'*+-/=?^_`{|}~", *p))
            return false;
    return at && at != z && at[1] && strlen(z) <= 254;
}

/* As the host's `smtp` takes it. */
static bool good_name(const char *z)
{
    size_t n = 0;

    while (isalnum((unsigned char)z[n]) || (z[n] && strchr(".-", z[n])))
        n++;
    return n > 0 && n <= NAME_MAX_BYTES && !z[n];
}

/* A name or an address, an IPv6 one as it is; the port and the scheme have keys of their own. */
static bool good_host(const char *z)
{
    const char *colon = strchr(z, ':');

    if (colon && strchr(colon + 1, ':'))
        return !z[strspn(z, "0123456789abcdefABCDEF:.")];
    return good_name(z);
}

static int check(const void *cfg, struct qund_fault *why)
{
    const struct mail_cfg *c = cfg;

    if (!good_host(c->host))
        return mail_fault(why, QUND_E_INVAL, "host",
                          "a host's name or address alone is wanted: no smtp://, and the port "
                          "goes into port");
    if (!good_address(c->from))
        return mail_fault(why, QUND_E_INVAL, "from",
                          "an address like name@host is wanted, in ASCII; the name goes into "
                          "from_name");
    if (!good_name(helo_of(c)))
        return mail_fault(why, QUND_E_INVAL, c->helo ? "helo" : "from",
                          c->helo ? "a host's name is wanted, in letters, digits, dots and "
                                    "dashes; without the line it is the host of `from`"
                                  : "the host behind the @ is no name to greet a server with: "
                                    "mend it, or give one in helo");
    if (c->to.n == 0 || c->to.n > 50)
        return mail_fault(why, QUND_E_INVAL, "to", "1 to 50 addresses are wanted");
    for (size_t i = 0; i < c->to.n; i++)
        if (!good_address(c->to.v[i]))
            return mail_fault(why, QUND_E_INVAL, "to",
                              "addresses like name@host are wanted, in ASCII");
    if (c->tls == QUND_SMTP_PLAIN && !c->allow_private)
        return mail_fault(why, QUND_E_INVAL, "tls", "mail in the clear needs allow_private");
    if (!c->user != !c->password)
        return mail_fault(why, QUND_E_INVAL, c->user ? "user" : "password",
                          "user and password belong together");
    return QUND_OK;
}

static int64_t target_rate(const void *cfg)
{
    (void)cfg;
    return RATE_USUAL;
}

static bool target_shared(const void *cfg)
{
    const struct mail_cfg *c = cfg;

    return c->to.n > 1;
}

static bool target_single(const void *cfg)
{
    return !target_shared(cfg);
}

/* Its readers are who stands in `to`, never a chat. */
static bool target_speaks(const void *cfg)
{
    (void)cfg;
    return false;
}

#define AT(m) offsetof(struct mail_cfg, m)
static const char *const TLS[] = {"starttls", "tls", "none", NULL};
static const struct qund_cfg_key KEYS[] = {
    {"host", QUND_CFG_STRING, AT(host), NULL, 0, 0, NULL, QUND_CFG_REQUIRED, "The mail server."},
    {"port", QUND_CFG_INT, AT(port), "0", 0, 65535, NULL, 0,
     "Its port; 0: 587 with starttls, 465 with tls, 25 with none."},
    {"tls", QUND_CFG_ENUM, AT(tls), "starttls", 0, 0, TLS, 0,
     "starttls, tls from the first byte, or none (with allow_private)."},
    {"user", QUND_CFG_STRING, AT(user), NULL, 0, 0, NULL, 0, "Login; unset: none."},
    {"password", QUND_CFG_SECRET, AT(password), NULL, 0, 0, NULL, 0, "Its password."},
    {"helo", QUND_CFG_STRING, AT(helo), NULL, 0, 0, NULL, 0,
     "How we call ourselves; unset: the host of `from`."},
    {"from", QUND_CFG_STRING, AT(from), NULL, 0, 0, NULL, QUND_CFG_REQUIRED,
     "The sender's address."},
    {"from_name", QUND_CFG_STRING, AT(from_name), "qund", 0, 0, NULL, 0, "The sender's name."},
    {"to", QUND_CFG_LIST, AT(to), NULL, 0, 0, NULL, QUND_CFG_REQUIRED, "Who gets it."},
    {"prefix", QUND_CFG_STRING, AT(prefix), NULL, 0, 0, NULL, 0, "Stands before each subject."},
    {"allow_private", QUND_CFG_BOOL, AT(allow_private), "false", 0, 0, NULL, 0,
     "The server may be loopback or private."},
};
static const struct qund_cfg_table TABLE = {KEYS, sizeof(KEYS) / sizeof(KEYS[0]),
                                            sizeof(struct mail_cfg), check};

static const struct qund_plugin PLUGIN = {
    .size = sizeof(struct qund_plugin),
    .abi_major = QUND_ABI_MAJOR,
    .abi_minor = 2,
    .name = "mail",
    .version = QUND_VERSION,
    .license = "Apache-2.0",
    .start = start,
    .stop = stop,
    .target_keys = &TABLE,
    .target_open = target_open,
    .target_close = free,
    .deliver = deliver,
    .repeat = QUND_REPEAT_ONCE,
    .target_rate = target_rate,
    .target_shared = target_shared,
    .target_single = target_single,
    .target_speaks = target_speaks,
};

QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor)
{
    (void)host_major, (void)host_minor;
    return &PLUGIN;
}
