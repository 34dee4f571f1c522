// SPDX-License-Identifier: Apache-2.0
internal import Glibc

@testable internal import StrictJSON

/// Reads `bytes` into a new tree.
func read(
    _ bytes: [UInt8], limits: JSONLimits = .message, dialect: JSONDialect = .strict
) throws(JSONError) -> JSONTree {
    var reader = JSONReader(limits: limits, dialect: dialect)
    var tree = JSONTree()
    try reader.read(bytes.span, into: &tree)
    return tree
}

func read(
    _ text: String, limits: JSONLimits = .message, dialect: JSONDialect = .strict
) throws(JSONError) -> JSONTree {
    try read(Array(text.utf8), limits: limits, dialect: dialect)
}

/// The rule that `bytes` break; nil if they are accepted.
func refusal(of bytes: [UInt8], limits: JSONLimits = .message, dialect: JSONDialect = .strict) -> JSONRule? {
    do throws(JSONError) {
        _ = try read(bytes, limits: limits, dialect: dialect)
        return nil
    } catch {
        return error.rule
    }
}

func refusal(of text: String, limits: JSONLimits = .message, dialect: JSONDialect = .strict) -> JSONRule? {
    refusal(of: Array(text.utf8), limits: limits, dialect: dialect)
}

/// The canonical text of a document.
func canonical(_ text: String) throws(JSONError) -> String {
    String(decoding: try read(text).canonical(.root).bytes, as: UTF8.self)
}

func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Directory of this file, of the repository, and of corpora that others wrote.
enum Place {
    static let tests = parent(#filePath)
    static let repository = parent(parent(tests))

    static var corpora: String {
        if let set = unsafe getenv("DOORWARD_CORPORA") { return unsafe String(cString: set) }
        return parent(repository) + "/shared/corpora"
    }

    private static func parent(_ path: String) -> String {
        String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
    }
}

/// The content of a file; nil if it cannot be opened.
func contents(of path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return count == 0 ? bytes : nil }
        bytes.append(contentsOf: block[..<count])
    }
}

/// Names in a directory, sorted; none if it cannot be opened.
func names(in directory: String) -> [String] {
    guard let stream = unsafe opendir(directory) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
            unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Draw: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
