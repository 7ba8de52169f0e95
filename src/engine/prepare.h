/* prepare.h: what stands before the first event: store, catalog, lanes. Again after a SIGHUP. */
#ifndef ENGINE_PREPARE_H
#define ENGINE_PREPARE_H

#include "base/base.h"
#include "base/crypto.h"

struct arena;
struct backend;
struct config;
struct intake;
struct lanes;

/* The store's secret (made from `fresh` at the first start) and its schema version.
 * GB_DAMAGED: written by a newer version; *reterr_why. Else the store's error. */
enum gb_err store_prepare(struct backend *backend, const uint8_t fresh[SHA256_BYTES],
                          int64_t now_ms, struct arena *arena, uint8_t ret_secret[SHA256_BYTES],
                          struct str *reterr_why) GB_MUST_USE;

/* Seed the catalog from the config, open a lane for each other side, point the intake.
 * GB_INVALID: *reterr_why. Else the store's error. */
enum gb_err engine_prepare(struct backend *backend, const struct config *config,
                           struct lanes *lanes, struct intake *intake, int64_t now_ms,
                           struct arena *arena, struct str *reterr_why) GB_MUST_USE;

#endif
