// SPDX-License-Identifier: Apache-2.0
// Rows 75, 76, 82 and the edges of the filter: calls into the kernel that nothing inside needs.
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// A call that failed for another reason than refusal did get in: its arguments are wrong on purpose.
static int entered(long result) {
    return result >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES) ? REACHED : REFUSED;
}

static int add_key(char **a) { return (void)a, entered(syscall(SYS_add_key, "user", "doorward-probe", "x", 1, -2)); }
static int request_key(char **a) { return (void)a, entered(syscall(SYS_request_key, "user", "doorward-none", 0, 0)); }
static int keyctl(char **a) { return (void)a, entered(syscall(SYS_keyctl, 0, -4, 1, 0, 0)); }
static int io_uring(char **a) {
    struct io_uring_params parameters = {0};
    return (void)a, entered(syscall(SYS_io_uring_setup, 1, &parameters));
}
static int userfault(char **a) { return (void)a, entered(syscall(SYS_userfaultfd, 0xffffffff)); }
static int bpf(char **a) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    return (void)a, entered(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}
static int perf(char **a) {
    struct perf_event_attr attributes = {.size = sizeof attributes, .type = 99};
    return (void)a, entered(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}
static int watch_files(char **a) { return (void)a, entered(syscall(SYS_fanotify_init, 0x7fffffff, 0)); }
static int file_by_handle(char **a) { return (void)a, entered(syscall(SYS_open_by_handle_at, -1, 0, 0)); }
static int handle_of_file(char **a) { return (void)a, entered(syscall(SYS_name_to_handle_at, -1, "", 0, 0, 0)); }
static int other_namespace(char **a) { return (void)a, entered(setns(-1, 0)); }
static int mount_old(char **a) { return (void)a, entered(mount("none", "/nowhere", "tmpfs", 0, "")); }
static int mount_new(char **a) { return (void)a, entered(syscall(SYS_fsopen, "no-such-type", 0)); }
static int mount_tree(char **a) { return (void)a, entered(syscall(SYS_open_tree, -1, "", 0x40000000)); }
static int mount_move(char **a) { return (void)a, entered(syscall(SYS_move_mount, -1, "", -1, "", 0)); }
static int mount_attributes(char **a) { return (void)a, entered(syscall(442, -1, "", 0, 0, 0)); }
static int mount_remove(char **a) { return (void)a, entered(umount2("/nowhere", 0)); }
static int change_root(char **a) { return (void)a, entered(chroot("/nowhere")); }
static int pivot(char **a) { return (void)a, entered(syscall(SYS_pivot_root, "/nowhere", "/nowhere")); }
static int load_module(char **a) { return (void)a, entered(syscall(SYS_finit_module, -1, "", 0)); }
static int kernel_log(char **a) { return (void)a, entered(syscall(SYS_syslog, 10, 0, 0)); }
static int set_clock(char **a) { return (void)a, entered(syscall(SYS_clock_settime, 99, 0)); }
// A number above the filter's newest: listmount, 6.8.
static int newer_call(char **a) { return (void)a, entered(syscall(458, 0, 0, 0, 0)); }

static int unshare_user(char **a) { return (void)a, unshare(CLONE_NEWUSER) == 0 ? REACHED : REFUSED; }

static int child_of(pid_t child) {
    if (child == 0) _exit(0);
    if (child < 0) return REFUSED;
    waitpid(child, NULL, 0);
    return REACHED;
}
static int clone_user(char **a) {
    return (void)a, child_of((pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}
static int clone_network(char **a) {
    return (void)a, child_of((pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0));
}
static int clone_mounts(char **a) {
    return (void)a, child_of((pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0));
}
static int unshare_mounts(char **a) { return (void)a, unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? REACHED : REFUSED; }

// With the capabilities of a user namespace of its own.
static int unshare_then_mount(char **a) {
    (void)a;
    if (unshare(CLONE_NEWUSER) < 0) return REFUSED;
    if (unshare(CLONE_NEWNS) == 0) return REACHED;
    return mount("none", "/tmp", "tmpfs", 0, "") == 0 ? REACHED : REFUSED;
}
static int clone3_user(char **a) {
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    return (void)a, child_of((pid_t)syscall(SYS_clone3, &arguments, sizeof arguments));
}

static int readable_is_executable(char **a) { return (void)a, entered(personality(READ_IMPLIES_EXEC)); }

#if defined(__x86_64__)
// Reached if the process lives on.
static int foreign(int x32) {
    pid_t child = fork();
    if (child == 0) {
        if (x32) {
            syscall(SYS_getpid | 0x40000000);
        } else {
            long number = 20;  // getpid of the 32-bit table
            __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
        }
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    errno = 0;
    return WIFEXITED(status) ? REACHED : REFUSED;
}
static int x32_call(char **a) { return (void)a, foreign(1); }
static int i386_call(char **a) { return (void)a, foreign(0); }
#else
static int x32_call(char **a) { return (void)a, NOTHING; }
static int i386_call(char **a) { return (void)a, NOTHING; }
#endif

const struct probe kernel_probes[] = {
    {"add-key", add_key},
    {"request-key", request_key},
    {"keyctl", keyctl},
    {"io-uring", io_uring},
    {"userfault", userfault},
    {"bpf", bpf},
    {"perf", perf},
    {"watch-files", watch_files},
    {"file-by-handle", file_by_handle},
    {"handle-of-file", handle_of_file},
    {"other-namespace", other_namespace},
    {"mount-old", mount_old},
    {"mount-new", mount_new},
    {"mount-tree", mount_tree},
    {"mount-move", mount_move},
    {"mount-attributes", mount_attributes},
    {"mount-remove", mount_remove},
    {"change-root", change_root},
    {"pivot", pivot},
    {"load-module", load_module},
    {"kernel-log", kernel_log},
    {"set-clock", set_clock},
    {"newer-call", newer_call},
    {"unshare-user", unshare_user},
    {"clone-user", clone_user},
    {"clone-network", clone_network},
    {"clone-mounts", clone_mounts},
    {"unshare-mounts", unshare_mounts},
    {"unshare-then-mount", unshare_then_mount},
    {"clone3-user", clone3_user},
    {"readable-is-executable", readable_is_executable},
    {"x32-call", x32_call},
    {"i386-call", i386_call},
    {0},
};
