/* shop_files.c: a directory, a config file, and eight bytes of clock shared with the shop.
 *
 * The clock file is mapped by both sides, so that moving it is one store and reading it one load.
 */
#define GB_DOOR "the files of the sandbox's shop, and its clock"
#include "sandbox/shop_files.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WALK_FDS 16

static const char *fail(struct arena *arena, const char *path) {
    return arena_printf(arena, "%s: %s", path, strerror(errno)).p;
}

static const char *make_fresh(struct arena *arena) {
    const char *base = getenv("TMPDIR");
    struct str pattern = arena_printf(arena, "%s/gigabridge-sandbox.XXXXXX",
                                      base != NULL && base[0] == '/' ? base : "/tmp");
    char *path = arena_alloc(arena, pattern.n + 1);
    memcpy(path, pattern.p, pattern.n);
    return mkdtemp(path);
}

/* The directory as an absolute path, made if need be. NULL: errno says why. */
static const char *make_named(struct arena *arena, const char *name) {
    char *real = NULL;
    if (mkdir(name, 0700) != 0 && errno != EEXIST) {
        return NULL;
    }
    real = realpath(name, NULL);
    const char *path = real != NULL ? arena_cstr(arena, str_of(real)) : NULL;
    free(real);
    return path;
}

static int64_t *map_clock(const char *path) {
    static const int64_t zero[2]; /* the second is the shop's alone: its wall clock was set */
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return NULL;
    }
    void *mapped = MAP_FAILED;
    if (write(fd, zero, sizeof zero) == (ssize_t)sizeof zero) {
        mapped = mmap(NULL, sizeof zero, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    close(fd);
    return mapped != MAP_FAILED ? mapped : NULL;
}

enum gb_err shop_files_open(const char *directory, struct arena *arena,
                            struct shop_files *ret_files, const char **reterr_why) {
    struct shop_files files = {.is_ours = directory == NULL};
    files.directory = directory != NULL ? make_named(arena, directory) : make_fresh(arena);
    if (files.directory == NULL) {
        *reterr_why = fail(arena, directory != NULL ? directory : "a fresh directory");
        return GB_UNAVAILABLE;
    }
    files.config = arena_printf(arena, "%s/config.ini", files.directory).p;
    files.log = arena_printf(arena, "%s/bot.log", files.directory).p;
    files.data = arena_printf(arena, "%s/data", files.directory).p;
    files.clock = arena_printf(arena, "%s/clock", files.directory).p;
    files.offset_ms = map_clock(files.clock);
    if (files.offset_ms == NULL) {
        *reterr_why = fail(arena, files.clock);
        return GB_UNAVAILABLE;
    }
    *ret_files = files;
    return GB_OK;
}

enum gb_err shop_files_write_config(const struct shop_files *files, struct str text) {
    (void)unlink(files->config); /* an older one may be readable by others */
    int fd = open(files->config, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return GB_UNAVAILABLE;
    }
    bool written = write(fd, text.p, text.n) == (ssize_t)text.n;
    return close(fd) == 0 && written ? GB_OK : GB_UNAVAILABLE;
}

void shop_files_advance(struct shop_files *files, int64_t ms) {
    int64_t now = __atomic_load_n(files->offset_ms, __ATOMIC_RELAXED);
    __atomic_store_n(files->offset_ms, now + ms, __ATOMIC_RELAXED);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

void shop_files_close(struct shop_files *files, bool keep) {
    if (files->offset_ms != NULL) {
        (void)munmap(files->offset_ms, sizeof(int64_t));
        files->offset_ms = NULL;
    }
    if (files->is_ours && !keep) {
        /* What cannot be removed is left to whoever cleans the temp directory. */
        (void)nftw(files->directory, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    }
}
