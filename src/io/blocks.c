/* blocks.c: a head before each block says its size; a free block's head links the list. */
#define GB_DOOR "it stands before malloc"
#include "io/blocks.h"

#include "base/base.h"

#include <stdalign.h>

/* Sizes are rounded up to steps; what is larger than the last step is malloc's business. */
#define STEP_BYTES 32u
#define STEPS      64u

struct head {
    alignas(max_align_t) size_t bytes; /* usable */
    struct head *next;                 /* while kept */
};

struct blocks {
    size_t kept_bytes, kept_bytes_max;
    struct head *kept[STEPS + 1]; /* by size in steps */
};

/* All zero in a thread that did not call blocks_start. */
static _Thread_local struct blocks mine;

void blocks_start(size_t keep_bytes_max) {
    mine.kept_bytes_max = keep_bytes_max;
}

void blocks_finish(void) {
    for (size_t step = 0; step <= STEPS; step++) {
        while (mine.kept[step] != NULL) {
            struct head *head = mine.kept[step];
            mine.kept[step] = head->next;
            free(head);
        }
    }
    mine = (struct blocks){0};
}

static struct head *head_of(void *block) {
    return (struct head *)block - 1;
}

void *blocks_malloc(size_t bytes) {
    if (bytes > SIZE_MAX - sizeof(struct head) - STEP_BYTES) {
        return NULL;
    }
    size_t step = bytes == 0 ? 1 : (bytes + STEP_BYTES - 1) / STEP_BYTES;
    if (step <= STEPS) {
        struct head *kept = mine.kept[step];
        if (kept != NULL) {
            mine.kept[step] = kept->next;
            mine.kept_bytes -= kept->bytes;
            return kept + 1;
        }
        bytes = step * STEP_BYTES;
    }
    struct head *head = malloc(sizeof *head + bytes);
    if (head == NULL) {
        return NULL;
    }
    head->bytes = bytes;
    return head + 1;
}

void blocks_free(void *block) {
    if (block == NULL) {
        return;
    }
    struct head *head = head_of(block);
    size_t step = head->bytes / STEP_BYTES;
    if (step > STEPS || mine.kept_bytes + head->bytes > mine.kept_bytes_max) {
        free(head);
        return;
    }
    head->next = mine.kept[step];
    mine.kept[step] = head;
    mine.kept_bytes += head->bytes;
}

void *blocks_calloc(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *block = blocks_malloc(count * size);
    if (block != NULL) {
        memset(block, 0, count * size);
    }
    return block;
}

void *blocks_realloc(void *block, size_t bytes) {
    size_t old_bytes = block != NULL ? head_of(block)->bytes : 0;
    if (block != NULL && bytes <= old_bytes && old_bytes <= (size_t)STEPS * STEP_BYTES) {
        return block;
    }
    void *larger = blocks_malloc(bytes);
    if (larger != NULL && block != NULL) {
        memcpy(larger, block, GB_MIN(old_bytes, bytes));
        blocks_free(block);
    }
    return larger;
}

char *blocks_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = blocks_malloc(bytes);
    if (copy != NULL) {
        memcpy(copy, text, bytes);
    }
    return copy;
}
