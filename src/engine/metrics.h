/* metrics.h: figures for Prometheus at /metrics, and at /health whether the shop works: 200, or 503
 * while its store refuses. No figure is kept for it: each is read where it is counted.
 */
#ifndef ENGINE_METRICS_H
#define ENGINE_METRICS_H

#include "base/base.h"

struct engine;
struct sign;

#define METRICS_DOOR 2 /* of the engine's doors */

/* Open the door if the config wants one. GB_UNAVAILABLE: *reterr_why, in the turn's arena. */
enum gb_err metrics_open(struct engine *engine, struct str *reterr_why) GB_MUST_USE;
/* Somebody at it. */
void metrics_answer(struct engine *engine, const struct sign *sign, int64_t now_ms);

#endif
