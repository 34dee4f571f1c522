// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// A system call that failed: which call, on what, and why.
///
/// Two errors are equal when call and code are; the subject is for people.
package struct SyscallError: Error, Equatable, Sendable, CustomStringConvertible {
    package let call: StaticString
    package let subject: String
    /// The `errno` of the failure.
    package let code: Int32

    package init(_ call: StaticString, _ subject: String = "", code: Int32) {
        self.call = call
        self.subject = subject
        self.code = code
    }

    /// The error of the call that has just returned -1 on this thread.
    package static func last(_ call: StaticString, _ subject: String = "") -> SyscallError {
        SyscallError(call, subject, code: errno)
    }

    /// The system's own words for the code, such as "Permission denied".
    package var reason: String {
        var text = [CChar](repeating: 0, count: 128)
        return unsafe text.withUnsafeMutableBufferPointer { buffer in
            // Terminated, in our buffer or in the library's static table.
            unsafe String(cString: dw_strerror(code, buffer.baseAddress, buffer.count))
        }
    }

    package var description: String { subject.isEmpty ? "\(call): \(reason)" : "\(call)(\(subject)): \(reason)" }

    package static func == (left: SyscallError, right: SyscallError) -> Bool {
        left.code == right.code && left.call.description == right.call.description
    }
}
