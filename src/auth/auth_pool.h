/* auth_pool: threads that hash.
 *
 * Jobs wait in lanes, which take turns: whoever fills one lane (an address that guesses) keeps
 * nobody in another waiting. The urgent lane goes first. One thread pushes and takes; finished jobs
 * make the descriptor readable until they are taken. */
#ifndef POPLIN_AUTH_AUTH_POOL_H
#define POPLIN_AUTH_AUTH_POOL_H

#include "auth/auth_hash.h"

enum {
    AUTH_POOL_LANES = 64,
    AUTH_POOL_URGENT = AUTH_POOL_LANES, /* the lane of those who have proved themselves before */
    AUTH_POOL_LANE_MAX = 256,           /* jobs that may wait in one lane */
    AUTH_POOL_MAX = 4096,               /* and in all lanes but the urgent one */
};

struct auth_job {
    struct auth_job *next;
    void *owner;
    enum auth_hash_kind kind;
    enum sasl_digest digest;
    uint16_t text_size, password_size;
    enum status status; /* the answer, as auth_hash_verify gives it */
    char text[AUTH_HASH_MAX];
    char password[LIMIT_PASSWORD]; /* wiped once it is hashed */
};

struct auth_pool;

/* threads 0: one for each core. */
enum status auth_pool_new(unsigned threads, struct auth_pool **out);
/* Ends the threads after the hash that each is at. The jobs that are left, hashed or not, are the
 * caller's to free; after it only auth_pool_free may be called. */
struct auth_job *auth_pool_stop(struct auth_pool *p);
void auth_pool_free(struct auth_pool *p);
void auth_job_free(struct auth_job *job);
int auth_pool_descriptor(const struct auth_pool *p);
/* Hashes on a thread; LIMIT: too many are waiting in that lane or in all. */
enum status auth_pool_push(struct auth_pool *p, unsigned lane, void *owner,
                           const struct auth_hash *hash, struct slice password);
/* The jobs that are finished, a list in no order, the caller's to free; NULL: none. No system call
 * when there are none. */
struct auth_job *auth_pool_take(struct auth_pool *p);
/* Jobs finished since the start. */
uint64_t auth_pool_done(const struct auth_pool *p);

#endif
