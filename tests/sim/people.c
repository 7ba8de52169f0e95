/* people.c: what people do in the simulated year, each by their own clock.
 *
 * A purchase is a dialog: /start, buttons, the invoice, the money. Whoever hears nothing for long
 * begins anew: the shop may be away.
 */
#include "year.h"

#include "base/base.h"

#define PATIENCE_MS    (5 * GB_MINUTE_MS) /* then the dialog begins anew */
#define BEGIN_AGAIN_MS (3 * GB_HOUR_MS)
#define LAST_SALE_MS   (2 * GB_HOUR_MS) /* before the end of the year */

enum habit { CONNECTS, USES_ALL, CONNECTS_LATE, NEVER_CONNECTS };

enum step {
    SAY_START,
    SET_ZONE,
    SEE_ZONE,
    MUTE,
    SEE_MUTED,
    WISH,
    CHOOSE_PLACE,
    CHOOSE_OFFER,
    CHOOSE_WAY,
    ASK,
    PAY
};

/* ---- who does something next: a heap ---- */

static int64_t person_ms(const struct person *person) {
    return GB_MIN(person->buy_ms, GB_MIN(person->use_ms, person->block_ms));
}

static int64_t place_ms(const struct year *year, size_t place) {
    return person_ms(&year->people[year->heap[place]]);
}

static void sift_down(struct year *year, size_t place) {
    for (;;) {
        size_t least = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < year->count; child++) {
            least = place_ms(year, child) < place_ms(year, least) ? child : least;
        }
        if (least == place) {
            return;
        }
        size_t moved = year->heap[place];
        year->heap[place] = year->heap[least];
        year->heap[least] = moved;
        place = least;
    }
}

int64_t people_next_ms(const struct year *year) {
    return place_ms(year, 0);
}

void people_begin(struct year *year) {
    static const int zones[] = {-480, -300, 0, 60, 120, 330, 345, 540, 600};
    for (size_t i = 0; i < year->count; i++) {
        struct person *person = &year->people[i];
        person->user = tg_user_new(year->telegram, FIRST_ID + (int64_t)i, STR_NONE);
        gb_assert(person->user != NULL);
        person->has_zone = year_hits(year, 40);
        person->zone_min =
            person->has_zone ? zones[year_below(year, (int64_t)GB_COUNT(zones))] : SHOP_ZONE_MIN;
        person->mutes = year_hits(year, 8);
        person->again = year_hits(year, 4);
        person->is_thorough = year_hits(year, 5);
        person->habit = (unsigned)year_below(year, 4);
        person->place = (int)year_below(year, PLACES);
        person->buy_ms = year->start_ms + GB_HOUR_MS +
                         year_below(year, year->end_ms - year->start_ms - GB_DAY_MS);
        person->use_ms = person->block_ms = NEVER;
        year->heap[i] = i;
    }
    for (size_t i = year->count / 2 + 1; i > 0; i--) {
        sift_down(year, i - 1);
    }
}

/* ---- buying ---- */

static void press(struct year *year, struct moment now, struct person *person,
                  const struct tg_message *message, struct str data) {
    (void)telegram_press(year->telegram, &now, year->turn, person->user, message, data);
}

/* The newest message of the bot since the dialog began that has buttons, or is an invoice. */
static struct tg_message *newest(const struct person *person, bool is_invoice) {
    const struct tg_user *user = person->user;
    for (size_t i = user->count; i > 0; i--) {
        struct tg_message *message = user->messages[i - 1];
        if (message->id <= person->mark) {
            break;
        }
        bool is_one = message->kind == TG_INVOICE;
        if (message->from_bot && !message->deleted && is_one == is_invoice &&
            (is_one ? !message->invoice.paid : message->markup.n > 0)) {
            return message;
        }
    }
    return NULL;
}

static void begin_again(struct year *year, struct person *person, int64_t now_ms) {
    person->step = SAY_START;
    person->buy_ms = now_ms + BEGIN_AGAIN_MS + year_below(year, BEGIN_AGAIN_MS);
}

static void say_start(struct year *year, struct moment now, struct person *person) {
    int64_t update;
    if (now.wall_ms > year->end_ms - LAST_SALE_MS ||
        telegram_say(year->telegram, &now, year->turn, person->user, STR("/start"), &update) !=
            GB_OK) {
        person->buy_ms = NEVER;
        return;
    }
    person->mark = person->user->messages[person->user->count - 1]->id;
    person->step = person->is_settled ? WISH : SET_ZONE;
}

static void pay(struct year *year, struct moment now, struct person *person) {
    struct sale *sale = &person->sales[person->place];
    struct str text;
    switch (telegram_purchase(year->telegram, now, person->query, &text)) {
    case PURCHASE_ASKED:
        return;
    case PURCHASE_REFUSED:
    case PURCHASE_TOO_LATE:
        begin_again(year, person, now.wall_ms);
        return;
    case PURCHASE_PAID:
        break;
    }
    sale->paid = true;
    sale->paid_ms = now.wall_ms;
    person->bought++;
    person->is_settled = true;
    person->step = SAY_START;
    person->buy_ms = NEVER;
    int64_t days = sale->offer->days;
    if (person->again && person->bought < PLACES) {
        person->buy_ms =
            now.wall_ms + days * GB_DAY_MS / 2 + year_below(year, days * GB_DAY_MS + GB_DAY_MS);
    }
    if (person->habit != NEVER_CONNECTS) {
        int64_t least_ms = person->habit == CONNECTS_LATE ? 3 * GB_DAY_MS : GB_MINUTE_MS;
        person->use_ms = now.wall_ms + least_ms + year_below(year, GB_DAY_MS);
    }
    if (person->blocked_ms == 0 && person->block_ms == NEVER && year_hits(year, 4)) {
        person->block_ms = now.wall_ms + GB_HOUR_MS + year_below(year, days * GB_DAY_MS);
    }
}

static void ask(struct year *year, struct moment now, struct person *person,
                struct tg_message *invoice) {
    if (telegram_buy(year->telegram, &now, year->turn, person->user, invoice, &person->query) !=
        GB_OK) {
        begin_again(year, person, now.wall_ms);
        return;
    }
    person->sales[person->place].asked_ms = now.wall_ms;
    person->step = PAY;
}

static struct str wish(struct year *year, const struct person *person) {
    const char *place = place_ids[person->place], *offer = person->sales[person->place].offer->id;
    switch ((enum step)person->step) {
    case SET_ZONE:
        return person->has_zone ? arena_printf(year->turn, "m.z:%d", person->zone_min)
                                : STR("m.z:shop");
    case MUTE:
        return person->mutes ? STR("m.q:1") : STR("m.q:0");
    case WISH:
        return STR("b");
    case CHOOSE_PLACE:
        return arena_printf(year->turn, "b.l:%s", place);
    case CHOOSE_OFFER:
        return arena_printf(year->turn, "b.t:%s:%s", place, offer);
    case CHOOSE_WAY:
    case SAY_START:
    case SEE_ZONE:
    case SEE_MUTED:
    case ASK:
    case PAY:
        break;
    }
    return arena_printf(year->turn, "b.w:%s:%s:stars", place, offer);
}

/* Most people know the way; a button says all that is needed. */
static unsigned skip_steps(const struct person *person) {
    unsigned step = person->step;
    if (step == SET_ZONE && !person->has_zone) {
        step = MUTE;
    }
    if (step == MUTE && !person->mutes) {
        step = WISH;
    }
    return step == WISH && !person->is_thorough ? CHOOSE_WAY : step;
}

/* Has the shop taken what was set? A press may get lost while it is away. */
static bool sees(const struct person *person, const struct tg_message *message) {
    struct str expected =
        person->step == SEE_ZONE ? STR("Reminders are o") : STR("Reminders are off");
    return str_starts(message->text, expected);
}

static const struct offer *choice(struct year *year) {
    int64_t percent = year_below(year, 100);
    return &offers[percent < 50 ? 0 : percent < 88 ? 1 : 2];
}

static void buy(struct year *year, struct moment now, struct person *person) {
    struct sale *sale = &person->sales[person->place];
    if (person->step == SAY_START) {
        if (sale->paid) {
            person->place = (person->place + 1) % PLACES;
            sale = &person->sales[person->place];
        }
        sale->offer = sale->offer != NULL ? sale->offer : choice(year);
        person->since_ms = now.wall_ms;
    }
    person->buy_ms = now.wall_ms + 2 * GB_SECOND_MS + year_below(year, 3 * GB_SECOND_MS);
    if (person->step == SAY_START) {
        say_start(year, now, person);
        return;
    }
    if (person->step == PAY) {
        pay(year, now, person);
        return;
    }
    struct tg_message *message = newest(person, person->step == ASK);
    if (now.wall_ms - person->since_ms > PATIENCE_MS) {
        begin_again(year, person, now.wall_ms);
        return;
    }
    if (message == NULL) {
        return;
    }
    if (person->step == ASK) {
        ask(year, now, person, message);
        return;
    }
    if (person->step == SEE_ZONE || person->step == SEE_MUTED) {
        person->step += sees(person, message);
        return;
    }
    person->step = skip_steps(person);
    press(year, now, person, message, wish(year, person));
    person->step++;
}

/* ---- using what was bought ---- */

static void use(struct year *year, struct moment now, struct person *person) {
    struct sale *sale = &person->sales[person->place];
    person->use_ms = NEVER;
    if (!sale->paid || sale->off_ms != 0) {
        return;
    }
    if (sale->created_ms == 0) {
        person->use_ms = now.wall_ms + GB_HOUR_MS;
        return;
    }
    int64_t limit = sale->offer->traffic_gb << 30;
    bool uses_all = person->habit == USES_ALL && limit > 0;
    int64_t bytes = uses_all ? limit / 100 * 17 : INT64_C(1) << 28;
    if (hiddify_use(year->panels[person->place], &now, str_of(sale->uuid), bytes) != GB_OK) {
        return;
    }
    sale->first_use_ms = sale->first_use_ms != 0 ? sale->first_use_ms : now.wall_ms;
    sale->used_bytes += bytes;
    for (int i = 0; i < 2 && limit > 0; i++) {
        if (sale->over_ms[i] == 0 && sale->used_bytes >= limit / 100 * (i == 0 ? 80 : 95)) {
            sale->over_ms[i] = now.wall_ms;
        }
    }
    if (sale->over_ms[1] == 0) {
        int64_t gap_ms = sale->offer->days * GB_DAY_MS / 8;
        person->use_ms = now.wall_ms + gap_ms + year_below(year, gap_ms / 2);
    }
}

static void act(struct year *year, struct moment now, struct person *person) {
    if (person->buy_ms <= now.wall_ms) {
        buy(year, now, person);
    }
    if (person->use_ms <= now.wall_ms) {
        use(year, now, person);
    }
    if (person->block_ms <= now.wall_ms) {
        person->block_ms = NEVER;
        person->blocked_ms = now.wall_ms;
        person->buy_ms = NEVER;
        year->blocks++;
        (void)telegram_block(year->telegram, &now, year->turn, person->user, true);
    }
}

void people_act(struct year *year, struct moment now) {
    while (people_next_ms(year) <= now.wall_ms) {
        act(year, now, &year->people[year->heap[0]]);
        sift_down(year, 0);
    }
    arena_clear(year->turn);
}
