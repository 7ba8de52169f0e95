#include "bot/callbacks.h"

#include "base/arena.h"

static const struct {
    struct str code;
    size_t args;
} rows[PRESS_COUNT] = {
#define X(name, code, args) {STR_INIT(code), args},
    GB_PRESSES(X)
#undef X
};

enum gb_err callback_build(struct arena *arena, const struct callback *callback,
                           struct str *ret_data) {
    struct buf data;
    buf_init(&data, arena, CALLBACK_BYTES_MAX);
    buf_add(&data, rows[callback->press].code);
    if (callback->fresh) {
        buf_add_char(&data, '+');
    }
    for (size_t i = 0; i < rows[callback->press].args; i++) {
        struct str arg = callback->args[i];
        if (arg.n == 0 || str_find(arg, ':') < arg.n) {
            return GB_NO_SPACE;
        }
        buf_add_char(&data, ':');
        buf_add(&data, arg);
    }
    return buf_end(&data, ret_data);
}

enum gb_err callback_read(struct str data, struct callback *ret_callback) {
    if (data.n == 0 || data.n > CALLBACK_BYTES_MAX) {
        return GB_INVALID;
    }
    struct callback callback = {.press = PRESS_COUNT};
    struct str code = STR_NONE;
    if (!str_split(&data, ':', &code)) {
        return GB_INVALID;
    }
    if (str_ends(code, STR("+"))) {
        callback.fresh = true;
        code.n--;
    }
    for (unsigned i = 0; i < PRESS_COUNT; i++) {
        if (str_equal(rows[i].code, code)) {
            callback.press = (enum press)i;
        }
    }
    if (callback.press == PRESS_COUNT) {
        return GB_INVALID;
    }
    size_t count = 0;
    struct str arg;
    while (str_split(&data, ':', &arg)) {
        if (count == rows[callback.press].args || arg.n == 0) {
            return GB_INVALID;
        }
        callback.args[count++] = arg;
    }
    if (count != rows[callback.press].args) {
        return GB_INVALID;
    }
    *ret_callback = callback;
    return GB_OK;
}
