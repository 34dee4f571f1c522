// SPDX-License-Identifier: Apache-2.0
try BrokerBench.run(CommandLine.arguments)
