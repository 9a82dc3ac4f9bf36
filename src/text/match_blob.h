/* src/text/match_blob.h - the compiled form of a set, in memory and on disk. For text/match*.c.
 * A set is one run of bytes: a head, tables of 32-bit numbers, at the end Hyperscan's databases,
 * and the SHA-256 (hex) of all that. The tables are used as they lie; only the databases are
 * unpacked. Patterns that fold to the same text share a slot; slots are numbered by group (view,
 * then kind). Words that only expressions need have slots behind those of the view's words. */
#ifndef QUND_TEXT_MATCH_BLOB_H
#define QUND_TEXT_MATCH_BLOB_H
#include "text/match.h"
#include "text/match_tree.h"

#define MATCH_FORMAT 2u /* raised with every change of layout or meaning */
#define MATCH_ALIGN 64u
#define MATCH_NONE UINT32_MAX
#define MATCH_SUM 64u

#define MATCH_VIEWS 2u
#define MATCH_KINDS 3u
#define MATCH_GROUPS (MATCH_VIEWS * MATCH_KINDS)
/* Expressions come first, for they have a say in which words are looked for. */
#define MATCH_GROUP(view, kind) \
    ((unsigned)(view)*MATCH_KINDS + ((unsigned)(kind) + MATCH_KINDS - 1) % MATCH_KINDS)

/* More literals than this are found by the two-character filter instead of Hyperscan. */
#define MATCH_FILTER_FROM 50000u

enum match_section {
    SEC_IDS,     /* the different ids, ascending */
    SEC_SLOT_AT, /* slot -> where its entries begin in SEC_SLOT_ID; one more than slots */
    SEC_SLOT_ID, /* positions in SEC_IDS; slots of expressions with MATCH_WAKES or MATCH_IS */
    SEC_TEXT_AT, /* slot -> where its text begins in SEC_TEXT; one more than slots */
    SEC_TEXT,
    SEC_EXACT,         /* from here on one per view: open hash table of slots */
    SEC_BITS = 7,      /* filter: a bit per hashed pair (match_filter.c) */
    SEC_BUCKET = 9,    /* filter: hash -> where its entries begin */
    SEC_ENTRY = 11,    /* filter: struct match_entry */
    SEC_ROOT = 13,     /* number of an expression -> its tree in SEC_TREE, or NONE */
    SEC_TREE,          /* struct match_node */
    SEC_LITERALS = 15, /* serialised Hyperscan database; empty: none */
    SEC_REGEXES = 17,  /* the same, of expressions without a tree */
    SEC_COUNT = 19
};
#define SEC_TABLES SEC_LITERALS /* the sections before this one stay in memory as they are */

/* What the hit of a word means beside the ids that have it. */
#define MATCH_WAKES (1u << 31) /* this expression may hit: its tree is to be tried */
#define MATCH_IS (1u << 30)    /* this expression has hit */

/* For qsort and bsearch of ids. */
static inline int match_by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

struct match_span {
    uint64_t at, n; /* bytes from the start of the blob */
};

/* What must be equal, byte by byte, for a blob to be of use here. */
struct match_stamp {
    char magic[8];
    uint32_t format, byte_order;
    char library[48]; /* Hyperscan's own version string */
    uint64_t cpu[2];  /* features and tuning it compiles for */
};

struct match_head {
    struct match_stamp stamp;
    char digest[64];
    uint64_t total; /* bytes of the blob, sum included */
    uint32_t n_ids, n_slots;
    uint32_t bound[MATCH_GROUPS + 1];    /* group g has the slots bound[g] .. bound[g + 1] - 1 */
    uint32_t exact_max[MATCH_VIEWS];     /* bytes of the longest EXACT text */
    uint32_t filter_log2[MATCH_VIEWS];   /* log2 of the number of buckets; 0: no filter */
    uint32_t filter_single[MATCH_VIEWS]; /* some literal is a single character */
    uint32_t keys_from[MATCH_VIEWS];     /* slot: words from here on are expressions' only */
    uint32_t n_nodes;
    struct match_span sec[SEC_COUNT];
};

/* All that is needed to reject a word without touching its text. */
struct match_entry {
    uint32_t slot;
    uint16_t off, len; /* bytes from the word's start to the pair it is filed under; of the word */
    uint64_t head;     /* its first eight bytes, zeros behind a shorter one */
};

struct match_hs; /* a Hyperscan database */

struct qund_match {
    const struct match_head *head; /* = tables */
    void *tables;
    size_t tables_bytes;
    struct match_hs *literals[MATCH_VIEWS], *regexes[MATCH_VIEWS]; /* NULL: none */
    uint32_t *regex_of; /* position in SEC_IDS -> its first REGEX slot or NONE; NULL: no regexes */
    uint64_t nonce;     /* tells sets apart even when one is made where another one was */
};

static inline const uint32_t *match_u32(const struct qund_match *m, unsigned sec)
{
    return (const uint32_t *)(const void *)((const char *)m->tables + m->head->sec[sec].at);
}

/* The texts of all slots. */
static inline const char *match_slot_pool(const struct qund_match *m)
{
    return (const char *)m->tables + m->head->sec[SEC_TEXT].at;
}

static inline struct qund_str match_slot_text(const struct qund_match *m, uint32_t slot)
{
    const uint32_t *at = match_u32(m, SEC_TEXT_AT);

    return qund_str_n(match_slot_pool(m) + at[slot], at[slot + 1] - at[slot]);
}

/* Expressions are numbered through both views. */
static inline uint32_t match_regex_no(const struct match_head *h, uint32_t slot)
{
    const uint32_t *folded = &h->bound[MATCH_GROUP(QUND_VIEW_FOLDED, QUND_PATTERN_REGEX)];
    const uint32_t *squeezed = &h->bound[MATCH_GROUP(QUND_VIEW_SQUEEZED, QUND_PATTERN_REGEX)];

    return slot < folded[1] ? slot - folded[0] : folded[1] - folded[0] + slot - squeezed[0];
}

static inline uint32_t match_regexes(const struct match_head *h)
{
    return match_regex_no(h, h->bound[MATCH_GROUP(QUND_VIEW_SQUEEZED, QUND_PATTERN_REGEX) + 1]);
}

/* Position of id in SEC_IDS, or NONE. */
uint32_t match_find_id(const struct qund_match *m, uint32_t id);
/* What this program on this CPU writes and accepts. */
void match_stamp_here(struct match_stamp *out);

/* Called for each slot that is found, possibly more than once. */
typedef void match_found_fn(void *ctx, uint32_t slot);

/* --- match_prepare.c: NULL, or what is wrong with the pattern */
const char *match_shape_problem(const struct qund_pattern *p);
/* Appends the text as it is looked for. */
const char *match_prepare(const struct qund_fold *f, const struct qund_pattern *p,
                          struct qund_folded *t, struct qund_buf *text, char *why, size_t why_max);

/* --- match_filter.c */
/* Appends the three filter sections' contents to the buffers. False when the words are too alike
 * for the filter (some pair stands for too many): use Hyperscan. */
struct match_texts {
    const char *text;
    const uint32_t *at; /* slot -> start, n_slots + 1 */
    uint32_t first, end;
};
bool match_filter_build(const struct match_texts *t, struct qund_buf sec[3], uint32_t *log2_buckets,
                        uint32_t *single);
void match_filter_scan(const struct qund_match *m, enum qund_pattern_view view,
                       struct qund_str text, match_found_fn *found, void *ctx);

/* --- match_hs.c: the only file that knows Hyperscan */
struct match_hs_scratch;
struct match_hs_problem {
    uint32_t slot; /* NONE: the set as a whole */
    char text[256];
};
int match_hs_literals(const struct match_texts *t, struct qund_buf *out,
                      struct match_hs_problem *why);
int match_hs_regexes(const struct match_texts *t, const bool *skip, struct qund_buf *out,
                     struct match_hs_problem *why);
/* Quick look at one expression; false with the reason when it cannot be used. */
bool match_hs_check(const char *regex, char *why, size_t why_max);
int match_hs_load(struct qund_str bytes, struct match_hs **out);
struct match_hs *match_hs_free(struct match_hs *db);
void match_hs_version(struct match_stamp *out);
/* Fits *s to all databases of m; NOMEM leaves *s NULL. */
int match_hs_scratch_fit(const struct qund_match *m, struct match_hs_scratch **s);
void match_hs_scratch_free(struct match_hs_scratch *s);
int match_hs_scan(const struct match_hs *db, struct match_hs_scratch *s, struct qund_str text,
                  match_found_fn *found, void *ctx);

/* --- match_capture.c: the only file that knows PCRE2 */
struct match_pcre;
/* False with the reason when the expression cannot be compiled. */
bool match_pcre_check(struct qund_str regex, char *why, size_t why_max);
void match_pcre_free(struct match_pcre *p);

struct qund_scratch {
    uint64_t nonce; /* of the set it is fitted to */
    struct match_hs_scratch *hs;
    uint32_t epoch;      /* one per text; a stamp equal to it means: seen in this text */
    uint32_t *slot_seen; /* per slot */
    uint32_t *id_seen;   /* per position in SEC_IDS */
    uint32_t *ids;       /* the answer */
    size_t n_ids;
    uint32_t *woken_seen; /* per number of an expression: its tree is to be tried */
    uint32_t *woken;      /* their slots */
    size_t n_woken;
    struct match_places *places; /* NULL until a tree is tried */
    struct match_pcre *pcre;     /* expressions compiled so far, for captures */
};
/* Makes s usable with m: forgets what it knew of another set. */
int match_scratch_fit(const struct qund_match *m, struct qund_scratch *s);
#endif
