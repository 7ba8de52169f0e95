/* banned.h: functions that are bugs waiting: using one does not compile.
 *
 * Two lists: never (unbounded, locale, hidden state), and only through a door (clock, chance,
 * heap, sockets, files). A door file says `#define GB_DOOR "why"` before its first include.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* Their headers first: a macro must not meet the declaration. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GB_BANNED(name) gb_banned_function_##name

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef strdup
#undef strndup
#undef alloca
#define strcpy(...)    GB_BANNED(strcpy)
#define strcat(...)    GB_BANNED(strcat)
#define strncpy(...)   GB_BANNED(strncpy)
#define strncat(...)   GB_BANNED(strncat)
#define sprintf(...)   GB_BANNED(sprintf)
#define vsprintf(...)  GB_BANNED(vsprintf)
#define strtok(...)    GB_BANNED(strtok)
#define atoi(...)      GB_BANNED(atoi)
#define atol(...)      GB_BANNED(atol)
#define atof(...)      GB_BANNED(atof)
#define sscanf(...)    GB_BANNED(sscanf)
#define localtime(...) GB_BANNED(localtime)
#define gmtime(...)    GB_BANNED(gmtime)
#define ctime(...)     GB_BANNED(ctime)
#define asctime(...)   GB_BANNED(asctime)
#define rand(...)      GB_BANNED(rand)
#define random(...)    GB_BANNED(random)
#define system(...)    GB_BANNED(system)
#define popen(...)     GB_BANNED(popen)
#define setlocale(...) GB_BANNED(setlocale)
#define alloca(...)    GB_BANNED(alloca)

#ifndef GB_DOOR
#define time(...)          GB_BANNED(time)
#define clock_gettime(...) GB_BANNED(clock_gettime)
#define getrandom(...)     GB_BANNED(getrandom)
#define malloc(...)        GB_BANNED(malloc)
#define calloc(...)        GB_BANNED(calloc)
#define realloc(...)       GB_BANNED(realloc)
#define strdup(...)        GB_BANNED(strdup)
#define strndup(...)       GB_BANNED(strndup)
#define free(...)          GB_BANNED(free)
#define open(...)          GB_BANNED(open)
#define socket(...)        GB_BANNED(socket)
#endif

#endif
