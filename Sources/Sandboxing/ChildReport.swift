// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What the child says on its channel: either that all is in place, or what failed.
///
/// First byte 0: a ``ConfinementReport``, written just before the exec. First byte 1: stage, errno in four bytes, and
/// text for people up to the end. A failed exec adds the second to the first. A packet with descriptors, which comes
/// before either, holds one byte of its own.
enum ChildReport: Equatable {
    case ready(ConfinementReport)
    case failed(SandboxError)

    /// In front of the listeners that the child passes out.
    static let doorsFollow: UInt8 = 2
    /// What the parent sends to a child that waits to be admitted, and what that sends back as its last word but one: a
    /// channel that merely ends could be that of a child that died waiting.
    static let admitted: UInt8 = 3

    /// The longest failure text. With it a packet stays far below what the channel takes at once.
    static let maxTextBytes = 512
    /// A report and a failure behind it: nothing is longer.
    static let maxBytes = 1 + ConfinementReport.encodedSize + 6 + maxTextBytes

    static func readyBytes(_ report: ConfinementReport) -> [UInt8] { [0] + report.encoded }

    static func failureBytes(_ stage: SandboxStage, _ error: SyscallError) -> [UInt8] {
        let code = UInt32(bitPattern: error.code)
        let number = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: code >> $0) }
        return [1, stage.rawValue] + number + Array(error.description.utf8.prefix(maxTextBytes))
    }

    /// Nil if the bytes are neither.
    static func parse(_ bytes: borrowing Span<UInt8>) -> ChildReport? {
        if bytes.isEmpty { return nil }
        if bytes[0] == 1 { return failure(bytes, from: 0) }
        let end = 1 + ConfinementReport.encodedSize
        guard bytes[0] == 0, bytes.count >= end,
            let report = ConfinementReport(encoded: bytes.extracting(1..<end))
        else { return nil }
        return bytes.count == end ? .ready(report) : failure(bytes, from: end)
    }

    /// What bubblewrap has written on its standard error before it ended.
    static func complaint(_ bytes: borrowing Span<UInt8>) -> SandboxError {
        var text: [UInt8] = []
        for index in 0..<min(bytes.count, maxTextBytes) where bytes[index] >= 0x20 { text.append(bytes[index]) }
        let words = String(decoding: text, as: UTF8.self)
        // EPERM if that is what it says; EINVAL for all else.
        return .failed(.start, code: words.contains("ermi") ? 1 : 22, text: words)
    }

    private static func failure(_ bytes: borrowing Span<UInt8>, from start: Int) -> ChildReport? {
        guard bytes.count >= start + 6, bytes[start] == 1, let stage = SandboxStage(rawValue: bytes[start + 1]) else {
            return nil
        }
        var code: UInt32 = 0
        for index in (start + 2)..<(start + 6) { code = code << 8 | UInt32(bytes[index]) }
        var text: [UInt8] = []
        for index in (start + 6)..<bytes.count { text.append(bytes[index]) }
        return .failed(.failed(stage, code: Int32(bitPattern: code), text: String(decoding: text, as: UTF8.self)))
    }
}
