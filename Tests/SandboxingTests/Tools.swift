// SPDX-License-Identifier: Apache-2.0
import Linux
import Sandboxing
import Scratch
import Spawn

/// The programs that these tests start.
enum Tools {
    static let probe = Spawn.buildDirectory + "/SandboxProbe"
    static let harness = Spawn.buildDirectory + "/SandboxHarness"
    static let room = Spawn.buildDirectory + "/RoomProbe"

    /// Who makes namespaces and tree: this program, and bubblewrap where it is installed.
    static let backends =
        (try? Tree.kind(Bubblewrap.usualProgram)) ?? nil == .other ? ["server", "bwrap"] : ["server"]

    /// What the harness finds out about this host.
    static func facts(as user: Operator) throws -> Spawn {
        try Spawn.run(harness, ["facts", "--", "none"], user: user.user)
    }

    /// Starts a program in a sandbox: `mode` and options of the harness, then the program's words.
    static func sandboxed(
        _ mode: String, _ words: [String], options: [String] = ["quiet"], as user: Operator = .own,
        environment: [String]? = nil
    ) throws -> Spawn {
        try Spawn.run(harness, [mode] + options + ["--"] + words, user: user.user, environment: environment)
    }
}

/// Lends a private directory of the host, and removes it afterwards.
func withScratch<Value>(for user: Operator, _ body: (String) throws -> Value) rethrows -> Value {
    let place = Scratch()
    if let uid = user.user { Shell.run("chown \(uid):\(uid) '\(place.path)'") }
    return try withExtendedLifetime(place) { try body(place.path) }
}
