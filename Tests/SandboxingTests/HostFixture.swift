// SPDX-License-Identifier: Apache-2.0
import Scratch
import Spawn
import Testing

/// Who runs the launcher in a test.
enum Operator: String, Sendable, CaseIterable, CustomTestStringConvertible {
    /// The test's own user.
    case own
    /// An ordinary user, when the tests run as root.
    case ordinary

    var user: UInt32? { self == .ordinary ? 1001 : nil }
    var testDescription: String { rawValue }

    /// Ordinary users can only be played by root.
    static var possible: [Operator] { Spawn.isRoot ? [.own, .ordinary] : [.own] }
}

/// A host full of things to reach: listeners, sockets, shared memory, a secret, and the process that owns them.
///
/// It ends, and cleans up after itself, when the tests have ended.
final class HostFixture: Sendable {
    static let own = HostFixture(.own)
    static let ordinary = HostFixture(.ordinary)

    let directory: String
    private let place: Scratch
    private let process: Started?
    private let port: String

    static func of(_ user: Operator) -> HostFixture {
        switch user {
        case .own: own
        case .ordinary: ordinary
        }
    }

    private init(_ user: Operator) {
        place = Scratch()
        directory = place.path
        if let uid = user.user { Shell.run("chown \(uid):\(uid) '\(directory)'") }
        do {
            let process = try Started(Tools.probe, ["host", directory], user: user.user)
            port = process.readLine()
            self.process = process
        } catch {
            port = ""
            process = nil
        }
    }

    /// Replaces `{port}`, `{dir}`, `{pid}` and `{name}` by what this host has.
    func fill(_ words: [String]) throws -> [String] {
        let process = try #require(process)
        try #require(!port.isEmpty)
        return words.map { word in
            switch word {
            case "{port}": port
            case "{pid}": "\(process.pid)"
            case "{name}": "doorward-host-\(process.pid)"
            case "{/name}": "/doorward-host-\(process.pid)"
            case _ where word.hasPrefix("{dir}"): directory + word.dropFirst(5)
            default: word
            }
        }
    }
}
