/* menu.c: the first screen, help, the language, reminders. */
#include "base/num.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/steps.h"
#include "shop/due.h"
#include "shop/users.h"

#define ZONE_MIN_MAX (14 * 60)

enum gb_err menu_open(struct talk *talk) {
    talk_show(talk, PLACE_MENU, STR_NONE, screen_menu(&talk->voice));
    return GB_OK;
}

enum gb_err menu_hint(struct talk *talk) {
    talk_show(talk, PLACE_MENU, STR_NONE, screen_hint(&talk->voice));
    return GB_OK;
}

enum gb_err help_open(struct talk *talk) {
    talk_show(talk, PLACE_HELP, STR_NONE, screen_help(&talk->voice));
    return GB_OK;
}

enum gb_err language_open(struct talk *talk) {
    talk_show(talk, PLACE_LANGUAGE, STR_NONE, screen_language(&talk->voice));
    return GB_OK;
}

enum gb_err language_set(struct talk *talk) {
    bool english = str_is(talk->press.args[0], "en");
    if (!english && !str_is(talk->press.args[0], "ru")) {
        return language_open(talk);
    }
    enum language language = english ? LANGUAGE_EN : LANGUAGE_RU;
    enum gb_err err = user_set_language(talk->work, talk->user.id, language);
    if (err != GB_OK) {
        return err;
    }
    talk->voice.language = language;
    talk_toast(talk, TEXT_TOAST_LANGUAGE);
    return menu_open(talk);
}

/* ---- reminders */

enum gb_err reminders_open(struct talk *talk) {
    talk_show(talk, PLACE_REMINDERS, STR_NONE, screen_reminders(&talk->voice, &talk->user));
    return GB_OK;
}

enum gb_err reminders_mute(struct talk *talk) {
    talk->user.muted = str_is(talk->press.args[0], "1");
    enum gb_err err = user_set_muted(talk->work, talk->user.id, talk->user.muted);
    return err == GB_OK ? reminders_open(talk) : err;
}

enum gb_err reminders_zone(struct talk *talk) {
    int64_t min = 0;
    bool is_own = num_i64(talk->press.args[0], -ZONE_MIN_MAX, ZONE_MIN_MAX, &min) == GB_OK;
    talk->user.has_zone = is_own;
    talk->user.zone_min = is_own ? min : 0;
    enum gb_err err =
        user_set_zone(talk->work, talk->user.id, talk->user.has_zone, talk->user.zone_min);
    if (err == GB_OK) {
        err = due_plan_user(talk->work, talk->user.id);
    }
    return err == GB_OK ? reminders_open(talk) : err;
}
