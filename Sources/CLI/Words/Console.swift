// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Where the program speaks. Results go to standard output, everything else to standard error.
///
/// The rules: lower case, no full stop. `doorward: error: …` says what went wrong, `doorward: hint: …` what can be done.
/// Colours only on a terminal, without NO_COLOR, and not where TERM is `dumb`.
final class Console {
    /// One of the two outputs.
    struct Sink {
        let isTerminal: Bool
        /// Columns that a line may fill; nil where lines are not for a screen.
        let columns: Int?
        let hasColour: Bool
        let write: ([UInt8]) throws(SyscallError) -> Void

        /// The text in a style where that is wanted, else the text.
        func styled(_ text: String, _ style: Style) -> String {
            hasColour && !text.isEmpty ? "\u{1B}[\(style.code)m\(text)\u{1B}[0m" : text
        }
    }

    enum Style {
        case bold
        case dim
        case good
        case warning
        case bad

        fileprivate var code: String {
            switch self {
            case .bold: "1"
            case .dim: "2"
            case .good: "32"
            case .warning: "33"
            case .bad: "31"
            }
        }
    }

    let output: Sink
    let errors: Sink
    let environment: (SystemString) -> [UInt8]?
    private let input: () throws(SyscallError) -> [UInt8]?
    /// The first write to standard output that failed: a result that nobody got is not done.
    private(set) var outputFailure: SyscallError?

    /// - Parameter input: the next line of standard input without its end; nil when there is none.
    init(
        output: Sink, errors: Sink, environment: @escaping (SystemString) -> [UInt8]?,
        input: @escaping () throws(SyscallError) -> [UInt8]?
    ) {
        self.output = output
        self.errors = errors
        self.environment = environment
        self.input = input
    }

    // MARK: Results

    func print(_ line: String = "") { print(bytes: Array(line.utf8) + [0x0A]) }

    func print(bytes: [UInt8]) {
        guard outputFailure == nil else { return }
        do throws(SyscallError) { try output.write(bytes) } catch { outputFailure = error }
    }

    // MARK: Words beside them

    /// A line on standard error.
    func say(_ line: String = "") {
        // Nobody is left to tell if this fails.
        do throws(SyscallError) { try errors.write(Array((line + "\n").utf8)) } catch {}
    }

    func warn(_ sentence: String, hint: String = "") {
        say("doorward: \(errors.styled("warning:", .warning)) \(sentence)")
        if !hint.isEmpty { self.hint(hint) }
    }

    func hint(_ sentence: String) { say("doorward: \(errors.styled("hint:", .dim)) \(sentence)") }

    func report(_ failure: Failure) {
        say("doorward: \(errors.styled("error:", .bad)) \(failure.sentence)")
        for line in failure.hint.split(separator: "\n") { hint(String(line)) }
    }

    // MARK: Questions

    /// Asks a question of yes or no; anything but a plain yes, the end of input too, is no.
    ///
    /// - Parameter isAnswered: the operator said yes beforehand.
    func confirm(_ question: String, unless isAnswered: Bool = false) throws(Failure) -> Bool {
        if isAnswered { return true }
        let answer = try ask("\(question) [y/N]")
        return answer == Array("y".utf8) || answer == Array("yes".utf8)
    }

    /// Asks on standard error and returns the answer in lower case without white space around it; empty at the end of
    /// input.
    func ask(_ question: String) throws(Failure) -> [UInt8] {
        do throws(SyscallError) { try errors.write(Array("\(question) ".utf8)) } catch {}
        let line: [UInt8]?
        do throws(SyscallError) { line = try input() } catch { throw Failure("standard input", error) }
        guard let line else {
            say()
            return []
        }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        let trimmed = line.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        return trimmed.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
    }
}

extension Console {
    /// The console that the process was born with.
    static func standard() -> Console {
        let isDumb = Environment.value("TERM") == Array("dumb".utf8)
        let refusesColour = !(Environment.value("NO_COLOR") ?? []).isEmpty
        func sink(_ stream: StandardStream) -> Sink {
            let isTerminal = stream.isTerminal
            return Sink(
                isTerminal: isTerminal, columns: isTerminal ? stream.columns ?? 80 : nil,
                hasColour: isTerminal && !isDumb && !refusesColour
            ) { bytes throws(SyscallError) in try stream.write(bytes) }
        }
        let lines = InputLines()
        return Console(
            output: sink(.output), errors: sink(.errors), environment: { Environment.value($0) },
            input: { () throws(SyscallError) in try lines.next() })
    }
}

/// Lines of standard input.
private final class InputLines {
    /// An answer to a question is never longer.
    private static let mostBytes = 65_536
    private var queue = ByteQueue()
    private var isOver = false

    func next() throws(SyscallError) -> [UInt8]? {
        while true {
            let waiting = queue.storage[queue.range]
            if let end = waiting.firstIndex(of: 0x0A) {
                let line = Array(waiting[..<end])
                queue.drop(line.count + 1)
                return line
            }
            guard !isOver, queue.count < Self.mostBytes else {
                guard !queue.isEmpty else { return nil }
                let line = Array(waiting)
                queue.removeAll()
                return line
            }
            switch try StandardStream.input.read(into: &queue, limit: 4096) {
            case .moved, .wouldBlock: break
            case .closed: isOver = true
            }
        }
    }
}
