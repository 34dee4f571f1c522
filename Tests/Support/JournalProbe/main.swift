// SPDX-License-Identifier: Apache-2.0
try JournalProbe.run(CommandLine.arguments)
