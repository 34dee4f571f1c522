// SPDX-License-Identifier: Apache-2.0
import Glibc

/// One block of a vector file: what is expected, and the bytes that it is expected of.
///
/// Blocks are parted by empty lines, `#` begins a comment, `key: value` lines describe (the first is always `expect:`),
/// `|` lines are bytes followed by CR LF, `>` lines are bytes and nothing else, `=` lines are hexadecimal. Inside the
/// first two, `\r \n \t \0 \\ \xHH` stand for one byte and `\{N:text}` for `text` N times.
struct Vector: Sendable, CustomStringConvertible {
    let place: String
    private(set) var values: [(key: String, value: String)] = []
    private(set) var bytes: [UInt8] = []

    var expect: String { self["expect"] ?? "" }
    var description: String { "\(place) \(self["about"] ?? expect)" }

    subscript(key: String) -> String? { values.first { $0.key == key }?.value }

    func all(_ key: String) -> [String] { values.filter { $0.key == key }.map(\.value) }

    /// Every block of `vectors/NAME.txt`. An empty or unreadable file is a failure of the tests, not a pass.
    static func load(_ name: String) -> [Vector] {
        var vectors: [Vector] = []
        var current: Vector?
        let path = folder + "/vectors/\(name).txt"
        for (number, line) in lines(of: read(path)).enumerated() {
            if line.isEmpty {
                if let block = current { vectors.append(block) }
                current = nil
                continue
            }
            if line[0] == UInt8(ascii: "#") { continue }
            var block = current ?? Vector(place: "\(name):\(number + 1)")
            block.take(line)
            current = block
        }
        if let block = current { vectors.append(block) }
        precondition(!vectors.isEmpty, "no vectors in \(path)")
        for vector in vectors { precondition(vector.values.first?.key == "expect", "\(vector.place) expects nothing") }
        return vectors
    }

    private mutating func take(_ line: [UInt8]) {
        switch line[0] {
        case UInt8(ascii: "|"): bytes += unescape(line.dropFirst(line.count > 1 ? 2 : 1)) + [13, 10]
        case UInt8(ascii: ">"): bytes += unescape(line.dropFirst(line.count > 1 ? 2 : 1))
        case UInt8(ascii: "="):
            let digits = line.dropFirst().filter { $0 != 32 }.map { Character(Unicode.Scalar($0)) }
            precondition(digits.count % 2 == 0, place)
            for index in stride(from: 0, to: digits.count, by: 2) {
                guard let byte = UInt8(String(digits[index...index + 1]), radix: 16) else { preconditionFailure(place) }
                bytes.append(byte)
            }
        default:
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
                preconditionFailure("\(place): \(String(decoding: line, as: UTF8.self))")
            }
            let value = line[(colon + 1)...].drop { $0 == 32 }
            values.append(
                (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
    }
}

/// The bytes that an escaped text stands for.
func unescape(_ text: some Collection<UInt8>) -> [UInt8] {
    var left = Array(text)[...]
    var bytes: [UInt8] = []
    while let byte = left.popFirst() {
        guard byte == UInt8(ascii: "\\") else {
            bytes.append(byte)
            continue
        }
        switch left.popFirst() {
        case UInt8(ascii: "r"): bytes.append(13)
        case UInt8(ascii: "n"): bytes.append(10)
        case UInt8(ascii: "t"): bytes.append(9)
        case UInt8(ascii: "0"): bytes.append(0)
        case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "x"):
            bytes.append(UInt8(String(decoding: left.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            left = left.dropFirst(2)
        case UInt8(ascii: "{"):
            guard let end = left.firstIndex(of: UInt8(ascii: "}")),
                let colon = left[..<end].firstIndex(of: UInt8(ascii: ":")),
                let times = Int(String(decoding: left[..<colon], as: UTF8.self))
            else { preconditionFailure("a repetition is written \\{N:text}") }
            let unit = unescape(left[(colon + 1)..<end])
            for _ in 0..<times { bytes += unit }
            left = left[(end + 1)...]
        default: preconditionFailure("unknown escape in \(String(decoding: text, as: UTF8.self))")
        }
    }
    return bytes
}

private let folder: String = {
    let file = #filePath
    return String(file.prefix(file.utf8.count - "/Vectors.swift".utf8.count))
}()

private func lines(of bytes: [UInt8]) -> [[UInt8]] {
    bytes.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
}

private func read(_ path: String) -> [UInt8] {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    precondition(number >= 0, "cannot open \(path)")
    defer { close(number) }
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe room.withUnsafeMutableBytes { buffer in
            // The buffer is ours and `buffer.count` bytes long.
            unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
        }
        precondition(count >= 0, "cannot read \(path)")
        if count == 0 { return bytes }
        bytes += room[..<count]
    }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
