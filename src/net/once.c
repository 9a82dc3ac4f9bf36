/* src/net/once.c - libcurl and libsodium keep a little state of their own. */
#include "net/once.h"
#include <curl/curl.h>
#include <sodium.h>

void qund_net_once(void)
{
    /* Both are idempotent; a failure shows at first use, where it can be told. */
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)!sodium_init();
}
