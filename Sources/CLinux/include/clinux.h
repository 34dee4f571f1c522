// SPDX-License-Identifier: Apache-2.0
//
// What may come in here: a system call or libc function that Swift's Glibc module lacks (variadic, too new for
// Debian 12's headers, or hidden behind _GNU_SOURCE) and nothing else. No policy, no allocation, no state.
// Functions keep the kernel's name behind `dw_`, return what the system call returns (-1 and errno on failure),
// and name the kernel version that brought the call when Debian 12's own (6.1) may lack it.
#ifndef DOORWARD_CLINUX_H
#define DOORWARD_CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "files.h"

// accept4(2) with SOCK_CLOEXEC | SOCK_NONBLOCK and no address.
int dw_accept(int listener);

// fcntl(2) with an int argument, or none: variadic functions are not imported into Swift.
int dw_fcntl_int(int fd, int command, int argument);

// open(2) of /dev/null for reading and writing, close-on-exec.
int dw_open_null(void);

// openat(2) with O_CLOEXEC: variadic like the above.
int dw_open_at(int directory, const char *path, int flags, mode_t mode);

// pipe2(2) with O_CLOEXEC.
int dw_pipe(int *reading, int *writing);

// The GNU strerror_r(3): the text, which may or may not lie in `buffer`.
const char *dw_strerror(int code, char *buffer, size_t size);

// epoll(7) without its union: Swift's strict memory safety cannot hold one.
struct dw_ready {
    uint64_t token;
    uint32_t bits;
};
int dw_epoll_control(int epoll, int operation, int fd, uint32_t bits, uint64_t token);
// At most 256 events at a time.
int dw_epoll_wait(int epoll, struct dw_ready *ready, int count, int milliseconds);

// memfd_create(2), close-on-exec, sealable, and where the kernel knows how (6.3) never executable.
int dw_sealable_file(const char *name);

// getrandom(2) without flags.
// Gives free memory of the allocator back to the kernel. Cannot fail.
void dw_trim_memory(void);

ssize_t dw_random(void *bytes, size_t count);

// The entries of an open directory whose names are decimal numbers, in the order of the directory, from where the
// last call stopped: how /proc lists processes and descriptors. 0 at the end, at most `limit` at a time.
int dw_next_numbers(int directory, int *numbers, int limit);

#endif
