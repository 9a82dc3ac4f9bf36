/* src/text/match_capture.c - what the groups of an expression caught, by PCRE2.
 * A scan says that an expression hit, not where its groups lie. For the few hits whose rule
 * asks, the same expression is run again here, backtracking, with limits on steps and depth: an
 * expression that is linear for Hyperscan can be exponential for PCRE2. Compiled on first use and
 * kept in the scratch; a set's expressions are at most ten thousand, and few of them have groups.
 */
#include "text/match_blob.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#define OPTIONS (PCRE2_UTF | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C)
#define MATCH_STEPS 200000u
#define MATCH_DEPTH 2000u
#define MATCH_HEAP_KIB 4096u
#define NEST_MAX 50u
#define GROUPS_MAX 64u

struct match_pcre {
    pcre2_match_context *limits;
    pcre2_match_data *data;
    uint32_t n;
    pcre2_code **code; /* per number of an expression; NULL: not yet compiled */
};

static pcre2_code *compile_one(struct qund_str regex, char *why, size_t why_max)
{
    pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
    PCRE2_SIZE at = 0;
    pcre2_code *code;
    int e = 0;

    qund_assert(cc);
    pcre2_set_parens_nest_limit(cc, NEST_MAX);
    code = pcre2_compile((PCRE2_SPTR)regex.p, regex.n, OPTIONS, &e, &at, cc);
    pcre2_compile_context_free(cc);
    if (!code && why) {
        PCRE2_UCHAR text[128] = "";

        pcre2_get_error_message(e, text, sizeof(text));
        snprintf(why, why_max, "is not a regular expression: %s, after '%.*s'", (char *)text,
                 (int)(at > 60 ? 60 : at), regex.p + (at > 60 ? at - 60 : 0));
    }
    return code;
}

bool match_pcre_check(struct qund_str regex, char *why, size_t why_max)
{
    pcre2_code *code = compile_one(regex, why, why_max);
    uint32_t groups = 0;
    bool ok = code != NULL;

    if (ok)
        pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_code_free(code);
    if (groups < GROUPS_MAX)
        return ok;
    snprintf(why, why_max,
             "has %u groups, more than the %u allowed: write (?:…) where nothing is "
             "to be caught",
             groups, GROUPS_MAX - 1);
    return false;
}

static struct match_pcre *pcre_new(const struct qund_match *m)
{
    struct match_pcre *p = qund_alloc(sizeof(*p));

    p->n = match_regexes(m->head);
    p->code = qund_alloc(((size_t)p->n + 1) * sizeof(pcre2_code *));
    p->data = pcre2_match_data_create(GROUPS_MAX, NULL);
    p->limits = pcre2_match_context_create(NULL);
    qund_assert(p->data && p->limits);
    pcre2_set_match_limit(p->limits, MATCH_STEPS);
    pcre2_set_depth_limit(p->limits, MATCH_DEPTH);
    pcre2_set_heap_limit(p->limits, MATCH_HEAP_KIB);
    return p;
}

void match_pcre_free(struct match_pcre *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        pcre2_code_free(p->code[i]);
    pcre2_match_data_free(p->data);
    pcre2_match_context_free(p->limits);
    qund_free(p->code);
    qund_free(p);
}

/* The compiled expression of this id and the view it is for; NULL when the id has none. */
static pcre2_code *code_of(const struct qund_match *m, struct qund_scratch *s, uint32_t id,
                           enum qund_pattern_view *view)
{
    uint32_t pos = match_find_id(m, id), slot;
    pcre2_code **code;

    if (pos == MATCH_NONE || !m->regex_of || m->regex_of[pos] == MATCH_NONE)
        return NULL;
    if (!s->pcre)
        s->pcre = pcre_new(m);
    slot = m->regex_of[pos];
    *view = slot < m->head->bound[QUND_VIEW_SQUEEZED * MATCH_KINDS] ? QUND_VIEW_FOLDED
                                                                    : QUND_VIEW_SQUEEZED;
    code = &s->pcre->code[match_regex_no(m->head, slot)];
    if (!*code)
        *code = compile_one(match_slot_text(m, slot), NULL, 0);
    return *code;
}

/* The end of a capture in the original: past the last character it took, and past what folding
 * removed behind that. */
static uint32_t origin_end(const uint32_t *map, size_t n, size_t from, size_t to)
{
    while (to > from && to < n && map[to] == map[to - 1])
        to++;
    return map[to];
}

int qund_match_captures(const struct qund_match *m, struct qund_scratch *s, uint32_t id,
                        const struct qund_folded *t, struct qund_capture *v, size_t max)
{
    enum qund_pattern_view view;
    struct qund_str text;
    const uint32_t *map;
    const PCRE2_SIZE *o;
    pcre2_code *code;
    uint32_t groups = 0;
    int rc;

    if (match_scratch_fit(m, s) < 0)
        return QUND_E_NOMEM;
    code = code_of(m, s, id, &view);
    if (!code || (view == QUND_VIEW_SQUEEZED && !t->has_squeezed))
        return QUND_E_NOTFOUND;
    text = qund_buf_view(view == QUND_VIEW_FOLDED ? &t->text : &t->squeezed);
    map = view == QUND_VIEW_FOLDED ? t->map : t->squeezed_map;
    rc = pcre2_match(code, (PCRE2_SPTR)text.p, text.n, 0, PCRE2_NO_UTF_CHECK, s->pcre->data,
                     s->pcre->limits);
    if (rc < 0)
        return rc == PCRE2_ERROR_NOMATCH ? QUND_E_NOTFOUND : QUND_E_FULL;
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    o = pcre2_get_ovector_pointer(s->pcre->data);
    for (size_t i = 0; i < max && i <= groups; i++) {
        v[i] = (struct qund_capture){.set = i < (size_t)rc && o[2 * i] != PCRE2_UNSET};
        if (!v[i].set)
            continue;
        v[i].text = qund_str_n(text.p + o[2 * i], o[2 * i + 1] - o[2 * i]);
        v[i].from = map[o[2 * i]];
        v[i].to = origin_end(map, text.n, o[2 * i], o[2 * i + 1]);
    }
    return (int)groups + 1;
}

int qund_match_group(const struct qund_match *m, struct qund_scratch *s, uint32_t id,
                     const char *name)
{
    enum qund_pattern_view view;
    pcre2_code *code = match_scratch_fit(m, s) < 0 ? NULL : code_of(m, s, id, &view);
    int n = code ? pcre2_substring_number_from_name(code, (PCRE2_SPTR)name) : -1;

    return n > 0 ? n : QUND_E_NOTFOUND;
}

void qund_match_version(struct qund_buf *out)
{
    struct match_stamp hs;
    char pcre[64] = "?";

    match_hs_version(&hs);
    qund_ignore(pcre2_config(PCRE2_CONFIG_VERSION, pcre)); /* fits: "10.42 2022-12-11" */
    qund_buf_printf(out, "Hyperscan %.*s, PCRE2 %s", (int)strcspn(hs.library, " "), hs.library,
                    pcre);
}
