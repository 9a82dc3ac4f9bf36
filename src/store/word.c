/* src/store/word.c - short strings by number.
 *
 * `image`, or the id of the account that saw a message, stand in millions of rows; a number takes a
 * byte. Peers choose these strings, so there is a bound: beyond WORDS_MAX a row simply holds its
 * text. The whole table fits in memory and is read once per handle; a reader that meets a number it
 * does not know reads what was added since. */
#include "store/word.h"
#include "core/file.h"
#include "store/internal.h"

#define WORDS_MAX 4096
#define SLOTS 8192u /* power of two, at most half full */

struct qund_words {
    struct qund_db *db;
    char *text[WORDS_MAX + 1]; /* by id, 1-based */
    size_t len[WORDS_MAX + 1];
    uint16_t slot[SLOTS]; /* id, by hash of the text; 0: free */
    int64_t last;         /* greatest id held */
    bool loaded;
};

struct qund_words *qund_wordlist_new(struct qund_db *db)
{
    struct qund_words *w = qund_alloc(sizeof(*w));

    w->db = db;
    return w;
}

void qund_wordlist_forget(struct qund_words *w)
{
    for (int64_t id = 1; id <= w->last; id++) {
        qund_free(w->text[id]);
        w->text[id] = NULL;
    }
    memset(w->slot, 0, sizeof(w->slot));
    w->last = 0;
    w->loaded = false;
}

struct qund_words *qund_wordlist_free(struct qund_words *w)
{
    if (w)
        qund_wordlist_forget(w);
    qund_free(w);
    return NULL;
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t slot_of(const struct qund_words *w, struct qund_str text)
{
    size_t i = (size_t)qund_hash64(text.p, text.n) & (SLOTS - 1);

    while (w->slot[i] &&
           (w->len[w->slot[i]] != text.n || memcmp(w->text[w->slot[i]], text.p, text.n) != 0))
        i = (i + 1) & (SLOTS - 1);
    return i;
}

static void hold(struct qund_words *w, int64_t id, struct qund_str text)
{
    if (id <= 0 || id > WORDS_MAX || w->text[id])
        return;
    w->text[id] = qund_str_dup(text);
    w->len[id] = text.n;
    w->slot[slot_of(w, text)] = (uint16_t)id;
    if (id > w->last)
        w->last = id;
}

static int load(struct qund_words *w)
{
    struct qund_stmt *st;
    int rc = qund_sql_get(w->db, "SELECT id, text FROM word WHERE id > :last ORDER BY id", &st);

    if (rc < 0)
        return rc;
    qund_bind_int(st, ":last", w->last);
    while ((rc = qund_step(st)) > 0)
        hold(w, qund_col_int(st, 0), qund_col_str(st, 1));
    qund_stmt_reset(st);
    w->loaded = rc == 0;
    return rc;
}

int qund_wordlist_id(struct qund_words *w, struct qund_str text, int64_t *id)
{
    struct qund_stmt *st;
    int rc = w->loaded ? QUND_OK : load(w);

    *id = rc == 0 ? w->slot[slot_of(w, text)] : 0;
    if (rc < 0 || *id || w->last >= WORDS_MAX)
        return rc;
    rc = qund_sql_get(w->db, "INSERT INTO word (id, text) VALUES (:id, :text)", &st);
    if (rc < 0)
        return rc;
    qund_bind_int(st, ":id", w->last + 1);
    qund_bind_str(st, ":text", text);
    rc = qund_run(st);
    if (rc == 0) {
        *id = w->last + 1;
        hold(w, *id, text);
    }
    return rc;
}

int qund_wordlist_text(struct qund_words *w, int64_t id, struct qund_str *out)
{
    int rc = QUND_OK;

    if (id > w->last || !w->loaded)
        rc = load(w);
    *out = rc == 0 && id > 0 && id <= w->last && w->text[id] ? qund_str_n(w->text[id], w->len[id])
                                                             : QUND_STR_NONE;
    return rc;
}
