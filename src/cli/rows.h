/* rows.h: every row of a store, one after the other; and as lines of text, to leave one store and
 * enter another.
 *
 *      {"t":"users","k":"42","v":"{...}","x":1800000000000}     x: where it expires
 *      {"t":"meta","kb":"...","vb":"..."}                       base64 of what is no UTF-8
 *
 * A chain is the SHA-256 of the chain before and the line, so that one digest stands for all lines
 * in their order; rows come in byte order, table by table, from every backend.
 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "base/base.h"
#include "base/crypto.h"
#include "state/tables.h"

struct arena;
struct backend;

struct row {
    int table;
    struct str key, value;
    int64_t expires_ms; /* STORE_NEVER: it stays */
};

/* GB_OK: go on. Anything else ends the walk and is what it returns; GB_EXISTS: enough seen. `arena`
 * lives a page. */
typedef enum gb_err row_fn(void *ctx, struct arena *arena, const struct row *row);

/* The rows of a table whose key starts with `prefix`, in byte order; memory for a page. A table of
 * databases 0 to 2 on Redis is gone through as a whole for each page. The store's error. */
enum gb_err rows_walk(struct backend *backend, int table, struct str prefix, int64_t now_ms,
                      row_fn *each, void *ctx) GB_MUST_USE;
/* Those of all tables. */
enum gb_err rows_walk_all(struct backend *backend, int64_t now_ms, row_fn *each,
                          void *ctx) GB_MUST_USE;

/* The table's number; -1: there is none of this name. */
int rows_table(struct str name);

/* One line without its end. */
struct str row_write(struct arena *arena, const struct row *row);
/* GB_INVALID: *reterr_why, static text. */
enum gb_err row_read(struct arena *arena, struct str line, struct row *ret_row,
                     const char **reterr_why) GB_MUST_USE;

struct chain {
    uint8_t digest[SHA256_BYTES];
    int64_t rows, rows_of[TABLE_COUNT];
};
void chain_add(struct chain *chain, struct arena *arena, int table, struct str line);

#endif
