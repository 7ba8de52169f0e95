/* Any JSON as an Update: read within bounds, or refused. */
#include "base/arena.h"
#include "base/json.h"
#include "telegram/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct update *update) {
    gb_assert(update->update_id >= 0 && update->from.id >= 0 && update->message_id >= 0);
    gb_assert(update->data.n <= 64 && update->query_id.n <= 64 && update->command.n <= 32);
    gb_assert(update->payment.payload.n <= 128 && update->payment.charge_id.n <= 256);
    gb_assert(utf8_length(update->text) <= 4096 && utf8_length(update->from.first_name) <= 64);
    gb_assert(update->kind == UPDATE_UNKNOWN || update->from.id > 0);
    gb_assert(!update->has_payment || update->payment.amount_minor > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(65536, 64 * 1024 * 1024);
    const struct json *tree;
    struct update update;
    const char *why = NULL;
    if (json_parse(arena, (struct str){(const char *)data, size}, &tree, NULL) == GB_OK) {
        if (update_read(arena, tree, &update, &why) == GB_OK) {
            check(&update);
        } else {
            gb_assert(why != NULL);
        }
    }
    arena_free(arena);
    return 0;
}
