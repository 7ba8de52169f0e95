#define GB_DOOR "the data directory, its lock, chance, the clock"
#include "cli/data.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "state/config.h"
#include "state/tables.h"
#include "store/backend.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#define INSTANCE_CHARS 32

int64_t data_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *text_or_null(struct arena *arena, struct str text) {
    return text.n > 0 ? arena_cstr(arena, text) : NULL;
}

static enum gb_err open_directory(const struct config *config, struct arena *arena,
                                  struct backend **ret_backend, struct str *reterr_why) {
    struct lmdb_options options = {
        .directory = arena_cstr(arena, config->store.directory),
        .durable = true,
    };
    return lmdb_open(&options, store_tables, TABLE_COUNT, arena, ret_backend, reterr_why);
}

static struct redis_options redis_options(const struct config *config, const char *instance,
                                          struct arena *arena) {
    static const int told[] = {TABLE_OUTBOX, TABLE_LEASES, TABLE_JOBS_DUE};
    return (struct redis_options){
        .host = text_or_null(arena, config->redis.host),
        .port = (int)config->redis.port,
        .socket_path = text_or_null(arena, config->redis.socket),
        .db_first = (int)config->redis.db,
        .user = text_or_null(arena, config->redis.user),
        .password = secret_reveal(config->redis.password),
        .tls = config->redis.tls,
        .ca_file = text_or_null(arena, config->redis.ca_file),
        .instance = instance,
        .told = told,
        .told_count = GB_COUNT(told),
    };
}

static enum gb_err open_redis(const struct config *config, const char *instance,
                              struct arena *arena, struct backend **ret_backend,
                              struct str *reterr_why) {
    struct redis_options options = redis_options(config, instance, arena);
    log_hide(options.password);
    enum gb_err err =
        redis_open(&options, store_tables, TABLE_COUNT, arena, ret_backend, reterr_why);
    if (err == GB_OK) {
        struct redis_stats stats;
        redis_stats(*ret_backend, &stats);
        LOG_INFO("redis_is_there", LOG_TEXT("server", stats.server));
        if (stats.warning[0] != '\0') {
            LOG_WARN("redis_may_lose", LOG_TEXT("why", stats.warning));
        }
    }
    return err;
}

enum gb_err data_guest(const struct config *config, struct arena *arena,
                       struct backend **ret_backend, struct str *reterr_why) {
    static const struct store_table dialogs = {"fsm", 0};
    struct redis_options options = redis_options(config, NULL, arena);
    options.is_guest = true;
    options.told_count = 0;
    log_hide(options.password);
    return redis_open(&options, &dialogs, 1, arena, ret_backend, reterr_why);
}

static enum gb_err open_mixed(const struct config *config, struct arena *arena,
                              struct backend **ret_backend, struct str *reterr_why) {
    struct backend *records, *rest;
    enum gb_err err = open_directory(config, arena, &records, reterr_why);
    if (err != GB_OK) {
        return err;
    }
    err = open_redis(config, NULL, arena, &rest, reterr_why);
    if (err != GB_OK) {
        records->ops->close(records);
        return err;
    }
    mixed_open(records, rest, ret_backend);
    return GB_OK;
}

enum gb_err data_open(const struct config *config, const char *instance, struct arena *arena,
                      struct backend **ret_backend, struct str *reterr_why) {
    switch ((enum store_backend)config->store.backend) {
    case STORE_LMDB:
        return open_directory(config, arena, ret_backend, reterr_why);
    case STORE_REDIS:
        return open_redis(config, instance, arena, ret_backend, reterr_why);
    case STORE_MIXED:
        return open_mixed(config, arena, ret_backend, reterr_why);
    }
    return GB_INVALID;
}

static enum gb_err snapshot_directory(const struct config *config, struct arena *arena,
                                      struct backend **ret_backend, struct str *reterr_why) {
    return lmdb_open_snapshot(arena_cstr(arena, config->store.directory), store_tables, TABLE_COUNT,
                              arena, ret_backend, reterr_why);
}

enum gb_err data_open_snapshot(const struct config *config, struct arena *arena,
                               struct backend **ret_backend, struct str *reterr_why) {
    struct backend *records, *rest;
    enum gb_err err;
    switch ((enum store_backend)config->store.backend) {
    case STORE_LMDB:
        return snapshot_directory(config, arena, ret_backend, reterr_why);
    case STORE_REDIS:
        return open_redis(config, NULL, arena, ret_backend, reterr_why);
    case STORE_MIXED:
        err = snapshot_directory(config, arena, &records, reterr_why);
        if (err != GB_OK) {
            return err;
        }
        err = open_redis(config, NULL, arena, &rest, reterr_why);
        if (err != GB_OK) {
            records->ops->close(records);
            return err;
        }
        mixed_open(records, rest, ret_backend);
        return GB_OK;
    }
    return GB_INVALID;
}

enum gb_err data_news(const struct config *config, const char *instance, struct arena *arena,
                      struct redis_news **ret_news, struct str *reterr_why) {
    *ret_news = NULL;
    if (config->store.backend != STORE_REDIS) {
        return GB_OK;
    }
    struct redis_options options = redis_options(config, instance, arena);
    enum gb_err err = redis_news_open(&options, store_tables, ret_news);
    if (err != GB_OK) {
        *reterr_why = STR("no certificate authority could be read");
    }
    return err;
}

const char *data_path(const struct config *config, struct arena *arena, const char *name,
                      struct str *reterr_why) {
    const char *directory = arena_cstr(arena, config->store.directory);
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        *reterr_why = arena_printf(arena, "%s cannot be made: %s", directory, strerror(errno));
        return NULL;
    }
    return arena_cstr(arena, arena_printf(arena, "%s/%s", directory, name));
}

const char *data_instance(const struct config *config, struct arena *arena,
                          struct str *reterr_why) {
    const char *path = data_path(config, arena, "instance", reterr_why);
    if (path == NULL) {
        return NULL;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* and its lock: until the end */
    if (fd < 0) {
        *reterr_why = arena_printf(arena, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        *reterr_why = arena_printf(arena, "%s: another shop is running there", path);
        return NULL;
    }
    char *id = arena_take(arena, INSTANCE_CHARS + 1);
    if (pread(fd, id, INSTANCE_CHARS, 0) != INSTANCE_CHARS) {
        uint8_t chance[INSTANCE_CHARS / 2];
        struct str fresh;
        if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance ||
            (fresh = hex_encode(arena, chance, sizeof chance)).n != INSTANCE_CHARS ||
            pwrite(fd, fresh.p, fresh.n, 0) != INSTANCE_CHARS) {
            *reterr_why = arena_printf(arena, "%s: %s", path, strerror(errno));
            return NULL;
        }
        memcpy(id, fresh.p, fresh.n);
    }
    id[INSTANCE_CHARS] = '\0';
    return id;
}
