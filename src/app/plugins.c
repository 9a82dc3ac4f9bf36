/* plugins.c - between a configuration that says `kind: onebot` and the file that is it. */
#include "app/plugins.h"
#include "core/helper.h"

static int find(void *arg, const struct qund_config *c, const char *map, const char *kind,
                struct qund_own *own, struct qund_err *err)
{
    struct qund_plugins *ps = arg;
    bool channels = strcmp(map, "channels") == 0;
    const char *near;
    struct qund_plugin_file *f;

    qund_plugins_dirs(ps, (const char *const *)c->plugins.dirs.v, c->plugins.dirs.n);
    f = qund_plugins_find(ps, qund_str(kind), &near);
    if (!f)
        return qund_err_set(err, QUND_E_NOTFOUND, "kind",
                            "there is no plugin '%.64s'%s%s%s (`qund doctor` lists them)", kind,
                            near ? "; nearest known: '" : "", near ? near : "", near ? "'" : "");
    if (!f->plugin)
        return QUND_OK; /* refused: said once, not for each entry */
    own->table = channels ? f->plugin->channel_keys : f->plugin->target_keys;
    own->repeat = f->plugin->repeat;
    own->rate = QUND_HAS(f->plugin, target_rate) ? f->plugin->target_rate : NULL;
    own->shared = QUND_HAS(f->plugin, target_shared) ? f->plugin->target_shared : NULL;
    own->single = QUND_HAS(f->plugin, target_single) ? f->plugin->target_single : NULL;
    own->speaks = QUND_HAS(f->plugin, target_speaks) ? f->plugin->target_speaks : NULL;
    if (!own->table)
        return qund_err_set(err, QUND_E_NOTFOUND, "kind", "the plugin '%.64s' %s", kind,
                            channels ? "is no channel; it may stand below targets"
                                     : "delivers nothing; it may stand below channels");
    return QUND_OK;
}

struct qund_config_kinds qund_plugin_kinds(struct qund_plugins *ps)
{
    return (struct qund_config_kinds){.find = find, .arg = ps};
}

struct qund_plugins *qund_plugins_usual(struct qund_log *log)
{
    QUND_AUTO(qund_free_str) char *exe = qund_helper_own_exe();

    return qund_plugins_new(&(struct qund_plugins_opts){.exe = exe, .log = log});
}

static bool names(const struct qund_config *c, const char *kind)
{
    for (size_t i = 0; i < c->n_channels; i++)
        if (strcmp(c->channels[i].kind, kind) == 0)
            return true;
    for (size_t i = 0; i < c->n_targets; i++)
        if (strcmp(c->targets[i].kind, kind) == 0)
            return true;
    return false;
}

int qund_plugins_check(const struct qund_plugins *ps, const struct qund_config *c,
                       struct qund_errs *errs)
{
    struct qund_plugin_file *f;
    int rc = QUND_OK;

    for (size_t i = 0; (f = qund_plugins_at(ps, i)); i++)
        if (f->state == QUND_PLUGIN_REFUSED && names(c, f->name))
            rc = qund_errs_add(errs, QUND_E_INVAL, f->path, "%s", f->why);
    return rc;
}
