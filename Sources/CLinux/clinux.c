// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

int dw_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int dw_fcntl_int(int fd, int command, int argument) { return fcntl(fd, command, argument); }

const char *dw_strerror(int code, char *buffer, size_t size) { return strerror_r(code, buffer, size); }

int dw_epoll_control(int epoll, int operation, int fd, uint32_t bits, uint64_t token) {
    struct epoll_event event = {.events = bits, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}

int dw_epoll_wait(int epoll, struct dw_ready *ready, int count, int milliseconds) {
    struct epoll_event events[256];
    int found = epoll_wait(epoll, events, count < 256 ? count : 256, milliseconds);
    for (int i = 0; i < found; i++) ready[i] = (struct dw_ready){.token = events[i].data.u64, .bits = events[i].events};
    return found;
}
