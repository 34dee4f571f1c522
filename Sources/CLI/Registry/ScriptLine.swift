// SPDX-License-Identifier: Apache-2.0

/// What the first bytes of a program say about how the kernel would run it.
enum ProgramForm: Equatable {
    case native
    /// `#!`: the interpreter as written, and the rest of the line as one argument.
    case script(interpreter: [UInt8], argument: [UInt8]?)
    /// Neither: only a shell would try to run it.
    case other
    /// A `#!` line that is longer than the kernel reads.
    case lineTooLong

    /// As much of a file as the kernel looks at (BINPRM_BUF_SIZE).
    static let headBytes = 256

    /// Reads the line as Linux does since 5.1 (fs/binfmt_script.c): cut at the first line feed, spaces and tabs at both
    /// ends dropped, one argument at most, which keeps the spaces inside it.
    init(_ head: [UInt8]) {
        if head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
            self = .native
            return
        }
        guard head.starts(with: "#!".utf8) else {
            self = .other
            return
        }
        let body = head.prefix(Self.headBytes).dropFirst(2)
        guard let end = body.firstIndex(of: 0x0A) ?? (head.count < Self.headBytes ? body.endIndex : nil) else {
            self = .lineTooLong
            return
        }
        let line = Self.trimmed(body[..<end])
        let interpreter = line.prefix { !Self.isBlank($0) }
        guard !interpreter.isEmpty else {
            self = .other
            return
        }
        let argument = Self.trimmed(line.dropFirst(interpreter.count))
        self = .script(interpreter: Array(interpreter), argument: argument.isEmpty ? nil : Array(argument))
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}

/// Scripts that reach their interpreter by a detour, and the words that say the same without it.
enum ScriptDetour {
    /// The words behind `env` in `#!/usr/bin/env WORD…`: with `-S` several, else one. Nil where env is asked for more
    /// than to find a program.
    static func words(ofEnv argument: [UInt8]?) -> [[UInt8]]? {
        guard let argument else { return nil }
        var words = argument.split { $0 == 0x20 || $0 == 0x09 }.map(Array.init)
        if words.first == Array("-S".utf8) || words.first == Array("--split-string".utf8) {
            words.removeFirst()
        } else if words.count != 1 {
            // Without -S the kernel hands env one argument with a space in it, which names no program.
            return nil
        }
        guard let first = words.first, first.first != UInt8(ascii: "-"), !first.contains(UInt8(ascii: "=")),
            !words.contains(where: { $0.contains { "\"'\\$".utf8.contains($0) } })
        else { return nil }
        return words
    }

    /// The interpreter that a launcher script written by pip or uv executes: `#!/bin/sh` and then
    /// `'''exec' "/long path/python" "$0" "$@"`, which they write where a `#!` line would be too long.
    static func interpreter(ofLauncher text: [UInt8]) -> [UInt8]? {
        let lines = text.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count == 3, lines[0].elementsEqual("#!/bin/sh".utf8) else { return nil }
        let line = lines[1]
        let front = Array("'''exec' ".utf8)
        let back = Array(" \"$0\" \"$@\"".utf8)
        guard line.count > front.count + back.count, line.starts(with: front), line.suffix(back.count) == back[...]
        else {
            return nil
        }
        var name = line.dropFirst(front.count).dropLast(back.count)
        for quote in [UInt8(ascii: "\""), UInt8(ascii: "'")]
        where name.first == quote && name.last == quote && name.count > 2 {
            name = name.dropFirst().dropLast()
        }
        guard name.first == UInt8(ascii: "/"), !name.contains(where: { "\"'\\$`".utf8.contains($0) }) else {
            return nil
        }
        return Array(name)
    }
}
