/* backups.h: when a copy of all data is made, what its file is called, who is told.
 *
 * The copy itself is made by another process (cli/backup.c), which the lane "local" starts; here is
 * what is decided before and after. Names are checked here and nowhere else: only files whose names
 * are of this shape are ever removed or sent.
 *
 *      gigabridge-<shop>-YYYYMMDD-HHMMSS.gbk       shop: a-z 0-9 and -, at most 32; time: UTC
 */
#ifndef SHOP_BACKUPS_H
#define SHOP_BACKUPS_H

#include "base/base.h"
#include "state/event.h"

struct arena;
struct config;
struct work;

#define BACKUP_SEND_BYTES_MAX (INT64_C(49) * 1024 * 1024) /* bots may send 50 MB */

/* What was made; texts are views. */
struct backup {
    struct str name; /* of the file, without a path */
    int64_t rows, bytes;
    bool is_encrypted;
    struct str sha256; /* of the file, hex */
};
struct str backup_write(struct arena *arena, const struct backup *backup); /* a JSON object */
/* GB_INVALID: not one, or a name of another shape. */
enum gb_err backup_read(struct arena *arena, struct str text,
                        struct backup *ret_backup) GB_MUST_USE;

struct str backup_name(struct arena *arena, struct str shop, int64_t now_ms);
bool backup_is_name(struct str name);
/* All up to the date: the same for all files of one shop. `name` is of our shape. */
struct str backup_family(struct str name);

/* Where they are kept and how many. Without [backup] directory it is a place below the data, with
 * the last one only. */
struct str backup_directory(const struct config *config, struct arena *arena, int64_t *ret_keep);
/* Does a file go to the admins? Only what nobody on its way can read. */
bool backup_is_sent(const struct config *config);

/* Have one made, unless one is waiting already. The store's error. */
enum gb_err backup_ask(struct work *work) GB_MUST_USE;
handler_fn backup_answered; /* "local.backup" */

#endif
