#include "bot/talk.h"

#include "bot/post.h"
#include "bot/screen.h"
#include "state/work.h"
#include "telegram/update.h"

int64_t talk_message(const struct talk *talk) {
    const struct update *update = talk->update;
    bool editable = update->kind == UPDATE_CALLBACK && !update->message_gone && !talk->press.fresh;
    return editable ? update->message_id : 0;
}

void talk_show(struct talk *talk, enum place place, struct str about, const struct screen *screen) {
    int64_t message_id = talk_message(talk);
    post_screen(talk->work, talk->user.id, message_id, screen, POST_SCREEN);
    scene_write(talk->work, talk->user.id,
                &(struct scene){place, message_id, about, talk->work->now_ms});
}

void talk_toast(struct talk *talk, enum text text) {
    talk->toast = say(&talk->voice, text);
}
