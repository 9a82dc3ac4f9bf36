/* load.c - sends made-up chat to qund, to the tight program or to a bare server, and says what came
 * of it in one line of JSON.
 *
 *   load rules|words N                      the watched words, as rule file or one a line
 *   load ADDRESS [option value]…            ADDRESS: HOST:PORT or a unix socket's path
 *     body 1000      events in a request (1: one JSON object, else NDJSON)
 *     conns 4        keep-alive connections, one request under way on each
 *     rate 0         events a second; 0: as many as are taken
 *     seconds 10     how long; or
 *     events 0       how many
 *     window 40000   unapplied events at most; needs a counter to look at
 *     token TEXT     bearer token (not needed on the daemon's own socket)
 *     form http|raw|bare|onebot    raw: the tight program's lines; bare: HTTP without a counter;
 *                    onebot: events of a bridge that dials
 *     to HOST:PORT  path /…    form onebot: where the bot listens; the counter stays at ADDRESS
 *     shards 0       form onebot: so many paths, the path and a number from 0
 *     webhook PORT   listens for pushes and times them (marks the texts)
 *     live 1         watches the live feed and times it (marks the texts)
 *     words 1000  hits 0.1  people 50000  seed 1  since MS (the time of the first event; one ms an
 * event)
 *
 * At a fixed rate a request has its moment; one that waits for a free connection is timed from that
 * moment, not from when it was sent. The run ends when everything accepted is applied. */
#include "load.h"
#include "load_onebot.h"
#include <poll.h>
#include <stdlib.h>

#define LOOK_US 50000
#define AGAIN_US 2000
#define SETTLE_US 1000000
#define PATIENCE_US 15000000
#define SELF 1000u /* the first connection's account */

/* --- requests --- */

static void put_frames(struct load *l, struct conn *c)
{
    int64_t now = now_us();

    for (size_t i = 0; i < l->body; i++) {
        char *p = room(&c->out, &c->out_cap, c->out_n, ONEBOT_FRAME_MAX);

        c->out_n += onebot_event(&l->chat, c->self, now / 1000, now, p);
        l->made++;
        l->accepted++; /* nobody answers an event there */
    }
}

static void put_events(struct load *l, struct conn *c)
{
    int64_t now = now_us();

    for (size_t i = 0; i < l->body; i++) {
        int64_t ts = l->since ? l->since + l->made : now / 1000;
        char *p = room(&c->out, &c->out_cap, c->out_n, CHAT_LINE_MAX);

        c->out_n += chat_line(&l->chat, ts, now, p);
        l->made++;
    }
}

static void make_request(struct load *l, struct conn *c, int64_t due)
{
    char head[512];
    size_t at;
    int n;

    c->out_n = c->out_at = 0;
    if (l->form == ONEBOT) {
        put_frames(l, c);
        return;
    }
    if (l->form == RAW) {
        put_events(l, c);
        put(c, "\n", 1);
    } else {
        /* The length is known afterwards: its place is kept. */
        n = snprintf(head, sizeof(head),
                     "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                     "%sContent-Length: ",
                     l->body > 1 ? "application/x-ndjson" : "application/json", l->bearer);
        put(c, head, (size_t)n);
        put(c, "00000000\r\n\r\n", 12);
        at = c->out_n;
        put_events(l, c);
        snprintf(head, sizeof(head), "%08zu", c->out_n - at);
        memcpy(c->out + at - 12, head, 8);
    }
    c->busy = true;
    c->again = 0;
    c->due = due;
}

void answered(struct load *l, struct conn *c, int status, int64_t taken)
{
    int64_t now = now_us();

    if (status == 503 || status == 429) {
        l->refused++;
        c->again = now + AGAIN_US;
        return;
    }
    c->busy = false;
    l->answers++;
    l->answered_at = now;
    if (status / 100 != 2)
        l->errors++;
    else
        l->accepted += taken;
    hist_add(&l->answered, now - c->due);
}

static void look(struct load *l, struct conn *c)
{
    char get[512];
    int n =
        snprintf(get, sizeof(get), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n%s\r\n", l->bearer);

    c->out_n = c->out_at = 0;
    put(c, l->form == RAW ? "\n" : get, l->form == RAW ? 1 : (size_t)n);
    c->busy = true;
}

void looked(struct load *l, struct conn *c, int64_t applied)
{
    c->busy = false;
    c->due = now_us() + LOOK_US;
    if (l->base < 0)
        l->base = applied;
    if (applied - l->base != l->applied) {
        l->applied = applied - l->base;
        l->applied_at = now_us();
    }
}

/* --- the run --- */

static bool more(const struct load *l, int64_t now)
{
    if (l->events)
        return l->made < l->events;
    return now - l->start < (int64_t)(l->seconds * 1e6);
}

/* An event over a WebSocket has no answer to wait for, only room. */
static bool sent(const struct load *l, const struct conn *c)
{
    return l->form != ONEBOT || (c->upgraded && c->out_at == c->out_n);
}

/* Gives free connections their next request, as far as rate and window allow. */
static bool drive(struct load *l)
{
    int64_t now = now_us();
    bool open = false;

    for (size_t i = 0; i < l->n; i++) {
        struct conn *c = &l->v[i];
        int64_t due = l->rate > 0 ? l->start + (int64_t)((double)l->made / l->rate * 1e6) : now;

        if (c->role == SENDER && !c->busy && more(l, now) && due <= now && sent(l, c) &&
            (!l->window || l->made - l->applied < l->window))
            make_request(l, c, due);
        if (c->role == SENDER && c->busy && c->again && c->again <= now) {
            c->again = 0;
            c->out_at = 0;
        }
        if (c->role == COUNTER && !c->busy && c->due <= now)
            look(l, c);
        open |= c->role == SENDER && c->busy;
    }
    return open || more(l, now);
}

static int wait_ms(const struct load *l)
{
    return l->rate > 0 && l->rate < 20000 ? 1 : 5;
}

static void turn(struct load *l)
{
    struct pollfd p[CONNS_MAX];

    for (size_t i = 0; i < l->n; i++) {
        struct conn *c = &l->v[i];

        if (c->role != FREE && c->role != LISTENER && !c->again)
            flush(c);
        p[i] = (struct pollfd){.fd = c->role == FREE ? -1 : c->fd, .events = POLLIN};
        if (c->role != FREE && c->out_at < c->out_n && !c->again)
            p[i].events |= POLLOUT;
    }
    if (poll(p, l->n, wait_ms(l)) <= 0)
        return;
    for (size_t i = 0, n = l->n; i < n; i++)
        if (p[i].revents)
            hear(l, &l->v[i]);
}

static void open_bridge(struct load *l, unsigned self)
{
    struct conn *c = conn_add(l, SENDER, dial(l->to));
    char text[1024], path[200];

    if (l->shards > 0)
        snprintf(path, sizeof(path), "%s%u", l->path, self % l->shards);
    else
        snprintf(path, sizeof(path), "%s", l->path);
    c->self = self;
    put(c, text, onebot_handshake(text, sizeof(text), path, l->token ? l->token : "", self));
    while (!c->upgraded)
        turn(l);
}

static void open_all(struct load *l)
{
    static const char UPGRADE[] =
        "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    if (l->webhook)
        conn_add(l, LISTENER, listen_at(l->webhook));
    if (l->form != BARE)
        conn_add(l, COUNTER, dial(l->address));
    if (l->live) {
        struct conn *c = conn_add(l, LIVE, dial(l->address));

        put(c, UPGRADE, sizeof(UPGRADE) - 1);
        while (!c->upgraded)
            turn(l);
    }
    while (l->form != BARE && l->base < 0) {
        drive(l); /* no sender yet: only the counter moves */
        turn(l);
    }
    for (size_t i = 0; i < l->conns && l->form != ONEBOT; i++)
        conn_add(l, SENDER, dial(l->address));
    for (size_t i = 0; i < l->conns && l->form == ONEBOT; i++)
        open_bridge(l, SELF + (unsigned)i);
    /* Bots ask first who is there, and some hear nothing before they know. */
    for (int64_t until = now_us() + (l->form == ONEBOT ? SETTLE_US : 0); now_us() < until;)
        turn(l);
}

static void run(struct load *l)
{
    l->start = now_us();
    l->applied_at = l->start;
    while (drive(l))
        turn(l);
    /* What was taken is applied before we leave. */
    while (l->form != BARE && l->applied < l->accepted) {
        if (now_us() - l->applied_at > PATIENCE_US)
            die("%lld of %lld events were applied, then nothing for a minute",
                (long long)l->applied, (long long)l->accepted);
        drive(l);
        turn(l);
    }
    for (int64_t until = now_us() + (l->webhook ? 1000000 : 0); now_us() < until;)
        turn(l);
}

static void print_hist(const char *name, const struct hist *h)
{
    printf(", \"%s\": {\"n\": %llu, \"mean_ms\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
           "\"max_ms\": %.3f}",
           name, (unsigned long long)h->n, h->n ? h->sum / (double)h->n / 1e3 : 0,
           hist_at(h, 0.5) / 1e3, hist_at(h, 0.99) / 1e3, (double)h->max / 1e3);
}

static void report(struct load *l)
{
    int64_t end = l->form == BARE ? now_us() : l->applied_at;
    double s = (double)(end - l->start) / 1e6;

    printf("{\"sent\": %lld, \"accepted\": %lld, \"applied\": %lld, \"refused\": %lld, "
           "\"errors\": %lld, \"requests\": %lld, \"seconds\": %.3f, \"rate\": %.0f, "
           "\"answered_rate\": %.0f",
           (long long)l->made, (long long)l->accepted, (long long)l->applied, (long long)l->refused,
           (long long)l->errors, (long long)l->answers, s, (double)l->accepted / s,
           (double)l->accepted / ((double)(l->answered_at - l->start) / 1e6));
    print_hist("answer", &l->answered);
    if (l->live)
        print_hist("heard", &l->heard);
    if (l->webhook)
        print_hist("pushed", &l->pushed);
    printf("}\n");
}

static void option(struct load *l, const char *k, const char *v)
{
    if (strcmp(k, "body") == 0)
        l->body = strtoul(v, NULL, 10);
    else if (strcmp(k, "conns") == 0)
        l->conns = strtoul(v, NULL, 10);
    else if (strcmp(k, "rate") == 0)
        l->rate = atof(v);
    else if (strcmp(k, "seconds") == 0)
        l->seconds = atof(v);
    else if (strcmp(k, "events") == 0)
        l->events = atoll(v);
    else if (strcmp(k, "window") == 0)
        l->window = atoll(v);
    else if (strcmp(k, "form") == 0)
        l->form = strcmp(v, "raw") == 0      ? RAW
                  : strcmp(v, "bare") == 0   ? BARE
                  : strcmp(v, "onebot") == 0 ? ONEBOT
                                             : HTTP;
    else if (strcmp(k, "to") == 0)
        l->to = v;
    else if (strcmp(k, "shards") == 0)
        l->shards = (unsigned)strtoul(v, NULL, 10);
    else if (strcmp(k, "path") == 0)
        l->path = v;
    else if (strcmp(k, "webhook") == 0)
        l->webhook = atoi(v);
    else if (strcmp(k, "live") == 0)
        l->live = atoi(v) != 0;
    else if (strcmp(k, "words") == 0)
        l->words = strtoul(v, NULL, 10);
    else if (strcmp(k, "hits") == 0)
        l->hits = atof(v);
    else if (strcmp(k, "seed") == 0)
        l->seed = strtoull(v, NULL, 10);
    else if (strcmp(k, "token") == 0) {
        l->token = v;
        snprintf(l->bearer, sizeof(l->bearer), "Authorization: Bearer %s\r\n", v);
    } else if (strcmp(k, "people") == 0)
        l->people = (unsigned)strtoul(v, NULL, 10);
    else if (strcmp(k, "since") == 0)
        l->since = atoll(v);
    else
        die("unknown option %s", k);
}

static int print_words(const char *what, const char *n)
{
    struct chat c;

    chat_init(&c, 1, strtoul(n, NULL, 10), 0);
    if (strcmp(what, "rules") == 0)
        chat_rules(&c, stdout);
    else
        chat_words(&c, stdout);
    chat_done(&c);
    return 0;
}

int main(int argc, char **argv)
{
    static struct load l = {
        .body = 1000, .conns = 4, .seconds = 10, .words = 1000, .hits = 0.1, .seed = 1, .base = -1};

    if (argc < 2)
        die("say where to (see the top of load.c)");
    if (argc == 3 && (strcmp(argv[1], "rules") == 0 || strcmp(argv[1], "words") == 0))
        return print_words(argv[1], argv[2]);
    l.address = argv[1];
    for (int i = 2; i + 1 < argc; i += 2)
        option(&l, argv[i], argv[i + 1]);
    chat_init(&l.chat, l.seed, l.words, l.hits);
    if (l.people > 0)
        l.chat.people = l.people;
    l.chat.marked = l.webhook || l.live;
    open_all(&l);
    run(&l);
    report(&l);
    chat_done(&l.chat);
    return 0;
}
