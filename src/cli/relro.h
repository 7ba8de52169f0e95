/* relro.h: makes the program's relocated tables read-only: the GOT, const tables of pointers.
 *
 * The linker marks them (PT_GNU_RELRO) and glibc's loader protects them. A static-pie program has
 * no loader, and musl's start code relocates it but does not protect it (1.2.5 and 1.2.6), so main
 * does this first. Doing it twice does no harm.
 */
#ifndef CLI_RELRO_H
#define CLI_RELRO_H

#include "base/base.h"

/* GB_UNAVAILABLE: the kernel refused; the program works, only less protected. */
enum gb_err relro_apply(void) GB_MUST_USE;

#endif
