/* src/deliver/untold.c - commands on their way to the engine.
 *
 * The engine's mailbox may be full. What it does not take is kept here in order and given again;
 * deliver grants nothing meanwhile, so the list is bounded by what was granted before. Virtual time
 * stands from the hand-over of a push until its outcome is taken: the list lets go of it, because
 * it alone knows when that is. */
#include "core/clock.h"
#include "deliver/internal.h"

struct qund_untold_command {
    struct qund_untold_command *next;
    struct qund_command *command;
    bool outcome; /* of a push: lets go of virtual time */
};

void qund_untold_init(struct qund_untold *l, const struct qund_deliver_deps *deps)
{
    *l = (struct qund_untold){.deps = deps, .tail = &l->head};
}

void qund_untold_hold(struct qund_untold *l, int delta)
{
    if (l->deps->clock && qund_clock_is_virtual(l->deps->clock))
        qund_clock_hold(l->deps->clock, delta);
}

void qund_untold_submit(struct qund_untold *l)
{
    struct qund_untold_command *o;

    while ((o = l->head) && l->deps->submit(l->deps->submit_arg, o->command) == 0) {
        l->head = o->next;
        if (o->outcome)
            qund_untold_hold(l, -1);
        qund_free(o);
    }
    if (!l->head)
        l->tail = &l->head;
}

void qund_untold_add(struct qund_untold *l, const char *name, struct qund_str body, bool outcome)
{
    struct qund_untold_command *o = qund_alloc(sizeof(*o));

    o->command = qund_command_new(name, body, "deliver");
    o->outcome = outcome;
    *l->tail = o;
    l->tail = &o->next;
    qund_untold_submit(l);
}

/* Outcomes that the engine would not take any more: their rows stay `sending` and are found at the
 * next start. */
void qund_untold_done(struct qund_untold *l)
{
    int64_t n = 0;

    for (struct qund_untold_command *next, *o = l->head; o; o = next) {
        next = o->next;
        n += o->outcome;
        qund_command_free(o->command);
        qund_free(o);
    }
    l->head = NULL;
    if (n > 0) {
        qund_untold_hold(l, -(int)n);
        qund_log(l->deps->log, QUND_WARN, "deliver.untold", QUND_KV("outcomes", n));
    }
}
