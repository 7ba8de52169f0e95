/* blocks.h: a heap for libcurl: small blocks stay with the loop's thread.
 *
 * libcurl takes and gives back some sixty small blocks for each request, and musl's careful malloc
 * made that a tenth of the request's CPU time. Here a small block that is given back waits in a
 * list of its size for the next one. Each block is a piece of malloc's own, so that any thread may
 * free any block: libcurl's resolver threads have no lists and go to malloc.
 *
 * Under AddressSanitizer nothing is kept by default: it must see every free.
 */
#ifndef IO_BLOCKS_H
#define IO_BLOCKS_H

#include "base/base.h"

#ifdef __SANITIZE_ADDRESS__
#define BLOCKS_KEEP_BYTES ((size_t)0)
#else
#define BLOCKS_KEEP_BYTES ((size_t)512 << 10)
#endif

/* From now on the calling thread keeps small blocks, so many bytes of them at most: a burst of
 * requests must not hold its memory for ever. */
void blocks_start(size_t keep_bytes_max);
/* What is kept goes back to malloc, and no more is kept. Blocks in use stay valid. */
void blocks_finish(void);

/* As their namesakes of the C library. */
void *blocks_malloc(size_t bytes);
void *blocks_calloc(size_t count, size_t size);
void *blocks_realloc(void *block, size_t bytes);
char *blocks_strdup(const char *text);
void blocks_free(void *block);

#endif
