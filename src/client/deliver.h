/* deliver: where fetched mail goes. A delivery is one target opened for one run; messages are
 * written one after the other, and become durable together at deliver_commit. Until then nothing
 * of them can be seen (Maildir: they lie in tmp/; mbox: in a journal beside it; pipe, LMTP, stdout:
 * nothing waits, each is durable when its program or server said so).
 *
 * Octets come as the server sent them, unstuffed, line ends as they came; each target writes the
 * line ends it wants (Maildir, mbox, stdout: LF; LMTP: CRLF; pipe: LF) and changes nothing else. */
#ifndef POPLIN_CLIENT_DELIVER_H
#define POPLIN_CLIENT_DELIVER_H

#include "client/account.h"
#include "client/state.h"

struct delivery;

struct deliver_message {
    struct slice file;     /* Maildir: the base name it will have, from deliver_name; borrowed */
    struct slice received; /* a header line to put first, or empty */
    struct slice delivered_to; /* likewise */
};

/* Opens and checks the target (makes a missing Maildir). TEMPORARY: locked or full; PERMANENT: not
 * a Maildir, not ours; `why` says what to do. */
enum status deliver_open(const struct account *a, struct delivery **out, char why[200]);
/* Nothing uncommitted survives. NULL is allowed. */
void deliver_close(struct delivery *d);

/* A new unique Maildir base name (time, microseconds, process, counter, random; host name cleaned).
 * Written to the state before the file is begun. */
enum status deliver_name(struct delivery *d, char name[STATE_FILE_NAME + 1]);

/* True: the message of that base name stands in new/ or cur/ (with whatever flags), whole, and has
 * just been synced: a run that was killed had moved it. False: what may lie of it in tmp/ is
 * removed. An mbox knows the last group that was committed there, so it is asked before the first
 * commit of a run. Other targets cannot tell: false. */
bool deliver_has(struct delivery *d, struct slice file);
/* Every message that the Maildir holds, for a lost state: calls visit with base name, header hash
 * (header_hash.h, without the lines that this account puts first), octets in wire form, and whether
 * it was read (S flag). False ends it. One that a reader moves
 * meanwhile may be shown twice. UNSUPPORTED: other targets. */
enum status deliver_scan(struct delivery *d,
                         bool (*visit)(void *context, struct slice file,
                                       const unsigned char header_hash[STATE_HASH], uint64_t octets,
                                       bool read),
                         void *context);

/* One message at a time. A failure of write or finish has aborted it: nothing of it remains. */
enum status deliver_begin(struct delivery *d, const struct deliver_message *m);
enum status deliver_write(struct delivery *d, struct slice octets);
/* All of it was given: its digests are known, and it may still be aborted. Only where that is
 * wanted: finish does it too. */
enum status deliver_seal(struct delivery *d);
enum status deliver_finish(struct delivery *d); /* whole: it joins the group */
void deliver_abort(struct delivery *d);
/* The SHA-256 of the message just sealed or finished, line ends as CRLF: for `dedupe content`,
 * and for what came in another size than announced (A52). */
void deliver_digest(const struct delivery *d, unsigned char digest[STATE_HASH]);
/* Its header hash, for state_row.header_hash: the same as header_hash.h makes of TOP n 0. */
void deliver_header_hash(const struct delivery *d, unsigned char header_hash[STATE_HASH]);

/* Makes the group durable and visible: files synced, renamed, folder synced. On failure none, some
 * or all of it is visible, and deliver_has tells which. */
enum status deliver_commit(struct delivery *d);
/* Octets and messages that wait for commit. */
uint64_t deliver_pending(const struct delivery *d, uint64_t *octets);
const char *deliver_error(const struct delivery *d); /* of the last failure, for a person */

#endif
