/* check.c - whether a plugin's struct can be believed.
 *
 * The version comes first: everything behind the first two fields may mean something else under
 * another major. A size smaller than its own minor promises is a broken build; a larger one is a
 * plugin of a newer minor, which is refused, because it may need what this host does not have. (A
 * plugin that can do without says the older minor and asks QUND_HAS.)
 *
 * Then the duties: whoever has a table of channel keys opens and closes channels, and so on. A half
 * of a pair is found here, in the probe, not when the first event comes. */
#include "config/config.h"
#include "plugin/plugin.h"

#define NAME_MAX_BYTES 40u
#define JOBS_MAX 32u
#define JOB_EVERY_MIN_MS 1000

/* sizeof(struct qund_plugin) as each minor of this major knew it. */
static const uint32_t SIZES[] = {
    (uint32_t)(offsetof(struct qund_plugin, n_jobs) + sizeof(size_t)),        /* 1.0 */
    (uint32_t)(offsetof(struct qund_plugin, target_rate) + sizeof(void *)),   /* 1.1 */
    (uint32_t)(offsetof(struct qund_plugin, target_shared) + sizeof(void *)), /* 1.2 */
    (uint32_t)(offsetof(struct qund_plugin, target_single) + sizeof(void *)), /* 1.3 */
    (uint32_t)(offsetof(struct qund_plugin, target_speaks) + sizeof(void *)), /* 1.4 */
};
_Static_assert(QUND_ARRAY_LEN(SIZES) == QUND_ABI_MINOR + 1, "a minor version adds its size");

struct qund_str qund_plugin_name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct qund_str s = qund_str(slash ? slash + 1 : path);

    if (s.n < 4 || s.n - 3 > NAME_MAX_BYTES || memcmp(s.p + s.n - 3, ".so", 3) != 0)
        return QUND_STR_NONE;
    s.n -= 3;
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
              (s.p[i] == '-' && i > 0)))
            return QUND_STR_NONE;
    return s;
}

static int refuse(struct qund_err *err, const char *path, const char *why)
{
    return qund_err_set(err, QUND_E_ABI, path, "%s", why);
}

static int check_version(const struct qund_plugin *p, const char *path, struct qund_err *err)
{
    if (p->abi_major != QUND_ABI_MAJOR)
        return qund_err_set(err, QUND_E_ABI, path,
                            "was built for plugin ABI %u.%u, this program has %u.%u: build it with "
                            "this program's headers",
                            p->abi_major, p->abi_minor, QUND_ABI_MAJOR, QUND_ABI_MINOR);
    if (p->abi_minor > QUND_ABI_MINOR)
        return qund_err_set(err, QUND_E_ABI, path,
                            "wants plugin ABI %u.%u, this program has %u.%u: a newer qund is "
                            "needed",
                            p->abi_major, p->abi_minor, QUND_ABI_MAJOR, QUND_ABI_MINOR);
    if (p->size < SIZES[p->abi_minor])
        return qund_err_set(err, QUND_E_ABI, path,
                            "says ABI %u.%u, but its struct has %u bytes instead of %u: a broken "
                            "build",
                            p->abi_major, p->abi_minor, p->size, SIZES[p->abi_minor]);
    return QUND_OK;
}

static int check_name(const struct qund_plugin *p, const char *path, struct qund_err *err)
{
    struct qund_str file = qund_plugin_name_of(path);

    if (!p->name || !p->version || !p->license)
        return refuse(err, path, "name, version or license is missing");
    if (!qund_str_is(file, p->name))
        return qund_err_set(err, QUND_E_ABI, path,
                            "calls itself '%.40s'; the file must be %.40s.so", p->name, p->name);
    return QUND_OK;
}

/* A pair of which neither may be missing before 1.2, and never one alone. */
static bool half(const struct qund_plugin *p, bool one, bool other)
{
    return one != other || (!one && p->abi_minor < 2);
}

static int check_duties(const struct qund_plugin *p, const char *path, struct qund_err *err)
{
    struct {
        bool broken;
        const char *why;
    } duties[] = {
        {half(p, p->start, p->stop), "start or stop is missing"},
        {p->channel_keys && half(p, p->channel_open, p->channel_close),
         "it has keys of a channel, but not both of channel_open and channel_close"},
        {p->channel_keys && !p->channel_open && !p->channel_request && !p->channel_upgrade,
         "it has keys of a channel, and nothing by which one could hear anything"},
        {p->target_keys && (!p->target_open || !p->target_close || !p->deliver),
         "it has keys of a target, but not all of target_open, target_close and deliver"},
        {!p->channel_keys && !p->target_keys && p->n_jobs == 0,
         "it is neither a channel nor a target and has no jobs"},
        {(unsigned)p->repeat > QUND_REPEAT_SAFE, "repeat is none of the three values"},
        {p->n_jobs > JOBS_MAX || (p->n_jobs > 0 && !p->jobs), "its list of jobs is broken"},
    };

    for (size_t i = 0; i < QUND_ARRAY_LEN(duties); i++)
        if (duties[i].broken)
            return refuse(err, path, duties[i].why);
    for (size_t i = 0; i < p->n_jobs; i++)
        if (!p->jobs[i].name || !p->jobs[i].run || p->jobs[i].every_ms < JOB_EVERY_MIN_MS)
            return refuse(err, path,
                          "a job has no name, nothing to run, or comes more than once a "
                          "second");
    return QUND_OK;
}

static int check_table(const struct qund_cfg_table *t, const char *map, const char *path,
                       struct qund_err *err)
{
    struct qund_err why = {0};
    int rc = t ? qund_cfg_table_check(t, map, &why) : QUND_OK;

    return rc < 0 ? qund_err_set(err, rc, path, "its keys for %s: %s", map, why.text) : QUND_OK;
}

int qund_plugin_check(const struct qund_plugin *p, const char *path, struct qund_err *err)
{
    int rc;

    if (!p)
        return qund_err_set(err, QUND_E_ABI, path,
                            "does not want to run in this program (plugin ABI %u.%u)",
                            QUND_ABI_MAJOR, QUND_ABI_MINOR);
    rc = check_version(p, path, err);
    if (rc == 0)
        rc = check_name(p, path, err);
    if (rc == 0)
        rc = check_duties(p, path, err);
    if (rc == 0)
        rc = check_table(p->channel_keys, "channels", path, err);
    return rc < 0 ? rc : check_table(p->target_keys, "targets", path, err);
}
