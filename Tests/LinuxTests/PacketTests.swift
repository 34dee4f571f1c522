// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Testing

@Suite("A packet arrives whole, with its descriptors, or not at all")
struct PacketTests {
    @Test("bytes and descriptors arrive in order, close-on-exec")
    func roundTrip() throws {
        let pair = try UnixSocket.pair(.packet)
        let pipe = try Pipe()
        var passed = PassedDescriptors()
        passed.append(try pipe.reading.duplicate())
        passed.append(try pipe.writing.duplicate())
        let packet = Array("door".utf8)
        #expect(try send(pair.near, packet, passed) == .moved(4))

        var queue = ByteQueue()
        var received = PassedDescriptors()
        #expect(try pair.far.receivePacket(into: &queue, limit: 64, passed: &received) == .moved(4))
        #expect(Array(queue.storage[queue.range]) == packet)
        #expect(received.count == 2)
        let reading = try owned(received.takeFirst()).release()
        let writing = try owned(received.takeFirst()).release()
        #expect(fcntl(reading, F_GETFD) == FD_CLOEXEC && fcntl(writing, F_GETFD) == FD_CLOEXEC)
        #expect(write(writing, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(read(reading, &byte, 1) == 1)
        close(reading)
        close(writing)
    }

    @Test("borders between packets are kept", arguments: [1, 2, 17])
    func borders(count: Int) throws {
        let pair = try UnixSocket.pair(.packet)
        for size in 1...count {
            let packet = [UInt8](repeating: UInt8(size), count: size)
            #expect(try send(pair.near, packet) == .moved(size))
        }
        var queue = ByteQueue()
        var received = PassedDescriptors()
        for size in 1...count {
            #expect(try pair.far.receivePacket(into: &queue, limit: 64, passed: &received) == .moved(size))
        }
        #expect(queue.count == count * (count + 1) / 2)
        #expect(try pair.far.receivePacket(into: &queue, limit: 64, passed: &received) == .wouldBlock)
    }

    @Test("a packet one byte over the limit is an error, and its descriptors are closed")
    func cutBytes() throws {
        let pair = try UnixSocket.pair(.packet)
        let pipe = try Pipe()
        var queue = ByteQueue()
        var received = PassedDescriptors()
        for size in [8, 9] {
            var passed = PassedDescriptors()
            passed.append(try pipe.writing.duplicate())
            #expect(try send(pair.near, [UInt8](repeating: 1, count: size), passed) == .moved(size))
        }
        #expect(try pair.far.receivePacket(into: &queue, limit: 8, passed: &received) == .moved(8))
        received.removeAll()
        #expect(throws: SyscallError("recvmsg", code: EMSGSIZE)) {
            try pair.far.receivePacket(into: &queue, limit: 8, passed: &received)
        }
        #expect(received.count == 0)
        #expect(queue.count == 8, "the cut packet leaves no bytes behind")
        try expectNoWriterLeft(pipe)
    }

    @Test("sixteen descriptors fit, and seventeen from another sender are refused and closed")
    func cutDescriptors() throws {
        let pair = try UnixSocket.pair(.packet)
        let pipe = try Pipe()
        var passed = PassedDescriptors()
        for _ in 0..<PassedDescriptors.limit { passed.append(try pipe.writing.duplicate()) }
        #expect(try send(pair.near, [1], passed) == .moved(1))
        passed.removeAll()
        var queue = ByteQueue()
        var received = PassedDescriptors()
        #expect(try pair.far.receivePacket(into: &queue, limit: 8, passed: &received) == .moved(1))
        #expect(received.count == 16)
        received.removeAll()

        #expect(sendMany(pair.near.number, pipe.writing.number, count: 17) == 1)
        #expect(throws: SyscallError("recvmsg", code: EMSGSIZE)) {
            try pair.far.receivePacket(into: &queue, limit: 8, passed: &received)
        }
        #expect(received.count == 0)
        try expectNoWriterLeft(pipe)
    }

    /// The reading end comes to its end only when every copy of the writing end is closed.
    private func expectNoWriterLeft(_ pipe: consuming Pipe) throws {
        let reading = pipe.keepReading()
        #expect(try reading.waitUntilReadable(milliseconds: 2000))
        var rest = ByteQueue()
        #expect(try reading.read(into: &rest, limit: 8) == .closed)
    }

    @Test("an empty packet and a closed connection look alike, and both end it")
    func end() throws {
        let pair = try UnixSocket.pair(.packet)
        var queue = ByteQueue()
        var received = PassedDescriptors()
        #expect(try send(pair.near, []) == .closed)
        #expect(try pair.far.receivePacket(into: &queue, limit: 8, passed: &received) == .closed)
        let far = try pair.far.duplicate()
        try #require(shutdown(pair.near.number, Int32(SHUT_RDWR)) == 0)
        #expect(try far.receivePacket(into: &queue, limit: 8, passed: &received) == .closed)
        #expect(try send(far, [1]) == .closed)
    }

    @Test("the last word of a peer is heard, though it went without reading ours")
    func lastWord() throws {
        var queue = ByteQueue()
        var received = PassedDescriptors()
        let pair = try UnixSocket.pair(.packet)
        #expect(try send(pair.far, [1]) == .moved(1))
        #expect(try send(pair.near, [7]) == .moved(1))
        let far = try leave(pair)
        #expect(try far.receivePacket(into: &queue, limit: 8, passed: &received) == .moved(1))
        #expect(queue.storage[queue.range.lowerBound] == 7)
        #expect(try far.receivePacket(into: &queue, limit: 8, passed: &received) == .closed)
    }

    /// Closes the near end, with what lies unread in it.
    private func leave(_ pair: consuming UnixSocket.Pair) throws -> FileDescriptor { try pair.far.duplicate() }

    @Test("a full socket says so, and the packet was not sent")
    func full() throws {
        let pair = try UnixSocket.pair(.packet)
        let packet = [UInt8](repeating: 7, count: 4096)
        var sent = 0
        while case .moved = try send(pair.near, packet) { sent += 1 }
        var queue = ByteQueue()
        var received = PassedDescriptors()
        for _ in 0..<sent {
            #expect(try pair.far.receivePacket(into: &queue, limit: 4096, passed: &received) == .moved(4096))
        }
        #expect(try pair.far.receivePacket(into: &queue, limit: 4096, passed: &received) == .wouldBlock)
    }

    private func send(
        _ socket: borrowing FileDescriptor, _ bytes: [UInt8],
        _ passed: borrowing PassedDescriptors = PassedDescriptors()
    ) throws -> Transfer {
        try socket.sendPacket(bytes.span, passing: passed)
    }

    /// What a sender that does not use ``PassedDescriptors`` may do.
    private func sendMany(_ socket: Int32, _ descriptor: Int32, count: Int) -> Int {
        let space = 16 + (count * 4 + 7) / 8 * 8
        var control = [UInt64](repeating: 0, count: space / 8)
        control.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt64(16 + count * 4), toByteOffset: 0, as: UInt64.self)
            bytes.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            bytes.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)
            for index in 0..<count { bytes.storeBytes(of: descriptor, toByteOffset: 16 + index * 4, as: Int32.self) }
        }
        var byte: UInt8 = 1
        return control.withUnsafeMutableBytes { control in
            withUnsafeMutablePointer(to: &byte) { byte in
                var part = iovec(iov_base: byte, iov_len: 1)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = space
                    return sendmsg(socket, &message, 0)
                }
            }
        }
    }
}
