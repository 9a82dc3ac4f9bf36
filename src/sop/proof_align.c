/* src/sop/proof_align.c - which sign of the message is which of the content.
 *
 * Sentences change places, words are put in, the end is cut. So not one line through both texts is
 * sought, but pieces: all runs of three and more signs that both have, the longest taken first,
 * each sign once (greedy tiling, as it is known from the search for copied texts). What lies
 * between two pieces that are neighbours in both texts is then matched in order, so that a sign or
 * two between two changes are found, too.
 *
 * The content's runs of three are looked up in a table, so the cost is that of the message's length
 * and of what both have in common: a message that shares nothing costs a look per sign. */
#include "sop/proof_parts.h"

#include <stdlib.h>

#define CHAIN_MAX 64u /* places of one run of three that are tried: 哈哈哈哈 has many */
#define MATCHES_MAX 4096u
#define SHORT_MAX 7u    /* a content of so few signs is matched as it stands */
#define STRETCH_MAX 48u /* signs between two pieces that are matched in order */

struct match {
    uint16_t c, m, n; /* from which sign of the content, of the message, how many */
};

static unsigned slot(const struct proof_sign *s)
{
    uint64_t h = s[0].v * UINT64_C(0x9E3779B97F4A7C15) ^ s[1].v * UINT64_C(0xC2B2AE3D27D4EB4F) ^
                 s[2].v * UINT64_C(0x165667B19E3779F9);

    return (unsigned)(h >> 40) & (PROOF_HEADS - 1);
}

void qund_proof_index(const struct proof_signs *content, struct proof_index *out)
{
    out->next = qund_alloc((content->n + 1) * sizeof(*out->next));
    for (size_t i = content->n; i-- > 0;) {
        uint16_t *head;

        if (i + PROOF_RUN > content->n)
            continue;
        head = &out->head[slot(&content->v[i])];
        out->next[i] = *head;
        *head = (uint16_t)(i + 1);
    }
}

static size_t run_length(const struct proof_signs *c, size_t i, const struct proof_signs *m,
                         size_t j)
{
    size_t n = 0;

    while (i + n < c->n && j + n < m->n && c->v[i + n].v == m->v[j + n].v)
        n++;
    return n;
}

static int longest_first(const void *a, const void *b)
{
    const struct match *x = a, *y = b;

    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    if (x->c != y->c)
        return x->c < y->c ? -1 : 1;
    return x->m < y->m ? -1 : x->m > y->m;
}

static size_t find_matches(const struct proof_signs *c, const struct proof_index *index,
                           const struct proof_signs *m, struct match *out)
{
    size_t n = 0;

    for (size_t j = 0; j + PROOF_RUN <= m->n; j++) {
        uint16_t next = index->head[slot(&m->v[j])];

        for (unsigned tries = 0; next && tries < CHAIN_MAX && n < MATCHES_MAX; tries++) {
            size_t i = next - 1u, len;

            next = index->next[i];
            if (i > 0 && j > 0 && c->v[i - 1].v == m->v[j - 1].v)
                continue; /* it began earlier */
            len = run_length(c, i, m, j);
            if (len >= PROOF_RUN)
                out[n++] = (struct match){(uint16_t)i, (uint16_t)j, (uint16_t)len};
        }
    }
    qsort(out, n, sizeof(*out), longest_first);
    return n;
}

/* Takes what of the match no longer piece has taken. */
static void take(const struct match *t, struct proof_map *map, size_t least)
{
    for (size_t k = 0; k < t->n;) {
        size_t from = k;

        while (k < t->n && map->at[t->c + k] < 0 && !map->used[t->m + k])
            k++;
        if (k - from >= least)
            for (size_t i = from; i < k; i++) {
                map->at[t->c + i] = (int32_t)(t->m + i);
                map->used[t->m + i] = true;
            }
        k += k == from;
    }
}

/* --- between the pieces --- */

struct stretch {
    size_t from, to;     /* of the content */
    size_t m_from, m_to; /* of the message: what may stand there instead */
};

/* What of the message lies where the missing signs would: behind the sign before them, or in front
 * of the one after them. */
static void place_stretch(const struct proof_signs *c, const struct proof_signs *m,
                          const struct proof_map *map, struct stretch *s)
{
    size_t room = 2 * (s->to - s->from) + 4;

    s->m_from = s->m_to = 0;
    if (s->from > 0) {
        s->m_from = s->m_to = (size_t)map->at[s->from - 1] + 1;
        while (s->m_to < m->n && !map->used[s->m_to] && s->m_to - s->m_from < room)
            s->m_to++;
    }
    if (s->m_to == s->m_from && s->to < c->n) {
        s->m_from = s->m_to = (size_t)map->at[s->to];
        while (s->m_from > 0 && !map->used[s->m_from - 1] && s->m_to - s->m_from < room)
            s->m_from--;
    }
}

/* The longest common subsequence of the two; taken when it is half of the shorter one. */
static void match_in_order(const struct proof_signs *c, const struct proof_signs *m,
                           const struct stretch *s, struct proof_map *map)
{
    uint8_t best[STRETCH_MAX + 1][2 * STRETCH_MAX + 6];
    size_t n = s->to - s->from, k = s->m_to - s->m_from, i = 0, j = 0;

    memset(best, 0, sizeof(best));
    for (i = n; i-- > 0;)
        for (j = k; j-- > 0;) {
            uint8_t skip = best[i + 1][j] > best[i][j + 1] ? best[i + 1][j] : best[i][j + 1];
            bool same = c->v[s->from + i].v == m->v[s->m_from + j].v;

            best[i][j] = same ? (uint8_t)(best[i + 1][j + 1] + 1) : skip;
        }
    if (2u * best[0][0] < (n < k ? n : k))
        return;
    for (i = j = 0; i < n && j < k;) {
        if (c->v[s->from + i].v == m->v[s->m_from + j].v) {
            map->at[s->from + i++] = (int32_t)(s->m_from + j);
            map->used[s->m_from + j++] = true;
        } else if (best[i + 1][j] >= best[i][j + 1]) {
            i++;
        } else {
            j++;
        }
    }
}

static void fill(const struct proof_signs *c, const struct proof_signs *m, struct proof_map *map)
{
    struct stretch s = {0};

    for (size_t i = 0; i < c->n; i = s.to + 1) {
        s.from = s.to = i;
        while (s.to < c->n && map->at[s.to] < 0)
            s.to++;
        if (s.to == s.from || s.to - s.from > STRETCH_MAX || s.to - s.from == c->n)
            continue;
        place_stretch(c, m, map, &s);
        if (s.m_to > s.m_from)
            match_in_order(c, m, &s, map);
    }
}

void qund_proof_align(const struct proof_signs *content, const struct proof_index *index,
                      const struct proof_signs *message, struct proof_map *map)
{
    QUND_AUTO(qund_free) void *mem = qund_alloc(MATCHES_MAX * sizeof(struct match));
    struct match *found = mem;
    size_t n;

    for (size_t i = 0; i < content->n; i++)
        map->at[i] = -1;
    if (content->n <= SHORT_MAX) { /* too short for runs */
        match_in_order(
            content, message,
            &(struct stretch){.to = content->n,
                              .m_to = message->n < 2 * STRETCH_MAX ? message->n : 2 * STRETCH_MAX},
            map);
        return;
    }
    n = find_matches(content, index, message, found);
    for (size_t i = 0; i < n; i++)
        take(&found[i], map, PROOF_RUN);
    if (n > 0)
        fill(content, message, map);
}
