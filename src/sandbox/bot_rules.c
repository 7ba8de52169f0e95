/* bot_rules.c: what the Bot API refuses that no table of types can say.
 *
 * One function a rule, found by the name of the method or type it is for.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/num.h"
#include "sandbox/bot_check.h"

/* ---- objects inside parameters */

static const char *const button_actions[] = {"url",
                                             "callback_data",
                                             "web_app",
                                             "login_url",
                                             "switch_inline_query",
                                             "switch_inline_query_current_chat",
                                             "switch_inline_query_chosen_chat",
                                             "copy_text",
                                             "callback_game",
                                             "pay",
                                             "disabled"};

/* http(s) wants a host with a dot in it: a bare "localhost" is refused by the real server too. */
static bool url_is_fine(struct str url) {
    if (str_starts(url, STR("tg://")) || str_starts(url, STR("ton://"))) {
        return true;
    }
    struct str rest = url;
    if (str_starts(url, STR("http://"))) {
        rest = str_sub(url, 7, url.n);
    } else if (str_starts(url, STR("https://"))) {
        rest = str_sub(url, 8, url.n);
    }
    struct str host = str_sub(rest, 0, str_find(rest, '/'));
    size_t dot = str_find(host, '.');
    return dot > 0 && dot + 1 < host.n && str_find(host, ' ') == host.n;
}

static void inline_button(struct checker *c, const struct json *button, struct str path) {
    unsigned actions = 0;
    for (size_t i = 0; i < GB_COUNT(button_actions); i++) {
        actions += json_at(button, button_actions[i]) != NULL;
    }
    struct str url = json_str_or(button, "url", STR_NONE);
    if (json_at(button, "text") == NULL) {
        check_refuse(c, STR("can't parse inline keyboard button: Can't find field \"text\""));
    } else if (json_str_or(button, "text", STR("?")).n == 0) {
        check_refuse_at(c, path, "text must be non-empty");
    } else if (actions == 0) {
        check_refuse(c, STR("can't parse inline keyboard button: Text buttons are unallowed in the "
                            "inline keyboard"));
    } else if (actions > 1) {
        check_refuse_at(c, path, "exactly one action field is allowed");
    } else if (json_at(button, "url") != NULL && !url_is_fine(url)) {
        check_refuse(c, arena_printf(c->arena,
                                     "inline keyboard button URL '" STR_FMT
                                     "' is invalid: Wrong HTTP URL",
                                     STR_ARG(str_sub(url, 0, 100))));
    }
}

static void bot_command(struct checker *c, const struct json *object, struct str path) {
    struct str command = json_str_or(object, "command", STR_NONE);
    for (size_t i = 0; i < command.n; i++) {
        char ch = command.p[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_')) {
            check_refuse_at(c, path, "command: 1-32 of a-z 0-9 _");
            return;
        }
    }
}

void bot_rules_object(struct checker *checker, struct str type, const struct json *object,
                      struct str path) {
    if (str_is(type, "InlineKeyboardButton")) {
        inline_button(checker, object, path);
    } else if (str_is(type, "BotCommand")) {
        bot_command(checker, object, path);
    } else if (str_is(type, "ReplyParameters") && json_at(object, "message_id") == NULL &&
               json_at(object, "ephemeral_message_id") == NULL) {
        check_refuse_at(checker, path, "message_id: required");
    }
}

/* ---- methods */

static const struct json *parameter_json(struct checker *c, const char *name) {
    const struct json *root;
    struct str text = form_text(c->form, name);
    return text.n > 0 && json_parse(c->arena, text, &root, NULL) == GB_OK ? root : NULL;
}

/* Of the first button, and how many pay buttons there are in all. */
static unsigned pay_buttons(const struct json *markup, bool *ret_first) {
    unsigned count = 0;
    *ret_first = false;
    const struct json *rows = json_at(markup, "inline_keyboard");
    for (const struct json *row = json_first(rows); row != NULL; row = json_next(row)) {
        for (const struct json *b = json_first(row); b != NULL; b = json_next(b)) {
            bool pay = json_bool_or(b, "pay", false);
            *ret_first = *ret_first || (pay && row == json_first(rows) && b == json_first(row));
            count += pay;
        }
    }
    return count;
}

static void no_pay_button(struct checker *c) {
    bool first;
    if (pay_buttons(parameter_json(c, "reply_markup"), &first) > 0) {
        check_refuse(c, STR("BUTTON_TYPE_INVALID"));
    }
}

static void subscription_rules(struct checker *c, int64_t amount) {
    if (form_i64(c->form, "subscription_period") != 2592000) {
        check_refuse(c, STR("subscription_period: must be 2592000"));
    } else if (amount > 10000) {
        check_refuse(c, STR("prices: a subscription may cost at most 10000 XTR"));
    }
}

static void stars_rules(struct checker *c) {
    static const char *const ignored[] = {
        "max_tip_amount", "suggested_tip_amounts", "need_name",  "need_phone_number",
        "need_email",     "need_shipping_address", "is_flexible"};
    const struct json *prices = parameter_json(c, "prices");
    int64_t amount = json_i64_or(prices, "0.amount", 0);
    if (json_size(prices) != 1) {
        check_refuse(c, STR("prices: exactly one item for XTR"));
    } else if (amount < 1) {
        check_refuse(c, STR("prices[0].amount: must be positive"));
    } else if (form_text(c->form, "provider_token").n > 0) {
        check_refuse(c, STR("provider_token: must be empty for XTR"));
    } else if (form_text(c->form, "subscription_period").n > 0) {
        subscription_rules(c, amount);
    }
    for (size_t i = 0; i < GB_COUNT(ignored); i++) {
        if (form_find(c->form, ignored[i]) != NULL) {
            check_warn(c, "an option that means nothing for XTR");
        }
    }
}

static void invoice(struct checker *c) {
    if (str_is(form_text(c->form, "currency"), "XTR")) {
        stars_rules(c);
    } else if (form_text(c->form, "subscription_period").n > 0) {
        check_refuse(c, STR("subscription_period: only with currency XTR"));
    } else if (form_text(c->form, "provider_token").n == 0) {
        check_refuse(c, STR("provider_token: required unless currency is XTR"));
    }
    const struct json *markup = parameter_json(c, "reply_markup");
    bool first;
    (void)pay_buttons(markup, &first);
    if (markup != NULL && json_size(json_at(markup, "inline_keyboard")) > 0 && !first) {
        check_refuse(c, STR("REPLY_MARKUP_BUY_EMPTY"));
    }
}

static void edit_target(struct checker *c) {
    if (form_text(c->form, "inline_message_id").n > 0) {
        return;
    }
    if (form_text(c->form, "chat_id").n == 0) {
        check_refuse(c, STR("chat_id is empty"));
    } else if (form_i64(c->form, "message_id") == 0) {
        check_refuse(c, STR("message identifier is not specified"));
    }
}

static void edit_text(struct checker *c) {
    edit_target(c);
    no_pay_button(c);
    if (form_text(c->form, "text").n == 0 && form_find(c->form, "rich_message") == NULL) {
        check_refuse(c, STR("message text is empty"));
    }
}

static void edit_caption(struct checker *c) {
    edit_target(c);
    no_pay_button(c);
}

static void answer_ok(struct checker *c) {
    if (!form_bool(c->form, "ok") && form_text(c->form, "error_message").n == 0) {
        check_refuse(c, STR("error_message: required when ok is false"));
    }
}

static void allowed_updates(struct checker *c) {
    const struct json *names = parameter_json(c, "allowed_updates");
    for (const struct json *n = json_first(names); n != NULL; n = json_next(n)) {
        struct str name = json_str_or(n, "", STR_NONE);
        if (api_update_kind(name) < 0) {
            check_refuse(c,
                         arena_printf(c->arena, "allowed_updates: '" STR_FMT "' is no update type",
                                      STR_ARG(str_sub(name, 0, 40))));
            return;
        }
    }
}

bool check_is_local(struct str url) {
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    if (!str_starts(url, STR("http://"))) {
        return false;
    }
    struct str rest = str_sub(url, strlen("http://"), url.n);
    for (size_t i = 0; i < GB_COUNT(hosts); i++) {
        struct str host = str_of(hosts[i]);
        struct str behind = str_sub(rest, host.n, 1);
        if (str_starts(rest, host) &&
            (behind.n == 0 || behind.p[0] == ':' || behind.p[0] == '/' || behind.p[0] == '?')) {
            return true;
        }
    }
    return false;
}

static void set_webhook(struct checker *c) {
    struct str url = form_text(c->form, "url");
    allowed_updates(c);
    if (url.n == 0 || check_is_local(url)) {
        return; /* as a server started with --local would allow it */
    }
    if (str_starts(url, STR("http://"))) {
        check_refuse(c, STR("bad webhook: An HTTPS URL must be provided for webhook"));
        return;
    }
    struct str rest = str_starts(url, STR("https://")) ? str_sub(url, 8, url.n) : url;
    struct str host = str_sub(rest, 0, str_find(rest, '/'));
    size_t colon = str_find(host, ':');
    struct str port = colon < host.n ? str_sub(host, colon + 1, host.n) : STR("443");
    if (!api_word(STR("443|80|88|8443"), port)) {
        check_refuse(c, STR("bad webhook: Webhook can be set up only on ports 80, 88, 443 or "
                            "8443"));
    }
}

static void media_group(struct checker *c) {
    const struct json *media = parameter_json(c, "media");
    struct str first = json_str_or(media, "0.type", STR_NONE);
    bool mixed = false, alone = false;
    for (const struct json *m = json_first(media); m != NULL; m = json_next(m)) {
        struct str type = json_str_or(m, "type", STR_NONE);
        mixed = mixed || !str_equal(type, first);
        alone = alone || str_is(type, "document") || str_is(type, "audio");
    }
    if (mixed && alone) {
        check_refuse(c, STR("media: documents and audio cannot be mixed with other types"));
    }
}

static void answer_callback(struct checker *c) {
    if (form_bool(c->form, "show_alert") && form_text(c->form, "text").n == 0) {
        check_warn(c, "show_alert without text shows nothing");
    }
}

static const struct {
    const char *method;
    void (*rule)(struct checker *c);
} rules[] = {
    {"sendMessage", no_pay_button},
    {"sendPhoto", no_pay_button},
    {"sendInvoice", invoice},
    {"createInvoiceLink", invoice},
    {"editMessageText", edit_text},
    {"editMessageCaption", edit_caption},
    {"editMessageMedia", edit_target},
    {"editMessageReplyMarkup", edit_target},
    {"editMessageLiveLocation", edit_target},
    {"stopMessageLiveLocation", edit_target},
    {"answerPreCheckoutQuery", answer_ok},
    {"answerShippingQuery", answer_ok},
    {"getUpdates", allowed_updates},
    {"setWebhook", set_webhook},
    {"sendMediaGroup", media_group},
    {"answerCallbackQuery", answer_callback},
};

void bot_rules_method(struct checker *checker, struct str method) {
    for (size_t i = 0; i < GB_COUNT(rules); i++) {
        if (str_is(method, rules[i].method)) {
            rules[i].rule(checker);
        }
    }
}
