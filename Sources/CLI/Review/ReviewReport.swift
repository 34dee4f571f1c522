// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Shows what a server offers, and what differs from what was reviewed: all of it, with nothing that hides.
struct ReviewReport {
    private let console: Console

    init(_ console: Console) { self.console = console }

    func show(_ comparison: ReviewComparison, server: ServerName) {
        let offer = comparison.offer
        console.print(
            "\(console.output.styled("\(server)", .bold)) speaks \(offer.revision.word) and offers "
                + "\(count(offer.tools, "tool")), \(count(offer.prompts, "prompt")), \(count(offer.templates, "resource template"))"
        )
        let words = ServerCapabilities.words.filter { offer.capabilities.contains($0.1) }.map(\.0.description)
        console.print("  it declares: \(words.isEmpty ? "nothing" : words.joined(separator: ", "))")
        showInstructions(comparison)
        for item in comparison.items { show(item) }
        if comparison.isSame { console.print("nothing differs from the last review") }
    }

    private func count(_ objects: [OfferedObject], _ word: String) -> String {
        Counts.text(objects.count, word)
    }

    private func showInstructions(_ comparison: ReviewComparison) {
        if comparison.areInstructionsSame { return }
        head("instructions", comparison.hasFormer ? "changed" : "new", .warning)
        if let former = comparison.formerInstructions { value("-", Visible.quoted(former), .bad) }
        if let new = comparison.offer.instructions { text("+", new, .good) }
    }

    private func show(_ item: ReviewItem) {
        let name = Visible.ascii(item.name)
        let style: Console.Style? =
            switch item.state {
            case .same: nil
            case .new: .good
            case .changed: .warning
            case .gone: .bad
            }
        head("\(item.kind.rawValue) \(name.isEmpty ? "\"\"" : name)", item.state.rawValue, style)
        if let reason = item.keptOut { value("!", "kept out: \(reason)", .bad) }
        guard let offered = item.offered, item.state != .same else { return }
        if item.kind == .tool {
            let words = ToolAnnotations(offered.tree()).words
            value(" ", "about itself it says: \(words.isEmpty ? "nothing" : words.joined(separator: ", "))")
        }
        if item.state == .new {
            let tree = offered.tree()
            for (key, node) in tree.members(.root) where !tree.equals(key, "name") {
                member("+", Visible.ascii(tree.text(key) ?? []), tree.canonical(node), .good)
            }
        }
        for difference in item.differences {
            if let old = difference.old { member("-", difference.place, old, .bad) }
            if let new = difference.new { member("+", difference.place, new, .good) }
        }
    }

    private func head(_ name: String, _ state: String, _ style: Console.Style?) {
        let shown = style.map { console.output.styled(state, $0) } ?? state
        console.print("\(console.output.styled(name, .bold)): \(shown)")
    }

    private func member(_ sign: String, _ place: String, _ json: CanonicalJSON, _ style: Console.Style) {
        var tree = JSONTree()
        var reader = JSONReader(limits: .config)
        do throws(JSONError) { try reader.read(json.bytes.span, into: &tree) } catch { tree.clear() }
        if let text = tree.text(.root) {
            self.text("\(sign) \(place):", text, style)
        } else {
            value(sign, "\(place): \(Visible.json(json))", style)
        }
    }

    /// A text in ASCII, and once more as it reads where that differs: letters that look like others show in the first,
    /// what it says in the second.
    private func text(_ sign: String, _ text: [UInt8], _ style: Console.Style) {
        value(sign, Visible.quoted(text), style)
        let beyond = String(decoding: text, as: UTF8.self).unicodeScalars.filter { $0.value >= 0x80 }
        guard !beyond.isEmpty else { return }
        let hidden = beyond.filter { !Visible.isPlain($0) }.count
        let warning = hidden == 0 ? "" : console.output.styled(", \(hidden) of them invisible or turning text", .bad)
        value(" ", "\(beyond.count) characters beyond ASCII\(warning); it reads: \(Visible.text(text))")
    }

    private func value(_ sign: String, _ text: String, _ style: Console.Style? = nil) {
        console.print("  \(style.map { console.output.styled(sign, $0) } ?? sign) \(text)")
    }
}
