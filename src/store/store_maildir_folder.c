#include "store/store_maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#ifndef ZFS_SUPER_MAGIC
#define ZFS_SUPER_MAGIC 0x2fc12fc1
#endif

const char *const maildir_watched[MAILDIR_WATCHED] = {"new", "cur", "dovecot-uidlist",
                                                      "courierpop3dsizelist"};

static int open_beneath(int directory, const char *path, uint64_t flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .mode = flags & O_CREAT ? 0600 : 0,
        .resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

/* The root may be configured with symbolic links in it: it is the operator's, not a user's. */
static int root_open(struct maildir_store *s)
{
    int fd = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int none = -1;
    if (fd >= 0 && !atomic_compare_exchange_strong(&s->root_descriptor, &none, fd)) {
        close(fd);
        return none;
    }
    return fd;
}

/* What was mounted over the root since it was opened hides behind the old descriptor. */
static bool root_is_stale(const struct maildir_store *s, int root)
{
    struct stat held;
    struct stat now;
    return fstat(root, &held) != 0 || stat(s->root, &now) != 0 || held.st_dev != now.st_dev ||
           held.st_ino != now.st_ino;
}

static enum status open_once(int root, const char *below, bool nowait, int *directory)
{
    *directory = open_beneath(root, below, O_RDONLY | O_DIRECTORY, nowait ? RESOLVE_CACHED : 0);
    if (*directory >= 0)
        return STATUS_OK;
    switch (errno) {
    case ENOENT:
        return STATUS_NOT_FOUND;
    case EAGAIN:
        return STATUS_AGAIN;
    case ENOTDIR:
        return STATUS_PERMANENT;
    default:
        return status_from_errno(errno);
    }
}

/* Opens by the root's name instead of the descriptor that is kept, which may have been covered by
 * a mount: a missing drop must never be taken for an empty one because of that. */
static enum status open_by_name(struct maildir_store *s, const char *below, int *directory)
{
    int root = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return errno == EMFILE || errno == ENFILE ? STATUS_NO_MEMORY : STATUS_TEMPORARY;
    enum status status = open_once(root, below, false, directory);
    close(root);
    return status;
}

/* The path from the root on; NULL: it lies elsewhere. */
static const char *path_below(const struct maildir_store *s, const char *path)
{
    if (strncmp(path, s->root, s->root_size) != 0)
        return NULL;
    const char *below = path + s->root_size;
    if (*below != '/' && *below != '\0' && s->root_size > 1)
        return NULL;
    below += strspn(below, "/");
    return *below ? below : ".";
}

enum status maildir_folder_open(struct maildir_store *s, const struct store_request *request,
                                int *directory)
{
    *directory = -1;
    const char *below = path_below(s, request->path);
    if (!below)
        return STATUS_PERMANENT;
    int root = atomic_load(&s->root_descriptor);
    if (root < 0 && (root = root_open(s)) < 0)
        return errno == EMFILE || errno == ENFILE ? STATUS_NO_MEMORY : STATUS_TEMPORARY;
    enum status status = open_once(root, below, request->nowait, directory);
    if (status == STATUS_NOT_FOUND && request->nowait)
        return STATUS_AGAIN;
    if (status == STATUS_NOT_FOUND && root_is_stale(s, root))
        return open_by_name(s, below, directory);
    return status;
}

enum status maildir_folder_enter(int directory, int folder, int *descriptor)
{
    *descriptor =
        open_beneath(directory, maildir_watched[folder], O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (*descriptor >= 0)
        return STATUS_OK;
    return errno == ENOTDIR ? STATUS_PERMANENT : status_from_errno(errno);
}

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static enum status stamp_take(int directory, int which, struct maildir_stamp *out)
{
    struct stat st;
    *out = (struct maildir_stamp){0};
    if (fstatat(directory, maildir_watched[which], &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? STATUS_OK : status_from_errno(errno);
    if (which < MAILDIR_FOLDERS && !S_ISDIR(st.st_mode))
        return STATUS_PERMANENT;
    *out = (struct maildir_stamp){
        .device = st.st_dev,
        .inode = st.st_ino,
        .modified = nanoseconds(st.st_mtim),
        .changed = nanoseconds(st.st_ctim),
    };
    return STATUS_OK;
}

enum status maildir_stamps_take(int directory, bool with_lists, struct maildir_stamps *out)
{
    *out = (struct maildir_stamps){0};
    int count = with_lists ? MAILDIR_WATCHED : MAILDIR_FOLDERS;
    for (int i = 0; i < count; i++) {
        enum status s = stamp_take(directory, i, &out->of[i]);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

int64_t maildir_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return nanoseconds(t);
}

/* The stamps are written by this kernel's clock, the one that maildir_clock reads. */
static bool is_local(int directory)
{
    struct statfs fs;
    if (fstatfs(directory, &fs) != 0)
        return false;
    switch ((unsigned long)fs.f_type) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case ZFS_SUPER_MAGIC:
        return true;
    default:
        return false;
    }
}

/* Two seconds cover the coarsest granularity in use (FAT's). Where another machine writes the
 * stamps its clock may differ from ours: two minutes more. */
bool maildir_stamps_are_settled(int directory, const struct maildir_stamps *stamps, int64_t began)
{
    const int64_t second = 1000000000;
    int64_t newest = 0;
    for (int i = 0; i < MAILDIR_WATCHED; i++) {
        const struct maildir_stamp *at = &stamps->of[i];
        newest = at->modified > newest ? at->modified : newest;
        newest = at->changed > newest ? at->changed : newest;
    }
    if (newest > began - 2 * second)
        return false;
    return newest <= began - 122 * second || is_local(directory);
}

static enum status lock_failed(int error)
{
    if (error == EWOULDBLOCK || error == EACCES)
        return STATUS_IN_USE;
    return error == ENOLCK ? STATUS_TEMPORARY : status_from_errno(error);
}

/* For file systems that lock files only: a lock of the open file description, which the kernel
 * drops with the last descriptor as it does with flock's. */
static enum status lock_file(int directory, int *file)
{
    *file = open_beneath(directory, "poplin-lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0);
    if (*file < 0)
        return status_from_errno(errno);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(*file, F_OFD_SETLK, &whole) == 0)
        return STATUS_OK;
    enum status s = lock_failed(errno);
    close(*file);
    *file = -1;
    return s;
}

enum status maildir_lock(int directory, int *file)
{
    *file = -1;
    if (flock(directory, LOCK_EX | LOCK_NB) == 0)
        return STATUS_OK;
    switch (errno) {
    case EWOULDBLOCK:
        return STATUS_IN_USE;
    case EBADF:
    case EINVAL:
    case EOPNOTSUPP:
    case ENOSYS:
        return lock_file(directory, file);
    default:
        return lock_failed(errno);
    }
}
