// SPDX-License-Identifier: Apache-2.0
import Linux
import Spawn

/// The programs that these tests start.
enum Tools {
    static let probe = Spawn.buildDirectory + "/SandboxProbe"
    static let harness = Spawn.buildDirectory + "/SandboxHarness"
    static let room = Spawn.buildDirectory + "/RoomProbe"

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

/// Private directories of the host.
enum Scratch {
    static func make(for user: Operator) -> String {
        let path = "/tmp/doorward-test-" + String(Random.number(), radix: 16)
        Spawn.makeDirectory(path, owner: user.user)
        return path
    }
}
