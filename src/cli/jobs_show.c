#include "cli/jobs_show.h"

#include "base/arena.h"
#include "base/json.h"

#define TEXT_MAX  ((size_t)16 << 20)
#define COLUMNS   6
#define CELL_MAX  48 /* code points */
#define NO_NUMBER INT64_MIN

struct table {
    struct arena *arena;
    size_t rows, room;
    struct str (*cells)[COLUMNS];
};

static void table_init(struct table *table, struct arena *arena, size_t rows) {
    *table = (struct table){.arena = arena, .room = rows};
    table->cells = arena_array(arena, sizeof *table->cells, rows);
}

static struct str *table_row(struct table *table) {
    gb_assert(table->rows < table->room);
    return table->cells[table->rows++];
}

static void table_head(struct table *table, const char *const names[COLUMNS]) {
    struct str *row = table_row(table);
    for (size_t c = 0; c < COLUMNS; c++) {
        row[c] = str_of(names[c]);
    }
}

/* Columns as wide as their widest cell; nothing behind the last one. */
static void table_put(const struct table *table, struct buf *text) {
    size_t widths[COLUMNS] = {0};
    for (size_t r = 0; r < table->rows; r++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            widths[c] = GB_MAX(widths[c], utf8_length(table->cells[r][c]));
        }
    }
    for (size_t r = 0; r < table->rows; r++) {
        size_t owed = 0;
        for (size_t c = 0; c < COLUMNS; c++) {
            struct str cell = table->cells[r][c];
            if (cell.n > 0) {
                buf_printf(text, "%*s" STR_FMT, (int)owed, "", STR_ARG(cell));
                owed = 0;
            }
            owed += widths[c] - utf8_length(cell) + 2;
        }
        buf_add_char(text, '\n');
    }
}

/* What was stored once must not steer a terminal. */
static struct str plain(struct arena *arena, struct str text) {
    struct buf out;
    buf_init(&out, arena, TEXT_MAX);
    text = utf8_cut(utf8_is_valid(text) ? text : STR("?"), 10 * CELL_MAX);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_c1 = c == 0xc2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xa0;
        buf_add_char(&out, c < 0x20 || c == 0x7f || is_c1 ? '?' : text.p[i]);
        i += is_c1;
    }
    return buf_str(&out);
}

static struct str text_at(struct arena *arena, const struct json *value, const char *path) {
    return plain(arena, json_str_or(value, path, STR_NONE));
}

/* "340 ms", "1.2 s", "12 s", "12 min", "5 h", "3 d" */
static struct str about(struct arena *arena, int64_t ms) {
    static const struct {
        int64_t below_ms, unit_ms;
        const char *name;
    } units[] = {{GB_SECOND_MS, 1, "ms"},
                 {2 * GB_MINUTE_MS, GB_SECOND_MS, "s"},
                 {2 * GB_HOUR_MS, GB_MINUTE_MS, "min"},
                 {2 * GB_DAY_MS, GB_HOUR_MS, "h"},
                 {INT64_MAX, GB_DAY_MS, "d"}};
    size_t i = 0;
    while (ms >= units[i].below_ms && i + 1 < GB_COUNT(units)) {
        i++;
    }
    if (units[i].unit_ms == GB_SECOND_MS && ms < 10 * GB_SECOND_MS) {
        return arena_printf(arena, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms % 1000 / 100);
    }
    return arena_printf(arena, "%" PRId64 " %s", ms / units[i].unit_ms, units[i].name);
}

/* "2026-12-01 09:00" of "2026-12-01T09:00:00+03:00", and how far away that is. */
static struct str instant(struct arena *arena, const struct json *answer, const struct json *value,
                          const char *key) {
    struct str text = text_at(arena, value, key);
    const char *key_ms = arena_cstr(arena, arena_printf(arena, "%s_ms", key));
    int64_t at_ms = json_i64_or(value, key_ms, NO_NUMBER),
            now_ms = json_i64_or(answer, "now_ms", 0);
    if (text.n < STR("2026-12-01T09:00").n || at_ms == NO_NUMBER) {
        return STR("-");
    }
    struct str day = str_sub(text, 0, 10), minute = str_sub(text, 11, 5);
    int64_t away_ms = at_ms - now_ms;
    bool is_past = away_ms < 0;
    struct str away = about(arena, is_past ? -away_ms : away_ms);
    return away_ms == 0
               ? arena_printf(arena, STR_FMT " " STR_FMT " (now)", STR_ARG(day), STR_ARG(minute))
               : arena_printf(arena, STR_FMT " " STR_FMT " (%s" STR_FMT "%s)", STR_ARG(day),
                              STR_ARG(minute), is_past ? "" : "in ", STR_ARG(away),
                              is_past ? " ago" : "");
}

/* "done, 3 items in 1.2 s" */
static struct str result(struct arena *arena, const struct json *run) {
    if (run == NULL) {
        return STR("-");
    }
    struct buf text;
    buf_init(&text, arena, TEXT_MAX);
    struct str state = text_at(arena, run, "state"), why = text_at(arena, run, "why");
    int64_t items = json_i64_or(run, "items", 0);
    int64_t took_ms = json_i64_or(run, "duration_ms", NO_NUMBER);
    buf_add(&text, state);
    if (str_is(state, "missed")) {
        buf_printf(&text, " %" PRId64 " times", json_i64_or(run, "missed", 1));
        return buf_str(&text);
    }
    buf_printf(&text, ", %" PRId64 " item%s", items, items == 1 ? "" : "s");
    if (took_ms != NO_NUMBER) {
        buf_printf(&text, " in " STR_FMT, STR_ARG(about(arena, took_ms)));
    }
    if (why.n > 0) {
        buf_printf(&text, ": " STR_FMT, STR_ARG(why));
    }
    return buf_str(&text);
}

static struct str state_of(struct arena *arena, const struct json *job) {
    struct str state = text_at(arena, job, "state");
    int64_t running = json_i64_or(job, "running", 0);
    bool says_so = str_is(state, "running") && running == 1;
    return running == 0 || says_so
               ? state
               : arena_printf(arena, STR_FMT ", %" PRId64 " running", STR_ARG(state), running);
}

/* ---- what an answer can have in it ---- */

static void show_jobs(struct buf *text, const struct json *answer) {
    struct arena *arena = text->arena;
    const struct json *jobs = json_at(answer, "jobs"), *lanes = json_at(answer, "lanes");
    struct table table;
    struct str last_id = STR_NONE;
    if (json_size(jobs) == 0) {
        buf_add_text(text, "there are no jobs\n");
        return;
    }
    table_init(&table, arena, json_size(jobs) + json_size(lanes) + 1);
    table_head(&table,
               (const char *const[COLUMNS]){"JOB", "WHEN", "NEXT RUN", "STATE", "LAST RUN"});
    for (const struct json *job = json_first(jobs); job != NULL; job = json_next(job)) {
        struct str *row = table_row(&table);
        last_id = row[0] = text_at(arena, job, "id");
        row[1] = utf8_cut(text_at(arena, job, "trigger.text"), CELL_MAX);
        row[2] = instant(arena, answer, job, "next");
        row[3] = state_of(arena, job);
        row[4] = utf8_cut(result(arena, json_at(job, "last")), CELL_MAX);
    }
    for (const struct json *lane = json_first(lanes); lane != NULL; lane = json_next(lane)) {
        struct str *row = table_row(&table);
        row[0] = text_at(arena, lane, "id");
        row[1] = STR("each at its own time");
        row[2] = instant(arena, answer, lane, "next");
        row[3] = arena_printf(arena, "%" PRId64 " waiting", json_i64_or(lane, "waiting", 0));
        row[4] = STR("-");
    }
    table_put(&table, text);
    if (json_bool_or(answer, "more", false)) {
        buf_printf(text, "there are more: gigabridge jobs list --after " STR_FMT "\n",
                   STR_ARG(last_id));
    }
}

static void show_runs(struct buf *text, const struct json *answer) {
    struct arena *arena = text->arena;
    const struct json *runs = json_at(answer, "runs");
    struct table table;
    if (json_size(runs) == 0) {
        buf_add_text(text, "it has not run yet\n");
        return;
    }
    table_init(&table, arena, json_size(runs) + 1);
    table_head(&table, (const char *const[COLUMNS]){"RUN", "SCHEDULED", "BY", "RESULT"});
    for (const struct json *run = json_first(runs); run != NULL; run = json_next(run)) {
        struct str *row = table_row(&table);
        row[0] = arena_printf(arena, "%" PRId64, json_i64_or(run, "number", 0));
        row[1] = instant(arena, answer, run, "scheduled");
        row[2] = json_bool_or(run, "by_hand", false) ? STR("hand") : STR("clock");
        row[3] = result(arena, run);
    }
    table_put(&table, text);
    if (json_bool_or(answer, "more", false)) {
        buf_add_text(text, "there are more: --limit N\n");
    }
}

/* A line for each of its fields, as they are called in JSON. */
static void show_job(struct buf *text, const struct json *answer) {
    struct arena *arena = text->arena;
    const struct json *job = json_at(answer, "job");
    struct table table;
    table_init(&table, arena, json_size(job) + 1);
    for (const struct json *field = json_first(job); field != NULL; field = json_next(field)) {
        struct str name = json_name(field), value;
        if (str_is(name, "next_ms")) { /* said by "next" */
            continue;
        }
        struct str *row = table_row(&table);
        row[0] = plain(arena, name);
        row[1] = str_is(name, "state")         ? state_of(arena, job)
                 : str_is(name, "next")        ? instant(arena, answer, job, "next")
                 : str_is(name, "trigger")     ? text_at(arena, field, "text")
                 : str_is(name, "last")        ? result(arena, json_at(job, "last"))
                 : json_str(field, "", &value) ? plain(arena, value)
                                               : plain(arena, json_text(arena, field));
    }
    table_put(&table, text);
}

struct str jobs_show(struct arena *arena, const struct json *answer) {
    struct buf text;
    buf_init(&text, arena, TEXT_MAX);
    if (json_at(answer, "jobs") != NULL) {
        show_jobs(&text, answer);
    }
    if (json_at(answer, "job") != NULL) {
        show_job(&text, answer);
    }
    if (json_at(answer, "runs") != NULL) {
        if (text.n > 0) {
            buf_add_char(&text, '\n');
        }
        show_runs(&text, answer);
    }
    return buf_str(&text);
}
