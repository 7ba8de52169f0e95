/* control_api.c: everything else below /api: clock, panel, payments, faults, figures, the shop.
 *
 * One table of routes; docs/sandbox.md is their contract.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "sandbox/control_inside.h"
#include "sandbox/faults.h"

#define ADVANCE_MS_MAX (INT64_C(3660) * GB_DAY_MS)
#define LOAD_MAX       100000
#define BOT_END_MS_MAX (10 * GB_SECOND_MS)

static const struct str OK_BODY = STR_INIT("{\"ok\":true}");

struct str control_body_text(const struct control_call *call, const char *name) {
    return json_str_or(call->body, name, STR_NONE);
}

int64_t control_body_number(const struct control_call *call, const char *name, int64_t fallback) {
    return json_i64_or(call->body, name, fallback);
}

/* ---- the world */

static void raw_update(struct control_call *call) {
    int64_t update_id = 0;
    if (telegram_raw_update(call->control->is.telegram, &call->visit->now, call->arena,
                            call->visit->request->body, &update_id) != GB_OK) {
        control_refuse(call, 400, "the body is no object");
        return;
    }
    control_say(call, 200,
                arena_printf(call->arena, "{\"ok\":true,\"update_id\":%" PRId64 "}", update_id));
}

static void show_clock(struct control_call *call, int64_t ahead_ms) {
    int64_t now_ms = call->visit->now.wall_ms + ahead_ms;
    control_say(call, 200,
                arena_printf(call->arena,
                             "{\"offset_ms\":%" PRId64 ",\"now_ms\":%" PRId64 ",\"now\":\"" STR_FMT
                             "\"}",
                             call->control->is.ops->offset_ms(call->control->is.ctx), now_ms,
                             STR_ARG(clock_show_utc(call->arena, now_ms))));
}

static void get_clock(struct control_call *call) {
    show_clock(call, 0);
}

static void set_clock(struct control_call *call) {
    int64_t ms = control_body_number(call, "advance_ms", -1);
    if (ms < 0 || ms > ADVANCE_MS_MAX) {
        control_refuse(call, 400, "\"advance_ms\" is missing, negative or above ten years");
    } else if (call->control->is.ops->advance(call->control->is.ctx, ms) != GB_OK) {
        control_refuse(call, 500, "the clock file cannot be written");
    } else {
        telegram_wake_poll(call->control->is.telegram);
        show_clock(call, ms);
    }
}

static void get_panel(struct control_call *call) {
    control_say(
        call, 200,
        arena_printf(call->arena, "{\"mode\":\"%s\"}", hiddify_mode_word(call->control->is.panel)));
}

static void set_panel(struct control_call *call) {
    enum hiddify_mode mode;
    if (hiddify_find_mode(control_body_text(call, "mode"), &mode) != GB_OK) {
        control_refuse(call, 400, "\"mode\" is one of up, refuse, 503, decoy, hang");
        return;
    }
    hiddify_set_mode(call->control->is.panel, mode);
    get_panel(call);
}

static void panel_users(struct control_call *call) {
    struct str list = hiddify_list(call->control->is.panel, &call->visit->now, call->arena);
    control_say(call, 200, arena_printf(call->arena, "{\"users\":" STR_FMT "}", STR_ARG(list)));
}

static void panel_use(struct control_call *call) {
    if (hiddify_use(call->control->is.panel, &call->visit->now, control_body_text(call, "uuid"),
                    control_body_number(call, "bytes", 0)) != GB_OK) {
        control_refuse(call, 404, "there is no such user on the panel");
        return;
    }
    control_say(call, 200, OK_BODY);
}

static void edit_user(struct control_call *call) {
    struct str user, faults;
    struct str uuid = call->part_count > 3 ? call->parts[3] : STR_NONE;
    enum gb_err err = hiddify_edit(call->control->is.panel, &call->visit->now, call->arena, uuid,
                                   call->body, &user, &faults);
    if (err == GB_OK) {
        control_say(call, 200,
                    arena_printf(call->arena, "{\"ok\":true,\"user\":" STR_FMT "}", STR_ARG(user)));
    } else if (err == GB_INVALID) {
        control_refuse(call, 400, arena_cstr(call->arena, faults));
    } else if (err == GB_NOT_FOUND) {
        control_refuse(call, 404, "there is no such user on the panel");
    } else {
        control_refuse(call, 409, err == GB_EXISTS ? "the uuid is taken" : "the panel is full");
    }
}

static void remove_user(struct control_call *call) {
    if (hiddify_remove(call->control->is.panel, call->parts[3]) != GB_OK) {
        control_refuse(call, 404, "there is no such user on the panel");
        return;
    }
    control_say(call, 200, OK_BODY);
}

static void set_machine(struct control_call *call) {
    struct hiddify_machine *machine = hiddify_machine(call->control->is.panel);
    int64_t cpu = control_body_number(call, "cpu_percent", machine->cpu_percent);
    int64_t memory = control_body_number(call, "memory_percent", machine->memory_percent);
    int64_t disk = control_body_number(call, "disk_percent", machine->disk_percent);
    int64_t load = control_body_number(call, "load_hundredths", machine->load_hundredths);
    if (GB_MIN(GB_MIN(cpu, memory), GB_MIN(disk, load)) < 0 ||
        GB_MAX(GB_MAX(cpu, memory), disk) > 100 || load > LOAD_MAX) {
        control_refuse(call, 400, "a percentage is not from 0 to 100, or a load not from 0");
        return;
    }
    *machine = (struct hiddify_machine){cpu, memory, disk, load};
    control_say(call, 200, OK_BODY);
}

static void list_payments(struct control_call *call) {
    struct str list = testpay_list(call->control->is.pay, call->visit->now, call->arena);
    control_say(call, 200, arena_printf(call->arena, "{\"payments\":" STR_FMT "}", STR_ARG(list)));
}

static void move_payment(struct control_call *call) {
    enum testpay_status status;
    enum gb_err err = GB_INVALID;
    if (testpay_find_status(control_body_text(call, "status"), &status) == GB_OK) {
        err = testpay_move(call->control->is.pay, call->parts[2], status,
                           control_body_number(call, "paid_minor", -1));
    }
    if (err == GB_INVALID) {
        control_refuse(call, 400, "\"status\" is one of pending, paid, canceled, expired");
    } else if (err != GB_OK) {
        control_refuse(call, err == GB_NOT_FOUND ? 404 : 409,
                       err == GB_NOT_FOUND ? "there is no such payment" : "this is paid already");
    } else {
        control_say(call, 200, OK_BODY);
    }
}

static bool find_where(struct str word, enum fault_where *ret_where) {
    static const char *const words[] = {
        [FAULT_TELEGRAM] = "telegram", [FAULT_PANEL] = "panel", [FAULT_PAY] = "pay"};
    for (size_t i = 0; i < GB_COUNT(words); i++) {
        if (str_is(word, words[i])) {
            *ret_where = (enum fault_where)i;
            return true;
        }
    }
    return false;
}

static void plan_fault(struct control_call *call) {
    struct fault fault = {.method = control_body_text(call, "method"),
                          .count = control_body_number(call, "count", 1),
                          .skip = control_body_number(call, "skip", 0),
                          .retry_after_s = control_body_number(call, "retry_after", 1),
                          .delay_ms = control_body_number(call, "delay_ms", 1000),
                          .text = control_body_text(call, "text")};
    if (!find_where(control_body_text(call, "where"), &fault.where)) {
        control_refuse(call, 400, "\"where\" is one of telegram, panel, pay");
    } else if (fault_find(control_body_text(call, "what"), &fault.what) != GB_OK) {
        control_refuse(call, 400, "\"what\" is no kind of fault");
    } else if (fault.count < 1 || fault.skip < 0 || fault.delay_ms < 0) {
        control_refuse(call, 400, "\"count\", \"skip\" and \"delay_ms\" are not negative");
    } else if (fault_plan_add(call->control->is.faults, &fault) != GB_OK) {
        control_refuse(call, 409, "too many faults are planned");
    } else {
        control_say(call, 200, OK_BODY);
    }
}

static void clear_faults(struct control_call *call) {
    fault_plan_clear(call->control->is.faults);
    telegram_release(call->control->is.telegram);
    hiddify_release(call->control->is.panel);
    testpay_release(call->control->is.pay);
    control_say(call, 200, OK_BODY);
}

static void show_stats(struct control_call *call) {
    const struct control_options *is = &call->control->is;
    struct buf buf;
    struct json_out out;
    buf_init(&buf, call->arena, 4 << 20);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_open_object(&out, "telegram");
    telegram_write_stats(is->telegram, &out);
    json_close(&out);
    json_open_object(&out, "panel");
    hiddify_write_stats(is->panel, &out);
    json_close(&out);
    json_open_object(&out, "pay");
    testpay_write_stats(is->pay, &out);
    json_close(&out);
    json_put_i64(&out, "faults_planned", (int64_t)is->faults->count);
    json_put_raw(&out, "bot", control_bot_json(call->control, call->arena));
    json_close(&out);
    control_say(call, 200, buf_str(&buf));
}

/* ---- the shop's process */

struct str control_bot_json(struct control *control, struct arena *arena) {
    struct control_bot bot = {0};
    control->is.ops->look_at_bot(control->is.ctx, &bot);
    return arena_printf(arena,
                        "{\"pid\":%" PRId64 ",\"alive\":%s,\"starts\":%" PRId64
                        ",\"ended\":\"" STR_FMT "\"}",
                        bot.pid, bot.alive ? "true" : "false", bot.starts, STR_ARG(bot.ended));
}

static void show_bot(struct control_call *call) {
    control_say(call, 200, control_bot_json(call->control, call->arena));
}

static enum model_verdict end_bot(struct control_call *call, bool kill) {
    call->control->is.ops->signal_bot(call->control->is.ctx, kill);
    return control_wait(call, WAIT_BOT_END, NULL, BOT_END_MS_MAX) != NULL ? MODEL_HOLDS
                                                                          : MODEL_ANSWERS;
}

static void start_bot(struct control_call *call) {
    enum gb_err err = call->control->is.ops->start_bot(call->control->is.ctx);
    if (err == GB_OK) {
        show_bot(call);
    } else if (err == GB_EXISTS) {
        control_refuse(call, 409, "the shop is running");
    } else if (err == GB_REFUSED) {
        control_refuse(call, 409, "this sandbox is the world only");
    } else {
        control_refuse(call, 500, "the shop cannot be started");
    }
}

static void shut_down(struct control_call *call) {
    call->control->is.ops->shut_down(call->control->is.ctx);
    control_say(call, 200, OK_BODY);
}

/* ---- routes */

static const struct {
    enum http_method method;
    const char *path; /* behind /api; "*": any segment */
    void (*run)(struct control_call *call);
} routes[] = {
    {HTTP_POST, "update", raw_update},
    {HTTP_GET, "clock", get_clock},
    {HTTP_POST, "clock", set_clock},
    {HTTP_GET, "panel", get_panel},
    {HTTP_POST, "panel", set_panel},
    {HTTP_GET, "panel/users", panel_users},
    {HTTP_POST, "panel/users", edit_user},
    {HTTP_POST, "panel/users/*", edit_user},
    {HTTP_DELETE, "panel/users/*", remove_user},
    {HTTP_POST, "panel/use", panel_use},
    {HTTP_POST, "panel/machine", set_machine},
    {HTTP_GET, "payments", list_payments},
    {HTTP_POST, "payments/*", move_payment},
    {HTTP_POST, "faults", plan_fault},
    {HTTP_DELETE, "faults", clear_faults},
    {HTTP_GET, "stats", show_stats},
    {HTTP_GET, "bot", show_bot},
    {HTTP_POST, "bot/start", start_bot},
    {HTTP_POST, "shutdown", shut_down},
};

static bool path_fits(const struct control_call *call, const char *path) {
    struct str rest = str_of(path), piece;
    size_t at = 1;
    while (str_split(&rest, '/', &piece)) {
        if (at >= call->part_count || (!str_is(piece, "*") && !str_equal(piece, call->parts[at]))) {
            return false;
        }
        at++;
    }
    return at == call->part_count;
}

/* /api/update takes any bytes; all others an object or nothing. */
static bool read_body(struct control_call *call) {
    struct str body = str_trim(call->visit->request->body);
    if (body.n == 0 || path_fits(call, "update")) {
        return true;
    }
    if (json_parse(call->arena, body, &call->body, NULL) != GB_OK || !json_is_object(call->body)) {
        control_refuse(call, 400, "the body is no JSON object");
        return false;
    }
    return true;
}

enum model_verdict control_api(struct control_call *call) {
    enum http_method method = call->visit->request->method;
    if (!read_body(call)) {
        return MODEL_ANSWERS;
    }
    if (call->part_count >= 4 && str_is(call->parts[1], "user")) {
        return control_person(call);
    }
    if (method == HTTP_POST && (path_fits(call, "bot/kill") || path_fits(call, "bot/stop"))) {
        return end_bot(call, path_fits(call, "bot/kill"));
    }
    for (size_t i = 0; i < GB_COUNT(routes); i++) {
        if (routes[i].method == method && path_fits(call, routes[i].path)) {
            routes[i].run(call);
            return MODEL_ANSWERS;
        }
    }
    control_refuse(call, 404, "no such path");
    return MODEL_ANSWERS;
}
