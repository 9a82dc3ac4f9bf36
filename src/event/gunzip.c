/* src/event/gunzip.c - inflating what a peer sends.
 *
 * A thousand bytes of gzip can say a million zeros, so two bounds hold while inflating, not after:
 * the most a body may be, and the most it may grow. Honest chat in JSON grows about tenfold; a bomb
 * grows a thousandfold. Output is made in steps, so a bomb costs us one step more than its bound.
 * Several members one after the other are one body, as RFC 1952 says. */
#include "event/gunzip.h"
#define ZLIB_CONST /* next_in points to const bytes then */
#include <zlib.h>

#define STEP (64u << 10)
#define WINDOW_GZIP_ONLY (15 + 16)

static int refuse(struct qund_err *err, int rc, const char *why)
{
    return qund_err_set(err, rc, "body", "%s", why);
}

/* One step of output: 1 go on, 0 the end of all members, < 0 refused. */
static int step(z_stream *z, struct qund_buf *out, size_t room, struct qund_err *err)
{
    int zrc;

    qund_buf_reserve(out, room);
    z->next_out = (Bytef *)out->p + out->n;
    z->avail_out = (uInt)room;
    zrc = inflate(z, Z_NO_FLUSH);
    out->n += room - z->avail_out;
    if (zrc == Z_STREAM_END) {
        if (z->avail_in == 0)
            return 0;
        return inflateReset(z) == Z_OK ? 1 : QUND_E_BUG;
    }
    if (zrc == Z_MEM_ERROR)
        return refuse(err, QUND_E_NOMEM, "no memory to inflate it");
    if (zrc == Z_BUF_ERROR || (zrc == Z_OK && z->avail_in == 0 && z->avail_out > 0))
        return refuse(err, QUND_E_INVAL, "the gzip data ends too early");
    return zrc == Z_OK ? 1 : refuse(err, QUND_E_INVAL, "not gzip, or damaged");
}

int qund_gunzip(struct qund_str in, size_t max_out, unsigned ratio_max, struct qund_buf *out,
                struct qund_err *err)
{
    z_stream z = {0};
    size_t before = out->n, bound = max_out;
    int rc = 1;

    if (in.n == 0 || in.n > UINT32_MAX)
        return refuse(err, QUND_E_INVAL, "not gzip, or damaged");
    if (in.n < max_out / ratio_max && STEP + in.n * ratio_max < bound)
        bound = STEP + in.n * ratio_max;
    z.next_in = (const Bytef *)in.p;
    z.avail_in = (uInt)in.n;
    if (inflateInit2(&z, WINDOW_GZIP_ONLY) != Z_OK)
        return refuse(err, QUND_E_NOMEM, "no memory to inflate it");
    while (rc > 0) {
        size_t left = bound - (out->n - before);

        /* One byte of room beyond the bound tells "exactly full" from "more". */
        rc = step(&z, out, left < STEP ? left + 1 : STEP, err);
        if (rc >= 0 && out->n - before > bound)
            rc = refuse(err, QUND_E_FULL,
                        bound < max_out ? "grows too much when inflated"
                                        : "larger than http.max_body when inflated; send it in "
                                          "parts, or raise that");
    }
    inflateEnd(&z);
    return rc;
}
