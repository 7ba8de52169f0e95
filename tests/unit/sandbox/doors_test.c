/* doors_test.c: any bytes at any door: every call is answered, held or dropped, and nothing breaks.
 */
#include "sandbox/control.h"
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROUNDS 10000

#define BUTTONS                                                                                    \
    "{\"inline_keyboard\":[[{\"text\":\"a\",\"callback_data\":\"b\"},{\"text\":\"c\",\"url\":"     \
    "\"https://a.b\"}]]}"

static const struct {
    const char *path, *type, *body;
} seeds[] = {
    {"/bot" PLAY_TOKEN "/sendMessage", "application/json",
     "{\"chat_id\":700000001,\"text\":\"<b>a</b> &lt; \xd1\x8f\",\"parse_mode\":\"HTML\","
     "\"reply_markup\":" BUTTONS "}"},
    {"/bot" PLAY_TOKEN "/sendPhoto", "multipart/form-data; boundary=B",
     "--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n700000001\r\n--B\r\n"
     "Content-Disposition: form-data; name=\"photo\"; filename=\"a\"\r\n\r\n\x89PNG\r\n\x1a\n"
     "0000IHDR0000000000\r\n--B--\r\n"},
    {"/bot" PLAY_TOKEN "/sendInvoice", "application/x-www-form-urlencoded",
     "chat_id=700000001&title=t&description=d&payload=p&currency=XTR&prices=%5B%7B%22label%22%3A"
     "%22x%22%2C%22amount%22%3A5%7D%5D"},
    {"/bot" PLAY_TOKEN "/editMessageText", "application/json",
     "{\"chat_id\":700000001,\"message_id\":2,\"text\":\"x\",\"reply_markup\":" BUTTONS "}"},
    {"/bot" PLAY_TOKEN "/editMessageReplyMarkup", "application/json",
     "{\"chat_id\":700000001,\"message_id\":2,\"reply_markup\":{\"inline_keyboard\":[[{\"text\":"
     "\"a\",\"pay\":true}]]}}"},
    {"/bot" PLAY_TOKEN "/getUpdates", "application/json",
     "{\"offset\":5,\"timeout\":1,\"allowed_updates\":[\"message\"]}"},
    {"/Qm3xTz9AdmPath7/api/v2/admin/user/", "application/json",
     "{\"uuid\":\"0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801\",\"name\":\"\xd1\x8f\",\"package_days\":30,"
     "\"start_date\":\"2026-11-20\",\"usage_limit_GB\":30.5}"},
    {"/Qm3xTz9AdmPath7/api/v2/admin/user/0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801/", "application/json",
     "{\"telegram_id\":\"5\",\"mode\":\"daily\",\"enable\":\"yes\",\"package_days\":1e3}"},
    {"/payments", "application/json",
     "{\"amount\":\"149.00\",\"currency\":\"RUB\",\"description\":\"d\",\"order\":\"o\"}"},
    {"/api/user/anna/press", "", "{\"index\":1,\"text\":\"a\",\"data\":\"b\",\"message_id\":2}"},
    {"/api/user/anna/pay", "", "{\"message_id\":3,\"wait_ms\":0}"},
    {"/api/user/anna/send", "", "{\"text\":\"/start\",\"language\":\"ru\"}"},
    {"/api/user/anna/chat", "", ""},
    {"/api/update", "", "{\"message\":{}}"},
    {"/api/faults", "", "{\"where\":\"pay\",\"what\":\"slow\",\"count\":1,\"method\":\"PUT\"}"},
    {"/api/payments/x", "", "{\"status\":\"paid\",\"paid_minor\":-7}"},
    {"/anna/press", "", "a"},
    {"/anna", "", "hello"},
};

static uint64_t random_state = 88172645463325252ULL;

static uint64_t draw(uint64_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

/* The text with a few bytes changed, cut out or doubled; in memory of its exact size. */
static struct str damage(struct arena *arena, const char *text) {
    static const char bytes[] = "\"{}[]:,<>&=%/-\\\xff\0 0a\xd1";
    size_t n = strlen(text);
    char *copy = arena_take(arena, 2 * n + 16);
    memcpy(copy, text, n);
    for (uint64_t i = draw(4); i > 0 && n > 0; i--) {
        size_t at = draw(n), length = draw(GB_MIN(n - at, (size_t)16) + 1);
        switch (draw(4)) {
        case 0:
            copy[at] = bytes[draw(sizeof bytes - 1)];
            break;
        case 1:
            memmove(copy + at, copy + at + length, n - at - length);
            n -= length;
            break;
        case 2:
            n = at;
            break;
        default:
            length = GB_MIN(length, 2 * strlen(text) + 16 - n);
            memmove(copy + at + length, copy + at, n - at);
            n += length;
            break;
        }
    }
    char *exact = arena_take(arena, n);
    memcpy(exact, copy, n);
    return (struct str){exact, n};
}

static void look_at_bot(void *ctx, struct control_bot *ret_bot) {
    (void)ctx;
    *ret_bot = (struct control_bot){0};
}

static void drain(struct play *play, struct control *control, struct arena *arena) {
    struct http_response response;
    uint64_t ticket;
    while (telegram_next_answer(play->telegram, play->now, arena, &ticket, &response) ||
           hiddify_next_answer(play->panel, play->now, arena, &ticket, &response) ||
           testpay_next_answer(play->pay, play->now, arena, &ticket, &response) ||
           control_next_answer(control, play->now, arena, &ticket, &response)) {
    }
}

static void no_bytes_break_a_door(void **state) {
    struct play *play = *state;
    const struct control_ops ops = {.look_at_bot = look_at_bot};
    struct control *control = control_new(&(struct control_options){.telegram = play->telegram,
                                                                    .panel = play->panel,
                                                                    .pay = play->pay,
                                                                    .faults = &play->faults,
                                                                    .ops = &ops});
    (void)play_started(play, "anna");
    for (int round = 0; round < ROUNDS; round++) {
        struct arena_mark mark = arena_mark(play->arena);
        size_t which = draw(GB_COUNT(seeds));
        bool sound = draw(3) == 0; /* the state must get somewhere */
        struct http_header headers[] = {
            {STR("Authorization"), STR("Bearer pay-key")},
            {STR("Idempotence-Key"), arena_printf(play->arena, "k%d", (int)draw(50))},
            {STR("Hiddify-API-Key"), STR("11111111-1111-4111-8111-111111111111")},
            {STR("Accept"), draw(2) == 0 ? STR("*/*") : STR("application/json")},
        };
        struct http_incoming request = {
            .method = draw(4) == 0 ? (enum http_method)draw(HTTP_OTHER + 1) : HTTP_POST,
            .path =
                draw(8) == 0 ? damage(play->arena, seeds[which].path) : str_of(seeds[which].path),
            .query =
                draw(8) == 0 ? damage(play->arena, "a=b&chat_id=%41+&after=5&wait_ms=3") : STR_NONE,
            .content_type = str_of(seeds[which].type),
            .body = sound ? str_of(seeds[which].body) : damage(play->arena, seeds[which].body),
            .headers = headers,
            .header_count = GB_COUNT(headers),
        };
        request.method_name = http_method_name(request.method);
        struct visit visit = {(uint64_t)round, &request, play->now, play->arena};
        enum model_verdict verdicts[4];
        struct http_response responses[4];
        memset(responses, 0, sizeof responses);
        verdicts[0] = telegram_handle(play->telegram, &visit, &responses[0]);
        verdicts[1] = hiddify_handle(play->panel, &visit, &responses[1]);
        verdicts[2] = testpay_handle(play->pay, &visit, &responses[2]);
        verdicts[3] = control_handle(control, &visit, &responses[3]);
        for (size_t i = 0; i < GB_COUNT(responses); i++) {
            assert_true(verdicts[i] == MODEL_HOLDS || responses[i].drop ||
                        (responses[i].status >= 200 && responses[i].status < 600));
        }
        play_pass(play, (int64_t)draw(5000));
        drain(play, control, play->arena);
        arena_reset(play->arena, mark);
    }
    control_free(control);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_bytes_break_a_door, play_begin, play_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
