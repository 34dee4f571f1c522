// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "sockets.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int dw_socket(int family, int type, int protocol) {
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

int dw_socket_pair(int type, int ends[2]) {
    return socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

int dw_set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value);
}

int dw_get_option(int fd, int level, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, level, option, &value, &size) == 0 ? value : -1;
}

static void address_bytes(struct dw_endpoint from, uint8_t bytes[16]) {
    uint64_t words[2] = {htobe64(from.high), htobe64(from.low)};
    memcpy(bytes, words, 16);
}

static socklen_t to_sockaddr(struct dw_endpoint from, struct sockaddr_storage *to) {
    memset(to, 0, sizeof *to);
    if (from.family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)to;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(from.port);
        v4->sin_addr.s_addr = htonl((uint32_t)from.low);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(from.port);
    v6->sin6_scope_id = from.scope;
    address_bytes(from, v6->sin6_addr.s6_addr);
    return sizeof *v6;
}

int dw_bind_internet(int fd, struct dw_endpoint at) {
    struct sockaddr_storage address;
    socklen_t size = to_sockaddr(at, &address);
    return bind(fd, (struct sockaddr *)&address, size);
}

int dw_connect_internet(int fd, struct dw_endpoint to) {
    struct sockaddr_storage address;
    socklen_t size = to_sockaddr(to, &address);
    return connect(fd, (struct sockaddr *)&address, size);
}

int dw_endpoint_of(int fd, int remote, struct dw_endpoint *found) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int result = remote ? getpeername(fd, (struct sockaddr *)&address, &size)
                        : getsockname(fd, (struct sockaddr *)&address, &size);
    if (result < 0) return -1;
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
        *found = (struct dw_endpoint){
            .low = ntohl(v4->sin_addr.s_addr), .port = ntohs(v4->sin_port), .family = AF_INET};
        return 0;
    }
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
        uint64_t words[2];
        memcpy(words, v6->sin6_addr.s6_addr, 16);
        *found = (struct dw_endpoint){.high = be64toh(words[0]),
                                      .low = be64toh(words[1]),
                                      .scope = v6->sin6_scope_id,
                                      .port = ntohs(v6->sin6_port),
                                      .family = AF_INET6};
        return 0;
    }
    errno = EAFNOSUPPORT;
    return -1;
}

static int to_unix(int directory, const char *name, struct sockaddr_un *to) {
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(name) > 80) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(to->sun_path, sizeof to->sun_path, "/proc/self/fd/%d/%s", directory, name);
    return 0;
}

int dw_bind_unix(int fd, int directory, const char *name) {
    struct sockaddr_un address;
    if (to_unix(directory, name, &address) < 0) return -1;
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}

int dw_connect_unix(int fd, int directory, const char *name) {
    struct sockaddr_un address;
    if (to_unix(directory, name, &address) < 0) return -1;
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

int dw_peer_credentials(int fd, struct dw_credentials *found) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -1;
    *found = (struct dw_credentials){.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
    return 0;
}

union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int) * DW_MAX_PASSED)];
};

ssize_t dw_send_packet(int fd, const void *bytes, size_t size, const int *passed, int count) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control control;
    if (count < 0 || count > DW_MAX_PASSED) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(head), passed, sizeof(int) * (size_t)count);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t dw_receive_packet(int fd, void *bytes, size_t size, int *passed, int *count, int *cut) {
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    union control control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *count = 0;
    *cut = 0;
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0) return got;
    *cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        size_t found = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(passed + *count, CMSG_DATA(head), found * sizeof(int));
        *count += (int)found;
    }
    return got;
}

int dw_find_tcp(int netlink, struct dw_endpoint local, struct dw_endpoint remote, uint32_t *inode, uint32_t *uid) {
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 request;
    } question = {
        .head = {.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
        .request = {.sdiag_family = (uint8_t)local.family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0U}};
    struct inet_diag_sockid *id = &question.request.id;
    id->idiag_sport = htons(local.port);
    id->idiag_dport = htons(remote.port);
    id->idiag_if = local.scope;
    id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (local.family == AF_INET) {
        id->idiag_src[0] = htonl((uint32_t)local.low);
        id->idiag_dst[0] = htonl((uint32_t)remote.low);
    } else {
        address_bytes(local, (uint8_t *)id->idiag_src);
        address_bytes(remote, (uint8_t *)id->idiag_dst);
    }
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(netlink, &question, sizeof question, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) return -1;

    // The kernel has answered before sendto returns. Whoever else may write to this socket has another port number.
    union {
        struct nlmsghdr head;
        char room[1024];
    } answer;
    struct sockaddr_nl sender;
    socklen_t size = sizeof sender;
    ssize_t got = recvfrom(netlink, &answer, sizeof answer, MSG_DONTWAIT, (struct sockaddr *)&sender, &size);
    if (got < 0) return -1;
    if (size != sizeof sender || sender.nl_pid != 0 || !NLMSG_OK(&answer.head, (size_t)got)) {
        errno = EPROTO;
        return -1;
    }
    if (answer.head.nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = NLMSG_DATA(&answer.head);
        errno = answer.head.nlmsg_len >= NLMSG_LENGTH(sizeof *error) && error->error < 0 ? -error->error : EPROTO;
        return -1;
    }
    const struct inet_diag_msg *found = NLMSG_DATA(&answer.head);
    if (answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY || answer.head.nlmsg_len < NLMSG_LENGTH(sizeof *found)) {
        errno = EPROTO;
        return -1;
    }
    // A listening socket is the kernel's second choice where no connection matches: that is not who was asked for.
    if (found->id.idiag_dport != id->idiag_dport) {
        errno = ENOENT;
        return -1;
    }
    *inode = found->idiag_inode;
    *uid = found->idiag_uid;
    return 0;
}
