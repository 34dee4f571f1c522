// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// A pipe, close-on-exec at both ends, blocking: for children that expect ordinary standard streams.
package struct Pipe: ~Copyable {
    package let reading: FileDescriptor
    package let writing: FileDescriptor

    package init() throws(SyscallError) {
        var first: Int32 = -1
        var second: Int32 = -1
        // Both results are ours for the length of the call.
        guard unsafe dw_pipe(&first, &second) == 0 else { throw .last("pipe2") }
        reading = FileDescriptor(owning: first)
        writing = FileDescriptor(owning: second)
    }

    /// Closes the writing end, so that the reading end can come to its end, and hands that over.
    package consuming func keepReading() -> FileDescriptor { reading }
}
