/* bench_store.c - messages stored per second and bytes per message, beside a bare SQLite program.
 *
 * usage: bench_store [ROWS] [ROUNDS] [GROWTH_ROWS]
 *
 * The bare program is the least that recognises repeats and reads a group: seven columns,
 * UNIQUE(ts, channel, msgid), INDEX(grp, ts), the same settings as ours but for secure_delete, one
 * prepared insert. Both run in turn on fresh files in one process (A B A B …), the medians are
 * compared: absolute figures of a shared machine move, ratios less. Checkpoints run between batches
 * from a second handle, as the maint thread would. After that, growth: the rate of the last tenth
 * against the first. */
#include "core/clock.h"
#include "core/file.h"
#include "store/maint.h"
#include "store/month.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH 1024
#define GROUPS 1000
#define PEOPLE 50000
#define ROUNDS_MAX 15
#define START INT64_C(1757894400000)
#define CACHE_BYTES (64 << 20)
#define MARKS 10

struct sample {
    char id[17], text[160];
    size_t text_n;
    int64_t ts, grp, sender;
};

struct made {
    uint64_t state;
    int64_t n;
};

static uint64_t rnd(struct made *m)
{
    m->state ^= m->state << 13;
    m->state ^= m->state >> 7;
    m->state ^= m->state << 17;
    return m->state;
}

/* Group and sender about as 1/rank: a product of uniform numbers is dense near zero. */
static int64_t skewed(struct made *m, int64_t n)
{
    return (int64_t)((rnd(m) % 10000) * (rnd(m) % 10000) / 100) * n / 1000000;
}

static void make(struct made *m, struct sample *s)
{
    static const char *const CHARS[] = {"请", "问", "这", "个", "柜", "子", "多", "少", "钱", "一"};
    size_t chars = 5 + rnd(m) % 31;

    snprintf(s->id, sizeof(s->id), "%016llx", (unsigned long long)rnd(m));
    s->ts = START + m->n++ * 3;
    s->grp = 1 + skewed(m, GROUPS);
    s->sender = 1 + skewed(m, PEOPLE);
    s->text_n = 0;
    for (size_t i = 0; i < chars; i++) {
        memcpy(s->text + s->text_n, CHARS[rnd(m) % 10], 3);
        s->text_n += 3;
    }
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_store: %s failed\n", what);
    exit(1);
}

struct result {
    double rate, cpu_us, bytes, first, last, first_cpu_us, last_cpu_us;
    double worst_ms;
};

/* CPU of this process: on a machine shared with others it says more than the clock. */
static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The rate over the first and the last of MARKS parts, and the slowest batch. */
struct pace {
    int64_t rows, part_us, done, part_rows;
    double part_cpu;
    struct result *r;
    int part;
};

static void pace_batch(struct pace *p, int64_t us, int64_t n)
{
    double ms = (double)us / 1000;

    p->done += n;
    p->part_rows += n;
    if (ms > p->r->worst_ms)
        p->r->worst_ms = ms;
    if (p->part_rows * MARKS < p->rows)
        return;
    p->r->last = (double)p->part_rows * 1e6 / (double)(qund_mono_us() - p->part_us);
    p->r->last_cpu_us = (cpu_us() - p->part_cpu) / (double)p->part_rows;
    if (p->part++ == 0) {
        p->r->first = p->r->last;
        p->r->first_cpu_us = p->r->last_cpu_us;
    }
    p->part_us = qund_mono_us();
    p->part_cpu = cpu_us();
    p->part_rows = 0;
}

static double bytes_per_row(const char *path, int64_t rows)
{
    struct stat st;

    must(stat(path, &st) == 0, "stat");
    return (double)st.st_size / (double)rows;
}

static sqlite3_stmt *bare_open(const char *path, sqlite3 **db, sqlite3 **second)
{
    sqlite3_stmt *st;

    must(sqlite3_open(path, db) == SQLITE_OK && sqlite3_open(path, second) == SQLITE_OK, "open");
    must(sqlite3_exec(
             *db,
             "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;"
             "PRAGMA wal_autocheckpoint=0;"
             "CREATE TABLE m (id INTEGER PRIMARY KEY, ts INTEGER, channel INTEGER, msgid TEXT,"
             "grp INTEGER, sender INTEGER, text TEXT, UNIQUE (ts, channel, msgid));"
             "CREATE INDEX m_grp ON m (grp, ts)",
             NULL, NULL, NULL) == SQLITE_OK,
         "bare schema");
    must(sqlite3_prepare_v2(*db,
                            "INSERT OR IGNORE INTO m (ts, channel, msgid, grp, sender, text) "
                            "VALUES (?, ?, ?, ?, ?, ?)",
                            -1, &st, NULL) == SQLITE_OK,
         "bare insert");
    return st;
}

static void bare_row(sqlite3_stmt *st, const struct sample *s)
{
    sqlite3_bind_int64(st, 1, s->ts);
    sqlite3_bind_int64(st, 2, 2);
    sqlite3_bind_text(st, 3, s->id, 16, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, s->grp);
    sqlite3_bind_int64(st, 5, s->sender);
    sqlite3_bind_text(st, 6, s->text, (int)s->text_n, SQLITE_STATIC);
    must(sqlite3_step(st) == SQLITE_DONE, "bare insert");
    sqlite3_reset(st);
}

static struct result run_bare(const char *path, int64_t rows)
{
    struct made m = {88172645463325252u, 0};
    struct result r = {0};
    sqlite3 *db, *second;
    sqlite3_stmt *st = bare_open(path, &db, &second);
    int64_t begun = qund_mono_us();
    double cpu = cpu_us();
    struct pace p = {.rows = rows, .part_us = begun, .part_cpu = cpu, .r = &r};

    for (int64_t done = 0; done < rows; done += BATCH) {
        int64_t from = qund_mono_us();
        struct sample s;

        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        for (int i = 0; i < BATCH; i++) {
            make(&m, &s);
            bare_row(st, &s);
        }
        must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "bare commit");
        pace_batch(&p, qund_mono_us() - from, BATCH);
        if (done / BATCH % 16 == 15)
            sqlite3_wal_checkpoint_v2(second, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    r.rate = (double)p.done * 1e6 / (double)(qund_mono_us() - begun);
    r.cpu_us = (cpu_us() - cpu) / (double)p.done;
    sqlite3_finalize(st);
    sqlite3_close(second);
    sqlite3_close(db);
    r.bytes = bytes_per_row(path, p.done);
    return r;
}

static struct qund_db *open_ours(const char *path, enum qund_db_mode mode)
{
    struct qund_db_cfg cfg = {
        .path = path, .page_cache_bytes = CACHE_BYTES, .full_sync = false, .busy_ms = 2000};
    struct qund_db *db = NULL;

    must(qund_db_open(&cfg, mode, NULL, &db, NULL) == 0, "open");
    return db;
}

static void our_row(struct qund_months *m, const struct sample *s)
{
    struct qund_message_row row = {.key_ts = s->ts,
                                   .ts = s->ts,
                                   .rx = s->ts + 420,
                                   .realm = 1,
                                   .channel = 2,
                                   .grp = s->grp,
                                   .contact = s->sender,
                                   .type = 1,
                                   .role = 1,
                                   .eid = qund_str_n(s->id, 16),
                                   .account = QUND_STR("1029384756"),
                                   .kind = QUND_STR("text"),
                                   .text = qund_str_n(s->text, s->text_n)};

    must(qund_month_insert(m, &row) == 0, "insert");
}

static struct result run_ours(const char *path, int64_t rows)
{
    struct made m = {88172645463325252u, 0};
    struct result r = {0};
    struct qund_db *db = open_ours(path, QUND_DB_WRITE), *maint = open_ours(path, QUND_DB_MAINT);
    struct qund_months *months = qund_months_new(db);
    struct qund_checkpoint c;
    int64_t begun = qund_mono_us();
    double cpu = cpu_us();
    struct pace p = {.rows = rows, .part_us = begun, .part_cpu = cpu, .r = &r};

    for (int64_t done = 0; done < rows; done += BATCH) {
        int64_t from = qund_mono_us();
        struct sample s;

        must(qund_db_begin(db) == 0, "begin");
        for (int i = 0; i < BATCH; i++) {
            make(&m, &s);
            our_row(months, &s);
        }
        must(qund_db_commit(db) == 0, "commit");
        pace_batch(&p, qund_mono_us() - from, BATCH);
        if (done / BATCH % 16 == 15)
            qund_ignore(qund_maint_checkpoint(maint, INT64_MAX, false, &c));
    }
    r.rate = (double)p.done * 1e6 / (double)(qund_mono_us() - begun);
    r.cpu_us = (cpu_us() - cpu) / (double)p.done;
    qund_months_free(months);
    qund_db_close(maint);
    qund_db_close(db);
    r.bytes = bytes_per_row(path, p.done);
    return r;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof(*v), by_value);
    return v[n / 2];
}

static int64_t argument(int argc, char **argv, int i, int64_t otherwise)
{
    int64_t v = otherwise;

    return argc > i && qund_str_int(qund_str(argv[i]), &v) < 0 ? otherwise : v;
}

static void print_growth(const char *who, struct result r)
{
    printf(
        "growth %-5s first tenth %.0f msg/s %.2f cpu us, last tenth %.0f msg/s %.2f cpu us; %.1f "
        "bytes/msg, worst batch %.0f ms\n",
        who, r.first, r.first_cpu_us, r.last, r.last_cpu_us, r.bytes, r.worst_ms);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/qund-bench-XXXXXX", bare_path[64], our_path[64];
    int64_t rows = argument(argc, argv, 1, 200000), growth = argument(argc, argv, 3, 2000000);
    int rounds = (int)argument(argc, argv, 2, 3);
    double bare[ROUNDS_MAX], ours[ROUNDS_MAX], bare_cpu[ROUNDS_MAX], our_cpu[ROUNDS_MAX];
    struct result a = {0}, b = {0};

    qund_db_library();
    must(rounds > 0 && rounds <= ROUNDS_MAX && mkdtemp(dir), "arguments");
    for (int i = 0; i < rounds; i++) {
        snprintf(bare_path, sizeof(bare_path), "%s/bare%d", dir, i);
        snprintf(our_path, sizeof(our_path), "%s/ours%d", dir, i);
        a = run_bare(bare_path, rows);
        b = run_ours(our_path, rows);
        bare[i] = a.rate;
        ours[i] = b.rate;
        bare_cpu[i] = a.cpu_us;
        our_cpu[i] = b.cpu_us;
    }
    printf("rows %lld, batch %d, %d rounds, NORMAL, search off\n", (long long)rows, BATCH, rounds);
    a.rate = median(bare, rounds);
    a.cpu_us = median(bare_cpu, rounds);
    b.rate = median(ours, rounds);
    b.cpu_us = median(our_cpu, rounds);
    printf("bare  %9.0f msg/s  %6.2f cpu us/msg  %6.1f bytes/msg\n", a.rate, a.cpu_us, a.bytes);
    printf("store %9.0f msg/s  %6.2f cpu us/msg  %6.1f bytes/msg\n", b.rate, b.cpu_us, b.bytes);
    printf("ratio %9.2f        %6.2f             %6.2f\n", b.rate / a.rate, b.cpu_us / a.cpu_us,
           b.bytes / a.bytes);
    if (growth > 0) {
        snprintf(bare_path, sizeof(bare_path), "%s/bare-grown", dir);
        snprintf(our_path, sizeof(our_path), "%s/grown", dir);
        print_growth("bare", run_bare(bare_path, growth));
        print_growth("store", run_ours(our_path, growth));
    }
    must(qund_dir_remove(dir, NULL) == 0, "clean-up");
    return 0;
}
