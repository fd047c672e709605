#include "cli/poplin_doctor.h"
#include "cli/poplin_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const uint64_t room_least = UINT64_C(100) * 1024 * 1024;

/* ---- target ---- */

static void say_room(struct doctor *d, int folder)
{
    struct statvfs v;
    if (fstatvfs(folder, &v) != 0)
        return;
    uint64_t room = (uint64_t)v.f_bavail * v.f_frsize;
    doctor_say(d, room < room_least ? DOCTOR_WARN : DOCTOR_OK, "room",
               room < room_least ? "make room on the disk" : NULL, "%llu MiB are free there",
               (unsigned long long)(room / (1024 * 1024)));
}

/* Writes as a delivery does; what was written has no name and is gone when it is closed. */
static int write_probe(int folder)
{
    int fd = openat(folder, "tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : 0;
    if (fd >= 0 && (write(fd, "x", 1) != 1 || fsync(fd) != 0))
        error = errno;
    if (fd >= 0)
        close(fd);
    /* Some file systems have no files without a name: then the right to write must do. */
    if (error == EOPNOTSUPP || error == EISDIR)
        error = faccessat(folder, "tmp", W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
    return error;
}

static bool has_folders(int folder)
{
    static const char *const names[] = {"tmp", "new", "cur"};
    struct stat st;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (fstatat(folder, names[i], &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode) ||
            faccessat(folder, names[i], R_OK | W_OK | X_OK, AT_EACCESS) != 0)
            return false;
    }
    return true;
}

static void check_maildir(struct doctor *d, const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
    if (folder < 0 && errno == ENOENT) {
        doctor_say(d, DOCTOR_OK, "target", NULL, "the Maildir %s will be made by the first fetch",
                   path);
        return;
    }
    if (folder < 0)
        error = errno;
    else if (!has_folders(folder))
        error = ENOTDIR;
    else
        error = write_probe(folder);
    if (error == ENOTDIR)
        doctor_say(d, DOCTOR_BAD, "target", "name an empty or a new folder, or mend its rights",
                   "%s is no Maildir (tmp, new, cur) that can be written", path);
    else if (error)
        doctor_say(d, DOCTOR_BAD, "target", "check its owner, its rights and the disk",
                   "%s cannot be written: %s", path, strerror(error));
    else
        doctor_say(d, DOCTOR_OK, "target", NULL, "the Maildir %s can be written", path);
    if (folder >= 0 && !error)
        say_room(d, folder);
    if (folder >= 0)
        close(folder);
}

static void check_file(struct doctor *d, const char *path, int mode, const char *next)
{
    if (faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0)
        doctor_say(d, DOCTOR_OK, "target", NULL, "%s is there", path);
    else if (errno == ENOENT && mode == W_OK)
        doctor_say(d, DOCTOR_OK, "target", NULL, "the mbox %s will be made by the first fetch",
                   path);
    else
        doctor_say(d, DOCTOR_BAD, "target", next, "%s: %s", path, strerror(errno));
}

static void check_target(struct doctor *d)
{
    const char *first = d->account->arguments[0] ? d->account->arguments[0] : "";
    switch (d->account->target) {
    case ACCOUNT_TARGET_NONE:
        doctor_say(d, DOCTOR_BAD, "target", "say `deliver maildir DIRECTORY` in the account",
                   "nothing says where the mail goes");
        break;
    case ACCOUNT_TARGET_MAILDIR:
        check_maildir(d, first);
        break;
    case ACCOUNT_TARGET_MBOX:
        check_file(d, first, W_OK, "check the file's owner and rights");
        break;
    case ACCOUNT_TARGET_PIPE:
        if (strchr(first, '/'))
            check_file(d, first, X_OK, "check the program's path and rights");
        else
            doctor_say(d, DOCTOR_OK, "target", NULL, "each message is piped to %s", first);
        break;
    case ACCOUNT_TARGET_LMTP:
        doctor_say(d, DOCTOR_OK, "target", NULL, "LMTP to %s; not tried", first);
        break;
    case ACCOUNT_TARGET_STDOUT:
        doctor_say(d, DOCTOR_WARN, "target", "for mail that is to stay, say `deliver maildir`",
                   "messages go to standard output");
        break;
    }
}

/* ---- state ---- */

static void check_state(struct doctor *d)
{
    char directory[LIMIT_PATH], why[200] = "";
    struct state *state = NULL;
    struct stat st;
    if (!account_state_directory(directory)) {
        doctor_say(d, DOCTOR_BAD, "state", "set HOME or XDG_STATE_HOME",
                   "there is no home directory to keep the state in");
        return;
    }
    if (stat(directory, &st) != 0 && errno == ENOENT) {
        doctor_say(d, DOCTOR_OK, "state", NULL, "%s will be made by the first fetch", directory);
        return;
    }
    enum status s = state_open(directory, &state, why);
    if (s == STATUS_OK)
        s = state_check(state, why);
    state_close(state);
    if (s == STATUS_OK)
        doctor_say(d, DOCTOR_OK, "state", NULL, "%s/state.sqlite is sound", directory);
    else
        doctor_say(d, DOCTOR_BAD, "state",
                   "move the folder aside: what lies in the Maildir is then matched again, not "
                   "fetched twice",
                   "%s: %s", directory, why);
}

void doctor_local(struct doctor *d)
{
    check_target(d);
    check_state(d);
}
