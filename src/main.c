/* src/main.c - argv, then one of cli/; and what a library wants done once a process. */
#include "cli/cli.h"
#include "core/fds.h"
#include "net/once.h"
#include "store/db.h"
#include <signal.h>

int main(int argc, char **argv)
{
    if (!qund_fds_standard())
        return 1; /* and nowhere to say it */
    /* A peer that goes away is an error of a write, not the end of the program. */
    signal(SIGPIPE, SIG_IGN);
    qund_net_once();
    qund_db_library();
    return qund_cli(argc, argv);
}
