// SPDX-License-Identifier: Apache-2.0
// Rows 79 to 82 and 84: files, shared memory, limits, and running what was written.
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int opens(const char *path, int flags) { return open(path, flags, 0600) >= 0 ? REACHED : REFUSED; }

static int exists(char **arguments) { return access(argument(arguments, 0), F_OK) == 0 ? REACHED : REFUSED; }
static int read_file(char **arguments) { return opens(argument(arguments, 0), O_RDONLY); }
static int append(char **arguments) { return opens(argument(arguments, 0), O_WRONLY | O_APPEND | O_CREAT); }

static int create_in(char **arguments) {
    char path[4096];
    snprintf(path, sizeof path, "%s/doorward-probe-%d", argument(arguments, 0), getpid());
    int result = opens(path, O_WRONLY | O_CREAT | O_EXCL);
    int code = errno;
    if (result == REACHED) unlink(path);
    errno = code;
    return result;
}

static int change_mode(char **arguments) {
    struct stat status;
    const char *path = argument(arguments, 0);
    if (stat(path, &status) < 0) return REFUSED;
    return chmod(path, status.st_mode & 07777) == 0 ? REACHED : REFUSED;
}

// Through a link in a directory that may be written.
static int append_through_link(char **arguments) {
    char path[4096];
    snprintf(path, sizeof path, "%s/probe-link-%d", argument(arguments, 1), getpid());
    if (symlink(argument(arguments, 0), path) < 0) return REFUSED;
    int result = opens(path, O_WRONLY | O_APPEND);
    int code = errno;
    unlink(path);
    errno = code;
    return result;
}

// One process turns a link back and forth between a file of its own and the wanted one while another opens through it.
static int race_link(char **arguments) {
    char link[4096], own[4096], other[4096];
    const char *wanted = argument(arguments, 0), *directory = argument(arguments, 1);
    snprintf(link, sizeof link, "%s/probe-race-%d", directory, getpid());
    snprintf(own, sizeof own, "%s/probe-own-%d", directory, getpid());
    snprintf(other, sizeof other, "%s/probe-other-%d", directory, getpid());
    close(open(own, O_WRONLY | O_CREAT, 0600));
    if (symlink(own, link) < 0) return REFUSED;
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            if (symlink(wanted, other) == 0) rename(other, link);
            if (symlink(own, other) == 0) rename(other, link);
        }
    }
    int reached = 0;
    for (int i = 0; i < 20000 && !reached; i++) {
        char text[8] = {0};
        int fd = open(link, O_RDONLY);
        if (fd < 0) continue;
        reached = read(fd, text, 6) == 6 && memcmp(text, "secret", 6) == 0;
        close(fd);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    unlink(link);
    unlink(own);
    unlink(other);
    errno = 0;
    return reached ? REACHED : REFUSED;
}

static int rename_out(char **arguments) {
    char from[4096], to[4096];
    snprintf(from, sizeof from, "%s/probe-rename-%d", argument(arguments, 0), getpid());
    snprintf(to, sizeof to, "%s/probe-rename-%d", argument(arguments, 1), getpid());
    close(open(from, O_WRONLY | O_CREAT, 0600));
    int result = rename(from, to), code = errno;
    unlink(from);
    unlink(to);
    errno = code;
    return result == 0 ? REACHED : REFUSED;
}

// Up from a directory that is moved while it is used, to where the host's would be.
static int dots_out(char **arguments) {
    char path[4096];
    if (chdir(argument(arguments, 0)) < 0) return REFUSED;
    snprintf(path, sizeof path, "../../../../../../..%s", argument(arguments, 1));
    return opens(path, O_RDONLY);
}

static int hard_link(char **arguments) {
    char path[4096];
    snprintf(path, sizeof path, "%s/probe-hard-%d", argument(arguments, 1), getpid());
    int result = link(argument(arguments, 0), path);
    int code = errno;
    unlink(path);
    errno = code;
    return result == 0 ? REACHED : REFUSED;
}

static int shared_memory(char **arguments) {
    return shm_open(argument(arguments, 0), O_RDWR, 0) >= 0 ? REACHED : REFUSED;
}
static int system_v_memory(char **arguments) {
    return shmget(atoi(argument(arguments, 0)), 1, 0) >= 0 ? REACHED : REFUSED;
}
static int message_queue(char **arguments) {
    return mq_open(argument(arguments, 0), O_RDWR) != (mqd_t)-1 ? REACHED : REFUSED;
}

// Reached if this many children live at once.
static int many_processes(char **arguments) {
    int wanted = atoi(argument(arguments, 0)), made = 0, code = 0;
    pid_t *children = calloc((size_t)wanted, sizeof *children);
    while (made < wanted) {
        pid_t child = fork();
        if (child == 0) {
            for (;;) pause();
        }
        if (child < 0) {
            code = errno;
            break;
        }
        children[made++] = child;
    }
    for (int i = 0; i < made; i++) kill(children[i], SIGKILL);
    while (wait(NULL) > 0) {
    }
    fprintf(stderr, "processes: %d\n", made);
    errno = code;
    return made == wanted ? REACHED : REFUSED;
}

static int much_memory(char **arguments) {
    size_t size = (size_t)atoll(argument(arguments, 0));
    char *bytes = malloc(size);
    if (!bytes) return REFUSED;
    for (size_t at = 0; at < size; at += 4096) bytes[at] = 1;
    return REACHED;
}

static int many_descriptors(char **arguments) {
    int wanted = atoi(argument(arguments, 0));
    for (int i = 0; i < wanted; i++)
        if (dup(0) < 0) return REFUSED;
    return REACHED;
}

static int fill(char **arguments) {
    static char block[1 << 16];
    char path[4096];
    long long wanted = atoll(argument(arguments, 1)), done = 0;
    memset(block, 1, sizeof block);
    snprintf(path, sizeof path, "%s/probe-fill-%d", argument(arguments, 0), getpid());
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (done < wanted) {
        ssize_t count = write(fd, block, sizeof block);
        if (count < 0) break;
        done += count;
    }
    int code = errno;
    unlink(path);
    errno = code;
    return done >= wanted ? REACHED : REFUSED;
}

static int runs(int fd, const char *path, char *const arguments[]) {
    pid_t child = fork();
    if (child == 0) {
        if (fd >= 0) syscall(SYS_execveat, fd, "", arguments, (char *[]){NULL}, AT_EMPTY_PATH);
        else execve(path, arguments, (char *[]){NULL});
        _exit(errno);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return REACHED;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return REFUSED;
}

static int copy_to(int out) {
    char block[65536];
    int in = open("/bin/true", O_RDONLY);
    ssize_t count;
    while ((count = read(in, block, sizeof block)) > 0)
        if (write(out, block, (size_t)count) != count) return -1;
    return (int)count;
}

static int memory_file(unsigned flags) {
    int fd = (int)syscall(SYS_memfd_create, "probe", flags);
    if (fd < 0 || copy_to(fd) < 0) return REFUSED;
    return runs(fd, NULL, (char *[]){"true", NULL});
}
static int run_memory_file(char **arguments) { return (void)arguments, memory_file(0); }
static int run_sealed_memory_file(char **arguments) { return (void)arguments, memory_file(8); }

static int written(char **arguments, char *path, size_t size) {
    snprintf(path, size, "%s/probe-true-%d", argument(arguments, 0), getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    int result = fd < 0 ? -1 : copy_to(fd);
    fchmod(fd, 0700);
    close(fd);
    return result;
}

static int run_written(char **arguments) {
    char path[4096];
    if (written(arguments, path, sizeof path) < 0) return REFUSED;
    int result = runs(-1, path, (char *[]){"true", NULL});
    int code = errno;
    unlink(path);
    errno = code;
    return result;
}

static int run_written_by_loader(char **arguments) {
    char path[4096];
    if (written(arguments, path, sizeof path) < 0) return REFUSED;
    const char *loader = access("/lib64/ld-linux-x86-64.so.2", X_OK) == 0 ? "/lib64/ld-linux-x86-64.so.2"
                                                                         : "/lib/ld-linux-aarch64.so.1";
    int result = runs(-1, loader, (char *[]){"loader", path, NULL});
    unlink(path);
    // What the loader ends with is a number of its own.
    errno = 0;
    return result;
}

static int map_written(char **arguments) {
    char path[4096];
    if (written(arguments, path, sizeof path) < 0) return REFUSED;
    int fd = open(path, O_RDONLY);
    void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    int code = errno;
    unlink(path);
    errno = code;
    return map != MAP_FAILED ? REACHED : REFUSED;
}

const struct probe file_probes[] = {
    {"exists", exists},
    {"read", read_file},
    {"append", append},
    {"create-in", create_in},
    {"change-mode", change_mode},
    {"append-through-link", append_through_link},
    {"race-link", race_link},
    {"rename-out", rename_out},
    {"dots-out", dots_out},
    {"hard-link", hard_link},
    {"shared-memory", shared_memory},
    {"system-v-memory", system_v_memory},
    {"message-queue", message_queue},
    {"many-processes", many_processes},
    {"much-memory", much_memory},
    {"many-descriptors", many_descriptors},
    {"fill", fill},
    {"run-memory-file", run_memory_file},
    {"run-sealed-memory-file", run_sealed_memory_file},
    {"run-written", run_written},
    {"run-written-by-loader", run_written_by_loader},
    {"map-written", map_written},
    {0},
};
