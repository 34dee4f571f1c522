// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux.h"

#include <malloc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int dw_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int dw_fcntl_int(int fd, int command, int argument) { return fcntl(fd, command, argument); }

int dw_open_null(void) { return open("/dev/null", O_RDWR | O_CLOEXEC); }

int dw_open_at(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags | O_CLOEXEC, mode);
}

int dw_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

const char *dw_strerror(int code, char *buffer, size_t size) { return strerror_r(code, buffer, size); }

void dw_trim_memory(void) { malloc_trim(0); }

int dw_epoll_control(int epoll, int operation, int fd, uint32_t bits, uint64_t token) {
    struct epoll_event event = {.events = bits, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}

int dw_epoll_wait(int epoll, struct dw_ready *ready, int count, int milliseconds) {
    struct epoll_event events[256];
    int found = epoll_wait(epoll, events, count < 256 ? count : 256, milliseconds);
    for (int i = 0; i < found; i++) ready[i] = (struct dw_ready){.token = events[i].data.u64, .bits = events[i].events};
    return found;
}

int dw_sealable_file(const char *name) {
    // MFD_CLOEXEC | MFD_ALLOW_SEALING, and MFD_NOEXEC_SEAL, which Debian 12's headers lack.
    long number = syscall(SYS_memfd_create, name, 3u | 8u);
    if (number < 0 && errno == EINVAL) number = syscall(SYS_memfd_create, name, 3u);
    return (int)number;
}

ssize_t dw_random(void *bytes, size_t count) { return getrandom(bytes, count, 0); }

struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

int dw_next_numbers(int directory, int *numbers, int limit) {
    _Alignas(8) char room[4096];
    int found = 0;
    // Never more bytes than `limit` entries of the smallest size fill, so that none is read and then dropped.
    size_t smallest = 24, size = (size_t)limit < sizeof room / smallest ? (size_t)limit * smallest : sizeof room;
    while (found == 0) {
        long got = syscall(SYS_getdents64, directory, room, size);
        if (got <= 0) return (int)got;
        for (long at = 0; at < got;) {
            const struct entry *entry = (const struct entry *)(room + at);
            char *end;
            at += entry->size;
            if (entry->name[0] < '0' || entry->name[0] > '9') continue;
            errno = 0;
            long number = strtol(entry->name, &end, 10);
            if (*end == 0 && errno == 0 && number <= 0x7fffffff) numbers[found++] = (int)number;
        }
    }
    return found;
}
