/* menu.c: the first screen, help and the language. */
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/steps.h"
#include "shop/users.h"

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
