/* chunk.c - Transfer-Encoding: chunked of a request, byte by byte.
 *
 * As in the head (http1.c), one spelling is read and everything else refused: a size of 1 to 8
 * hexadecimal digits, CR LF, that many bytes, CR LF, and so on until a size of zero and one more
 * CR LF. The grammar also knows extensions behind a size and fields behind the last chunk; no
 * client of an interface like ours sends either, and both are places where a proxy and a server
 * were found to read different requests out of the same bytes (a bare LF within an extension, a
 * length among the trailing fields). So they are refused by name.
 *
 * The body is moved together where it lies: it only ever gets shorter. Where the bytes were cut
 * into pieces makes no difference to what is read or refused. */
#include "net/chunk.h"

enum place { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, LAST_CR, LAST_LF, WHOLE };

static int bad(struct qund_http1_fault *f, const char *why)
{
    *f = (struct qund_http1_fault){400, why};
    return QUND_E_PROTO;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_size(struct qund_chunk *c, char byte, struct qund_http1_fault *f)
{
    int digit = hex_digit(byte);

    if (byte == '\r' && c->digits > 0) {
        c->place = SIZE_LF;
        return QUND_OK;
    }
    if (byte == ';' && c->digits > 0)
        return bad(f, "extensions of chunks are not taken");
    if (digit < 0 || c->digits == 8)
        return bad(f, "the size of a chunk must be 1 to 8 hexadecimal digits and CR LF");
    c->left = c->left * 16 + (size_t)digit;
    c->digits++;
    return QUND_OK;
}

/* The size is known: its bytes follow, or the end. */
static int begin_chunk(struct qund_chunk *c, size_t max)
{
    if (c->left > max - c->total)
        return QUND_E_FULL;
    c->place = c->left > 0 ? DATA : LAST_CR;
    c->digits = 0;
    return QUND_OK;
}

/* One byte of the framing. */
static int frame(struct qund_chunk *c, char byte, size_t max, struct qund_http1_fault *f)
{
    if (c->place == SIZE)
        return read_size(c, byte, f);
    if (c->place == LAST_CR && byte != '\r')
        return bad(f, "fields behind the last chunk are not taken");
    if (byte != (c->place == DATA_CR || c->place == LAST_CR ? '\r' : '\n'))
        return bad(f, c->place == DATA_CR ? "a chunk is longer than its size says"
                                          : "a line of the chunks does not end in CR LF");
    if (c->place == SIZE_LF)
        return begin_chunk(c, max);
    c->place = c->place == DATA_LF ? SIZE : c->place + 1;
    return QUND_OK;
}

int qund_chunk_read(struct qund_chunk *c, char *at, size_t n, size_t max, size_t *used,
                    size_t *made, struct qund_http1_fault *fault)
{
    int rc = QUND_OK;

    *used = *made = 0;
    while (rc == 0 && c->place != WHOLE && *used < n) {
        size_t k = n - *used < c->left ? n - *used : c->left;

        if (c->place != DATA) {
            rc = frame(c, at[(*used)++], max, fault);
            continue;
        }
        memmove(at + *made, at + *used, k);
        *made += k;
        *used += k;
        c->total += k;
        c->left -= k;
        if (c->left == 0)
            c->place = DATA_CR;
    }
    return rc < 0 ? rc : c->place == WHOLE;
}
