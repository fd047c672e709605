/* fstat for confined processes, in the place of libc's.
 *
 * glibc 2.33 to 2.38 make fstat(fd) a newfstatat(fd, "", AT_EMPTY_PATH). A filter cannot read
 * the path behind the pointer, and Landlock does not govern stat: to allow that call is to allow
 * asking for any path. So front and auth are refused newfstatat, and fstat is the call of its own
 * that the kernel has for it. Every program that can confine itself links this file with it. */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "the kernel's struct stat is libc's on 64-bit systems only");

/* Both names that a program or a library may be linked against, whatever the width of off_t it
 * was compiled with; the headers declare neither under these C names. */
int sandbox_fstat(int fd, struct stat *st) __asm__("fstat");
int sandbox_fstat64(int fd, struct stat *st) __asm__("fstat64");

int sandbox_fstat(int fd, struct stat *st)
{
    return (int)syscall(SYS_fstat, fd, st);
}

int sandbox_fstat64(int fd, struct stat *st)
{
    return (int)syscall(SYS_fstat, fd, st);
}
