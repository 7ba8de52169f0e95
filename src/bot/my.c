/* my.c: "My subscriptions": the list, one of them, its picture.
 *
 * An id in a button proves nothing: each subscription is shown only to its owner.
 */
#include "bot/lookup.h"
#include "bot/post.h"
#include "bot/screen.h"
#include "bot/screens.h"
#include "bot/steps.h"
#include "shop/catalog.h"
#include "shop/subscriptions.h"
#include "state/work.h"

/* The locations of a list, each read once: a person's subscriptions are mostly in one place. */
static enum gb_err places_find(struct work *work, struct access *accesses, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct str id = accesses[i].subscription->location;
        for (size_t before = 0; before < i && accesses[i].location == NULL; before++) {
            if (str_equal(accesses[before].subscription->location, id)) {
                accesses[i].location = accesses[before].location;
            }
        }
        if (accesses[i].location == NULL) {
            enum gb_err err = lookup_location(work, id, &accesses[i].location);
            if (err != GB_OK) {
                return err;
            }
        }
    }
    return GB_OK;
}

enum gb_err subs_open(struct talk *talk) {
    const struct subscription *subscriptions;
    size_t count;
    enum gb_err err = subscription_list(talk->work, talk->user.id, &subscriptions, &count);
    if (err != GB_OK) {
        return err;
    }
    struct access *accesses = ARENA_ARRAY(talk->work->arena, struct access, count + 1);
    for (size_t i = 0; i < count; i++) {
        accesses[i].subscription = &subscriptions[i];
    }
    err = places_find(talk->work, accesses, count);
    if (err != GB_OK) {
        return err;
    }
    talk_show(talk, PLACE_SUBS_LIST, STR_NONE, screen_subs(&talk->voice, accesses, count));
    return GB_OK;
}

/* The pressed subscription, if it is this person's. GB_NOT_FOUND: none of theirs. */
static enum gb_err own_find(struct talk *talk, struct subscription *ret_subscription) {
    enum gb_err err = subscription_get(talk->work, talk->press.args[0], ret_subscription);
    return err == GB_OK && ret_subscription->user != talk->user.id ? GB_NOT_FOUND : err;
}

static enum gb_err not_found(struct talk *talk) {
    talk_toast(talk, TEXT_TOAST_NOT_FOUND);
    return subs_open(talk);
}

enum gb_err subs_one(struct talk *talk) {
    struct subscription subscription;
    enum gb_err err = own_find(talk, &subscription);
    if (err == GB_NOT_FOUND) {
        return not_found(talk);
    }
    struct access access;
    if (err == GB_OK) {
        err = lookup_access(talk->work, &subscription, &access);
    }
    if (err == GB_OK && subscription.state == SUBSCRIPTION_ACTIVE) {
        err = subscription_refresh(talk->work, &subscription, talk_message(talk));
    }
    if (err != GB_OK) {
        return err;
    }
    talk_show(talk, PLACE_SUBS_ONE, subscription.id, screen_sub(&talk->voice, &access));
    return GB_OK;
}

enum gb_err subs_qr(struct talk *talk) {
    struct subscription subscription;
    enum gb_err err = own_find(talk, &subscription);
    struct access access;
    if (err == GB_OK) {
        err = lookup_access(talk->work, &subscription, &access);
    }
    if (err == GB_NOT_FOUND || (err == GB_OK && access.link.n == 0)) {
        return not_found(talk);
    }
    if (err != GB_OK) {
        return err;
    }
    /* The picture comes below; the living message stays where it is. */
    post_screen(talk->work, talk->user.id, 0, screen_qr(&talk->voice, &access), POST_NEWS);
    return GB_OK;
}
