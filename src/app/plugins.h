/* src/app/plugins.h - which plugins there are, for those who read a configuration. */
#ifndef QUND_APP_PLUGINS_H
#define QUND_APP_PLUGINS_H
#include "config/config.h"
#include "plugin/plugin.h"

/* The registry as the one who knows the kinds. Borrowed. */
struct qund_config_kinds qund_plugin_kinds(struct qund_plugins *ps);
/* A registry that tries files out with this program. */
struct qund_plugins *qund_plugins_usual(struct qund_log *log);
/* An error for each kind the configuration names whose file was refused. INVAL when there is one.
 */
int qund_plugins_check(const struct qund_plugins *ps, const struct qund_config *c,
                       struct qund_errs *errs);
#endif
