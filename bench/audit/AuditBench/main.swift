// SPDX-License-Identifier: Apache-2.0
try AuditBench.run(CommandLine.arguments)
