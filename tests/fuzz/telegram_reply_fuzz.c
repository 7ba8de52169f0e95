/* Any bytes as a reply of the Bot API, to a call and to getUpdates. The first byte chooses the
 * status. What is skimmed over must be JSON by the parser's word, too.
 */
#include "base/arena.h"
#include "base/json.h"
#include "telegram/html.h"
#include "telegram/skim.h"
#include "telegram/telegram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int statuses[] = {200, 200, 200, 400, 403, 404, 409, 429, 500, 502};

static void check_answer(const struct answer *answer, struct arena *arena,
                         const struct http_reply *reply) {
    const struct json *tree;
    bool ok = false;
    gb_assert(answer->reason != NULL && answer->retry_after_ms >= 0);
    if (answer->kind == ANSWER_DONE && answer->reason[0] == '\0') {
        gb_assert(reply->status == 200);
        /* The parser refuses \u0000 and lone surrogates; the skimmer reads over them. */
        if (str_find_str(reply->body, STR("\\u")) == reply->body.n) {
            gb_assert(json_parse(arena, reply->body, &tree, NULL) == GB_OK);
            gb_assert(json_bool(tree, "ok", &ok) && ok);
        }
    }
    if (answer->kind == ANSWER_MORE) {
        gb_assert(json_parse(arena, answer->next.body, &tree, NULL) == GB_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct arena *arena = arena_new(65536, 64 * 1024 * 1024);
    struct http_reply reply = {
        .outcome = HTTP_REPLIED,
        .status = statuses[data[0] % GB_COUNT(statuses)],
        .body = {(const char *)data + 1, size - 1},
    };
    struct endpoint to = {.secret = STR("110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")};
    struct call call = {.kind = STR("sendMessage"), .body = STR("{\"chat_id\":-5,\"text\":\"x\"}")};
    struct answer answer;
    struct poll_answer poll;
    telegram_codec.read_reply(&call, &to, &reply, arena, &answer);
    check_answer(&answer, arena, &reply);
    poll_read(&reply, arena, &poll);
    gb_assert((poll.kind == ANSWER_DONE) == (poll.updates != NULL));
    gb_assert(skim_value(reply.body) <= reply.body.n);
    gb_assert(html_length(html_cut(arena, reply.body, 20)) <= 20);
    arena_free(arena);
    return 0;
}
