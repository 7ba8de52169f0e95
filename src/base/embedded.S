/* embedded.S: the bytes of the files the program carries, and the table embed.c looks through.
 *
 * The Makefile writes one line `embed name, path` per file into embedded.inc. A row of the table is
 * struct embedded of embed.c: name, first byte, the byte after the last. Data only, so that this
 * assembles for any 64-bit machine.
 */
    .macro embed name, path
    .section .rodata
1:  .asciz "\name"
    .balign 16
2:  .incbin "\path"
3:  .byte 0
    .section .data.rel.ro, "aw"
    .quad 1b, 2b, 3b
    .endm

    .section .data.rel.ro, "aw"
    .balign 8
    .globl gb_embedded
gb_embedded:
    .include "build/generated/embedded.inc"
    .section .data.rel.ro, "aw"
    .quad 0, 0, 0

    .section .note.GNU-stack, "", %progbits
