/* hiddify_status.c: what the panel tells of its machine and of how many are online.
 *
 * Who is online follows from last_online of the users; the machine is what a test makes of it. Of
 * traffic the model has no history: it is all of the last 30 days, as with a panel that is new.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "sandbox/hiddify_inside.h"

#define RAM_TOTAL  3.8242
#define DISK_TOTAL 37.704
#define FIVE_MIN   (5 * GB_MINUTE_MS)

struct str panel_stamp(const struct hiddify_model *model, int64_t wall_ms, char *place) {
    struct civil c = clock_civil(wall_ms, model->zone_offset_min);
    int n = snprintf(place, PANEL_STAMP_BYTES, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month,
                     c.day, c.hour, c.minute, c.second);
    gb_assert(n > 0 && n < PANEL_STAMP_BYTES);
    return str_of(place);
}

struct hiddify_machine *hiddify_machine(struct hiddify_model *model) {
    return &model->machine;
}

/* Users last seen at `from` or later and before `until`; texts of this form sort as time does. */
static int64_t online(const struct panel_call *call, struct str from, struct str until) {
    int64_t count = 0;
    for (size_t i = 0; i < call->model->count; i++) {
        struct str seen = call->model->users[i]->last_online;
        count += str_compare(seen, from) >= 0 && (until.n == 0 || str_compare(seen, until) < 0);
    }
    return count;
}

static struct str midnight(const struct panel_call *call, int64_t days_ago) {
    return arena_printf(call->arena, STR_FMT " 00:00:00",
                        STR_ARG(clock_show_date(call->arena, call->today - days_ago)));
}

static void put_usage(struct buf *buf, const char *key, int64_t seen, int64_t bytes) {
    buf_printf(buf, "\"%s\":{\"online\":%" PRId64 ",\"usage\":%" PRId64 "}", key, seen, bytes);
}

static void put_usage_history(struct panel_call *call, struct buf *buf) {
    int64_t now_ms = call->visit->now.wall_ms, used = 0;
    for (size_t i = 0; i < call->model->count; i++) {
        used += call->model->users[i]->used_bytes;
    }
    char yesterday[PANEL_STAMP_BYTES], just_now[PANEL_STAMP_BYTES];
    struct str day_ago = panel_stamp(call->model, now_ms - GB_DAY_MS, yesterday);
    struct str minutes_ago = panel_stamp(call->model, now_ms - FIVE_MIN, just_now);
    put_usage(buf, "h24", online(call, day_ago, STR_NONE), 0);
    buf_add_char(buf, ',');
    put_usage(buf, "last_30_days", online(call, midnight(call, 30), STR_NONE), used);
    buf_add_char(buf, ',');
    put_usage(buf, "m5", online(call, minutes_ago, STR_NONE), 0);
    buf_add_char(buf, ',');
    put_usage(buf, "today", online(call, midnight(call, 0), STR_NONE), 0);
    buf_printf(buf, ",\"total\":{\"online\":%" PRId64 ",\"usage\":%" PRId64 ",\"users\":%zu},",
               online(call, STR("0001-01-02"), STR_NONE), used, call->model->count);
    put_usage(buf, "yesterday", online(call, midnight(call, 1), midnight(call, 0)), 0);
}

static void put_float(struct buf *buf, const char *key, double value) {
    buf_printf(buf, ",\"%s\":", key);
    hiddify_float(buf, value);
}

static void put_system(const struct hiddify_machine *machine, struct buf *buf) {
    double load = (double)machine->load_hundredths / 100;
    buf_add_text(buf, "\"bytes_recv\":0,\"bytes_recv_cumulative\":0,\"bytes_sent\":0,"
                      "\"bytes_sent_cumulative\":0");
    put_float(buf, "cpu_percent", (double)machine->cpu_percent);
    put_float(buf, "disk_total", DISK_TOTAL);
    put_float(buf, "disk_used", DISK_TOTAL * (double)machine->disk_percent / 100);
    put_float(buf, "hiddify_used", 1.9331);
    put_float(buf, "load_avg_15min", load);
    put_float(buf, "load_avg_1min", load);
    put_float(buf, "load_avg_5min", load);
    put_float(buf, "net_sent_cumulative_GB", 0);
    put_float(buf, "net_total_cumulative_GB", 0);
    buf_add_text(buf, ",\"num_cpus\":2");
    put_float(buf, "ram_total", RAM_TOTAL);
    put_float(buf, "ram_used", RAM_TOTAL * (double)machine->memory_percent / 100);
    buf_add_text(buf, ",\"total_connections\":0,\"total_unique_ips\":0");
}

void panel_server_status(struct panel_call *call) {
    struct buf buf;
    buf_init(&buf, call->arena, 8192);
    buf_add_text(&buf, "{\"stats\":{\"system\":{");
    put_system(&call->model->machine, &buf);
    buf_add_text(&buf, "},\"top5\":{\"cpu\":[],\"memory\":[[\"xray\",0.2]],\"ram\":[[\"xray\",0.2]]"
                       "}},\"usage_history\":{");
    put_usage_history(call, &buf);
    buf_add_text(&buf, "}}");
    panel_answer(call, 200, buf_str(&buf));
}
