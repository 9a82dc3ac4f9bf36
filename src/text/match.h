/* src/text/match.h - a set of words and expressions, found in one pass (essay in match.c). */
#ifndef QUND_TEXT_MATCH_H
#define QUND_TEXT_MATCH_H
#include "text/fold.h"

#define QUND_MATCH_MAX_LITERALS 200000u /* EXACT ones included */
#define QUND_MATCH_MAX_REGEXES 10000u
#define QUND_MATCH_MAX_PATTERN 1024u            /* bytes, one pattern */
#define QUND_MATCH_MAX_BYTES ((size_t)32 << 20) /* all patterns together */
#define QUND_MATCH_MAX_BLOB ((size_t)256 << 20) /* compiled form */

enum qund_pattern_kind {
    QUND_PATTERN_LITERAL, /* found anywhere; folded like the text */
    QUND_PATTERN_REGEX, /* on the folded text; case does not matter; no lookaround, no backreference
                         */
    QUND_PATTERN_EXACT  /* the whole text, blanks at both ends aside */
};
enum qund_pattern_view {
    QUND_VIEW_FOLDED,
    QUND_VIEW_SQUEEZED /* without spaces, punctuation, symbols, emoji */
};
struct qund_pattern {
    uint32_t id; /* the caller's; several patterns may share one, it is reported once */
    enum qund_pattern_kind kind;
    enum qund_pattern_view view;
    struct qund_str text;
};

struct qund_match;   /* compiled set: immutable, shared by all threads */
struct qund_scratch; /* one per thread; fits itself to whatever set it is used with */

/* --- Making. The compiled form ("blob") is one run of bytes that can be kept in a file. */

/* Slow (seconds for many regexes). One error per bad pattern: where = "patterns[17]". Any error
 * refuses the whole set: INVAL, *blob untouched. Needs no locale, no globals, any thread. */
QUND_CHECK int qund_match_compile(const struct qund_fold *f, const struct qund_pattern *v, size_t n,
                                  struct qund_buf *blob, struct qund_errs *errs);
/* Names a set of patterns, with this program's format, fold tables, library and CPU: the name under
 * which its blob may be cached. 64 hex digits + NUL. */
void qund_match_digest(const struct qund_fold *f, const struct qund_pattern *v, size_t n,
                       char out[65]);
/* Quick. `digest` (NULL: not asked) must be the one the blob was made for. ABI for whatever is not
 * exactly what this program on this CPU would have made (damaged, other version): compile anew. The
 * blob may be freed afterwards. */
QUND_CHECK int qund_match_load(struct qund_str blob, const char *digest, struct qund_match **out,
                               struct qund_err *err);
/* Compile and load in one go. */
QUND_CHECK int qund_match_build(const struct qund_fold *f, const struct qund_pattern *v, size_t n,
                                struct qund_match **out, struct qund_errs *errs);
struct qund_match *qund_match_free(struct qund_match *m); /* NULL is fine; returns NULL */
QUND_DEFINE_AUTO(qund_match_free, struct qund_match *)
bool qund_match_wants_squeezed(const struct qund_match *m); /* some pattern asks for that view */
size_t qund_match_count(const struct qund_match *m);        /* different ids */

/* --- Compiling in a child, so that no pattern can take the daemon's memory or time. */
struct qund_match_child {
    const char *exe;      /* runs `exe compile-rules`; NULL: compile in this process */
    int64_t timeout_ms;   /* 0: 60 s */
    int64_t memory_bytes; /* address space of the child; 0: no limit */
};
/* Blocks the calling thread until the child is done or killed. INVAL: see errs; anything else
 * (killed, could not start) is one entry of errs with its own rc. */
QUND_CHECK int qund_match_compile_child(const struct qund_match_child *c, const struct qund_fold *f,
                                        const struct qund_pattern *v, size_t n,
                                        struct qund_buf *blob, struct qund_errs *errs);
/* What the hidden subcommand `compile-rules` runs: patterns from in_fd, blob or errors to out_fd.
 * Returns the process' exit code. */
int qund_match_compile_main(int in_fd, int out_fd);

/* --- Using. */
struct qund_scratch *qund_scratch_new(void);
struct qund_scratch *qund_scratch_free(struct qund_scratch *s); /* NULL is fine; returns NULL */
QUND_DEFINE_AUTO(qund_scratch_free, struct qund_scratch *)

/* Finds every pattern in the text; the squeezed view is made when the set asks for it. *ids is
 * borrowed from s until its next use: each id once, ascending. Returns how many, or NOMEM. */
QUND_CHECK int qund_match_scan(const struct qund_match *m, struct qund_scratch *s,
                               const struct qund_fold *f, struct qund_folded *t,
                               const uint32_t **ids);

/* What a group of an expression caught. Group 0 is the whole hit. */
struct qund_capture {
    bool set;
    struct qund_str text; /* of the view that was searched; valid as long as t is */
    uint32_t from, to;    /* bytes of the original */
};
/* The first hit of the (first) REGEX pattern with this id, after a scan has reported it. Fills at
 * most max entries, returns the number of groups + 1. NOTFOUND: no such expression or no hit; FULL:
 * the expression needs more steps than allowed on this text. */
QUND_CHECK int qund_match_captures(const struct qund_match *m, struct qund_scratch *s, uint32_t id,
                                   const struct qund_folded *t, struct qund_capture *v, size_t max);
/* Number of the group (?P<name>…) of that expression, or NOTFOUND. */
QUND_CHECK int qund_match_group(const struct qund_match *m, struct qund_scratch *s, uint32_t id,
                                const char *name);
void qund_match_version(struct qund_buf *out); /* "Hyperscan 5.4.0, PCRE2 10.42 …" */
#endif
