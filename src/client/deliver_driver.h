/* deliver_driver: what a kind of target must do. deliver.c keeps the order of calls, turns line
 * ends and takes digests; a driver gets finished octets. */
#ifndef POPLIN_CLIENT_DELIVER_DRIVER_H
#define POPLIN_CLIENT_DELIVER_DRIVER_H

#include "client/deliver.h"
#include "client/deliver_lines.h"
#include "client/deliver_name.h"
#include "client/header_hash.h"

enum { DELIVER_WHY = 200, DELIVER_BUFFER = 64 * 1024 };

struct deliver_driver {
    enum deliver_line_end line_end;
    /* NULL with `why`; a struct whose first member is a struct delivery, zeroed. */
    enum status (*open)(const struct account *a, struct delivery **out, char why[DELIVER_WHY]);
    void (*close)(struct delivery *d); /* frees; nothing uncommitted survives */
    enum status (*begin)(struct delivery *d, const struct deliver_message *m);
    enum status (*put)(struct delivery *d, struct slice octets);
    /* OK: it joined the group, or, without `commit`, is durable. */
    enum status (*finish)(struct delivery *d);
    void (*abort)(struct delivery *d); /* of a begun message; may follow any failure */
    /* The rest may be NULL: nothing waits, nothing is known. */
    enum status (*commit)(struct delivery *d);
    bool (*has)(struct delivery *d, struct slice file);
    enum status (*scan)(struct delivery *d,
                        bool (*visit)(void *context, struct slice file,
                                      const unsigned char header_hash[STATE_HASH], uint64_t octets,
                                      bool read),
                        void *context);
};

struct delivery {
    const struct deliver_driver *driver;
    const struct account *account;
    bool begun, sealed;
    uint64_t pending_messages, pending_octets;
    uint64_t octets; /* given to the driver, of the running message */
    struct deliver_lines lines;
    struct header_hash header;
    unsigned char header_digest[STATE_HASH];
    struct evp_md_ctx_st *content;
    struct deliver_naming naming;
    unsigned char digest[STATE_HASH];
    struct buf buffer;
    char memory[DELIVER_BUFFER];
    char error[DELIVER_WHY];
};

extern const struct deliver_driver deliver_maildir;
extern const struct deliver_driver deliver_mbox;
extern const struct deliver_driver deliver_pipe;
extern const struct deliver_driver deliver_lmtp;
extern const struct deliver_driver deliver_stdout;

/* Notes for a person what failed, and returns the status of errno. */
enum status deliver_failed(struct delivery *d, const char *doing);
/* Writes all; false with errno. */
bool deliver_write_all(int fd, struct slice octets);

#endif
