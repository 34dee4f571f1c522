// SPDX-License-Identifier: Apache-2.0

/// What one run of code may use up. A call may ask for less, never for more.
struct CodeCaps: Equatable, Sendable {
    /// Until everything that was started is killed, in seconds.
    var seconds = 60
    /// Private memory of all processes together; one alone may not have more either.
    var memoryBytes = 512 << 20
    /// Of standard output and standard error together that are returned; what is between head and tail is left out.
    var outputBytes = 64 << 10
    /// What may be written, in all directories together, and the longest file.
    var diskBytes = 64 << 20
    /// Processes and threads at the same time.
    var processes = 32
    /// Contents of result files that are returned.
    var resultBytes = 1 << 20

    static let secondsRange = 1...3600
    static let memoryRange = 16 << 20...64 << 30
    /// It is sent twice, and in the worst case every byte takes six: the message must stay below 4 MiB.
    static let outputRange = 1 << 10...256 << 10
    static let diskRange = 64 << 10...16 << 30
    static let processesRange = 1...4096
    /// In base64 it is a third more, and one message holds all of it.
    static let resultRange = 0...1 << 20
}

/// The sealed part of `code_run`: what the command line says.
struct CodeSettings: Equatable, Sendable {
    var languages: [Language]
    var caps = CodeCaps()

    /// More are no choice that a person has looked at.
    static let maxLanguages = 16
    /// What is offered where no language is named.
    static let standard = ["python", "shell"].compactMap(Language.init(known:))
    /// A call that says nothing about time gets this, or the cap where that is less.
    static let defaultSeconds = 30
}

extension CodeSettings {
    /// - Parameter words: behind the word `code`.
    init(_ words: ArraySlice<String>) throws(ArgumentError) {
        var languages: [Language] = []
        var caps = CodeCaps()
        var rest = words
        while let word = rest.popFirst() {
            guard Self.options.contains(word) else { throw .unknown(word) }
            guard let value = rest.popFirst() else { throw .valueMissing(word) }
            switch word {
            case "--language": languages.append(try Self.language(value))
            case "--time": caps.seconds = try Quantity.seconds(value, CodeCaps.secondsRange, word)
            case "--memory": caps.memoryBytes = try Quantity.bytes(value, CodeCaps.memoryRange, word)
            case "--output": caps.outputBytes = try Quantity.bytes(value, CodeCaps.outputRange, word)
            case "--disk": caps.diskBytes = try Quantity.bytes(value, CodeCaps.diskRange, word)
            case "--results": caps.resultBytes = try Quantity.bytes(value, CodeCaps.resultRange, word)
            default: caps.processes = try Quantity.count(value, CodeCaps.processesRange, word)
            }
        }
        guard languages.count <= Self.maxLanguages else { throw .tooManyLanguages }
        for (index, language) in languages.enumerated() {
            guard !languages[..<index].contains(where: { $0.name == language.name }) else {
                throw .badValue("--language", language.name)
            }
        }
        self.languages = languages.isEmpty ? Self.standard : languages
        self.caps = caps
    }

    private static let options = [
        "--language", "--time", "--memory", "--output", "--disk", "--results", "--processes",
    ]

    private static func language(_ value: String) throws(ArgumentError) -> Language {
        let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let found = parts.count == 2 ? Language(name: parts[0], path: parts[1]) : Language(known: value)
        guard let found else { throw .badValue("--language", value) }
        return found
    }
}

/// Numbers with units, as the command line writes them.
enum Quantity {
    /// `90`, `90s`, `5m`, `1h`.
    static func seconds(_ text: String, _ range: ClosedRange<Int>, _ option: String) throws(ArgumentError) -> Int {
        try read(text, [("s", 1), ("m", 60), ("h", 3600)], range, option)
    }

    /// `65536`, `64K`, `512M`, `2G`; powers of 1,024.
    static func bytes(_ text: String, _ range: ClosedRange<Int>, _ option: String) throws(ArgumentError) -> Int {
        try read(text, [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)], range, option)
    }

    static func count(_ text: String, _ range: ClosedRange<Int>, _ option: String) throws(ArgumentError) -> Int {
        try read(text, [], range, option)
    }

    private static func read(
        _ text: String, _ units: [(Character, Int)], _ range: ClosedRange<Int>, _ option: String
    ) throws(ArgumentError) -> Int {
        var digits = text[...]
        var factor = 1
        if let unit = units.first(where: { $0.0 == text.last }) {
            digits = text.dropLast()
            factor = unit.1
        }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(digits),
            case let (value, isTooMuch) = number.multipliedReportingOverflow(by: factor), !isTooMuch,
            range.contains(value)
        else { throw .badValue(option, text) }
        return value
    }
}
