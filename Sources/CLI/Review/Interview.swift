// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// Asks a person about everything that is new or has changed.
struct Interview {
    private let console: Console
    private let choice: ClassChoice

    init(_ choice: ClassChoice, _ console: Console) {
        self.choice = choice
        self.console = console
    }

    /// What was decided; nil if the person wants nothing stored.
    func decide(_ comparison: ReviewComparison, server: ServerName) throws(Failure) -> ReviewDecision? {
        var decision = ReviewDecision()
        for item in comparison.items where item.offered != nil && item.keptOut == nil {
            if choice.isRejected(item.name) { continue }
            if item.state == .same {
                decision.accept(item, risk: choice.chosen(item.name) ?? item.formerClass ?? item.suggestedClass)
                continue
            }
            let name = "\(item.kind.rawValue) \(Visible.ascii(item.name))"
            guard try console.confirm("accept \(name)?") else { continue }
            decision.accept(item, risk: item.kind == .tool ? try risk(item) : .reads)
        }
        decision.instructions = comparison.formerInstructions
        if !comparison.areInstructionsSame {
            decision.instructions = nil
            if comparison.offer.instructions != nil,
                try console.confirm("accept the instructions, which models will read?")
            {
                decision.instructions = comparison.offer.instructions
            }
        }
        let question = "store this review of \(server), with \(Counts.text(decision.toolCount, "tool"))?"
        return try console.confirm(question) ? decision : nil
    }

    private func risk(_ item: ReviewItem) throws(Failure) -> RiskClass {
        if let chosen = choice.chosen(item.name) { return chosen }
        let suggested = item.suggestedClass
        let words = ClassChoice.words.joined(separator: ", ")
        while true {
            let answer = try console.ask("what can \(Visible.ascii(item.name)) do? \(words) [\(suggested.word)]")
            if answer.isEmpty { return suggested }
            if let risk = RiskClass(word: answer) { return risk }
            console.report(ClassChoice.unknown(answer))
        }
    }
}

extension ReviewDecision {
    /// Everything that can be accepted, by what the command line says; what is still the same keeps its class.
    init(accepting comparison: ReviewComparison, _ choice: ClassChoice) {
        self.init()
        for item in comparison.items where !choice.isRejected(item.name) {
            let former = item.state == .same ? item.formerClass : nil
            accept(item, risk: choice.chosen(item.name) ?? former ?? .changes)
        }
        instructions = comparison.offer.instructions
    }
}
