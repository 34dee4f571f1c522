// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// `doorward audit tail`
enum TailCommand {
    private static let standardLines = 20
    private static let mostLines = 100_000
    /// Between two looks for new records, in milliseconds.
    private static let pause: Int32 = 200

    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let count = try count(arguments)
        let places = try Places(arguments, console)
        var follower = try RecordFollower(places.audit)
        try show(follower.last(count), arguments, console)
        guard arguments.has(.follow) else { return .done }
        var poller = try poller()
        var ready: [Readiness] = []
        // Ended by a signal, or by whoever reads our output.
        while console.outputFailure == nil {
            do throws(SyscallError) { try poller.wait(&ready, milliseconds: pause) } catch {
                throw Failure("waiting", error)
            }
            while true {
                let lines = try follower.more()
                if lines.isEmpty { break }
                show(lines, arguments, console)
            }
        }
        return .failed
    }

    private static func show(_ lines: [[UInt8]], _ arguments: ParsedArguments, _ console: Console) {
        for line in lines {
            if arguments.has(.json) {
                console.print(bytes: line + [0x0A])
            } else {
                console.print(RecordText.line(line, console.output) ?? Visible.ascii(line))
            }
        }
    }

    private static func poller() throws(Failure) -> Poller {
        do throws(SyscallError) { return try Poller(batch: 1) } catch { throw Failure("waiting", error) }
    }

    private static func count(_ arguments: ParsedArguments) throws(Failure) -> Int {
        guard let text = arguments.value(.lines) else { return standardLines }
        guard let count = Int(String(decoding: text, as: UTF8.self)), (0...mostLines).contains(count) else {
            throw Failure("-n needs a number up to \(mostLines)", hint: "doorward help audit tail", status: .usage)
        }
        return count
    }
}
