// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The standard streams of a run. What is a terminal here is not handed on: whoever holds a terminal can read what is
/// typed and, on many systems, type (TIOCSTI). The run gets one of its own, and what is shown there is shown here.
final class RunStreams {
    private let terminal: TerminalBox?
    let isInputTerminal: Bool
    private let isOutputTerminal: Bool
    private let isErrorsTerminal: Bool
    /// `TERM` of the caller.
    let terminalName: [UInt8]?

    init(_ console: Console) throws(Failure) {
        let isInput = StandardStream.input.isTerminal
        isInputTerminal = isInput
        isOutputTerminal = StandardStream.output.isTerminal
        isErrorsTerminal = StandardStream.errors.isTerminal
        terminalName = console.environment("TERM")
        do throws(SyscallError) {
            for stream in [StandardStream.input, .output, .errors] where try stream.isDirectory() {
                throw SyscallError("fstat", "standard stream \(stream.rawValue)", code: Self.isADirectory)
            }
            if let stream = [StandardStream.input, .output, .errors].first(where: \.isTerminal) {
                terminal = try TerminalBox(stream, raw: !isInput)
            } else {
                terminal = nil
            }
        } catch { throw Failure("a terminal for the run", error, hint: "redirect input and output") }
    }

    /// EISDIR
    private static let isADirectory: Int32 = 21

    var hasTerminal: Bool { terminal != nil }

    /// Where what the run shows is shown.
    var screen: StandardStream { isOutputTerminal ? .output : isErrorsTerminal ? .errors : .input }

    func input() throws(SyscallError) -> FileDescriptor { try end(isInputTerminal, .input) }
    func output() throws(SyscallError) -> FileDescriptor { try end(isOutputTerminal, .output) }
    func errors() throws(SyscallError) -> FileDescriptor { try end(isErrorsTerminal, .errors) }

    private func end(_ isTerminal: Bool, _ stream: StandardStream) throws(SyscallError) -> FileDescriptor {
        if isTerminal, let terminal { return try terminal.copyOfProgramEnd() }
        return try stream.copy()
    }

    /// Our end of the terminal, once the run has its own: then it closes with the last program inside.
    func takeMaster() -> FileDescriptor? { terminal?.takeMaster() }
}

/// A pseudo-terminal until it is parted.
final class TerminalBox {
    private var terminal: PseudoTerminal?

    /// - Parameter stream: the terminal that it shall be like.
    init(_ stream: StandardStream, raw: Bool) throws(SyscallError) {
        let made = try PseudoTerminal.open()
        if let size = stream.screen { try made.setSize(size) }
        try made.behave(like: TerminalSettings(of: stream), raw: raw)
        terminal = consume made
    }

    func copyOfProgramEnd() throws(SyscallError) -> FileDescriptor {
        switch terminal {
        case .some(let terminal): return try terminal.copyOfProgramEnd()
        case nil: return try FileDescriptor.null()
        }
    }

    func takeMaster() -> FileDescriptor? { terminal.take()?.keepMaster() }
}
