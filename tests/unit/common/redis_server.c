#define GB_DOOR "processes and files of a test"
#include "common/redis_server.h"

#include "base/arena.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#define PORTS_TRIED 20
#define OUTPUT_MAX  ((size_t)1024 * 1024)

static int free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* A child whose output we read, and that does not outlive us. */
static pid_t spawn(const char *const *words, int *ret_output) {
    int ends[2];
    pid_t parent = getpid();
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        union {
            const char *const *from;
            char *const *to;
        } cast = {.from = words};
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            execvp(words[0], cast.to);
        }
        _exit(127);
    }
    close(ends[1]);
    *ret_output = ends[0];
    return child;
}

/* Its log says so. False: it ended, since the port was taken, say. */
static bool wait_until_ready(int output) {
    char text[8192];
    size_t n = 0;
    while (n < sizeof text - 1) {
        ssize_t more = read(output, text + n, sizeof text - 1 - n);
        if (more <= 0) {
            print_message("redis-server: %.*s\n", (int)n, text);
            return false;
        }
        n += (size_t)more;
        if (memmem(text, n, "eady to accept connections", 26) != NULL) {
            return true;
        }
    }
    return false;
}

static bool try_start(struct redis_server *server) {
    char port[16];
    (void)snprintf(port, sizeof port, "%d", server->port);
    const char *words[32 + REDIS_SERVER_WORDS] = {
        "redis-server",
        "--bind",
        "127.0.0.1",
        "--unixsocket",
        server->socket_path,
        "--dir",
        server->directory,
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--save",
        "",
        "--daemonize",
        "no",
        "--enable-debug-command",
        "yes",
        "--port",
        server->tls ? "0" : port,
    };
    size_t n = 19;
    if (server->tls) {
        words[n++] = "--tls-port";
        words[n++] = port;
    }
    for (size_t i = 0; i < REDIS_SERVER_WORDS && server->more[i] != NULL; i++) {
        words[n++] = server->more[i];
    }
    words[n] = NULL;
    int output;
    server->pid = spawn(words, &output);
    bool ready = wait_until_ready(output);
    close(output);
    if (!ready) {
        int status = 0;
        kill(server->pid, SIGKILL);
        waitpid(server->pid, &status, 0);
        server->pid = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
            fail_msg("redis-server is missing (package redis-server)");
        }
    }
    return ready;
}

void redis_server_start(struct redis_server *server) {
    memcpy(server->directory, "/tmp/gb-redis-XXXXXX", 21);
    assert_non_null(mkdtemp(server->directory));
    (void)snprintf(server->socket_path, sizeof server->socket_path, "%s/s", server->directory);
    for (int i = 0; i < PORTS_TRIED; i++) {
        server->port = free_port();
        if (try_start(server)) {
            return;
        }
    }
    fail_msg("redis-server does not start");
}

void redis_server_again(struct redis_server *server) {
    assert_int_equal(server->pid, 0);
    if (!try_start(server)) {
        fail_msg("redis-server does not start again");
    }
}

void redis_server_kill(struct redis_server *server) {
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

void redis_server_end(struct redis_server *server) {
    redis_server_kill(server);
    if (server->directory[0] != '\0') {
        int output;
        pid_t child = spawn((const char *const[]){"rm", "-rf", server->directory, NULL}, &output);
        close(output);
        waitpid(child, NULL, 0);
        server->directory[0] = '\0';
    }
}

struct str redis_server_cli(const struct redis_server *server, struct arena *arena, int db,
                            const char *const *words) {
    const char *all[48] = {"redis-cli", "-s", server->socket_path, "-n",
                           arena_printf(arena, "%d", db).p};
    size_t n = 5, at = 0;
    for (size_t i = 0; words[i] != NULL && n < GB_COUNT(all) - 1; i++) {
        all[n++] = words[i];
    }
    all[n] = NULL;
    int output;
    pid_t child = spawn(all, &output);
    char *text = arena_take(arena, OUTPUT_MAX);
    for (ssize_t more = 1; more > 0 && at<OUTPUT_MAX; at += more> 0 ? (size_t)more : 0) {
        more = read(output, text + at, OUTPUT_MAX - at);
    }
    close(output);
    waitpid(child, NULL, 0);
    while (at > 0 && text[at - 1] == '\n') {
        at--;
    }
    return (struct str){text, at};
}
