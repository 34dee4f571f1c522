// SPDX-License-Identifier: Apache-2.0
// The other side: a host full of things that a sandbox must not reach. `sandbox-probe host DIRECTORY` prints one line
// of its port once all of them exist, and ends with its parent.
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void must(int holds, const char *what) {
    if (holds) return;
    perror(what);
    exit(2);
}

static int listen_unix(const char *path, int abstract) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    memcpy(address.sun_path + abstract, path, length);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + length);
    must(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 16) == 0, path);
    return fd;
}

static int clean(const char *directory, const char *name) {
    const char *files[] = {"socket", "datagrams", "secret"};
    char path[300];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        unlink(path);
    }
    rmdir(directory);
    snprintf(path, sizeof path, "/%s", name);
    shm_unlink(path);
    mq_unlink(path);
    shmctl(shmget(getpid(), 1, 0), IPC_RMID, NULL);
    return REACHED;
}

static int host(char **arguments) {
    const char *directory = argument(arguments, 0);
    char name[256], path[300];
    pid_t parent = getppid();
    snprintf(name, sizeof name, "doorward-host-%d", getpid());

    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
    socklen_t size = sizeof address;
    // One socket for both families: every address of the host answers.
    int tcp = socket(AF_INET6, SOCK_STREAM, 0), udp = socket(AF_INET6, SOCK_DGRAM, 0);
    must(bind(tcp, (struct sockaddr *)&address, size) == 0 && listen(tcp, 16) == 0, "tcp");
    getsockname(tcp, (struct sockaddr *)&address, &size);
    must(bind(udp, (struct sockaddr *)&address, size) == 0, "udp");

    int abstract = listen_unix(name, 1);
    snprintf(path, sizeof path, "%s/socket", directory);
    int pathname = listen_unix(path, 0);
    snprintf(path, sizeof path, "%s/datagrams", directory);
    struct sockaddr_un datagram = {.sun_family = AF_UNIX};
    snprintf(datagram.sun_path, sizeof datagram.sun_path, "%s", path);
    must(bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&datagram, sizeof datagram) == 0, "datagrams");

    snprintf(path, sizeof path, "%s/secret", directory);
    int secret = open(path, O_RDWR | O_CREAT, 0600);
    must(write(secret, "secret", 6) == 6, "secret");
    snprintf(path, sizeof path, "/%s", name);
    must(shm_open(path, O_RDWR | O_CREAT, 0600) >= 0, "shm_open");
    must(shmget(getpid(), 4096, IPC_CREAT | 0600) >= 0, "shmget");
    must(mq_open(path, O_RDWR | O_CREAT, 0600, NULL) != (mqd_t)-1, "mq_open");

    printf("%d\n", ntohs(address.sin6_port));
    struct pollfd entries[] = {{.fd = tcp, .events = POLLIN}, {.fd = udp, .events = POLLIN},
                               {.fd = abstract, .events = POLLIN}, {.fd = pathname, .events = POLLIN}};
    for (;;) {
        // Not the parent-death signal: that follows the thread, and test threads come and go.
        if (getppid() != parent) return clean(directory, name);
        if (poll(entries, 4, 500) <= 0) continue;
        for (int i = 0; i < 4; i++) {
            if (!(entries[i].revents & POLLIN)) continue;
            if (entries[i].fd != udp) {
                close(accept(entries[i].fd, NULL, NULL));
                continue;
            }
            char question[16];
            struct sockaddr_storage from;
            socklen_t length = sizeof from;
            if (recvfrom(udp, question, sizeof question, 0, (struct sockaddr *)&from, &length) > 0)
                (void)!sendto(udp, "pong", 4, 0, (struct sockaddr *)&from, length);
        }
    }
}

// Runs another program in a new session keyring that holds one key: with-key DESCRIPTION VALUE PROGRAM [ARGUMENT…].
static int with_key(char **arguments) {
    const char *description = argument(arguments, 0), *value = argument(arguments, 1);
    argument(arguments, 2);
    syscall(SYS_keyctl, 1, NULL);
    must(syscall(SYS_add_key, "user", description, value, strlen(value), -3) >= 0, "add_key");
    execv(arguments[2], arguments + 2);
    return REFUSED;
}

const struct probe host_programs[] = {
    {"host", host},
    {"with-key", with_key},
    {0},
};
