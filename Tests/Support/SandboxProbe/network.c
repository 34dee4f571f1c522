// SPDX-License-Identifier: Apache-2.0
// Rows 64 to 68: the network, and the sockets of the host.
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int dial(char **arguments, int type) {
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const char *address = argument(arguments, 0);
    int six = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
    if (!six && inet_pton(AF_INET, address, &v4.sin_addr) != 1) exit(2);
    v4.sin_port = v6.sin6_port = htons((uint16_t)atoi(argument(arguments, 1)));
    int fd = socket(six ? AF_INET6 : AF_INET, type, 0);
    if (fd < 0) return -1;
    int result = six ? connect(fd, (struct sockaddr *)&v6, sizeof v6) : connect(fd, (struct sockaddr *)&v4, sizeof v4);
    return result == 0 ? fd : -1;
}

static int tcp(char **arguments) { return dial(arguments, SOCK_STREAM) >= 0 ? REACHED : REFUSED; }

// A datagram is only sent if an answer comes back: the test answers "pong".
static int udp(char **arguments) {
    int fd = dial(arguments, SOCK_DGRAM);
    if (fd < 0 || send(fd, "ping", 4, 0) != 4) return REFUSED;
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    char answer[8];
    if (poll(&entry, 1, 1000) != 1) return REFUSED;
    return recv(fd, answer, sizeof answer, 0) == 4 ? REACHED : REFUSED;
}

static int opens(int family, int type, int protocol) {
    int fd = socket(family, type, protocol);
    return fd >= 0 ? REACHED : REFUSED;
}

static int raw_icmp(char **arguments) { return (void)arguments, opens(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int raw_icmp6(char **arguments) { return (void)arguments, opens(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); }
static int ping(char **arguments) { return (void)arguments, opens(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); }
static int packet(char **arguments) { return (void)arguments, opens(AF_PACKET, SOCK_RAW, htons(3)); }
static int packet_alias(char **arguments) { return (void)arguments, opens(AF_INET, SOCK_PACKET, htons(3)); }
static int mptcp(char **arguments) { return (void)arguments, opens(AF_INET, SOCK_STREAM, 262); }

// A family that the kernel does not have says EAFNOSUPPORT by itself: then there is nothing to attempt.
static int family(char **arguments) {
    int number = atoi(argument(arguments, 0));
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
    for (int i = 0; i < 4; i++)
        if (opens(number, types[i], 0) == REACHED) return REACHED;
    return REFUSED;
}

static int netlink(char **arguments) { return opens(AF_NETLINK, SOCK_RAW, atoi(argument(arguments, 0))); }

static int dial_unix(const char *path, int abstract, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length + 1 > sizeof address.sun_path) exit(2);
    memcpy(address.sun_path + abstract, path, length);
    int fd = socket(AF_UNIX, type, 0);
    if (fd < 0) return REFUSED;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + length);
    return connect(fd, (struct sockaddr *)&address, size) == 0 ? REACHED : REFUSED;
}

static int abstract_socket(char **arguments) { return dial_unix(argument(arguments, 0), 1, SOCK_STREAM); }
static int path_socket(char **arguments) { return dial_unix(argument(arguments, 0), 0, SOCK_STREAM); }

// Through a link in a directory that may be written.
static int link_socket(char **arguments) {
    char path[100];
    snprintf(path, sizeof path, "%s/probe-socket-link-%d", argument(arguments, 1), getpid());
    if (symlink(argument(arguments, 0), path) < 0) return REFUSED;
    int result = dial_unix(path, 0, SOCK_STREAM), code = errno;
    unlink(path);
    errno = code;
    return result;
}

// A socket pair needs no name; its datagram end can still be told to send elsewhere.
static int pair_sends_elsewhere(char **arguments) {
    int ends[2];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", argument(arguments, 0));
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) < 0) return REFUSED;
    return sendto(ends[0], "ping", 4, 0, (struct sockaddr *)&address, sizeof address) == 4 ? REACHED : REFUSED;
}

static int shows(const char *path, const char *wanted) {
    char line[4096];
    FILE *file = fopen(path, "r");
    if (!file) return REFUSED;
    while (fgets(line, sizeof line, file))
        if (strstr(line, wanted)) return REACHED;
    errno = 0;
    return REFUSED;
}

static int unix_table(char **arguments) { return shows("/proc/net/unix", argument(arguments, 0)); }

static int tcp_table(char **arguments) {
    char port[8];
    snprintf(port, sizeof port, ":%04X", atoi(argument(arguments, 0)));
    return shows("/proc/net/tcp", port);
}

const struct probe network_probes[] = {
    {"tcp", tcp},
    {"udp", udp},
    {"raw-icmp", raw_icmp},
    {"raw-icmp6", raw_icmp6},
    {"ping", ping},
    {"packet", packet},
    {"packet-alias", packet_alias},
    {"mptcp", mptcp},
    {"family", family},
    {"netlink", netlink},
    {"abstract-socket", abstract_socket},
    {"path-socket", path_socket},
    {"link-socket", link_socket},
    {"pair-sends-elsewhere", pair_sends_elsewhere},
    {"unix-table", unix_table},
    {"tcp-table", tcp_table},
    {0},
};
