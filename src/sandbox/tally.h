/* tally.h: how often something was counted under a name: calls per method, refusals by reason.
 *
 * At most TALLY_MAX names; what comes later is counted under "other".
 */
#ifndef SANDBOX_TALLY_H
#define SANDBOX_TALLY_H

#include "base/base.h"

struct json_out;

#define TALLY_MAX 256

struct tally_row {
    struct str name, detail;
    int64_t count;
};

struct tally {
    struct tally_row *rows;
    size_t count, capacity;
};

void tally_add(struct tally *tally, struct str name, struct str detail);
/* {"name": count, ...} */
void tally_write_counts(struct json_out *out, const char *key, const struct tally *tally);
/* [{"method": name, "reason": detail, "count": n}, ...] */
void tally_write_rows(struct json_out *out, const char *key, const struct tally *tally);
void tally_free(struct tally *tally);

#endif
