/* src/crm/import.c - from a file to command bodies.
 *
 * An import may be a hundred thousand rows, and the engine must stay answerable meanwhile; so the
 * file is cut into commands of at most 500 rows, each a transaction's worth. Reading happens here,
 * on the caller's thread, and judges only form: columns, quoting, JSON. What a row means is judged
 * where the rows are (import_sql.c). Rows that cannot be read travel along as errors, so that one
 * answer lists everything by line.
 *
 * The job is the digest of table, file and how it is read (form, realm, source): the same again
 * goes on where it stopped, and of what was ended tries the refused rows again; another is another
 * job. */
#include "core/file.h"
#include "crm/body.h"
#include "crm/tables.h"
#include <stdio.h>

enum { CHUNK_ROWS = 500, CHUNK_BYTES = 1 << 20 };

static const char *const COLUMN_NAMES[COL_COUNT] = {
    [COL_REALM] = "realm",        [COL_ID] = "id",         [COL_NAME] = "name",
    [COL_PHONE] = "phone",        [COL_ROOM] = "room",     [COL_GROUP] = "group",
    [COL_TAGS] = "tags",          [COL_SOURCE] = "source", [COL_OPT_OUT] = "opt_out",
    [COL_SCORE] = "score",        [COL_STAGE] = "stage",   [COL_POOL] = "pool",
    [COL_OWNER] = "owner",        [COL_KEY] = "key",       [COL_ACTIVE] = "active",
    [COL_PUSH] = "push",          [COL_ORDER] = "order",   [COL_AMOUNT_CENT] = "amount_cent",
    [COL_PAID_AT] = "paid_at",    [COL_ITEMS] = "items",   [COL_FIRST_SEEN] = "first_seen",
    [COL_LAST_SEEN] = "last_seen"};

static const enum qund_column CONTACT_COLUMNS[] = {
    COL_REALM, COL_ID,     COL_NAME,    COL_PHONE,      COL_ROOM,     COL_GROUP,
    COL_TAGS,  COL_SOURCE, COL_OPT_OUT, COL_FIRST_SEEN, COL_LAST_SEEN};
static const enum qund_column LEAD_COLUMNS[] = {COL_REALM, COL_ID,    COL_NAME, COL_PHONE,
                                                COL_ROOM,  COL_GROUP, COL_TAGS, COL_SCORE,
                                                COL_STAGE, COL_POOL,  COL_OWNER};
static const enum qund_column STAFF_COLUMNS[] = {COL_KEY,   COL_NAME, COL_ACTIVE,
                                                 COL_REALM, COL_ID,   COL_PUSH};
static const enum qund_column ORDER_COLUMNS[] = {
    COL_ORDER, COL_REALM, COL_ID, COL_NAME, COL_PHONE, COL_AMOUNT_CENT, COL_PAID_AT, COL_ITEMS};

static const struct {
    const char *name, *command;
    const enum qund_column *columns;
    size_t n;
} TABLES[] = {
    [QUND_TABLE_CONTACTS] = {"contacts", "import.contacts", CONTACT_COLUMNS,
                             QUND_ARRAY_LEN(CONTACT_COLUMNS)},
    [QUND_TABLE_LEADS] = {"leads", "import.leads", LEAD_COLUMNS, QUND_ARRAY_LEN(LEAD_COLUMNS)},
    [QUND_TABLE_STAFF] = {"staff", "import.staff", STAFF_COLUMNS, QUND_ARRAY_LEN(STAFF_COLUMNS)},
    [QUND_TABLE_ORDERS] = {"orders", "import.orders", ORDER_COLUMNS, QUND_ARRAY_LEN(ORDER_COLUMNS)},
    [QUND_TABLE_HOUSEHOLDS] = {"households", NULL, NULL, 0},
};

const char *qund_table_name(enum qund_table t)
{
    return (size_t)t < QUND_ARRAY_LEN(TABLES) ? TABLES[t].name : "?";
}

int qund_table_parse(struct qund_str s)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(TABLES); i++)
        if (qund_str_is(s, TABLES[i].name))
            return (int)i;
    return QUND_E_NOTFOUND;
}

const char *qund_import_command(enum qund_table t)
{
    return (size_t)t < QUND_ARRAY_LEN(TABLES) ? TABLES[t].command : NULL;
}

const char *qund_column_name(enum qund_column c)
{
    return COLUMN_NAMES[c];
}

const enum qund_column *qund_table_columns(enum qund_table t, size_t *n)
{
    *n = TABLES[t].n;
    return TABLES[t].columns;
}

struct qund_import {
    enum qund_table table;
    struct qund_import_opt opt;
    char *realm, *source;
    char job[65];
    struct qund_csv csv;
    enum qund_column header[QUND_CSV_FIELDS_MAX];
    size_t n_header;
    struct qund_str rest; /* JSONL: not yet read */
    int64_t line;         /* JSONL: of the last row taken */
    int64_t start_line, next_line;
    struct qund_arena *arena;
    bool done;
};

/* --- the header of a CSV --- */

static int find_column(enum qund_table t, struct qund_str name, enum qund_column *out,
                       struct qund_err *err)
{
    const char *known[COL_COUNT], *near;
    size_t n;
    const enum qund_column *cols = qund_table_columns(t, &n);

    for (size_t i = 0; i < n; i++) {
        known[i] = qund_column_name(cols[i]);
        if (qund_str_is(name, known[i])) {
            *out = cols[i];
            return QUND_OK;
        }
    }
    near = qund_str_nearest(name, known, n);
    return qund_err_set(err, QUND_E_INVAL, "line 1", "unknown column '%.*s'%s%s%s",
                        QUND_STR_ARG(qund_utf8_cut(name, 60)), near ? "; nearest known: '" : "",
                        near ? near : "", near ? "'" : "");
}

static int read_header(struct qund_import *im, struct qund_err *err)
{
    int rc = qund_csv_next(&im->csv, err);

    if (rc < 0)
        return rc;
    if (rc == 0)
        return qund_err_set(err, QUND_E_INVAL, "line 1",
                            "the file is empty; its first line names the columns");
    for (size_t i = 0; i < im->csv.n; i++) {
        rc = find_column(im->table, qund_str_trim(im->csv.field[i]), &im->header[i], err);
        if (rc < 0)
            return rc;
        for (size_t k = 0; k < i; k++)
            if (im->header[k] == im->header[i])
                return qund_err_set(err, QUND_E_INVAL, "line 1", "column '%s' is there twice",
                                    qund_column_name(im->header[i]));
    }
    im->n_header = im->csv.n;
    return QUND_OK;
}

static void digest(struct qund_import *im, struct qund_str text)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    char file[65];

    qund_sha256_hex(text.p, text.n, file);
    qund_buf_printf(&b, "%s %s %d %d %zu:%s %zu:%s", file, qund_table_name(im->table),
                    (int)im->opt.dry_run, (int)im->opt.form, strlen(im->realm), im->realm,
                    strlen(im->source), im->source);
    qund_sha256_hex(b.p, b.n, im->job);
}

int qund_import_open(enum qund_table t, const struct qund_import_opt *opt, struct qund_str text,
                     int64_t start_line, struct qund_import **out, struct qund_err *err)
{
    QUND_AUTO(qund_import_close) struct qund_import *im = NULL;
    int rc = QUND_OK;

    if (!qund_import_command(t))
        return qund_err_set(err, QUND_E_INVAL, qund_table_name(t), "this table is export only");
    im = qund_alloc(sizeof(*im));
    im->table = t;
    im->opt = *opt;
    im->realm = qund_str_dup(opt->realm.p ? opt->realm : QUND_STR("import"));
    im->source = qund_str_dup(opt->source.p ? opt->source : QUND_STR("import"));
    im->start_line = start_line;
    im->arena = qund_arena_new(64u << 10);
    digest(im, text);
    im->rest = qund_str_no_bom(text);
    if (opt->form == QUND_IMPORT_CSV) {
        qund_csv_init(&im->csv, text);
        rc = read_header(im, err);
    }
    if (rc < 0)
        return rc;
    *out = QUND_TAKE(im);
    return QUND_OK;
}

struct qund_import *qund_import_close(struct qund_import *im)
{
    if (!im)
        return NULL;
    qund_csv_done(&im->csv);
    qund_arena_free(im->arena);
    qund_free(im->realm);
    qund_free(im->source);
    qund_free(im);
    return NULL;
}

const char *qund_import_job(const struct qund_import *im)
{
    return im->job;
}

/* --- rows --- */

static void put_error(struct qund_jw *w, int64_t line, const char *reason)
{
    qund_jw_obj(w);
    qund_jw_kint(w, "line", line);
    qund_jw_kz(w, "error", reason);
    qund_jw_end_obj(w);
}

static void put_csv_row(struct qund_import *im, struct qund_jw *w)
{
    char why[160];

    if (im->csv.n != im->n_header) {
        snprintf(why, sizeof(why), "the row has %zu fields, the header %zu: a separator is %s%s",
                 im->csv.n, im->n_header, im->csv.n < im->n_header ? "missing" : "too many",
                 im->csv.n < im->n_header ? "" : ", or stands in a text without quotes");
        put_error(w, im->csv.line, why);
        return;
    }
    qund_jw_obj(w);
    qund_jw_kint(w, "line", im->csv.line);
    qund_jw_key(w, "row");
    qund_jw_obj(w);
    for (size_t i = 0; i < im->csv.n; i++) {
        struct qund_str v = qund_csv_plain(qund_str_trim(im->csv.field[i]));

        if (v.n)
            qund_jw_kstr(w, qund_column_name(im->header[i]), v);
    }
    qund_jw_end_obj(w);
    qund_jw_end_obj(w);
}

/* 1 a row was written, 0 the end; *line its number. */
static int next_csv(struct qund_import *im, struct qund_jw *w, int64_t *line)
{
    struct qund_err err = {0};
    int rc;

    for (;;) {
        rc = qund_csv_next(&im->csv, &err);
        *line = im->csv.line;
        if (rc == 0)
            return 0;
        if (*line >= im->start_line)
            break;
    }
    if (rc < 0)
        put_error(w, *line, err.text);
    else
        put_csv_row(im, w);
    return 1;
}

static void put_json_row(struct qund_import *im, struct qund_jw *w, struct qund_str text)
{
    struct qund_jr jr;

    qund_arena_reset(im->arena);
    qund_jr_init(&jr, text, im->arena, 8);
    if (text.n > QUND_CSV_ROW_MAX) {
        put_error(w, im->line, "the row is longer than 1 MiB");
        return;
    }
    if (qund_jr_skip(&jr, NULL) < 0 || qund_jr_end(&jr) < 0) {
        put_error(w, im->line, jr.why ? jr.why : "no JSON");
        return;
    }
    qund_jw_obj(w);
    qund_jw_kint(w, "line", im->line);
    qund_jw_key(w, "row");
    qund_jw_raw(w, text);
    qund_jw_end_obj(w);
}

static int next_json(struct qund_import *im, struct qund_jw *w, int64_t *line)
{
    while (im->rest.p) {
        struct qund_str text = qund_str_trim(qund_str_split(&im->rest, '\n'));

        *line = ++im->line;
        if (!text.n || *line < im->start_line)
            continue;
        put_json_row(im, w, text);
        return 1;
    }
    return 0;
}

int qund_import_next(struct qund_import *im, struct qund_buf *body)
{
    struct qund_jw w;
    int64_t line = 0, first = 0;
    int rc = 1;

    if (im->done)
        return 0;
    qund_buf_clear(body);
    w = qund_jw(body);
    qund_jw_obj(&w);
    qund_jw_kz(&w, "job", im->job);
    qund_jw_kbool(&w, "dry_run", im->opt.dry_run);
    qund_jw_kz(&w, "realm", im->realm);
    qund_jw_kz(&w, "source", im->source);
    qund_jw_key(&w, "rows");
    qund_jw_arr(&w);
    for (int n = 0; n < CHUNK_ROWS && body->n < CHUNK_BYTES; n++) {
        rc = im->opt.form == QUND_IMPORT_CSV ? next_csv(im, &w, &line) : next_json(im, &w, &line);
        if (rc == 0)
            break;
        first = first ? first : line;
        im->next_line = (im->opt.form == QUND_IMPORT_CSV ? im->csv.next_line : line + 1);
    }
    qund_jw_end_arr(&w);
    im->done = rc == 0;
    qund_jw_kint(&w, "first_line", first ? first : im->next_line);
    qund_jw_kint(&w, "next_line", im->next_line > im->start_line ? im->next_line : im->start_line);
    qund_jw_kbool(&w, "done", im->done);
    qund_jw_end_obj(&w);
    return 1;
}

void qund_import_error_row(struct qund_buf *out, int64_t line, struct qund_str reason)
{
    qund_buf_int(out, line);
    qund_csv_put(out, reason, false);
    qund_csv_end(out);
}
