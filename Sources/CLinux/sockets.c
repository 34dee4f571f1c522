// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "sockets.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
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

ssize_t dw_splice(int from, int to, size_t count, int more) {
    return splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0));
}

static int from_kernel(const struct sockaddr_nl *sender, socklen_t size) {
    return size == sizeof *sender && sender->nl_pid == 0;
}

// The address that an attribute holds, if its length fits the family.
static int from_attribute(const struct rtattr *attribute, uint8_t family, struct dw_endpoint *found) {
    if (family == AF_INET && RTA_PAYLOAD(attribute) == 4) {
        uint32_t number;
        memcpy(&number, RTA_DATA(attribute), 4);
        *found = (struct dw_endpoint){.low = ntohl(number), .family = AF_INET};
        return 1;
    }
    if (family == AF_INET6 && RTA_PAYLOAD(attribute) == 16) {
        uint64_t words[2];
        memcpy(words, RTA_DATA(attribute), 16);
        *found = (struct dw_endpoint){.high = be64toh(words[0]), .low = be64toh(words[1]), .family = AF_INET6};
        return 1;
    }
    return 0;
}

int dw_local_addresses(int netlink, uint32_t sequence, struct dw_endpoint *found, int limit) {
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg body;
    } question = {.head = {.nlmsg_len = sizeof question,
                           .nlmsg_type = RTM_GETADDR,
                           .nlmsg_seq = sequence,
                           .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                  .body = {.ifa_family = AF_UNSPEC}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(netlink, &question, sizeof question, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) return -1;
    int count = 0;
    for (;;) {
        union {
            struct nlmsghdr head;
            char room[16384];
        } answer;
        struct sockaddr_nl sender;
        socklen_t size = sizeof sender;
        ssize_t got = recvfrom(netlink, &answer, sizeof answer, MSG_DONTWAIT, (struct sockaddr *)&sender, &size);
        if (got < 0) return -1;
        if (!from_kernel(&sender, size)) continue;
        size_t left = (size_t)got;
        for (struct nlmsghdr *head = &answer.head; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
            if (head->nlmsg_seq != sequence) continue;
            if (head->nlmsg_type == NLMSG_DONE) return count;
            if (head->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *error = NLMSG_DATA(head);
                errno = head->nlmsg_len >= NLMSG_LENGTH(sizeof *error) && error->error < 0 ? -error->error : EPROTO;
                return -1;
            }
            if (head->nlmsg_type != RTM_NEWADDR || head->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg))) continue;
            const struct ifaddrmsg *body = NLMSG_DATA(head);
            size_t rest = IFA_PAYLOAD(head);
            for (struct rtattr *attribute = IFA_RTA(body); RTA_OK(attribute, rest);
                 attribute = RTA_NEXT(attribute, rest)) {
                // On a point-to-point link IFA_ADDRESS is the other end, and IFA_LOCAL our own.
                if (attribute->rta_type != IFA_LOCAL && attribute->rta_type != IFA_ADDRESS &&
                    attribute->rta_type != IFA_ANYCAST)
                    continue;
                if (count == limit) {
                    errno = ENOBUFS;
                    return -1;
                }
                if (from_attribute(attribute, body->ifa_family, found + count)) found[count++].scope = body->ifa_index;
            }
        }
    }
}

int dw_route_type(int netlink, uint32_t sequence, struct dw_endpoint to) {
    struct {
        struct nlmsghdr head;
        struct rtmsg body;
        struct rtattr attribute;
        uint8_t address[16];
    } question = {.head = {.nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = sequence},
                  .body = {.rtm_family = (uint8_t)to.family},
                  .attribute = {.rta_type = RTA_DST}};
    size_t length = to.family == AF_INET ? 4 : 16;
    question.body.rtm_dst_len = (uint8_t)(8 * length);
    question.attribute.rta_len = (unsigned short)RTA_LENGTH(length);
    question.head.nlmsg_len = (uint32_t)(sizeof question - 16 + length);
    if (to.family == AF_INET) {
        uint32_t number = htonl((uint32_t)to.low);
        memcpy(question.address, &number, 4);
    } else {
        address_bytes(to, question.address);
    }
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(netlink, &question, question.head.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
        return -1;
    union {
        struct nlmsghdr head;
        char room[4096];
    } answer;
    struct sockaddr_nl sender;
    socklen_t size = sizeof sender;
    do {
        size = sizeof sender;
        ssize_t got = recvfrom(netlink, &answer, sizeof answer, MSG_DONTWAIT, (struct sockaddr *)&sender, &size);
        if (got < 0) return -1;
        if (!NLMSG_OK(&answer.head, (size_t)got)) {
            errno = EPROTO;
            return -1;
        }
    } while (!from_kernel(&sender, size) || answer.head.nlmsg_seq != sequence);
    if (answer.head.nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = NLMSG_DATA(&answer.head);
        errno = answer.head.nlmsg_len >= NLMSG_LENGTH(sizeof *error) && error->error < 0 ? -error->error : EPROTO;
        return -1;
    }
    const struct rtmsg *found = NLMSG_DATA(&answer.head);
    if (answer.head.nlmsg_type != RTM_NEWROUTE || answer.head.nlmsg_len < NLMSG_LENGTH(sizeof *found)) {
        errno = EPROTO;
        return -1;
    }
    return found->rtm_type;
}

int dw_watch_addresses(int netlink) {
    struct sockaddr_nl groups = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    return bind(netlink, (struct sockaddr *)&groups, sizeof groups);
}
