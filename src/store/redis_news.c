/* redis_news.c: what other instances have added to tables, heard over a connection of its own.
 *
 * Whoever adds rows to a table that is told publishes that in the same transaction. A message says
 * no more than who: what was added is read from the rows. Messages are lost with a connection, so
 * a new one counts as news.
 */
#define GB_DOOR "the listener's own memory"
#include "store/redis_wire.h"

#include "base/arena.h"

#define NO_TABLES 0

struct redis_news {
    struct redis_link *link;
    const struct store_table *tables;
    int db_first;
    char *instance;
    uint64_t tables_heard; /* bits; NO_TABLES: there is no connection */
};

struct str redis_channel(struct arena *arena, const struct store_table *table, int db_first) {
    return arena_printf(arena, "gigabridge:%d:%s", db_first, table->name);
}

enum gb_err redis_news_open(const struct redis_options *options, const struct store_table *tables,
                            struct redis_news **ret_news) {
    struct redis_link *link = redis_link_new(options);
    if (link == NULL) {
        return GB_UNAVAILABLE;
    }
    struct redis_news *news = calloc(1, sizeof *news);
    gb_assert(news != NULL);
    news->link = link;
    news->tables = tables;
    news->db_first = options->db_first;
    news->instance = strdup(options->instance);
    gb_assert(news->instance != NULL);
    news->tables_heard = NO_TABLES;
    *ret_news = news;
    return GB_OK;
}

void redis_news_close(struct redis_news *news) {
    if (news == NULL) {
        return;
    }
    redis_link_free(news->link);
    free(news->instance);
    free(news);
}

int redis_news_fd(const struct redis_news *news) {
    return news->tables_heard == NO_TABLES ? -1 : redis_link_fd(news->link);
}

/* In one batch, which the server carries out in one go: no message comes between. */
static enum gb_err subscribe(struct redis_news *news, uint64_t tables) {
    const struct redis_reply *replies;
    enum gb_err err = redis_link_begin(news->link);
    if (err != GB_OK) {
        return err;
    }
    struct arena *memory = redis_link_memory(news->link);
    for (int table = 0; table < STORE_TABLES_MAX; table++) {
        if ((tables & REDIS_NEWS_OF(table)) != 0) {
            REDIS_SEND(news->link, STR("SUBSCRIBE"),
                       redis_channel(memory, &news->tables[table], news->db_first));
        }
    }
    err = redis_link_ask(news->link, &replies);
    return err == GB_OK ? redis_link_check(news->link, replies) : err;
}

bool redis_news_listen(struct redis_news *news, uint64_t tables) {
    if (news->tables_heard == tables) {
        return false;
    }
    if (news->tables_heard != NO_TABLES) {
        redis_link_leave(news->link);
        news->tables_heard = NO_TABLES;
    }
    if (subscribe(news, tables) != GB_OK) {
        return false;
    }
    news->tables_heard = tables;
    return true;
}

/* "message", channel, who. */
static bool is_of_another(const struct redis_news *news, const struct redis_reply *reply) {
    return reply->kind == REDIS_LIST && reply->count == 3 &&
           str_is(reply->first->text, "message") && !str_is(reply->last->text, news->instance);
}

bool redis_news_take(struct redis_news *news) {
    const struct redis_reply *reply;
    if (news->tables_heard == NO_TABLES) {
        return false;
    }
    if (redis_link_hear(news->link, &reply) != GB_OK) {
        news->tables_heard = NO_TABLES;
        return true;
    }
    bool is_news = false;
    for (; reply != NULL; reply = reply->next) {
        is_news = is_news || is_of_another(news, reply);
    }
    return is_news;
}
