/* relro_probe.c: exit status 0 if a relocated constant can be written before relro_apply and not
 * after. A child does each write, for the second is meant to end it. */
#define GB_DOOR "writes where nobody may"
#include "cli/relro.h"

#include <signal.h>
#include <sys/wait.h>

static int here;
/* Needs relocation, so it lives in .data.rel.ro; external, or the compiler drops the pointers. */
extern int *const relro_probe_table[];
int *const relro_probe_table[] = {&here, &here};

/* The signal that ended the child, 0 if the write went well. */
static int write_signal(void) {
    pid_t child = fork();
    if (child == 0) {
        *(int *volatile *)(uintptr_t)&relro_probe_table[0] = NULL;
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return -1;
    }
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void) {
    if (write_signal() != 0) {
        return 1;
    }
    if (relro_apply() != GB_OK) {
        return 2;
    }
    return write_signal() == SIGSEGV ? 0 : 3;
}
