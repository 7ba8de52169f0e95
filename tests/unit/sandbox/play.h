/* play.h: calls to the models without a socket, for the tests of the sandbox. */
#ifndef TESTS_SANDBOX_PLAY_H
#define TESTS_SANDBOX_PLAY_H

#include "base/arena.h"
#include "base/json.h"
#include "sandbox/faults.h"
#include "sandbox/hiddify_model.h"
#include "sandbox/model.h"
#include "sandbox/telegram_model.h"
#include "sandbox/testpay_model.h"

#define PLAY_TOKEN "1234567890:SANDBOXsandboxSANDBOXsandboxSANDBOX"
#define PLAY_START INT64_C(1795413600000) /* 2026-11-23T06:00:00Z */

struct play {
    struct arena *arena;
    struct moment now;
    uint64_t next_ticket;
    struct fault_plan faults;
    struct telegram_model *telegram;
    struct hiddify_model *panel;
    struct testpay_model *pay;
    /* of the last call */
    enum model_verdict verdict;
    uint64_t ticket;
    struct http_response response;
};

int play_begin(void **state);
int play_end(void **state);
void play_pass(struct play *play, int64_t ms); /* time, on both clocks */

/* Bot API: JSON parameters. The whole answer, parsed. */
const struct json *play_bot(struct play *play, const char *method, const char *json);
/* The description of a refusal; empty when it went well. */
struct str play_bot_refusal(struct play *play, const char *method, const char *json);
struct tg_user *play_user(struct play *play, const char *name);
/* A user who has pressed /start; nothing waits in the queue afterwards. */
struct tg_user *play_started(struct play *play, const char *name);
/* All updates there are, confirmed at once. */
const struct json *play_updates(struct play *play);
struct str play_format(struct play *play, const char *format, ...) GB_PRINTF(2, 3);

/* Panel: as the owner, Accept: application/json, unless told otherwise. */
struct play_headers {
    const char *key, *accept, *agent;
};
struct str play_panel(struct play *play, const char *method, const char *path, const char *body);
struct str play_panel_as(struct play *play, const struct play_headers *headers, const char *method,
                         const char *path, const char *body);
/* Payments: with the right key. */
struct str play_pay(struct play *play, const char *method, const char *path, const char *key,
                    const char *body);
struct str play_header(const struct play *play, const char *name); /* of the last response */

#define assert_str(actual, expected)                                                               \
    assert_string_equal(arena_cstr(play->arena, (actual)), (expected))

#endif
