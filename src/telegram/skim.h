/* skim.h: where one JSON value ends, strictly checked, without making a tree of it.
 *
 * Most replies are read only to know that they are a success, and Telegram repeats the whole
 * message in each. Reading over it takes less than a third of the time of parsing it.
 */
#ifndef TELEGRAM_SKIM_H
#define TELEGRAM_SKIM_H

#include "base/base.h"

/* Bytes of the value that `text` starts with, without a blank before it; 0: it starts with none.
 * Nesting is bounded at 64, as in base/json. */
size_t skim_value(struct str text);

#endif
