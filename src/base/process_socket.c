/*
 * process_socket.c - a child that is talked to over a Unix socket, so that descriptors can be
 * handed to it (SCM_RIGHTS): a lock that two processes hold is let go when the last of them closes
 * it.
 */
#include "base/fault.h"
#include "base/process.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room and alignment for one descriptor. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

/* Bytes that carry a descriptor: at least one, sent in one call. */
static ssize_t send_with(int socket_fd, const void *data, size_t length, int fd)
{
    union control control = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(socket_fd, &message, MSG_NOSIGNAL);
}

int weft_process_send(int socket_fd, const void *data, size_t length, int fd,
                      struct weft_error *error)
{
    const char *rest = data;
    int errnum = weft_fault_op("write");
    while (errnum == 0 && length > 0) {
        ssize_t sent = send_with(socket_fd, rest, length, fd);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            errnum = errno;
            break;
        }
        rest += sent;
        length -= (size_t)sent;
        fd = -1; /* it went with the first bytes */
    }
    if (errnum != 0)
        return weft_error_errno(error, WEFT_E_IO, errnum, "cannot write to a process");
    return 0;
}

/* The descriptor that came along; all but the first are closed. */
static int descriptor_take(struct msghdr *message)
{
    int taken = -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (taken < 0)
                taken = fd;
            else
                close(fd);
        }
    }
    return taken;
}

int weft_process_receive(int from, void *data, size_t size, size_t *got, int *fd,
                         struct weft_error *error)
{
    union control control = {0};
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t count;
    *fd = -1;
    do {
        count = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno == ENOTSOCK) {
        message.msg_controllen = 0;
        do {
            count = read(from, data, size);
        } while (count < 0 && errno == EINTR);
    }
    if (count < 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "cannot read from a process");
    *fd = descriptor_take(&message);
    *got = (size_t)count;
    return 0;
}
