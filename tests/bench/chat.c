/* chat.c - made-up chat, cheap to make: texts are made beforehand, a line is printed around one. */
#include "chat.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_HAN 0x6c00u
#define HANS 2000u

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t next(struct chat *c)
{
    return mix(c->random++);
}

static double unit(struct chat *c)
{
    return (double)(next(c) >> 11) / 9007199254740992.0;
}

/* Ranks 0 … n-1 with weights about 1/(rank+1). */
static unsigned zipf(struct chat *c, unsigned n)
{
    unsigned r = (unsigned)(exp(unit(c) * log((double)n + 1)) - 1);

    return r < n ? r : n - 1;
}

static char *put_han(char *p, unsigned i)
{
    unsigned u = FIRST_HAN + i;

    *p++ = (char)(0xe0 | u >> 12);
    *p++ = (char)(0x80 | (u >> 6 & 63));
    *p++ = (char)(0x80 | (u & 63));
    return p;
}

static void make_words(struct chat *c)
{
    for (size_t i = 0; i < c->n_words; i++) {
        char *p = c->words[i];
        size_t n = 2 + i % 5;

        for (size_t k = 0; k < n; k++)
            p = put_han(p, (unsigned)(mix(i * 8 + k + 77) % HANS));
        *p = '\0';
    }
}

/* Common characters are common: the square of a random number leans to the left. */
static void make_text(struct chat *c, char *p, int hit)
{
    size_t n = 30 + next(c) % 61, at = next(c) % 30;

    for (size_t i = 0; i < n; i++) {
        double u = unit(c);

        if (hit && i == at)
            p = stpcpy(p, c->words[next(c) % c->n_words]);
        if (i % 13 == 12)
            p = stpcpy(p, "，");
        else
            p = put_han(p, (unsigned)(u * u * HANS));
    }
    *p = '\0';
}

void chat_init(struct chat *c, uint64_t seed, size_t n_words, double hits)
{
    *c = (struct chat){.random = mix(seed),
                       .id = mix(seed + 1) << 20,
                       .n_words = n_words,
                       .hits = hits,
                       .people = CHAT_PEOPLE};
    c->words = calloc(n_words ? n_words : 1, sizeof(*c->words));
    c->texts = calloc(CHAT_TEXTS, sizeof(*c->texts));
    if (!c->words || !c->texts)
        abort();
    make_words(c);
    for (size_t i = 0; i < CHAT_TEXTS; i++)
        make_text(c, c->texts[i], n_words && unit(c) < hits);
}

void chat_done(struct chat *c)
{
    free(c->words);
    free(c->texts);
}

static void put_mark(int64_t us, char out[CHAT_MARK_LETTERS + 3])
{
    memcpy(out, CHAT_MARK, 2);
    for (int i = CHAT_MARK_LETTERS - 1; i >= 0; i--, us >>= 4)
        out[2 + i] = (char)('a' + (us & 15));
    out[2 + CHAT_MARK_LETTERS] = '\0';
}

int64_t chat_mark_read(const char *p, size_t n)
{
    const char *at = memmem(p, n, CHAT_MARK, 2);
    int64_t us = 0;

    if (!at || (size_t)(p + n - at) < 2 + CHAT_MARK_LETTERS)
        return -1;
    for (int i = 0; i < CHAT_MARK_LETTERS; i++) {
        int d = at[2 + i] - 'a';

        if (d < 0 || d > 15)
            return -1;
        us = us << 4 | d;
    }
    return us;
}

size_t chat_line(struct chat *c, int64_t ts_ms, int64_t now_us, char out[CHAT_LINE_MAX])
{
    unsigned g = zipf(c, CHAT_GROUPS), m = zipf(c, CHAT_MEMBERS);
    unsigned person = (unsigned)(mix(g * 1000u + m) % c->people);
    char mark[CHAT_MARK_LETTERS + 3] = "";

    if (c->marked)
        put_mark(now_us, mark);
    return (size_t)snprintf(
        out, CHAT_LINE_MAX,
        "{\"id\":\"%016llx\",\"ts\":%lld,\"group\":\"wr%06u\",\"group_name\":\"阳光花园%"
        "u号业主群\","
        "\"sender\":\"wm%08u\",\"sender_name\":\"邻居小%u\",\"kind\":\"text\",\"text\":\"%s%s\"}\n",
        (unsigned long long)mix(c->id++), (long long)ts_ms, g, g, person, person, mark,
        c->texts[next(c) % CHAT_TEXTS]);
}

size_t chat_onebot(struct chat *c, unsigned self, int64_t ts_ms, int64_t now_us,
                   char out[CHAT_LINE_MAX])
{
    unsigned g = zipf(c, CHAT_GROUPS), m = zipf(c, CHAT_MEMBERS);
    unsigned person = (unsigned)(mix(g * 1000u + m) % c->people);
    const char *text = c->texts[next(c) % CHAT_TEXTS];
    char mark[CHAT_MARK_LETTERS + 3] = "";

    if (c->marked)
        put_mark(now_us, mark);
    return (size_t)snprintf(
        out, CHAT_LINE_MAX,
        "{\"time\":%lld,\"self_id\":%u,\"post_type\":\"message\",\"message_type\":\"group\","
        "\"sub_type\":\"normal\",\"message_id\":%u,\"group_id\":%u,\"user_id\":%u,\"anonymous\":"
        "null,"
        "\"message\":[{\"type\":\"text\",\"data\":{\"text\":\"%s%s\"}}],\"font\":0,"
        "\"sender\":{\"user_id\":%u,\"nickname\":\"邻居小%u\",\"card\":\"\",\"role\":\"member\"}}",
        (long long)(ts_ms / 1000), self, (unsigned)(c->id++ & 0x7fffffff), 100000 + g,
        10000000 + person, mark, text, 10000000 + person, person);
}

void chat_rules(struct chat *c, FILE *out)
{
    fprintf(out, "rules:\n");
    for (size_t i = 0; i < c->n_words; i++)
        fprintf(out,
                "  - id: bench-%zu\n    when:\n      any: [\"%s\"]\n    then:\n"
                "      - intent: bench\n      - tag: bench:%zu\n"
                "      - alert: {to: consultant, level: info, text: \"{{message.text}}\"}\n",
                i, c->words[i], i);
}

void chat_words(struct chat *c, FILE *out)
{
    for (size_t i = 0; i < c->n_words; i++)
        fprintf(out, "%s\n", c->words[i]);
}
