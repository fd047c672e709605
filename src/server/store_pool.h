/* store_pool: a few threads for what may block on the disk. A job is run on one of them and comes
 * back to the loop's thread through a descriptor. */
#ifndef POPLIN_SERVER_STORE_POOL_H
#define POPLIN_SERVER_STORE_POOL_H

#include "base/status.h"

struct store_job {
    struct store_job *next;
    void (*run)(struct store_job *job);  /* on a thread */
    void (*done)(struct store_job *job); /* on the loop's */
};

struct store_pool;

enum status store_pool_new(unsigned threads, struct store_pool **out);
/* Readable when store_pool_finish has something to do. */
int store_pool_descriptor(const struct store_pool *p);
/* First come, first served. The job is the pool's until `done` is called. */
void store_pool_submit(struct store_pool *p, struct store_job *job);
/* Calls `done` of every finished job. */
void store_pool_finish(struct store_pool *p);

#endif
