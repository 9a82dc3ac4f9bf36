/* client_url.c - what can be said of an address and a header without sending anything. */
#include "net/client.h"
#include <curl/curl.h>

bool qund_client_plain(const char *s, const char *besides)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f || strchr(besides, *s))
            return false;
    return true;
}

int qund_client_check_url(const char *url, bool allow_private, struct qund_err *err)
{
    CURLU *u;
    char *scheme = NULL;
    CURLUcode e;
    int rc = 0;

    if (!qund_client_plain(url, " \\"))
        return qund_err_set(err, QUND_E_INVAL, "url",
                            "blanks and control bytes cannot stand in an address");
    u = curl_url();
    if (!u)
        return QUND_E_NOMEM;
    e = curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER);
    if (e == CURLUE_OK)
        e = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    if (e == CURLUE_USER_NOT_ALLOWED)
        rc = qund_err_set(err, QUND_E_INVAL, "url", "a user name cannot stand in an address");
    else if (e != CURLUE_OK)
        rc = qund_err_set(err, QUND_E_INVAL, "url", "not an address: %s", curl_url_strerror(e));
    else if (strcmp(scheme, "https") != 0 && !(allow_private && strcmp(scheme, "http") == 0))
        rc = qund_err_set(err, QUND_E_INVAL, "url",
                          "https:// is wanted; http:// only with allow_private");
    curl_free(scheme);
    curl_url_cleanup(u);
    return rc;
}
