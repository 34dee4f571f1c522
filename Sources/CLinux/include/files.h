// SPDX-License-Identifier: Apache-2.0
//
// Files, directories, threads. The same admission rule as clinux.h.
#ifndef DOORWARD_CLINUX_FILES_H
#define DOORWARD_CLINUX_FILES_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// openat2(2), Linux 5.6: no glibc wrapper in Debian 12.
int dw_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

// O_PATH, hidden behind _GNU_SOURCE.
#define DW_O_PATH 010000000

// The file system's magic number of fstatfs(2), whose header Swift's Glibc module lacks.
int64_t dw_file_system(int fd);

// getdents64(2).
ssize_t dw_getdents(int directory, void *buffer, size_t size);

// fallocate(2) with FALLOC_FL_KEEP_SIZE.
int dw_allocate_keeping_size(int fd, off_t offset, off_t length);

// renameat2(2) with RENAME_EXCHANGE, both names in one directory. Not every file system can.
int dw_exchange(int directory, const char *one, const char *other);

// flock(2): in Swift the name means the record-lock structure.
int dw_flock(int fd, int operation);

// eventfd(2) with EFD_CLOEXEC | EFD_NONBLOCK and a count of 0.
int dw_eventfd(void);

// prctl(PR_SET_NAME) of the calling thread: at most 15 bytes are kept. Variadic.
int dw_name_thread(const char *name);

// pthread_sigmask(3) that blocks every signal but those that a fault of the thread itself raises, and the way back.
int dw_block_signals(sigset_t *previous);
int dw_restore_signals(const sigset_t *previous);

#endif
