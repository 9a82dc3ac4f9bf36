/* expand.c - {{field|filter|filter:argument}} in one string of a template.
 *
 * The place decides what a field may do there: in an address it is percent-encoded (unless it is
 * the base, or a filter says `raw`), in a header it loses its control bytes, in JSON and forms it
 * is a value of its own. What was filled in is never read again. */
#include "template.h"
#include <stdio.h>
#include <time.h>

static void to_field(const struct scope *s, struct text *out)
{
    for (size_t i = 0; i < s->cfg->to.n; i++) {
        if (i > 0)
            text_puts(out, ",");
        text_puts(out, s->cfg->to.v[i]);
    }
}

static const char *nth_to(const struct scope *s, size_t i)
{
    return i < s->cfg->to.n ? s->cfg->to.v[i] : "";
}

static void iso(int64_t wall_ms, struct text *out)
{
    time_t t = (time_t)(wall_ms / 1000);
    char z[32];
    struct tm tm;

    if (gmtime_r(&t, &tm) && strftime(z, sizeof(z), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        text_puts(out, z);
}

/* False: there is no such field. */
static bool field(const char *name, const struct scope *s, struct text *out)
{
    const struct said *d = s->said;
    const struct {
        const char *name, *value;
    } plain[] = {
        {"title", robot_title(s->cfg, d)},
        {"level", d->level},
        {"id", d->short_id},
        {"link", d->link},
        {"phone", d->phone},
        {"name", d->name},
        {"url", s->cfg->url ? s->cfg->url : s->base},
        {"token", s->cfg->token ? s->cfg->token : ""},
        {"secret", s->cfg->secret ? s->cfg->secret : ""},
        {"nonce", s->now->nonce},
    };

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (strcmp(plain[i].name, name) == 0) {
            text_puts(out, plain[i].value);
            return true;
        }
    for (size_t i = 0; i < s->n_lets; i++)
        if (strcmp(s->lets[i].name, name) == 0) {
            text_add(out, s->lets[i].value.p, s->lets[i].value.n);
            return true;
        }
    if (strcmp(name, "text") == 0)
        said_compose(d, s->room, out);
    else if (strcmp(name, "to") == 0)
        to_field(s, out);
    else if (strcmp(name, "to1") == 0 || strcmp(name, "to2") == 0)
        text_puts(out, nth_to(s, name[2] == '1' ? 0 : 1));
    else if (strcmp(name, "ts") == 0)
        text_printf(out, "%lld", (long long)(s->now->wall_ms / 1000));
    else if (strcmp(name, "ts_ms") == 0)
        text_printf(out, "%lld", (long long)s->now->wall_ms);
    else if (strcmp(name, "iso8601") == 0)
        iso(s->now->wall_ms, out);
    else if (strcmp(name, "body") == 0 && s->body)
        text_add(out, s->body->p, s->body->n);
    else
        return false;
    return true;
}

static void put(const struct text *value, enum place place, const struct scope *s, bool base,
                struct text *out)
{
    if (place == PLACE_URL && !s->raw && !base) {
        text_percent(out, value->p, value->n);
        return;
    }
    for (size_t i = 0; i < value->n; i++) {
        unsigned char c = (unsigned char)value->p[i];

        if (place == PLACE_TEXT || (c >= 0x20 && c != 0x7f))
            text_add(out, value->p + i, 1);
    }
}

/* The inside of one pair of braces. */
static int one(char *said, enum place place, struct scope *s, struct text *out,
               struct qund_fault *why)
{
    char *bar = strchr(said, '|'), *next;
    TEXT_AUTO value = {0};
    int rc = QUND_OK;

    if (bar)
        *bar++ = '\0';
    if (!field(said, s, &value))
        return robot_fault(why, QUND_E_INVAL, "template", "there is no field '%.40s'", said);
    s->raw = false;
    for (; bar && rc == 0; bar = next) {
        next = strchr(bar, '|');
        if (next)
            *next++ = '\0';
        rc = filter_run(bar, &value, s, why);
    }
    if (rc == 0)
        put(&value, place, s, strcmp(said, "url") == 0, out);
    out->bad |= value.bad;
    return rc;
}

static bool one_line(const char *z)
{
    while ((unsigned char)*z >= 0x20 && *z != 0x7f)
        z++;
    return !*z;
}

int expand(const char *z, enum place place, struct scope *s, struct text *out,
           struct qund_fault *why)
{
    const char *open;
    int rc = QUND_OK;

    s->omit = false;
    if (place != PLACE_TEXT && !one_line(z))
        return robot_fault(why, QUND_E_INVAL, "template",
                           "an address or a header has no control bytes");
    while (rc == 0 && (open = strstr(z, "{{"))) {
        const char *close = strstr(open + 2, "}}");
        char said[128];

        if (!close || (size_t)(close - open) - 2 >= sizeof(said))
            return robot_fault(why, QUND_E_INVAL, "template", "'%.40s': a field ends with }}",
                               open);
        text_add(out, z, (size_t)(open - z));
        snprintf(said, sizeof(said), "%.*s", (int)(close - open - 2), open + 2);
        rc = one(said, place, s, out, why);
        z = close + 2;
    }
    if (rc == 0)
        text_puts(out, z);
    return rc;
}
