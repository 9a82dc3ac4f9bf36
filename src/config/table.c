/* table.c - every key there is.
 *
 * To add one: a member in config.h, a row here, and (if the sample shall show it) a line in
 * config/qund.yaml. Defaults are written as they would stand in the file and go through the same
 * parser, so a default out of its own bounds fails the first test that loads anything. */
#include "config/option.h"

#define AT(member) offsetof(struct qund_config, member)
#define CH(member) offsetof(struct qund_channel_cfg, member)
#define TG(member) offsetof(struct qund_target_cfg, member)
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SEC INT64_C(1000)
#define HOUR (3600 * SEC)
#define DAY (24 * HOUR)

static const char *const DURABILITY[] = {"disk", "os", NULL};
static const char *const LEVEL[] = {"debug", "info", "warn", "error", NULL};
static const char *const FORM[] = {"logfmt", "json", NULL};
static const char *const SHARED[] = {"auto", "true", "false", NULL};
static const char *const QUIET_MODE[] = {"drop", "delay", NULL};
static const char *const CHANNEL_OURS[] = {"api", "replay", NULL};
static const char *const TARGET_OURS[] = {"webhook", NULL};

static const struct option HTTP[] = {
    {"listen", OPT_STRING, AT(http.listen), "127.0.0.1:8720", 0, 0, NULL, 0,
     "Where the API listens: `HOST:PORT`, `[::1]:PORT` or `unix:PATH`."},
    {"public_url", OPT_STRING, AT(http.public_url), NULL, 0, 0, NULL, OPT_RELOAD,
     "How staff reach this daemon from outside. Unset: pushes carry the short command, no link."},
    {"max_body", OPT_SIZE, AT(http.max_body), "8MiB", 64 * KIB, 256 * MIB, NULL, OPT_RELOAD,
     "Largest request body, after decompression."},
    {"max_connections", OPT_INT, AT(http.max_connections), "1024", 8, 65536, NULL, 0,
     "Open connections altogether; more are closed at once."},
    {"per_peer", OPT_INT, AT(http.per_peer), "256", 1, 65536, NULL, OPT_RELOAD,
     "Open connections from one address."},
    {"header_timeout", OPT_DURATION, AT(http.header_timeout_ms), "5s", 100, 60 * SEC, NULL,
     OPT_RELOAD, "A request's headers must be complete within this time."},
    {"idle_timeout", OPT_DURATION, AT(http.idle_timeout_ms), "60s", SEC, HOUR, NULL, OPT_RELOAD,
     "A connection that says nothing is closed after this time."},
    {"rate_per_token", OPT_INT, AT(http.rate_per_token), "0", 0, 1000000, NULL, OPT_RELOAD,
     "Events a second that one ingest token may send; `0`: no limit."},
};

static const struct option QUEUE[] = {
    {"url", OPT_URL, AT(queue.url), "managed", 0, 0, NULL, 0,
     "`managed` (our own redis-server child), `redis://HOST:PORT/DB` or `unix:PATH`."},
    {"password", OPT_SECRET, AT(queue.password), NULL, 0, 0, NULL, 0, "Password of a given Redis."},
    {"prefix", OPT_STRING, AT(queue.prefix), "qund:", 0, 0, NULL, 0,
     "Every key in Redis begins with it."},
    {"durability", OPT_ENUM, AT(queue.durability), "disk", 0, 0, DURABILITY, 0,
     "`disk`: what was accepted survives a power cut. `os`: it survives the death of any process, "
     "and a power cut but for the last second."},
    {"maxmemory", OPT_SIZE, AT(queue.maxmemory), "256MiB", 16 * MIB, 64 * GIB, NULL, 0,
     "Memory of the managed Redis."},
    {"max_waiting", OPT_INT, AT(queue.max_waiting), "1000000", 1000, 100000000, NULL, OPT_RELOAD,
     "Events that may wait to be applied before senders are pushed back (429)."},
    {"batch", OPT_INT, AT(queue.batch), "4096", 1, 65536, NULL, 0,
     "Most events applied in one transaction."},
    {"spool_max", OPT_SIZE, AT(queue.spool_max), "256MiB", MIB, 64 * GIB, NULL, OPT_RELOAD,
     "Room for events that arrive while Redis does not answer; then 503."},
    {"reply_ms", OPT_INT, AT(queue.reply_ms), "100", 10, 10000, NULL, OPT_RELOAD,
     "Milliseconds Redis has to confirm a batch before it goes to the spool."},
};

static const struct option STORE[] = {
    {"page_cache", OPT_SIZE, AT(store.page_cache), "16MiB", MIB, 16 * GIB, NULL, 0,
     "SQLite's page cache of the writing handle."},
    {"retention", OPT_DURATION, AT(store.retention_ms), "365d", DAY, 36500 * DAY, NULL, OPT_RELOAD,
     "Messages older than this are dropped, month by month. Older events are refused."},
    {"wal_limit", OPT_SIZE, AT(store.wal_limit), "64MiB", MIB, 4 * GIB, NULL, 0,
     "A write-ahead log of this size is begun anew; its blocks are handed back when all is quiet."},
    {"search", OPT_BOOL, AT(store.search), "true", 0, 0, NULL, 0,
     "Keep the full-text index (about half the size of the messages)."},
    {"reserve", OPT_SIZE, AT(store.reserve), "64MiB", 0, 4 * GIB, NULL, 0,
     "A file that is given back when the disk is full, so that the daemon can still stop in "
     "order."},
    {"readers", OPT_INT, AT(store.readers), "2", 1, QUND_READERS_MAX, NULL, 0,
     "Threads that answer queries."},
};

static const struct option TIME[] = {
    {"zone", OPT_STRING, AT(time.zone), "Asia/Shanghai", 0, 0, NULL, 0,
     "Time zone of groups that name none."},
    {"lateness", OPT_DURATION, AT(time.lateness_ms), "30s", 0, HOUR, NULL, OPT_RELOAD,
     "How late an event may arrive and still count in a judgement."},
    {"backfill_after", OPT_DURATION, AT(time.backfill_after_ms), "1h", 60 * SEC, 30 * DAY, NULL,
     OPT_RELOAD, "Events older than this at receipt are stored and counted, but cause no alert."},
};

static const struct option RULES[] = {
    {"dirs", OPT_PATHS, AT(rules.dirs), NULL, 0, 0, NULL, OPT_RELOAD,
     "Folders with rule files, read in this order. Unset: the shipped rules."},
    {"cache", OPT_PATH, AT(rules.cache), NULL, 0, 0, NULL, 0,
     "Where the compiled rules are kept. Unset: `rules.cache` in the data folder."},
    {"compile_timeout", OPT_DURATION, AT(rules.compile_timeout_ms), "60s", SEC, HOUR, NULL,
     OPT_RELOAD, "Longest time the compiler may take."},
    {"compile_memory", OPT_SIZE, AT(rules.compile_memory), "1GiB", 64 * MIB, 64 * GIB, NULL,
     OPT_RELOAD, "Most memory the compiler may take."},
};

static const struct option SOP[] = {
    {"dirs", OPT_PATHS, AT(sop.dirs), NULL, 0, 0, NULL, OPT_RELOAD,
     "Folders with SOP templates, read in this order; of two with one id the later counts. Unset: "
     "the shipped ones."},
    {"group_day", OPT_INT, AT(sop.group_day), "2", 0, 1000, NULL, OPT_RELOAD,
     "Most marketing posts in one group on one day of its calendar; `0`: no limit. As with the "
     "four below, the strictest that applies wins; service and safety are never held back."},
    {"group_day_last", OPT_INT, AT(sop.group_day_last), "3", 0, 1000, NULL, OPT_RELOAD,
     "The same on the two days before a plan's event and on its own day, for its posts."},
    {"group_month", OPT_INT, AT(sop.group_month), "0", 0, 100000, NULL, OPT_RELOAD,
     "Most marketing posts in one group in one month: what the platform allows."},
    {"contact_week", OPT_INT, AT(sop.contact_week), "1", 0, 1000, NULL, OPT_RELOAD,
     "Most marketing messages to one person in any seven days, one to one."},
    {"sender_day", OPT_INT, AT(sop.sender_day), "0", 0, 100000, NULL, OPT_RELOAD,
     "Most marketing posts of one member of staff on one day."},
};

static const struct option ORG[] = {
    {"file", OPT_PATH, AT(org.file), NULL, 0, 0, NULL, OPT_RELOAD,
     "Staff, groups and rosters as a file (`org.yaml`). Unset: the API alone keeps them."},
};

static const struct option LOG[] = {
    {"level", OPT_ENUM, AT(log.level), "info", 0, 0, LEVEL, OPT_RELOAD, "Least level written."},
    {"form", OPT_ENUM, AT(log.form), "logfmt", 0, 0, FORM, 0, "Form of a line."},
};

static const struct option ALERT[] = {
    {"merge", OPT_DURATION, AT(alert.merge_ms), "5m", 0, DAY, NULL, OPT_RELOAD,
     "What is said again of one cause within this time counts into its open alert. Rungs of "
     "ladders to one person within it are sent as one card."},
    {"push_every", OPT_DURATION, AT(alert.push_every_ms), "30m", 0, 7 * DAY, NULL, OPT_RELOAD,
     "A person is sent at most one new reminder that is not urgent within this time; what comes "
     "meanwhile follows as one card."},
    {"link_for", OPT_DURATION, AT(alert.link_for_ms), "72h", 60 * SEC, 30 * DAY, NULL, OPT_RELOAD,
     "How long the signed link of a push is good (`http.public_url`)."},
    {"ladders", OPT_LADDERS, AT(alert.ladders),
     "normal 10m,30m,60m; complaint 5m,15m,30m; urgent 0s", 0, 0, NULL, OPT_RELOAD,
     "By kind of alert: after which times without an answer it goes one step up."},
};

static const struct option QUIET[] = {
    {"hours", OPT_HOURS, AT(quiet.hours), "22:00-08:00", 0, 0, NULL, OPT_RELOAD,
     "Local hours in which nothing but urgent alerts leaves; `00:00-00:00`: never."},
    {"mode", OPT_ENUM, AT(quiet.mode), "delay", 0, 0, QUIET_MODE, OPT_RELOAD,
     "What happens to the rest: dropped, or sent when the hours are over."},
};

static const struct option AUTO[] = {
    {"enabled", OPT_BOOL, AT(autos.enabled), "true", 0, 0, NULL, OPT_RELOAD,
     "Whether rules may say anything in chats (`reply`, `recall`, `forward`)."},
    {"prefix", OPT_STRING, AT(autos.prefix), "【自动回复】", 0, 0, NULL, OPT_RELOAD,
     "Stands before each reply: what no person wrote is marked. May be empty when `suffix` is "
     "not."},
    {"suffix", OPT_STRING, AT(autos.suffix), NULL, 0, 0, NULL, OPT_RELOAD,
     "Stands behind each reply."},
    {"forward_prefix", OPT_STRING, AT(autos.forward_prefix), "【自动转发】", 0, 0, NULL, OPT_RELOAD,
     "Stands before each forwarded quote."},
    {"per_group_hour", OPT_INT, AT(autos.group_hour), "6", 0, 10000, NULL, OPT_RELOAD,
     "Most replies in one group in any hour."},
    {"per_group_day", OPT_INT, AT(autos.group_day), "30", 0, 100000, NULL, OPT_RELOAD,
     "Most replies in one group in any 24 hours."},
    {"per_contact_day", OPT_INT, AT(autos.contact_day), "3", 0, 10000, NULL, OPT_RELOAD,
     "Most replies to one person in any 24 hours, all groups together."},
    {"forwards_per_hour", OPT_INT, AT(autos.forward_hour), "60", 0, 10000, NULL, OPT_RELOAD,
     "Most quotes forwarded from one group in any hour."},
    {"max_age", OPT_DURATION, AT(autos.max_age_ms), "5m", SEC, DAY, NULL, OPT_RELOAD,
     "A message older than this gets no reply any more; a reply that cannot leave in this time "
     "expires."},
    {"recall_within", OPT_DURATION, AT(autos.recall_within_ms), "2m", SEC, 30 * DAY, NULL,
     OPT_RELOAD, "How long the platform lets a message be taken back."},
    {"quiet", OPT_ENUM, AT(autos.quiet), "drop", 0, 0, QUIET_MODE, OPT_RELOAD,
     "What happens to replies in `quiet.hours`: dropped (an answer in the morning is none), or "
     "sent when they are over. Forwarded quotes follow `quiet.mode`."},
};

static const struct option LIVE[] = {
    {"max_clients", OPT_INT, AT(live.max_clients), "1000", 0, 65536, NULL, OPT_RELOAD,
     "Open live feeds (WebSockets)."},
};

static const struct option DIGEST[] = {
    {"at", OPT_STRING, AT(digest.at), NULL, 0, 0, NULL, OPT_RELOAD,
     "`HH:MM`, the group's own time: then its manager is told the day of the group. Unset: nobody "
     "is; `qund digest` shows it all the same."},
    {"words", OPT_INT, AT(digest.words), "10", 0, 30, NULL, OPT_RELOAD,
     "How many of the most frequent words it names."},
};

static const struct option NET[] = {
    {"ca_file", OPT_PATH, AT(net.ca_file), NULL, 0, 0, NULL, 0,
     "PEM file with the roots that are trusted for every call to the outside (`https`, `wss`, "
     "mail) instead of the system's."},
};

static const struct option PLUGINS[] = {
    {"dirs", OPT_PATHS, AT(plugins.dirs), NULL, 0, 0, NULL, 0,
     "Folders looked into for `<kind>.so`, before `plugins` beside the program and the installed "
     "ones."},
};

static const struct option LEADS[] = {
    {"stages", OPT_LIST, AT(leads.stages),
     "new, contacted, visited, measured, quoted, deposit, ordered, deal, converted, won, lost, "
     "新客户, 已联系, 已到店, 已量房, 已报价, 已交定金, 已成交, 已流失",
     0, 0, NULL, OPT_RELOAD,
     "Stages that people (the API, `qund import`) may set; so may be what a rule has set on some "
     "lead. Empty: any."},
};

#define SECTION(name, table, help)               \
    {                                            \
        name, help, table, QUND_ARRAY_LEN(table) \
    }
const struct section qund_config_sections[] = {
    SECTION("http", HTTP, "The HTTP API and its limits."),
    SECTION("queue", QUEUE, "The durable queue between the channels and the engine."),
    SECTION("store", STORE, "The SQLite file."),
    SECTION("time", TIME, "Zones and lateness."),
    SECTION("rules", RULES, "Keyword and SOP rules."),
    SECTION("sop", SOP, "SOP templates, and how much marketing people must bear."),
    SECTION("org", ORG, "Staff and groups."),
    SECTION("leads", LEADS, "People who may buy."),
    SECTION("log", LOG, "Lines on stderr."),
    SECTION("alert", ALERT, "Alerts and their escalation."),
    SECTION("quiet", QUIET, "Hours of rest."),
    SECTION("auto", AUTO, "What rules say in chats by themselves."),
    SECTION("live", LIVE, "The live feed."),
    SECTION("digest", DIGEST, "A group's day on one page."),
    SECTION("net", NET, "Calls to the outside."),
    SECTION("plugins", PLUGINS, "Where channels and ways to deliver are found."),
};
const size_t qund_config_n_sections = QUND_ARRAY_LEN(qund_config_sections);

static const struct option CHANNEL[] = {
    {"kind", OPT_STRING, CH(kind), "api", 0, 0, NULL, 0,
     "`api`: events come by `POST /api/v1/events`; `replay`: from `qund replay`; else the plugin "
     "that speaks with the source, whose own keys stand beside these (`qund doctor` lists "
     "plugins)."},
    {"realm", OPT_STRING, CH(realm), NULL, 0, 0, NULL, 0,
     "The world in which its ids are unique; channels that see the same groups share one. "
     "Default: the channel's name."},
    {"trust_roles", OPT_BOOL, CH(trust_roles), "false", 0, 0, NULL, OPT_RELOAD,
     "Believe `sender_role` in its events. Whoever may send to it can then prove any task."},
    {"live", OPT_BOOL, CH(live), "true", 0, 0, NULL, OPT_RELOAD,
     "Its events may say that they happen now."},
    {"ts_stable", OPT_BOOL, CH(ts_stable), "true", 0, 0, NULL, 0,
     "A repeated event carries the same `ts`."},
    {"lateness", OPT_DURATION, CH(lateness_ms), NULL, 0, HOUR, NULL, OPT_RELOAD,
     "Overrides `time.lateness`."},
    {"hook_body", OPT_SIZE, CH(hook_body), "1MiB", KIB, 256 * MIB, NULL, OPT_RELOAD,
     "Largest body of a request below `/hook/<channel>`, which anybody may send; never more than "
     "`http.max_body`."},
    {"send_through", OPT_STRING, CH(send_through), NULL, 0, 0, NULL, OPT_RELOAD,
     "The target that speaks in its chats: rules answer there through it. Unset: nothing is said "
     "there."},
    {"confirm_through", OPT_STRING, CH(confirm_through), NULL, 0, 0, NULL, OPT_RELOAD,
     "The target that lays a post before a member of staff, who sends it with one tap in an app of "
     "the platform: plans made `deliver: confirm` use it."},
};

static const struct option TARGET[] = {
    {"kind", OPT_STRING, TG(kind), "webhook", 0, 0, NULL, OPT_RELOAD,
     "How it is reached: `webhook`, or a plugin, whose own keys then take the place of `url`, "
     "`secret`, `template` and `allow_private`."},
    {"url", OPT_URL, TG(url), NULL, 0, 0, NULL, OPT_RELOAD | OPT_REQUIRED | OPT_OURS,
     "`https://…` (or `http://…`). Robots carry their key in it: printed without."},
    {"secret", OPT_SECRET, TG(secret), NULL, 0, 0, NULL, OPT_RELOAD | OPT_OURS,
     "Signs each request, so that the receiver knows us."},
    {"template", OPT_STRING, TG(template), NULL, 0, 0, NULL, OPT_RELOAD | OPT_OURS,
     "Body with `{{fields}}`. Unset: the item as JSON."},
    {"allow_private", OPT_BOOL, TG(allow_private), "false", 0, 0, NULL, OPT_RELOAD | OPT_OURS,
     "The address may be loopback or private."},
    {"rate", OPT_INT, TG(rate_per_min), "20", 0, 100000, NULL, OPT_RELOAD,
     "Most requests in any minute; `0`: no limit. Plugins that know their peer's limit bring it as "
     "their default."},
    {"timeout", OPT_DURATION, TG(timeout_ms), "10s", 100, 120 * SEC, NULL, OPT_RELOAD,
     "An answer must come within this time."},
    {"ordered", OPT_BOOL, TG(ordered), "false", 0, 0, NULL, OPT_RELOAD,
     "An item that is tried again holds back those after it."},
    {"cards", OPT_BOOL, TG(cards), "true", 0, 0, NULL, OPT_RELOAD,
     "Reminders to one person, and what the rate holds back, come gathered as cards (a template "
     "must know `{{text}}` or `{{items}}`). `false`: each alert by itself, at once; for receivers "
     "that are programs."},
    {"shared", OPT_ENUM, TG(shared), "auto", 0, 0, SHARED, OPT_RELOAD,
     "Whether several people read what comes there: `true` leaves out personal links, `false` says "
     "that it is one person's own. `auto`: as its kind is (group robots and webhooks with a "
     "template are shared), and a mail address or private chat that two of the staff name."},
};

#define MAP(map, member, count, table, entry, first, map_flags, map_help)           \
    {                                                                               \
        .name = map, .help = map_help, .offset = AT(member), .n_offset = AT(count), \
        .item_bytes = sizeof(struct entry), .v = table, .n = QUND_ARRAY_LEN(table), \
        .flags = map_flags, .kind_offset = offsetof(struct entry, kind),            \
        .own_offset = offsetof(struct entry, own), .ours = first                    \
    }
const struct option_map qund_config_maps[] = {
    MAP("channels", channels, n_channels, CHANNEL, qund_channel_cfg, CHANNEL_OURS, 0,
        "Where events come from. `api` and `replay` (which trusts roles) are always there."),
    MAP("targets", targets, n_targets, TARGET, qund_target_cfg, TARGET_OURS, OPT_RELOAD,
        "Where alerts and reminders go."),
};
const size_t qund_config_n_maps = QUND_ARRAY_LEN(qund_config_maps);

_Static_assert(QUND_ARRAY_LEN(QUEUE) <= OPTIONS_MAX, "raise OPTIONS_MAX");
