/* bot.h: what the engine knows of the bot: three handlers, the texts, the list of commands.
 *
 * Update -> routes -> a dialog's step -> shop -> screen -> outbox rows in lane "telegram".
 */
#ifndef BOT_BOT_H
#define BOT_BOT_H

#include "base/base.h"

struct arena;
struct event;
struct texts;
struct work;

/* EVENT_UPDATE: message, press, pre-checkout, membership. handler_fn. */
enum gb_err bot_update(struct work *work, const struct event *event) GB_MUST_USE;
/* EVENT_NOTICE: in words, to whom it concerns. handler_fn. */
enum gb_err bot_notice(struct work *work, const struct event *event) GB_MUST_USE;
/* EVENT_ANSWER of row with then="bot.sent": a chat that is gone, a message to be sent anew.
 * handler_fn. */
enum gb_err bot_sent(struct work *work, const struct event *event) GB_MUST_USE;

/* Once at start: the commands behind Telegram's "/" button, in each language, as noise. */
void bot_commands(struct work *work);

/* The embedded texts, read once. Panics when a key is missing or a placeholder differs: the build
 * checks that before. */
struct texts *texts_new(struct arena *arena);

#endif
