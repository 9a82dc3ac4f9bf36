/* path.c - where things lie, and the few digests and random bytes that name them. */
#include "core/file.h"
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

char *qund_path_join(const char *a, const char *b)
{
    struct qund_buf out = {0};
    size_t n = strlen(a);

    qund_buf_add(&out, a, n);
    if (n > 0 && a[n - 1] != '/')
        qund_buf_char(&out, '/');
    qund_buf_puts(&out, b);
    return qund_buf_take(&out);
}

static bool is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* <dir of the program>/../share/qund; NULL when /proc does not tell. */
static char *share_beside_program(void)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    char *slash;

    if (n <= 0)
        return NULL;
    exe[n] = '\0';
    slash = strrchr(exe, '/');
    if (!slash)
        return NULL;
    *slash = '\0'; /* of the folder bin, whose sister share is; no `..` for people to read */
    slash = strrchr(exe, '/');
    if (slash)
        slash[slash == exe] = '\0';
    return qund_path_join(slash ? exe : "/", "share/qund");
}

char *qund_share_dir(void)
{
    const char *env = getenv("QUND_SHARE");
    char *dir;

    if (env && *env) /* a wish that cannot be met must not silently become another folder */
        return is_dir(env) ? qund_strdup(env) : NULL;
    dir = share_beside_program();
    if (dir && is_dir(dir))
        return dir;
    qund_free(dir);
    return is_dir(QUND_PREFIX_SHARE) ? qund_strdup(QUND_PREFIX_SHARE) : NULL;
}

uint64_t qund_hash64(const void *p, size_t n)
{
    const unsigned char *bytes = p;
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    return h;
}

void qund_sha256_hex(const void *p, size_t n, char out[65])
{
    static const char HEX[] = "0123456789abcdef";
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    qund_assert(EVP_Digest(p, n, md, &len, EVP_sha256(), NULL) == 1 && len == 32);
    for (unsigned i = 0; i < 32; i++) {
        out[2 * i] = HEX[md[i] >> 4];
        out[2 * i + 1] = HEX[md[i] & 15];
    }
    out[64] = '\0';
}

void qund_random(void *p, size_t n)
{
    char *at = p;

    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);

        qund_assert(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0) {
            at += got;
            n -= (size_t)got;
        }
    }
}
