/* routes.c - the API as one table: who may, how it is answered, what it takes, what it says about
 * itself. A new path is a row here and a function; nothing else dispatches. */
#include "http/link_page.h"

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
static const struct qund_field RESOLVE[] = {
    {"note", VALUE_STR, false, NULL, "What was done, or why"},
    {"proof", VALUE_STR, false, NULL, "What shows that it was done: words, an address"},
    {"number", VALUE_STR, false, NULL, "A decimal figure that belongs to it, such as 12.5"},
};
static const struct qund_field SNOOZE[] = {
    {"for", VALUE_STR, false, NULL,
     "30m, 2h, 18:00, tomorrow (9:00 there), 2026-11-23 18:00; in the zone of the group"},
    {"until", VALUE_TIME, false, NULL, "Instead of `for`: the instant"},
    {"note", VALUE_STR, false, NULL, "Why"},
};
static const struct qund_field HAND_OVER[] = {
    {"to", VALUE_STR, true, NULL, "Key or number of the member of staff"},
    {"note", VALUE_STR, false, NULL, "What they should know"},
};
static const struct qund_field SINCE[] = {
    {"since", VALUE_TIME, false, NULL, "Nothing older"},
};
static const struct qund_field SEARCH[] = {
    {"q", VALUE_STR, true, NULL, "The words, two characters or more"},
    {"group", VALUE_INT, false, NULL, "Only this group"},
};
static const struct qund_field PEOPLE[] = {
    {"q", VALUE_STR, false, NULL, "The name contains this"},
    {"tag", VALUE_STR, false, NULL, "Only those that hold the tag"},
    {"group", VALUE_INT, false, NULL, "Only members of this group"},
};
static const struct qund_field LEADS[] = {
    {"q", VALUE_STR, false, NULL, "The name contains this"},
    {"tag", VALUE_STR, false, NULL, "Only those that hold the tag"},
    {"stage", VALUE_STR, false, NULL, "Only this stage"},
    {"owner", VALUE_INT, false, NULL, "Only those of this member of staff"},
};
static const struct qund_field NAMED[] = {
    {"q", VALUE_STR, false, NULL, "The name contains this"},
};
static const struct qund_field CONTACT[] = {
    {"name", VALUE_STR, true, NULL, "How we call them"},
};
static const struct qund_field TAG_ADD[] = {
    {"tag", VALUE_STR, true, NULL, "The tag's name"},
    {"for", VALUE_STR, false, NULL, "How long it holds, such as 7d; for good"},
};
static const struct qund_field TAG[] = {
    {"tag", VALUE_STR, true, NULL, "The tag's name"},
};
static const struct qund_field OPT_OUT[] = {
    {"opt_out", VALUE_BOOL, true, NULL, "No marketing any more; false is a renewed consent"},
    {"proof", VALUE_STR, true, NULL, "How it was said"},
};
static const struct qund_field LEAD[] = {
    {"stage", VALUE_STR, false, NULL, "Its stage"},
    {"pool", VALUE_STR, false, NULL, "Its pool"},
    {"owner", VALUE_STR, false, NULL, "Key of the member of staff; - for nobody"},
    {"score_add", VALUE_INT, false, NULL, "Added to the score"},
};
static const struct qund_field GROUP[] = {
    {"name", VALUE_STR, false, NULL, "Its name"},
    {"type", VALUE_STR, false, NULL, "home, ecommerce, course, ticketing or other"},
    {"state", VALUE_STR, false, NULL, "active, paused or closed"},
    {"tags", VALUE_STRS, false, NULL, "All its tags"},
    {"zone", VALUE_STR, false, NULL, "IANA name of its time zone"},
    {"place", VALUE_STR, false, NULL, "Compound it shares with other groups"},
    {"manager", VALUE_STR, false, NULL, "Key of the member of staff; - for nobody"},
    {"internal", VALUE_BOOL, false, NULL, "Staff only: not counted"},
    {"shared", VALUE_BOOL, false, NULL, "Several accounts of ours are in it: copies are one"},
};
static const struct qund_field EXPORT[] = {
    {"format", VALUE_CHOICE, false, "csv|jsonl", "csv"},
};
static const struct qund_field IMPORT[] = {
    {"format", VALUE_CHOICE, false, "csv|jsonl", "csv"},
    {"dry_run", VALUE_BOOL, false, NULL, "Check and match every row, keep nothing"},
    {"realm", VALUE_STR, false, NULL, "For rows that name none; import"},
    {"source", VALUE_STR, false, NULL, "Where new people come from; import"},
    {"chunk", VALUE_BOOL, false, NULL, "The body is one chunk of rows as `qund import` sends it"},
};
static const struct qund_field QUESTIONS[] = {
    {"state", VALUE_CHOICE, false, "open|answered|done|withdrawn", "Only this state; open"},
    {"group", VALUE_INT, false, NULL, "Only this group"},
};
static const struct qund_field GAPS[] = {
    {"group", VALUE_INT, false, NULL, "Only those that concern this group"},
};
static const struct qund_field DIGEST[] = {
    {"day", VALUE_STR, false, NULL, "YYYY-MM-DD in the group's own time; today"},
    {"at", VALUE_STR, false, NULL, "HH:MM at which the day ends and the next begins; midnight"},
};
static const struct qund_field MEASURES[] = {
    {"from", VALUE_TIME, false, NULL, "Start; 7 days before `to`"},
    {"to", VALUE_TIME, false, NULL, "End; now"},
    {"by", VALUE_CHOICE, false, "hour|day", "hour"},
    {"zone", VALUE_STR, false, NULL, "Whose days; the group's, else `time.zone`"},
};
static const struct qund_field TOKEN[] = {
    {"role", VALUE_CHOICE, true, "admin|manager|operator|staff|viewer|auditor|ingest",
     "What it may do"},
    {"name", VALUE_STR, true, NULL, "What it is for"},
    {"channels", VALUE_STRS, false, NULL, "Of ingest: the channels it may write to"},
    {"expires", VALUE_TIME, false, NULL, "When it ends; never"},
};

static const struct qund_field LINK[] = {
    {"r", VALUE_CHOICE, false, LINK_SAID_WORDS, "How pressing a button ended"},
    {"lang", VALUE_CHOICE, false, "zh|en", "Its language; as Accept-Language says, else zh"},
};
static const struct qund_field LINK_ACT[] = {
    {"lang", VALUE_CHOICE, false, "zh|en", "As the page was shown"},
};

static const struct qund_field TEMPLATE[] = {
    {"version", VALUE_INT, false, NULL, "Which one; the latest"},
};
static const struct qund_field TEMPLATE_PUT[] = {
    {"text", VALUE_STR, true, NULL, "The template, as its file would be"},
    {"name", VALUE_STR, false, NULL, "What errors call it; template"},
};
static const struct qund_field TEMPLATE_DROP[] = {
    {"id", VALUE_STR, true, NULL, "Of a template that was put here; those of files are the files'"},
};
static const struct qund_field PLANS[] = {
    {"state", VALUE_CHOICE, false, "running|paused|finished|cancelled", "Only this state"},
    {"template", VALUE_STR, false, NULL, "Only of this template"},
    {"group", VALUE_INT, false, NULL, "Only those for this group"},
};
/* Of a plan that is made; one that is edited or cloned has the rest. */
static const struct qund_field PLAN[] = {
    {"template", VALUE_STR, true, NULL, "A template's id"},
    {"version", VALUE_STR, false, NULL, "Its version, or latest"},
    {"groups", VALUE_ANY, false, NULL,
     "Numbers or names of groups, or {ids, types, tags}, each a list"},
    {"contacts", VALUE_ANY, false, NULL, "People, by their numbers: of plans for people"},
    {"start", VALUE_STR, false, NULL,
     "When it begins: \"2026-12-01 14:00\" on the group's clock, or ISO 8601; now"},
    {"event", VALUE_STR, false, NULL, "T, the event's start, likewise"},
    {"until", VALUE_STR, false, NULL, "Nobody's run begins after it"},
    {"params", VALUE_OBJECT, false, NULL, "The template's parameters by name"},
    {"figures", VALUE_OBJECT, false, NULL, "Figures kept by hand: stock.box, capacity"},
    {"deliver", VALUE_STR, false, NULL,
     "person: staff are told and post (the default); confirm: they confirm what a channel's "
     "confirm_through lays before them; direct: our own account speaks"},
    {"name", VALUE_STR, false, NULL, "What it is called; the template's title"},
    {"force", VALUE_BOOL, false, NULL, "Although posts clash with a cap"},
};
static const struct qund_field CONTENT[] = {
    {"days", VALUE_INT, false, NULL, "How many days from now; 14"},
    {"plan", VALUE_INT, false, NULL, "Of this plan alone"},
    {"group", VALUE_INT, false, NULL, "In this group alone"},
};
#define PLAN_CHANGED (PLAN + 1), QUND_ARRAY_LEN(PLAN) - 1
static const struct qund_field PLAN_FLAG[] = {
    {"flag", VALUE_STR, true, NULL, "event_cancelled, safety_issue, solved …"},
    {"value", VALUE_BOOL, false, NULL, "false: it is so no longer; true"},
};
static const struct qund_field PLAN_SET[] = {
    {"name", VALUE_STR, true, NULL, "stock.box, capacity, satisfaction …"},
    {"number", VALUE_ANY, true, NULL, "The figure"},
};
static const struct qund_field TASKS[] = {
    {"from", VALUE_TIME, false, NULL, "Due at or after it"},
    {"to", VALUE_TIME, false, NULL, "Due before it"},
    {"plan", VALUE_INT, false, NULL, "Only of this plan"},
    {"group", VALUE_INT, false, NULL, "Only of this group"},
    {"staff", VALUE_INT, false, NULL, "Only those this member of staff was told of"},
    {"state", VALUE_STR, false, NULL, "Only these states, separated by commas"},
};
static const struct qund_field TASK_DONE[] = {
    {"note", VALUE_STR, false, NULL, "What shows that it was done"},
    {"number", VALUE_STR, false, NULL, "A decimal figure that belongs to it"},
};
static const struct qund_field TASK_LATER[] = {
    {"for", VALUE_STR, false, NULL,
     "30m, 18:00, tomorrow 8:30, 2026-11-23 18:00; in the zone of the group"},
    {"until", VALUE_TIME, false, NULL, "Instead of `for`: the instant"},
    {"note", VALUE_STR, false, NULL, "Why"},
};

static const struct qund_field EVENTS[] = {
    {"origin", VALUE_CHOICE, false, "replay",
     "Admins: recorded events; nothing leaves the machine"},
    {"deliver", VALUE_BOOL, false, NULL, "With origin=replay: what follows may leave all the same"},
    {"channel", VALUE_STR, false, NULL, "Admins: the channel of events that name none; api"},
};

static const struct qund_route ROUTES[] = {
    {QUND_POST, BASE "/events", ROLES_EVENTS, ROUTE_NOW, "events",
     "Hand in events; answered once they are durable", LIST(EVENTS), .now = qund_api_events,
     .raw = true},

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
    {QUND_POST, BASE "/backup", ROLES_ADMIN, ROUTE_JOB, "system",
     "Make a backup in the data folder, in backups/", LIST(REASON), .command = "backup"},

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
     LIST(RESOLVE), .command = "alert.resolve"},
    {QUND_POST, BASE "/alerts/{id}/snooze", ROLES_ACT, ROUTE_COMMAND, "alerts",
     "Later: nobody is told until then", LIST(SNOOZE), .command = "alert.snooze"},
    {QUND_POST, BASE "/alerts/{id}/handover", ROLES_ACT, ROUTE_COMMAND, "alerts",
     "It is somebody else's, who is told at once", LIST(HAND_OVER), .command = "alert.handover"},
    {QUND_POST, BASE "/alerts/{id}/irrelevant", ROLES_ACT, ROUTE_COMMAND, "alerts",
     "It should not have been raised; its rule is told", LIST(NOTE), .command = "alert.irrelevant"},
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

    {QUND_GET, BASE "/gaps", ROLES_READ, ROUTE_READ, "gaps",
     "When which channel, account or group was not heard, and of how many groups the history could "
     "not be read (unfilled)",
     LIST(GAPS), .read = qund_api_gaps, .page = true},

    {QUND_GET, BASE "/groups", ROLES_READ, ROUTE_READ, "groups", "Groups", LIST(NAMED),
     .read = qund_api_people, .what = "groups", .page = true},
    {QUND_GET, BASE "/groups/{id}", ROLES_READ, ROUTE_READ, "groups", "One group",
     .read = qund_api_person, .what = "group"},
    {QUND_GET, BASE "/groups/{id}/members", ROLES_READ, ROUTE_READ, "groups", "Who is in it",
     .read = qund_api_of_group, .what = "members", .page = true},
    {QUND_GET, BASE "/groups/{id}/signups", ROLES_READ, ROUTE_READ, "groups", "Its sign-ups",
     .read = qund_api_of_group, .what = "signups", .page = true},
    {QUND_PATCH, BASE "/groups/{id}", ROLES_OPERATE, ROUTE_COMMAND, "groups",
     "Change what is given", LIST(GROUP), .command = "group.update", .id_name = "group"},

    {QUND_GET, BASE "/contacts", ROLES_READ, ROUTE_READ, "contacts", "People, seen last first",
     LIST(PEOPLE), .read = qund_api_people, .what = "contacts", .page = true},
    {QUND_GET, BASE "/contacts/{id}", ROLES_READ, ROUTE_READ, "contacts",
     "One person with all that hangs on them", .read = qund_api_person, .what = "contact"},
    {QUND_PATCH, BASE "/contacts/{id}", ROLES_ACT, ROUTE_COMMAND, "contacts", "Rename",
     LIST(CONTACT), .command = "contact.update", .id_name = "contact"},
    {QUND_POST, BASE "/contacts/{id}/tag", ROLES_ACT, ROUTE_COMMAND, "contacts", "Give a tag",
     LIST(TAG_ADD), .command = "tag.add", .id_name = "contact"},
    {QUND_POST, BASE "/contacts/{id}/untag", ROLES_ACT, ROUTE_COMMAND, "contacts",
     "Take a tag away", LIST(TAG), .command = "tag.remove", .id_name = "contact"},
    {QUND_POST, BASE "/contacts/{id}/opt-out", ROLES_ACT, ROUTE_COMMAND, "contacts",
     "No marketing, or consent again", LIST(OPT_OUT), .command = "contact.opt_out",
     .id_name = "contact"},

    {QUND_GET, BASE "/leads", ROLES_READ, ROUTE_READ, "leads", "Leads, best first", LIST(LEADS),
     .read = qund_api_people, .what = "leads", .page = true},
    {QUND_PATCH, BASE "/leads/{id}", ROLES_ACT, ROUTE_COMMAND, "leads",
     "Change the lead of this contact", LIST(LEAD), .command = "lead.update", .id_name = "contact"},
    {QUND_GET, BASE "/households", ROLES_READ, ROUTE_READ, "households",
     "People who live in one home", .read = qund_api_people, .what = "households", .page = true},
    {QUND_GET, BASE "/tags", ROLES_READ, ROUTE_READ, "tags", "Tags and how many hold them",
     .read = qund_api_people, .what = "tags", .page = true},
    {QUND_GET, BASE "/staff", ROLES_READ, ROUTE_READ, "staff", "Staff", LIST(NAMED),
     .read = qund_api_people, .what = "staff", .page = true},
    {QUND_GET, BASE "/staff/{id}", ROLES_READ, ROUTE_READ, "staff", "One member of staff",
     .read = qund_api_person, .what = "staff"},
    {QUND_GET, BASE "/rosters", ROLES_READ, ROUTE_READ, "rosters", "Who is on duty when",
     .read = qund_api_people, .what = "rosters", .page = true},
    {QUND_GET, BASE "/leave", ROLES_READ, ROUTE_READ, "leave", "Who is away when",
     .read = qund_api_people, .what = "leave", .page = true},
    {QUND_GET, BASE "/export/contacts", ROLES_MANAGE, ROUTE_READ, "export",
     "All contacts as a file", LIST(EXPORT), .read = qund_api_export, .what = "contacts",
     .produces = "text/csv", .slow = true},
    {QUND_GET, BASE "/export/leads", ROLES_MANAGE, ROUTE_READ, "export", "All leads as a file",
     LIST(EXPORT), .read = qund_api_export, .what = "leads", .produces = "text/csv", .slow = true},
    {QUND_GET, BASE "/export/staff", ROLES_MANAGE, ROUTE_READ, "export", "All staff as a file",
     LIST(EXPORT), .read = qund_api_export, .what = "staff", .produces = "text/csv", .slow = true},
    {QUND_GET, BASE "/export/orders", ROLES_MANAGE, ROUTE_READ, "export", "All orders as a file",
     LIST(EXPORT), .read = qund_api_export, .what = "orders", .produces = "text/csv", .slow = true},
    {QUND_GET, BASE "/export/households", ROLES_MANAGE, ROUTE_READ, "export",
     "All households as a file", LIST(EXPORT), .read = qund_api_export, .what = "households",
     .produces = "text/csv", .slow = true},
    {QUND_POST, BASE "/import/contacts", ROLES_MANAGE, ROUTE_NOW, "import",
     "Take in a file of contacts; a repeat goes on where it ended", LIST(IMPORT),
     .now = qund_api_import, .what = "contacts", .raw = true},
    {QUND_POST, BASE "/import/leads", ROLES_MANAGE, ROUTE_NOW, "import",
     "Take in a file of leads; a repeat goes on where it ended", LIST(IMPORT),
     .now = qund_api_import, .what = "leads", .raw = true},
    {QUND_POST, BASE "/import/staff", ROLES_MANAGE, ROUTE_NOW, "import",
     "Take in a file of staff; a repeat goes on where it ended", LIST(IMPORT),
     .now = qund_api_import, .what = "staff", .raw = true},
    {QUND_POST, BASE "/import/orders", ROLES_MANAGE, ROUTE_NOW, "import",
     "Take in a file of orders; a repeat goes on where it ended", LIST(IMPORT),
     .now = qund_api_import, .what = "orders", .raw = true},

    {QUND_GET, BASE "/sop/templates", ROLES_READ, ROUTE_READ, "sop",
     "Templates in force, the latest version of each", .read = qund_api_templates},
    {QUND_GET, BASE "/sop/templates/{name}", ROLES_READ, ROUTE_READ, "sop",
     "One template with all that it says", LIST(TEMPLATE), .read = qund_api_template},
    {QUND_POST, BASE "/sop/templates", ROLES_OPERATE, ROUTE_COMMAND, "sop",
     "Take one in, as a new version if it says something new", LIST(TEMPLATE_PUT),
     .command = "template.put", .id_name = "id"},
    {QUND_POST, BASE "/sop/templates/drop", ROLES_OPERATE, ROUTE_COMMAND, "sop",
     "Nothing new is made of it; plans that run go on", LIST(TEMPLATE_DROP),
     .command = "template.drop", .id_name = "id"},

    {QUND_GET, BASE "/plans", ROLES_READ, ROUTE_READ, "plans", "Plans, newest first", LIST(PLANS),
     .read = qund_api_plans, .page = true},
    {QUND_POST, BASE "/plans", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "Make one; all that is wrong is told at once", LIST(PLAN), .command = "plan.create",
     .id_name = "id"},
    {QUND_POST, BASE "/plans/preview", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "What it would do, when, and what is wrong with it; nothing is kept", LIST(PLAN),
     .command = "plan.preview", .id_name = "id"},
    {QUND_POST, BASE "/plans/content", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "What running plans will say in the next days, with its words as far as they are known, and "
     "what is missing; changes nothing",
     LIST(CONTENT), .command = "plan.content", .id_name = "id"},
    {QUND_GET, BASE "/plans/{id}", ROLES_READ, ROUTE_READ, "plans",
     "One plan with goals, groups and counts", .read = qund_api_plan},
    {QUND_PATCH, BASE "/plans/{id}", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "Change what is given; what has not been pushed is planned anew", PLAN_CHANGED,
     .command = "plan.edit", .id_name = "id"},
    {QUND_GET, BASE "/plans/{id}/tasks", ROLES_READ, ROUTE_READ, "plans",
     "Its tasks in order of time", .read = qund_api_plan_tasks, .page = true},
    {QUND_POST, BASE "/plans/{id}/pause", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "Nothing is pushed until it is resumed", LIST(REASON), .command = "plan.pause",
     .id_name = "id"},
    {QUND_POST, BASE "/plans/{id}/resume", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "It goes on; what is past its window is not made up for", LIST(REASON),
     .command = "plan.resume", .id_name = "id"},
    {QUND_POST, BASE "/plans/{id}/cancel", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "It ends, and pushes that wait with it", LIST(REASON), .command = "plan.cancel",
     .id_name = "id"},
    {QUND_POST, BASE "/plans/{id}/clone", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "Another one like it, with what is given changed", PLAN_CHANGED, .command = "plan.clone",
     .id_name = "id"},
    {QUND_POST, BASE "/plans/{id}/flag", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "Something that no message tells is so, or no longer", LIST(PLAN_FLAG), .command = "plan.flag",
     .id_name = "id"},
    {QUND_POST, BASE "/plans/{id}/set", ROLES_OPERATE, ROUTE_COMMAND, "plans",
     "A figure that only a person knows", LIST(PLAN_SET), .command = "plan.set", .id_name = "id"},

    {QUND_GET, BASE "/tasks", ROLES_READ, ROUTE_READ, "tasks", "Tasks in order of time",
     LIST(TASKS), .read = qund_api_tasks, .page = true},
    {QUND_GET, BASE "/tasks/{id}", ROLES_READ, ROUTE_READ, "tasks",
     "One task with what was expected of it and its history", .read = qund_api_task},
    {QUND_POST, BASE "/tasks/{id}/done", ROLES_ACT, ROUTE_COMMAND, "tasks", "It is done",
     LIST(TASK_DONE), .command = "task.done"},
    {QUND_POST, BASE "/tasks/{id}/fail", ROLES_ACT, ROUTE_COMMAND, "tasks", "It cannot be done",
     LIST(NOTE), .command = "task.fail"},
    {QUND_POST, BASE "/tasks/{id}/postpone", ROLES_ACT, ROUTE_COMMAND, "tasks",
     "Later, within its window", LIST(TASK_LATER), .command = "task.postpone"},
    {QUND_POST, BASE "/tasks/{id}/hand-over", ROLES_ACT, ROUTE_COMMAND, "tasks",
     "Somebody else does it, who is told at once", LIST(HAND_OVER), .command = "task.handover"},
    {QUND_POST, BASE "/tasks/{id}/urge", ROLES_ACT, ROUTE_COMMAND, "tasks",
     "Whoever has it is told again", LIST(NOTE), .command = "task.urge"},

    {QUND_GET, BASE "/groups/{id}/metrics", ROLES_READ, ROUTE_READ, "groups",
     "What a group's hours or days counted, questions and reply times among it", LIST(MEASURES),
     .read = qund_api_group_metrics},
    {QUND_GET, BASE "/groups/{id}/digest", ROLES_READ, ROUTE_READ, "groups",
     "The day of a group on one page", LIST(DIGEST), .read = qund_api_digest},

    {QUND_GET, "/a/style.css", ROLES_NOBODY_ASKED, ROUTE_NOW, "links", "How these pages look",
     .now = qund_link_style, .produces = "text/css"},
    {QUND_GET, "/a/{name}", ROLES_NOBODY_ASKED, ROUTE_NOW, "links",
     "The page of a signed personal link; looking changes nothing", LIST(LINK),
     .now = qund_link_show, .read = qund_link_read_page, .produces = "text/html"},
    {QUND_POST, "/a/{name}", ROLES_NOBODY_ASKED, ROUTE_NOW, "links",
     "What a button of that page does: a form with do, for, to, note, proof, number; 303 to the "
     "page, or 422 and the page with what was typed",
     LIST(LINK_ACT), .now = qund_link_act, .read = qund_link_read_page, .produces = "text/html",
     .raw = true, .form_max = 16u << 10},

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
