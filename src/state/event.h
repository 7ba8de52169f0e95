/* event.h: what can happen. Each event is one transaction. */
#ifndef STATE_EVENT_H
#define STATE_EVENT_H

#include "base/base.h"
#include "base/http.h"
#include "state/outbox.h"

struct job_claim;
struct jobs_command;
struct notice;
struct update;
struct work;

enum event_kind {
    EVENT_UPDATE,  /* Telegram handed something out */
    EVENT_ANSWER,  /* an outbox row (or noise) was answered for good */
    EVENT_LEAVING, /* a rather_never row wants to leave: marked first */
    EVENT_NOTICE,  /* something happened that a person shall hear of */
    EVENT_JOBS,    /* jobs may be due: claim their runs */
    EVENT_RUN,     /* a run of a job takes its next step */
    EVENT_COMMAND, /* the owner wants something of a job */
};

struct event {
    enum event_kind kind;
    struct str id; /* "u:123", "a:telegram/00f3", "n:00f4": keys rng, log and inhand */
    const struct update *update;
    const struct outbox_row *row; /* ANSWER, LEAVING */
    bool noise;                   /* ANSWER: the row was never stored */
    const struct answer *answer;  /* ANSWER */
    const struct notice *notice;
    const struct job_claim *claim;      /* JOBS, RUN: who runs */
    struct str job;                     /* RUN: whose run */
    int64_t run;                        /* its number */
    const struct jobs_command *command; /* COMMAND */
};

/* GB_OK, or the store's error handed up (GB_UNAVAILABLE, GB_DAMAGED): the event runs again. All
 * that is wrong with the event itself is decided inside and ends in GB_OK. */
typedef enum gb_err handler_fn(struct work *work, const struct event *event);

#endif
