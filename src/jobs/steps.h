/* steps.h: one function a job; shop_jobs.c says which. Inside this room only. */
#ifndef JOBS_STEPS_H
#define JOBS_STEPS_H

#include "jobs/shop_jobs.h"

typedef enum gb_err job_step_fn(struct work *work, const struct job_run *run,
                                struct job_step *ret_step);

job_step_fn step_check;    /* what has ended */
job_step_fn step_remind;   /* what people are reminded of */
job_step_fn step_sync;     /* ask each panel for its users */
job_step_fn step_synced;   /* go through what one has said */
job_step_fn step_servers;  /* look after each server */
job_step_fn step_payments; /* tidy old payments */
job_step_fn step_backup;
job_step_fn step_digest;

#define STEP_ROWS 100

#endif
