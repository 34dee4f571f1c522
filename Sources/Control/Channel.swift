// SPDX-License-Identifier: Apache-2.0
package import Linux

/// What can end a door.
package enum ChannelError: Error, Equatable, Sendable {
    /// The other side broke the protocol.
    case frame(FrameError)
    /// The kernel did.
    case system(SyscallError)
}

/// One frame as it arrived.
package struct IncomingFrame: Sendable {
    package let kind: UInt8
    package var fields: FrameReader
}

/// One end of a door: frames out in as few packets as order allows, packets in, cut into frames.
///
/// Never blocks. What the socket does not take waits here, bounded by ``isCongested``: an owner that keeps composing
/// while congested is the owner's bug.
package final class Channel {
    /// Above this many waiting bytes the owner must stop causing more.
    package static let congestion = 4 << 20

    package let socket: FileDescriptor
    /// Bytes a frame of this kind may have, all parts together; nil for a kind that this end does not accept.
    private let maxBytes: @Sendable (UInt8) -> Int?

    private var batch = FrameWriter()
    private var waiting: [OutgoingPacket] = []
    private var waitingBytes = 0

    private var inbox = ByteQueue()
    /// Descriptors of the packet that is being read; those that nobody takes are closed with the next packet.
    private var passed = PassedDescriptors()
    private var assembly: (kind: UInt8, bytes: [UInt8])?

    /// - Parameter socket: a connected, non-blocking SOCK_SEQPACKET socket.
    package init(_ socket: consuming FileDescriptor, maxBytes: @escaping @Sendable (UInt8) -> Int?) {
        self.socket = socket
        self.maxBytes = maxBytes
    }

    // MARK: Out

    /// Appends one frame to what the next ``flush()`` sends.
    package func send(_ compose: (inout FrameWriter) -> Void) { compose(&batch) }

    /// Appends one frame that carries descriptors. It keeps its place among the frames before and after it.
    package func send(passing descriptors: consuming PassedDescriptors, _ compose: (inout FrameWriter) -> Void) {
        closeBatch()
        var writer = FrameWriter()
        compose(&writer)
        precondition(writer.bytes.count <= FrameForm.maxPacketBytes, "a frame with descriptors must fit one packet")
        append(OutgoingPacket(writer.bytes, passing: descriptors))
    }

    package var isCongested: Bool { waitingCount > Self.congestion }

    /// Bytes that the other side has not taken yet.
    package var waitingCount: Int { waitingBytes + batch.bytes.count }

    /// Hands everything to the kernel. `.wouldBlock`: wait until the socket is writable and flush again.
    package func flush() throws(ChannelError) -> Transfer {
        if waiting.isEmpty {
            if batch.bytes.isEmpty { return .moved(0) }
            if batch.bytes.count <= FrameForm.maxPacketBytes {
                // The common case: one packet, no copy.
                let moved = try sendBatch()
                guard case .moved = moved else {
                    if moved == .wouldBlock { closeBatch() }
                    return moved
                }
                batch.removeAll()
                return moved
            }
        }
        closeBatch()
        var sent = 0
        while sent < waiting.count {
            let packet = waiting[sent]
            let moved = try send(packet)
            guard case .moved = moved else {
                waiting.removeFirst(sent)
                return moved
            }
            waitingBytes -= packet.bytes.count
            sent += 1
        }
        waiting.removeAll(keepingCapacity: true)
        return .moved(1)
    }

    /// A function of its own, so that nothing else refers to the batch when it is emptied and its memory is kept.
    private func sendBatch() throws(ChannelError) -> Transfer {
        let bytes = batch.bytes
        do { return try socket.sendPacket(bytes.span) } catch { throw .system(error) }
    }

    private func send(_ packet: OutgoingPacket) throws(ChannelError) -> Transfer {
        do { return try packet.send(on: socket) } catch { throw .system(error) }
    }

    private func append(_ packet: OutgoingPacket) {
        waitingBytes += packet.bytes.count
        waiting.append(packet)
    }

    /// Cuts what was composed into packets: whole frames together, a long frame alone and in parts.
    private func closeBatch() {
        let bytes = batch.bytes
        var start = 0
        var next = 0
        while next < bytes.count {
            let length = FrameForm.headerBytes + Self.length(bytes, at: next)
            if next + length - start > FrameForm.maxPacketBytes, next > start {
                append(OutgoingPacket(Array(bytes[start..<next])))
                start = next
            }
            if length > FrameForm.maxPacketBytes {
                appendParts(bytes[next..<(next + length)])
                start = next + length
            }
            next += length
        }
        if next > start { append(OutgoingPacket(Array(bytes[start..<next]))) }
        batch.removeAll()
    }

    private func appendParts(_ frame: ArraySlice<UInt8>) {
        let kind = frame[frame.startIndex + 1]
        var fields = frame.dropFirst(FrameForm.headerBytes)
        while !fields.isEmpty {
            let part = fields.prefix(FrameForm.maxPartBytes)
            fields = fields.dropFirst(part.count)
            var packet: [UInt8] = [FrameForm.version, kind, fields.isEmpty ? 0 : 1, 0]
            let length = UInt32(part.count)
            for shift in [0, 8, 16, 24] as [UInt32] { packet.append(UInt8(truncatingIfNeeded: length >> shift)) }
            packet.append(contentsOf: part)
            append(OutgoingPacket(packet))
        }
    }

    private static func length(_ bytes: [UInt8], at start: Int) -> Int {
        Int(bytes[start + 4]) | Int(bytes[start + 5]) << 8 | Int(bytes[start + 6]) << 16 | Int(bytes[start + 7]) << 24
    }

    // MARK: In

    /// Reads one packet. Take its frames with ``next()`` until nil before receiving again.
    package func receive() throws(ChannelError) -> Transfer {
        precondition(inbox.isEmpty, "frames of the last packet were not taken")
        passed.removeAll()
        do {
            return try socket.receivePacket(into: &inbox, limit: FrameForm.maxPacketBytes, passed: &passed)
        } catch { throw .system(error) }
    }

    /// The next whole frame of the packets received so far, nil if there is none yet.
    package func next() throws(ChannelError) -> IncomingFrame? {
        while !inbox.isEmpty {
            guard inbox.count >= FrameForm.headerBytes else { throw .frame(.truncated) }
            let bytes = inbox.storage
            let start = inbox.range.lowerBound
            guard bytes[start] == FrameForm.version else { throw .frame(.versionUnknown(bytes[start])) }
            let kind = bytes[start + 1]
            let hasMore = bytes[start + 2]
            guard hasMore <= 1, bytes[start + 3] == 0 else { throw .frame(.invalid("header")) }
            let length = Self.length(bytes, at: start)
            guard let limit = maxBytes(kind) else { throw .frame(.kindUnknown(kind)) }
            guard length <= inbox.count - FrameForm.headerBytes else { throw .frame(.truncated) }
            guard length <= limit else { throw .frame(.tooLarge(kind: kind, bytes: length)) }
            let fields = (start + FrameForm.headerBytes)..<(start + FrameForm.headerBytes + length)
            inbox.drop(FrameForm.headerBytes + length)
            if let whole = try assemble(kind, bytes, fields, isLast: hasMore == 0, limit) { return whole }
        }
        return nil
    }

    /// The first descriptor of the last packet that nobody has taken yet.
    package func takeDescriptor() -> FileDescriptor? { passed.takeFirst() }
    package var descriptorCount: Int { passed.count }

    private func assemble(_ kind: UInt8, _ bytes: [UInt8], _ fields: Range<Int>, isLast: Bool, _ limit: Int)
        throws(ChannelError) -> IncomingFrame?
    {
        guard var started = assembly else {
            if isLast { return IncomingFrame(kind: kind, fields: FrameReader(bytes, fields)) }
            assembly = (kind, Array(bytes[fields]))
            return nil
        }
        guard started.kind == kind else { throw .frame(.partMisplaced) }
        guard started.bytes.count + fields.count <= limit else {
            throw .frame(.tooLarge(kind: kind, bytes: started.bytes.count + fields.count))
        }
        // Emptied first: appending to the only reference does not copy what has arrived so far.
        assembly = nil
        started.bytes.append(contentsOf: bytes[fields])
        if isLast { return IncomingFrame(kind: kind, fields: FrameReader(started.bytes, 0..<started.bytes.count)) }
        assembly = started
        return nil
    }
}

/// One packet that waits for the socket; a class, since arrays cannot hold what owns descriptors.
private final class OutgoingPacket {
    let bytes: [UInt8]
    private let passed: PassedDescriptors

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        passed = PassedDescriptors()
    }

    init(_ bytes: [UInt8], passing passed: consuming PassedDescriptors) {
        self.bytes = bytes
        self.passed = passed
    }

    /// The kernel copies the descriptors; ours close when the packet is let go.
    func send(on socket: borrowing FileDescriptor) throws(SyscallError) -> Transfer {
        let packet = bytes
        return try socket.sendPacket(packet.span, passing: passed)
    }
}
