/* holds.c: one list, sorted by the instant an answer may leave.
 *
 * There are rarely more than a handful, so a sorted list is all it takes. Responses are copied in,
 * and out into the arena of the turn.
 */
#include "sandbox/holds.h"

#include "base/arena.h"
#include "sandbox/keep.h"

struct hold {
    struct hold *next;
    uint64_t ticket;
    int64_t due_ms;
    struct http_response response; /* texts kept */
    struct http_header *headers;   /* the same array, ours to free */
};

static void hold_free(struct hold *hold) {
    for (size_t i = 0; i < hold->response.header_count; i++) {
        keep_drop(&hold->headers[i].name);
        keep_drop(&hold->headers[i].value);
    }
    keep_free(hold->headers);
    keep_drop(&hold->response.content_type);
    keep_drop(&hold->response.body);
    keep_free(hold);
}

static struct hold *hold_new(uint64_t ticket, int64_t due_ms, const struct http_response *r) {
    struct hold *hold = keep_new(sizeof *hold);
    hold->ticket = ticket;
    hold->due_ms = due_ms;
    hold->response = *r;
    hold->response.content_type = keep_text(r->content_type);
    hold->response.body = keep_text(r->body);
    if (r->header_count > 0) {
        hold->headers = keep_new(r->header_count * sizeof *hold->headers);
        for (size_t i = 0; i < r->header_count; i++) {
            hold->headers[i].name = keep_text(r->headers[i].name);
            hold->headers[i].value = keep_text(r->headers[i].value);
        }
    }
    hold->response.headers = hold->headers;
    return hold;
}

static void insert(struct holds *holds, struct hold *hold) {
    struct hold **place = &holds->first;
    while (*place != NULL && (*place)->due_ms <= hold->due_ms) {
        place = &(*place)->next;
    }
    hold->next = *place;
    *place = hold;
    holds->count++;
}

void holds_add(struct holds *holds, uint64_t ticket, int64_t due_ms,
               const struct http_response *response) {
    if (holds->count >= HOLDS_MAX) {
        holds->first->due_ms = INT64_MIN;
    }
    insert(holds, hold_new(ticket, due_ms, response));
}

bool holds_take(struct holds *holds, int64_t mono_ms, struct arena *arena, uint64_t *ret_ticket,
                struct http_response *ret_response) {
    struct hold *hold = holds->first;
    if (hold == NULL || hold->due_ms > mono_ms || hold->due_ms == HOLDS_NEVER) {
        return false;
    }
    holds->first = hold->next;
    holds->count--;
    *ret_ticket = hold->ticket;
    *ret_response = hold->response;
    ret_response->content_type = arena_copy(arena, hold->response.content_type);
    ret_response->body = arena_copy(arena, hold->response.body);
    struct http_header *headers =
        ARENA_ARRAY(arena, struct http_header, GB_MAX(hold->response.header_count, (size_t)1));
    for (size_t i = 0; i < hold->response.header_count; i++) {
        headers[i].name = arena_copy(arena, hold->headers[i].name);
        headers[i].value = arena_copy(arena, hold->headers[i].value);
    }
    ret_response->headers = headers;
    hold_free(hold);
    return true;
}

int64_t holds_next_ms(const struct holds *holds) {
    return holds->first != NULL ? holds->first->due_ms : INT64_MAX;
}

void holds_release(struct holds *holds) {
    struct hold *rest = holds->first;
    holds->first = NULL;
    holds->count = 0;
    while (rest != NULL) {
        struct hold *hold = rest;
        rest = hold->next;
        if (hold->due_ms == HOLDS_NEVER) {
            hold->due_ms = INT64_MIN;
        }
        insert(holds, hold);
    }
}

void holds_free(struct holds *holds) {
    while (holds->first != NULL) {
        struct hold *hold = holds->first;
        holds->first = hold->next;
        hold_free(hold);
    }
    holds->count = 0;
}
