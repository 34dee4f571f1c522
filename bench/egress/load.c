// SPDX-License-Identifier: Apache-2.0
//
// What a proxy is measured with: a server with a 17-byte answer, a plain relay, and a client that counts.
//
//   load serve ADDRESS PORT                  one process, epoll; GET -> 17 bytes, kept; /stream?N -> N bytes
//   load relay PORT ADDRESS PORT             one thread a direction, 64 KiB reads and writes
//   load connect PROXY TARGET CLIENTS SECONDS    CONNECT, one GET, close; PROXY `-`: straight to the target
//   load kept PROXY TARGET CLIENTS SECONDS       one CONNECT, then GET after GET
//   load plain PROXY TARGET CLIENTS SECONDS      GET http://…, one for each connection
//   load stream PROXY TARGET MEGABYTES           one tunnel, as fast as it goes
//   load idle PORTS TARGET COUNT                 tunnels that say nothing, over several proxies; waits for a line
//
// PROXY and TARGET are ADDRESS:PORT. Clients are threads, each in a closed loop. Prints one line of JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n0123456789abcdef\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct sockaddr_in place(const char *text) {
    char copy[64];
    snprintf(copy, sizeof copy, "%s", text);
    char *colon = strrchr(copy, ':');
    if (!colon) fail("address");
    *colon = 0;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    if (inet_pton(AF_INET, copy, &to.sin_addr) != 1) fail("address");
    return to;
}

static void at_once(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int open_to(const struct sockaddr_in *to) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) < 0) {
        close(fd);
        return -1;
    }
    at_once(fd);
    // Whoever says nothing for ten seconds has failed.
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static int listen_on(const char *address, int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, address, &at.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4096) < 0) fail("listen");
    return fd;
}

static void write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count <= 0) return;
        bytes += count;
        size -= (size_t)count;
    }
}

static void *stream(void *argument) {
    int fd = (int)((intptr_t)argument & 0xFFFFF);
    size_t left = (size_t)((intptr_t)argument >> 20) << 20;
    static char zeros[1 << 20];
    char head[128];
    write_all(fd, head, (size_t)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", left));
    for (; left > 0; left -= sizeof zeros) write_all(fd, zeros, sizeof zeros);
    close(fd);
    return NULL;
}

static void serve(const char *address, int port) {
    int listener = listen_on(address, port), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event ready[256];
        int count = epoll_wait(epoll, ready, 256, -1);
        for (int index = 0; index < count; index++) {
            int fd = ready[index].data.fd;
            if (fd == listener) {
                int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                if (client < 0) continue;
                at_once(client);
                event.data.fd = client;
                epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event);
                continue;
            }
            // Some proxies send a head line by line.
            static struct {
                char bytes[2048];
                size_t count;
            } *held[65536];
            if (!held[fd]) held[fd] = calloc(1, sizeof *held[fd]);
            char *request = held[fd]->bytes;
            ssize_t got = read(fd, request + held[fd]->count, sizeof held[fd]->bytes - 1 - held[fd]->count);
            if (got <= 0) {
                held[fd]->count = 0;
                close(fd);
                continue;
            }
            held[fd]->count += (size_t)got;
            request[held[fd]->count] = 0;
            if (!strstr(request, "\r\n\r\n")) continue;
            held[fd]->count = 0;
            char *wanted = strstr(request, "/stream?");
            if (wanted) {
                // Its own thread: it blocks.
                epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
                pthread_t thread;
                intptr_t argument = (intptr_t)fd | (intptr_t)atol(wanted + 8) << 20;
                pthread_create(&thread, NULL, stream, (void *)argument);
                pthread_detach(thread);
            } else {
                write_all(fd, answer, sizeof answer - 1);
                // Proxies ask for the end of the connection, and some wait for it.
                if (strcasestr(request, "\r\nConnection: close")) shutdown(fd, SHUT_WR);
            }
        }
    }
}

struct direction {
    int from, to;
};

static void *carry(void *argument) {
    struct direction way = *(struct direction *)argument;
    char bytes[65536];
    ssize_t count;
    while ((count = read(way.from, bytes, sizeof bytes)) > 0) write_all(way.to, bytes, (size_t)count);
    shutdown(way.to, SHUT_WR);
    return NULL;
}

static void relay(int port, const char *target) {
    struct sockaddr_in to = place(target);
    int listener = listen_on("127.0.0.1", port);
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        int server = open_to(&to);
        if (client < 0 || server < 0) continue;
        at_once(client);
        struct direction *ways = malloc(2 * sizeof *ways);
        ways[0] = (struct direction){client, server};
        ways[1] = (struct direction){server, client};
        for (int index = 0; index < 2; index++) {
            pthread_t thread;
            pthread_create(&thread, NULL, carry, &ways[index]);
            pthread_detach(thread);
        }
    }
}

enum mode { CONNECT, KEPT, PLAIN };
static enum mode mode;
static struct sockaddr_in proxy, target;
static const char *target_text;
static int is_direct;
static double until;

struct client {
    pthread_t thread;
    long done, failed;
    float *times;
    long room;
};

static ssize_t read_until(int fd, char *bytes, size_t room, const char *end) {
    size_t have = 0;
    while (have + 1 < room) {
        ssize_t got = read(fd, bytes + have, room - have - 1);
        if (got <= 0) return -1;
        have += (size_t)got;
        bytes[have] = 0;
        if (strstr(bytes, end)) return (ssize_t)have;
    }
    return -1;
}

static int tunnel(void) {
    int fd = open_to(is_direct ? &target : &proxy);
    if (fd < 0 || is_direct) return fd;
    char text[512];
    int size = snprintf(text, sizeof text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target_text, target_text);
    write_all(fd, text, (size_t)size);
    if (read_until(fd, text, sizeof text, "\r\n\r\n") < 0 || strncmp(text + 9, "200", 3) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int get(int fd, int absolute) {
    char text[1024];
    int size = absolute ? snprintf(text, sizeof text, "GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n", target_text, target_text)
                        : snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", target_text);
    write_all(fd, text, (size_t)size);
    return read_until(fd, text, sizeof text, "0123456789abcdef\n") > 0 ? 0 : -1;
}

static void *work(void *argument) {
    struct client *client = argument;
    int fd = -1;
    while (now() < until) {
        double start = now();
        int failed = 0;
        if (fd < 0) fd = mode == PLAIN ? open_to(is_direct ? &target : &proxy) : tunnel();
        if (fd < 0 || get(fd, mode == PLAIN && !is_direct) < 0) failed = 1;
        if (fd >= 0 && (failed || mode != KEPT)) {
            close(fd);
            fd = -1;
        }
        if (failed) {
            client->failed++;
            continue;
        }
        if (client->done < client->room) client->times[client->done] = (float)(now() - start);
        client->done++;
    }
    if (fd >= 0) close(fd);
    return NULL;
}

static int by_size(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static int measure(int clients, double seconds) {
    struct client *all = calloc((size_t)clients, sizeof *all);
    double start = now();
    until = start + seconds;
    for (int index = 0; index < clients; index++) {
        all[index].room = 2000000 / clients;
        all[index].times = malloc(sizeof(float) * (size_t)all[index].room);
        pthread_create(&all[index].thread, NULL, work, &all[index]);
    }
    long done = 0, failed = 0, kept = 0;
    float *times = malloc(sizeof(float) * 2000000);
    for (int index = 0; index < clients; index++) {
        pthread_join(all[index].thread, NULL);
        done += all[index].done;
        failed += all[index].failed;
        long count = all[index].done < all[index].room ? all[index].done : all[index].room;
        memcpy(times + kept, all[index].times, sizeof(float) * (size_t)count);
        kept += count;
    }
    double took = now() - start;
    qsort(times, (size_t)kept, sizeof(float), by_size);
    double p50 = kept ? times[kept / 2] * 1e6 : 0, p99 = kept ? times[kept * 99 / 100] * 1e6 : 0;
    printf("{\"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"done\": %ld, \"failed\": %ld}\n",
           (double)done / took, p50, p99, done, failed);
    return 0;
}

static int measure_stream(long megabytes) {
    int fd = tunnel();
    if (fd < 0) fail("tunnel");
    char request[256];
    int size = snprintf(request, sizeof request, "GET /stream?%ld HTTP/1.1\r\nHost: %s\r\n\r\n", megabytes, target_text);
    double start = now();
    write_all(fd, request, (size_t)size);
    static char bytes[1 << 18];
    long long total = 0;
    ssize_t got;
    while ((got = read(fd, bytes, sizeof bytes)) > 0) total += got;
    double took = now() - start;
    printf("{\"megabytes_per_second\": %.1f, \"failed\": %d}\n", (double)total / took / 1e6,
           total < megabytes << 20);
    return 0;
}

static int idle(const char *ports, long count) {
    struct rlimit limit = {.rlim_cur = 65536, .rlim_max = 65536};
    setrlimit(RLIMIT_NOFILE, &limit);
    int list[64], many = 0;
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", ports);
    for (char *word = strtok(copy, ","); word && many < 64; word = strtok(NULL, ",")) list[many++] = atoi(word);
    long open = 0;
    proxy = (struct sockaddr_in){.sin_family = AF_INET};
    inet_pton(AF_INET, "127.0.0.1", &proxy.sin_addr);
    int *fds = malloc(sizeof(int) * (size_t)count);
    double start = now();
    for (long index = 0; index < count; index++) {
        proxy.sin_port = htons((uint16_t)list[index % many]);
        int fd = tunnel();
        if (fd >= 0) fds[open++] = fd;
    }
    printf("{\"open\": %ld, \"seconds\": %.2f}\n", open, now() - start);
    fflush(stdout);
    getchar();
    // Each still works.
    long alive = 0;
    for (long index = 0; index < open; index++) alive += get(fds[index], 0) == 0;
    printf("{\"alive\": %ld}\n", alive);
    return 0;
}

int main(int count, char **words) {
    signal(SIGPIPE, SIG_IGN);
    const char *what = count > 1 ? words[1] : "";
    if (!strcmp(what, "serve") && count == 4) {
        struct rlimit limit = {.rlim_cur = 65536, .rlim_max = 65536};
        setrlimit(RLIMIT_NOFILE, &limit);
        serve(words[2], atoi(words[3]));
    }
    if (!strcmp(what, "relay") && count == 4) relay(atoi(words[2]), words[3]);
    if (count == 5 && !strcmp(what, "idle")) {
        target_text = words[3];
        target = place(target_text);
        return idle(words[2], atol(words[4]));
    }
    if (count < 5) {
        fprintf(stderr, "usage: see the head of load.c\n");
        return 2;
    }
    is_direct = !strcmp(words[2], "-");
    if (!is_direct) proxy = place(words[2]);
    target_text = words[3];
    target = place(target_text);
    if (!strcmp(what, "stream")) return measure_stream(atol(words[4]));
    if (!strcmp(what, "connect")) mode = CONNECT;
    else if (!strcmp(what, "kept")) mode = KEPT;
    else if (!strcmp(what, "plain")) mode = PLAIN;
    else return 2;
    return measure(atoi(words[4]), count > 5 ? atof(words[5]) : 3);
}
