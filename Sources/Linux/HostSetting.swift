// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Small facts about the host that stand in files.
package enum HostSetting {
    /// A number below /proc/sys, nil if this kernel has no such setting or what stands there is none.
    package static func number(_ name: SystemString) throws(SyscallError) -> UInt64? {
        guard let bytes = try text("/proc/sys/" + name, limit: 64) else { return nil }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        return UInt64(String(decoding: line, as: UTF8.self))
    }

    /// The first `limit` bytes of a file, nil if there is none or it may not be read.
    package static func text(_ path: SystemString, limit: Int) throws(SyscallError) -> [UInt8]? {
        do {
            return try ProcFile.read(AT_FDCWD, path, limit: limit)
        } catch  where error.code == ENOENT || error.code == ENOTDIR || error.isForbidden || error.code == EISDIR {
            return nil
        }
    }

    /// Whether a container engine has left its mark here. Says something about words, never about rights.
    package static func isContainer() throws(SyscallError) -> Bool {
        for mark in ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"] as [SystemString]
        where try Tree.kind(mark) != nil { return true }
        return false
    }
}
