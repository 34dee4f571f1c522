// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Sandboxing

/// Launches, interleaved with plain fork and exec of the same program, until its end is seen.
enum Bench {
    static func run(_ plan: SandboxPlan, _ program: SystemString, _ repeats: Int) throws -> Int32 {
        var plain: [UInt64] = []
        var confined: [UInt64] = []
        var started: [UInt64] = []
        for _ in 0..<repeats {
            plain.append(try measure { try launchPlain(plan, program) })
            let begin = Instant.now
            let child = try Sandbox.start(plan, try Harness.handover(program))
            started.append(Instant.now.nanoseconds - begin.nanoseconds)
            _ = try child.process.pidfd.wait()
            confined.append(Instant.now.nanoseconds - begin.nanoseconds)
        }
        for (name, times) in [("plain", plain), ("sandbox", confined), ("start call", started)] {
            let sorted = times.sorted()
            print(
                name, "median", sorted[sorted.count / 2] / 1000, "µs, p10", sorted[sorted.count / 10] / 1000,
                "µs, p90", sorted[sorted.count * 9 / 10] / 1000, "µs")
        }
        return 0
    }

    private static func measure(_ body: () throws -> Void) rethrows -> UInt64 {
        let begin = Instant.now
        try body()
        return Instant.now.nanoseconds - begin.nanoseconds
    }

    private static func launchPlain(_ plan: SandboxPlan, _ program: SystemString) throws {
        let image = ExecutableImage(arguments: plan.arguments, environment: plan.environment)
        let file = try Harness.open(program, O_RDONLY)
        let child = try Clone.start([]) {
            _ = image.execute(file)
            Clone.exit(126)
        }
        _ = try child.pidfd.wait()
    }
}
