// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// The program: its command line and its two loops.
enum Program {
    /// - Returns: the exit status. 0 if the client ended it, 1 if something failed, 2 for a wrong command line.
    static func run(_ words: [String]) -> Int32 {
        let arguments: Arguments
        do throws(ArgumentError) {
            arguments = try Arguments(words, variable: Environment.value)
        } catch {
            Console.complain(error.sentence, hint: error.hint)
            return 2
        }
        switch arguments {
        case .help: return Console.say(Arguments.usage + "\n", to: 1)
        case .version: return Console.say("doorward-web \(Product.version)\n", to: 1)
        case .upstream(let upstream, let options): return run { () throws(LoopFault) in try relay(upstream, options) }
        case .fetch(let options): return run { () throws(LoopFault) in try fetch(options) }
        }
    }

    private static func run(_ body: () throws(LoopFault) -> Void) -> Int32 {
        do throws(LoopFault) {
            do throws(SyscallError) {
                // It holds a credential: no core of it, and no reader of its memory.
                try ThisProcess.refuseInspection()
            } catch { throw .system(error) }
            Signal.ignoreBrokenPipe()
            try body()
            return 0
        } catch {
            switch error {
            case .system(let error): Console.complain("\(error)", hint: "standard input and output must be open")
            case .curl(.unusable(let why)): Console.complain(why, hint: "reinstall libcurl4")
            case .line(let why):
                Console.complain("a line of input is not a message: \(why)", hint: "each must be one line of JSON")
            case .sessionEnded:
                Console.complain("the server has ended the session", hint: "the next call starts another")
            }
            return 1
        }
    }

    private static func relay(_ upstream: Arguments.Upstream, _ options: Curl.Options) throws(LoopFault) {
        let curl = try curl(options)
        var loop: UpstreamLoop
        do throws(SyscallError) {
            let signals = try SignalDescriptor(blocking: [Signal.terminate, Signal.interrupt, Signal.hangUp])
            loop = try UpstreamLoop(
                input: FileDescriptor(owning: 0), output: FileDescriptor(owning: 1), signals: signals, curl,
                RemoteSession(upstream))
        } catch { throw .system(error) }
        try loop.run()
    }

    private static func fetch(_ options: Curl.Options) throws(LoopFault) {
        let curl = try curl(options)
        var loop = FetchLoop(input: FileDescriptor(owning: 0), output: FileDescriptor(owning: 1), curl)
        try loop.run()
    }

    private static func curl(_ options: Curl.Options) throws(LoopFault) -> Curl {
        do throws(CurlFault) { return try Curl(options) } catch { throw .curl(error) }
    }
}

/// Words for people.
enum Console {
    static func complain(_ sentence: String, hint: String? = nil) {
        let advice = hint.map { "doorward-web: hint: \($0)\n" } ?? ""
        _ = say("doorward-web: error: \(sentence)\n\(advice)", to: 2)
    }

    /// - Returns: 0 if it could be written.
    static func say(_ text: String, to number: Int32) -> Int32 {
        let stream = FileDescriptor(owning: number)
        var status: Int32 = 0
        do throws(SyscallError) {
            try stream.writeAll(Array(text.utf8))
        } catch {
            // Nobody is left to be told.
            status = 1
        }
        // Not ours to close.
        _ = stream.release()
        return status
    }
}
