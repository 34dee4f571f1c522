// SPDX-License-Identifier: Apache-2.0
//
// The broker's side of the egress door, for measuring: passes listeners out of a network namespace, writes each decision
// to a file, syncs the file, and confirms.
//
//   door PROGRAM NAMESPACE FIRST_PORT SANDBOXES LOG
//
// Sandbox n listens on 127.0.0.1:FIRST_PORT+2n (HTTP) and the port behind it (SOCKS), in /run/netns/NAMESPACE. The
// forms of the frames are those of docs/protocol-control.md. Runs until its standard input ends.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char policy[] =
    "[{\"host\":\"*\",\"port\":[80,443,8080],\"rule\":\"bench\",\"sni\":\"record\",\"verdict\":\"allow\"}]";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void put32(uint8_t *at, uint32_t value) {
    for (int index = 0; index < 4; index++) at[index] = (uint8_t)(value >> (8 * index));
}

static void put(int door, uint8_t kind, const uint8_t *fields, size_t size, const int *passed, int count) {
    uint8_t packet[1024] = {1, kind, 0, 0};
    put32(packet + 4, (uint32_t)size);
    memcpy(packet + 8, fields, size);
    struct iovec part = {packet, size + 8};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control = {0};
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(&control.head), passed, sizeof(int) * (size_t)count);
    }
    if (sendmsg(door, &message, 0) < 0) fail("door");
}

static int listen_on(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4096) < 0) fail("listen");
    return fd;
}

int main(int count, char **words) {
    if (count != 6) return 2;
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", words[2]);
    int inside = open(path, O_RDONLY | O_CLOEXEC);
    int log = open(words[5], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (own < 0 || inside < 0 || log < 0) fail(path);
    struct rlimit limit = {.rlim_cur = 65536, .rlim_max = 65536};
    setrlimit(RLIMIT_NOFILE, &limit);

    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) fail("socketpair");
    pid_t child = fork();
    if (child == 0) {
        if (dup2(ends[1], 3) < 0) fail("dup2");
        fcntl(3, F_SETFL, O_NONBLOCK);
        execl(words[1], "doorward-egress", NULL);
        fail(words[1]);
    }
    close(ends[1]);
    uint8_t fields[1024] = {0};
    put(ends[0], 1, fields, 5, NULL, 0);
    if (setns(inside, CLONE_NEWNET) < 0) fail("setns");
    for (int number = 0; number < atoi(words[4]); number++) {
        int port = atoi(words[3]) + 2 * number;
        int listeners[2] = {listen_on(port), listen_on(port + 1)};
        put32(fields, (uint32_t)number + 1);
        put32(fields + 4, 0);
        put32(fields + 8, sizeof policy - 1);
        memcpy(fields + 12, policy, sizeof policy - 1);
        put(ends[0], 2, fields, 12 + sizeof policy - 1, listeners, 2);
        close(listeners[0]);
        close(listeners[1]);
    }
    setns(own, CLONE_NEWNET);
    printf("%d\n", child);
    fflush(stdout);

    for (;;) {
        struct pollfd wait[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = 0, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0 || wait[1].revents) break;
        uint8_t packet[65536];
        uint64_t last = 0;
        ssize_t got;
        // Whatever has come is written, synced once, and confirmed at once: what a journal does.
        while ((got = recv(ends[0], packet, sizeof packet, MSG_DONTWAIT)) > 0) {
            for (ssize_t at = 0; at + 8 <= got;) {
                uint32_t size = packet[at + 4] | packet[at + 5] << 8 | packet[at + 6] << 16 | (uint32_t)packet[at + 7] << 24;
                if (packet[at + 1] == 2) memcpy(&last, packet + at + 8, 8);
                at += 8 + size;
            }
            if (write(log, packet, (size_t)got) < 0) fail("log");
        }
        if (got == 0) break;
        if (last > 0) {
            fdatasync(log);
            memcpy(fields, &last, 8);
            put(ends[0], 5, fields, 8, NULL, 0);
        }
    }
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    return status != 0;
}
