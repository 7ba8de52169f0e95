/* http_bench.c: the ceiling the HTTP client leaves to the shop.
 *
 *     http_bench BOTLOAD [PARALLEL...]
 *
 * Starts BOTLOAD --serve (a fake Bot API on loopback) and sends it sendMessage calls through
 * io/world, PARALLEL at a time, for a second each. CPU is this process's, user and system; the load
 * server runs on the other core.
 */
#define GB_DOOR "a process to start, a clock to read"
#include "base/arena.h"
#include "base/base.h"
#include "base/num.h"
#include "io/world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define RUN_MS INT64_C(1000)

static const struct str bodies[] = {
    STR_INIT("{\"chat_id\":100000001,\"text\":\"Choose a location\",\"parse_mode\":\"HTML\","
             "\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Germany\",\"callback_data\":"
             "\"loc:de\"}],[{\"text\":\"Netherlands\",\"callback_data\":\"loc:nl\"}]]}}"),
    STR_INIT("{\"callback_query_id\":\"4382bfdwdsb323b2d9\"}"),
};
static const char *const methods[] = {"sendMessage", "answerCallbackQuery"};

static int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int port = 0;
    if (bind(fd, (struct sockaddr *)&address, bytes) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &bytes) == 0) {
        port = ntohs(address.sin_port);
    }
    close(fd);
    return port;
}

static pid_t start_server(const char *botload, int port) {
    char number[16];
    (void)snprintf(number, sizeof number, "%d", port);
    pid_t pid = fork();
    if (pid == 0) {
        (void)freopen("/dev/null", "w", stdout);
        execl(botload, botload, "--serve", "60", "--port", number, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int64_t cpu_us(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

struct bench {
    struct world *world;
    struct arena *arena;
    int port;
    uint64_t sent, done, failed;
};

static void send_next(struct bench *bench) {
    char url[128];
    size_t kind = (size_t)(bench->sent % GB_COUNT(bodies));
    int n = snprintf(url, sizeof url, "http://127.0.0.1:%d/bot123456:bench-token/%s", bench->port,
                     methods[kind]);
    struct http_request request = {
        .method = HTTP_POST,
        .url = {url, (size_t)n},
        .content_type = STR("application/json"),
        .body = bodies[kind],
    };
    if (bench->world->ops->send(bench->world, &request, STR("telegram"), bench->sent) == GB_OK) {
        bench->sent++;
    }
}

/* One turn: what came, and as much again on its way. */
static void turn(struct bench *bench, bool go_on) {
    const struct sign *signs;
    size_t count;
    arena_clear(bench->arena);
    if (bench->world->ops->wait(bench->world, bench->arena, &signs, &count) != GB_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bench->done++;
        bench->failed += signs[i].reply->outcome != HTTP_REPLIED || signs[i].reply->status != 200;
        if (go_on) {
            send_next(bench);
        }
    }
}

static bool run(struct bench *bench, int parallel) {
    struct world_stats before, after;
    for (int round = 0; round < 2; round++) { /* the first warms up */
        world_stats(bench->world, &before);
        bench->sent = bench->done = bench->failed = 0;
        int64_t start = bench->world->ops->mono_ms(bench->world), now = start, cpu = cpu_us();
        int64_t run_ms = round == 0 ? RUN_MS / 5 : RUN_MS;
        for (int i = 0; i < parallel; i++) {
            send_next(bench);
        }
        while (now - start < run_ms) {
            turn(bench, true);
            now = bench->world->ops->mono_ms(bench->world);
        }
        while (bench->done < bench->sent) {
            turn(bench, false);
        }
        cpu = cpu_us() - cpu;
        world_stats(bench->world, &after);
        if (round == 1) {
            printf("%8d %12.0f %12.2f %12.2f %10" PRIu64 "\n", parallel,
                   (double)bench->done * 1000 / (double)(now - start),
                   (double)cpu / (double)bench->done,
                   (double)bench->done / (double)(after.waits - before.waits),
                   after.connects - before.connects);
        }
    }
    return bench->failed == 0;
}

static bool server_is_up(struct bench *bench) {
    for (int i = 0; i < 200; i++) {
        bench->sent = bench->done = bench->failed = 0;
        send_next(bench);
        turn(bench, false);
        if (bench->failed == 0) {
            return true;
        }
        usleep(10000);
    }
    return false;
}

int main(int argc, char **argv) {
    static const int usual[] = {1, 2, 4, 8, 16, 32, 64};
    const char *why = "usage: http_bench BOTLOAD [PARALLEL...]";
    struct world_options options = {.connections_max = 256};
    struct bench bench = {.arena = arena_new(1 << 16, 1 << 24)};
    if (argc < 2 || world_open(&options, &bench.world, &why) != GB_OK) {
        (void)fprintf(stderr, "%s\n", why);
        return 2;
    }
    bench.port = free_port();
    pid_t pid = start_server(argv[1], bench.port);
    bool good = pid > 0 && server_is_up(&bench);
    printf("%8s %12s %12s %12s %10s\n", "parallel", "requests/s", "CPU us/req", "per turn",
           "connects");
    for (size_t i = 0; good && argc == 2 && i < GB_COUNT(usual); i++) {
        good = run(&bench, usual[i]);
    }
    for (int i = 2; good && i < argc; i++) {
        int64_t parallel = 1;
        good = num_i64(str_of(argv[i]), 1, 256, &parallel) == GB_OK && run(&bench, (int)parallel);
    }
    bench.world->ops->close(bench.world);
    arena_free(bench.arena);
    if (pid > 0) {
        (void)kill(pid, SIGTERM);
        (void)waitpid(pid, NULL, 0);
    }
    if (!good) {
        (void)fprintf(stderr, "not every call was answered 200\n");
    }
    return good ? 0 : 1;
}
