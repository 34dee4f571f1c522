// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// What `--class` and `--reject` say.
struct ClassChoice {
    /// For every tool that has none of its own; nil if none was given.
    private(set) var general: RiskClass?
    private var single: [(tool: [UInt8], risk: RiskClass)] = []
    private let rejected: [[UInt8]]

    static let words = RiskClass.allCases.filter { $0 != .unreviewed }.map(\.word.description)

    init(_ arguments: ParsedArguments) throws(Failure) {
        rejected = arguments.list(.reject)
        for item in arguments.list(.classes) {
            let parts = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).map(
                Array.init)
            guard let word = parts.last, let risk = RiskClass(word: word) else { throw Self.unknown(parts.last ?? []) }
            if parts.count == 2 {
                single.append((parts[0], risk))
            } else {
                guard general == nil else {
                    throw Failure(
                        "--class names two classes for all tools", hint: "name tools: TOOL=CLASS", status: .usage)
                }
                general = risk
            }
        }
    }

    /// The class that was chosen for this tool, nil if none was.
    func chosen(_ tool: [UInt8]) -> RiskClass? { single.last { $0.tool == tool }?.risk ?? general }

    /// Whether the command line decides anything.
    var isGiven: Bool { general != nil || !single.isEmpty || !rejected.isEmpty }

    func isRejected(_ name: [UInt8]) -> Bool { rejected.contains(name) }

    /// Names that no tool has: probably typing errors, and what was meant would be accepted otherwise.
    func strangers(among items: [ReviewItem]) -> [[UInt8]] {
        (single.map(\.tool) + rejected).filter { name in !items.contains { $0.name == name && $0.offered != nil } }
    }

    static func unknown(_ word: [UInt8]) -> Failure {
        Failure(
            "\(Visible.quoted(word)) is not a class of tools", hint: "one of: \(words.joined(separator: ", "))",
            status: .usage)
    }
}
