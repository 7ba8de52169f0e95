/* Any bytes as a reply of a Hiddify panel. The first byte chooses the step, the second the status.
 * A user counts as made only if the reply holds the very uuid.
 */
#include "base/arena.h"
#include "panel/panel.h"

#define UUID "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const kinds[] = {"ensure", "ensure/read", "ensure/update", "ensure/mend",
                                    "read",   "remove",      "health",        "health/version"};
static const int statuses[] = {200, 200, 200, 400, 401, 403, 404, 422, 429, 500, 503};

static struct str body_of(struct arena *arena, size_t kind) {
    struct panel_user user = {
        .uuid = STR(UUID),
        .name = STR("tg7-abc"),
        .starts_ms = INT64_C(1795469400000),
        .expires_ms = INT64_C(1798061400000),
        .traffic_gb = 50,
        .enabled = true,
        .comment = STR("order 1042"),
    };
    return kind < 4   ? panel_ensure_body(arena, &user)
           : kind < 6 ? panel_uuid_body(arena, STR(UUID))
                      : STR("{\"role\":\"admin\"}");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    struct arena *arena = arena_new(65536, 64 * 1024 * 1024);
    size_t kind = data[0] % GB_COUNT(kinds);
    struct call call = {.kind = str_of(kinds[kind]), .body = body_of(arena, kind)};
    struct endpoint to = {.base_url = STR("https://panel.example.org/x"),
                          .secret = STR("4b1f0d7c-9e35-4a86-b2c1-6f0d8e73a519"),
                          .zone_offset_min = 210};
    struct http_reply reply = {
        .outcome = HTTP_REPLIED,
        .status = statuses[data[1] % GB_COUNT(statuses)],
        .body = {(const char *)data + 2, size - 2},
    };
    struct answer answer;
    struct panel_state state;
    struct http_request request;
    hiddify_codec.read_reply(&call, &to, &reply, arena, &answer);
    gb_assert(answer.reason != NULL && answer.retry_after_ms >= 0);
    if (answer.kind == ANSWER_DONE && kind < 4) {
        gb_assert(reply.status == 200 && str_find_str(reply.body, STR("50")) < reply.body.n);
    }
    if (answer.kind == ANSWER_DONE && kind == 4) {
        gb_assert(panel_read_said(arena, answer.said, &state) == GB_OK);
    }
    if (answer.kind == ANSWER_MORE) {
        gb_assert(hiddify_codec.build_request(&answer.next, &to, arena, &request) == GB_OK);
    }
    arena_free(arena);
    return 0;
}
