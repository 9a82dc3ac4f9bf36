/* lean_load.c - a table of leanings: from its file, and as a file again.
 *
 *   lean 1                             what this is, and its version
 *   intent complaint -2.31 C           an intent, its bias, and a capital that may stand for it
 *   scale 0 1.41                       grams of texts of that class of length count that much
 *   length 0<TAB>complaint=-0.40 …     the shortest of the classes of length; 6 is the longest
 *   context call_confirm<TAB>F=1.50 …  a word of the talk around it (docs/rule-language.md)
 *   半天<TAB>C=1.20 …                  one to three characters and their weights
 *   # a comment
 *
 * In a gram ^ and $ are the ends of the text, ␣ is a blank, 0 any digit. Weights have two decimals
 * at most and lie within 10.23; a scale that is not given is 1. The file is made by a program and
 * may be edited by a person, so whatever is wrong with it is said with its line, all at once, and
 * nothing is guessed. */
#include "text/lean_parts.h"
#include <stdio.h>
#include <stdlib.h>

struct loader {
    struct qund_lean *l;
    struct qund_errs *errs;
    const char *name;
    size_t line, wrong;
    bool versioned;
};

QUND_PRINTF(2, 3) static void say(struct loader *ld, const char *fmt, ...)
{
    char where[160], why[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    snprintf(where, sizeof(where), "%.120s:%zu", ld->name, ld->line);
    qund_errs_add(ld->errs, QUND_E_INVAL, where, "%s", why);
    ld->wrong++;
}

/* "-1.2" → -120. At most two decimals, and |value| <= max. */
static bool hundredths(struct qund_str s, int max, int *out)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    size_t at = minus, digits = 0, decimals = 0;
    int v = 0;

    for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9' && digits < 3; at++, digits++)
        v = v * 10 + (s.p[at] - '0');
    if (digits == 0)
        return false;
    if (at < s.n && s.p[at] == '.')
        for (at++; at < s.n && s.p[at] >= '0' && s.p[at] <= '9' && decimals < 2; at++, decimals++)
            v = v * 10 + (s.p[at] - '0');
    if (at < s.n || s.p[s.n - 1] == '.')
        return false;
    for (; decimals < 2; decimals++)
        v *= 10;
    *out = minus ? -v : v;
    return v <= max;
}

static void read_version(struct loader *ld, struct qund_str rest)
{
    if (!qund_str_is(rest, "1"))
        say(ld, "version '%.*s' of the table is not known; this program reads version 1",
            (int)(rest.n < 20 ? rest.n : 20), rest.p);
    ld->versioned = true;
}

static bool good_name(struct qund_str s)
{
    bool ok = s.n > 0 && s.n < LEAN_NAME;

    for (size_t i = 0; ok && i < s.n; i++)
        ok = (s.p[i] >= 'a' && s.p[i] <= 'z') || (i > 0 && (s.p[i] == '_' || s.p[i] == '.')) ||
             (i > 0 && s.p[i] >= '0' && s.p[i] <= '9');
    return ok;
}

/* The intent that weights spell so, or -1. */
static int spelt_so(const struct qund_lean *l, struct qund_str s)
{
    for (size_t i = 0; s.n == 1 && i < l->n_intents; i++)
        if (l->brief[i] == s.p[0])
            return (int)i;
    return qund_lean_find(l, s);
}

static void read_intent(struct loader *ld, struct qund_str rest)
{
    struct qund_str name = qund_str_split(&rest, ' '), brief = rest;
    struct qund_str value = qund_str_split(&brief, ' ');
    struct qund_lean *l = ld->l;
    int bias = 0;

    if (!good_name(name) || !value.p || !hundredths(value, 9999, &bias) ||
        (brief.p && (brief.n != 1 || brief.p[0] < 'A' || brief.p[0] > 'Z'))) {
        say(ld, "expected `intent NAME BIAS`, such as `intent complaint -2.31`, and perhaps a "
                "capital that stands for it");
        return;
    }
    if (qund_lean_find(l, name) >= 0 || (brief.p && spelt_so(l, brief) >= 0)) {
        name = qund_lean_find(l, name) >= 0 ? name : brief;
        say(ld, "intent '%.*s' stands twice", QUND_STR_ARG(name));
        return;
    }
    if (l->n_intents == QUND_LEAN_INTENTS_MAX) {
        say(ld, "more than %u intents", QUND_LEAN_INTENTS_MAX);
        return;
    }
    l->bias[l->n_intents] = bias;
    l->brief[l->n_intents] = brief.p ? brief.p[0] : '\0';
    memcpy(l->names[l->n_intents], name.p, name.n);
    l->n_intents++;
}

/* "complaint=1.20"; returns the intent or -1. */
static int read_weight(struct loader *ld, struct qund_str pair, int *weight)
{
    struct qund_str value = pair, name = qund_str_split(&value, '=');
    int at = spelt_so(ld->l, name);

    if (!value.p || !hundredths(value, QUND_LEAN_WEIGHT_MAX, weight)) {
        say(ld, "'%.*s' is not INTENT=WEIGHT with a weight from -10.23 to 10.23, two decimals",
            (int)(pair.n < 60 ? pair.n : 60), pair.p);
        return -1;
    }
    if (at < 0)
        say(ld, "no intent '%.*s' was declared above; write `intent %.*s BIAS` first",
            (int)(name.n < 40 ? name.n : 40), name.p, (int)(name.n < 40 ? name.n : 40), name.p);
    return at;
}

/* "0 1.41": by how much the grams of texts of that class count. */
static void read_scale(struct loader *ld, struct qund_str rest)
{
    struct qund_str which = qund_str_split(&rest, ' ');
    int64_t k = -1;
    int scale = 0;

    if (qund_str_int(which, &k) < 0 || k < 0 || k >= LEAN_LENGTHS || !rest.p ||
        !hundredths(rest, QUND_LEAN_WEIGHT_MAX, &scale) || scale <= 0) {
        say(ld,
            "expected `scale CLASS FACTOR` with a class of length from 0 to %d and a factor up "
            "to 10.23, such as `scale 0 1.41`",
            LEAN_LENGTHS - 1);
        return;
    }
    ld->l->scale[k] = (int16_t)scale;
}

static void read_length(struct loader *ld, struct qund_str which, struct qund_str weights)
{
    int64_t k = -1;

    if (qund_str_int(which, &k) < 0 || k < 0 || k >= LEAN_LENGTHS) {
        say(ld, "a class of length is a number from 0 to %d", LEAN_LENGTHS - 1);
        return;
    }
    while (weights.p) {
        int weight, intent = read_weight(ld, qund_str_split(&weights, ' '), &weight);

        if (intent < 0)
            return;
        ld->l->length[k][intent] = (int16_t)weight;
    }
}

static void read_context(struct loader *ld, struct qund_str name, struct qund_str weights)
{
    struct qund_lean *l = ld->l;

    if (!good_name(name) || l->n_contexts == QUND_LEAN_CONTEXTS_MAX ||
        qund_lean_context(l, &name, 1)) {
        say(ld, "'%.*s' is no name of a context, stands twice, or is one more than %u",
            (int)(name.n < 40 ? name.n : 40), name.p, QUND_LEAN_CONTEXTS_MAX);
        return;
    }
    memcpy(l->contexts[l->n_contexts], name.p, name.n);
    while (weights.p) {
        int weight, intent = read_weight(ld, qund_str_split(&weights, ' '), &weight);

        if (intent < 0)
            return;
        l->context[l->n_contexts][intent] = (int16_t)weight;
    }
    l->n_contexts++;
}

/* Spelt → packed; 0 when it is no gram. */
static uint64_t read_gram(struct qund_str s)
{
    uint64_t gram = 0;
    size_t n = 0;

    for (size_t at = 0; at < s.n; n++) {
        uint32_t cp = qund_utf8_next(s, &at);
        uint16_t c = cp == '^'      ? (uint16_t)LEAN_START
                     : cp == '$'    ? (uint16_t)LEAN_END
                     : cp == 0x2423 ? (uint16_t)LEAN_BLANK
                                    : qund_lean_code(cp);

        /* Whatever no text has: a second beginning, a digit but 0. */
        if (n == LEAN_GRAM || (c == LEAN_START && n > 0) || (c == LEAN_END && at < s.n) ||
            (c == '0' && cp != '0') || (c == LEAN_BLANK && cp != 0x2423))
            return 0;
        gram = gram << 16 | c;
    }
    return gram;
}

static void read_gram_line(struct loader *ld, struct qund_str spelt, struct qund_str weights)
{
    struct qund_lean *l = ld->l;
    uint64_t gram = read_gram(spelt);
    uint32_t place = qund_lean_place(l, gram);
    uint64_t first = l->n_entries / LEAN_STEP;
    size_t slot = gram ? qund_lean_seek(l, gram, place) : 0;
    unsigned seen = 0;

    if (!gram || l->slots[slot]) {
        say(ld,
            gram ? "'%.*s' stands twice"
                 : "'%.*s' is no gram: one to three characters; ^ and $ the ends, ␣ a blank, 0 any "
                   "digit",
            (int)(spelt.n < 40 ? spelt.n : 40), spelt.p);
        return;
    }
    while (weights.p) {
        int weight, intent = read_weight(ld, qund_str_split(&weights, ' '), &weight);

        if (intent < 0)
            return;
        if (seen >> intent & 1) {
            say(ld, "intent '%s' stands twice", l->names[intent]);
            return;
        }
        seen |= 1u << intent;
        l->entries[l->n_entries++] = qund_lean_entry((unsigned)intent, weight, !weights.p);
    }
    l->slots[slot] = gram << 16 | first;
    l->n_entries += l->n_entries % LEAN_STEP;
    l->filter[place >> 3] |= (uint8_t)(1u << (place & 7));
    l->n_grams++;
}

static void read_line(struct loader *ld, struct qund_str line)
{
    struct qund_str rest = line, head = qund_str_split(&rest, '\t'), word, arg = head;

    if (line.n == 0 || qund_str_is(line, "#") || qund_str_starts(line, "# "))
        return;
    word = qund_str_split(&arg, ' ');
    if (!rest.p && arg.p && qund_str_is(word, "lean"))
        read_version(ld, arg);
    else if (!ld->versioned)
        say(ld, "the first line that is no comment must be `lean 1`");
    else if (!rest.p && arg.p && qund_str_is(word, "intent"))
        read_intent(ld, arg);
    else if (!rest.p && arg.p && qund_str_is(word, "scale"))
        read_scale(ld, arg);
    else if (rest.p && arg.p && qund_str_is(word, "length"))
        read_length(ld, arg, rest);
    else if (rest.p && arg.p && qund_str_is(word, "context"))
        read_context(ld, arg, rest);
    else if (rest.p && !arg.p)
        read_gram_line(ld, head, rest);
    else
        say(ld, "expected `intent NAME BIAS`, or a gram, a tab and INTENT=WEIGHT …");
}

/* Counted before anything is read: each gram has a line and a tab, each weight a `=`. */
static bool make_room(struct loader *ld, struct qund_str text)
{
    size_t lines = 0, weights = 0, i;

    for (i = 0; i < text.n; i++) {
        lines += text.p[i] == '\t';
        weights += text.p[i] == '=';
    }
    if (lines > LEAN_GRAMS_MAX || weights + lines > LEAN_ENTRIES_MAX) {
        say(ld, "%zu grams with %zu weights; at most %d, and %d of both together, are allowed",
            lines, weights, LEAN_GRAMS_MAX, LEAN_ENTRIES_MAX);
        return false;
    }
    ld->l->n_slots = lines + lines / 3 + 8;
    ld->l->filter = qund_alloc(ld->l->n_slots);
    ld->l->slots = qund_alloc(ld->l->n_slots * sizeof(*ld->l->slots));
    ld->l->entries = qund_alloc((weights + lines + 1) * sizeof(*ld->l->entries));
    return true;
}

int qund_lean_parse(const char *name, struct qund_str text, struct qund_lean **out,
                    struct qund_errs *errs)
{
    QUND_AUTO(qund_lean_unref) struct qund_lean *l = qund_alloc(sizeof(*l));
    struct loader ld = {.l = l, .errs = errs, .name = name, .line = 1};
    struct qund_str rest = text;

    atomic_init(&l->refs, 1);
    for (size_t i = 0; i < LEAN_LENGTHS; i++)
        l->scale[i] = 100;
    if (text.n > QUND_LEAN_FILE_MAX)
        say(&ld, "the table has %zu bytes, at most %zu are allowed", text.n, QUND_LEAN_FILE_MAX);
    else if (qund_utf8_check(text) >= 0 || memchr(text.p, 0, text.n))
        say(&ld, "the table is not UTF-8 text");
    else if (make_room(&ld, text))
        for (; rest.p; ld.line++)
            read_line(&ld, qund_str_split(&rest, '\n'));
    ld.line = 1;
    if (ld.wrong == 0 && l->n_intents == 0)
        say(&ld, "the table declares no intent");
    if (ld.wrong > 0)
        return QUND_E_INVAL;
    *out = QUND_TAKE(l);
    return 0;
}

struct qund_lean *qund_lean_ref(struct qund_lean *l)
{
    atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    return l;
}

struct qund_lean *qund_lean_unref(struct qund_lean *l)
{
    if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) > 1)
        return NULL;
    qund_free(l->filter);
    qund_free(l->slots);
    qund_free(l->entries);
    qund_free(l);
    return NULL;
}

/* --- looking at a table --- */
size_t qund_lean_intents(const struct qund_lean *l)
{
    return l->n_intents;
}

const char *qund_lean_intent(const struct qund_lean *l, size_t i)
{
    qund_assert(i < l->n_intents);
    return l->names[i];
}

int qund_lean_find(const struct qund_lean *l, struct qund_str intent)
{
    for (size_t i = 0; i < l->n_intents; i++)
        if (qund_str_is(intent, l->names[i]))
            return (int)i;
    return QUND_E_NOTFOUND;
}

size_t qund_lean_grams(const struct qund_lean *l)
{
    return l->n_grams;
}

size_t qund_lean_bytes(const struct qund_lean *l)
{
    return sizeof(*l) + l->n_slots * (1 + sizeof(*l->slots)) + l->n_entries * sizeof(*l->entries);
}

static void print_hundredths(struct qund_buf *out, int v)
{
    qund_buf_printf(out, "%s%d.%02d", v < 0 ? "-" : "", abs(v) / 100, abs(v) % 100);
}

static void print_weight(const struct qund_lean *l, size_t intent, int weight, bool last,
                         struct qund_buf *out)
{
    if (l->brief[intent])
        qund_buf_printf(out, "%c=", l->brief[intent]);
    else
        qund_buf_printf(out, "%s=", l->names[intent]);
    print_hundredths(out, weight);
    qund_buf_char(out, last ? '\n' : ' ');
}

/* After what they are of: nothing when all are 0. */
static void print_weights(const struct qund_lean *l, const char *what, const int16_t *weight,
                          struct qund_buf *out)
{
    size_t last = l->n_intents, i;

    for (i = 0; i < l->n_intents; i++)
        if (weight[i])
            last = i;
    if (last == l->n_intents)
        return;
    qund_buf_printf(out, "%s\t", what);
    for (i = 0; i <= last; i++)
        if (weight[i])
            print_weight(l, i, weight[i], i == last, out);
}

static int by_slot(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void print_head(const struct qund_lean *l, struct qund_buf *out)
{
    char what[48];
    size_t i;

    qund_buf_puts(out, "lean 1\n");
    for (i = 0; i < l->n_intents; i++) {
        qund_buf_printf(out, "intent %s ", l->names[i]);
        print_hundredths(out, l->bias[i]);
        if (l->brief[i])
            qund_buf_printf(out, " %c", l->brief[i]);
        qund_buf_char(out, '\n');
    }
    for (i = 0; i < LEAN_LENGTHS; i++)
        if (l->scale[i] != 100) {
            qund_buf_printf(out, "scale %zu ", i);
            print_hundredths(out, l->scale[i]);
            qund_buf_char(out, '\n');
        }
    for (i = 0; i < LEAN_LENGTHS; i++) {
        snprintf(what, sizeof(what), "length %zu", i);
        print_weights(l, what, l->length[i], out);
    }
    for (i = 0; i < l->n_contexts; i++) {
        snprintf(what, sizeof(what), "context %s", l->contexts[i]);
        print_weights(l, what, l->context[i], out);
    }
}

void qund_lean_print(const struct qund_lean *l, struct qund_buf *out)
{
    QUND_AUTO(qund_free) void *room = qund_alloc((l->n_grams + 1) * sizeof(uint64_t));
    uint64_t *v = room;
    size_t n = 0, i;
    char spelt[20];

    print_head(l, out);
    for (i = 0; i < l->n_slots; i++)
        if (l->slots[i])
            v[n++] = l->slots[i];
    qsort(v, n, sizeof(*v), by_slot);
    for (i = 0; i < n; i++) {
        const uint16_t *e = qund_lean_list(l, v[i]);

        qund_lean_spell(v[i] >> 16, spelt);
        qund_buf_printf(out, "%s\t", spelt);
        do
            print_weight(l, qund_lean_entry_intent(*e), qund_lean_entry_weight(*e), *e & LEAN_LAST,
                         out);
        while (!(*e++ & LEAN_LAST));
    }
}
