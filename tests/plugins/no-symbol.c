/* no-symbol.c - a shared object that is no plugin. */
int qund_plugin_entrance(void);
__attribute__((visibility("default"))) int qund_plugin_entrance(void)
{
    return 1;
}
