/* invoice.c: the screen of an open invoice, and Telegram's two questions about Stars.
 *
 * A payment knows which message shows it (message_id), so that news can change that message in
 * place: set when it is shown, cleared when its own way out is taken.
 */
#include "bot/lookup.h"
#include "bot/post.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/steps.h"
#include "shop/payments.h"
#include "shop/settle.h"
#include "state/work.h"
#include "telegram/update.h"

enum gb_err invoice_show(struct talk *talk, struct payment *payment) {
    struct sale sale;
    enum gb_err err = lookup_sale(talk->work, payment, &sale);
    if (err != GB_OK) {
        return err;
    }
    int64_t message_id = talk_message(talk);
    if (payment->message_id != message_id) {
        payment->message_id = message_id;
        payment_put(talk->work, payment);
    }
    talk_show(talk, PLACE_BUY_INVOICE, payment->id, screen_payment(&talk->voice, &sale, false));
    return GB_OK;
}

/* A payment that is not there, or somebody else's: no difference can be told from outside. */
static enum gb_err not_found(struct talk *talk) {
    talk_toast(talk, TEXT_TOAST_NOT_FOUND);
    return menu_open(talk);
}

enum gb_err invoice_check(struct talk *talk) {
    struct payment payment;
    enum gb_err err = payment_check_now(talk->work, talk->user.id, talk->press.args[0], &payment);
    if (err == GB_NOT_FOUND) {
        return not_found(talk);
    }
    if (err != GB_OK) {
        return err;
    }
    talk_toast(talk, payment.state == PAYMENT_PAID ? TEXT_TOAST_PAID : TEXT_TOAST_CHECKING);
    if (payment.state == PAYMENT_PENDING && payment.message_id == talk_message(talk)) {
        return GB_OK; /* it is what they see; the provider's answer will be news */
    }
    return invoice_show(talk, &payment);
}

enum gb_err invoice_cancel(struct talk *talk) {
    struct payment payment;
    enum gb_err err = payment_cancel(talk->work, talk->user.id, talk->press.args[0], &payment);
    if (err == GB_NOT_FOUND) {
        return not_found(talk);
    }
    if (err != GB_OK) {
        return err;
    }
    if (payment.state == PAYMENT_PAID) {
        talk_toast(talk, TEXT_TOAST_PAID);
    }
    return invoice_show(talk, &payment);
}

enum gb_err invoice_leave(struct talk *talk) {
    struct payment payment;
    enum gb_err err = payment_get(talk->work, talk->press.args[0], &payment);
    if (err != GB_OK && err != GB_NOT_FOUND) {
        return err;
    }
    if (err == GB_OK && payment.user == talk->user.id && payment.message_id != 0 &&
        payment.message_id == talk_message(talk)) {
        payment.message_id = 0;
        payment_put(talk->work, &payment);
    }
    return menu_open(talk);
}

enum gb_err invoice_pre_checkout(struct talk *talk) {
    const struct update_payment *asked = &talk->update->payment;
    const char *key = NULL;
    enum gb_err err = payment_pre_checkout(talk->work, talk->user.id, asked->payload,
                                           asked->currency, asked->amount_minor, &key);
    if (err != GB_OK && err != GB_REFUSED) {
        return err;
    }
    struct str refusal = STR_NONE;
    if (err == GB_REFUSED) {
        enum text text;
        bool known = key != NULL && text_find(key, &text) == GB_OK && !text_is_template(text);
        refusal = say(&talk->voice, known ? text : TEXT_PAY_REFUSED_OLD);
    }
    post_pre_checkout(talk->work, talk->update->query_id, refusal);
    return GB_OK;
}

enum gb_err invoice_paid(struct talk *talk) {
    const struct update_payment *paid = &talk->update->payment;
    enum gb_err err = settle_stars(talk->work, talk->user.id, paid->payload,
                                   &(struct money_fact){
                                       .provider = STR("stars"),
                                       .external = paid->charge_id,
                                       .amount_minor = paid->amount_minor,
                                       .currency = paid->currency,
                                   });
    /* Counted before, in review, or in suspense: settle has kept the money and told who must know.
     */
    bool kept = err == GB_EXISTS || err == GB_REFUSED || err == GB_NOT_FOUND;
    return kept ? GB_OK : err;
}
