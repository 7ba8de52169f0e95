#include "bot/routes.h"

#include "bot/bot.h"
#include "bot/post.h"
#include "bot/screen.h"
#include "bot/steps.h"
#include "state/event.h"
#include "state/limits.h"
#include "state/notices.h"
#include "state/work.h"
#include "telegram/update.h"

#define COMMAND(name) .command = (name), .press = -1
#define BUTTON(name)  .press = PRESS_##name
#define ANY_WORDS     .press = -1

/* clang-format off */
const struct route routes[] = {
    /* what happens           who may                 what we do */
    {COMMAND("start"),        .role = ROLE_ANYONE,    .step = menu_open},
    {COMMAND("menu"),         .role = ROLE_ANYONE,    .step = menu_open},
    {COMMAND("buy"),          .role = ROLE_ANYONE,    .step = buy_open},
    {COMMAND("my"),           .role = ROLE_ANYONE,    .step = subs_open},
    {COMMAND("help"),         .role = ROLE_ANYONE,    .step = help_open},
    {COMMAND("language"),     .role = ROLE_ANYONE,    .step = language_open},
    {COMMAND("reminders"),    .role = ROLE_ANYONE,    .step = reminders_open},
    {COMMAND("admin"),        .role = ROLE_ADMIN,     .step = admin_open},

    {BUTTON(MENU),            .role = ROLE_ANYONE,    .step = menu_open},
    {BUTTON(HELP),            .role = ROLE_ANYONE,    .step = help_open},
    {BUTTON(LANGUAGE),        .role = ROLE_ANYONE,    .step = language_open},
    {BUTTON(SET_LANGUAGE),    .role = ROLE_ANYONE,    .step = language_set},

    {BUTTON(REMINDERS),       .role = ROLE_ANYONE,    .step = reminders_open},
    {BUTTON(MUTE),            .role = ROLE_ANYONE,    .step = reminders_mute},
    {BUTTON(ZONE),            .role = ROLE_ANYONE,    .step = reminders_zone},

    {BUTTON(BUY),             .role = ROLE_ANYONE,    .step = buy_open},
    {BUTTON(LOCATION),        .role = ROLE_ANYONE,    .step = buy_location},
    {BUTTON(TARIFF),          .role = ROLE_ANYONE,    .step = buy_tariff},
    {BUTTON(WAY),             .role = ROLE_ANYONE,    .step = buy_way},
    {BUTTON(CHECK),           .role = ROLE_ANYONE,    .step = invoice_check},
    {BUTTON(CANCEL),          .role = ROLE_ANYONE,    .step = invoice_cancel},
    {BUTTON(LEAVE),           .role = ROLE_ANYONE,    .step = invoice_leave},

    {BUTTON(SUBS),            .role = ROLE_ANYONE,    .step = subs_open},
    {BUTTON(SUB),             .role = ROLE_ANYONE,    .step = subs_one},
    {BUTTON(SUB_QR),          .role = ROLE_ANYONE,    .step = subs_qr},

    {BUTTON(ADMIN),           .role = ROLE_ADMIN,     .step = admin_open},
    {BUTTON(JOBS),            .role = ROLE_ADMIN,     .step = jobs_open},
    {BUTTON(JOB),             .role = ROLE_ADMIN,     .step = job_open},
    {BUTTON(JOB_RUN),         .role = ROLE_ADMIN,     .step = job_run_press},
    {BUTTON(JOB_PAUSE),       .role = ROLE_ADMIN,     .step = job_pause_press},

    /* No screen asks for words yet, so that any of them mean: where are the buttons? */
    {ANY_WORDS,               .role = ROLE_ANYONE,    .step = menu_hint},
};
/* clang-format on */
const size_t route_count = GB_COUNT(routes);

/* The commands worth showing behind the "/" button. */
static const struct {
    const char *command;
    enum text about;
} shown_commands[] = {
    {"menu", TEXT_COMMAND_MENU},
    {"buy", TEXT_COMMAND_BUY},
    {"my", TEXT_COMMAND_SUBS},
    {"help", TEXT_COMMAND_HELP},
};

static void commands_show(struct work *work, struct str language, bool english) {
    struct voice voice = voice_of(work, english);
    struct str commands[GB_COUNT(shown_commands)][2];
    for (size_t i = 0; i < GB_COUNT(shown_commands); i++) {
        commands[i][0] = str_of(shown_commands[i].command);
        commands[i][1] = say(&voice, shown_commands[i].about);
    }
    const struct str(*list)[2] = (const struct str(*)[2])commands;
    post_commands(work, language, list, GB_COUNT(shown_commands));
}

void bot_commands(struct work *work) {
    commands_show(work, STR_NONE, work->config->shop.language == LANGUAGE_EN);
    commands_show(work, STR("ru"), false);
    commands_show(work, STR("en"), true);
}

static bool may(const struct route *route, bool admin) {
    return route->role == ROLE_ANYONE || admin;
}

const struct route *route_of_words(struct str command, bool admin) {
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];
        bool named = route->command != NULL && str_is(command, route->command);
        bool any = route->command == NULL && route->press < 0;
        if ((named || any) && may(route, admin)) {
            return route;
        }
    }
    return NULL;
}

const struct route *route_of_press(enum press press, bool admin) {
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].press == (int)press && may(&routes[i], admin)) {
            return &routes[i];
        }
    }
    return NULL;
}

static enum gb_err meet(struct talk *talk) {
    const struct update_person *from = &talk->update->from;
    enum gb_err err = user_meet(talk->work,
                                &(struct user_hello){
                                    .id = from->id,
                                    .name = from->first_name,
                                    .username = from->username,
                                    .language_tag = from->language,
                                },
                                &talk->user);
    if (err == GB_OK) {
        talk->voice = voice_of(talk->work, talk->user.english);
    }
    return err;
}

/* To who is too fast: in the press's own bubble, or as a message. */
static void tell_off(struct talk *talk, struct str words) {
    const struct update *update = talk->update;
    if (update->kind == UPDATE_CALLBACK) {
        post_answer(talk->work, update->query_id, words);
        return;
    }
    struct screen *screen = screen_new(&talk->voice, 0);
    screen->html = words;
    post_screen(talk->work, talk->user.id, 0, screen, POST_SCREEN);
}

/* Messages and presses have their limits; money, and what Telegram asks, has none. */
static enum gb_err hear(struct talk *talk, bool *ret_heard) {
    struct work *work = talk->work;
    const struct update *update = talk->update;
    enum limit_kind kind = LIMIT_MESSAGES;
    if (update->kind == UPDATE_CALLBACK) {
        kind = LIMIT_PRESSES;
    } else if (update->kind != UPDATE_MESSAGE || update->has_payment) {
        *ret_heard = true;
        return GB_OK;
    }
    enum patience patience = PATIENCE_HEARD;
    int64_t pause_ms = 0;
    enum gb_err err = limit_hear(work, kind, talk->user.id, user_is_admin(work, talk->user.id),
                                 &patience, &pause_ms);
    *ret_heard = patience == PATIENCE_HEARD;
    if (err == GB_OK && patience == PATIENCE_WARNED) {
        tell_off(talk, say(&talk->voice, TEXT_TOO_FAST));
    } else if (err == GB_OK && patience == PATIENCE_MUTED) {
        tell_off(talk,
                 SAY(&talk->voice, TEXT_MUTED, {PARAM_LEFT, say_minutes(&talk->voice, pause_ms)}));
        notice_add(work, &(struct notice){
                             .kind = NOTICE_FLOOD,
                             .user = talk->user.id,
                             .extra = arena_printf(work->arena, "%" PRId64, pause_ms),
                         });
    }
    return err;
}

static enum gb_err on_message(struct talk *talk) {
    if (talk->update->has_payment) {
        return invoice_paid(talk);
    }
    bool admin = user_is_admin(talk->work, talk->user.id);
    const struct route *route = route_of_words(talk->update->command, admin);
    gb_assert(route != NULL); /* the table ends with any words */
    return route->step(talk);
}

static enum gb_err on_press(struct talk *talk) {
    const struct route *route = NULL;
    if (callback_read(talk->update->data, &talk->press) == GB_OK) {
        route = route_of_press(talk->press.press, user_is_admin(talk->work, talk->user.id));
    }
    enum gb_err err;
    if (route == NULL) {
        talk_toast(talk, TEXT_TOAST_OLD);
        err = menu_open(talk);
    } else {
        err = route->step(talk);
    }
    if (err == GB_OK) {
        post_answer(talk->work, talk->update->query_id, talk->toast);
    }
    return err;
}

/* Blocked or unblocked. Somebody never met has nothing to be told. */
static enum gb_err on_membership(struct work *work, const struct update *update) {
    enum gb_err err = user_set_reachable(work, update->from.id, update->reachable);
    return err == GB_NOT_FOUND ? GB_OK : err;
}

enum gb_err bot_update(struct work *work, const struct event *event) {
    const struct update *update = event->update;
    /* Pre-checkout queries come without a chat; all else counts only between us two. */
    bool between_us = update->kind == UPDATE_PRE_CHECKOUT || str_is(update->chat_type, "private");
    if (update->kind == UPDATE_UNKNOWN || !between_us || update->from.is_bot) {
        return GB_OK;
    }
    if (update->kind == UPDATE_MEMBERSHIP) {
        return on_membership(work, update);
    }
    struct talk talk = {.work = work, .update = update};
    bool heard = false;
    enum gb_err err = meet(&talk);
    if (err == GB_OK) {
        err = hear(&talk, &heard);
    }
    if (err != GB_OK || !heard) {
        return err;
    }
    switch (update->kind) {
    case UPDATE_MESSAGE:
        return on_message(&talk);
    case UPDATE_CALLBACK:
        return on_press(&talk);
    case UPDATE_PRE_CHECKOUT:
        return invoice_pre_checkout(&talk);
    case UPDATE_MEMBERSHIP:
    case UPDATE_UNKNOWN:
        break;
    }
    return GB_OK;
}
