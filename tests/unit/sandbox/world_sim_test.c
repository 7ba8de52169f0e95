/* world_sim_test.c: time that jumps, one answer for each request whatever the weather, and a shop
 * that dies.
 */
#include "sandbox/world_sim.h"

#include "base/arena.h"
#include "sandbox/faults.h"
#include "sandbox/play.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TICKETS 2000

/* A host that counts, and holds what asks for /held until it is told to let go. */
struct counter {
    uint64_t visits, held[TICKETS];
    size_t held_count;
    int64_t release_ms, last_visit_ms;
};

static enum model_verdict counter_handle(void *model, const struct visit *visit,
                                         struct http_response *response) {
    struct counter *counter = model;
    counter->visits++;
    counter->last_visit_ms = visit->now.mono_ms;
    if (str_is(visit->request->path, "/held")) {
        counter->held[counter->held_count++] = visit->ticket;
        return MODEL_HOLDS;
    }
    response_json(response, 200, visit->request->body);
    return MODEL_ANSWERS;
}

static bool counter_answer(void *model, struct moment now, struct arena *arena,
                           uint64_t *ret_ticket, struct http_response *response) {
    struct counter *counter = model;
    (void)arena;
    if (counter->held_count == 0 || now.mono_ms < counter->release_ms) {
        return false;
    }
    *ret_ticket = counter->held[--counter->held_count];
    response_json(response, 200, STR("released"));
    return true;
}

static int64_t counter_next_ms(const void *model) {
    const struct counter *counter = model;
    return counter->held_count > 0 ? counter->release_ms : INT64_MAX;
}

static const struct sim_host_ops counter_ops = {counter_handle, counter_answer, counter_next_ms};

struct scene {
    struct arena *arena;
    struct world_sim *sim;
    struct world *world;
    struct counter counter;
    struct sim_life life;
    uint64_t next_ticket;
    unsigned replies[TICKETS]; /* by ticket */
    enum http_outcome outcome; /* of the last reply */
    struct str body;
};

static void scene_begin(struct scene *scene, uint8_t seed, struct sim_weather weather) {
    uint8_t key[SHA256_BYTES] = {seed};
    *scene = (struct scene){.arena = arena_new(4096, 1 << 24), .life = {.calls_left = -1}};
    scene->counter.release_ms = INT64_MAX;
    scene->sim = world_sim_new(
        &(struct world_sim_options){.seed = key, .start = {PLAY_START, 0}, .life = &scene->life});
    scene->world = world_sim_world(scene->sim);
    (void)world_sim_add_host(scene->sim, &(struct sim_host){STR("http://a"), &counter_ops,
                                                            &scene->counter, FAULT_PAY, weather});
}

static void scene_end(struct scene *scene) {
    scene->world->ops->close(scene->world);
    arena_free(scene->arena);
}

static uint64_t ask(struct scene *scene, struct str url) {
    const struct http_request request = {.method = HTTP_POST, .url = url, .body = STR("hello")};
    uint64_t ticket = scene->next_ticket++;
    gb_assert(ticket < TICKETS);
    enum gb_err err = scene->world->ops->send(scene->world, &request, STR("pool"), ticket);
    assert_int_equal(err, GB_OK);
    return ticket;
}

/* One wait, at most until then. */
static size_t wait_until(struct scene *scene, int64_t mono_ms) {
    const struct sign *signs;
    size_t count;
    scene->world->ops->wake_at(scene->world, mono_ms);
    assert_int_equal(scene->world->ops->wait(scene->world, scene->arena, &signs, &count), GB_OK);
    for (size_t i = 0; i < count; i++) {
        if (signs[i].kind == SIGN_REPLY) {
            scene->replies[signs[i].ticket]++;
            scene->outcome = signs[i].reply->outcome;
            scene->body = signs[i].reply->body;
        }
    }
    return count;
}

static void run_until(struct scene *scene, int64_t mono_ms) {
    while (world_sim_now(scene->sim).mono_ms < mono_ms) {
        (void)wait_until(scene, mono_ms);
    }
}

static int64_t now_ms(const struct scene *scene) {
    return world_sim_now(scene->sim).mono_ms;
}

/* ---- time ---- */

static void waiting_takes_no_time_but_the_clocks_move(void **state) {
    struct scene scene;
    (void)state;
    scene_begin(&scene, 1, (struct sim_weather){0});
    assert_int_equal(wait_until(&scene, 365 * GB_DAY_MS), 0);
    assert_int_equal(now_ms(&scene), 365 * GB_DAY_MS);
    assert_int_equal(scene.world->ops->wall_ms(scene.world), PLAY_START + 365 * GB_DAY_MS);
    world_sim_step_clock(scene.sim, -GB_HOUR_MS);
    assert_int_equal(scene.world->ops->wall_ms(scene.world),
                     PLAY_START + 365 * GB_DAY_MS - GB_HOUR_MS);
    assert_int_equal(now_ms(&scene), 365 * GB_DAY_MS);
    scene_end(&scene);
}

static void a_request_is_answered_after_its_ways(void **state) {
    struct scene scene;
    (void)state;
    scene_begin(&scene, 1, (struct sim_weather){.latency_ms_max = 10});
    uint64_t ticket = ask(&scene, STR("http://a/x?y"));
    assert_int_equal(wait_until(&scene, GB_DAY_MS), 1);
    assert_int_equal(scene.replies[ticket], 1);
    assert_int_equal(scene.outcome, HTTP_REPLIED);
    assert_true(str_is(scene.body, "hello"));
    assert_in_range(now_ms(&scene), 2, 20);
    scene_end(&scene);
}

static void a_held_answer_comes_when_it_is_let_go(void **state) {
    struct scene scene;
    (void)state;
    scene_begin(&scene, 1, (struct sim_weather){0});
    uint64_t ticket = ask(&scene, STR("http://a/held"));
    scene.counter.release_ms = 5 * GB_SECOND_MS;
    assert_int_equal(wait_until(&scene, GB_DAY_MS), 1);
    assert_int_equal(scene.replies[ticket], 1);
    assert_true(str_is(scene.body, "released"));
    assert_in_range(now_ms(&scene), 5 * GB_SECOND_MS + 1, 5 * GB_SECOND_MS + 40);
    scene_end(&scene);
}

static void patience_ends_and_a_canceled_request_ends_at_once(void **state) {
    struct scene scene;
    (void)state;
    scene_begin(&scene, 1, (struct sim_weather){0});
    uint64_t ticket = ask(&scene, STR("http://a/held"));
    assert_int_equal(wait_until(&scene, GB_DAY_MS), 1);
    assert_int_equal(scene.outcome, HTTP_UNKNOWN);
    assert_int_equal(now_ms(&scene), GB_MINUTE_MS);
    ticket = ask(&scene, STR("http://a/held"));
    run_until(&scene, now_ms(&scene) + GB_SECOND_MS);
    scene.world->ops->cancel(scene.world, ticket);
    assert_int_equal(wait_until(&scene, GB_DAY_MS), 1);
    assert_int_equal(scene.outcome, HTTP_UNKNOWN);
    assert_int_equal(now_ms(&scene), GB_MINUTE_MS + GB_SECOND_MS);
    scene.counter.release_ms = 0; /* what is let go now reaches nobody */
    run_until(&scene, GB_HOUR_MS);
    assert_int_equal(scene.replies[ticket], 1);
    scene_end(&scene);
}

/* ---- weather ---- */

struct expected {
    struct sim_weather weather;
    enum http_outcome outcome;
    uint64_t visits;
    int64_t least_ms, most_ms;
};

static void each_kind_of_weather_does_what_it_says(void **state) {
    static const struct expected table[] = {
        {{.road = SIM_ROAD_REFUSED}, HTTP_NOT_SENT, 0, 1, 40},
        {{.road = SIM_ROAD_SILENT}, HTTP_NOT_SENT, 0, 10000, 10000},
        {{.not_sent = 10000}, HTTP_NOT_SENT, 0, 1, 40},
        {{.cut_there = 10000}, HTTP_UNKNOWN, 0, 1, 40},
        {{.cut_back = 10000}, HTTP_UNKNOWN, 1, 2, 80},
        {{.silent = 10000}, HTTP_UNKNOWN, 0, 60000, 60000},
        {{.late = 10000}, HTTP_UNKNOWN, 1, 60000, 60000},
        {{.twice = 10000}, HTTP_REPLIED, 2, 3, 120},
        {{.refused = 10000}, HTTP_REPLIED, 0, 2, 80},
    };
    (void)state;
    for (size_t i = 0; i < GB_COUNT(table); i++) {
        struct scene scene;
        scene_begin(&scene, (uint8_t)i, table[i].weather);
        (void)ask(&scene, STR("http://a/x"));
        assert_int_equal(wait_until(&scene, GB_DAY_MS), 1);
        assert_int_equal(scene.outcome, table[i].outcome);
        assert_in_range(now_ms(&scene), table[i].least_ms, table[i].most_ms);
        int64_t told_ms = now_ms(&scene);
        run_until(&scene, GB_DAY_MS);
        assert_int_equal(scene.counter.visits, table[i].visits);
        assert_true(table[i].weather.late == 0 || scene.counter.last_visit_ms > told_ms);
        scene_end(&scene);
    }
}

static uint64_t stormy_course(uint8_t seed, struct scene *scene) {
    scene_begin(scene, seed,
                (struct sim_weather){.not_sent = 800,
                                     .cut_there = 800,
                                     .cut_back = 800,
                                     .silent = 800,
                                     .late = 800,
                                     .twice = 800,
                                     .refused = 800});
    scene->counter.release_ms = GB_MINUTE_MS;
    while (scene->next_ticket < TICKETS) {
        for (int i = 0; i < 40 && scene->next_ticket < TICKETS; i++) {
            (void)ask(scene, i % 3 == 0 ? STR("http://a/held") : STR("http://a/x"));
        }
        run_until(scene, now_ms(scene) + 20 * GB_SECOND_MS);
    }
    run_until(scene, now_ms(scene) + GB_HOUR_MS);
    return world_sim_digest(scene->sim);
}

static void every_request_is_answered_once_and_one_seed_is_one_course(void **state) {
    (void)state;
    static struct scene scene;
    uint64_t first = stormy_course(7, &scene);
    for (size_t i = 0; i < TICKETS; i++) {
        assert_int_equal(scene.replies[i], 1);
    }
    struct world_sim_stats stats = world_sim_stats(scene.sim);
    assert_int_equal(stats.sent, TICKETS);
    assert_int_equal(stats.replies, TICKETS);
    assert_int_equal(stats.done, scene.counter.visits);
    assert_true(stats.not_sent > 0 && stats.unknown > stats.not_sent);
    scene_end(&scene);
    assert_true(stormy_course(7, &scene) == first);
    scene_end(&scene);
    assert_true(stormy_course(8, &scene) != first);
    scene_end(&scene);
}

static void an_address_that_nobody_has_cannot_be_reached(void **state) {
    struct scene scene;
    (void)state;
    scene_begin(&scene, 1, (struct sim_weather){0});
    (void)ask(&scene, STR("http://abc/x"));
    assert_int_equal(wait_until(&scene, GB_DAY_MS), 1);
    assert_int_equal(scene.outcome, HTTP_NOT_SENT);
    scene_end(&scene);
}

/* ---- the end of a life ---- */

static void a_dead_shop_sends_nothing_and_hears_nothing(void **state) {
    struct scene scene;
    (void)state;
    scene_begin(&scene, 1, (struct sim_weather){0});
    scene.life.calls_left = 1;
    (void)ask(&scene, STR("http://a/x"));
    assert_false(scene.life.over);
    (void)ask(&scene, STR("http://a/x"));
    assert_true(scene.life.over);
    world_sim_hang_up(scene.sim);
    world_sim_pass(scene.sim, GB_HOUR_MS);
    assert_int_equal(scene.counter.visits, 1); /* it was under way */
    assert_int_equal(now_ms(&scene), GB_HOUR_MS);
    assert_int_equal(wait_until(&scene, GB_DAY_MS), 0);
    scene_end(&scene);
}

static void a_signal_is_handed_over_once(void **state) {
    struct scene scene;
    (void)state;
    scene_begin(&scene, 1, (struct sim_weather){0});
    world_sim_signal(scene.sim, 15);
    assert_int_equal(wait_until(&scene, GB_DAY_MS), 1);
    assert_int_equal(now_ms(&scene), 0);
    assert_int_equal(wait_until(&scene, GB_DAY_MS), 0);
    scene_end(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_takes_no_time_but_the_clocks_move),
        cmocka_unit_test(a_request_is_answered_after_its_ways),
        cmocka_unit_test(a_held_answer_comes_when_it_is_let_go),
        cmocka_unit_test(patience_ends_and_a_canceled_request_ends_at_once),
        cmocka_unit_test(each_kind_of_weather_does_what_it_says),
        cmocka_unit_test(every_request_is_answered_once_and_one_seed_is_one_course),
        cmocka_unit_test(an_address_that_nobody_has_cannot_be_reached),
        cmocka_unit_test(a_dead_shop_sends_nothing_and_hears_nothing),
        cmocka_unit_test(a_signal_is_handed_over_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
