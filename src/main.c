/* src/main.c - argv, then one of cli/. */
int main(void)
{
    return 0;
}
