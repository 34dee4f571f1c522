// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Open descriptors that travel together: what a packet carries (SCM_RIGHTS), what a child inherits.
///
/// One owner; whatever is still inside when it goes out of scope is closed.
package struct PassedDescriptors: ~Copyable, Sendable {
    /// The most that one packet carries. The kernel would take 253; no frame of ours needs more than eight.
    package static let limit = Int(DW_MAX_PASSED)

    var numbers = InlineArray<16, Int32>(repeating: -1)
    package private(set) var count = 0

    package init() {}

    deinit {
        for index in 0..<count { _ = Glibc.close(numbers[index]) }
    }

    package var isEmpty: Bool { count == 0 }

    /// - Precondition: fewer than ``limit`` are inside.
    package mutating func append(_ descriptor: consuming FileDescriptor) {
        precondition(count < PassedDescriptors.limit, "too many descriptors to pass")
        numbers[count] = descriptor.release()
        count += 1
    }

    /// Takes the one that was put in first, or nil if none is left.
    package mutating func takeFirst() -> FileDescriptor? {
        if count == 0 { return nil }
        let first = numbers[0]
        count -= 1
        for index in 0..<count { numbers[index] = numbers[index + 1] }
        return FileDescriptor(owning: first)
    }

    /// Closes all.
    package mutating func removeAll() {
        while let descriptor = takeFirst() { _ = descriptor.number }
    }

    /// Adopts what a receive call has put behind the last one.
    mutating func adopt(_ found: Int) { count += found }
}
