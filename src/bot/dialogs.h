/* dialogs.h: the places of a conversation: state as stored, and the way back.
 *
 *   Menu:main -- Menu:help, Menu:language, Menu:reminders
 *     |-- Buy:location -- Buy:tariff -- Buy:way -- Buy:invoice
 *     |-- Subs:list -- Subs:one
 *     '-- Admin:servers -- Admin:jobs -- Admin:job
 *
 * Buttons carry all they need (callbacks.h); what is remembered here only says what the living
 * message shows, so that news can change it in place. Lost, nothing breaks: news comes as a new
 * message.
 */
#ifndef BOT_DIALOGS_H
#define BOT_DIALOGS_H

#include "base/base.h"
#include "bot/callbacks.h"

struct work;

/*  name           state           way back (the first screen has none) */
#define GB_PLACES(X)                                                                               \
    X(MENU, "Menu:main", MENU)                                                                     \
    X(HELP, "Menu:help", MENU)                                                                     \
    X(LANGUAGE, "Menu:language", MENU)                                                             \
    X(REMINDERS, "Menu:reminders", MENU)                                                           \
    X(BUY_LOCATION, "Buy:location", MENU)                                                          \
    X(BUY_TARIFF, "Buy:tariff", BUY) /* with one location: MENU */                                 \
    X(BUY_WAY, "Buy:way", LOCATION)                                                                \
    X(BUY_INVOICE, "Buy:invoice", LEAVE)                                                           \
    X(SUBS_LIST, "Subs:list", MENU)                                                                \
    X(SUBS_ONE, "Subs:one", SUBS)                                                                  \
    X(ADMIN, "Admin:servers", MENU)                                                                \
    X(JOBS, "Admin:jobs", ADMIN)                                                                   \
    X(JOB, "Admin:job", JOBS)

enum place {
#define X(name, state, back) PLACE_##name,
    GB_PLACES(X)
#undef X
        PLACE_COUNT
};

enum press place_back(enum place place);

/* What the living message of a chat shows. */
struct scene {
    enum place place;   /* PLACE_COUNT: nothing is remembered */
    int64_t message_id; /* 0: not known */
    struct str about;   /* payment or subscription shown */
    int64_t at_ms;
};

/* In private chats the chat's id is the person's. */
enum gb_err scene_read(struct work *work, int64_t user, struct scene *ret_scene) GB_MUST_USE;
void scene_write(struct work *work, int64_t user, const struct scene *scene);

#endif
