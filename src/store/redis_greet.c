/* redis_greet.c: the first words on a new connection: who we are, what the server is, whose data it
 * holds. One round trip; a second one makes an empty database ours.
 */
#include "store/redis_wire.h"

#include "base/arena.h"
#include "base/num.h"

static const struct redis_reply *said(const struct redis_reply *greeting, const char *key) {
    const struct redis_reply *one = greeting->first;
    while (one != NULL && one->next != NULL && !str_is(one->text, key)) {
        one = one->next->next;
    }
    return one != NULL ? one->next : NULL;
}

static struct str said_text(const struct redis_reply *greeting, const char *key) {
    const struct redis_reply *found = said(greeting, key);
    return found != NULL ? found->text : STR_NONE;
}

/* "7.0.15": what this version can do. */
static void learn_version(struct redis_facts *facts, struct str name, struct str version) {
    struct str rest = version, piece;
    int64_t major = 0, minor = 0;
    if (!str_split(&rest, '.', &piece) || num_i64(piece, 0, 1000000, &major) != GB_OK ||
        !str_split(&rest, '.', &piece) || num_i64(piece, 0, 1000000, &minor) != GB_OK) {
        major = 6;
        minor = 0;
    }
    facts->has_pxat = major > 6 || (major == 6 && minor >= 2);
    facts->has_pexpiretime = major >= 7;
    (void)snprintf(facts->name, sizeof facts->name, STR_FMT " " STR_FMT,
                   STR_ARG(str_sub(name, 0, 20)), STR_ARG(str_sub(version, 0, 30)));
}

static enum gb_err greeting_read(struct redis_link *link, const struct redis_reply *greeting,
                                 struct redis_facts *ret_facts) {
    if (greeting->kind == REDIS_ERROR && str_starts(greeting->text, STR("ERR "))) {
        redis_link_say(link, "it does not know HELLO: older than Redis 6?");
        return GB_UNAVAILABLE;
    }
    if (greeting->kind == REDIS_ERROR) {
        return redis_link_refused(link, greeting);
    }
    if (greeting->kind != REDIS_LIST) {
        return redis_link_nonsense(link);
    }
    learn_version(ret_facts, said_text(greeting, "server"), said_text(greeting, "version"));
    if (!str_is(said_text(greeting, "mode"), "standalone")) {
        redis_link_say(link, "its mode is cluster or sentinel; a single server is needed");
        return GB_UNAVAILABLE;
    }
    if (!str_is(said_text(greeting, "role"), "master")) {
        redis_link_say(link, "it is a replica; changes go to its primary");
        return GB_UNAVAILABLE;
    }
    return GB_OK;
}

/* An empty database becomes ours; another program's does not. */
static enum gb_err format_write(struct redis_link *link, int db) {
    const struct redis_reply *replies;
    redis_link_batch(link);
    redis_link_select(link, db);
    REDIS_SEND(link, STR("SET"), STR("_meta:format"), STR(REDIS_FORMAT), STR("NX"));
    if (!redis_link_trip(link, &replies)) {
        return GB_UNAVAILABLE;
    }
    return redis_link_check(link, replies);
}

static enum gb_err format_check(struct redis_link *link, int db, const struct redis_reply *size,
                                const struct redis_reply *format) {
    if (format->kind == REDIS_TEXT && str_is(format->text, REDIS_FORMAT)) {
        return GB_OK;
    }
    if (format->kind == REDIS_NIL && size->kind == REDIS_INTEGER && size->integer == 0) {
        return format_write(link, db);
    }
    redis_link_say(
        link, "database %d holds data of another program, or of a newer version of this one", db);
    return GB_DAMAGED;
}

enum gb_err redis_greet(struct redis_link *link, const struct redis_who *who,
                        struct redis_facts *ret_facts) {
    const struct redis_reply *hello;
    struct str password = secret_reveal(who->password);
    int db = who->db_first + REDIS_DB_ROWS;
    redis_link_batch(link);
    if (password.n > 0) {
        REDIS_SEND(link, STR("HELLO"), STR("2"), STR("AUTH"), str_of(who->user), password,
                   STR("SETNAME"), STR("gigabridge"));
    } else {
        REDIS_SEND(link, STR("HELLO"), STR("2"), STR("SETNAME"), STR("gigabridge"));
    }
    redis_link_select(link, db);
    REDIS_SEND(link, STR("DBSIZE")); /* before GET: another instance may be writing the format */
    REDIS_SEND(link, STR("GET"), STR("_meta:format"));
    if (!redis_link_trip(link, &hello)) {
        return GB_UNAVAILABLE;
    }
    const struct redis_reply *selected = hello->next, *size = selected->next, *format = size->next;
    enum gb_err err = greeting_read(link, hello, ret_facts);
    if (err == GB_OK && str_starts(selected->text, STR("ERR "))) {
        redis_link_say(link, "it has no database %d (see `databases` in its settings)", db);
        return GB_UNAVAILABLE;
    }
    if (err == GB_OK) {
        err = redis_link_check(link, selected);
    }
    return err == GB_OK && !who->is_guest ? format_check(link, db, size, format) : err;
}
