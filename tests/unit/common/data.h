/* data.h: files of tests/data, for tests that run in the project's directory. */
#ifndef TESTS_COMMON_DATA_H
#define TESTS_COMMON_DATA_H

#include "base/base.h"

struct arena;

/* The whole file, in the arena; the test fails when it is not there. `name` as "hiddify/a.json". */
struct str data_file(struct arena *arena, const char *name);

#endif
