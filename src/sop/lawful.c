/* lawful.c - who may say what.
 *
 * The trade's handbooks let staff play delighted customers, ask planted questions and "place the
 * first order". That is misleading advertising (Anti-Unfair-Competition Law, articles 8 and 17),
 * and here it cannot be written down: koc_fan and first_buyer are invited real customers with
 * evidence and a disclosure, or, for the first buyer, staff announcing the count that the records
 * give; the questioner is a disclosed host. The disclosure is appended to every post of the three,
 * and nothing in a template takes it away again. A refusal says what would be lawful instead. */
#include "sop/template_parts.h"

static const struct {
    enum qund_sop_role role;
    const char *evidence;
    bool customer; /* only an invited one may play it */
    const char *example;
} DISCLOSED[] = {
    {QUND_SOP_KOC_FAN, "order_or_visit_id", true,
     "（{{brand}}邀请的真实客户，获赠{{koc.benefit}}，以下为本人体验）"},
    {QUND_SOP_QUESTIONER, "member_questions", false, "（{{brand}}主持人代大家提问）"},
    {QUND_SOP_FIRST_BUYER, "order_id", true, "（{{brand}}邀请的真实客户，已实际下单）"},
};

static bool towards_customers(enum qund_sop_channel c)
{
    return c != QUND_SOP_CH_STAFF_TASK;
}

/* --- roles ----------------------------------------------------------------------------------- */
static void check_disclosed(struct qund_sop_reader *rd, const struct qund_ynode *n, size_t i)
{
    const struct qund_sop_role_use *use = &rd->t->roles[DISCLOSED[i].role];
    const char *name = qund_sop_role_name(DISCLOSED[i].role);

    if (DISCLOSED[i].customer && !use->invited_customer)
        qund_yaml_err(
            rd->errs, rd->doc, qund_sop_node(n, "actor_kind"),
            "%s is played by invited customers alone (actor_kind: invited_customer): staff "
            "posing as customers is misleading advertising%s",
            name,
            DISCLOSED[i].role == QUND_SOP_FIRST_BUYER
                ? "; where nobody is invited, fallback: staff_true_count lets staff "
                  "announce {{count.orders}}"
                : "");
    if (!DISCLOSED[i].customer && use->invited_customer)
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(n, "actor_kind"),
                      "%s is a disclosed host: actor_kind: staff", name);
    if (!use->evidence.p || !qund_str_is(use->evidence, DISCLOSED[i].evidence))
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(n, "evidence"), "%s needs `evidence: %s`",
                      name, DISCLOSED[i].evidence);
    if (!use->disclosure.p)
        qund_yaml_err(
            rd->errs, rd->doc, qund_sop_node(n, "disclosure"),
            "%s needs a `disclosure`: it is appended to each post and cannot be left out, "
            "e.g. %s",
            name, DISCLOSED[i].example);
    if (use->staff_true_count && DISCLOSED[i].role != QUND_SOP_FIRST_BUYER)
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(n, "fallback"),
                      "nobody stands in for %s: with nobody invited its plan B runs", name);
}

static bool disclosed_at(enum qund_sop_role r, size_t *i)
{
    for (*i = 0; *i < QUND_ARRAY_LEN(DISCLOSED); ++*i)
        if (DISCLOSED[*i].role == r)
            return true;
    return false;
}

static void check_roles(struct qund_sop_reader *rd, const struct qund_ynode *roles)
{
    for (const struct qund_ynode *e = roles ? roles->child : NULL; e; e = e->next) {
        int r = qund_sop_role_parse(e->key);
        const struct qund_sop_role_use *use = r < 0 ? NULL : &rd->t->roles[r];
        size_t i;

        if (!use || e->kind != QUND_YAML_MAP)
            continue;
        if (disclosed_at((enum qund_sop_role)r, &i))
            check_disclosed(rd, e, i);
        else if (use->staff_true_count)
            qund_yaml_err(rd->errs, rd->doc, qund_sop_node(e, "fallback"),
                          "fallback is first_buyer's alone");
        else if (use->invited_customer && !use->disclosure.p)
            qund_yaml_err(rd->errs, rd->doc, e,
                          "who is an invited customer is shown as one: %s needs a `disclosure`",
                          qund_sop_role_name((enum qund_sop_role)r));
    }
}

/* --- what they say --------------------------------------------------------------------------- */
size_t qund_sop_objections(const struct qund_sop_template *t, const struct qund_sop_say *say,
                           struct qund_str text, struct qund_sop_objection out[QUND_SOP_OBJECTIONS])
{
    static const struct {
        enum qund_sop_wording w;
        const char *why;
    } REFUSED[] = {
        {QUND_SOP_WORDS_PURCHASE,
         "only an invited customer with evidence speaks of what he bought (koc_fan, first_buyer)"},
        {QUND_SOP_WORDS_ABSOLUTE,
         "an absolute claim or a promise of effect (Advertising Law, article 9); say what can be "
         "shown"},
        {QUND_SOP_WORDS_PRIVATE, "money and contacts go through the firm's own channels"},
    };
    const struct qund_sop_role_use *use = &t->roles[say->role];
    bool bought = use->invited_customer && use->evidence.p;
    size_t n = 0;

    if (!text.p || !towards_customers(say->channel))
        return 0;
    for (size_t i = 0; i < QUND_ARRAY_LEN(REFUSED); i++) {
        struct qund_str word = qund_sop_wording_find(REFUSED[i].w, text);

        if (word.p && !(bought && REFUSED[i].w == QUND_SOP_WORDS_PURCHASE))
            out[n++] = (struct qund_sop_objection){word, REFUSED[i].why};
    }
    if (qund_sop_types_account(text))
        out[n++] = (struct qund_sop_objection){
            QUND_STR_NONE,
            "somebody's own account is not given to customers, they are led to the firm's: write "
            "{{link:service}}, or name what is the firm's (企业微信)"};
    if (qund_sop_types_count(text))
        out[n++] = (struct qund_sop_objection){
            QUND_STR_NONE, "a figure of sales or guests is counted, never typed: write "
                           "{{count.orders}}, {{count.signups}} or {{count.checkins}}"};
    return n;
}

void qund_sop_objection_print(const struct qund_sop_objection *o, struct qund_buf *out)
{
    if (o->word.p)
        qund_buf_printf(out, "'%.*s' may not stand here: ", QUND_STR_ARG(o->word));
    qund_buf_puts(out, o->why);
}

static int is_count_orders(void *arg, struct qund_str name)
{
    (void)arg;
    return qund_str_is(name, "count.orders");
}

static void check_actor(struct qund_sop_reader *rd, const struct qund_ynode *node,
                        const struct qund_sop_say *say)
{
    const struct qund_sop_role_use *use = &rd->t->roles[say->role];
    const struct qund_ynode *role = qund_sop_node(node, "role");
    size_t i;

    if (disclosed_at(say->role, &i) && !use->given)
        qund_yaml_err(
            rd->errs, rd->doc, role,
            "%s is not declared under `roles`: it needs actor_kind: %s, evidence: %s and a "
            "disclosure such as %s",
            qund_sop_role_name(say->role), DISCLOSED[i].customer ? "invited_customer" : "staff",
            DISCLOSED[i].evidence, DISCLOSED[i].example);
    if (say->role == QUND_SOP_FIRST_BUYER && use->staff_true_count && say->content.p &&
        qund_sop_vars(say->content, is_count_orders, NULL) != 1)
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(node, "content"),
                      "with fallback: staff_true_count staff may only announce the count of the "
                      "records: the content must say {{count.orders}}");
    if (say->role == QUND_SOP_SYSTEM && towards_customers(say->channel))
        qund_yaml_err(rd->errs, rd->doc, role,
                      "system does not speak to customers: channel: staff_task, or another role");
}

static void check_say(struct qund_sop_reader *rd, const struct qund_ynode *node,
                      const struct qund_sop_step *s, const struct qund_sop_say *say)
{
    static const char *const REMOVERS[] = {"disclosure", "no_disclosure"};
    struct qund_sop_objection v[QUND_SOP_OBJECTIONS];
    size_t n;

    (void)s;
    for (size_t i = 0; i < QUND_ARRAY_LEN(REMOVERS); i++)
        if (qund_yaml_get(node, REMOVERS[i]))
            qund_yaml_err(rd->errs, rd->doc, qund_yaml_get(node, REMOVERS[i]),
                          "a step cannot change or remove the disclosure: it is the role's, and is "
                          "appended to each of its posts");
    check_actor(rd, node, say);
    n = qund_sop_objections(rd->t, say, say->content, v);
    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

        qund_sop_objection_print(&v[i], &text);
        qund_yaml_err(rd->errs, rd->doc, qund_sop_node(node, "content"), "%s", text.p);
    }
}

void qund_sop_check_lawful(struct qund_sop_reader *rd, const struct qund_ynode *root)
{
    const struct qund_ynode *steps = qund_yaml_get(root, "steps");
    const struct qund_ynode *e = steps ? steps->child : NULL;

    check_roles(rd, qund_yaml_get(root, "roles"));
    for (size_t i = 0; i < rd->t->n_steps; i++, e = e->next)
        qund_sop_each_say(rd, e, &rd->t->steps[i], check_say);
}
