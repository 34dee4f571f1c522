// SPDX-License-Identifier: Apache-2.0
internal import Audit

/// Numbers of things as people read them.
enum Counts {
    /// `1 server`, `2 servers`.
    static func text(_ count: some BinaryInteger, _ name: String) -> String {
        "\(count) \(name)\(count == 1 ? "" : "s")"
    }
}

/// Times as people read them.
enum Moments {
    /// `2026-11-21 15:29:31Z`, from seconds since 1970.
    static func text(_ seconds: UInt64) -> String {
        let full = Timestamp.text(seconds.multipliedReportingOverflow(by: 1_000_000).partialValue)
        return String(decoding: full[..<10], as: UTF8.self) + " " + String(decoding: full[11..<19], as: UTF8.self) + "Z"
    }

    /// `3 days`, `2 hours`: how far two moments are apart, in the largest unit that fits.
    static func span(_ seconds: UInt64) -> String {
        for (size, name) in [(86_400 as UInt64, "day"), (3600, "hour"), (60, "minute")] where seconds >= size {
            return Counts.text(seconds / size, name)
        }
        return Counts.text(seconds, "second")
    }
}

enum Sizes {
    /// `6.8 MB`, in powers of ten, as file managers count.
    static func text(_ bytes: UInt64) -> String {
        for (size, name) in [(1_000_000_000 as UInt64, "GB"), (1_000_000, "MB"), (1000, "kB")] where bytes >= size {
            let tenths = bytes / (size / 10)
            return tenths >= 1000 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
        }
        return "\(bytes) bytes"
    }
}
