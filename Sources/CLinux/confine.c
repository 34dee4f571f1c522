// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "confine.h"
#include "seccomp_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

pid_t dw_clone(uint64_t flags, int cgroup, int *pidfd) {
    struct clone_args arguments = {
        .flags = flags | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)pidfd, .exit_signal = SIGCHLD};
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)cgroup;
    }
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

pid_t dw_fork(int *pidfd) {
    pid_t child = fork();
    if (child <= 0) return child;
    // Its number is not given to another process before it is reaped, which nobody else does.
    *pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    if (*pidfd >= 0) return child;
    int code = errno;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    errno = code;
    return -1;
}

int dw_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int dw_pidfd_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

int dw_pidfd_wait(int pidfd, int block, int *how, int *status) {
    siginfo_t info = {.si_pid = 0};
    int result;
    do {
        result = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | (block ? 0 : WNOHANG));
    } while (result < 0 && errno == EINTR);
    if (result < 0) return -1;
    if (info.si_pid == 0) return 0;
    *how = info.si_code;
    *status = info.si_status;
    return 1;
}

pid_t dw_reap(int *how, int *status) {
    siginfo_t info = {.si_pid = 0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0) return -1;
    *how = info.si_code;
    *status = info.si_status;
    return info.si_pid;
}

int dw_close_range(unsigned first, unsigned last) { return (int)syscall(SYS_close_range, first, last, 0); }

int dw_place(int fd, int number) { return fd == number ? fcntl(fd, F_SETFD, 0) : dup3(fd, number, 0); }

int dw_prctl(int operation, unsigned long first, unsigned long second) {
    return prctl(operation, first, second, 0UL, 0UL);
}

long dw_keyctl(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return syscall(SYS_keyctl, operation, a, b, c, d);
}

int dw_pivot_root(const char *root, const char *old) { return (int)syscall(SYS_pivot_root, root, old); }

int dw_execute(int fd, char *const *arguments, char *const *environment) {
    return (int)syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
}

int dw_memory_file(const void *bytes, size_t count) {
    // Kernel 6.3 knows MFD_NOEXEC_SEAL (8); an older one says EINVAL, and this process executes none anyway.
    int fd = (int)syscall(SYS_memfd_create, "doorward", 1u | 8u);
    if (fd < 0 && errno == EINVAL) fd = (int)syscall(SYS_memfd_create, "doorward", 1u);
    if (fd < 0) return -1;
    const char *from = bytes;
    while (count > 0) {
        ssize_t done = write(fd, from, count);
        if (done < 0) {
            int code = errno;
            close(fd);
            errno = code;
            return -1;
        }
        from += done;
        count -= (size_t)done;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int dw_raise_loopback(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct ifreq request = {.ifr_name = "lo"};
    int result = ioctl(fd, SIOCGIFFLAGS, &request);
    if (result == 0) {
        request.ifr_flags |= IFF_UP;
        result = ioctl(fd, SIOCSIFFLAGS, &request);
    }
    int code = errno;
    close(fd);
    errno = code;
    return result;
}

int dw_drop_capabilities(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return (int)syscall(SYS_capset, &head, none);
}

int dw_set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++) {
        data[half].permitted = (uint32_t)(permitted >> (32 * half));
        data[half].effective = (uint32_t)(effective >> (32 * half));
        data[half].inheritable = (uint32_t)(inheritable >> (32 * half));
    }
    return (int)syscall(SYS_capset, &header, data);
}

int dw_effective_capabilities(uint64_t *found) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &head, data) < 0) return -1;
    *found = (uint64_t)data[1].effective << 32 | data[0].effective;
    return 0;
}

// Debian 12's header stops at ABI 2; the kernel accepts a longer struct whose unknown tail is zero.
struct ruleset {
    uint64_t files;     // ABI 1
    uint64_t network;   // ABI 4
    uint64_t scopes;    // ABI 6
};
struct port_rule {
    uint64_t rights;
    uint64_t port;
};
enum { PORT_RULE = 2 };  // LANDLOCK_RULE_NET_PORT, ABI 4

int dw_landlock_abi(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

int dw_landlock_create(uint64_t files, uint64_t network, uint64_t scopes) {
    struct ruleset rules = {.files = files, .network = network, .scopes = scopes};
    size_t size = scopes ? sizeof rules : network ? offsetof(struct ruleset, scopes) : offsetof(struct ruleset, network);
    return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
}

int dw_landlock_allow_path(int ruleset, int path, uint64_t rights) {
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = path};
    return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int dw_landlock_allow_port(int ruleset, uint16_t port, uint64_t rights) {
    struct port_rule rule = {.rights = rights, .port = port};
    return (int)syscall(SYS_landlock_add_rule, ruleset, PORT_RULE, &rule, 0);
}

int dw_landlock_enforce(int ruleset) { return (int)syscall(SYS_landlock_restrict_self, ruleset, 0); }

int dw_seccomp_load(int program, int all_threads) {
    const struct dw_seccomp_program *wanted = &dw_seccomp_programs[program];
    struct sock_fprog code = {.len = (unsigned short)wanted->count, .filter = (struct sock_filter *)wanted->code};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, all_threads ? SECCOMP_FILTER_FLAG_TSYNC : 0, &code);
    // A positive result is the thread that could not follow.
    if (result > 0) errno = ESRCH;
    return result == 0 ? 0 : -1;
}

static void to_set(const int *numbers, int count, sigset_t *set) {
    sigemptyset(set);
    for (int i = 0; i < count; i++) sigaddset(set, numbers[i]);
}

int dw_signal_descriptor(const int *numbers, int count) {
    sigset_t set;
    to_set(numbers, count, &set);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int dw_mask_signals(const int *numbers, int count) {
    sigset_t set;
    to_set(numbers, count, &set);
    return sigprocmask(SIG_BLOCK, &set, NULL);
}

int dw_mask_all_signals(void) {
    sigset_t set;
    sigfillset(&set);
    return sigprocmask(SIG_SETMASK, &set, NULL);
}

int dw_default_signals(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        // Fails for the numbers that libc keeps to itself; they are never ignored.
        if (sigaction(number, NULL, &action) < 0 || action.sa_handler != SIG_IGN) continue;
        action.sa_handler = SIG_DFL;
        if (sigaction(number, &action, NULL) < 0) return -1;
    }
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

int dw_wait_signal(void) {
    sigset_t all;
    sigfillset(&all);
    int number;
    do {
        number = sigwaitinfo(&all, NULL);
    } while (number < 0 && errno == EINTR);
    return number;
}

int dw_next_signal(int fd) {
    struct signalfd_siginfo info;
    ssize_t got = read(fd, &info, sizeof info);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    return (int)info.ssi_signo;
}

static struct {
    char **list;
    int count;
} kept;

// The C library hands its constructors what it hands to main.
__attribute__((constructor)) static void keep_arguments(int count, char **list) {
    kept.list = list;
    kept.count = count;
}

const char *dw_argument(int index) { return index >= 0 && index < kept.count ? kept.list[index] : NULL; }

void dw_overwrite_arguments(const char *title) {
    if (kept.count == 0) return;
    // The kernel has laid them one behind the other; stop where that is no longer so.
    char *start = kept.list[0], *end = start + strlen(start) + 1;
    for (int i = 1; i < kept.count && kept.list[i] == end; i++) end += strlen(end) + 1;
    size_t size = (size_t)(end - start), length = strlen(title);
    if (length >= size) length = size - 1;
    memset(start, 0, size);
    memcpy(start, title, length);
}
