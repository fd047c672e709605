#include "cli/poplin_decode.h"
#include "cli/poplin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { ARENA = 256 * 1024 * 1024 }; /* mapped, and only what is touched costs anything */

static const size_t stdin_max = (size_t)4 << 30;

struct input {
    struct slice bytes;
    size_t mapped; /* octets to unmap */
};

static void *map_memory(size_t octets)
{
    return mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0);
}

/* What cannot be mapped (a pipe) is read, up to the size of the address space that is kept. */
static enum status read_all(int fd, struct input *in)
{
    char *data = map_memory(stdin_max);
    if (data == MAP_FAILED)
        return STATUS_NO_MEMORY;
    size_t size = 0;
    ssize_t n;
    do {
        n = read(fd, data + size, stdin_max - size);
        if (n > 0)
            size += (size_t)n;
    } while ((n > 0 && size < stdin_max) || (n < 0 && errno == EINTR));
    *in = (struct input){slice_of(data, size), stdin_max};
    if (n < 0)
        return STATUS_IO;
    return size < stdin_max ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status open_input(int fd, struct input *in)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return status_from_errno(errno);
    if (!S_ISREG(st.st_mode))
        return read_all(fd, in);
    *in = (struct input){{"", 0}, 0};
    if (st.st_size == 0)
        return STATUS_OK;
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return read_all(fd, in);
    (void)madvise(data, (size_t)st.st_size, MADV_SEQUENTIAL);
    *in = (struct input){slice_of(data, (size_t)st.st_size), (size_t)st.st_size};
    return STATUS_OK;
}

static enum status decode_bytes(struct slice bytes, struct arena *arena, bool json)
{
    struct mime_message m;
    struct mime_limits limits = mime_limits_default();
    arena->size = 0;
    enum status s = mime_message_open(&m, bytes, arena, &limits);
    if (s != STATUS_OK)
        return s;
    if (json)
        decode_print_json(&m);
    else
        decode_print_text(&m);
    return STATUS_OK;
}

static int decode_file(const char *name, struct arena *arena, bool json)
{
    bool is_stdin = strcmp(name, "-") == 0;
    struct input in = {{"", 0}, 0};
    int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "poplin: %s: %s\n", name, strerror(errno));
        return EX_NOINPUT;
    }
    enum status s = open_input(fd, &in);
    if (!is_stdin)
        close(fd);
    if (s == STATUS_OK)
        s = decode_bytes(in.bytes, arena, json);
    if (in.mapped > 0)
        munmap((char *)in.bytes.data, in.mapped);
    if (s == STATUS_OK)
        return EX_OK;
    fprintf(stderr, "poplin: %s: %s\n", name, status_text(s));
    return status_exit_code(s);
}

static void usage(FILE *to)
{
    fputs("Usage: poplin decode [--json] FILE|-…\n"
          "Shows a message that lies in a file: its fields, its text, its parts and what is wrong\n"
          "with it. No account is needed and nothing is fetched.\n\n"
          "      --json          one JSON object a message, described in poplin(1)\n"
          "  -h, --help          this text\n",
          to);
}

int poplin_decode(int argc, char **argv)
{
    bool json = false;
    int at = 1;
    int code = EX_OK;
    for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
        if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0) {
            usage(stdout);
            return EX_OK;
        }
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (strcmp(argv[at], "--json") != 0) {
            fprintf(stderr, "poplin: unknown option: %s. Try `poplin decode --help`.\n", argv[at]);
            return EX_USAGE;
        }
        json = true;
    }
    if (at == argc) {
        usage(stderr);
        return EX_USAGE;
    }
    struct arena arena = arena_over(map_memory(ARENA), ARENA);
    if (arena.data == MAP_FAILED) {
        fputs("poplin: no memory\n", stderr);
        return EX_OSERR;
    }
    for (; at < argc; at++) {
        int one = decode_file(argv[at], &arena, json);
        code = code == EX_OK ? one : code;
    }
    munmap(arena.data, ARENA);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "poplin: standard output: %s\n", strerror(errno));
        return EX_IOERR;
    }
    return code;
}
