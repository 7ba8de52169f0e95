/* embed.c: looks up what the generated build/generated/embedded.S lists. */
#include "base/embed.h"

#include "base/base.h"

/* One row per file, in no order; a row of NULLs ends the table. */
struct embedded {
    const char *name;
    const char *data;
    const char *end;
};

extern const struct embedded gb_embedded[];

struct str embed_file(struct str name) {
    for (const struct embedded *e = gb_embedded; e->name != NULL; e++) {
        if (str_is(name, e->name)) {
            return (struct str){e->data, (size_t)(e->end - e->data)};
        }
    }
    return STR_NONE;
}
