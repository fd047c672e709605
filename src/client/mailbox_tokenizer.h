/* mailbox_tokenizer: "poplin", the tokenizer of the index's full text (SQLite FTS5): mailbox_words
 * for scripts without blanks, SQLite's own "unicode61" (case and diacritics folded) for the rest.
 */
#ifndef POPLIN_CLIENT_MAILBOX_TOKENIZER_H
#define POPLIN_CLIENT_MAILBOX_TOKENIZER_H

#include <sqlite3.h>

/* An SQLite result; SQLITE_ERROR: this SQLite has no FTS5. */
int mailbox_tokenizer_register(sqlite3 *database);

#endif
