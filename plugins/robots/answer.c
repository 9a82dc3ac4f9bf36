/* answer.c - what a robot's answer means, by a table that is data.
 *
 * Most of these interfaces answer 200 to everything and put the truth into the body; vendors add
 * codes without telling. So the codes stand in files beside the plugin (config/robots), where an
 * operator can add one without a build:
 *
 *   "code": "/errcode"            where the code stands: a JSON pointer, several of them (the first
 *                                 that is there), or "text": the body itself
 *   "ends": {"0": "SENT", "-1": "RETRY", "45009": "LIMITED 60s", "else": "DROP"}
 *   "status": {"204": "SENT"}     HTTP statuses that are decided before the general rule
 *   "why": "/errmsg", "wait": "/parameters/retry_after" (seconds), "id": "/result/message_id"
 *
 * Order: a code of the table counts whatever the status; "else" counts only for 2xx. Then the
 * statuses. A 2xx without a code where one was expected is UNKNOWN: something took the request and
 * said nothing that can be understood, and "sent" is not believed on that. */
#include "robots.h"
#include <stdio.h>
#include <stdlib.h>

#define POINTERS_MAX 4
#define ENDS_MAX 128
#define WAIT_MAX_MS 86400000

struct end {
    char code[32];
    enum qund_delivered how;
    int64_t wait_ms;
};
struct answers {
    char codes[POINTERS_MAX][64]; /* pointers; "text" */
    size_t n_codes;
    char why[64], wait[64], id[64];
    struct end ends[ENDS_MAX], statuses[ENDS_MAX];
    size_t n_ends, n_statuses;
};

static const char *const HOW[] = {
    [QUND_SENT] = "SENT", [QUND_RETRY] = "RETRY",     [QUND_LIMITED] = "LIMITED",
    [QUND_DROP] = "DROP", [QUND_UNKNOWN] = "UNKNOWN", [QUND_AWAITING_PERSON] = "AWAITING_PERSON",
};

/* --- the table --- */

/* "60s", "10m", "24h" */
static int64_t duration(const char *z)
{
    static const struct {
        char unit;
        int64_t ms;
    } UNITS[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}};
    char *end;
    long n = strtol(z, &end, 10);

    for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++)
        if (end != z && n > 0 && *end == UNITS[i].unit && !end[1] && n <= WAIT_MAX_MS / UNITS[i].ms)
            return n * UNITS[i].ms;
    return -1;
}

/* "LIMITED 60s" */
static bool read_end(const char *said, struct end *e)
{
    e->wait_ms = -1;
    for (size_t i = 0; i < sizeof(HOW) / sizeof(HOW[0]); i++) {
        size_t n = strlen(HOW[i]);

        if (strncmp(said, HOW[i], n) != 0 || (said[n] && said[n] != ' '))
            continue;
        e->how = (enum qund_delivered)i;
        if (said[n])
            e->wait_ms = duration(said + n + 1);
        return !said[n] || e->wait_ms > 0;
    }
    return false;
}

static int read_ends(const json_t *j, const char *name, struct end *v, size_t *n,
                     struct qund_fault *why)
{
    const char *code;
    json_t *end;

    if (j && !json_is_object(j))
        return robot_fault(why, QUND_E_INVAL, name, "codes and their ends are wanted");
    json_object_foreach((json_t *)(uintptr_t)j, code, end)
    {
        if (*n == ENDS_MAX || strlen(code) >= sizeof(v->code) || !json_is_string(end) ||
            !read_end(json_string_value(end), &v[*n]))
            return robot_fault(why, QUND_E_INVAL, name,
                               "'%.31s': SENT, RETRY, LIMITED, DROP or UNKNOWN is wanted, and "
                               "perhaps a time (\"LIMITED 60s\"); at most %d codes",
                               code, ENDS_MAX);
        snprintf(v[(*n)++].code, sizeof(v->code), "%s", code);
    }
    return QUND_OK;
}

static int read_pointer(const json_t *j, const char *name, char out[64], struct qund_fault *why)
{
    const char *z = json_string_value(j);

    if (!j)
        return QUND_OK;
    if (!z || strlen(z) >= 64 || (z[0] != '/' && strcmp(z, "text") != 0))
        return robot_fault(why, QUND_E_INVAL, name, "a place like \"/errcode\", or \"text\"");
    snprintf(out, 64, "%s", z);
    return QUND_OK;
}

static int read_codes(const json_t *j, struct answers *a, struct qund_fault *why)
{
    size_t n = json_is_array(j) ? json_array_size(j) : j ? 1 : 0;

    if (n > POINTERS_MAX)
        return robot_fault(why, QUND_E_INVAL, "code", "at most %d places", POINTERS_MAX);
    for (; a->n_codes < n; a->n_codes++) {
        const json_t *one = json_is_array(j) ? json_array_get(j, a->n_codes) : j;
        int rc = read_pointer(one, "code", a->codes[a->n_codes], why);

        if (rc < 0)
            return rc;
    }
    return QUND_OK;
}

static int read_all(const json_t *j, struct answers *a, struct qund_fault *why)
{
    int rc = read_codes(json_object_get(j, "code"), a, why);

    if (rc == 0)
        rc = read_ends(json_object_get(j, "ends"), "ends", a->ends, &a->n_ends, why);
    if (rc == 0)
        rc = read_ends(json_object_get(j, "status"), "status", a->statuses, &a->n_statuses, why);
    if (rc == 0)
        rc = read_pointer(json_object_get(j, "why"), "why", a->why, why);
    if (rc == 0)
        rc = read_pointer(json_object_get(j, "wait"), "wait", a->wait, why);
    if (rc == 0)
        rc = read_pointer(json_object_get(j, "id"), "id", a->id, why);
    return rc;
}

static int only_known(const json_t *j, struct qund_fault *why)
{
    static const char *const KNOWN[] = {"help", "code", "ends", "status", "why", "wait", "id"};
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)j, name, v)
    {
        size_t i = 0;

        while (i < sizeof(KNOWN) / sizeof(KNOWN[0]) && strcmp(KNOWN[i], name) != 0)
            i++;
        if (i == sizeof(KNOWN) / sizeof(KNOWN[0]))
            return robot_fault(why, QUND_E_INVAL, "answer", "unknown member '%.40s'", name);
    }
    return QUND_OK;
}

struct answers *answers_new(const json_t *j, struct qund_fault *why)
{
    struct answers *a = calloc(1, sizeof(*a));

    if (!a) {
        robot_fault(why, QUND_E_NOMEM, "answer", "no memory");
        return NULL;
    }
    if (!json_is_object(j))
        robot_fault(why, QUND_E_INVAL, "answer", "a map is wanted");
    else if (only_known(j, why) == 0 && read_all(j, a, why) == 0)
        return a;
    free(a);
    return NULL;
}

void answers_free(struct answers *a)
{
    free(a);
}

/* --- an answer --- */

/* What a JSON pointer leads to; NULL: nothing. */
static const json_t *at(const json_t *j, const char *pointer)
{
    char step[64];

    while (j && *pointer == '/') {
        size_t n = strcspn(++pointer, "/");

        snprintf(step, sizeof(step), "%.*s", (int)n, pointer);
        j = json_is_array(j) ? json_array_get(j, strtoul(step, NULL, 10))
                             : json_object_get(j, step);
        pointer += n;
    }
    return j;
}

/* A scalar as text; false: it is none. */
static bool scalar(const json_t *v, char *out, size_t size)
{
    if (json_is_string(v)) {
        const char *z = json_string_value(v);

        snprintf(out, size, "%.*s", (int)text_cut(z, strlen(z), size - 1), z);
    } else if (json_is_integer(v)) {
        snprintf(out, size, "%lld", (long long)json_integer_value(v));
    } else if (json_is_boolean(v)) {
        snprintf(out, size, "%s", json_is_true(v) ? "true" : "false");
    } else {
        return false;
    }
    return true;
}

static bool code_of(const struct answers *a, const struct qund_told_http *t, const json_t *body,
                    char out[32])
{
    for (size_t i = 0; i < a->n_codes; i++) {
        if (strcmp(a->codes[i], "text") == 0) {
            size_t n = 0; /* the first word: "ok", "0,12345" */

            while (n < t->body.n && n < 31 && (unsigned char)t->body.p[n] > ' ' &&
                   t->body.p[n] != ',')
                n++;
            if (n > 0) {
                snprintf(out, 32, "%.*s", (int)n, t->body.p);
                return true;
            }
        } else if (scalar(at(body, a->codes[i]), out, 32)) {
            return true;
        }
    }
    return false;
}

static const struct end *find(const struct end *v, size_t n, const char *code)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i].code, code) == 0)
            return &v[i];
    return NULL;
}

/* By HTTP alone, where nobody has said more. */
static struct end by_status(const struct answers *a, const struct qund_told_http *t)
{
    static const struct {
        int from, to;
        enum qund_delivered how;
    } RULES[] = {{200, 299, QUND_SENT},
                 {408, 408, QUND_RETRY},
                 {425, 425, QUND_RETRY},
                 {429, 429, QUND_LIMITED},
                 {500, 599, QUND_RETRY}};
    struct end e = {.how = QUND_DROP, .wait_ms = -1};
    char code[16];
    const struct end *own;

    snprintf(code, sizeof(code), "%d", t->status);
    own = find(a->statuses, a->n_statuses, code);
    if (own)
        return *own;
    for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++)
        if (t->status >= RULES[i].from && t->status <= RULES[i].to)
            e.how = RULES[i].how;
    if (t->status == 503 && t->retry_after_ms > 0)
        e.how = QUND_LIMITED;
    /* One that should have carried a code and does not. */
    if (e.how == QUND_SENT && a->n_codes > 0)
        e.how = QUND_UNKNOWN;
    return e;
}

static int64_t wait_of(const struct answers *a, const struct qund_told_http *t, const json_t *body,
                       const struct end *e)
{
    const json_t *asked = a->wait[0] ? at(body, a->wait) : NULL;
    double s = json_number_value(asked);

    if (e->how != QUND_LIMITED && e->how != QUND_RETRY)
        return -1;
    if (s > 0 && s <= WAIT_MAX_MS / 1000)
        return (int64_t)(s * 1000) + 1;
    if (t->retry_after_ms > 0 && e->how == QUND_LIMITED)
        return t->retry_after_ms;
    return e->wait_ms;
}

static void answered(const struct answers *a, const struct qund_told_http *t, struct verdict *v)
{
    json_t *body = t->body.n > 0 ? json_loadb(t->body.p, t->body.n, 0, NULL) : NULL;
    char code[32] = "", words[140] = "";
    const struct end *found = NULL;
    struct end e;

    if (t->whole && code_of(a, t, body, code)) {
        found = find(a->ends, a->n_ends, code);
        if (!found && t->status >= 200 && t->status < 300)
            found = find(a->ends, a->n_ends, "else");
    }
    e = found ? *found : by_status(a, t);
    v->how = e.how;
    v->wait_ms = wait_of(a, t, body, &e);
    if (a->why[0])
        scalar(at(body, a->why), words, sizeof(words));
    if (e.how == QUND_SENT && a->id[0])
        scalar(at(body, a->id), v->their_id, sizeof(v->their_id));
    if (e.how != QUND_SENT)
        snprintf(v->detail, sizeof(v->detail), "%d%s%s%s%s", t->status, code[0] ? ", code " : "",
                 found ? code : "", words[0] ? ": " : "", words);
    if (e.how == QUND_UNKNOWN && !found)
        snprintf(v->detail, sizeof(v->detail), "%d, but the answer cannot be understood",
                 t->status);
    json_decref(body);
}

void answers_read(const struct answers *a, const struct qund_told_http *t, struct verdict *v)
{
    static const struct {
        enum qund_delivered how;
        const char *what;
    } SILENT[] = {
        [QUND_HTTP_NOT_SENT] = {QUND_RETRY, "not reached"},
        [QUND_HTTP_NO_ANSWER] = {QUND_UNKNOWN, "sent, no answer"},
        [QUND_HTTP_REFUSED] = {QUND_DROP, "the address is not allowed without allow_private"},
    };

    *v = (struct verdict){.wait_ms = -1};
    if (t->end == QUND_HTTP_ANSWERED) {
        answered(a, t, v);
        return;
    }
    v->how = SILENT[t->end].how;
    snprintf(v->detail, sizeof(v->detail), "%s: %.*s", SILENT[t->end].what,
             (int)text_cut(t->why.p, t->why.n, 120), t->why.p ? t->why.p : "");
}
