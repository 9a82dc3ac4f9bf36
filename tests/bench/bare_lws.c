/* tests/bench/bare_lws.c - the limit that POST /api/v1/events is measured against: libwebsockets
 * alone, reading a body and answering 200 with a few bytes. Usage: bare_lws PORT */
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t done;

static int on_lws(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t n)
{
    unsigned char room[LWS_PRE + 256], *p = room + LWS_PRE, *end = room + sizeof(room);
    unsigned char body[LWS_PRE + 16];

    (void)user;
    (void)in;
    (void)n;
    switch ((int)why) {
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        if (lws_add_http_common_headers(wsi, 200, "application/json", 15, &p, end) ||
            lws_finalize_write_http_header(wsi, room + LWS_PRE, &p, end))
            return 1;
        lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        memcpy(body + LWS_PRE, "{\"accepted\":1}\n", 15);
        if (lws_write(wsi, body + LWS_PRE, 15, LWS_WRITE_HTTP_FINAL) < 0 ||
            lws_http_transaction_completed(wsi))
            return -1;
        return 0;
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols PROTOCOLS[] = {{.name = "http", .callback = on_lws},
                                                 {.name = NULL}};

static void on_signal(int signo)
{
    (void)signo;
    done = 1;
}

int main(int argc, char **argv)
{
    struct lws_context_creation_info info;
    struct lws_context *context;

    memset(&info, 0, sizeof(info));
    info.port = argc > 1 ? atoi(argv[1]) : 7681;
    info.iface = "lo";
    info.protocols = PROTOCOLS;
    info.keepalive_timeout = 30;
    info.max_http_header_pool = 512;
    lws_set_log_level(LLL_ERR, NULL);
    signal(SIGTERM, on_signal);
    context = lws_create_context(&info);
    if (!context)
        return 1;
    while (!done && lws_service(context, 0) >= 0)
        ;
    lws_context_destroy(context);
    return 0;
}
