/* frame_media.c - what a bridge says of a picture or a file.
 *
 * Content may come along in base64. The daemon keeps no files, so it is measured and its digest
 * taken, by which the same picture is known again from another sender or account; then it goes. */
#include "frame.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static void digest(struct frame *f, const unsigned char *bytes, size_t n, struct qund_str *out)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char *hex = bridge_frame_alloc(f, 2 * EVP_MAX_MD_SIZE + 1);

    if (!hex || EVP_Digest(bytes, n, sum, &len, EVP_sha256(), NULL) != 1)
        return;
    for (unsigned i = 0; i < len; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", sum[i]);
    *out = qund_str(hex);
}

/* What is no base64 is left alone: the item stands without digest and size. */
static void measure(struct frame *f, struct qund_str b64, struct qund_media_in *out)
{
    size_t padding = 0;
    unsigned char *bytes;
    int n;

    while (padding < 2 && b64.n > padding && b64.p[b64.n - 1 - padding] == '=')
        padding++;
    bytes = b64.n >= 4 && b64.n % 4 == 0 ? malloc(b64.n / 4 * 3) : NULL;
    if (!bytes)
        return;
    n = EVP_DecodeBlock(bytes, (const unsigned char *)b64.p, (int)b64.n);
    if (n > 0 && (size_t)n >= padding) {
        out->size = (int64_t)((size_t)n - padding);
        digest(f, bytes, (size_t)n - padding, &out->sha256);
    }
    free(bytes);
}

static int64_t at_least_0(int64_t n)
{
    return n > 0 ? n : 0;
}

void bridge_media(struct frame *f, const json_t *item, struct qund_media_in *out)
{
    struct qund_str content = bridge_text(item, "data_b64");

    out->kind = bridge_text(item, "kind");
    out->name = bridge_text(item, "name");
    out->url = bridge_text(item, "url");
    out->sha256 = bridge_text(item, "sha256");
    out->size = at_least_0(bridge_int(item, "size", 0));
    if (content.p)
        measure(f, content, out);
}
