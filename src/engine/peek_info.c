#define GB_DOOR "the process's own size, from /proc"
#include "engine/peek_inside.h"

#include "base/num.h"
#include "store/backend.h"
#include "version.h"

#define INFO_BYTES_MAX 8192

/* GB_OK: rows of a database. */
static enum gb_err rows_of(struct peek *peek, int db, size_t *ret_rows) {
    size_t sum = 0;
    for (size_t i = 0; i < peek->backend->table_count; i++) {
        size_t rows = 0;
        if (peek->backend->tables[i].redis_db != db) {
            continue;
        }
        enum gb_err err = peek->backend->ops->rows(peek->backend, (int)i, &rows);
        if (err != GB_OK) {
            return err;
        }
        sum += rows;
    }
    *ret_rows = sum;
    return GB_OK;
}

void peek_dbsize(struct ask *ask) {
    size_t rows;
    enum gb_err err = rows_of(ask->peek, ask->session->db, &rows);
    if (err == GB_OK) {
        resp_int(&ask->out, (int64_t)rows);
    } else {
        peek_fault(ask, err);
    }
}

/* ---- INFO ---- */

static void put_server(struct ask *ask, struct buf *buf) {
    int64_t up_s = GB_MAX(ask->now_ms - ask->peek->started_ms, INT64_C(0)) / GB_SECOND_MS;
    buf_printf(buf,
               "redis_version:" PEEK_REDIS_VERSION "\r\nredis_mode:standalone\r\n"
               "gigabridge_version:" GB_VERSION "\r\ngigabridge_store:%s\r\n",
               ask->peek->backend->ops->name);
    buf_printf(buf,
               "process_id:%ld\r\ntcp_port:%d\r\nuptime_in_seconds:%" PRId64
               "\r\nuptime_in_days:%" PRId64 "\r\n",
               (long)getpid(), ask->peek->port, up_s, up_s / (24 * 3600));
}

static void put_clients(struct ask *ask, struct buf *buf) {
    buf_printf(buf, "connected_clients:%zu\r\nmaxclients:%d\r\nblocked_clients:0\r\n",
               ask->incoming->callers, COMMAND_SEATS);
}

/* Bytes of this process in memory; 0 where there is no /proc. */
static int64_t resident_bytes(void) {
    char text[128];
    FILE *file = fopen("/proc/self/statm", "re");
    size_t n = file != NULL ? fread(text, 1, sizeof text, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    struct str rest = {text, n}, pages;
    int64_t count = 0;
    bool read = n > 0 && str_split(&rest, ' ', &pages) && str_split(&rest, ' ', &pages) &&
                num_i64(pages, 0, INT64_MAX / 65536, &count) == GB_OK;
    return read ? count * (int64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void put_memory(struct ask *ask, struct buf *buf) {
    (void)ask;
    int64_t bytes = resident_bytes();
    buf_printf(buf,
               "used_memory:%" PRId64 "\r\nused_memory_human:%.2fM\r\nused_memory_rss:%" PRId64
               "\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n",
               bytes, (double)bytes / (1024.0 * 1024.0), bytes);
}

static void put_stats(struct ask *ask, struct buf *buf) {
    buf_printf(buf,
               "total_connections_received:%" PRIu64 "\r\ntotal_commands_processed:%" PRIu64
               "\r\nwrong_passwords:%" PRIu64 "\r\n",
               ask->incoming->accepted, ask->peek->commands, ask->peek->wrong_passwords);
}

static void put_replication(struct ask *ask, struct buf *buf) {
    (void)ask;
    buf_add_text(buf, "role:master\r\nconnected_slaves:0\r\n");
}

/* How many of them expire would take a walk, so it is not told. */
static void put_keyspace(struct ask *ask, struct buf *buf) {
    for (int db = 0; db < PEEK_DATABASES; db++) {
        size_t rows;
        if (rows_of(ask->peek, db, &rows) == GB_OK && rows > 0) {
            buf_printf(buf, "db%d:keys=%zu,expires=0,avg_ttl=0\r\n", db, rows);
        }
    }
}

static const struct {
    const char *name;
    void (*put)(struct ask *ask, struct buf *buf);
} sections[] = {
    {"Server", put_server}, {"Clients", put_clients},         {"Memory", put_memory},
    {"Stats", put_stats},   {"Replication", put_replication}, {"Keyspace", put_keyspace},
};

static bool is_wanted(const struct ask *ask, const char *section) {
    bool wanted = ask->argc == 1;
    for (size_t i = 1; i < ask->argc; i++) {
        wanted |= peek_arg_is(ask, i, section) || peek_arg_is(ask, i, "all") ||
                  peek_arg_is(ask, i, "default") || peek_arg_is(ask, i, "everything");
    }
    return wanted;
}

void peek_info(struct ask *ask) {
    struct buf buf;
    buf_init(&buf, ask->arena, INFO_BYTES_MAX);
    for (size_t i = 0; i < GB_COUNT(sections); i++) {
        if (is_wanted(ask, sections[i].name)) {
            buf_add_text(&buf, buf.n > 0 ? "\r\n# " : "# ");
            buf_add_text(&buf, sections[i].name);
            buf_add_text(&buf, "\r\n");
            sections[i].put(ask, &buf);
        }
    }
    resp_text(&ask->out, buf_str(&buf));
}
