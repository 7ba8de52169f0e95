/* sandbox.c: the loop of the sandbox: signs in, answers and updates out; births in order, deaths
 * the other way.
 *
 * A turn: serve what came in, answer what was held and is due, sleep until the next of those. The
 * shop is the first to be ended, the world the last.
 */
#define GB_DOOR "standard output"
#include "sandbox/sandbox.h"

#include "base/arena.h"
#include "base/json.h"
#include "io/world.h"
#include "sandbox/bot_process.h"
#include "sandbox/control.h"
#include "sandbox/demo.h"
#include "sandbox/faults.h"
#include "sandbox/free_port.h"
#include "sandbox/shop_files.h"

#include <signal.h>
#include <stdio.h>

#define TURN_BYTES     ((size_t)256 * 1024)
#define TURN_BYTES_MAX ((size_t)512 * 1024 * 1024)
#define BODY_BYTES_MAX ((size_t)51 * 1024 * 1024) /* the largest file a bot may send */
#define PANEL_BUSY_MS  2
#define WEBHOOKS_MAX   100 /* calls at once, as many as setWebhook can ask for */
#define HOST           "127.0.0.1"

enum door { DOOR_CONTROL, DOOR_TELEGRAM, DOOR_PANEL, DOOR_PAY, DOORS };

struct sandbox {
    const struct sandbox_options *options;
    struct arena *arena, *turn;
    struct world *world;
    int ports[DOORS];
    struct shop_files files;
    struct fault_plan faults;
    struct telegram_model *telegram;
    struct hiddify_model *panel;
    struct testpay_model *pay;
    struct control *control;
    struct bot_process bot;
    int hook_port; /* 0: the shop polls */
    bool ending;
};

/* ---- what the control interface asks of the machine */

static enum gb_err op_advance(void *ctx, int64_t ms) {
    struct sandbox *s = ctx;
    shop_files_advance(&s->files, ms);
    return GB_OK;
}

static int64_t op_offset(void *ctx) {
    const struct sandbox *s = ctx;
    return *s->files.offset_ms;
}

static void op_look(void *ctx, struct control_bot *ret_bot) {
    const struct sandbox *s = ctx;
    *ret_bot = (struct control_bot){s->bot.pid, s->bot.alive, s->bot.starts, str_of(s->bot.ended)};
}

static enum gb_err op_start(void *ctx) {
    struct sandbox *s = ctx;
    return s->options->world_only ? GB_REFUSED : bot_process_start(&s->bot);
}

static void op_signal(void *ctx, bool kill) {
    struct sandbox *s = ctx;
    bot_process_signal(&s->bot, kill ? SIGKILL : SIGTERM);
}

static void op_shut_down(void *ctx) {
    struct sandbox *s = ctx;
    s->ending = true;
}

static const struct control_ops ops = {.advance = op_advance,
                                       .offset_ms = op_offset,
                                       .look_at_bot = op_look,
                                       .start_bot = op_start,
                                       .signal_bot = op_signal,
                                       .shut_down = op_shut_down};

/* ---- a turn */

static struct moment now_of(const struct sandbox *s) {
    return (struct moment){s->world->ops->wall_ms(s->world), s->world->ops->mono_ms(s->world)};
}

static void respond(struct sandbox *s, uint64_t ticket, const struct http_response *response) {
    /* Whoever has gone does not hear it; a model never depends on that. */
    (void)(s->world->ops->respond(s->world, ticket, response) == GB_OK);
}

static void serve(struct sandbox *s, const struct sign *sign) {
    struct visit visit = {sign->ticket, sign->request, now_of(s), s->turn};
    struct http_response response = {0};
    enum model_verdict verdict = MODEL_ANSWERS;
    switch ((enum door)sign->door) {
    case DOOR_CONTROL:
        verdict = control_handle(s->control, &visit, &response);
        break;
    case DOOR_TELEGRAM:
        verdict = telegram_handle(s->telegram, &visit, &response);
        break;
    case DOOR_PANEL:
        verdict = hiddify_handle(s->panel, &visit, &response);
        break;
    case DOOR_PAY:
        verdict = testpay_handle(s->pay, &visit, &response);
        break;
    case DOORS:
        return;
    }
    if (verdict == MODEL_ANSWERS) {
        respond(s, sign->ticket, &response);
    }
}

static void bot_has_ended(struct sandbox *s) {
    if (s->options->headless || s->bot.was_told) {
        return;
    }
    printf("\nThe shop has ended (%s). Its log: %s\n", s->bot.ended, s->files.log);
    fflush(stdout);
}

static void signaled(struct sandbox *s, int number) {
    if (number != SIGCHLD) {
        s->ending = true;
    } else if (bot_process_reap(&s->bot)) {
        bot_has_ended(s);
    }
}

/* All that can be answered by now, of all four. */
static void answer_held(struct sandbox *s) {
    struct moment now = now_of(s);
    struct http_response response;
    uint64_t ticket;
    while (telegram_next_answer(s->telegram, now, s->turn, &ticket, &response) ||
           hiddify_next_answer(s->panel, now, s->turn, &ticket, &response) ||
           testpay_next_answer(s->pay, now, s->turn, &ticket, &response) ||
           control_next_answer(s->control, now, s->turn, &ticket, &response)) {
        respond(s, ticket, &response);
    }
}

/* Updates on their way to the shop, where it has asked for that. */
static void bring_updates(struct sandbox *s) {
    struct http_request request;
    uint64_t ticket;
    while (telegram_next_delivery(s->telegram, now_of(s), s->turn, &request, &ticket)) {
        if (s->world->ops->send(s->world, &request, STR("webhook"), ticket) != GB_OK) {
            const struct http_reply none = {.outcome = HTTP_NOT_SENT};
            telegram_delivered(s->telegram, now_of(s), s->turn, ticket, &none);
            return;
        }
    }
}

static int64_t next_ms(const struct sandbox *s) {
    int64_t next = GB_MIN(telegram_next_ms(s->telegram), hiddify_next_ms(s->panel));
    next = GB_MIN(next, testpay_next_ms(s->pay));
    return GB_MIN(next, control_next_ms(s->control, now_of(s)));
}

static void run_turn(struct sandbox *s) {
    const struct sign *signs;
    size_t count;
    s->world->ops->wake_at(s->world, next_ms(s));
    if (s->world->ops->wait(s->world, s->turn, &signs, &count) != GB_OK) {
        s->ending = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (signs[i].kind == SIGN_REQUEST) {
            serve(s, &signs[i]);
        } else if (signs[i].kind == SIGN_REPLY) {
            telegram_delivered(s->telegram, now_of(s), s->turn, signs[i].ticket, signs[i].reply);
        } else {
            signaled(s, signs[i].signal);
        }
    }
    answer_held(s);
    bring_updates(s);
    arena_clear(s->turn);
}

/* ---- birth */

static int fail(const char *what, const char *why) {
    fprintf(stderr, "gigabridge: sandbox: %s: %s\n", what, why);
    return 1;
}

/* The control door where it was asked for; the others on the ports behind it if they are free. */
static int open_doors(struct sandbox *s) {
    for (int door = 0; door < DOORS; door++) {
        const char *why = "";
        int wanted = s->options->port > 0 ? s->options->port + door : 0;
        enum gb_err err = s->world->ops->listen(s->world, HOST, wanted, door, BODY_BYTES_MAX,
                                                &s->ports[door], &why);
        if (err != GB_OK && door != DOOR_CONTROL && wanted != 0) {
            err = s->world->ops->listen(s->world, HOST, 0, door, BODY_BYTES_MAX, &s->ports[door],
                                        &why);
        }
        if (err != GB_OK) {
            struct str what = arena_printf(s->arena, "port %d", wanted);
            return fail(what.p, why);
        }
    }
    return 0;
}

static int open_world(struct sandbox *s) {
    static const int signals[] = {SIGINT, SIGTERM, SIGCHLD};
    const char *why = "";
    if (shop_files_open(s->options->directory, s->arena, &s->files, &why) != GB_OK) {
        return fail("cannot prepare its directory", why);
    }
    struct world_options options = {
        .signals = signals,
        .signal_count = GB_COUNT(signals),
        .connections_max = WEBHOOKS_MAX,
        .clock_file = s->files.clock,
    };
    if (world_open(&options, &s->world, &why) != GB_OK) {
        return fail("cannot start", why);
    }
    return open_doors(s);
}

static struct str url_of(const struct sandbox *s, enum door door) {
    return arena_printf(s->arena, "http://" HOST ":%d", s->ports[door]);
}

static void make_models(struct sandbox *s) {
    uint8_t seed[SHA256_BYTES];
    s->world->ops->chance(s->world, seed, sizeof seed);
    s->telegram = telegram_new(
        &(struct telegram_options){STR(DEMO_TOKEN), STR(DEMO_USERNAME), seed, &s->faults});
    s->panel = hiddify_new(&(struct hiddify_options){.admin_path = STR(DEMO_ADMIN_PATH),
                                                     .client_path = STR(DEMO_CLIENT_PATH),
                                                     .owner = STR(DEMO_OWNER),
                                                     .zone_offset_min = DEMO_PANEL_MIN,
                                                     .busy_ms = PANEL_BUSY_MS,
                                                     .seed = seed,
                                                     .faults = &s->faults,
                                                     .born_ms = now_of(s).wall_ms});
    s->pay = testpay_new(
        &(struct testpay_options){STR(DEMO_PAY_KEY), url_of(s, DOOR_PAY), seed, &s->faults});
    s->control = control_new(&(struct control_options){.telegram = s->telegram,
                                                       .panel = s->panel,
                                                       .pay = s->pay,
                                                       .faults = &s->faults,
                                                       .ops = &ops,
                                                       .ctx = s,
                                                       .base_url = url_of(s, DOOR_CONTROL)});
}

static int open_shop(struct sandbox *s) {
    struct demo_ports ports = {s->ports[DOOR_TELEGRAM], s->ports[DOOR_PANEL], s->ports[DOOR_PAY],
                               0};
    if (s->options->webhook && free_port(s->world, &ports.hook) != GB_OK) {
        return fail("cannot start", "no port is free for the webhook");
    }
    s->hook_port = ports.hook;
    if (shop_files_write_config(&s->files, demo_config(s->arena, &ports, s->files.data)) != GB_OK) {
        return fail(s->files.config, "cannot be written");
    }
    s->bot.program = "/proc/self/exe";
    s->bot.config = s->options->config != NULL ? s->options->config : s->files.config;
    s->bot.clock = s->files.clock;
    s->bot.log = s->files.log;
    if (!s->options->world_only && bot_process_start(&s->bot) != GB_OK) {
        return fail("cannot start the shop", "no process, or no log file");
    }
    return 0;
}

/* ---- what it says */

static void print_ready(const struct sandbox *s) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, s->arena, 64 * 1024);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_str(&out, "control", url_of(s, DOOR_CONTROL));
    json_put_str(&out, "telegram", url_of(s, DOOR_TELEGRAM));
    json_put_str(&out, "panel", url_of(s, DOOR_PANEL));
    json_put_str(&out, "pay", url_of(s, DOOR_PAY));
    if (s->hook_port != 0) {
        json_put_str(&out, "webhook",
                     arena_printf(s->arena, "http://" HOST ":%d/hook", s->hook_port));
    }
    json_put_text(&out, "dir", s->files.directory);
    json_put_text(&out, "config", s->bot.config);
    json_put_text(&out, "clock_file", s->files.clock);
    json_put_i64(&out, "bot_pid", s->bot.pid);
    json_close(&out);
    printf(STR_FMT "\n", STR_ARG(buf_str(&buf)));
    fflush(stdout);
}

static void print_hints(const struct sandbox *s) {
    struct str url = url_of(s, DOOR_CONTROL);
    const char *base = arena_cstr(s->arena, str_sub(url, strlen("http://"), url.n));
    printf("A shop and its world are running; nothing of it leaves this machine.\n\n"
           "  curl -d /start %s/anna         say something as Anna\n"
           "  curl -d 1      %s/anna/press   press button 1\n"
           "  curl -X POST   %s/anna/pay     pay what she was shown\n"
           "  curl           %s/             more of this\n\n"
           "Files: %s    Log of the shop: bot.log there    End: Ctrl-C\n",
           base, base, base, base, s->files.directory);
    fflush(stdout);
}

/* ---- the end */

static void close_all(struct sandbox *s) {
    bool crashed = s->bot.pid != 0 && !s->bot.alive && !s->bot.was_told;
    bot_process_end(&s->bot);
    control_free(s->control);
    telegram_free(s->telegram);
    hiddify_free(s->panel);
    testpay_free(s->pay);
    fault_plan_clear(&s->faults);
    if (s->world != NULL) {
        s->world->ops->close(s->world);
    }
    if (s->files.directory != NULL) {
        shop_files_close(&s->files, crashed); /* its log says why */
    }
    arena_free(s->turn);
}

int sandbox_run(const struct sandbox_options *options, struct arena *arena) {
    struct sandbox *s = ARENA_NEW(arena, struct sandbox);
    s->options = options;
    s->arena = arena;
    s->turn = arena_new(TURN_BYTES, TURN_BYTES_MAX);
    int status = open_world(s);
    if (status == 0) {
        make_models(s);
        status = open_shop(s);
    }
    if (status == 0) {
        if (options->headless) {
            print_ready(s);
        } else {
            print_hints(s);
        }
        while (!s->ending) {
            run_turn(s);
        }
    }
    close_all(s);
    return status;
}
