#include "state/tables.h"

const struct store_table store_tables[TABLE_COUNT] = {
#define X(name, text, db) {text, db},
    GB_TABLES(X)
#undef X
};
