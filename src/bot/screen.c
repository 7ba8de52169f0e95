#include "bot/screen.h"

#include "base/arena.h"
#include "bot/voice.h"

struct screen *screen_new(const struct voice *voice, size_t button_max) {
    gb_assert(button_max <= SCREEN_BUTTONS_MAX);
    struct screen *screen = ARENA_NEW(voice->arena, struct screen);
    screen->voice = voice;
    screen->buttons = ARENA_ARRAY(voice->arena, struct tg_button, button_max);
    screen->row_ends = ARENA_ARRAY(voice->arena, unsigned, button_max);
    screen->button_max = button_max;
    return screen;
}

static void add(struct screen *screen, struct tg_button button) {
    gb_assert(screen->button_count < screen->button_max);
    screen->buttons[screen->button_count++] = button;
}

void screen_button(struct screen *screen, struct str text, struct callback callback) {
    struct str data;
    if (callback_build(screen->voice->arena, &callback, &data) == GB_OK) {
        add(screen, (struct tg_button){.text = text, .data = data});
    }
}

void screen_line(struct screen *screen, struct str text, struct callback callback) {
    screen_button(screen, text, callback);
    screen_row(screen);
}

void screen_link(struct screen *screen, struct str text, struct str url) {
    add(screen, (struct tg_button){.text = text, .url = url});
}

void screen_pay(struct screen *screen, struct str text) {
    add(screen, (struct tg_button){.text = text, .pay = true});
}

void screen_row(struct screen *screen) {
    size_t before = screen->row_count == 0 ? 0 : screen->row_ends[screen->row_count - 1];
    if (screen->button_count > before) {
        screen->row_ends[screen->row_count++] = (unsigned)screen->button_count;
    }
}

void screen_back(struct screen *screen, enum place place, struct str argument) {
    enum press back = place_back(place);
    bool to_menu = back == PRESS_MENU || back == PRESS_LEAVE;
    screen_row(screen);
    screen_button(screen, say(screen->voice, to_menu ? TEXT_BUTTON_TO_MENU : TEXT_BUTTON_BACK),
                  (struct callback){.press = back, .args = {argument}});
    if (!to_menu) {
        screen_button(screen, say(screen->voice, TEXT_BUTTON_MENU),
                      (struct callback){.press = PRESS_MENU});
    }
    screen_row(screen);
}

struct tg_keyboard screen_keyboard(const struct screen *screen) {
    gb_assert(screen->row_count == 0 ||
              screen->row_ends[screen->row_count - 1] == screen->button_count);
    return (struct tg_keyboard){screen->buttons, screen->row_ends, screen->row_count};
}
