/* routes.c - the API as one table: who may, how it is answered, what it takes, what it says about
 * itself. A new path is a row here and a function; nothing else dispatches. */
#include "http/internal.h"

#define LIST(fields) (fields), QUND_ARRAY_LEN(fields)
#define BASE "/api/v1"

static const struct qund_field ALL[] = {
    {"all", VALUE_BOOL, false, NULL, "Those that are no longer in force, too"},
};
static const struct qund_field OUTBOX[] = {
    {"state", VALUE_STR, false, NULL, "Only this state"},
};
static const struct qund_field OUTBOX_RESOLVE[] = {
    {"choice", VALUE_CHOICE, true, "delivered|resend",
     "Whether a delivery of unknown outcome arrived, or is sent again"},
};
static const struct qund_field REASON[] = {
    {"reason", VALUE_STR, false, NULL, "For the record"},
};
static const struct qund_field ALERTS[] = {
    {"state", VALUE_CHOICE, false, "open|acknowledged|resolved", "Only this state"},
    {"level", VALUE_CHOICE, false, "info|warn|urgent", "Only this level"},
    {"group", VALUE_INT, false, NULL, "Only this group"},
};
static const struct qund_field NOTE[] = {
    {"note", VALUE_STR, false, NULL, "What was done, or why"},
};
static const struct qund_field SINCE[] = {
    {"since", VALUE_TIME, false, NULL, "Nothing older"},
};
static const struct qund_field SEARCH[] = {
    {"q", VALUE_STR, true, NULL, "The words, two characters or more"},
    {"group", VALUE_INT, false, NULL, "Only this group"},
};
static const struct qund_field QUESTIONS[] = {
    {"state", VALUE_CHOICE, false, "open|answered|done|withdrawn", "Only this state; open"},
    {"group", VALUE_INT, false, NULL, "Only this group"},
};
static const struct qund_field MEASURES[] = {
    {"from", VALUE_TIME, false, NULL, "Start; 7 days before `to`"},
    {"to", VALUE_TIME, false, NULL, "End; now"},
    {"by", VALUE_CHOICE, false, "hour|day", "hour"},
    {"zone", VALUE_STR, false, NULL, "Whose days; Asia/Shanghai"},
};
static const struct qund_field TOKEN[] = {
    {"role", VALUE_CHOICE, true, "admin|manager|operator|staff|viewer|auditor|ingest",
     "What it may do"},
    {"name", VALUE_STR, true, NULL, "What it is for"},
    {"channels", VALUE_STRS, false, NULL, "Of ingest: the channels it may write to"},
    {"expires", VALUE_TIME, false, NULL, "When it ends; never"},
};

static const struct qund_route ROUTES[] = {
    {QUND_POST, BASE "/events", ROLES_EVENTS, ROUTE_NOW, "events",
     "Hand in events; answered once they are durable", .now = qund_api_events, .raw = true},

    {QUND_GET, "/healthz", ROLES_NOBODY_ASKED, ROUTE_NOW, "system", "Whether the process is up",
     .now = qund_api_healthz},
    {QUND_GET, "/readyz", ROLES_NOBODY_ASKED, ROUTE_NOW, "system",
     "Whether it is fit to take events, and what is degraded", .now = qund_api_readyz},
    {QUND_GET, "/metrics", ROLES_READ, ROUTE_NOW, "system", "Numbers for Prometheus",
     .now = qund_api_metrics, .produces = "text/plain"},
    {QUND_GET, BASE "/status", ROLES_READ, ROUTE_NOW, "system", "The state of every part",
     .now = qund_api_status},
    {QUND_GET, BASE "/openapi.json", ROLES_NOBODY_ASKED, ROUTE_NOW, "system", "This document",
     .now = qund_api_openapi},
    {QUND_GET, BASE "/live", ROLES_READ, ROUTE_SOCKET, "live",
     "WebSocket: messages, hits, alerts and deliveries as they happen", .now = qund_api_live},
    {QUND_POST, BASE "/backup", ROLES_ADMIN, ROUTE_JOB, "system", "Make a backup now", LIST(REASON),
     .command = "backup"},

    {QUND_GET, BASE "/rules", ROLES_READ, ROUTE_READ, "rules",
     "Rules in order of evaluation, with versions and sources", LIST(ALL), .read = qund_api_rules},
    {QUND_GET, BASE "/rules/{name}", ROLES_READ, ROUTE_READ, "rules", "One rule and its versions",
     .read = qund_api_rule},
    {QUND_POST, BASE "/rules/reload", ROLES_OPERATE, ROUTE_JOB, "rules",
     "Read the rule files anew; the old set stays when one is wrong", .command = "rules.reload"},

    {QUND_GET, BASE "/dead", ROLES_READ, ROUTE_READ, "dead", "What could not be applied", LIST(ALL),
     .read = qund_api_dead, .page = true},
    {QUND_GET, BASE "/dead/{id}", ROLES_MANAGE, ROUTE_READ, "dead", "One of them, with its body",
     .read = qund_api_dead_show},
    {QUND_POST, BASE "/dead/{id}/retry", ROLES_OPERATE, ROUTE_COMMAND, "dead", "Try it once more",
     LIST(REASON), .command = "dead.retry"},
    {QUND_POST, BASE "/dead/{id}/drop", ROLES_MANAGE, ROUTE_COMMAND, "dead", "Give it up",
     LIST(REASON), .command = "dead.drop"},

    {QUND_GET, BASE "/outbox", ROLES_READ, ROUTE_READ, "outbox", "Deliveries, newest first",
     LIST(OUTBOX), .read = qund_api_outbox, .page = true},
    {QUND_POST, BASE "/outbox/{id}/retry", ROLES_OPERATE, ROUTE_COMMAND, "outbox", "Send it again",
     LIST(REASON), .command = "outbox.retry"},
    {QUND_POST, BASE "/outbox/{id}/cancel", ROLES_OPERATE, ROUTE_COMMAND, "outbox",
     "Do not send it", LIST(REASON), .command = "outbox.cancel"},
    {QUND_POST, BASE "/outbox/{id}/resolve", ROLES_OPERATE, ROUTE_COMMAND, "outbox",
     "Decide what became of one whose outcome is unknown", LIST(OUTBOX_RESOLVE),
     .command = "outbox.resolve"},

    {QUND_GET, BASE "/alerts", ROLES_READ, ROUTE_READ, "alerts", "Alerts, newest first",
     LIST(ALERTS), .read = qund_api_alerts, .page = true},
    {QUND_GET, BASE "/alerts/{id}", ROLES_READ, ROUTE_READ, "alerts", "One alert",
     .read = qund_api_alert},
    {QUND_POST, BASE "/alerts/{id}/ack", ROLES_ACT, ROUTE_COMMAND, "alerts",
     "Take it: no further rung of its ladder", LIST(NOTE), .command = "alert.ack"},
    {QUND_POST, BASE "/alerts/{id}/resolve", ROLES_ACT, ROUTE_COMMAND, "alerts", "It is dealt with",
     LIST(NOTE), .command = "alert.resolve"},
    {QUND_POST, BASE "/alerts/{id}/reopen", ROLES_ACT, ROUTE_COMMAND, "alerts", "It is not",
     LIST(NOTE), .command = "alert.reopen"},

    {QUND_GET, BASE "/groups/{id}/messages", ROLES_READ, ROUTE_READ, "messages",
     "A group's messages, newest first", LIST(SINCE), .read = qund_api_messages, .page = true},
    {QUND_GET, BASE "/messages/{id}", ROLES_READ, ROUTE_READ, "messages", "One message",
     .read = qund_api_message},
    {QUND_GET, BASE "/search", ROLES_READ, ROUTE_READ, "messages", "Messages that hold the words",
     LIST(SEARCH), .read = qund_api_search, .page = true},
    {QUND_GET, BASE "/export/messages", ROLES_MANAGE, ROUTE_NOW, "messages",
     "All messages, one JSON object a line", .now = qund_api_export_messages,
     .produces = "application/x-ndjson"},

    {QUND_GET, BASE "/org", ROLES_MANAGE, ROUTE_READ, "org",
     "Staff, groups, roles and rosters as org.yaml", .read = qund_api_org,
     .produces = "application/yaml"},

    {QUND_GET, BASE "/questions", ROLES_READ, ROUTE_READ, "questions",
     "Questions that are owed an answer", LIST(QUESTIONS), .read = qund_api_questions,
     .page = true},
    {QUND_POST, BASE "/questions/{id}/done", ROLES_ACT, ROUTE_COMMAND, "questions",
     "It was dealt with elsewhere", LIST(REASON), .command = "question.done"},

    {QUND_GET, BASE "/groups/{id}/metrics", ROLES_READ, ROUTE_READ, "groups",
     "What a group's hours or days counted", LIST(MEASURES), .read = qund_api_group_metrics},

    {QUND_GET, BASE "/tokens", ROLES_ADMIN, ROUTE_READ, "tokens", "Tokens, without their secrets",
     LIST(ALL), .read = qund_api_tokens},
    {QUND_POST, BASE "/tokens", ROLES_ADMIN, ROUTE_NOW, "tokens", "Make a token; shown this once",
     LIST(TOKEN), .now = qund_api_token_create},
    {QUND_DELETE, BASE "/tokens/{id}", ROLES_ADMIN, ROUTE_NOW, "tokens", "Revoke a token",
     .now = qund_api_token_revoke},
};

const struct qund_route *qund_routes(size_t *n)
{
    *n = QUND_ARRAY_LEN(ROUTES);
    return ROUTES;
}
