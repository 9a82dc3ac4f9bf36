/* src/net/versions.c */
#include "net/versions.h"
#include <curl/curl.h>
#include <libwebsockets.h>
#include <sodium.h>
#include <uv.h>

void qund_net_versions(struct qund_buf *out)
{
    qund_buf_printf(out, "%s, libwebsockets %s, libuv %s, libsodium %s", curl_version(),
                    lws_get_library_version(), uv_version_string(), sodium_version_string());
}
