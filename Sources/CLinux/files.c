// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <signal.h>

#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

_Static_assert(DW_O_PATH == O_PATH, "files.h disagrees with the kernel's header");

int dw_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int64_t dw_file_system(int fd) {
    struct statfs info;
    return fstatfs(fd, &info) < 0 ? -1 : (int64_t)(uint32_t)info.f_type;
}

ssize_t dw_getdents(int directory, void *buffer, size_t size) { return getdents64(directory, buffer, size); }

int dw_allocate_keeping_size(int fd, off_t offset, off_t length) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length);
}

int dw_exchange(int directory, const char *one, const char *other) {
    return renameat2(directory, one, directory, other, RENAME_EXCHANGE);
}

int dw_flock(int fd, int operation) { return flock(fd, operation); }

int dw_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int dw_name_thread(const char *name) { return prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }

int dw_block_signals(sigset_t *previous) {
    sigset_t blocked;
    sigfillset(&blocked);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) sigdelset(&blocked, faults[i]);
    return pthread_sigmask(SIG_SETMASK, &blocked, previous);
}

int dw_restore_signals(const sigset_t *previous) { return pthread_sigmask(SIG_SETMASK, previous, NULL); }
