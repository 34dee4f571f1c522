// SPDX-License-Identifier: Apache-2.0
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

// Runs libFuzzer on this program's LLVMFuzzerTestOneInput. SwiftPM gives each executable a `main` of its own, so the
// one in libFuzzer is never linked.
int fuzz_run(int argc, char **argv);

#endif
