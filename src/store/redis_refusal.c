/* redis_refusal.c: what the server's error replies mean to us.
 *
 * Nothing of an error's text is repeated but its code: it may quote our own command, password and
 * all.
 */
#include "store/redis_wire.h"

struct refusal {
    const char *code;
    enum gb_err err;
    bool leave; /* another connection may do better: the server restarted, failed over, was told
                   another password */
    const char *words;
};

static const struct refusal refusals[] = {
    {"OOM", GB_NO_SPACE, false, "its memory is full (maxmemory)"},
    {"MISCONF", GB_NO_SPACE, false, "it cannot write to its disk (MISCONF)"},
    {"READONLY", GB_UNAVAILABLE, true, "it is a replica now and takes no changes"},
    {"LOADING", GB_UNAVAILABLE, true, "it is still loading its data"},
    {"MASTERDOWN", GB_UNAVAILABLE, true, "it is a replica that has lost its primary"},
    {"NOAUTH", GB_UNAVAILABLE, true, "it wants a password"},
    {"WRONGPASS", GB_UNAVAILABLE, true, "user or password are wrong, or the user is off"},
    {"NOPERM", GB_UNAVAILABLE, false, "its ACL does not allow us a command or a key"},
    {"NOREPLICAS", GB_UNAVAILABLE, false, "it lacks replicas and takes no changes"},
    {"BUSY", GB_UNAVAILABLE, true, "it is busy with a script"},
    {"CLUSTERDOWN", GB_UNAVAILABLE, true, "its cluster is down"},
    {"MOVED", GB_UNAVAILABLE, true, "it is part of a cluster, which has one database only"},
    {"WRONGTYPE", GB_DAMAGED, false, "a key of ours holds something of another type"},
};

/* The first word of an error; anything else but capitals is not shown. */
static struct str code_of(const struct redis_reply *error) {
    size_t n = 0;
    while (n < error->text.n && n < 20 && error->text.p[n] >= 'A' && error->text.p[n] <= 'Z') {
        n++;
    }
    return str_sub(error->text, 0, n);
}

enum gb_err redis_link_refused(struct redis_link *link, const struct redis_reply *error) {
    struct str code = code_of(error);
    for (size_t i = 0; i < GB_COUNT(refusals); i++) {
        if (str_is(code, refusals[i].code)) {
            redis_link_say(link, "%s", refusals[i].words);
            if (refusals[i].leave) {
                redis_link_leave(link);
            }
            return refusals[i].err;
        }
    }
    redis_link_say(link, "it refused a command (" STR_FMT ")", STR_ARG(code));
    return GB_UNAVAILABLE;
}

enum gb_err redis_link_check(struct redis_link *link, const struct redis_reply *replies) {
    for (const struct redis_reply *reply = replies; reply != NULL; reply = reply->next) {
        if (reply->kind == REDIS_ERROR) {
            return redis_link_refused(link, reply);
        }
    }
    return GB_OK;
}

enum gb_err redis_link_nonsense(struct redis_link *link) {
    redis_link_say(link, "it answered what was not asked");
    redis_link_leave(link);
    return GB_UNAVAILABLE;
}
