#include "client/state_database.h"

#include <stdio.h>

enum status state_check(struct state *s, char why[200])
{
    sqlite3_stmt *q = NULL;
    enum status status = STATUS_CORRUPT;
    int code = sqlite3_prepare_v2(s->database, "PRAGMA integrity_check(1)", -1, &q, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(q, 0);
        snprintf(why, 200, "%s", said ? said : "out of memory");
        status = said && sqlite3_stricmp(said, "ok") == 0 ? STATUS_OK : STATUS_CORRUPT;
    } else {
        status = state_failed(s, "check the state", code);
        snprintf(why, 200, "%s", s->error);
    }
    sqlite3_finalize(q);
    return status;
}
