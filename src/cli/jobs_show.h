/* jobs_show.h: answers about jobs (state/jobs_say.h) as text for a terminal. */
#ifndef CLI_JOBS_SHOW_H
#define CLI_JOBS_SHOW_H

#include "base/base.h"

struct arena;
struct json;

/* Whatever is in `answer`: jobs, a job, its runs. Made in `arena`. */
struct str jobs_show(struct arena *arena, const struct json *answer);

#endif
