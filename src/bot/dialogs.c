#include "bot/dialogs.h"

#include "base/arena.h"
#include "base/json.h"
#include "state/dialogs.h"
#include "state/work.h"

#define DATA_BYTES_MAX 512

static const struct {
    struct str state;
    enum press back;
} rows[PLACE_COUNT] = {
#define X(name, state, back) {STR_INIT(state), PRESS_##back},
    GB_PLACES(X)
#undef X
};

enum press place_back(enum place place) {
    return rows[place].back;
}

enum gb_err scene_read(struct work *work, int64_t user, struct scene *ret_scene) {
    struct dialog dialog;
    enum gb_err err =
        dialog_read(work, &(struct dialog_where){.chat = user, .user = user}, &dialog);
    if (err != GB_OK) {
        return err;
    }
    struct scene scene = {.place = PLACE_COUNT};
    for (unsigned i = 0; i < PLACE_COUNT; i++) {
        if (str_equal(dialog.state, rows[i].state)) {
            scene.place = (enum place)i;
        }
    }
    scene.message_id = json_i64_or(dialog.data, "message", 0);
    scene.about = json_str_or(dialog.data, "about", STR_NONE);
    scene.at_ms = json_i64_or(dialog.data, "at", 0);
    *ret_scene = scene;
    return GB_OK;
}

void scene_write(struct work *work, int64_t user, const struct scene *scene) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, work->arena, DATA_BYTES_MAX);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    json_put_i64(&out, "message", scene->message_id);
    if (scene->about.n > 0) {
        json_put_str(&out, "about", scene->about);
        json_put_i64(&out, "at", scene->at_ms);
    }
    json_close(&out);
    gb_assert(!buf.failed);
    dialog_write(work, &(struct dialog_where){.chat = user, .user = user}, rows[scene->place].state,
                 buf_str(&buf));
}
