/* embed.h: the files the program carries inside: the texts of src/bot/lang and the root
 * certificates.
 *
 * The Makefile puts them into the program as they are. Found by their last name: "ru.ini",
 * "ca.pem".
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include "base/str.h"

/* The file's bytes, valid for ever and followed by a 0; the empty view if there is no such file. */
struct str embed_file(struct str name);

#endif
