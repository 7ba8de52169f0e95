/* relro.c: finds the program's own RELRO segment and protects it; see relro.h. */
#include "cli/relro.h"

#include <link.h>
#include <sys/mman.h>

#define ONE_OBJECT_IS_ENOUGH 1 /* the first that dl_iterate_phdr shows is the program itself */

/* Protect the whole pages of one segment. The linker pads RELRO to end on a page; a page it only
 * shares, at the start, holds nothing that is written later. */
static enum gb_err protect_segment(const struct dl_phdr_info *program, const ElfW(Phdr) * segment) {
    uintptr_t page_mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    uintptr_t start = program->dlpi_addr + segment->p_vaddr;
    uintptr_t end = (start + segment->p_memsz) & page_mask;
    start &= page_mask;
    if (end <= start) {
        return GB_OK;
    }
    return mprotect((void *)start, end - start, PROT_READ) == 0 ? GB_OK : GB_UNAVAILABLE;
}

static int protect_program(struct dl_phdr_info *program, size_t size, void *ctx) {
    enum gb_err *ret_err = ctx;
    (void)size;
    for (size_t i = 0; i < program->dlpi_phnum; i++) {
        if (program->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            *ret_err = protect_segment(program, &program->dlpi_phdr[i]);
        }
    }
    return ONE_OBJECT_IS_ENOUGH;
}

enum gb_err relro_apply(void) {
    enum gb_err err = GB_OK;
    (void)dl_iterate_phdr(protect_program, &err); /* gives back ONE_OBJECT_IS_ENOUGH */
    return err;
}
