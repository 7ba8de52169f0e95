/* tell.h: what the tellers of notices share: notices.c has the table. Inside this room only. */
#ifndef BOT_TELL_H
#define BOT_TELL_H

#include "base/base.h"
#include "bot/voice.h"

struct access;
struct notice;
struct screen;
struct subscription;

/* A notice in hand, with the person it is about. */
struct telling {
    struct work *work;
    const struct notice *notice;
    bool reachable; /* there is such a person, and they have not blocked us */
    struct voice voice;
    struct str document; /* what admins hear is this file's caption; empty: a message */
};

/* GB_NOT_FOUND: what it was about is gone, there is nothing to tell. */
typedef enum gb_err tell_fn(struct telling *t);

/* Changes message `message_id`, or is a new one when that is 0. */
void tell_buyer(struct telling *t, int64_t message_id, const struct screen *screen);
/* The notice's subscription with its place and link. */
enum gb_err tell_access_find(struct telling *t, struct subscription *subscription,
                             struct access *access) GB_MUST_USE;

typedef struct str admin_words_fn(const struct voice *voice, void *about);
/* To each admin in their own language. */
enum gb_err tell_admins(struct telling *t, admin_words_fn *words, void *about) GB_MUST_USE;

/* tell_time.c: what time brings to a buyer */
tell_fn tell_renewed;
tell_fn tell_ends_soon;
tell_fn tell_traffic_low;
tell_fn tell_unused;
tell_fn tell_win_back;
tell_fn tell_ended;
tell_fn tell_removed_soon;

/* tell_owner.c: what the owner hears of servers and days */
tell_fn tell_drift;
tell_fn tell_server_down;
tell_fn tell_server_up;
tell_fn tell_server_full;
tell_fn tell_server_load;
tell_fn tell_server_unpaid;
tell_fn tell_digest;

#endif
