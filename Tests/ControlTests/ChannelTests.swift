// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Testing

/// What a receiver makes of packets: frames until the door is quiet, or what was wrong with one.
private struct Heard: Equatable {
    var frames: [[UInt8]] = []
    var kinds: [UInt8] = []
    var fault: FrameError?
    var isClosed = false
}

/// Both ends of a door, the near one with a channel, the far one bare.
private final class Ends {
    let channel: Channel
    let bare: FileDescriptor

    /// Kinds 1 to 3 with these limits; no other is accepted.
    init(limits: [UInt8: Int] = [1: 100, 2: 1 << 20, 3: 10 << 20]) throws {
        Signal.ignoreBrokenPipe()
        let pair = try UnixSocket.pair(.packet)
        channel = Channel(try pair.near.duplicate()) { limits[$0] }
        bare = try pair.far.duplicate()
    }

    func put(_ packet: [UInt8]) throws { #expect(try bare.sendPacket(packet.span) == .moved(packet.count)) }

    /// Everything that has arrived.
    func hear() throws -> Heard {
        var heard = Heard()
        do throws(ChannelError) {
            loop: while true {
                switch try channel.receive() {
                case .moved: break
                case .wouldBlock: break loop
                case .closed:
                    heard.isClosed = true
                    break loop
                }
                while var frame = try channel.next() {
                    heard.kinds.append(frame.kind)
                    var fields: [UInt8] = []
                    while true {
                        do throws(FrameError) { fields.append(try frame.fields.u8()) } catch { break }
                    }
                    heard.frames.append(fields)
                }
            }
        } catch {
            switch error {
            case .frame(let fault): heard.fault = fault
            case .system(let error): throw error
            }
        }
        return heard
    }
}

/// One frame, or one part of one, from the bytes up.
private func frame(
    _ kind: UInt8, _ fields: [UInt8], version: UInt8 = 1, more: UInt8 = 0, reserved: UInt8 = 0, length: Int? = nil
) -> [UInt8] {
    let count = UInt32(length ?? fields.count)
    return [version, kind, more, reserved] + [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: count >> $0) } + fields
}

@Suite("Packets are whole frames, or the end of the room that sent them")
struct PacketTests {
    @Test("One frame, several frames, frames without fields")
    func whole() throws {
        let ends = try Ends()
        try ends.put(frame(1, [1, 2, 3]))
        try ends.put(frame(2, []) + frame(1, [9]) + frame(3, [7]))
        let heard = try ends.hear()
        #expect(heard.kinds == [1, 2, 1, 3])
        #expect(heard.frames == [[1, 2, 3], [], [9], [7]])
        #expect(heard.fault == nil)
    }

    static let faults: [(String, [UInt8], FrameError)] = [
        ("another version", frame(1, [], version: 0), .versionUnknown(0)),
        ("a later version", frame(1, [], version: 2), .versionUnknown(2)),
        ("kind 0", frame(0, []), .kindUnknown(0)), ("a kind of nobody", frame(4, [1]), .kindUnknown(4)),
        ("a part mark that is none", frame(1, [], more: 2), .invalid("header")),
        ("the reserved byte in use", frame(1, [], reserved: 1), .invalid("header")),
        ("a length beyond the packet", frame(1, [1], length: 2), .truncated),
        ("a length beyond everything", frame(3, [], length: 0xFFFF_FFFF), .truncated),
        ("more than its kind may have", frame(1, filled(101)), .tooLarge(kind: 1, bytes: 101)),
        ("half a header behind a frame", frame(1, []) + [1, 1, 0], .truncated),
        ("a byte behind a frame", frame(1, []) + [0], .truncated),
        ("a header without its last byte", [1, 1, 0, 0, 0, 0, 0], .truncated),
    ]

    @Test("One fault", arguments: faults)
    private func one(_ name: String, _ packet: [UInt8], _ fault: FrameError) throws {
        let ends = try Ends()
        try ends.put(packet)
        #expect(try ends.hear().fault == fault, "\(name)")
    }

    @Test("A header that ends anywhere inside")
    func headers() throws {
        for length in 1..<FrameForm.headerBytes {
            let ends = try Ends()
            try ends.put(Array(frame(1, []).prefix(length)))
            #expect(try ends.hear().fault == .truncated, "\(length)")
        }
    }

    @Test("A packet that is cut anywhere inside says what stands whole before the cut, and ends")
    func cuts() throws {
        let packet = frame(1, [1, 2]) + frame(2, [3, 4, 5])
        for length in 1..<packet.count {
            let ends = try Ends()
            try ends.put(Array(packet.prefix(length)))
            let heard = try ends.hear()
            let first = FrameForm.headerBytes + 2
            #expect(heard.frames == (length < first ? [] : [[1, 2]]), "\(length)")
            #expect(heard.fault == (length == first ? nil : .truncated), "\(length)")
        }
    }

    @Test("At its limit a frame is heard, above it it is not", arguments: [100, 101])
    func limit(_ size: Int) throws {
        let ends = try Ends()
        try ends.put(frame(1, filled(size)))
        let heard = try ends.hear()
        #expect(heard.frames.count == (size == 100 ? 1 : 0))
        #expect(heard.fault == (size == 100 ? nil : .tooLarge(kind: 1, bytes: 101)))
    }

    @Test("A packet larger than a packet may be is an error of the system, not a shorter one")
    func oversized() throws {
        let ends = try Ends()
        try ends.put(frame(2, filled(FrameForm.maxPartBytes)))
        #expect(try ends.hear().frames.first?.count == FrameForm.maxPartBytes)
        try ends.put(frame(2, filled(FrameForm.maxPartBytes + 1)))
        #expect(throws: SyscallError.self) { try ends.hear() }
    }

    @Test("The end of the other side is heard behind what it said last")
    func end() throws {
        let ends = try Ends()
        try ends.put(frame(1, [1]))
        try TCPSocket.shutDown(ends.bare, .both)
        let heard = try ends.hear()
        #expect(heard.frames == [[1]])
        #expect(heard.isClosed)
    }
}

@Suite("A long frame comes in parts, and nothing comes between them")
struct PartTests {
    @Test("Parts are one frame when the last has come")
    func parts() throws {
        let ends = try Ends()
        try ends.put(frame(2, [1, 2], more: 1))
        #expect(try ends.hear().frames == [])
        try ends.put(frame(2, [], more: 1))
        try ends.put(frame(2, [3], more: 0))
        #expect(try ends.hear().frames == [[1, 2, 3]])
        try ends.put(frame(2, [4]))
        #expect(try ends.hear().frames == [[4]])
    }

    @Test("A frame of another kind between them", arguments: [0, 1] as [UInt8])
    func between(_ more: UInt8) throws {
        let ends = try Ends()
        try ends.put(frame(2, [1], more: 1))
        try ends.put(frame(3, [2], more: more))
        #expect(try ends.hear().fault == .partMisplaced)
    }

    @Test("Parts that sum up to more than their kind may have, at the first that exceeds it")
    func sums() throws {
        let ends = try Ends(limits: [2: 100])
        try ends.put(frame(2, filled(60), more: 1))
        try ends.put(frame(2, filled(40), more: 1))
        #expect(try ends.hear().fault == nil)
        try ends.put(frame(2, filled(1), more: 1))
        #expect(try ends.hear().fault == .tooLarge(kind: 2, bytes: 101))
        let exact = try Ends(limits: [2: 100])
        try exact.put(frame(2, filled(60), more: 1))
        try exact.put(frame(2, filled(40)))
        #expect(try exact.hear().frames == [filled(100)])
    }

    @Test("One part alone that is larger than its kind may be")
    func part() throws {
        let ends = try Ends()
        try ends.put(frame(1, filled(101), more: 1))
        #expect(try ends.hear().fault == .tooLarge(kind: 1, bytes: 101))
    }

    @Test(
        "Frames of every size arrive as they were composed, in their order",
        arguments: [0, 1, 65_527, 65_528, 65_529, 65_536, 131_056, 131_057, 200_000, 1_000_000])
    func sizes(_ size: Int) throws {
        let pair = try UnixSocket.pair(.packet)
        let limit = 10 << 20
        let sender = Channel(try pair.near.duplicate()) { _ in nil }
        let receiver = Channel(try pair.far.duplicate()) { $0 <= 3 ? limit : nil }
        let long = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        for (kind, fields) in [(1, [7]), (2, long), (3, [8]), (2, long), (1, [9])] as [(UInt8, [UInt8])] {
            sender.send { writer in
                writer.begin(kind)
                writer.data(fields)
                writer.end()
            }
        }
        var heard: [(UInt8, [UInt8])] = []
        var isOut = false
        while !isOut || heard.count < 5 {
            if !isOut, case .moved = try sender.flush() { isOut = true }
            while case .moved = try receiver.receive() {
                while var frame = try receiver.next() {
                    heard.append((frame.kind, try frame.fields.data(atMost: limit, "fields")))
                }
            }
        }
        #expect(heard.map(\.0) == [1, 2, 3, 2, 1])
        #expect(heard.map(\.1) == [[7], long, [8], long, [9]])
        #expect(try receiver.receive() == .wouldBlock)
    }
}

@Suite("Descriptors belong to the packet that they came with")
struct DescriptorTests {
    private func passed(_ count: Int) throws -> PassedDescriptors {
        var passed = PassedDescriptors()
        for _ in 0..<count { passed.append(try UnixSocket.pair(.stream).near.duplicate()) }
        return passed
    }

    @Test("They keep their place among the frames before and behind them")
    func place() throws {
        let pair = try UnixSocket.pair(.packet)
        let sender = Channel(try pair.near.duplicate()) { _ in nil }
        let receiver = Channel(try pair.far.duplicate()) { $0 <= 9 ? 100 : nil }
        func compose(_ kind: UInt8) -> (inout FrameWriter) -> Void {
            { writer in
                writer.begin(kind)
                writer.end()
            }
        }
        sender.send(compose(1))
        sender.send(passing: try passed(1), compose(2))
        sender.send(compose(3))
        sender.send(compose(4))
        sender.send(passing: try passed(3), compose(5))
        #expect(try sender.flush() == .moved(1))
        var counts: [UInt8: Int] = [:]
        while case .moved = try receiver.receive() {
            while let frame = try receiver.next() {
                counts[frame.kind] = receiver.descriptorCount
                while receiver.takeDescriptor() != nil {}
            }
        }
        #expect(counts == [1: 0, 2: 1, 3: 0, 4: 0, 5: 3])
    }

    @Test("Those that nobody takes are seen, and closed with the next packet")
    func untaken() throws {
        let ends = try Ends()
        let stream = try UnixSocket.pair(.stream)
        var sent = PassedDescriptors()
        sent.append(try stream.near.duplicate())
        #expect(try ends.bare.sendPacket(frame(1, []).span, passing: sent) == .moved(FrameForm.headerBytes))
        sent.removeAll()
        #expect(try ends.channel.receive() == .moved(FrameForm.headerBytes))
        #expect(try ends.channel.next()?.kind == 1)
        #expect(ends.channel.descriptorCount == 1)
        try ends.put(frame(1, []))
        _ = try ends.channel.receive()
        #expect(ends.channel.descriptorCount == 0)
        if ends.channel.takeDescriptor() != nil { Issue.record("a descriptor of the packet before") }
    }

    @Test("More than any frame may have are an error of the system, and none is kept")
    func many() throws {
        let ends = try Ends()
        let limit = PassedDescriptors.limit
        #expect(limit >= FrameForm.maxDescriptors)
        let sent = try passed(limit)
        #expect(try ends.bare.sendPacket(frame(1, []).span, passing: sent) == .moved(FrameForm.headerBytes))
        #expect(try ends.channel.receive() == .moved(FrameForm.headerBytes))
        #expect(ends.channel.descriptorCount == limit)
    }
}

@Suite("A door that is full keeps what it was told, and says so")
struct CongestionTests {
    @Test("Nothing is lost, nothing is doubled, and the order stays")
    func blocked() throws {
        let pair = try UnixSocket.pair(.packet)
        let sender = Channel(try pair.near.duplicate()) { _ in nil }
        let receiver = Channel(try pair.far.duplicate()) { $0 == 1 ? 1 << 20 : nil }
        #expect(!sender.isCongested)
        let count: UInt32 = 200
        for number in 0..<count {
            sender.send { writer in
                writer.begin(1)
                writer.u32(number)
                writer.data(filled(30_000))
                writer.end()
            }
            // Sometimes more comes while the last one still waits.
            if number % 7 == 0 { _ = try sender.flush() }
        }
        #expect(sender.isCongested)
        #expect(try sender.flush() == .wouldBlock)
        var heard: [UInt32] = []
        while heard.count < Int(count) {
            while case .moved = try receiver.receive() {
                while var frame = try receiver.next() {
                    heard.append(try frame.fields.u32())
                    #expect(try frame.fields.data(atMost: 30_000, "fields").count == 30_000)
                    try frame.fields.finish()
                }
            }
            _ = try sender.flush()
        }
        #expect(heard == Array(0..<count))
        #expect(!sender.isCongested)
        #expect(try sender.flush() == .moved(0))
    }

    @Test("The mark stands at its size", arguments: [0, 1])
    func mark(_ above: Int) throws {
        let pair = try UnixSocket.pair(.packet)
        let sender = Channel(try pair.near.duplicate()) { _ in nil }
        sender.send { writer in
            writer.begin(1)
            writer.data(filled(Channel.congestion - FrameForm.headerBytes - 4 + above))
            writer.end()
        }
        #expect(sender.isCongested == (above == 1))
    }

    @Test("The end of the other side is told")
    func end() throws {
        Signal.ignoreBrokenPipe()
        let pair = try UnixSocket.pair(.packet)
        let sender = Channel(try pair.near.duplicate()) { _ in nil }
        try TCPSocket.shutDown(pair.far, .both)
        sender.send { writer in
            writer.begin(1)
            writer.end()
        }
        #expect(try sender.flush() == .closed)
    }
}
