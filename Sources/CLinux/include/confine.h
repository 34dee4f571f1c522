// SPDX-License-Identifier: Apache-2.0
//
// Processes and their confinement. The rule of admission stands in clinux.h. Mount calls are missing here because
// Swift's Glibc module has them.
#ifndef DOORWARD_CONFINE_H
#define DOORWARD_CONFINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// clone3(2) that copies like fork: 0 in the child, the process in the parent with a pidfd (close-on-exec) in `pidfd`.
// `cgroup` is a directory of cgroup v2 to start in, or -1. No handler of fork runs: single-threaded callers only.
pid_t dw_clone(uint64_t flags, int cgroup, int *pidfd);

// fork(3) with a pidfd of the child, as above: its handlers run, and its clone(2) passes filters that refuse clone3.
pid_t dw_fork(int *pidfd);

int dw_pidfd_open(pid_t process);
int dw_pidfd_signal(int pidfd, int signal);
// waitid(2) on one process: 1 with CLD_… in `how` and the number in `status`, 0 if it still runs and `block` is 0.
int dw_pidfd_wait(int pidfd, int block, int *how, int *status);
// Reaps any one child of this process: its id, 0 if all still run, -1 with ECHILD if there is none.
pid_t dw_reap(int *how, int *status);

int dw_close_range(unsigned first, unsigned last);
// dup3(2) without flags where the numbers differ; clears close-on-exec where they are equal.
int dw_place(int fd, int number);
int dw_prctl(int operation, unsigned long first, unsigned long second);
long dw_keyctl(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int dw_pivot_root(const char *root, const char *old);
int dw_execute(int fd, char *const *arguments, char *const *environment);

// A file in memory with these contents, close-on-exec, its position at the start.
int dw_memory_file(const void *bytes, size_t count);

// Raises the interface `lo` of the network namespace that this process is in.
int dw_raise_loopback(void);
// Gives up all capabilities of this thread: permitted, effective, inheritable.
int dw_drop_capabilities(void);
// Sets the three sets of this thread, one bit for each capability.
int dw_set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable);
// The effective capabilities of this thread.
int dw_effective_capabilities(uint64_t *found);

// Landlock, kernel 5.13. The version call returns the ABI.
int dw_landlock_abi(void);
int dw_landlock_create(uint64_t files, uint64_t network, uint64_t scopes);
int dw_landlock_allow_path(int ruleset, int path, uint64_t rights);
int dw_landlock_allow_port(int ruleset, uint16_t port, uint64_t rights);
int dw_landlock_enforce(int ruleset);

// Signals. An empty or absent set is never meant: `count` signals from `numbers`.
int dw_signal_descriptor(const int *numbers, int count);
int dw_mask_signals(const int *numbers, int count);
int dw_mask_all_signals(void);
// Empties the mask and gives every ignored signal its default effect again; exec does the rest.
int dw_default_signals(void);
// Waits for any signal (all must be blocked) and returns its number.
int dw_wait_signal(void);
// The number of the next signal, 0 if none waits.
int dw_next_signal(int fd);

// The arguments of this process, kept before main: Swift looks for them in /proc, which rooms do not have. NULL behind
// the last one.
const char *dw_argument(int index);
// Writes `title` over all of them, where /proc shows the command line.
void dw_overwrite_arguments(const char *title);

#endif
