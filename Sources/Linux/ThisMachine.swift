// SPDX-License-Identifier: Apache-2.0

/// The machine as its own kernel names it.
package enum ThisMachine {
    /// The host name of this process's UTS namespace; empty where it cannot be read.
    package static func name() throws(SyscallError) -> SystemString {
        let text = try HostSetting.text("/proc/sys/kernel/hostname", limit: 256) ?? []
        return SystemString(Array(text.prefix { $0 != UInt8(ascii: "\n") })) ?? ""
    }
}
