/* near.h: of the names there are, the one that was perhaps meant. Letter case does not count. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include "base/base.h"

/* Could `typed` be a misspelling of `name`? *ret_edits: how many letters make the difference. */
bool near_is_like(struct str typed, struct str name, size_t *ret_edits);

#endif
