/* src/crm/import.h - CSV and JSONL in and out (essays in csv.c, import.c, export.c).
 *
 * Import: a qund_import reads a file on the caller's thread and hands out chunks of <= 500 rows as
 * bodies of the commands import.contacts, import.leads, import.staff, import.orders; the engine
 * applies them. A job is the digest of kind, file, form, realm and source: a repeat goes on at the
 * line after the last applied chunk; of a chunk applied before, only the refused rows are tried. */
#ifndef QUND_CRM_IMPORT_H
#define QUND_CRM_IMPORT_H
#include "core/core.h"
#include "store/db.h"

/* --- RFC 4180, streaming --- */
enum { QUND_CSV_FIELDS_MAX = 256, QUND_CSV_ROW_MAX = 1 << 20 };
struct qund_csv {
    const char *p, *end; /* not yet read */
    int64_t line;        /* 1-based, of the row returned last (its first line) */
    int64_t next_line;
    char sep;             /* ',' unless set before the first row: ';' and tab are found */
    struct qund_buf text; /* decoded fields of the row */
    struct qund_str field[QUND_CSV_FIELDS_MAX];
    size_t n;
};
/* text is borrowed. A BOM is skipped; the separator is the commonest of , ; tab in line one. */
void qund_csv_init(struct qund_csv *c, struct qund_str text);
void qund_csv_done(struct qund_csv *c);
/* 1 a row (c->field, c->n, valid until the next call), 0 the end, INVAL with err->where = "line N":
 * the row is skipped to its end and reading may go on. Blank lines are skipped. */
QUND_CHECK int qund_csv_next(struct qund_csv *c, struct qund_err *err);
/* Appends one field, after a comma unless first. Quoted when needed; a text that a spreadsheet
 * would take for a formula (= + - @ tab CR at its start) gets a leading apostrophe, which
 * qund_csv_plain takes off again. */
void qund_csv_put(struct qund_buf *out, struct qund_str s, bool first);
void qund_csv_end(struct qund_buf *out); /* CR LF */
struct qund_str qund_csv_plain(struct qund_str s);

/* --- import --- */
enum qund_table {
    QUND_TABLE_CONTACTS,
    QUND_TABLE_LEADS,
    QUND_TABLE_STAFF,
    QUND_TABLE_ORDERS,
    QUND_TABLE_HOUSEHOLDS /* export only */
};
const char *qund_table_name(enum qund_table t);
int qund_table_parse(struct qund_str s);            /* the enum, or NOTFOUND */
const char *qund_import_command(enum qund_table t); /* "import.contacts"; NULL: not importable */

enum qund_import_form { QUND_IMPORT_CSV, QUND_IMPORT_JSONL };
struct qund_import_opt {
    enum qund_import_form form;
    bool dry_run;           /* every row is checked and matched, nothing is kept */
    struct qund_str realm;  /* for rows that name none; NONE: "import" */
    struct qund_str source; /* contact.source of new people; NONE: "import" */
};
struct qund_import;
/* text is borrowed until close. The header row (CSV) is checked here: unknown columns are errors
 * naming the nearest known one. start_line: from qund_import_done_line, 0 from the beginning. */
QUND_CHECK int qund_import_open(enum qund_table t, const struct qund_import_opt *opt,
                                struct qund_str text, int64_t start_line, struct qund_import **out,
                                struct qund_err *err);
struct qund_import *qund_import_close(struct qund_import *im); /* returns NULL */
QUND_DEFINE_AUTO(qund_import_close, struct qund_import *)
const char *qund_import_job(const struct qund_import *im); /* 64 hex digits */
/* The next command body: 1, or 0 at the end (the last chunk is marked). Rows that cannot be read
 * travel along as errors, so that they appear in the job's answer in their place. */
QUND_CHECK int qund_import_next(struct qund_import *im, struct qund_buf *body);
/* The line after the last applied chunk of a job, 0: never seen; *done: it was finished. Any
 * handle. */
QUND_CHECK int qund_import_done_line(struct qund_db *db, const char *job, int64_t *line,
                                     bool *done);
/* The first line of the job that is still refused, 0: none. Any handle. */
QUND_CHECK int qund_import_refused_line(struct qund_db *db, const char *job, int64_t *line);

/* The answer of a chunk is {"job","rows","created","updated","errors":[{"line","reason"}],
 * "next_line","done"}. One CSV line per error, for an error file. */
void qund_import_error_row(struct qund_buf *out, int64_t line, struct qund_str reason);

/* Engine thread: what qund_crm_command calls for import.*. */
struct qund_crm;
QUND_CHECK int qund_crm_import_apply(struct qund_crm *crm, enum qund_table t, struct qund_str body,
                                     int64_t now, struct qund_buf *reply, struct qund_err *err);

/* --- export: streams from a reader's handle, inside a read transaction of the caller's --- */
enum qund_export_form { QUND_EXPORT_CSV, QUND_EXPORT_JSONL };
struct qund_export_opt {
    enum qund_export_form form;
    bool mask; /* phones 138****0105, as for roles without the grant */
};
/* write is called with pieces of about 64 KiB; non-zero stops and is returned. *rows: how many. */
QUND_CHECK int qund_export(struct qund_db *db, enum qund_table t, const struct qund_export_opt *opt,
                           int (*write)(void *arg, struct qund_str piece), void *arg, int64_t *rows,
                           struct qund_err *err);
#endif
