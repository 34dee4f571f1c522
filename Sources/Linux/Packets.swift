// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Packets with descriptors over a connected unix socket; one system call each, never blocking.
extension FileDescriptor {
    /// Sends `bytes` as one packet, with copies of `passed`. On `.wouldBlock` nothing was sent.
    ///
    /// - Throws: also EMSGSIZE, if the packet is longer than the socket can ever take.
    package borrowing func sendPacket(_ bytes: borrowing Span<UInt8>, passing passed: borrowing PassedDescriptors)
        throws(SyscallError) -> Transfer
    {
        let numbers = passed.numbers
        let count = Int32(passed.count)
        let socket = number
        let sent = unsafe bytes.withUnsafeBytes { packet in
            unsafe numbers.span.withUnsafeBufferPointer { array in
                // Both are borrowed for the length of the call; `count` never exceeds the array.
                unsafe dw_send_packet(socket, packet.baseAddress, packet.count, array.baseAddress, count)
            }
        }
        return try packetTransfer("sendmsg", sent)
    }

    /// Sends `bytes` as one packet without descriptors.
    package borrowing func sendPacket(_ bytes: borrowing Span<UInt8>) throws(SyscallError) -> Transfer {
        let socket = number
        let sent = unsafe bytes.withUnsafeBytes { packet in
            // Borrowed for the length of the call.
            unsafe dw_send_packet(socket, packet.baseAddress, packet.count, nil, 0)
        }
        return try packetTransfer("sendmsg", sent)
    }

    /// Receives one packet onto the end of `queue`, and its descriptors into `passed`, close-on-exec.
    ///
    /// A packet without bytes cannot be told from the end of the connection, so it counts as `.closed`.
    /// - Throws: also EMSGSIZE, if the packet was longer than `limit` or carried too many descriptors; then its
    ///   descriptors are closed and its bytes are gone.
    /// - Precondition: `passed` is empty.
    package borrowing func receivePacket(
        into queue: inout ByteQueue, limit: Int, passed: inout PassedDescriptors
    ) throws(SyscallError) -> Transfer {
        precondition(passed.isEmpty, "descriptors of an earlier packet were not taken")
        let socket = number
        var found: Int32 = 0
        var cut: Int32 = 0
        var numbers = passed.numbers
        let received = unsafe queue.fill(limit) { room in
            var span = numbers.mutableSpan
            return unsafe span.withUnsafeMutableBufferPointer { array in
                // The shim writes at most DW_MAX_PASSED numbers, which is the length of the array.
                unsafe dw_receive_packet(socket, room.baseAddress, room.count, array.baseAddress, &found, &cut)
            }
        }
        let failure = errno
        // Owned from here on, whatever is decided about the packet.
        passed.numbers = numbers
        passed.adopt(Int(found))
        if received <= 0 || cut != 0 { passed.removeAll() }
        if received > 0 && cut != 0 {
            queue.dropLast(received)
            throw SyscallError("recvmsg", "cut packet", code: EMSGSIZE)
        }
        // A peer that has gone without reading everything leaves an error, which is told once and before the packets that
        // it still sent: they may hold its last word.
        if received < 0, failure == ECONNRESET { return try receivePacket(into: &queue, limit: limit, passed: &passed) }
        errno = failure
        return try packetTransfer("recvmsg", received)
    }

    private borrowing func packetTransfer(_ call: StaticString, _ count: Int) throws(SyscallError) -> Transfer {
        if count > 0 { return .moved(count) }
        if count == 0 { return .closed }
        switch errno {
        case EAGAIN, EINTR: return .wouldBlock
        case EPIPE, ECONNRESET: return .closed
        default: throw .last(call)
        }
    }
}
