/* poplin_tui_list: the messages of `poplin tui`: copies of what the mailbox says, with the marks
 * for removal, which are only ours until they are carried out; and which of them are shown. It
 * draws nothing. */
#ifndef POPLIN_CLI_POPLIN_TUI_LIST_H
#define POPLIN_CLI_POPLIN_TUI_LIST_H

#include "cli/poplin_tui_cursor.h"
#include "client/mailbox.h"

struct tui_row {
    int64_t id;
    const struct account *account;
    int64_t date;
    uint64_t octets;
    bool read, flagged, has_attachment, is_deleted, is_found;
    size_t author, author_size, subject, subject_size; /* in the list's text */
};

struct tui_list {
    struct tui_row *rows; /* all, by number */
    size_t count, capacity;
    size_t *shown; /* indexes of rows */
    size_t shown_capacity;
    char *text;
    size_t text_size, text_capacity;
    const struct account *only; /* NULL: of all accounts */
    bool is_search;             /* only what is found is shown */
    struct tui_cursor cursor;   /* in what is shown */
};

void tui_list_wipe(struct tui_list *l);
/* Appends; numbers grow. It is shown after tui_list_show. False: no memory. */
bool tui_list_add(struct tui_list *l, const struct mailbox_entry *e);
/* The filters, marks and the place of the old list, as far as the same messages are there. */
void tui_list_take_over(struct tui_list *l, const struct tui_list *old);
/* Says that a search found it. */
void tui_list_found(struct tui_list *l, int64_t id);
void tui_list_forget_found(struct tui_list *l);
/* Shows what `only` and `is_search` ask for, with the cursor on message `id`, or on the next one
 * where that is not shown. False: no memory. */
bool tui_list_show(struct tui_list *l, int64_t id);

struct tui_row *tui_list_row(const struct tui_list *l, size_t at); /* of what is shown */
struct tui_row *
tui_list_at(const struct tui_list *l);         /* under the cursor; NULL: nothing is shown */
int64_t tui_list_id(const struct tui_list *l); /* of that; 0 */
size_t tui_list_unread(const struct tui_list *l, const struct account *a); /* NULL: of all */
size_t tui_list_deleted(const struct tui_list *l); /* marked, shown or not */
/* From the cursor on in one direction (1 or -1), around the ends; false: there is none. */
bool tui_list_find_unread(const struct tui_list *l, int direction, size_t *at);
/* The next one that is not marked for removal; false: none in that direction. */
bool tui_list_find_kept(const struct tui_list *l, int direction, size_t *at);
/* The first unread, else the last. */
void tui_list_go_start(struct tui_list *l);

/* One row for `columns` columns; every octet of it can be shown. */
void tui_list_put_row(const struct tui_list *l, const struct tui_row *r, int64_t now,
                      bool with_account, size_t columns, struct buf *out);

#endif
