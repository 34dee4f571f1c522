// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Linux
internal import Policy

/// Reads the last records of a log, and those that come after them.
struct RecordFollower: ~Copyable {
    private static let blockBytes = 262_144

    private let directory: Directory
    private var segment: UInt32 = 0
    /// Of the next byte that was not handed out yet.
    private var offset: UInt64 = 0

    init(_ path: AbsolutePath) throws(Failure) {
        do throws(SyscallError) { directory = try Directory(path: path.description) } catch {
            throw Failure(
                "\(Visible.text(path.bytes)): \(error.reason)", hint: "nothing was recorded yet, or another --state DIR"
            )
        }
    }

    /// The last whole lines, at most `count`, the oldest first; the next call of ``more()`` goes on behind them.
    mutating func last(_ count: Int) throws(Failure) -> [[UInt8]] {
        do throws(SyscallError) {
            let segments = try segments()
            guard let newest = segments.last else { return [] }
            var lines: [[UInt8]] = []
            for number in segments.reversed() where lines.count < count || number == newest {
                let (tail, end) = try tail(of: number, count - lines.count)
                lines = tail + lines
                if number == newest { offset = end }
            }
            segment = newest
            return Array(lines.suffix(count))
        } catch { throw Failure("the log", error) }
    }

    /// Whole lines that have come since; none if nothing has.
    mutating func more() throws(Failure) -> [[UInt8]] {
        do throws(SyscallError) {
            if segment == 0 {
                guard let first = try segments().first else { return [] }
                segment = first
            }
            var lines = try readOn()
            // A new segment exists only when the one before is whole.
            while lines.isEmpty, try segments().contains(segment + 1) {
                lines = try readOn()
                guard lines.isEmpty else { break }
                segment += 1
                offset = 0
                lines = try readOn()
            }
            return lines
        } catch { throw Failure("the log", error) }
    }

    /// The last lines of one segment, and the offset behind the last whole one.
    private func tail(of number: UInt32, _ count: Int) throws(SyscallError) -> (lines: [[UInt8]], end: UInt64) {
        var text: [UInt8] = []
        var start = try size(of: number)
        let size = start
        while start > 0, text.count(where: { $0 == 0x0A }) <= count {
            let length = min(start, UInt64(Self.blockBytes))
            start -= length
            text = try read(number, start, Int(length)) + text
        }
        let unfinished = text.count - (text.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0)
        text.removeLast(unfinished)
        var lines = text.split(separator: 0x0A).map(Array.init)
        // The first of them may have begun before what was read.
        if start > 0, !lines.isEmpty { lines.removeFirst() }
        return (Array(lines.suffix(max(count, 0))), size - UInt64(unfinished))
    }

    private mutating func readOn() throws(SyscallError) -> [[UInt8]] {
        let block = try read(segment, offset, Self.blockBytes)
        guard let end = block.lastIndex(of: 0x0A) else { return [] }
        offset += UInt64(end) + 1
        return block[...end].split(separator: 0x0A).map(Array.init)
    }

    private func read(_ number: UInt32, _ start: UInt64, _ length: Int) throws(SyscallError) -> [UInt8] {
        let file = try directory.open(Layout.segmentName(number))
        var block = [UInt8](repeating: 0, count: length)
        var done = 0
        while done < length {
            let count = try file.read(into: &block, from: done, at: start + UInt64(done))
            if count == 0 { break }
            done += count
        }
        block.removeLast(length - done)
        return block
    }

    private func size(of number: UInt32) throws(SyscallError) -> UInt64 {
        try directory.open(Layout.segmentName(number)).facts().size
    }

    private func segments() throws(SyscallError) -> [UInt32] {
        try directory.names(limit: Layout.maxEntries).compactMap(Layout.segmentNumber).sorted()
    }
}
