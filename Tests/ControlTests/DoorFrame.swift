// SPDX-License-Identifier: Apache-2.0
import Control
import Testing

/// What all doors' frames have in common.
protocol DoorFrame: Equatable, Sendable {
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

/// One frame as it travels: its kind, its fields, and what reading some fields of that kind gives, written again.
struct Sample: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let kind: UInt8
    let fields: [UInt8]
    /// Reads fields as a frame of this door and writes what they said; nil for what was said being another value than
    /// the one that this sample was made of.
    let readAgain: @Sendable (UInt8, [UInt8]) throws(FrameError) -> [UInt8]
    let equalsOriginal: @Sendable ([UInt8]) throws(FrameError) -> Bool

    init<Frame: DoorFrame>(_ name: String, _ frame: Frame) {
        testDescription = name
        let bytes = Sample.bytes(of: frame)
        kind = bytes[1]
        fields = Array(bytes[FrameForm.headerBytes...])
        readAgain = { (kind, fields) throws(FrameError) in
            var reader = FrameReader(fields, 0..<fields.count)
            let read = try Frame.read(kind, &reader)
            return Array(Sample.bytes(of: read)[FrameForm.headerBytes...])
        }
        let kind = kind
        equalsOriginal = { (fields) throws(FrameError) in
            var reader = FrameReader(fields, 0..<fields.count)
            return try Frame.read(kind, &reader) == frame
        }
    }

    static func bytes(of frame: some DoorFrame) -> [UInt8] {
        var writer = FrameWriter()
        frame.write(to: &writer)
        return writer.bytes
    }
}

/// Everything that is said at one door in one direction.
struct Door: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Every kind that there is.
    let kinds: Set<UInt8>
    let samples: [Sample]
    /// Bytes that the fields of a kind may have at most; nil where the owner of the channel sets one limit for all.
    let maxBytes: @Sendable (UInt8) -> Int?
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func filled(_ count: Int, with byte: UInt8 = 0x61) -> [UInt8] { [UInt8](repeating: byte, count: count) }
