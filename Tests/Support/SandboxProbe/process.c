// SPDX-License-Identifier: Apache-2.0
// Rows 69 to 74 and 83: what is inherited, and other processes.
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int inherited_descriptor(char **arguments) {
    (void)arguments;
    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) return REACHED;
    errno = 0;
    return REFUSED;
}

static int environment(char **arguments) { return getenv(argument(arguments, 0)) ? REACHED : REFUSED; }

static int reads(const char *form, const char *pid) {
    char path[128], byte;
    snprintf(path, sizeof path, form, pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0) return REFUSED;
    // Memory has no first byte at offset 0: having opened it is enough.
    if (strstr(path, "/mem")) return REACHED;
    return read(fd, &byte, 1) >= 0 || errno == EISDIR ? REACHED : REFUSED;
}

static int proc_entry(char **arguments) {
    char path[128];
    snprintf(path, sizeof path, "/proc/%s", argument(arguments, 0));
    return access(path, F_OK) == 0 ? REACHED : REFUSED;
}
static int proc_environment(char **arguments) { return reads("/proc/%s/environ", argument(arguments, 0)); }
static int proc_memory(char **arguments) { return reads("/proc/%s/mem", argument(arguments, 0)); }
static int proc_maps(char **arguments) { return reads("/proc/%s/maps", argument(arguments, 0)); }
static int proc_root(char **arguments) { return reads("/proc/%s/root/", argument(arguments, 0)); }
static int proc_directory(char **arguments) { return reads("/proc/%s/cwd/", argument(arguments, 0)); }
static int proc_descriptors(char **arguments) {
    char path[128];
    snprintf(path, sizeof path, "/proc/%s/fd/0", argument(arguments, 0));
    return readlink(path, (char[64]){0}, 64) >= 0 ? REACHED : REFUSED;
}

static int pid(char **arguments) { return atoi(argument(arguments, 0)); }
static int signal_zero(char **arguments) { return kill(pid(arguments), 0) == 0 ? REACHED : REFUSED; }
// Signal 0 as well: what is refused for it is refused for all.
static int signal_thread(char **arguments) {
    return syscall(SYS_tgkill, pid(arguments), pid(arguments), 0) == 0 ? REACHED : REFUSED;
}
static int signal_queue(char **arguments) {
    return sigqueue(pid(arguments), 0, (union sigval){0}) == 0 ? REACHED : REFUSED;
}
static int pidfd(char **arguments) { return syscall(SYS_pidfd_open, pid(arguments), 0) >= 0 ? REACHED : REFUSED; }
// Everybody that this process may signal, itself and the first process left out by the kernel.
static int signal_all(char **arguments) { return (void)arguments, kill(-1, 0) == 0 ? REACHED : REFUSED; }

static int trace(char **arguments) { return ptrace(PTRACE_SEIZE, pid(arguments), 0, 0) == 0 ? REACHED : REFUSED; }

static int trace_child(char **arguments) {
    (void)arguments;
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    int result = ptrace(PTRACE_SEIZE, child, 0, 0);
    int code = errno;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    errno = code;
    return result == 0 ? REACHED : REFUSED;
}

static int read_memory(char **arguments) {
    char from = 1, to = 0;
    struct iovec local = {&to, 1}, remote = {&from, 1};
    (void)arguments;
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1 ? REACHED : REFUSED;
}

static int take_descriptor(char **arguments) {
    (void)arguments;
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (pidfd < 0) return REFUSED;
    return syscall(SYS_pidfd_getfd, pidfd, 0, 0) >= 0 ? REACHED : REFUSED;
}

static int compare(char **arguments) {
    (void)arguments;
    return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILES, 0, 0) >= 0 ? REACHED : REFUSED;
}

// Reached if the kernel looked at the request at all: what it then says depends on the terminal and its settings.
static int terminal(unsigned long request) {
    char byte = 'x';
    long result = syscall(SYS_ioctl, 0, request, &byte);
    return result == 0 || errno != EPERM ? REACHED : REFUSED;
}
static int type_ahead(char **arguments) { return (void)arguments, terminal(0x5412); }
static int type_ahead_wide(char **arguments) { return (void)arguments, terminal(0x100005412UL); }
static int paste(char **arguments) { return (void)arguments, terminal(0x541C); }
static int own_terminal(char **arguments) { return (void)arguments, open("/dev/tty", O_RDWR) >= 0 ? REACHED : REFUSED; }

static int new_privileges(char **arguments) {
    (void)arguments;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? REACHED : REFUSED;
}

// Reached if a set-user-id program runs with another user's rights.
static int run_setuid(char **arguments) {
    char line[256];
    int ends[2];
    (void)arguments;
    // su asks for a password only when it is not root; its own uid shows in /proc while it waits.
    const char *program = access("/usr/bin/su", X_OK) == 0 ? "/usr/bin/su" : "/bin/su";
    if (pipe(ends) < 0) return REFUSED;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[0], 0);
        dup2(open("/dev/null", O_WRONLY), 2);
        execl(program, "su", "-c", "true", "root", (char *)NULL);
        _exit(127);
    }
    int found = 0;
    for (int i = 0; i < 2000 && !found; i++) {
        snprintf(line, sizeof line, "/proc/%d/status", child);
        FILE *status = fopen(line, "r");
        unsigned real = 0, effective = 0;
        while (status && fgets(line, sizeof line, status))
            if (sscanf(line, "Uid: %u %u", &real, &effective) == 2 && real != effective) found = 1;
        if (status) fclose(status);
        if (waitpid(child, NULL, WNOHANG) == child) break;
        usleep(500);
    }
    kill(child, SIGKILL);
    errno = 0;
    return found ? REACHED : REFUSED;
}

// A process that left its parent and its session and keeps standard output open.
static int daemon_stays(char **arguments) {
    (void)arguments;
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            // Outside a sandbox nobody ends it: longer than any test waits, and no longer.
            alarm(60);
            for (;;) pause();
        }
        _exit(0);
    }
    return wait(NULL) > 0 ? REACHED : REFUSED;
}

static int hang(char **arguments) {
    (void)arguments;
    printf("ready\n");
    for (;;) pause();
}

const struct probe process_probes[] = {
    {"inherited-descriptor", inherited_descriptor},
    {"environment", environment},
    {"proc-entry", proc_entry},
    {"proc-environment", proc_environment},
    {"proc-memory", proc_memory},
    {"proc-maps", proc_maps},
    {"proc-root", proc_root},
    {"proc-directory", proc_directory},
    {"proc-descriptors", proc_descriptors},
    {"signal-zero", signal_zero},
    {"signal-thread", signal_thread},
    {"signal-queue", signal_queue},
    {"pidfd", pidfd},
    {"signal-all", signal_all},
    {"trace", trace},
    {"trace-child", trace_child},
    {"read-memory", read_memory},
    {"take-descriptor", take_descriptor},
    {"compare", compare},
    {"type-ahead", type_ahead},
    {"type-ahead-wide", type_ahead_wide},
    {"paste", paste},
    {"own-terminal", own_terminal},
    {"new-privileges", new_privileges},
    {"run-setuid", run_setuid},
    {"daemon-stays", daemon_stays},
    {"hang", hang},
    {0},
};
