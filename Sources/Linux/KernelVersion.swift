// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The release of the running kernel. For the few things that must not be found out by trying.
package struct KernelVersion: Comparable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// From text such as `6.1.0-13-amd64`; nil without two numbers at its start.
    package init?(parsing text: [UInt8]) {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 2)
        guard parts.count >= 2, let major = KernelVersion.leading(parts[0]), let minor = KernelVersion.leading(parts[1])
        else { return nil }
        self.init(major, minor)
    }

    /// 0.0 if the kernel's own text cannot be read: then nothing counts as new enough.
    package static let current: KernelVersion = {
        do {
            let text = try ProcFile.read(AT_FDCWD, "/proc/sys/kernel/osrelease", limit: 256)
            return KernelVersion(parsing: text) ?? KernelVersion(0, 0)
        } catch {
            return KernelVersion(0, 0)
        }
    }()

    package static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    package var description: String { "\(major).\(minor)" }

    private static func leading(_ text: ArraySlice<UInt8>) -> Int? {
        let digits = text.prefix { $0 >= 0x30 && $0 <= 0x39 }
        if digits.isEmpty || digits.count > 6 { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
