#include "client/mailbox_save.h"

#include "client/deliver_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, NAMES = 10000, PATH_TEXT = 300 };

/* What is to be saved: a part of a message, or a file within one. */
struct saving {
    struct slice name, type, path;
    struct mime_message *m;
    uint32_t part;
    const struct mailbox_file *file; /* NULL: the part */
};

/* "report.pdf", "report (2).pdf" … */
static void number_name(struct slice clean, unsigned number, char name[MAILBOX_SAVE_NAME])
{
    size_t dot = clean.size;
    while (dot > 1 && clean.data[dot - 1] != '.')
        dot--;
    struct slice stem = dot > 1 ? slice_take(clean, dot - 1) : clean;
    struct slice ending = slice_skip(clean, stem.size);
    if (number < 2)
        snprintf(name, MAILBOX_SAVE_NAME, "%.*s", SLICE_ARGS(clean));
    else
        snprintf(name, MAILBOX_SAVE_NAME, "%.*s (%u)%.*s", SLICE_ARGS(stem), number,
                 SLICE_ARGS(ending));
}

static int make_file(struct slice clean, int folder, char name[MAILBOX_SAVE_NAME])
{
    int file = -1;
    errno = EEXIST;
    for (unsigned i = 1; file < 0 && errno == EEXIST && i < NAMES; i++) {
        number_name(clean, i, name);
        file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    }
    return file;
}

static bool write_part(struct mime_message *m, uint32_t part, int file)
{
    char piece[PIECE];
    struct mime_body body;
    size_t n;
    if (m->parser.parts[part].kind != MIME_LEAF)
        return deliver_write_all(file, mime_message_body(m, part));
    mime_body_open(m, part, &body);
    while ((n = mime_body_read(&body, piece, sizeof piece)) > 0) {
        if (!deliver_write_all(file, slice_of(piece, n)))
            return false;
    }
    return true;
}

static bool write_octets(const struct saving *what, int file)
{
    return what->file ? mailbox_file_write(what->file, file)
                      : write_part(what->m, what->part, file);
}

static enum status save(const struct saving *what, int folder, char name[MAILBOX_SAVE_NAME])
{
    char memory[MIME_FILE_NAME];
    struct buf clean = buf_over(memory, sizeof memory);
    (void)mime_file_name_clean(what->name, what->type, what->path, &clean);
    int file = make_file(buf_slice(&clean), folder, name);
    if (file < 0)
        return status_from_errno(errno);
    bool good = write_octets(what, file) && fsync(file) == 0;
    good = close(file) == 0 && good;
    int error = errno;
    if (good && fsync(folder) == 0)
        return STATUS_OK;
    if (good)
        error = errno;
    unlinkat(folder, name, 0);
    errno = error;
    return status_from_errno(error);
}

enum status mailbox_save(struct mime_message *m, uint32_t part, int folder,
                         char name[MAILBOX_SAVE_NAME])
{
    char path[PATH_TEXT];
    struct saving what = {
        .name = SLICE(""), .type = m->parser.parts[part].type, .m = m, .part = part};
    what.path = slice_of(path, mime_part_path(&m->parser, part, path, sizeof path));
    (void)mime_message_file_name(m, part, &what.name);
    return save(&what, folder, name);
}

enum status mailbox_save_file(const struct mailbox_file *f, struct slice path, int folder,
                              char name[MAILBOX_SAVE_NAME])
{
    struct saving what = {.name = f->name, .type = f->type, .path = path, .file = f};
    return save(&what, folder, name);
}
