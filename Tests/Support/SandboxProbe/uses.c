// SPDX-License-Identifier: Apache-2.0
// What must still work inside: a sandbox that breaks programs is switched off.
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void *nothing(void *argument) { return argument; }

static int use_thread(char **arguments) {
    pthread_t thread;
    (void)arguments;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0 ? REACHED : REFUSED;
}

static int use_program(char **arguments) {
    int status = system("/bin/true");
    (void)arguments;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? REACHED : REFUSED;
}

static int use_unix_socket(char **arguments) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/probe-socket", argument(arguments, 0));
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0) return REFUSED;
    int result = connect(client, (struct sockaddr *)&address, sizeof address);
    unlink(address.sun_path);
    return result == 0 ? REACHED : REFUSED;
}

static int use_loopback(char **arguments) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char byte;
    int here = socket(AF_INET, SOCK_DGRAM, 0), there = socket(AF_INET, SOCK_DGRAM, 0);
    (void)arguments;
    if (bind(here, (struct sockaddr *)&address, size) < 0) return REFUSED;
    getsockname(here, (struct sockaddr *)&address, &size);
    if (sendto(there, "x", 1, 0, (struct sockaddr *)&address, size) != 1) return REFUSED;
    return recv(here, &byte, 1, 0) == 1 ? REACHED : REFUSED;
}

static int listen_tcp(char **arguments) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)atoi(argument(arguments, 0)));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0 ? REACHED : REFUSED;
}

static int use_shared_memory(char **arguments) {
    (void)arguments;
    int fd = shm_open("/doorward-probe", O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0) return REFUSED;
    shm_unlink("/doorward-probe");
    return ftruncate(fd, 4096) == 0 ? REACHED : REFUSED;
}

static int use_sealed_memory_file(char **arguments) {
    (void)arguments;
    int fd = (int)syscall(SYS_memfd_create, "probe", 8);
    return fd >= 0 && write(fd, "x", 1) == 1 ? REACHED : REFUSED;
}

static int use_devices(char **arguments) {
    char byte;
    (void)arguments;
    int null = open("/dev/null", O_WRONLY), zero = open("/dev/zero", O_RDONLY), random = open("/dev/urandom", O_RDONLY);
    return write(null, "x", 1) == 1 && read(zero, &byte, 1) == 1 && read(random, &byte, 1) == 1 ? REACHED : REFUSED;
}

static int use_executable_memory(char **arguments) {
    (void)arguments;
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map != MAP_FAILED ? REACHED : REFUSED;
}

static int is_process_two(char **arguments) { return (void)arguments, getpid() == 2 ? REACHED : REFUSED; }
static int is_process_one(char **arguments) { return (void)arguments, getpid() == 1 ? REACHED : REFUSED; }

const struct probe use_probes[] = {
    {"use-thread", use_thread},
    {"use-program", use_program},
    {"use-unix-socket", use_unix_socket},
    {"use-loopback", use_loopback},
    {"listen-tcp", listen_tcp},
    {"use-shared-memory", use_shared_memory},
    {"use-sealed-memory-file", use_sealed_memory_file},
    {"use-devices", use_devices},
    {"use-executable-memory", use_executable_memory},
    {"is-process-one", is_process_one},
    {"is-process-two", is_process_two},
    {0},
};
