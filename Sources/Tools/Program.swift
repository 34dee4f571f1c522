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
            do throws(SyscallError) {
                return serve(.files(try Roots(grants), Zones()))
            } catch {
                complain("cannot open a directory to read: \(error)", hint: hint(error))
                return 1
            }
        case .code(let settings): return serveCode(settings)
        case .web(let settings): return serveWeb(settings)
        }
    }

    /// Code of a stranger is only started where nothing else is: the sandbox is the tool.
    private static func serveCode(_ settings: CodeSettings) -> Int32 {
        guard OwnSandbox.isComplete else {
            complain(
                "code is run in a complete sandbox of Doorward's only",
                hint: "register this command with \"process\": \"per-call\", on a host with full confinement")
            return 1
        }
        for language in settings.languages {
            do throws(SyscallError) { _ = try Tree.place(try systemString(language.path)) } catch {
                complain(
                    "the interpreter \(language.path) of \(language.name) cannot be found: \(error)",
                    hint: "install it below /usr, or leave --language \(language.name) out")
                return 1
            }
        }
        return serveUnseen(.code(CodeHouse(settings, reach: .sandbox)))
    }

    private static func serveWeb(_ settings: FetchSettings) -> Int32 {
        do throws(SyscallError) {
            let own = FetchSettings.beside(try ThisProcess.executablePath())
            let client = settings.client ?? own
            _ = try Tree.place(try systemString(client))
            return serveUnseen(.web(FetchHouse(settings, client: client)))
        } catch {
            complain("the program that fetches cannot be found: \(error)", hint: "name it with --client PATH")
            return 1
        }
    }

    /// Serves as a process that those which it starts cannot look into.
    private static func serveUnseen(_ kit: Kit) -> Int32 {
        do throws(SyscallError) { try ThisProcess.refuseInspection() } catch {
            complain("\(error)", hint: "this is a fault of doorward, please report it")
            return 1
        }
        return serve(kit)
    }

    private static func systemString(_ path: String) throws(SyscallError) -> SystemString {
        guard let text = SystemString(Array(path.utf8)) else {
            throw SyscallError("open", path, code: SyscallError.forbidden)
        }
        return text
    }

    private static func serve(_ kit: Kit) -> Int32 {
        Signal.ignoreBrokenPipe()
        do throws(SyscallError) {
            let signals = try SignalDescriptor(blocking: [Signal.terminate, Signal.interrupt, Signal.hangUp])
            var loop = try StdioLoop(
                input: FileDescriptor(owning: 0), output: FileDescriptor(owning: 1), signals: signals,
                ToolServer(kit))
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
