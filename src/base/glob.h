/* glob.h: patterns over bytes as Redis has them: * ? [a-z] [^a-z] and \ before any of these. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include "base/base.h"

/* Longer patterns match nothing: time grows with both lengths at worst, never faster. */
#define GLOB_PATTERN_MAX 1024

/* Does the whole of `text` match? */
bool glob_match(struct str pattern, struct str text);
/* What every match begins with, up to the first byte with a meaning of its own; may be empty. */
struct str glob_prefix(struct str pattern);

#endif
