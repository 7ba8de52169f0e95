/* check.c: the last words of the program.
 *
 * Nothing here allocates or locks: a panic may come from the allocator itself. A panic inside the
 * panic (the log's tail is damaged too) aborts at once.
 */
#include "base/check.h"

#include "base/base.h"

#define CONTEXT_BYTES_MAX 200

static char context[CONTEXT_BYTES_MAX + 1];
static void (*tail)(int fd);
static bool panicking;

/* What standard error does not take, nobody will read. */
static void say(const char *text, size_t bytes) {
    ssize_t written = write(STDERR_FILENO, text, bytes);
    (void)written;
}

void gb_panic(const char *file, int line, const char *why) {
    if (panicking) {
        abort();
    }
    panicking = true;
    char text[CONTEXT_BYTES_MAX + 512];
    int n = snprintf(text, sizeof text, "panic: %s:%d: %.300s\npanic: in hand: %s\n", file, line,
                     why, context[0] != '\0' ? context : "nothing");
    if (n > 0) {
        say(text, GB_MIN((size_t)n, sizeof text - 1));
    }
    if (tail != NULL) {
        tail(STDERR_FILENO);
    }
    abort();
}

void gb_panic_context(const char *event_id) {
    size_t n = event_id != NULL ? strnlen(event_id, CONTEXT_BYTES_MAX) : 0;
    if (n > 0) {
        memcpy(context, event_id, n);
    }
    context[n] = '\0';
}

void gb_panic_tail(void (*write_tail)(int fd)) {
    tail = write_tail;
}
