/* tls_server.c: a real TLS server as a child process. */
#define GB_DOOR "a TLS server in a process of its own"
#include "io/tls_server.h"

#include "base/num.h"
#include "io/scene.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmocka.h>

static char directory[] = "/tmp/gb-tls-XXXXXX";

static void run(const char *program, const char *argument1, const char *argument2) {
    pid_t pid = fork();
    if (pid == 0) {
        execlp(program, program, argument1, argument2, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int tls_make_certificates(void **state) {
    (void)state;
    assert_non_null(mkdtemp(directory));
    run("tests/data/certificates.sh", directory, NULL);
    return 0;
}

int tls_remove_certificates(void **state) {
    (void)state;
    run("rm", "-r", directory);
    return 0;
}

/* "ACCEPT 127.0.0.1:40123" is its way to say that it is up. */
static int read_port(int fd) {
    char text[512];
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, text + n, sizeof text - 1 - n);
        assert_true(got > 0);
        n += (size_t)got;
        text[n] = '\0';
        const char *line = strstr(text, "ACCEPT 127.0.0.1:");
        const char *end = line != NULL ? strchr(line, '\n') : NULL;
        if (end != NULL) {
            int64_t port;
            line += strlen("ACCEPT 127.0.0.1:");
            assert_int_equal(num_i64((struct str){line, (size_t)(end - line)}, 1, 65535, &port),
                             GB_OK);
            return (int)port;
        }
    }
}

struct tls_server tls_serve(const char *certificate, const char *protocol) {
    int out[2];
    struct tls_server server;
    assert_int_equal(pipe(out), 0);
    server.pid = fork();
    if (server.pid == 0) {
        int null = open("/dev/null", O_RDWR);
        if (chdir(directory) == 0 && dup2(null, 0) == 0 && dup2(out[1], 1) == 1 &&
            dup2(null, 2) == 2) {
            execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate,
                   "-key", certificate, "-www", protocol, (char *)NULL);
        }
        _exit(127);
    }
    close(out[1]);
    server.port = read_port(out[0]);
    close(out[0]);
    return server;
}

void tls_stop(const struct tls_server *server) {
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

struct str tls_path(struct scene *scene, const char *name) {
    return arena_printf(scene->kept, "%s/%s", directory, name);
}

struct str tls_content(struct scene *scene, const char *name) {
    size_t size = 16384;
    char *text = arena_take(scene->kept, size);
    int fd = open(tls_path(scene, name).p, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, size - 1);
    assert_true(n > 0);
    text[n] = '\0';
    close(fd);
    return (struct str){text, (size_t)n};
}
