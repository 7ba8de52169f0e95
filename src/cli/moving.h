/* moving.h: what export and import agree on. */
#ifndef CLI_MOVING_H
#define CLI_MOVING_H

#define EXPORT_FORMAT "gigabridge export 1"

#endif
