/* fields.h: the lines of a record's table, shorter. Inside this room only. */
#ifndef SHOP_FIELDS_H
#define SHOP_FIELDS_H

#include "base/base.h"
#include "state/record.h"

#define FIELD_TEXT(type, member)                                                                   \
    { #member, FIELD_STR, offsetof(struct type, member), NULL }
#define FIELD_INT(type, member)                                                                    \
    { #member, FIELD_I64, offsetof(struct type, member), NULL }
#define FIELD_FLAG(type, member)                                                                   \
    { #member, FIELD_BOOL, offsetof(struct type, member), NULL }
#define FIELD_MOVE(type, member, moves)                                                            \
    { #member, FIELD_STATE, offsetof(struct type, member), &(moves) }
#define RECORD(table, type, fields)                                                                \
    { (table), (fields), GB_COUNT(fields), sizeof(struct type) }

#endif
