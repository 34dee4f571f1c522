// SPDX-License-Identifier: Apache-2.0
//
// One attempt to get out, by name: `sandbox-probe NAME [ARGUMENT…]`.
// Exit 0: it reached its aim. Exit 1: it was refused, and the errno's name is printed. Exit 77: this machine has
// nothing to attempt it on. Each is proven outside a sandbox first, where it must reach.
#define _GNU_SOURCE
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

const char *argument(char **arguments, int index) {
    if (!arguments[index]) {
        fprintf(stderr, "probe: argument %d is missing\n", index + 1);
        exit(2);
    }
    return arguments[index];
}

static int run(const struct probe *table, const char *name, char **arguments) {
    for (; table->name; table++) {
        if (strcmp(table->name, name) != 0) continue;
        errno = 0;
        int result = table->attempt(arguments);
        if (result == REACHED) return 0;
        if (result == NOTHING) return 77;
        printf("%s\n", errno ? strerrorname_np(errno) : "refused");
        return 1;
    }
    return -1;
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (count < 2) return 2;
    const struct probe *tables[] = {network_probes, process_probes, kernel_probes, file_probes, use_probes, host_programs};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        int code = run(tables[i], arguments[1], arguments + 2);
        if (code >= 0) return code;
    }
    fprintf(stderr, "probe: no probe %s\n", arguments[1]);
    return 2;
}
