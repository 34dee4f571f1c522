// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_PROBE_H
#define SANDBOX_PROBE_H

#include <errno.h>

enum { REACHED, REFUSED, NOTHING };

struct probe {
    const char *name;
    int (*attempt)(char **arguments);
};

extern const struct probe network_probes[], process_probes[], kernel_probes[], file_probes[], use_probes[];
extern const struct probe host_programs[];

// The argument at this place; ends the program if it was not given.
const char *argument(char **arguments, int index);

#endif
