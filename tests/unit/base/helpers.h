/* helpers.h: what the tests of base share: repeatable chance, and watching a panic from outside. */
#ifndef TESTS_BASE_HELPERS_H
#define TESTS_BASE_HELPERS_H

#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>

/* xorshift64*: the same numbers on every run. */
struct chance {
    uint64_t state;
};

static inline uint64_t chance_u64(struct chance *chance) {
    chance->state ^= chance->state >> 12;
    chance->state ^= chance->state << 25;
    chance->state ^= chance->state >> 27;
    return chance->state * UINT64_C(0x2545F4914F6CDD1D);
}

static inline size_t chance_below(struct chance *chance, size_t bound) {
    return (size_t)(chance_u64(chance) >> 33) % bound;
}

/* Run `act` in a child. True if it panicked; *ret_said (512 bytes and more) is its standard error.
 */
static inline bool panics(void (*act)(void *ctx), void *ctx, char *ret_said, size_t bytes) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        act(ctx);
        _exit(0);
    }
    close(ends[1]);
    size_t n = 0;
    ssize_t got;
    while (n < bytes - 1 && (got = read(ends[0], ret_said + n, bytes - 1 - n)) > 0) {
        n += (size_t)got;
    }
    ret_said[n] = '\0';
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* The panic's own words begin with "panic: " and contain `why`. */
static inline void assert_panics(void (*act)(void *ctx), void *ctx, const char *why) {
    char said[8192];
    assert_true(panics(act, ctx, said, sizeof said));
    assert_ptr_equal(strstr(said, "panic: "), said);
    assert_non_null(strstr(said, why));
}

static inline void assert_str(struct str s, const char *expected) {
    if (!str_is(s, expected)) {
        fail_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(s), expected);
    }
}

#endif
