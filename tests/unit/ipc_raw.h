/* ipc_raw: datagrams as a broken process would send them, past every check of ours. */
#ifndef POPLIN_TESTS_IPC_RAW_H
#define POPLIN_TESTS_IPC_RAW_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RAW_DESCRIPTORS_MAX = 8 };

/* The octets as they are, with `count` copies of `descriptor`; false: the kernel is full. */
static inline bool raw_send(int socket, const void *data, size_t size, int descriptor, size_t count)
{
    struct iovec part = {(void *)(uintptr_t)data, size};
    union {
        struct cmsghdr header;
        char memory[CMSG_SPACE(RAW_DESCRIPTORS_MAX * sizeof(int))];
    } control = {0};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        for (size_t i = 0; i < count; i++)
            memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &descriptor, sizeof(int));
    }
    return sendmsg(socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

/* A message of that type whose payload is `size` octets of zero. */
static inline bool raw_send_zeros(int socket, uint32_t type, size_t size, int descriptor,
                                  size_t count)
{
    static char memory[64 * 1024];
    memcpy(memory, &type, sizeof type);
    return raw_send(socket, memory, sizeof type + size, descriptor, count);
}

/* How many descriptors this process has. */
static inline size_t open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

#endif
