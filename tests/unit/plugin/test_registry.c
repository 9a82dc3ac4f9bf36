/* test_registry.c - what may be loaded and what is refused, with what was wanted and found. Real
 * shared objects, tried out by this very program: it knows the subcommand `probe-plugin`. */
#include "core/clock.h"
#include "core/file.h"
#include "plugin/plugin.h"
#include "unit.h"
#include <unistd.h>

static struct qund_plugins *registry(void)
{
    static const char *const dirs[] = {"/nonexistent", QUND_TEST_PLUGINS};
    struct qund_plugins *ps =
        qund_plugins_new(&(struct qund_plugins_opts){.exe = "/proc/self/exe", .timeout_ms = 3000});

    qund_plugins_dirs(ps, dirs, 2);
    return ps;
}

static void a_good_file_is_loaded_once(void **state)
{
    struct qund_plugins *ps = registry();
    struct qund_plugin_file *f = qund_plugins_find(ps, QUND_STR("least"), NULL);

    (void)state;
    assert_non_null(f);
    if (f->state != QUND_PLUGIN_LOADED)
        fail_msg("%s", f->why);
    assert_string_equal(f->plugin->name, "least");
    assert_string_equal(f->version, "1");
    assert_ptr_equal(qund_plugins_find(ps, QUND_STR("least"), NULL), f);
    assert_ptr_equal(qund_plugins_at(ps, 0), f);
    assert_null(qund_plugins_at(ps, 1));
    qund_plugins_free(ps);
}

static void broken_files_are_refused_with_what_was_wanted_and_found(void **state)
{
    static const struct {
        const char *name, *why;
    } BAD[] = {
        {"too-old", "was built for plugin ABI 0.7, this program has 1.4"},
        {"too-new", "wants plugin ABI 1.5, this program has 1.4"},
        {"short", "a broken build"},
        {"misnamed", "calls itself 'other'"},
        {"half", "not both of channel_open and channel_close"},
        {"no-symbol", "no symbol qund_plugin_entry"},
        {"not-elf", "cannot be opened"},
        /* A sanitizer makes an exit of it. */
        {"crashes-at-load",
         QUND_SANITIZED ? "ended the process" : "crashed when it was opened (signal 11"},
        {"exits-at-load", "ended the process that opened it"},
    };
    struct qund_plugins *ps = registry();

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        struct qund_plugin_file *f = qund_plugins_find(ps, qund_str(BAD[i].name), NULL);

        assert_non_null(f);
        assert_int_equal(f->state, QUND_PLUGIN_REFUSED);
        assert_null(f->plugin);
        assert_non_null(strstr(f->path, QUND_TEST_PLUGINS));
        if (!strstr(f->why, BAD[i].why))
            fail_msg("%s: %s", BAD[i].name, f->why);
    }
    qund_plugins_free(ps);
}

static void a_file_that_hangs_costs_its_time_and_no_more(void **state)
{
    static const char *const dirs[] = {QUND_TEST_PLUGINS};
    struct qund_plugins *ps =
        qund_plugins_new(&(struct qund_plugins_opts){.exe = "/proc/self/exe", .timeout_ms = 300});
    int64_t from = qund_mono_now().ms;
    struct qund_plugin_file *f;

    (void)state;
    qund_plugins_dirs(ps, dirs, 1);
    f = qund_plugins_find(ps, QUND_STR("slow-at-load"), NULL);
    assert_int_equal(f->state, QUND_PLUGIN_REFUSED);
    assert_non_null(strstr(f->why, "it hangs"));
    assert_in_range(qund_mono_now().ms - from, 300, 20000);
    qund_plugins_free(ps);
}

static void a_name_that_is_nobodys_gets_the_nearest(void **state)
{
    struct qund_plugins *ps = registry();
    const char *near;

    (void)state;
    assert_null(qund_plugins_find(ps, QUND_STR("laest"), &near));
    assert_string_equal(near, "least");
    assert_null(qund_plugins_find(ps, QUND_STR("entirely-other"), &near));
    assert_null(near);
    assert_null(qund_plugins_find(ps, QUND_STR("../plugins/least"), NULL));
    assert_null(qund_plugins_find(ps, QUND_STR(""), NULL));
    assert_null(qund_plugins_find(ps, QUND_STR("LEAST"), &near));
    assert_string_equal(near, "least");
    qund_plugins_free(ps);
}

static void a_link_that_leads_nowhere_is_refused_by_its_own_name(void **state)
{
    char *dir = unit_tmpdir();
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "gone.so");
    const char *const dirs[] = {dir};
    struct qund_plugins *ps =
        qund_plugins_new(&(struct qund_plugins_opts){.exe = "/proc/self/exe", .timeout_ms = 3000});
    struct qund_plugin_file *f;

    (void)state;
    assert_int_equal(symlink("nowhere.so", path), 0);
    qund_plugins_dirs(ps, dirs, 1);
    f = qund_plugins_find(ps, QUND_STR("gone"), NULL);
    assert_non_null(f);
    assert_int_equal(f->state, QUND_PLUGIN_REFUSED);
    assert_non_null(strstr(f->why, "No such file"));
    qund_plugins_free(ps);
    assert_int_equal(qund_dir_remove(dir, NULL), 0);
    free(dir);
}

static void the_first_folder_wins_also_with_a_broken_file(void **state)
{
    char *dir = unit_tmpdir();
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "least.so");
    const char *const dirs[] = {dir, QUND_TEST_PLUGINS};
    struct qund_plugins *ps =
        qund_plugins_new(&(struct qund_plugins_opts){.exe = "/proc/self/exe", .timeout_ms = 3000});

    (void)state;
    assert_int_equal(qund_file_replace(path, QUND_STR("text"), 0644, NULL), 0);
    qund_plugins_dirs(ps, dirs, 2);
    assert_int_equal(qund_plugins_find(ps, QUND_STR("least"), NULL)->state, QUND_PLUGIN_REFUSED);
    qund_plugins_free(ps);
    assert_int_equal(qund_dir_remove(dir, NULL), 0);
    free(dir);
}

static void all_of_a_folder_are_found(void **state)
{
    struct qund_plugins *ps = registry();
    size_t loaded = 0, n = 0;

    (void)state;
    qund_plugins_find_all(ps);
    for (struct qund_plugin_file *f; (f = qund_plugins_at(ps, n)); n++)
        loaded += f->state == QUND_PLUGIN_LOADED;
    assert_true(n >= 11);
    assert_true(loaded >= 2); /* one of them only fails to start */
    qund_plugins_free(ps);
}

static void without_a_program_to_try_it_nothing_is_loaded(void **state)
{
    static const char *const dirs[] = {QUND_TEST_PLUGINS};
    struct qund_plugins *ps = qund_plugins_new(&(struct qund_plugins_opts){.exe = NULL});

    (void)state;
    qund_plugins_dirs(ps, dirs, 1);
    assert_int_equal(qund_plugins_find(ps, QUND_STR("least"), NULL)->state, QUND_PLUGIN_REFUSED);
    qund_plugins_free(ps);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_loaded_once),
        cmocka_unit_test(broken_files_are_refused_with_what_was_wanted_and_found),
        cmocka_unit_test(a_file_that_hangs_costs_its_time_and_no_more),
        cmocka_unit_test(a_name_that_is_nobodys_gets_the_nearest),
        cmocka_unit_test(a_link_that_leads_nowhere_is_refused_by_its_own_name),
        cmocka_unit_test(the_first_folder_wins_also_with_a_broken_file),
        cmocka_unit_test(all_of_a_folder_are_found),
        cmocka_unit_test(without_a_program_to_try_it_nothing_is_loaded),
    };

    if (argc == 3 && strcmp(argv[1], "probe-plugin") == 0)
        return qund_plugin_probe_main(argv[2], STDOUT_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
