/* folder: making folders that survive a power cut. */
#ifndef POPLIN_CLIENT_FOLDER_H
#define POPLIN_CLIENT_FOLDER_H

#include "base/status.h"

/* Makes a folder (0700) and those above it, where they are missing, each synced into the one above.
 * errno tells on failure. PERMANENT: the path is empty or too long. */
enum status folder_make(const char *path);

#endif
