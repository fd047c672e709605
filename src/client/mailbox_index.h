/* mailbox_index: index.sqlite beside the state: what a list shows of each message, and its words.
 * It may be thrown away at any time and is made again from the mail; nothing is believed because it
 * stands here. Where it cannot be kept on disk it lives in memory for one run.
 *
 * A row has the id of the state's row, and counts only while the file is the same. The state is
 * attached as `state`, to be read in one query with it. */
#ifndef POPLIN_CLIENT_MAILBOX_INDEX_H
#define POPLIN_CLIENT_MAILBOX_INDEX_H

#include "client/mailbox_summary.h"
#include "client/maildir_names.h"

#include <sqlite3.h>

enum mailbox_query_name {
    INDEX_BEGIN,
    INDEX_COMMIT,
    INDEX_ROLLBACK,
    INDEX_GET_STAMP,
    INDEX_SET_STAMP,
    INDEX_PUT,
    INDEX_MOVE,
    INDEX_GONE,
    INDEX_NEXT_DOC,
    INDEX_PUT_TEXT,
    INDEX_SET_TEXT,
    INDEX_LAST_ID,
    INDEX_QUERIES
};

struct mailbox_index {
    sqlite3 *database;
    sqlite3_stmt *queries[INDEX_QUERIES];
    bool in_memory;
    char error[200];
};

/* How far a row is filled in. */
enum { INDEX_UNREADABLE = -1, INDEX_NAME_ONLY, INDEX_HEADER, INDEX_TEXT };

/* `directory` is the state's, which was opened already. `fresh`: throw away what there is. */
enum status mailbox_index_open(const char *directory, bool fresh, struct mailbox_index **out,
                               char why[200]);
void mailbox_index_close(struct mailbox_index *x);

enum status mailbox_index_failed(struct mailbox_index *x, const char *doing, int code);

enum status mailbox_index_begin(struct mailbox_index *x);
enum status mailbox_index_commit(struct mailbox_index *x);
void mailbox_index_rollback(struct mailbox_index *x);

/* What a Maildir and the state looked like when the Maildir was read last. NOT_FOUND: never. */
struct mailbox_seen {
    struct maildir_stamp stamp;
    int64_t last_id; /* the largest of the state */
};
enum status mailbox_index_get_seen(struct mailbox_index *x, const char *path,
                                   struct mailbox_seen *out);
/* NULL: it must be read again. */
enum status mailbox_index_set_seen(struct mailbox_index *x, const char *path,
                                   const struct mailbox_seen *seen);
enum status mailbox_index_last_id(struct mailbox_index *x, int64_t *out);

struct mailbox_index_row {
    int64_t id;
    const struct maildir_name *name;
    uint64_t octets;                       /* of the file */
    const struct mailbox_summary *summary; /* NULL: the file cannot be read */
};
enum status mailbox_index_put(struct mailbox_index *x, const struct mailbox_index_row *row);
/* NULL: it is gone. */
enum status mailbox_index_move(struct mailbox_index *x, int64_t id,
                               const struct maildir_name *name);
/* When most rows are of messages that are gone, the index is made anew at the next opening: the
 * words of what is gone cannot be taken out singly. */
void mailbox_index_tidy(struct mailbox_index *x);
/* Its words: the summary's fields come from the row. */
enum status mailbox_index_put_text(struct mailbox_index *x, int64_t id,
                                   const struct mailbox_summary *summary,
                                   const struct mailbox_text *text);

#endif
