/* backup_files.h: one directory of backups: a new file under its name, old ones away.
 *
 * A file is written as "<name>.part", under a lock, and gets its name when it is whole and on disk.
 * What an interrupted backup left (.part without a lock) is removed by the next one. Only files
 * whose names are exactly of our shape and of the same shop are ever removed.
 */
#ifndef CLI_BACKUP_FILES_H
#define CLI_BACKUP_FILES_H

#include "base/base.h"

struct arena;

struct backup_file {
    const char *directory;
    struct str name;
    const char *path, *draft;
    int fd;
};

/* A fresh file, 0600, in a directory made if need be (0700). False: it was said why on stderr. */
bool backup_file_open(struct backup_file *file, struct arena *arena);
/* To disk, and under its own name, which must be free. As above; the draft is gone. */
bool backup_file_keep(struct backup_file *file);
void backup_file_drop(struct backup_file *file);

/* All but the last `keep` of the family of `name`; and leftovers of it. */
void backup_files_rotate(const char *directory, struct str name, int64_t keep, struct arena *arena);

#endif
