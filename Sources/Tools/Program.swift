// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON

/// The program: its command line, its directories, its loop.
enum Program {
    /// - Returns: the exit status. 0 if the client ended it, 1 if something failed, 2 for a wrong command line.
    static func run(_ words: [String]) -> Int32 {
        let arguments: Arguments
        do throws(ArgumentError) {
            arguments = try Arguments(words)
        } catch {
            complain(error.sentence, hint: error.hint)
            return 2
        }
        switch arguments {
        case .help:
            return say(Arguments.usage + "\n", to: 1)
        case .version:
            return say("doorward-tools \(Product.version)\n", to: 1)
        case .serve(let grants):
            return serve(grants)
        }
    }

    private static func serve(_ grants: [Grant]) -> Int32 {
        let roots: Roots
        do throws(SyscallError) {
            roots = try Roots(grants)
        } catch {
            complain("cannot open a directory to read: \(error)", hint: hint(error))
            return 1
        }
        Signal.ignoreBrokenPipe()
        do throws(SyscallError) {
            let signals = try SignalDescriptor(blocking: [Signal.terminate, Signal.interrupt, Signal.hangUp])
            var loop = try StdioLoop(
                input: FileDescriptor(owning: 0), output: FileDescriptor(owning: 1), signals: signals,
                ToolServer(roots, Zones()))
            switch try loop.run() {
            case .inputEnded, .abandoned, .terminated: return 0
            case .refusedLine(let error):
                complain(
                    "a line of input is not JSON: \(error.rule.rawValue) at byte \(error.offset)",
                    hint: "each message must be one line of JSON")
                return 1
            }
        } catch {
            complain("\(error)", hint: "standard input and output must be open")
            return 1
        }
    }

    private static func hint(_ error: SyscallError) -> String {
        if error.isKernelFile { return "directories that the kernel makes up are not offered" }
        if error.isNotFound { return "create it, or correct the path" }
        if error.isNotDirectory { return "give the path of a directory" }
        return "let this user read it, or correct the path"
    }

    private static func complain(_ sentence: String, hint: String) {
        _ = say("doorward-tools: error: \(sentence)\ndoorward-tools: hint: \(hint)\n", to: 2)
    }

    private static func say(_ text: String, to number: Int32) -> Int32 {
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
