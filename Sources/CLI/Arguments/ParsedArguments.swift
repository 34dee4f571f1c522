// SPDX-License-Identifier: Apache-2.0

/// One command line, taken apart by the table.
struct ParsedArguments: Equatable {
    let command: CommandName
    private(set) var operands: [[UInt8]] = []
    /// What stood behind `--` of a command that takes a command line.
    private(set) var rest: [[UInt8]] = []
    private var given: [OptionName: [[UInt8]]] = [:]

    init(_ command: CommandName) { self.command = command }

    func has(_ option: OptionName) -> Bool { given[option] != nil }

    /// The option's value; nil if it was not given.
    func value(_ option: OptionName) -> [UInt8]? { given[option]?.first }

    /// All values of an option that may repeat.
    func values(_ option: OptionName) -> [[UInt8]] { given[option] ?? [] }

    /// All values of an option whose values are lists with commas.
    func list(_ option: OptionName) -> [[UInt8]] {
        values(option).flatMap {
            $0.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: true).map(Array.init)
        }
    }

    /// The same arguments, as if this value had been given too.
    func adding(_ option: OptionName, _ value: [UInt8]) -> ParsedArguments {
        var copy = self
        copy.put(option, value)
        return copy
    }

    mutating func put(_ option: OptionName, _ value: [UInt8]) { given[option, default: []].append(value) }
    mutating func put(operand: [UInt8]) { operands.append(operand) }
    mutating func put(rest: [[UInt8]]) { self.rest = rest }
}
