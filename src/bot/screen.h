/* screen.h: one message as a value: text, buttons, perhaps a picture.
 *
 * Screens are made by pure functions (screens.h) and sent by post.h.
 */
#ifndef BOT_SCREEN_H
#define BOT_SCREEN_H

#include "base/base.h"
#include "bot/callbacks.h"
#include "bot/dialogs.h"
#include "bot/texts.h"
#include "telegram/calls.h"

struct voice;

/* Where a button leads: TO(PRESS_MENU), TO(PRESS_SUB, .args = {id}). */
#define TO(...) ((struct callback){.press = __VA_ARGS__})

#define SCREEN_BUTTONS_MAX 72 /* 64 things for sale and the way back; Telegram takes 100 */

struct screen {
    const struct voice *voice;
    struct str html;
    struct str png; /* empty: none */
    bool silent;    /* arrives without a sound */
    /* What it says is wrong from this instant on: not to be sent any more; 0: as its kind. */
    int64_t until_ms;
    struct tg_button *buttons;
    unsigned *row_ends;
    size_t button_count, row_count, button_max;
};

/* Empty, with room for so many buttons, in the voice's arena. */
struct screen *screen_new(const struct voice *voice, size_t button_max);
/* A button that leads to a press. Dropped when its data does not fit (ids of over 20 letters). */
void screen_button(struct screen *screen, struct str text, struct callback callback);
/* The same in a row of its own. */
void screen_line(struct screen *screen, struct str text, struct callback callback);
void screen_link(struct screen *screen, struct str text, struct str url);
void screen_pay(struct screen *screen, struct str text); /* the invoice's own button */
/* End the row begun; nothing happens if it is empty. */
void screen_row(struct screen *screen);
/* The place's way back as a row of its own, and the menu where that is further; `argument` as the
 * way back wants it. Two buttons at most. */
void screen_back(struct screen *screen, enum place place, struct str argument);

struct tg_keyboard screen_keyboard(const struct screen *screen);

#endif
