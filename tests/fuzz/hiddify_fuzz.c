/* Any bytes as a reply of a Hiddify panel. The first byte chooses the step, the second the status.
 * A user counts as made only if the reply holds the very uuid. One step more takes the bytes for a
 * list text.
 */
#include "base/arena.h"
#include "panel/panel.h"

#define UUID "0b6f9c2e-4d1a-4c57-9f0e-7a1d52c3e801"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const kinds[] = {"ensure", "ensure/read", "ensure/update", "ensure/mend",
                                    "read",   "remove",      "health",        "health/version",
                                    "list",   "status"};
enum { READ = 4, LIST = 8, STATUS = 9, KINDS = 10 };
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

/* Read to its end, whole and in pieces, which come to the same; whether it is a list text. */
static bool read_list(struct str text, size_t users) {
    struct panel_list list = panel_list_begin(text);
    struct panel_listed user, again;
    struct str rest = text, piece;
    enum gb_err err = GB_OK, of_piece = GB_OK;
    size_t pieces_bytes = 0;
    while (panel_list_cut(&rest, users, &piece)) {
        struct panel_list part = panel_list_begin(piece);
        pieces_bytes += piece.n;
        while (err == GB_OK && (of_piece = panel_list_next(&part, &again)) == GB_OK) {
            err = panel_list_next(&list, &user);
            gb_assert(err == GB_DAMAGED || (user.uuid.p == again.uuid.p && user.uuid.n == 36));
        }
        err = err == GB_OK && of_piece == GB_DAMAGED ? GB_DAMAGED : err;
    }
    gb_assert(pieces_bytes == text.n);
    return err == GB_OK && panel_list_next(&list, &user) == GB_NOT_FOUND;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    if (data[0] % (KINDS + 1) == KINDS) {
        (void)read_list((struct str){(const char *)data + 2, size - 2}, 1 + data[1] % 5U);
        return 0;
    }
    struct arena *arena = arena_new(65536, 64 * 1024 * 1024);
    size_t kind = data[0] % (KINDS + 1);
    gb_assert(GB_COUNT(kinds) == KINDS);
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
    struct panel_status status;
    struct http_request request;
    hiddify_codec.read_reply(&call, &to, &reply, arena, &answer);
    gb_assert(answer.reason != NULL && answer.retry_after_ms >= 0);
    if (answer.kind == ANSWER_DONE && kind < 4) {
        gb_assert(reply.status == 200 && str_find_str(reply.body, STR("50")) < reply.body.n);
    }
    if (answer.kind == ANSWER_DONE && kind == READ) {
        gb_assert(panel_read_said(arena, answer.said, &state) == GB_OK);
    }
    if (answer.kind == ANSWER_DONE && kind == LIST) {
        gb_assert(read_list(answer.said, 1 + size % 3));
    }
    if (answer.kind == ANSWER_DONE && kind == STATUS) {
        gb_assert(panel_status_said(arena, answer.said, &status) == GB_OK);
    }
    if (answer.kind == ANSWER_MORE) {
        gb_assert(hiddify_codec.build_request(&answer.next, &to, arena, &request) == GB_OK);
    }
    arena_free(arena);
    return 0;
}
