// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Wire

/// Input: one byte of options, two that say where the stream is cut, then frames.
///
/// Whole and cut must end alike, no message may be over the limit or not UTF-8, and what is said must survive being
/// written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebSocket(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    if size < 3 { return 0 }
    // libFuzzer lends `size` readable bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let bytes = Array(input.dropFirst(3))
    let cut = (Int(input[1]) << 8 | Int(input[2])) % (bytes.count + 1)
    let role: WebSocketRole = input[0] & 1 == 0 ? .server : .client
    let takesBinary = input[0] & 2 != 0

    let whole = Session(bytes, [], role, takesBinary)
    precondition(whole == Session(bytes, [cut], role, takesBinary), "a cut changed the outcome")
    precondition(whole == Session(bytes, Array(0...bytes.count), role, takesBinary), "single bytes did")

    var written: [UInt8] = []
    for said in whole.said { said.write(to: &written, mask: role == .server ? 0x8040_2010 : nil) }
    let again = Session(written, [], role, takesBinary)
    precondition(again.refusal == nil && again.said == whole.said, "what was written reads as something else")
    return 0
}

private let limit = 500

private struct Said: Equatable {
    let event: FrameEvent
    let payload: [UInt8]

    func write(to output: inout [UInt8], mask: UInt32?) {
        switch event {
        case .text: FrameWriter.append(.text, payload.span, mask: mask, to: &output)
        case .binary: FrameWriter.append(.binary, payload.span, mask: mask, to: &output)
        case .ping: FrameWriter.append(.ping, payload.span, mask: mask, to: &output)
        case .pong: FrameWriter.append(.pong, payload.span, mask: mask, to: &output)
        case .close(let code): FrameWriter.appendClose(code, mask: mask, to: &output)
        }
    }
}

private struct Session: Equatable {
    var said: [Said] = []
    var refusal: WireError?

    init(_ bytes: [UInt8], _ cuts: [Int], _ role: WebSocketRole, _ takesBinary: Bool) {
        var reader = FrameReader(role: role, limit: limit, takesBinary: takesBinary)
        var start = 0
        do throws(WireError) {
            for end in cuts + [bytes.count] {
                while start < end {
                    let progress = try reader.read(bytes.span.extracting(start..<end))
                    start += progress.consumed
                    if let event = progress.event { take(event, reader) }
                }
            }
        } catch {
            refusal = error
        }
    }

    private mutating func take(_ event: FrameEvent, _ reader: FrameReader) {
        switch event {
        case .text:
            precondition(String(validating: reader.message, as: UTF8.self) != nil, "a text that is not UTF-8")
            said.append(Said(event: event, payload: reader.message))
        case .binary: said.append(Said(event: event, payload: reader.message))
        case .ping, .pong: said.append(Said(event: event, payload: reader.control))
        // The reason is for people, and none is written.
        case .close: said.append(Said(event: event, payload: []))
        }
        precondition(reader.message.count <= limit && reader.control.count <= FrameLimits.controlPayload)
    }
}
