/* log.c - one line, one write.
 *
 * A line is built in memory and leaves in a single write(2), so lines of several threads never mix
 * and a crash never leaves half of one behind a full one. Values are ids, lengths and names of our
 * own; still, some come from a peer (a channel's event id), so control bytes, quotes and everything
 * a terminal would obey are escaped, and a value is cut at VALUE_MAX: nobody can forge a line or
 * fill the disk with one. A log that cannot be written is not a reason to stop: the line is lost.
 */
#include "core/log.h"
#include "core/clock.h"
#include "core/zone.h"
#include <math.h>
#include <stdatomic.h>
#include <unistd.h>

#define VALUE_MAX 1024u

struct qund_log {
    int fd;                  /* borrowed */
    enum qund_log_form form; /* constant */
    _Atomic int least;
    _Atomic uint64_t lines[4];
};

static const char *const LEVELS[] = {"debug", "info", "warn", "error"};

struct qund_log *qund_log_new(int fd, enum qund_level least, enum qund_log_form form)
{
    struct qund_log *l = qund_alloc(sizeof(*l));

    l->fd = fd;
    l->form = form;
    atomic_store(&l->least, (int)least);
    return l;
}

struct qund_log *qund_log_free(struct qund_log *l)
{
    qund_free(l);
    return NULL;
}

void qund_log_level(struct qund_log *l, enum qund_level least)
{
    atomic_store(&l->least, (int)least);
}

uint64_t qund_log_count(const struct qund_log *l, enum qund_level level)
{
    return l ? atomic_load(&l->lines[level]) : 0;
}

/* The character at s.p[at]: its length, and whether it can be shown as it is. An invalid byte is
 * one character that cannot. */
static bool showable(struct qund_str s, size_t at, size_t *len)
{
    struct qund_str c = qund_utf8_cut_chars(qund_str_n(s.p + at, s.n - at), 1);
    uint32_t cp;
    size_t next = 0;

    *len = 1;
    if (c.n == 0 || qund_utf8_check(c) >= 0)
        return false;
    *len = c.n;
    cp = qund_utf8_next(c, &next);
    /* C1 controls are escape sequences to some terminals; U+2028/9 are line ends to some readers;
     * the bidirectional marks reorder what is shown. */
    return cp >= 0x20 && (cp < 0x7F || cp > 0x9F) && (cp < 0x2028 || cp > 0x202E) &&
           (cp < 0x2066 || cp > 0x2069);
}

static void add_escaped(struct qund_buf *b, struct qund_str s, enum qund_log_form form)
{
    size_t len;

    s = qund_utf8_cut(s, VALUE_MAX);
    for (size_t at = 0; at < s.n; at += len) {
        bool plain = showable(s, at, &len);
        struct qund_str c = qund_str_n(s.p + at, len);

        if (plain && c.p[0] != '"' && c.p[0] != '\\') {
            qund_buf_str(b, c);
        } else if (plain || c.p[0] == '\n' || c.p[0] == '\t') {
            qund_buf_char(b, '\\');
            qund_buf_char(b, (char)(c.p[0] == '\n' ? 'n' : c.p[0] == '\t' ? 't' : c.p[0]));
        } else if (len == 1 && form == QUND_LOG_LOGFMT) {
            qund_buf_printf(b, "\\x%02x", (unsigned)(unsigned char)c.p[0]);
        } else if (len == 1 && (unsigned char)c.p[0] >= 0x80) {
            qund_buf_puts(b, "\\ufffd");
        } else {
            size_t next = 0;

            qund_buf_printf(b, "\\u%04x", (unsigned)qund_utf8_next(c, &next));
        }
    }
}

/* logfmt: a value of harmless characters stands bare. */
static bool bare(struct qund_str s)
{
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7F)
            return false;
    }
    return true;
}

static void add_text(struct qund_buf *b, struct qund_str s, enum qund_log_form form)
{
    if (form == QUND_LOG_LOGFMT && bare(s) && s.n <= VALUE_MAX) {
        qund_buf_str(b, s);
        return;
    }
    qund_buf_char(b, '"');
    add_escaped(b, s, form);
    qund_buf_char(b, '"');
}

static void add_key(struct qund_buf *b, const char *key, enum qund_log_form form)
{
    if (form == QUND_LOG_JSON)
        qund_buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", key);
    else
        qund_buf_printf(b, "%s%s=", b->n > 0 ? " " : "", key);
}

static void add_pair(struct qund_buf *b, const struct qund_kv *kv, enum qund_log_form form)
{
    add_key(b, kv->key, form);
    if (kv->kind == 'i')
        qund_buf_int(b, kv->i);
    else if (kv->kind == 'd' && isfinite(kv->d))
        qund_buf_printf(b, "%.6g", kv->d);
    else if (kv->kind == 's' && kv->s.p)
        add_text(b, kv->s, form);
    else
        qund_buf_puts(b, "null");
}

void qund_log_write(struct qund_log *l, enum qund_level level, const char *event,
                    const struct qund_kv *kv, size_t n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    char ts[25];
    struct qund_kv head[] = {qund_kv_s("ts", qund_str_n(ts, sizeof(ts) - 1)),
                             qund_kv_z("level", LEVELS[level]), qund_kv_z("event", event)};

    if (!l || (int)level < atomic_load_explicit(&l->least, memory_order_relaxed))
        return;
    atomic_fetch_add_explicit(&l->lines[level], 1, memory_order_relaxed);
    qund_iso_print(qund_wall_system().ms, ts);
    qund_buf_reserve(&b, 512);
    if (l->form == QUND_LOG_JSON)
        qund_buf_char(&b, '{');
    for (size_t i = 0; i < QUND_ARRAY_LEN(head); i++)
        add_pair(&b, &head[i], l->form);
    for (size_t i = 1; i < n; i++) /* kv[0] is a filler */
        add_pair(&b, &kv[i], l->form);
    qund_buf_puts(&b, l->form == QUND_LOG_JSON ? "}\n" : "\n");
    if (write(l->fd, b.p, b.n) < 0)
        return; /* nobody to tell */
}

bool qund_log_allow(struct qund_log_gate *g, int64_t mono_ms, unsigned per_min)
{
    if (mono_ms - g->window_start_ms >= 60000 || g->window_start_ms == 0) {
        g->window_start_ms = mono_ms;
        g->written = 0;
    }
    if (g->written >= per_min) {
        g->left_out++;
        return false;
    }
    g->written++;
    return true;
}
