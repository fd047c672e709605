#include "client/deliver_maildir.h"
#include "client/deliver_name.h"
#include "client/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Files in tmp/ older than this belong to nobody any more, as every writer of Maildirs holds it. */
static const time_t left_over_after = 36 * 60 * 60;

static enum status refuse(char why[DELIVER_WHY], const char *path, const char *text)
{
    snprintf(why, DELIVER_WHY, "%.80s %s", path, text);
    return STATUS_PERMANENT;
}

static enum status system_refuses(char why[DELIVER_WHY], const char *path)
{
    enum status status = status_from_errno(errno);
    snprintf(why, DELIVER_WHY, "the Maildir %.80s cannot be opened: %m", path);
    return status;
}

static bool is_empty(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    bool empty = dir != NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (empty && (e = readdir(dir)))
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    closedir(dir);
    return empty;
}

/* An empty folder becomes a Maildir, and one that a killed run has half made; any other folder
 * without those three is something else. */
static bool may_become_maildir(int folder)
{
    struct stat st;
    return fstatat(folder, "tmp", &st, AT_SYMLINK_NOFOLLOW) == 0 ||
           fstatat(folder, "new", &st, AT_SYMLINK_NOFOLLOW) == 0 ||
           fstatat(folder, "cur", &st, AT_SYMLINK_NOFOLLOW) == 0 || is_empty(folder);
}

static int open_sub(int folder, const char *name, bool *made)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(folder, name, flags);
    if (fd < 0 && errno == ENOENT && (mkdirat(folder, name, 0700) == 0 || errno == EEXIST)) {
        *made = true;
        fd = openat(folder, name, flags);
    }
    return fd;
}

static enum status open_folder(struct maildir_target *t, const char *path, char why[DELIVER_WHY])
{
    struct stat st;
    if (folder_make(path) != STATUS_OK ||
        (t->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
        fstat(t->folder, &st) != 0)
        return system_refuses(why, path);
    if (st.st_uid != geteuid())
        return refuse(why, path, "belongs to somebody else: name a Maildir of your own");
    if (!may_become_maildir(t->folder))
        return refuse(why, path, "is no Maildir, and not empty: name another folder");
    return STATUS_OK;
}

static enum status open_subs(struct maildir_target *t, const char *path, char why[DELIVER_WHY])
{
    bool made = false;
    t->tmp = open_sub(t->folder, "tmp", &made);
    t->new = t->tmp < 0 ? -1 : open_sub(t->folder, "new", &made);
    t->cur = t->new < 0 ? -1 : open_sub(t->folder, "cur", &made);
    if (t->cur < 0 || (made && fsync(t->folder) != 0))
        return system_refuses(why, path);
    return STATUS_OK;
}

static void remove_left_overs(const struct maildir_target *t)
{
    int fd = openat(t->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    struct stat st;
    time_t now = time(NULL);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(dir))) {
        if (deliver_name_is_ours(slice_str(e->d_name)) &&
            fstatat(t->tmp, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            now - st.st_mtime > left_over_after)
            unlinkat(t->tmp, e->d_name, 0);
    }
    closedir(dir);
}

static void give_up(struct maildir_target *t)
{
    const int all[] = {t->folder, t->tmp, t->new, t->cur};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] >= 0)
            close(all[i]);
    }
    free(t);
}

enum status maildir_target_open(const struct account *a, struct delivery **out,
                                char why[DELIVER_WHY])
{
    const char *path = a->arguments[0];
    if (!path)
        return refuse(why, "deliver maildir", "needs a folder");
    struct maildir_target *t = calloc(1, sizeof *t);
    if (!t)
        return STATUS_NO_MEMORY;
    t->folder = t->tmp = t->new = t->cur = t->file = -1;
    enum status status = open_folder(t, path, why);
    if (status == STATUS_OK)
        status = open_subs(t, path, why);
    if (status != STATUS_OK) {
        give_up(t);
        return status;
    }
    remove_left_overs(t);
    t->together = maildir_target_syncs_together(t->tmp);
    *out = &t->delivery;
    return STATUS_OK;
}
