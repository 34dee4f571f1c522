// SPDX-License-Identifier: Apache-2.0
import Audit
import Crypto
import Linux
import Scratch
import StrictJSON
import Synchronization
import Testing

/// An audit directory of its own for one test.
final class LogFixture {
    let scratch: Scratch
    /// Of the log: the scratch directory's own.
    let path: String
    /// Of RFC 8032, section 7.1, test 1, as in the golden log.
    let key: SigningKey
    let installation: InstallationID
    var options = JournalOptions()
    let faults = Faults()

    /// - Parameter path: of a directory that somebody else keeps; without it one that goes with this value.
    init(in path: String? = nil, below base: String = "/tmp") throws {
        scratch = Scratch(below: base)
        self.path = path ?? scratch.path
        key = try #require(LogFixture.secret.flatMap { SigningKey($0) })
        installation = try #require(InstallationID(Array("00112233445566778899aabbccddeeff".utf8)))
        options.faults = faults
    }

    private static let secret = Hex.decode(
        Array("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".utf8))

    /// Opens the journal, once nobody else holds its lock.
    ///
    /// Other tests start programs meanwhile, and between fork and exec such a child holds every lock of this process.
    func open() throws -> Journal {
        let deadline = Instant.now.adding(milliseconds: 10_000)
        while true {
            do { return try openNow() } catch {
                guard error as? JournalError == .locked, Instant.now < deadline else { throw error }
            }
        }
    }

    func openNow() throws -> Journal {
        try Journal(in: try Directory(path: path), key: key, installation: installation, options)
    }

    func verify() throws -> VerifyReport {
        Audit.verify(DirectorySource(try Directory(path: path)), VerifyOptions(key: key.publicKey))
    }

    /// All lines of all segments.
    func lines() throws -> [String] {
        let log = try MemoryLog(path)
        let segments = log.files.keys.compactMap(Layout.segmentNumber).sorted()
        return segments.flatMap { log.lines($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// What the other checker says, in its own words: "sound", or the flaw and its place.
    func secondOpinion() -> String { secondOpinions(of: [path]).first ?? "no answer" }
}

/// What the checker in Python says about each directory.
func secondOpinions(of paths: [String]) -> [String] {
    let list = Scratch()
    list.put("paths", Array(paths.joined(separator: "\n").utf8))
    let out = "\(list.path)/out"
    let script = "\(Golden.repository)/e2e/audit_check.py"
    Shell.run("xargs -a '\(list.path)/paths' python3 '\(script)' >'\(out)' 2>'\(out).err'")
    return (Shell.read(out) ?? []).split(separator: 10).map(Array.init).map(opinion)
}

private func opinion(_ line: [UInt8]) -> String {
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    do { try reader.read(line.span, into: &tree) } catch { return "unreadable answer" }
    func text(_ name: StaticString) -> String {
        guard let node = tree.member(.root, name) else { return "-" }
        if let bytes = tree.text(node) { return String(decoding: bytes, as: UTF8.self) }
        return tree.integer(node).map { "\($0)" } ?? "-"
    }
    let verdict = text("verdict")
    return verdict == "broken" ? "\(text("what")) \(text("segment")) \(text("line")) \(text("offset"))" : verdict
}

extension VerifyReport {
    /// In the words of ``secondOpinions(of:)``.
    var opinion: String {
        guard let fault = faults.first else { return verdict.rawValue }
        func text(_ value: (some CustomStringConvertible)?) -> String { value.map { "\($0)" } ?? "-" }
        return "\(fault.flaw.rawValue) \(text(fault.segment)) \(text(fault.line)) \(text(fault.offset))"
    }
}

/// Clocks that stand still until they are moved.
final class ManualClock: Sendable {
    private let now: Mutex<UInt64>

    init(_ text: String) { now = Mutex(Timestamp.parse(Array(text.utf8)) ?? 0) }

    func set(_ text: String) { now.withLock { $0 = Timestamp.parse(Array(text.utf8)) ?? 0 } }

    func advance(milliseconds: UInt64) { now.withLock { $0 += milliseconds * 1000 } }

    var clock: JournalClock {
        JournalClock(
            wall: { self.now.withLock { $0 } }, monotonic: { Instant(nanoseconds: self.now.withLock { $0 } * 1000) })
    }
}

extension Journal {
    /// Waits until the thread has something to tell, and takes it over.
    func waitAndCollect() throws {
        var poller = try Poller()
        try poller.add(completion, .readable, token: 0)
        var events: [Readiness] = []
        try poller.wait(&events, milliseconds: 10_000)
        try #require(!events.isEmpty, "the journal's thread says nothing")
        collect()
    }

    /// Whether the promise could be redeemed, and the grant spent.
    func redeems(_ promise: inout Promise?) throws(JournalError) -> Bool {
        guard let grant = try redeem(&promise) else { return false }
        return grant.sequence > 0
    }

    /// Writes what waits, and waits for the grant.
    func grant(_ promise: consuming Promise) throws {
        var place: Promise? = consume promise
        flush()
        while try !redeems(&place) { try waitAndCollect() }
    }
}

/// One member, for records whose contents do not matter.
func number(_ value: Int) -> (inout JSONWriter) -> Void {
    { json in
        json.key("n")
        json.integer(Int64(value))
    }
}
