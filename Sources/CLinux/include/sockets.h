// SPDX-License-Identifier: Apache-2.0
//
// Sockets without their unions, casts and variable-length tails. The rule of admission stands in clinux.h.
#ifndef DOORWARD_SOCKETS_H
#define DOORWARD_SOCKETS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The most descriptors one packet carries (SCM_RIGHTS). Sixteen integers fill a control message without padding, so
// the kernel can never hand over one more than was asked for.
#define DW_MAX_PASSED 16

// An internet address and port, both in host byte order; an IPv4 address stands in `low`.
struct dw_endpoint {
    uint64_t high, low;
    uint32_t scope;
    uint16_t port;
    uint16_t family;
};

// socket(2), socketpair(2) with SOCK_CLOEXEC | SOCK_NONBLOCK.
int dw_socket(int family, int type, int protocol);
int dw_socket_pair(int type, int ends[2]);
int dw_set_option(int fd, int level, int option, int value);
// The value of an int option, or -1.
int dw_get_option(int fd, int level, int option);

int dw_bind_internet(int fd, struct dw_endpoint at);
int dw_connect_internet(int fd, struct dw_endpoint to);
// getsockname(2), or getpeername(2) if `remote`; fails with EAFNOSUPPORT on other families.
int dw_endpoint_of(int fd, int remote, struct dw_endpoint *found);

// bind(2), connect(2) to a name inside a directory, by way of /proc/self/fd, so that the length of the directory's
// own path does not matter. ENAMETOOLONG above 80 bytes.
int dw_bind_unix(int fd, int directory, const char *name);
int dw_connect_unix(int fd, int directory, const char *name);

struct dw_credentials {
    int32_t pid;
    uint32_t uid, gid;
};
int dw_peer_credentials(int fd, struct dw_credentials *found);

// One sendmsg(2), one recvmsg(2), never blocking. `passed` holds `count` descriptors, at most DW_MAX_PASSED; those
// received are close-on-exec. `cut` becomes non-zero if bytes or descriptors did not fit.
ssize_t dw_send_packet(int fd, const void *bytes, size_t size, const int *passed, int count);
ssize_t dw_receive_packet(int fd, void *bytes, size_t size, int *passed, int *count, int *cut);

// The TCP socket of this host whose own end is `local` and whose other end is `remote`: its inode and owner.
// `netlink` is a NETLINK_SOCK_DIAG socket; ENOENT if there is no such socket.
int dw_find_tcp(int netlink, struct dw_endpoint local, struct dw_endpoint remote, uint32_t *inode, uint32_t *uid);

// splice(2) between a socket and a pipe, never blocking at the pipe. `more`: further bytes follow at once.
ssize_t dw_splice(int from, int to, size_t count, int more);

// `sequence` tells the answers to this question from what an earlier one may have left behind.
// Asks a NETLINK_ROUTE socket for every address of this host, both families: how many were written to `found`, -1 with
// ENOBUFS if there are more than `limit`. Ports are 0, scopes the numbers of the interfaces.
int dw_local_addresses(int netlink, uint32_t sequence, struct dw_endpoint *found, int limit);
// The type of the route (RTN_…, 2 is this host's own) that a packet to `to` would take; -1 with the kernel's reason.
int dw_route_type(int netlink, uint32_t sequence, struct dw_endpoint to);
// Subscribes a NETLINK_ROUTE socket to changes of addresses of both families.
int dw_watch_addresses(int netlink);

#endif
