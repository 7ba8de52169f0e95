/* update.c: one walk over the members of each object, by a table of those that matter.
 *
 * A member of another type than expected counts as absent, and what lacks a member it needs is
 * UPDATE_UNKNOWN. What means something only as a whole (ids, callback data, payloads, charge ids)
 * is taken whole or not at all; only what people read is cut.
 */
#include "telegram/update.h"

#include "base/json.h"

#define ID_MAX         (INT64_C(1) << 52)
#define TEXT_CHARS     4096
#define NAME_CHARS     64
#define USERNAME_BYTES 64
#define LANGUAGE_BYTES 35
#define COMMAND_BYTES  32
#define QUERY_ID_BYTES 64
#define DATA_BYTES     64
#define PAYLOAD_BYTES  128
#define CHARGE_BYTES   256
#define AMOUNT_MAX     INT64_C(1000000000000)

/* ---- the objects of the Bot API, as far as they are looked at ---- */

struct raw_update {
    int64_t update_id;
    const struct json *message, *callback_query, *pre_checkout_query, *my_chat_member;
};

struct raw_user {
    int64_t id;
    bool is_bot;
    struct str first_name, username, language_code;
};

struct raw_chat {
    int64_t id;
    struct str type;
};

struct raw_message {
    int64_t message_id, date;
    struct str text;
    const struct json *from, *chat, *successful_payment;
};

struct raw_callback_query {
    struct str id, data;
    const struct json *from, *message;
};

/* PreCheckoutQuery and SuccessfulPayment share their members' names. */
struct raw_payment {
    struct str id, currency, invoice_payload, telegram_payment_charge_id;
    int64_t total_amount;
    const struct json *from;
};

struct raw_membership {
    const struct json *from, *chat, *new_chat_member;
};

struct raw_member {
    struct str status;
    bool is_member;
};

enum value { VALUE_TEXT, VALUE_NUMBER, VALUE_FLAG, VALUE_OBJECT };

struct member {
    struct str name;
    enum value value;
    size_t at;
};

#define MEMBER(type, name, value)                                                                  \
    { STR_INIT(#name), VALUE_##value, offsetof(struct type, name) }

static const struct member update_members[] = {
    MEMBER(raw_update, update_id, NUMBER),      MEMBER(raw_update, message, OBJECT),
    MEMBER(raw_update, callback_query, OBJECT), MEMBER(raw_update, pre_checkout_query, OBJECT),
    MEMBER(raw_update, my_chat_member, OBJECT),
};

static const struct member user_members[] = {
    MEMBER(raw_user, id, NUMBER),          MEMBER(raw_user, is_bot, FLAG),
    MEMBER(raw_user, first_name, TEXT),    MEMBER(raw_user, username, TEXT),
    MEMBER(raw_user, language_code, TEXT),
};

static const struct member chat_members[] = {
    MEMBER(raw_chat, id, NUMBER),
    MEMBER(raw_chat, type, TEXT),
};

static const struct member message_members[] = {
    MEMBER(raw_message, message_id, NUMBER), MEMBER(raw_message, from, OBJECT),
    MEMBER(raw_message, chat, OBJECT),       MEMBER(raw_message, date, NUMBER),
    MEMBER(raw_message, text, TEXT),         MEMBER(raw_message, successful_payment, OBJECT),
};

static const struct member callback_query_members[] = {
    MEMBER(raw_callback_query, id, TEXT),
    MEMBER(raw_callback_query, from, OBJECT),
    MEMBER(raw_callback_query, message, OBJECT),
    MEMBER(raw_callback_query, data, TEXT),
};

static const struct member payment_members[] = {
    MEMBER(raw_payment, id, TEXT),
    MEMBER(raw_payment, from, OBJECT),
    MEMBER(raw_payment, currency, TEXT),
    MEMBER(raw_payment, total_amount, NUMBER),
    MEMBER(raw_payment, invoice_payload, TEXT),
    MEMBER(raw_payment, telegram_payment_charge_id, TEXT),
};

static const struct member membership_members[] = {
    MEMBER(raw_membership, from, OBJECT),
    MEMBER(raw_membership, chat, OBJECT),
    MEMBER(raw_membership, new_chat_member, OBJECT),
};

static const struct member member_members[] = {
    MEMBER(raw_member, status, TEXT),
    MEMBER(raw_member, is_member, FLAG),
};

static void take_value(const struct json *json, enum value value, void *place) {
    switch (value) {
    case VALUE_TEXT:
        (void)json_str(json, "", place); /* another type: as if it were not there */
        break;
    case VALUE_NUMBER:
        (void)json_i64(json, "", place);
        break;
    case VALUE_FLAG:
        (void)json_bool(json, "", place);
        break;
    case VALUE_OBJECT:
        if (json_is_object(json)) {
            *(const struct json **)place = json;
        }
        break;
    }
}

/* Fill the struct at `raw`, all zero before, with the members that `table` names. */
static void take(const struct json *object, const struct member *table, size_t count, void *raw) {
    if (!json_is_object(object)) {
        return;
    }
    for (const struct json *json = json_first(object); json != NULL; json = json_next(json)) {
        struct str name = json_name(json);
        for (size_t i = 0; i < count; i++) {
            if (name.n == table[i].name.n && memcmp(name.p, table[i].name.p, name.n) == 0) {
                take_value(json, table[i].value, (char *)raw + table[i].at);
                break;
            }
        }
    }
}

#define TAKE(object, members, raw) take((object), (members), GB_COUNT(members), (raw))

/* ---- what is believed of them ---- */

static bool is_id(int64_t id) {
    return id != 0 && id > -ID_MAX && id < ID_MAX;
}

static struct str cut(struct str text, size_t chars) {
    return text.n <= chars ? text : utf8_cut(text, chars);
}

static struct str whole(struct str text, size_t bytes_max) {
    return text.n <= bytes_max ? text : STR_NONE;
}

static bool take_person(const struct json *json, struct update_person *ret_person) {
    struct raw_user raw = {0};
    TAKE(json, user_members, &raw);
    if (!is_id(raw.id) || raw.id < 0) {
        return false;
    }
    *ret_person = (struct update_person){
        .id = raw.id,
        .is_bot = raw.is_bot,
        .first_name = cut(raw.first_name, NAME_CHARS),
        .username = whole(raw.username, USERNAME_BYTES),
        .language = whole(raw.language_code, LANGUAGE_BYTES),
    };
    return true;
}

static bool take_chat(const struct json *json, struct update *update) {
    struct raw_chat raw = {0};
    TAKE(json, chat_members, &raw);
    if (!is_id(raw.id)) {
        return false;
    }
    update->chat_id = raw.id;
    update->chat_type = whole(raw.type, NAME_CHARS);
    return true;
}

static bool is_currency(struct str text) {
    bool upper = text.n == 3;
    for (size_t i = 0; upper && i < text.n; i++) {
        upper = text.p[i] >= 'A' && text.p[i] <= 'Z';
    }
    return upper;
}

static bool take_payment(const struct raw_payment *raw, bool charged, struct update *update) {
    struct str charge = whole(raw->telegram_payment_charge_id, CHARGE_BYTES);
    if (!is_currency(raw->currency) || raw->total_amount <= 0 || raw->total_amount > AMOUNT_MAX ||
        raw->invoice_payload.n > PAYLOAD_BYTES || (charged && charge.n == 0)) {
        return false;
    }
    update->has_payment = true;
    update->payment = (struct update_payment){
        .currency = raw->currency,
        .amount_minor = raw->total_amount,
        .payload = raw->invoice_payload,
        .charge_id = charged ? charge : STR_NONE,
    };
    return true;
}

static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct str name_at(struct str text, size_t from) {
    size_t to = from;
    while (to < text.n && is_name_byte(text.p[to])) {
        to++;
    }
    return str_sub(text, from, to - from);
}

/* "/start@our_bot x": command and argument, when all of it has that form. */
static void take_command(struct update *update) {
    struct str text = update->text;
    if (text.n < 2 || text.p[0] != '/') {
        return;
    }
    struct str command = name_at(text, 1);
    size_t at = 1 + command.n;
    if (at < text.n && text.p[at] == '@') {
        struct str bot = name_at(text, at + 1);
        at += bot.n > 0 ? 1 + bot.n : 0;
    }
    bool ends = at == text.n || str_trim(str_sub(text, at, 1)).n == 0;
    if (command.n == 0 || command.n > COMMAND_BYTES || !ends) {
        return;
    }
    update->command = command;
    update->argument = str_trim(str_sub(text, at, text.n));
}

/* ---- the kinds; false: it cannot be believed ---- */

static bool take_message(const struct json *json, struct update *update) {
    struct raw_message raw = {0};
    TAKE(json, message_members, &raw);
    if (!take_person(raw.from, &update->from) || !take_chat(raw.chat, update)) {
        return false;
    }
    if (raw.successful_payment != NULL) {
        struct raw_payment payment = {0};
        TAKE(raw.successful_payment, payment_members, &payment);
        if (!take_payment(&payment, true, update)) {
            return false;
        }
    }
    update->message_id = GB_MAX(raw.message_id, 0);
    update->date_s = GB_MAX(raw.date, 0);
    update->text = cut(raw.text, TEXT_CHARS);
    take_command(update);
    return true;
}

static bool take_callback(const struct json *json, struct update *update) {
    struct raw_callback_query raw = {0};
    struct raw_message message = {0};
    TAKE(json, callback_query_members, &raw);
    TAKE(raw.message, message_members, &message);
    update->query_id = whole(raw.id, QUERY_ID_BYTES);
    if (update->query_id.n == 0 || !take_person(raw.from, &update->from)) {
        return false;
    }
    /* An inaccessible message has the date 0; a button of an inline message has none at all. */
    bool in_chat = take_chat(message.chat, update) && message.message_id > 0;
    update->message_id = in_chat ? message.message_id : 0;
    update->date_s = GB_MAX(message.date, 0);
    update->message_gone = !in_chat || update->date_s == 0;
    update->data = whole(raw.data, DATA_BYTES);
    return true;
}

static bool take_pre_checkout(const struct json *json, struct update *update) {
    struct raw_payment raw = {0};
    TAKE(json, payment_members, &raw);
    update->query_id = whole(raw.id, QUERY_ID_BYTES);
    if (update->query_id.n == 0 || !take_person(raw.from, &update->from) ||
        !take_payment(&raw, false, update)) {
        return false;
    }
    update->chat_id = update->from.id;
    update->chat_type = STR("private");
    return true;
}

static bool take_membership(const struct json *json, struct update *update) {
    struct raw_membership raw = {0};
    struct raw_member member = {0};
    TAKE(json, membership_members, &raw);
    TAKE(raw.new_chat_member, member_members, &member);
    if (!take_person(raw.from, &update->from) || !take_chat(raw.chat, update)) {
        return false;
    }
    struct str status = member.status;
    bool out = str_is(status, "kicked") || str_is(status, "left");
    bool restricted = str_is(status, "restricted");
    update->reachable = str_is(status, "member") || str_is(status, "administrator") ||
                        str_is(status, "creator") || (restricted && member.is_member);
    return update->reachable || restricted || out;
}

static enum update_kind take_kind(const struct raw_update *raw, struct update *update) {
    if (raw->message != NULL) {
        return take_message(raw->message, update) ? UPDATE_MESSAGE : UPDATE_UNKNOWN;
    }
    if (raw->callback_query != NULL) {
        return take_callback(raw->callback_query, update) ? UPDATE_CALLBACK : UPDATE_UNKNOWN;
    }
    if (raw->pre_checkout_query != NULL) {
        bool good = take_pre_checkout(raw->pre_checkout_query, update);
        return good ? UPDATE_PRE_CHECKOUT : UPDATE_UNKNOWN;
    }
    if (raw->my_chat_member != NULL) {
        return take_membership(raw->my_chat_member, update) ? UPDATE_MEMBERSHIP : UPDATE_UNKNOWN;
    }
    return UPDATE_UNKNOWN;
}

enum gb_err update_read(struct arena *arena, const struct json *json, struct update *ret_update,
                        const char **reterr_why) {
    (void)arena; /* all texts stay in the tree */
    struct raw_update raw = {.update_id = -1};
    if (!json_is_object(json)) {
        *reterr_why = "an update that is no object";
        return GB_INVALID;
    }
    TAKE(json, update_members, &raw);
    if (raw.update_id < 0) {
        *reterr_why = "an update without an update_id";
        return GB_INVALID;
    }
    struct update update = {0};
    enum update_kind kind = take_kind(&raw, &update);
    if (kind == UPDATE_UNKNOWN) {
        update = (struct update){0}; /* nothing half-believed is handed on */
    }
    update.update_id = raw.update_id;
    update.kind = kind;
    *ret_update = update;
    return GB_OK;
}
