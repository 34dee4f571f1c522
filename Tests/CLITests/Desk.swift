// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import Scratch

@testable import CLI

/// An operator at a terminal that a test plays: with a home of their own, and answers given in advance.
final class Desk {
    struct Outcome {
        let status: Int32
        /// Standard output and standard error.
        let output: String
        let errors: String
    }

    let scratch = Scratch()
    /// Of the terminal; nil where the outputs are files.
    var columns: Int?
    var hasColour = false
    /// More than HOME and PATH.
    var environment: [String: String] = [:]
    /// What writing to standard output says; nil where it succeeds.
    var brokenOutput: SyscallError?

    var home: String { "\(scratch.path)/home" }
    var configuration: String { "\(home)/.config/doorward/doorward.json" }
    var state: String { "\(home)/.local/state/doorward" }

    init() { makeDirectory("home") }

    /// Runs one command line to its end.
    func run(_ words: String..., answers: [String] = []) -> Outcome { run(words, answers: answers) }

    func run(_ words: [String], answers: [String] = []) -> Outcome {
        // Tests beside this one start programs, and until such a child executes its program it holds our locks too.
        for _ in 0..<1000 {
            let outcome = runOnce(words, answers: answers)
            if !outcome.errors.contains("another doorward command is changing") { return outcome }
        }
        return runOnce(words, answers: answers)
    }

    func runOnce(_ words: [String], answers: [String] = []) -> Outcome {
        let output = Paper()
        let errors = Paper()
        let lines = Answers(answers)
        let broken = brokenOutput
        var variables = ["HOME": home, "PATH": "/usr/bin:/bin"]
        variables.merge(environment) { $1 }
        let console = Console(
            output: sink { bytes throws(SyscallError) in
                if let broken { throw broken }
                output.bytes += bytes
            },
            errors: sink { bytes throws(SyscallError) in errors.bytes += bytes },
            environment: { variables["\($0)"].map { Array($0.utf8) } },
            input: { () throws(SyscallError) in lines.next() })
        let status = CLI.run(words.map { Array($0.utf8) }, console)
        return Outcome(status: status.code, output: output.text, errors: errors.text)
    }

    private func sink(_ write: @escaping ([UInt8]) throws(SyscallError) -> Void) -> Console.Sink {
        Console.Sink(isTerminal: columns != nil, columns: columns, hasColour: hasColour, write: write)
    }

    // MARK: Files

    func path(_ name: String) -> String { "\(scratch.path)/\(name)" }

    func makeDirectory(_ name: String) {
        precondition(Shell.run("umask 077; mkdir -p '\(path(name))'") == 0, "cannot make \(name)")
    }

    /// - Returns: where the file lies.
    @discardableResult
    func put(_ name: String, _ text: String, mode: String = "600") -> String {
        let parent = name.split(separator: "/").dropLast().joined(separator: "/")
        makeDirectory(parent)
        scratch.put(name, Array(text.utf8))
        precondition(Shell.run("chmod \(mode) '\(path(name))'") == 0, "cannot set the mode of \(name)")
        return path(name)
    }

    /// A program of native code that runs nothing else: a copy of one of the system's.
    @discardableResult
    func putProgram(_ name: String, like program: String = "/usr/bin/true") -> String {
        let parent = name.split(separator: "/").dropLast().joined(separator: "/")
        makeDirectory(parent)
        precondition(Shell.run("cp '\(program)' '\(path(name))' && chmod 700 '\(path(name))'") == 0, "no \(name)")
        return path(name)
    }

    @discardableResult
    func link(_ name: String, to target: String) -> String {
        let parent = name.split(separator: "/").dropLast().joined(separator: "/")
        makeDirectory(parent)
        precondition(Shell.run("ln -s '\(target)' '\(path(name))'") == 0, "no \(name)")
        return path(name)
    }

    func configure(_ text: String) { put("home/.config/doorward/doorward.json", text) }

    func contents(_ name: String) -> String { String(decoding: scratch.contents(name) ?? [], as: UTF8.self) }

    var configured: String { contents("home/.config/doorward/doorward.json") }

    var absoluteHome: AbsolutePath? { AbsolutePath(Array(home.utf8)) }
}

private final class Paper {
    var bytes: [UInt8] = []
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

private final class Answers {
    private var left: [String]

    init(_ lines: [String]) { left = lines }

    func next() -> [UInt8]? { left.isEmpty ? nil : Array(left.removeFirst().utf8) }
}

extension String {
    /// The lines, without the one that is empty because the text ends with a line feed.
    var rows: [String] {
        var rows = split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if rows.last == "" { rows.removeLast() }
        return rows
    }
}
