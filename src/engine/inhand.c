#define GB_DOOR "a mapped file names the event in hand"
#include "engine/inhand.h"

#include <signal.h>
#include <sys/mman.h>

/* The name, its 0, and a byte that says how the process ended. */
#define FILE_BYTES 128
#define NAME_MAX_N ((size_t)FILE_BYTES - 2)
#define CRASHED_AT (FILE_BYTES - 1)

struct inhand {
    char *text; /* 0-terminated, mapped; NULL: nothing is kept */
};

enum gb_err inhand_open(const char *path, struct inhand **ret_inhand) {
    struct inhand *inhand = calloc(1, sizeof *inhand);
    gb_assert(inhand != NULL);
    if (path != NULL) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        void *map = MAP_FAILED;
        if (fd >= 0 && ftruncate(fd, FILE_BYTES) == 0) {
            map = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        }
        if (fd >= 0) {
            close(fd);
        }
        if (map == MAP_FAILED) {
            free(inhand);
            return GB_UNAVAILABLE;
        }
        inhand->text = map;
        inhand->text[NAME_MAX_N] = '\0';
    }
    *ret_inhand = inhand;
    return GB_OK;
}

struct str inhand_left(const struct inhand *inhand) {
    return str_of(inhand->text);
}

bool inhand_crashed(const struct inhand *inhand) {
    return inhand->text != NULL && inhand->text[CRASHED_AT] != '\0';
}

/* ---- crashes ---- */

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
static struct sigaction before[GB_COUNT(crash_signals)];
static volatile char *crash_mark;

/* Note it, and let it happen: once this returns it meets whoever was responsible before. */
static void on_crash(int number) {
    *crash_mark = 1;
    for (size_t i = 0; i < GB_COUNT(crash_signals); i++) {
        if (crash_signals[i] == number) {
            (void)sigaction(number, &before[i], NULL);
        }
    }
    (void)raise(number);
}

void inhand_watch(struct inhand *inhand) {
    if (inhand->text == NULL) {
        return;
    }
    crash_mark = &inhand->text[CRASHED_AT];
    *crash_mark = 0;
    struct sigaction watch = {.sa_handler = on_crash};
    for (size_t i = 0; i < GB_COUNT(crash_signals); i++) {
        (void)sigaction(crash_signals[i], &watch, &before[i]);
    }
}

void inhand_close(struct inhand *inhand) {
    if (inhand == NULL) {
        return;
    }
    if (inhand->text != NULL) {
        if (crash_mark == &inhand->text[CRASHED_AT]) {
            for (size_t i = 0; i < GB_COUNT(crash_signals); i++) {
                (void)sigaction(crash_signals[i], &before[i], NULL);
            }
            crash_mark = NULL;
        }
        munmap(inhand->text, FILE_BYTES);
    }
    free(inhand);
}

void inhand_set(struct inhand *inhand, struct str event_id) {
    if (inhand->text == NULL) {
        return;
    }
    size_t bytes = GB_MIN(event_id.n, NAME_MAX_N);
    if (bytes > 0) {
        memcpy(inhand->text, event_id.p, bytes);
    }
    inhand->text[bytes] = '\0';
}
