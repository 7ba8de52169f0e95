/* html.h: the one place where text is escaped for Telegram. parse_mode HTML. */
#ifndef TELEGRAM_HTML_H
#define TELEGRAM_HTML_H

#include "base/base.h"

struct arena;

/* & < > and " as entities; bytes that are not UTF-8 become U+FFFD; NUL and other controls but \n
 * go. */
void html_escape(struct buf *buf, struct str text);
/* Code points after parsing, as Telegram counts them (trimmed): for its limits 4096 and 1024. */
size_t html_length(struct str html);
/* The first `count` of them and at most 32 KiB: no entity or tag is split, open tags are closed. */
struct str html_cut(struct arena *arena, struct str html, size_t count);

#endif
