/* check.c - what a table cannot say: the form of addresses, zones that exist, keys that need
 * others.
 *
 * The same checks run for a file and for the command line; with a file the error stands at the line
 * of the value, else at its key. */
#include "config/option.h"
#include "core/zone.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct checker {
    const struct qund_yaml *y; /* NULL: no file */
    struct qund_errs *es;
    int rc;
};

/* At the place of section.key, or of map.item.key; of the nearest heading when it is not written.
 * found: the value; NULL: there is none, or nobody should read it in a log. */
static void complain(struct checker *ck, const char *section, const char *item, const char *key,
                     const char *found, const char *why)
{
    const char *steps[] = {section, item, key};
    const struct qund_ynode *at = ck->y ? qund_yaml_root(ck->y) : NULL;
    char where[160], path[160];

    snprintf(path, sizeof(path), "%s.%s%s%s", section, item ? item : "", item ? "." : "", key);
    for (size_t i = 0; at && i < QUND_ARRAY_LEN(steps); i++) {
        const struct qund_ynode *next = steps[i] ? qund_yaml_get(at, steps[i]) : NULL;

        at = next ? next : at;
    }
    if (ck->y)
        qund_yaml_where(ck->y, at, where);
    ck->rc = qund_errs_add(ck->es, QUND_E_INVAL, ck->y ? where : path, "%s%s%s%s%.60s%s",
                           ck->y ? path : "", ck->y ? ": " : "", why, found ? " (found '" : "",
                           found ? found : "", found ? "')" : "");
}

/* A key that is written but has no value was already refused where it stands. */
static bool written(const struct checker *ck, const char *map, const char *item, const char *key)
{
    const struct qund_ynode *root = ck->y ? qund_yaml_root(ck->y) : NULL;

    return qund_yaml_get(qund_yaml_get(qund_yaml_get(root, map), item), key) != NULL;
}

static bool printable(const char *z)
{
    for (; *z; z++)
        if ((unsigned char)*z <= ' ' || *z == 0x7F)
            return false;
    return true;
}

static bool port_ok(struct qund_str s)
{
    int64_t port;

    return qund_str_int(s, &port) == 0 && port >= 0 && port <= 65535;
}

/* HOST:PORT or [v6]:PORT; the port is behind the last colon. */
static bool host_port(struct qund_str s)
{
    size_t colon = s.n;

    while (colon > 0 && s.p[colon - 1] != ':')
        colon--;
    if (colon < 2 || !port_ok(qund_str_n(s.p + colon, s.n - colon)))
        return false;
    s.n = colon - 1;
    if (s.p[0] == '[')
        return s.n > 2 && s.p[s.n - 1] == ']';
    return !memchr(s.p, ':', s.n);
}

/* HH:MM */
static bool minute_ok(const char *z)
{
    struct qund_str minute = qund_str(z), hour = qund_str_split(&minute, ':');
    int64_t h, m;

    return hour.n == 2 && minute.n == 2 && qund_str_int(hour, &h) == 0 &&
           qund_str_int(minute, &m) == 0 && h >= 0 && h < 24 && m >= 0 && m < 60;
}

static bool listen_ok(const char *z)
{
    struct qund_str s = qund_str(z);

    if (!printable(z))
        return false;
    return qund_str_starts(s, "unix:") ? s.n > strlen("unix:") : host_port(s);
}

static bool http_url(const char *z)
{
    struct qund_str s = qund_str(z);
    size_t skip = qund_str_starts(s, "https://") ? 8 : qund_str_starts(s, "http://") ? 7 : 0;

    return skip > 0 && s.n > skip && s.p[skip] != '/' && printable(z);
}

/* redis://[:password@]host:port[/db] */
static bool redis_url(const char *z)
{
    struct qund_str s = qund_str(z), host;
    ptrdiff_t at;
    int64_t db;

    if (!qund_str_starts(s, "redis://") || !printable(z))
        return false;
    s.p += 8;
    s.n -= 8;
    while ((at = qund_str_find(s, 0, QUND_STR("@"))) >= 0) { /* the last @ ends the password */
        s.p += at + 1;
        s.n -= (size_t)at + 1;
    }
    host = qund_str_split(&s, '/');
    return host_port(host) &&
           (!s.p || s.n == 0 || (qund_str_int(s, &db) == 0 && db >= 0 && db <= 1023));
}

static bool queue_url_ok(const char *z)
{
    if (strcmp(z, "managed") == 0)
        return true;
    return strncmp(z, "unix:", 5) == 0 ? z[5] != '\0' && printable(z) : redis_url(z);
}

static void check_zone(struct checker *ck, const char *name)
{
    struct qund_zone *z = NULL;
    struct qund_err err;

    if (qund_zone_load(NULL, name, &z, &err) < 0)
        complain(ck, "time", NULL, "zone", name, err.text);
    qund_zone_free(z);
}

static bool blank(const char *z)
{
    return !z || qund_str_trim(qund_str(z)).n == 0;
}

struct place {
    const char *map, *name, *key;
};

/* The name of another entry that is not there. */
static void misnamed(struct checker *ck, struct place at, const char *what, const char *wrong,
                     const char **known, size_t n)
{
    const char *near = qund_str_nearest(qund_str(wrong), known, n);
    char why[260];

    snprintf(why, sizeof(why), "no %s is called '%.64s'%s%.64s", what, wrong,
             near ? "; nearest known: " : "", near ? near : "");
    complain(ck, at.map, at.name, at.key, NULL, why);
}

/* A mail is a push like any other; into a chat it would never come, nor, laid before him who is to
 * post it, say for whom and for which group it is. */
static void check_speaks(struct checker *ck, const struct qund_config *c, const char *channel,
                         const char *key, const char *target)
{
    const struct qund_target_cfg *t = target ? qund_config_target(c, qund_str(target)) : NULL;
    bool send = strcmp(key, "send_through") == 0;
    char why[260];

    if (!t || !t->own.speaks || t->own.speaks(t->own.cfg))
        return;
    snprintf(why, sizeof(why), "the target '%.64s' (kind: %.60s) cannot %s, or remove the line",
             t->name, t->kind,
             send ? "speak in a chat; name one that can, such as one of the channel's own kind"
                  : "lay a post before whom it is for; name one that can");
    complain(ck, "channels", channel, key, NULL, why);
}

/* The channel through whose connection a target speaks; NULL: it has its own way, or names none. */
static const struct qund_channel_cfg *bound_to(const struct qund_config *c,
                                               const struct qund_target_cfg *t)
{
    for (size_t i = 0; t->own.table && t->own.cfg && i < t->own.table->n_keys; i++) {
        const struct qund_cfg_key *k = &t->own.table->keys[i];
        const char *name = k->flags & QUND_CFG_CHANNEL
                               ? *(const char *const *)((const char *)t->own.cfg + k->offset)
                               : NULL;

        if (name)
            return qund_config_channel(c, qund_str(name));
    }
    return NULL;
}

/* The group's id goes along, and in another realm the same id is a group of strangers. */
static void check_realm(struct checker *ck, const struct qund_config *c,
                        const struct qund_channel_cfg *ch, const char *key, const char *target)
{
    const struct qund_target_cfg *t = target ? qund_config_target(c, qund_str(target)) : NULL;
    const struct qund_channel_cfg *bound = t ? bound_to(c, t) : NULL;
    char why[560];

    if (!bound || strcmp(bound->realm, ch->realm) == 0)
        return;
    snprintf(
        why, sizeof(why),
        "the target '%.64s' speaks by the channel '%.64s', realm '%.64s', where the ids of "
        "realm '%.64s' are other groups; name one that speaks in the groups of '%.64s', or give "
        "both channels one realm if they see the same groups",
        t->name, bound->name, bound->realm, ch->realm, ch->name);
    complain(ck, "channels", ch->name, key, NULL, why);
}

static void check_through(struct checker *ck, const struct qund_config *c, const char *channel,
                          const char *key, const char *target)
{
    const char **known;

    if (!target || qund_config_target(c, qund_str(target)))
        return;
    known = qund_alloc((c->n_targets + 1) * sizeof(*known));
    for (size_t i = 0; i < c->n_targets; i++)
        known[i] = c->targets[i].name;
    misnamed(ck, (struct place){"channels", channel, key}, "target", target, known, c->n_targets);
    qund_free(known);
}

/* Targets that speak through a channel's connections name one of their own kind. */
static void check_channel_named(struct checker *ck, const struct qund_config *c,
                                const struct qund_target_cfg *t, const struct qund_cfg_key *k)
{
    const char *name = *(const char *const *)((const char *)t->own.cfg + k->offset);
    const struct qund_channel_cfg *ch = name ? qund_config_channel(c, qund_str(name)) : NULL;
    const char **known;
    char what[80];
    size_t n = 0;

    if (!name || (ch && strcmp(ch->kind, t->kind) == 0))
        return;
    known = qund_alloc((c->n_channels + 1) * sizeof(*known));
    for (size_t i = 0; i < c->n_channels; i++)
        if (strcmp(c->channels[i].kind, t->kind) == 0)
            known[n++] = c->channels[i].name;
    snprintf(what, sizeof(what), "channel of kind %.60s", t->kind);
    misnamed(ck, (struct place){"targets", t->name, k->name}, what, name, known, n);
    qund_free(known);
}

static void check_own(struct checker *ck, const struct qund_config *c,
                      const struct qund_target_cfg *t)
{
    for (size_t i = 0; t->own.table && t->own.cfg && i < t->own.table->n_keys; i++)
        if (t->own.table->keys[i].flags & QUND_CFG_CHANNEL)
            check_channel_named(ck, c, t, &t->own.table->keys[i]);
}

/* What is opened long after the start, or not at all without a word. */
static void check_paths(struct checker *ck, const struct qund_config *c)
{
    char why[400];
    struct stat st;

    if (c->net.ca_file && (stat(c->net.ca_file, &st) < 0 || access(c->net.ca_file, R_OK) < 0)) {
        snprintf(why, sizeof(why), "cannot read it: %s; a file of roots in PEM is wanted here",
                 strerror(errno));
        complain(ck, "net", NULL, "ca_file", NULL, why);
    } else if (c->net.ca_file && !S_ISREG(st.st_mode)) {
        complain(ck, "net", NULL, "ca_file", NULL, "is no file; roots in PEM are wanted here");
    }
    for (size_t i = 0; i < c->plugins.dirs.n; i++)
        if (stat(c->plugins.dirs.v[i], &st) < 0 || !S_ISDIR(st.st_mode)) {
            snprintf(why, sizeof(why), "there is no folder %.300s", c->plugins.dirs.v[i]);
            complain(ck, "plugins", NULL, "dirs", NULL, why);
        }
}

int qund_config_check(const struct qund_config *c, const struct qund_yaml *y, struct qund_errs *es)
{
    struct checker ck = {.y = y, .es = es};

    if (!listen_ok(c->http.listen))
        complain(&ck, "http", NULL, "listen", c->http.listen,
                 "HOST:PORT, [::1]:PORT or unix:PATH is wanted here");
    if (c->http.public_url && !http_url(c->http.public_url))
        complain(&ck, "http", NULL, "public_url", c->http.public_url,
                 "an address with https:// is wanted here");
    if (!queue_url_ok(c->queue.url))
        complain(&ck, "queue", NULL, "url", strchr(c->queue.url, '@') ? NULL : c->queue.url,
                 "managed, redis://HOST:PORT/DB or unix:PATH is wanted here");
    check_zone(&ck, c->time.zone);
    check_paths(&ck, c);
    if (c->digest.at && !minute_ok(c->digest.at))
        complain(&ck, "digest", NULL, "at", c->digest.at,
                 "a time of day like \"19:00\" is wanted here");
    if (blank(c->autos.prefix) && blank(c->autos.suffix))
        complain(&ck, "auto", NULL, "prefix", NULL,
                 "what is said automatically must be marked: give a prefix or a suffix");
    for (size_t i = 0; i < c->n_channels; i++) {
        const struct qund_channel_cfg *ch = &c->channels[i];

        check_through(&ck, c, ch->name, "send_through", ch->send_through);
        check_speaks(&ck, c, ch->name, "send_through", ch->send_through);
        check_realm(&ck, c, ch, "send_through", ch->send_through);
        check_through(&ck, c, ch->name, "confirm_through", ch->confirm_through);
        check_speaks(&ck, c, ch->name, "confirm_through", ch->confirm_through);
        check_realm(&ck, c, ch, "confirm_through", ch->confirm_through);
    }
    for (size_t i = 0; i < c->n_targets; i++) {
        const struct qund_target_cfg *t = &c->targets[i];

        if (!qund_target_is_ours(t)) {
            check_own(&ck, c, t);
            continue;
        }
        if (!t->url && !written(&ck, "targets", t->name, "url"))
            complain(&ck, "targets", t->name, "url", NULL, "a target needs a url");
        else if (t->url && !http_url(t->url))
            complain(&ck, "targets", t->name, "url", NULL,
                     "an address with https:// is wanted here");
    }
    return ck.rc;
}
