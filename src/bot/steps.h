/* steps.h: what can happen in a conversation, one function each; routes.c says on what. */
#ifndef BOT_STEPS_H
#define BOT_STEPS_H

#include "base/base.h"
#include "bot/talk.h"

/* menu.c */
step_fn menu_open;
step_fn menu_hint; /* words that are no command */
step_fn help_open;
step_fn language_open;
step_fn language_set;
step_fn reminders_open;
step_fn reminders_mute;
step_fn reminders_zone;

/* buy.c */
step_fn buy_open;     /* locations; with one only, its tariffs */
step_fn buy_location; /* its tariffs */
step_fn buy_tariff;   /* ways to pay */
step_fn buy_way;      /* an invoice */

/* invoice.c */
step_fn invoice_check; /* "I have paid" */
step_fn invoice_cancel;
step_fn invoice_leave;        /* to the menu; it stays payable */
step_fn invoice_pre_checkout; /* Telegram asks whether an invoice in Stars may be paid */
step_fn invoice_paid;         /* it was */
struct payment;
/* Show it in the message of this press, and let the payment know the message. */
enum gb_err invoice_show(struct talk *talk, struct payment *payment) GB_MUST_USE;

/* my.c */
step_fn subs_open;
step_fn subs_one;
step_fn subs_qr;

/* admin.c */
step_fn admin_open;
step_fn jobs_open;
step_fn job_open;
step_fn job_run_press;
step_fn job_pause_press;

#endif
