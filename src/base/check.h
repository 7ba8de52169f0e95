/* check.h: assertions that stay on, and what is printed when one fails.
 *
 * gb_assert states what must be true if our code is right. Never for input, network or disk.
 * A panic writes file, line, the condition, the event in hand (gb_panic_context) and the last log
 * lines, then aborts: the store survives it, the next start looks at the event again.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define gb_assert(condition) ((condition) ? (void)0 : gb_panic(__FILE__, __LINE__, #condition))

/* Print and abort. `why` is static text. */
void gb_panic(const char *file, int line, const char *why) __attribute__((noreturn));

/* What is being worked on, copied and cut to 200 bytes; "" for nothing. Engine only. */
void gb_panic_context(const char *event_id);

/* Where a panic's last lines come from: called with a file descriptor. Set once by base/log. */
void gb_panic_tail(void (*write_tail)(int fd));

#endif
