#define GB_DOOR "a mapped file names the event in hand"
#include "engine/inhand.h"

#include <sys/mman.h>

#define FILE_BYTES 128

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
        inhand->text[FILE_BYTES - 1] = '\0';
    }
    *ret_inhand = inhand;
    return GB_OK;
}

void inhand_close(struct inhand *inhand) {
    if (inhand == NULL) {
        return;
    }
    if (inhand->text != NULL) {
        munmap(inhand->text, FILE_BYTES);
    }
    free(inhand);
}

struct str inhand_left(const struct inhand *inhand) {
    return str_of(inhand->text);
}

void inhand_set(struct inhand *inhand, struct str event_id) {
    if (inhand->text == NULL) {
        return;
    }
    size_t bytes = GB_MIN(event_id.n, (size_t)FILE_BYTES - 1);
    if (bytes > 0) {
        memcpy(inhand->text, event_id.p, bytes);
    }
    inhand->text[bytes] = '\0';
}
