/* src/event/path.c - where in a document something is wrong, in words a sender can follow.
 *
 * The reader knows a byte offset. Only when an event is refused is the text walked again up to that
 * byte, with the open objects and arrays on a small stack; so the path costs nothing on the hot
 * path. Keys are the peer's: they are printed cut, and without control bytes. */
#include "event/internal.h"
#include <stdio.h>

#define LEVELS (EVENT_DEPTH_MAX + 2)
#define KEY_SHOWN 40u

struct level {
    bool array;
    size_t index;
    struct qund_str key; /* as written; NONE before the first */
};

/* Behind the string that begins at p[i]; n when it does not end. */
static size_t string_end(struct qund_str s, size_t i)
{
    for (i++; i < s.n && s.p[i] != '"'; i++)
        if (s.p[i] == '\\')
            i++;
    return i < s.n ? i + 1 : s.n;
}

/* Whether a ':' follows, so that the string was a key. */
static bool is_key(struct qund_str s, size_t i)
{
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\t' || s.p[i] == '\r'))
        i++;
    return i < s.n && s.p[i] == ':';
}

static size_t walk(struct qund_str s, size_t at, struct level *levels)
{
    size_t depth = 0;

    for (size_t i = 0; i < s.n && i < at; i++) {
        struct level *top = depth ? &levels[depth - 1] : NULL;

        if (s.p[i] == '"') {
            size_t end = string_end(s, i);

            if (top && !top->array && is_key(s, end))
                top->key = qund_str_n(s.p + i + 1, end - i - 2);
            i = end - 1;
        } else if (s.p[i] == '{' || s.p[i] == '[') {
            if (depth == LEVELS)
                break;
            levels[depth++] = (struct level){.array = s.p[i] == '['};
        } else if ((s.p[i] == '}' || s.p[i] == ']') && depth) {
            depth--;
        } else if (s.p[i] == ',' && top && top->array) {
            top->index++;
        }
    }
    return depth;
}

static size_t add_key(char *out, size_t size, size_t n, struct qund_str key)
{
    key = qund_utf8_cut(key, KEY_SHOWN);
    if (n && n + 1 < size)
        out[n++] = '.';
    for (size_t i = 0; i < key.n && n + 1 < size; i++)
        out[n++] = (unsigned char)key.p[i] < 0x20 || key.p[i] == 0x7f ? '?' : key.p[i];
    return n;
}

void event_path(struct qund_str json, size_t at, char *out, size_t size)
{
    struct level levels[LEVELS];
    size_t depth = walk(json, at, levels), n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < depth; i++) {
        if (levels[i].array) {
            int more = snprintf(out + n, size - n, "[%zu]", levels[i].index);

            n += more > 0 && (size_t)more < size - n ? (size_t)more : 0;
        } else if (levels[i].key.p) {
            n = add_key(out, size, n, levels[i].key);
        }
    }
    out[n] = '\0';
    /* What was broken may have been the text itself. */
    if (qund_utf8_check(qund_str_n(out, n)) >= 0)
        out[qund_utf8_check(qund_str_n(out, n))] = '\0';
}
