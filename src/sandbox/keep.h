/* keep.h: the sandbox's door to the heap: what lives as long as the world it plays.
 *
 * Chats, payments and panel users come, change and go over hours, so no arena fits them. Whoever
 * keeps something frees it; every model has a free function that gives back all it kept. Out of
 * memory is a panic.
 */
#ifndef SANDBOX_KEEP_H
#define SANDBOX_KEEP_H

#include "base/base.h"

void *keep_new(size_t bytes);  /* zeroed */
void keep_free(void *pointer); /* NULL is fine */

/* Copy, with a 0 behind it that the view does not count. The empty view for an empty text. */
struct str keep_text(struct str text);
void keep_drop(struct str *text);                     /* frees and empties */
void keep_replace(struct str *slot, struct str text); /* drops what was there */

/* Room for one more item: the array, moved if need be. *capacity is updated. */
void *keep_grow(void *items, size_t count, size_t *capacity, size_t item_bytes);

#endif
