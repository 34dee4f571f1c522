// SPDX-License-Identifier: Apache-2.0
package import Linux

/// Where on the way from nothing to a running program something failed. The order is the order of the way.
package enum SandboxStage: UInt8, CaseIterable, Sendable {
    case start
    case parent
    case identity
    case keyring
    case tree
    case loopback
    /// Listening inside, and passing the listeners out.
    case doors
    case machineName
    case privileges
    case reaper
    case limits
    case descriptors
    case workingDirectory
    case landlock
    case seccomp
    /// Waiting for whoever started it to let it run.
    case admission
    case execute

    /// The word in records and messages; never changes.
    package var word: String {
        switch self {
        case .start: "start"
        case .parent: "parent"
        case .identity: "identity"
        case .keyring: "keyring"
        case .tree: "tree"
        case .loopback: "loopback"
        case .doors: "doors"
        case .machineName: "machine-name"
        case .privileges: "privileges"
        case .reaper: "reaper"
        case .limits: "limits"
        case .descriptors: "descriptors"
        case .workingDirectory: "working-directory"
        case .landlock: "landlock"
        case .seccomp: "seccomp"
        case .admission: "admission"
        case .execute: "execute"
        }
    }
}

/// Why a sandbox did not start that somebody had to admit.
package enum AdmissionError<Refusal: Error>: Error {
    case sandbox(SandboxError)
    /// It was ready, was not admitted, and nothing of it is left.
    case refused(Refusal)
}

/// Why a sandbox did not start. Nothing of it is left running.
package enum SandboxError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A call failed; two such errors are equal when stage and errno are.
    case failed(SandboxStage, code: Int32, text: String)
    /// The child ended without saying why.
    case ended(ProcessExit)
    /// The child closed its pipe without a word; how it ended is not known yet.
    case silent
    /// The child was still not ready after this many milliseconds, and was killed.
    case late(milliseconds: Int32)
    /// The child said something that this program does not understand.
    case garbled
    /// The plan has doors, and nobody to take the listeners or no network of its own.
    case doorsLeadNowhere
    /// bubblewrap cannot carry out the plan.
    case unfit(BubblewrapError)

    init(_ stage: SandboxStage, _ error: SyscallError) {
        self = .failed(stage, code: error.code, text: error.description)
    }

    package var description: String {
        switch self {
        case .failed(let stage, code: _, let text): "\(stage.word): \(text)"
        case .ended(.exited(let code)): "the child ended with status \(code) before it was ready"
        case .ended(.killed(let signal)): "the child was killed by signal \(signal) before it was ready"
        case .silent: "the child said nothing"
        case .late(let milliseconds): "the child was not ready after \(milliseconds) ms"
        case .garbled: "the child's report makes no sense"
        case .unfit(.reduced): "bubblewrap makes all namespaces and a tree, or none"
        case .unfit(.noProcesses): "bubblewrap needs /proc in the sandbox"
        case .unfit(.covered(let path)): "\(path): this bubblewrap gives no right to cover a protected name"
        case .doorsLeadNowhere: "a network takes a network namespace, and somebody who serves its doors"
        }
    }

    package static func == (left: SandboxError, right: SandboxError) -> Bool {
        switch (left, right) {
        case (.failed(let stage, let code, _), .failed(let otherStage, let otherCode, _)):
            stage == otherStage && code == otherCode
        case (.ended(let exit), .ended(let other)): exit == other
        case (.late(let milliseconds), .late(let other)): milliseconds == other
        case (.unfit(let why), .unfit(let other)): why == other
        case (.garbled, .garbled), (.silent, .silent), (.doorsLeadNowhere, .doorsLeadNowhere): true
        case (.failed, _), (.ended, _), (.silent, _), (.late, _), (.garbled, _), (.doorsLeadNowhere, _), (.unfit, _):
            false
        }
    }
}
