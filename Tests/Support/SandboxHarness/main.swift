// SPDX-License-Identifier: Apache-2.0
import Glibc

exit(Harness.run(CommandLine.arguments))
