// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Sandboxing

/// Launches of one program until its end is seen, in turns: as it is, in our sandbox, in bubblewrap's with the usual line,
/// and in bubblewrap's with our second stage.
enum Bench {
    /// What people write who want a sandbox from bubblewrap: all namespaces, the system read-only, memory to write in.
    private static let usualLine: [SystemString] = [
        "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--setenv", "PATH",
        "/usr/bin:/bin",
        "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink",
        "usr/lib64", "/lib64", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
        "--tmpfs", "/home", "--chdir", "/", "--",
    ]

    static func run(_ plan: SandboxPlan, _ program: SystemString, _ repeats: Int, _ bubblewrap: Bubblewrap?) throws
        -> Int32
    {
        var times: [(name: String, nanoseconds: [UInt64])] = []
        func note(_ name: String, _ body: () throws -> Void) rethrows {
            let begin = Instant.now
            try body()
            let time = Instant.now.nanoseconds - begin.nanoseconds
            if let at = times.firstIndex(where: { $0.name == name }) {
                times[at].nanoseconds.append(time)
            } else {
                times.append((name, [time]))
            }
        }
        for _ in 0..<repeats {
            try note("fork and exec") { try launch(program, plan.arguments) }
            try note("own, whole recipe") { try launch(plan, program) }
            guard let bubblewrap else { continue }
            try note("bwrap, usual line, no second stage") {
                try launch(bubblewrap.program, usualLine + [program])
            }
            var other = plan
            other.backend = .bubblewrap(bubblewrap)
            try note("bwrap, whole recipe") { try launch(other, program) }
        }
        for (name, nanoseconds) in times {
            let sorted = nanoseconds.sorted()
            print(
                "\(name): median \(sorted[sorted.count / 2] / 1000) µs, p10 \(sorted[sorted.count / 10] / 1000) µs, "
                    + "p90 \(sorted[sorted.count * 9 / 10] / 1000) µs")
        }
        return 0
    }

    private static func launch(_ plan: SandboxPlan, _ program: SystemString) throws {
        let child = try Sandbox.start(plan, try Harness.handover(program))
        _ = try child.process.pidfd.wait()
    }

    private static func launch(_ program: SystemString, _ arguments: [SystemString]) throws {
        let image = ExecutableImage(arguments: arguments, environment: [])
        let file = try Harness.open(program, O_RDONLY)
        let child = try Clone.start([]) {
            _ = image.execute(file)
            Clone.exit(126)
        }
        guard try child.pidfd.wait() == .exited(0) else {
            throw SyscallError("bench", program.description, code: ECHILD)
        }
    }
}
