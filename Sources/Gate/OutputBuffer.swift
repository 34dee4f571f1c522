// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Bytes for a client that the kernel has not taken yet.
struct OutputBuffer {
    /// Append to the end; what has been sent may still stand at the front.
    var bytes: [UInt8] = []
    private var sent = 0

    /// Bytes that wait.
    var count: Int { bytes.count - sent }
    var isEmpty: Bool { sent == bytes.count }

    /// Hands over what waits; one system call.
    ///
    /// - Precondition: something waits.
    mutating func write(to socket: borrowing FileDescriptor) throws(SyscallError) -> Transfer {
        let moved = try socket.write(bytes.span.extracting(sent..<bytes.count))
        guard case .moved(let count) = moved else { return moved }
        sent += count
        if isEmpty {
            sent = 0
            if bytes.capacity > Bounds.keptOutput { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
        } else if sent > bytes.count / 2 {
            // A reader that is always a little behind must not make this grow without end.
            bytes.removeFirst(sent)
            sent = 0
        }
        return moved
    }

    mutating func removeAll() {
        bytes = []
        sent = 0
    }
}
