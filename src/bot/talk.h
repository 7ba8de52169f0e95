/* talk.h: one update of one person in hand: what a step is given, and how it shows a screen.
 *
 * One living message: a press changes the message its button is on; words get a new one.
 */
#ifndef BOT_TALK_H
#define BOT_TALK_H

#include "base/base.h"
#include "bot/callbacks.h"
#include "bot/dialogs.h"
#include "bot/voice.h"
#include "shop/users.h"

struct screen;
struct update;
struct work;

struct talk {
    struct work *work;
    const struct update *update;
    struct user user;
    struct voice voice;
    struct callback press; /* UPDATE_CALLBACK: what the button says */
    struct str toast;      /* the few words the press is answered with; may stay empty */
};

/* A step decides what happens next: reads and writes rows, shows a screen. GB_OK, or the store's
 * error handed up. */
typedef enum gb_err step_fn(struct talk *talk);

/* The message this press may change; 0: there is none. */
int64_t talk_message(const struct talk *talk);
/* Show it there, or as a new message, and remember the place. `about`: id of what it shows. */
void talk_show(struct talk *talk, enum place place, struct str about, const struct screen *screen);
void talk_toast(struct talk *talk, enum text text);

#endif
