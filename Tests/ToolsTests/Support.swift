// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Scratch
import StrictJSON

@testable import Tools

/// A server without streams: lines go in, lines come out, and time passes only when a test says so.
final class ScriptedChannel {
    let server: ToolServer
    var now = Instant(nanoseconds: 1_000_000_000)
    /// 2026-11-21T17:00:00Z, a Saturday.
    var seconds: Int64 = 1_795_280_400
    private var nextID = 1000
    private var kept: Scratch?

    init(_ grants: [(String, String)] = [], zones: String = Zones.systemPath) throws {
        var all: [Grant] = []
        for (label, path) in grants {
            guard let label = Label(Array(label.utf8)) else { throw Broken("label \(label)") }
            all.append(Grant(label: label, path: path))
        }
        server = ToolServer(.files(try Roots(all), Zones(path: zones)))
    }

    /// - Parameter kept: what the kit works in, for as long as this lives.
    init(_ kit: Kit, keeping kept: Scratch? = nil) {
        server = ToolServer(kit)
        self.kept = kept
    }

    /// Sends one line, lets the server work to the end, and returns what it wrote.
    @discardableResult
    func send(_ line: String) throws -> [Reply] { try send(Array(line.utf8)) }

    @discardableResult
    func send(_ line: [UInt8]) throws -> [Reply] {
        receive(line)
        return try finish()
    }

    /// Sends one line and lets nothing happen behind it.
    func receive(_ line: String) { receive(Array(line.utf8)) }

    func receive(_ line: [UInt8]) { server.receive(line.span, seconds: seconds) }

    /// Lets the server work until nothing is left to do. Every look at the clock takes a nanosecond.
    func finish() throws -> [Reply] {
        while server.hasWork { work() }
        return try drain()
    }

    func work(milliseconds: UInt64 = 5, step: UInt64 = 1) {
        server.work(milliseconds: milliseconds) {
            now = Instant(nanoseconds: now.nanoseconds + step)
            return now
        }
    }

    /// The lines that were written since the last time.
    func drain() throws -> [Reply] {
        let bytes = Array(server.output.storage[server.output.range])
        server.output.removeAll()
        guard bytes.isEmpty || bytes.last == lineFeed else { throw Broken("half a line") }
        return try bytes.split(separator: lineFeed).map { try Reply(Array($0)) }
    }

    /// A request of the stateless revision.
    func modern(_ method: String, _ members: String = "") throws -> Reply {
        let id = takeID()
        let comma = members.isEmpty ? "" : ","
        let line =
            #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{"_meta":\#(modernMeta)\#(comma)\#(members)}}"#
        return try only(try send(line))
    }

    func call(_ tool: String, _ arguments: String = "{}") throws -> Reply {
        try modern("tools/call", #""name":"\#(tool)","arguments":\#(arguments)"#)
    }

    /// The structured answer of a call that must succeed.
    func answer(_ tool: String, _ arguments: String = "{}") throws -> Reply {
        let reply = try call(tool, arguments)
        guard reply.bool("result.isError") == false else { throw Broken("\(tool) \(arguments): \(reply.text)") }
        return reply
    }

    /// Why a call was refused by the tool; nil if it succeeded.
    func refusal(_ tool: String, _ arguments: String) throws -> String? {
        let reply = try call(tool, arguments)
        return reply.bool("result.isError") == true ? reply.string("result._meta.dev.doorward/reason") : nil
    }

    func takeID() -> Int {
        nextID += 1
        return nextID
    }

    func only(_ replies: [Reply]) throws -> Reply {
        guard replies.count == 1 else { throw Broken("\(replies.count) replies") }
        return replies[0]
    }
}

let modernMeta =
    #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#

struct Broken: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// One line of the server's, which must be canonical JSON below the limit of a message.
struct Reply: CustomStringConvertible {
    let tree: JSONTree
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) throws {
        var reader = JSONReader(limits: .message)
        var tree = JSONTree()
        try reader.read(bytes.span, into: &tree)
        guard tree.canonical(.root).bytes == bytes else { throw Broken("not canonical") }
        self.tree = tree
        self.bytes = bytes
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var description: String { text }

    /// Members by their keys with dots between them; a number is the place in an array. A key may hold dots itself.
    func node(_ path: String) -> JSONNode? {
        var node = JSONNode.root
        var rest = path[...]
        walk: while !rest.isEmpty {
            if tree.kind(node) == .array {
                let end = rest.firstIndex(of: ".") ?? rest.endIndex
                let elements = Array(tree.elements(node))
                guard let place = Int(rest[..<end]), place < elements.count else { return nil }
                node = elements[place]
                rest = rest[end...].dropFirst()
                continue
            }
            for (key, value) in tree.members(node) {
                let name = String(decoding: tree.text(key) ?? [], as: UTF8.self)
                if rest == name || rest.hasPrefix(name + ".") {
                    node = value
                    rest = rest.dropFirst(name.count).dropFirst()
                    continue walk
                }
            }
            return nil
        }
        return node
    }

    func string(_ path: String) -> String? { node(path).flatMap(tree.text).map { String(decoding: $0, as: UTF8.self) } }
    func integer(_ path: String) -> Int? { node(path).flatMap(tree.integer).map { Int($0) } }
    func bool(_ path: String) -> Bool? { node(path).flatMap(tree.bool) }
    func count(_ path: String) -> Int? { node(path).map(tree.count) }

    /// A member of each element of an array.
    func strings(_ path: String, _ key: String) -> [String] {
        (0..<(count(path) ?? 0)).map { string("\(path).\($0).\(key)") ?? "-" }
    }

    func integers(_ path: String, _ key: String) -> [Int] {
        (0..<(count(path) ?? 0)).map { integer("\(path).\($0).\(key)") ?? -1 }
    }

    /// Of a tool's structured answer.
    func structured(_ path: String) -> String { "result.structuredContent." + path }
}

extension Scratch {
    /// Runs shell commands inside.
    func shell(_ commands: String) { precondition(Shell.run("cd '\(path)' && set -e && \(commands)") == 0, commands) }
}

/// A small generator with a seed, so that what fails can be repeated.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

func text(_ string: String) -> [UInt8] { Array(string.utf8) }

// Spans cannot stand in expectations.

extension Glob {
    func matches(_ bytes: [UInt8]) -> Bool { matches(bytes.span) }
}

extension Base64 {
    static func encode(_ bytes: [UInt8]) -> [UInt8] { encode(bytes.span) }
    static func encodeURL(_ bytes: [UInt8]) -> [UInt8] { encodeURL(bytes.span) }
}

func cut(_ bytes: [UInt8], _ range: Range<Int>) -> CutCharacter? { cutCharacter(bytes.span, range) }
func fits(_ bytes: [UInt8], _ budget: Int) -> Int { countInBudget(bytes.span, budget) }
func isUTF8(_ bytes: [UInt8]) -> Bool { isText(bytes.span) }
