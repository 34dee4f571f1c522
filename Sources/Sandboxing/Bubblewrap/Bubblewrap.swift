// SPDX-License-Identifier: Apache-2.0
package import Linux

/// Who makes the namespaces and the tree of a sandbox. All the rest is the same.
package enum Backend: Equatable, Sendable {
    /// This process.
    case own
    /// The host's own program for that, which some hosts give rights that they give to no other.
    case bubblewrap(Bubblewrap)

    /// The word in records, status and doctor; never changes.
    package var word: String {
        switch self {
        case .own: "own"
        case .bubblewrap: "bwrap"
        }
    }
}

/// bubblewrap 0.8 or newer, and the static program of ours that it starts inside.
package struct Bubblewrap: Equatable, Sendable {
    package let program: SystemString
    /// Goes on as ``StageTwo`` when its first argument is ``StageTwo/argument``.
    package let stageTwo: SystemString
    /// Whether stage two may have the capabilities to finish the mounts: bubblewrap cannot make one whose files are not
    /// executable, nor one over a symbolic link.
    package let finishesMounts: Bool

    package init(program: SystemString, stageTwo: SystemString, finishesMounts: Bool) {
        self.program = program
        self.stageTwo = stageTwo
        self.finishesMounts = finishesMounts
    }

    /// Where distributions put it. Not searched for: what PATH says is not the system's word.
    package static let usualProgram: SystemString = "/usr/bin/bwrap"

    /// What this host has of it, nil if nothing. A set-user-id one gives no capabilities to what it starts.
    package static func discover(stageTwo: SystemString, program: SystemString = usualProgram) throws(SyscallError)
        -> Bubblewrap?
    {
        guard try Tree.kind(program) == .other else { return nil }
        let isSetuid = try Tree.mode(of: Tree.place(program)) & 0o4000 != 0
        return Bubblewrap(program: program, stageTwo: stageTwo, finishesMounts: !isSetuid || ThisProcess.uid == 0)
    }
}

/// Why bubblewrap cannot carry out a plan.
package enum BubblewrapError: Error, Equatable, Sendable {
    /// Without a tree and all namespaces there is nothing for it to do.
    case reduced
    /// Stage two is started through /proc.
    case noProcesses
    /// A name is to be covered, which takes a capability that stage two does not get.
    case covered(SandboxPath)
}
