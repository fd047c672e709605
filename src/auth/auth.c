#include "auth/auth.h"

#include "auth/auth_address.h"
#include "auth/auth_state.h"
#include "config/config.h"

#include <sodium.h>
#include <stdlib.h>

void auth_set_options(struct auth *a, const struct auth_options *options)
{
    a->limits =
        (struct auth_sessions_limits){options->sessions, options->per_address, options->per_user};
    a->fail_delay = options->fail_delay;
}

enum status auth_new(const struct auth_options *options, struct auth **out)
{
    if (sodium_init() < 0)
        return STATUS_UNSUPPORTED;
    struct auth *a = calloc(1, sizeof *a);
    if (!a)
        return STATUS_NO_MEMORY;
    auth_wait_init(&a->wait);
    a->database = STATUS_TEMPORARY;
    randombytes_buf(a->key, sizeof a->key);
    auth_set_options(a, options);
    enum status status = auth_delay_new(&a->delay);
    if (status == STATUS_OK)
        status = auth_cache_new(options->cache_entries ? options->cache_entries : 65536,
                                options->cache_ttl ? options->cache_ttl : 600000, &a->cache);
    if (status == STATUS_OK)
        status = auth_pool_new(options->hash_threads, &a->pool);
    if (status != STATUS_OK)
        auth_free(a);
    else
        *out = a;
    return status;
}

/* A check that is with the threads has no other owner than its job. */
static void end_pool(struct auth_pool *p)
{
    struct auth_job *next;
    for (struct auth_job *job = auth_pool_stop(p); job; job = next) {
        next = job->next;
        free(job->owner);
        auth_job_free(job);
    }
    auth_pool_free(p);
}

void auth_free(struct auth *a)
{
    if (!a)
        return;
    if (a->pool)
        end_pool(a->pool);
    auth_wait_wipe(&a->wait);
    auth_table_wipe(&a->checks);
    auth_sessions_wipe(&a->sessions);
    auth_cache_free(a->cache);
    auth_delay_free(a->delay);
    if (a->driver)
        a->driver->class->free(a->driver);
    explicit_bzero(a, sizeof *a);
    free(a);
}

void auth_set_driver(struct auth *a, struct auth_driver *d)
{
    if (a->driver)
        a->driver->class->free(a->driver);
    a->driver = d;
    a->database = STATUS_OK;
    sodium_memzero(a->text_digest, sizeof a->text_digest);
    auth_cache_clear(a->cache);
}

enum status auth_set_users(struct auth *a, struct slice text, char why[200])
{
    unsigned char digest[sizeof a->text_digest];
    struct auth_driver *d;
    why[0] = '\0';
    crypto_generichash(digest, sizeof digest, (const unsigned char *)text.data, text.size, a->key,
                       sizeof a->key);
    if (a->driver && memcmp(digest, a->text_digest, sizeof digest) == 0) {
        a->database = STATUS_OK;
        return STATUS_OK;
    }
    enum status status = auth_passwd_file_new(text, &d, why);
    if (status == STATUS_MALFORMED && !a->driver)
        a->database = STATUS_PERMANENT;
    if (status != STATUS_OK)
        return status;
    auth_set_driver(a, d);
    memcpy(a->text_digest, digest, sizeof digest);
    return STATUS_OK;
}

void auth_set_unavailable(struct auth *a)
{
    a->database = STATUS_TEMPORARY;
}

int auth_descriptor(const struct auth *a)
{
    return auth_pool_descriptor(a->pool);
}

uint64_t auth_due(const struct auth *a)
{
    return auth_wait_due(&a->wait);
}

uint64_t auth_keyed(const struct auth *a, struct slice s)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)s.data, s.size, a->key);
    return hash;
}

static uint64_t keyed_address(const struct auth *a, const struct sockaddr_storage *remote)
{
    unsigned char prefix[AUTH_ADDRESS_PREFIX];
    auth_address_prefix(remote, prefix);
    return auth_keyed(a, slice_of(prefix, sizeof prefix));
}

static struct auth_waiting *waiting_new(const struct auth *a, uint64_t id, struct slice user,
                                        const struct sockaddr_storage *remote)
{
    struct auth_waiting *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->id = id;
    c->user_size = (uint16_t)(user.size < LIMIT_USER_NAME ? user.size : LIMIT_USER_NAME);
    if (c->user_size > 0)
        memcpy(c->user, user.data, c->user_size);
    c->user_key = auth_keyed(a, slice_of(c->user, c->user_size));
    c->address = keyed_address(a, remote);
    uint64_t pair[2] = {c->address, c->user_key};
    c->pair = auth_keyed(a, slice_of(pair, sizeof pair));
    return c;
}

/* The delay runs from the question, not from the end of the hashing, which so stays hidden in it.
 */
static void conclude(struct auth *a, uint64_t now, struct auth_waiting *c, enum status proof)
{
    if (proof == STATUS_NO_MEMORY) {
        c->status = STATUS_TEMPORARY;
        c->reason = "memory";
        auth_wait_ready(&a->wait, c);
        return;
    }
    if (proof == STATUS_OK && !c->is_decoy) {
        c->status = STATUS_OK;
        auth_wait_ready(&a->wait, c);
        return;
    }
    c->status = STATUS_DENIED;
    c->reason = c->reason ? c->reason : "password";
    c->due = c->asked + auth_delay_failed(a->delay, c->pair, now, a->fail_delay);
    auth_wait_until_due(&a->wait, c);
}

/* A decoy takes the same way as a real record: only the end differs. */
static enum status prove(struct auth *a, uint64_t now, struct auth_waiting *c,
                         const struct auth_record *record, struct slice password)
{
    c->secret = auth_keyed(a, record->secret);
    if (record->hash.kind == AUTH_HASH_PLAIN) {
        conclude(a, now, c, auth_hash_verify(&record->hash, password));
        return STATUS_OK;
    }
    c->has_mac = true;
    c->mac = auth_cache_mac(a->cache, slice_of(c->user, c->user_size), record->secret, password);
    if (auth_cache_has(a->cache, now, &c->mac)) {
        c->is_cached = true;
        conclude(a, now, c, STATUS_OK);
        return STATUS_OK;
    }
    unsigned lane = auth_delay_is_trusted(a->delay, c->pair, now)
                        ? AUTH_POOL_URGENT
                        : (unsigned)(c->address % AUTH_POOL_LANES);
    return auth_pool_push(a->pool, lane, c, &record->hash, password);
}

/* Why it cannot be right whatever is stored; such names and passwords never reach the database. */
static const char *refusal(struct slice user, struct slice password)
{
    if (!config_user_is_safe(user))
        return "bad-name";
    if (password.size == 0)
        return "empty-password";
    return password.size > LIMIT_PASSWORD ? "password" : NULL;
}

static enum status ask(struct auth *a, uint64_t now, struct auth_waiting *c, struct slice user,
                       struct slice password)
{
    struct auth_record record;
    enum status found = a->database;
    c->reason = refusal(user, password);
    if (found == STATUS_OK && !c->reason)
        found = a->driver->class->find(a->driver, user, &record);
    if (found == STATUS_NOT_FOUND)
        c->reason = "no-user";
    else if (found != STATUS_OK) {
        c->reason = "database";
        c->status = found == STATUS_PERMANENT ? STATUS_PERMANENT : STATUS_TEMPORARY;
        auth_wait_ready(&a->wait, c);
        return STATUS_OK;
    } else if (!c->reason && record.hash.kind == AUTH_HASH_LOCKED)
        c->reason = "locked";
    c->is_decoy = c->reason != NULL;
    if (c->is_decoy && !a->driver->class->decoy(a->driver, c->user_key, &record)) {
        conclude(a, now, c, STATUS_DENIED);
        return STATUS_OK;
    }
    if (password.size > LIMIT_PASSWORD)
        password.size = LIMIT_PASSWORD;
    return prove(a, now, c, &record, password);
}

/* A check under way, known by its id. */
static enum status enter(struct auth *a, uint64_t now, struct auth_waiting *c)
{
    struct auth_entry *e = c ? auth_table_add(&a->checks, c->id) : NULL;
    if (!e) {
        free(c);
        return STATUS_NO_MEMORY;
    }
    e->a = (uintptr_t)c;
    c->asked = now;
    return STATUS_OK;
}

static bool is_known(const struct auth *a, uint64_t id)
{
    return auth_table_find(&a->checks, id) || auth_table_find(&a->sessions.sessions, id);
}

enum status auth_check(struct auth *a, uint64_t now, uint64_t id, struct slice user,
                       struct slice password, const struct sockaddr_storage *remote)
{
    if (is_known(a, id))
        return STATUS_EXISTS;
    struct auth_waiting *c = waiting_new(a, id, user, remote);
    enum status status = enter(a, now, c);
    if (status != STATUS_OK)
        return status;
    status = ask(a, now, c, user, password);
    if (status != STATUS_OK) {
        auth_table_remove(&a->checks, auth_table_find(&a->checks, id));
        free(c);
    }
    return status;
}

enum status auth_proved(struct auth *a, uint64_t now, uint64_t id, struct slice user,
                        const struct auth_verifier *v, enum status proof,
                        const struct sockaddr_storage *remote)
{
    if (is_known(a, id))
        return STATUS_EXISTS;
    struct auth_waiting *c = waiting_new(a, id, user, remote);
    enum status status = enter(a, now, c);
    if (status != STATUS_OK)
        return status;
    c->secret = v->secret;
    c->is_decoy = v->is_decoy;
    c->reason = v->reason;
    conclude(a, now, c, proof);
    return STATUS_OK;
}

void auth_cancel(struct auth *a, uint64_t id)
{
    struct auth_entry *e = auth_table_find(&a->checks, id);
    if (!e)
        return;
    ((struct auth_waiting *)(uintptr_t)e->a)->is_cancelled = true;
    auth_table_remove(&a->checks, e);
}

static void collect(struct auth *a, uint64_t now)
{
    struct auth_job *next;
    for (struct auth_job *job = auth_pool_take(a->pool); job; job = next) {
        next = job->next;
        conclude(a, now, job->owner, job->status);
        auth_job_free(job);
    }
}

/* The proof holds for what is stored now, not for what was stored when it was asked for. */
static bool is_still_so(const struct auth *a, const struct auth_waiting *c,
                        struct auth_record *record)
{
    struct slice user = slice_of(c->user, c->user_size);
    return a->driver->class->find(a->driver, user, record) == STATUS_OK &&
           auth_keyed(a, record->secret) == c->secret;
}

static void admit(struct auth *a, uint64_t now, struct auth_waiting *c, struct auth_decision *out)
{
    struct auth_record record;
    if (!is_still_so(a, c, &record)) {
        out->status = STATUS_TEMPORARY;
        out->reason = "users-changed";
        return;
    }
    auth_delay_proved(a->delay, c->pair, now);
    if (c->has_mac && !c->is_cached)
        auth_cache_put(a->cache, now, &c->mac);
    out->reason = auth_sessions_full(&a->sessions, &a->limits, c->address, c->user_key);
    if (out->reason) {
        out->status = STATUS_LIMIT;
        return;
    }
    if (auth_sessions_begin(&a->sessions, c->id, c->address, c->user_key) != STATUS_OK) {
        out->status = STATUS_TEMPORARY;
        out->reason = "memory";
        return;
    }
    out->reason = "ok";
    out->user = (struct auth_user){record.name, record.home, record.uid, record.gid};
}

bool auth_next(struct auth *a, uint64_t now, struct auth_decision *out)
{
    struct auth_waiting *c;
    collect(a, now);
    while ((c = auth_wait_next(&a->wait, now)) && c->is_cancelled)
        free(c);
    if (!c)
        return false;
    auth_table_remove(&a->checks, auth_table_find(&a->checks, c->id));
    *out = (struct auth_decision){
        .id = c->id,
        .status = c->status,
        .reason = c->reason,
        .cached = c->is_cached && c->status == STATUS_OK,
    };
    if (c->status == STATUS_OK)
        admit(a, now, c, out);
    free(c);
    return true;
}

void auth_session_hold(struct auth *a, uint64_t id, struct slice user,
                       const struct sockaddr_storage *remote)
{
    (void)auth_sessions_begin(&a->sessions, id, keyed_address(a, remote), auth_keyed(a, user));
}

void auth_session_end(struct auth *a, uint64_t id)
{
    auth_sessions_end(&a->sessions, id);
}

uint32_t auth_sessions(const struct auth *a)
{
    return (uint32_t)a->sessions.sessions.count;
}

uint64_t auth_hashes(const struct auth *a)
{
    return auth_pool_done(a->pool);
}
