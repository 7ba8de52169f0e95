/* data.h: open the store that the settings ask for. */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "base/base.h"

struct arena;
struct backend;
struct config;
struct redis_news;

/* The wall clock. */
int64_t data_now_ms(void);

/* `instance`: who this one is to others on the same Redis; NULL: it adds nothing they need to know.
 * GB_UNAVAILABLE, GB_DAMAGED, GB_NO_SPACE: *reterr_why, a sentence for the owner, in `arena`. */
enum gb_err data_open(const struct config *config, const char *instance, struct arena *arena,
                      struct backend **ret_backend, struct str *reterr_why) GB_MUST_USE;

/* The same to be read only, while a shop may be running on it. Of LMDB it is one instant; what is
 * on Redis may change under the reader. Errors as data_open. */
enum gb_err data_open_snapshot(const struct config *config, struct arena *arena,
                               struct backend **ret_backend, struct str *reterr_why) GB_MUST_USE;

/* What other instances add; NULL in *ret_news: there are none. As above. */
enum gb_err data_news(const struct config *config, const char *instance, struct arena *arena,
                      struct redis_news **ret_news, struct str *reterr_why) GB_MUST_USE;

/* The dialogs of another program in [redis], to read only. As above. */
enum gb_err data_guest(const struct config *config, struct arena *arena,
                       struct backend **ret_backend, struct str *reterr_why) GB_MUST_USE;

/* Who this instance is to the others on one store: 32 characters that stay in the directory, which
 * is taken for this process until it ends. NULL: it cannot be used or another process has it,
 * *reterr_why. */
const char *data_instance(const struct config *config, struct arena *arena, struct str *reterr_why);

/* The directory's file of this name, made private with its directory if need be: what belongs to
 * this process alone, wherever the rows are. NULL: the directory cannot be used, *reterr_why. */
const char *data_path(const struct config *config, struct arena *arena, const char *name,
                      struct str *reterr_why);

#endif
