#define GB_DOOR "files of backups"
#include "cli/backup_files.h"

#include "base/arena.h"
#include "shop/backups.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DRAFT     ".part"
#define FILES_MAX 4096

static bool refused(const char *path, int why) {
    fprintf(stderr, "gigabridge: %s: %s\n", path, strerror(why));
    return false;
}

bool backup_file_open(struct backup_file *file, struct arena *arena) {
    if (mkdir(file->directory, 0700) != 0 && errno != EEXIST) {
        return refused(file->directory, errno);
    }
    file->path =
        arena_cstr(arena, arena_printf(arena, "%s/" STR_FMT, file->directory, STR_ARG(file->name)));
    file->draft = arena_cstr(arena, arena_printf(arena, "%s" DRAFT, file->path));
    if (access(file->path, F_OK) == 0) {
        return refused(file->path, EEXIST);
    }
    file->fd = open(file->draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd < 0) {
        return refused(file->draft, errno);
    }
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0) {
        int why = errno;
        backup_file_drop(file);
        return refused(file->draft, why);
    }
    return true;
}

void backup_file_drop(struct backup_file *file) {
    unlink(file->draft);
    close(file->fd);
}

static bool sync_directory(const char *directory) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return done;
}

bool backup_file_keep(struct backup_file *file) {
    /* A link, not a rename: it fails if the name was taken meanwhile. */
    bool kept = fsync(file->fd) == 0 && link(file->draft, file->path) == 0;
    int why = errno;
    backup_file_drop(file);
    if (!kept) {
        return refused(file->path, why);
    }
    return sync_directory(file->directory) || refused(file->directory, errno);
}

/* ---- the old ones ---- */

static bool is_of(struct str found, struct str name) {
    return backup_is_name(found) && str_equal(backup_family(found), backup_family(name));
}

/* One that is being written now is locked. */
static void remove_leftover(int directory, const char *name) {
    int fd = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        (void)unlinkat(directory, name, 0);
    }
    close(fd);
}

static int by_name(const void *a, const void *b) {
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

void backup_files_rotate(const char *directory, struct str name, int64_t keep,
                         struct arena *arena) {
    DIR *listing = opendir(directory);
    if (listing == NULL) {
        return;
    }
    struct str *names = ARENA_ARRAY(arena, struct str, FILES_MAX);
    size_t count = 0;
    const struct dirent *entry;
    while (count < FILES_MAX && (entry = readdir(listing)) != NULL) {
        struct str found = str_of(entry->d_name);
        if (is_of(found, name)) {
            names[count++] = arena_copy(arena, found);
        } else if (str_ends(found, STR(DRAFT)) &&
                   is_of(str_sub(found, 0, found.n - strlen(DRAFT)), name)) {
            remove_leftover(dirfd(listing), entry->d_name);
        }
    }
    qsort(names, count, sizeof *names, by_name); /* their dates are in one order with them */
    for (size_t i = 0; i + (size_t)keep < count; i++) {
        if (unlinkat(dirfd(listing), names[i].p, 0) != 0) {
            fprintf(stderr, "gigabridge: %s/%s: %s\n", directory, names[i].p, strerror(errno));
        }
    }
    closedir(listing);
}
