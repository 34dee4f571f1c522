// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux

/// Input: a byte that names a door, or packets.
///
/// As a frame (first byte below 10): the kind, then its fields. What is read must be written as it was read. As packets
/// (any other first byte): each with a two-byte length before it. Frames may only hold bytes that arrived, and after a
/// fault nothing more is read.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count >= 2 else { return 0 }
    let fields = Array(input.dropFirst(2))
    switch input[0] {
    case 0: check(GateRequest.self, input[1], fields)
    case 1: check(GateOrder.self, input[1], fields)
    case 2: check(LaunchRequest.self, input[1], fields)
    case 3: check(LaunchReport.self, input[1], fields)
    case 4: check(WatchRequest.self, input[1], fields)
    case 5: check(WatchReport.self, input[1], fields)
    case 6: check(OperatorRequest.self, input[1], fields)
    case 7: check(OperatorReply.self, input[1], fields)
    case 8: check(EgressOrder.self, input[1], fields)
    case 9: check(EgressReport.self, input[1], fields)
    default: receive(Array(input.dropFirst()))
    }
    return 0
}

private protocol DoorFrame: Equatable {
    func write(to writer: inout FrameWriter)
    static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> Self
}

extension GateRequest: DoorFrame {}
extension GateOrder: DoorFrame {}
extension LaunchRequest: DoorFrame {}
extension LaunchReport: DoorFrame {}
extension WatchRequest: DoorFrame {}
extension WatchReport: DoorFrame {}
extension EgressOrder: DoorFrame {}
extension EgressReport: DoorFrame {}
extension OperatorRequest: DoorFrame {}
extension OperatorReply: DoorFrame {}

private func check<Frame: DoorFrame>(_ type: Frame.Type, _ kind: UInt8, _ fields: [UInt8]) {
    var reader = FrameReader(fields, 0..<fields.count)
    do throws(FrameError) {
        let frame = try Frame.read(kind, &reader)
        var writer = FrameWriter()
        frame.write(to: &writer)
        precondition(writer.bytes[1] == kind, "another kind")
        precondition(Array(writer.bytes.dropFirst(FrameForm.headerBytes)) == fields, "a second spelling")
    } catch {}
}

private func receive(_ input: [UInt8]) {
    do {
        let pair = try UnixSocket.pair(.packet)
        let channel = Channel(try pair.near.duplicate()) { $0 == 0 ? nil : 16 * Int($0) }
        let bare = try pair.far.duplicate()
        var rest = input[...]
        var sent = 0
        var held = 0
        while rest.count > 2 {
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            let packet = Array(rest.dropFirst(2).prefix(length))
            rest = rest.dropFirst(2 + packet.count)
            if packet.isEmpty { continue }
            guard case .moved = try bare.sendPacket(packet.span) else { return }
            sent += packet.count
            guard case .moved = try channel.receive() else { return }
            while var frame = try channel.next() {
                precondition(frame.kind != 0, "a kind that nobody accepts")
                var count = 0
                do throws(FrameError) { while true { _ = try frame.fields.u8(); count += 1 } } catch {}
                precondition(count <= 16 * Int(frame.kind), "more than its kind may have")
                held += count + FrameForm.headerBytes
            }
            precondition(held <= sent, "bytes that nobody sent")
        }
    } catch {}
}
