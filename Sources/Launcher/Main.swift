// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Linux
internal import Sandboxing

/// The root of the tree: reads what it is told once, starts the rooms, then obeys the broker and nobody else.
func runLauncher() -> Never {
    // The same program, where bubblewrap has started it as the first process of a sandbox.
    if ThisProcess.arguments.dropFirst().first == StageTwo.argument { StageTwo.run() }
    let fault: LaunchFault
    do throws(LaunchFault) {
        let invocation = try Invocation(Array(CommandLine.arguments.dropFirst()))
        let room = try LauncherRoom(invocation)
        exit(try room.run())
    } catch { fault = error }
    Console.say(fault)
    exit(fault.status)
}

/// Why the launcher cannot stand up or go on, in words for the operator.
struct LaunchFault: Error, Equatable {
    let sentence: String
    let hint: String
    /// Exit status, as `doorward serve --help` lists them.
    let status: Int32

    init(_ sentence: String, hint: String, status: Int32 = 1) {
        self.sentence = sentence
        self.hint = hint
        self.status = status
    }

    /// Exit status when confinement is not what was demanded.
    static let unconfined: Int32 = 3
}

/// The launcher's standard error: the only place where it speaks to a person.
enum Console {
    static func say(_ fault: LaunchFault) {
        line("doorward: error: \(fault.sentence)")
        if !fault.hint.isEmpty { line("doorward: hint: \(fault.hint)") }
    }

    static func line(_ text: String) {
        let errors = FileDescriptor(owning: 2)
        // Nobody is left to tell if this fails.
        do throws(SyscallError) { try errors.writeAll(Array((text + "\n").utf8)) } catch {}
        _ = errors.release()
    }
}
