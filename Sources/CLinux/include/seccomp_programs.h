// SPDX-License-Identifier: Apache-2.0
//
// Filters of system calls, compiled from seccomp/*.json by seccomp/generate, and the call that loads one.
#ifndef DOORWARD_SECCOMP_PROGRAMS_H
#define DOORWARD_SECCOMP_PROGRAMS_H

#include <stddef.h>

#define DW_SECCOMP_COUNT 8

struct sock_filter;
struct dw_seccomp_program {
    const struct sock_filter *code;
    size_t count;
};
extern const struct dw_seccomp_program dw_seccomp_programs[DW_SECCOMP_COUNT];

// seccomp(2): loads one program for this thread, or for all threads of the process.
int dw_seccomp_load(int program, int all_threads);

#endif
