/* tzif.c - zone files (RFC 8536), read by us.
 *
 * The C library knows one zone per process and changes it through the environment, under the feet
 * of every other thread; groups live in several zones at once. So the file is read here: of version
 * 2 and later the 64-bit block and the footer, of version 1 its 32-bit block. A zone file is bytes
 * from outside as any other: every count is checked against the bytes there are before anything is
 * allocated, transition times must rise, offsets stay within a day. */
#include "core/file.h"
#include "core/zone_internal.h"
#include <stdio.h>

#define FILE_MAX ((size_t)1 << 20)
#define OFFSET_MAX 93599 /* RFC 8536: -89999 … 93599 */
#define ZONEINFO "/usr/share/zoneinfo"

struct header {
    char version;
    uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

struct reader {
    const unsigned char *p;
    size_t left;
};

static int64_t be(const unsigned char *p, unsigned n)
{
    uint64_t v = (p[0] & 0x80u) ? UINT64_MAX : 0;

    for (unsigned i = 0; i < n; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

static const unsigned char *take(struct reader *r, size_t n)
{
    const unsigned char *p = r->p;

    if (r->left < n)
        return NULL;
    r->p += n;
    r->left -= n;
    return p;
}

static int read_header(struct reader *r, struct header *h)
{
    const unsigned char *p = take(r, 44);
    uint32_t *counts[] = {&h->isutcnt, &h->isstdcnt, &h->leapcnt,
                          &h->timecnt, &h->typecnt,  &h->charcnt};

    if (!p || memcmp(p, "TZif", 4) != 0)
        return QUND_E_INVAL;
    h->version = (char)p[4];
    for (size_t i = 0; i < QUND_ARRAY_LEN(counts); i++)
        *counts[i] = (uint32_t)be(p + 20 + 4 * i, 4);
    /* A byte indexes the types; the rest is bounded by the size of the file. */
    return h->typecnt >= 1 && h->typecnt <= 256 && h->timecnt <= FILE_MAX &&
                   h->charcnt <= FILE_MAX && h->leapcnt <= FILE_MAX && h->isutcnt <= 256 &&
                   h->isstdcnt <= 256
               ? QUND_OK
               : QUND_E_INVAL;
}

/* The data block behind h, with times of `size` bytes, into z (NULL: only skipped). */
static int read_block(struct reader *r, const struct header *h, unsigned size, struct qund_zone *z)
{
    const unsigned char *times = take(r, (size_t)h->timecnt * size);
    const unsigned char *which = take(r, h->timecnt);
    const unsigned char *types = take(r, (size_t)h->typecnt * 6);

    if (!times || !which || !types || !take(r, h->charcnt) ||
        !take(r, (size_t)h->leapcnt * (size + 4)) || !take(r, h->isstdcnt) || !take(r, h->isutcnt))
        return QUND_E_INVAL;
    if (!z)
        return QUND_OK;
    /* "right/" zones count leap seconds; everything else here does not. */
    if (h->leapcnt > 0)
        return QUND_E_INVAL;
    for (uint32_t i = 0; i < h->typecnt; i++) {
        int64_t off = be(types + 6 * i, 4);

        if (off < -OFFSET_MAX || off > OFFSET_MAX)
            return QUND_E_INVAL;
    }
    z->n = h->timecnt;
    z->at = qund_alloc(z->n * sizeof(*z->at));
    z->offset = qund_alloc(z->n * sizeof(*z->offset));
    z->first = (int32_t)be(types, 4);
    for (size_t i = 0; i < z->n; i++) {
        z->at[i] = be(times + i * size, size);
        if (which[i] >= h->typecnt || (i > 0 && z->at[i] <= z->at[i - 1]))
            return QUND_E_INVAL;
        z->offset[i] = (int32_t)be(types + 6 * (size_t)which[i], 4);
    }
    return QUND_OK;
}

static int read_footer(struct reader *r, struct qund_zone *z)
{
    struct qund_str rest = qund_str_n((const char *)r->p, r->left);
    struct qund_str line;

    if (rest.n < 2 || rest.p[0] != '\n')
        return QUND_E_INVAL;
    rest.p++;
    rest.n--;
    if (!memchr(rest.p, '\n', rest.n))
        return QUND_E_INVAL;
    line = qund_str_split(&rest, '\n');
    return line.n == 0 ? QUND_OK : qund_zone_footer(line, &z->footer);
}

int qund_zone_parse(const void *bytes, size_t n, struct qund_zone **out, struct qund_err *err)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = qund_alloc(sizeof(*z));
    struct reader r = {bytes, n};
    struct header h;
    int rc = n <= FILE_MAX ? read_header(&r, &h) : QUND_E_INVAL;

    if (rc == 0 && h.version >= '2') {
        rc = read_block(&r, &h, 4, NULL);
        if (rc == 0)
            rc = read_header(&r, &h);
        if (rc == 0)
            rc = read_block(&r, &h, 8, z);
        if (rc == 0)
            rc = read_footer(&r, z);
    } else if (rc == 0) {
        rc = read_block(&r, &h, 4, z);
    }
    if (rc < 0)
        return qund_err_set(err, rc, "zone",
                            "not a zone file (TZif), damaged, or with leap seconds");
    *out = QUND_TAKE(z);
    return QUND_OK;
}

/* "Area/City": what the zone database uses, and nothing that leads elsewhere. */
static bool good_name(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n >= sizeof(((struct qund_zone *)0)->name) || name[0] == '/' ||
        strstr(name, "//") || strstr(name, ".."))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
              (name[i] >= '0' && name[i] <= '9') || strchr("/_+-", name[i])))
            return false;
    return true;
}

/* For images without a zone database. China has had no summer time since 1991. */
static const struct {
    const char *name;
    const char *footer;
} BUILT_IN[] = {{"UTC", "UTC0"}, {"Asia/Shanghai", "CST-8"}};

static struct qund_zone *built_in(const char *name)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(BUILT_IN); i++)
        if (strcmp(name, BUILT_IN[i].name) == 0) {
            struct qund_zone *z = qund_alloc(sizeof(*z));

            qund_assert(qund_zone_footer(qund_str(BUILT_IN[i].footer), &z->footer) == 0);
            z->first = z->footer.std_s;
            return z;
        }
    return NULL;
}

int qund_zone_load(const char *dir, const char *name, struct qund_zone **out, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf bytes = {0};
    QUND_AUTO(qund_zone_free) struct qund_zone *z = NULL;
    QUND_AUTO(qund_free_str) char *path = NULL;
    int rc;

    if (!good_name(name))
        return qund_err_set(err, QUND_E_INVAL, name,
                            "not a zone name; write one like Asia/Shanghai");
    path = qund_path_join(dir ? dir : ZONEINFO, name);
    rc = qund_file_read(path, FILE_MAX, &bytes, err);
    if (rc == 0)
        rc = qund_zone_parse(bytes.p, bytes.n, &z, err);
    if (rc == QUND_E_NOTFOUND) {
        z = built_in(name);
        rc = z ? QUND_OK
               : qund_err_set(err, rc, name,
                              "no such zone below %s; check the name, or install tzdata",
                              dir ? dir : ZONEINFO);
    } else if (rc < 0 && err) {
        qund_err_set(err, rc, path, "%s", err->text);
    }
    if (rc < 0)
        return rc;
    memcpy(z->name, name, strlen(name) + 1);
    *out = QUND_TAKE(z);
    return QUND_OK;
}

struct qund_zone *qund_zone_free(struct qund_zone *z)
{
    if (z) {
        qund_free(z->at);
        qund_free(z->offset);
        qund_free(z);
    }
    return NULL;
}
