// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// One tool, prompt or template, as it was reviewed and as it is offered now.
struct ReviewItem {
    enum Kind: String {
        case tool
        case prompt
        case template
    }

    enum State: String {
        case same
        case new
        case changed
        case gone
    }

    let kind: Kind
    let name: [UInt8]
    /// As it is offered now; nil if it is gone.
    let offered: OfferedObject?
    /// As it was reviewed; nil if it is new.
    let reviewed: CanonicalJSON?
    /// The class of the last review; tools only.
    let formerClass: RiskClass?
    /// Why nobody can be offered it.
    let keptOut: String?

    var state: State {
        switch (offered, reviewed) {
        case (nil, _): .gone
        case (_?, nil): .new
        case (let offered?, let reviewed?): offered.object == reviewed ? .same : .changed
        }
    }

    var differences: [FieldDifference] {
        guard let offered, let reviewed else { return [] }
        return FieldDifference.find(reviewed, offered.object)
    }

    /// What a person might choose first: never lower than what the tool admits.
    var suggestedClass: RiskClass {
        guard let offered else { return .changes }
        return ToolJudge.risk(state == .same ? formerClass ?? .changes : .changes, offered)
    }
}

/// Everything that a review is about.
struct ReviewComparison {
    let offer: Offer
    let items: [ReviewItem]
    let formerInstructions: [UInt8]?
    /// Whether there was a review to compare with.
    let hasFormer: Bool

    init(_ offer: Offer, _ review: Review?) {
        self.offer = offer
        hasFormer = review != nil
        formerInstructions = review?.instructions
        var items = Self.items(.tool, offer.tools, (review?.tools ?? []).map { ($0.name.bytes, $0.object, $0.risk) })
        items += Self.items(.prompt, offer.prompts, (review?.prompts ?? []).map { ($0.name, $0.object, nil) })
        items += Self.items(.template, offer.templates, (review?.templates ?? []).map { ($0.name, $0.object, nil) })
        self.items = items
    }

    var areInstructionsSame: Bool { hasFormer ? offer.instructions == formerInstructions : offer.instructions == nil }

    /// Whether the offer is exactly what was reviewed, apart from what is kept out.
    var isSame: Bool {
        hasFormer && areInstructionsSame
            && items.allSatisfy { $0.state == .same || ($0.state == .new && $0.keptOut != nil) }
    }

    private static func items(
        _ kind: ReviewItem.Kind, _ offered: [OfferedObject], _ reviewed: [([UInt8], CanonicalJSON, RiskClass?)]
    ) -> [ReviewItem] {
        var items: [ReviewItem] = []
        for object in offered {
            let former = reviewed.first { $0.0 == object.name }
            let isTwice = offered.filter { $0.name == object.name }.count > 1
            let reason =
                isTwice
                ? "two have this name"
                : kind == .tool ? ToolJudge.reasonToKeepOut(object) : ToolJudge.reasonAboutSize(object)
            items.append(
                ReviewItem(
                    kind: kind, name: object.name, offered: object, reviewed: former?.1, formerClass: former?.2,
                    keptOut: reason))
        }
        for former in reviewed where !offered.contains(where: { $0.name == former.0 }) {
            items.append(
                ReviewItem(
                    kind: kind, name: former.0, offered: nil, reviewed: former.1, formerClass: former.2, keptOut: nil))
        }
        return items
    }
}

/// What a person decided, item by item; becomes a review.
struct ReviewDecision {
    private var tools: [PinnedTool] = []
    private var prompts: [PinnedObject] = []
    private var templates: [PinnedObject] = []
    var instructions: [UInt8]?

    init() {}

    /// Takes in an item that is offered and not kept out.
    ///
    /// - Parameter risk: the class that was chosen; raised here by what the tool admits.
    mutating func accept(_ item: ReviewItem, risk: RiskClass) {
        guard let offered = item.offered, item.keptOut == nil else { return }
        let pinned = PinnedObject(name: item.name, object: offered.object, digest: offered.digest)
        switch item.kind {
        case .tool:
            guard let name = ToolName(item.name) else { return }
            tools.append(
                PinnedTool(
                    name: name, object: offered.object, digest: offered.digest, risk: ToolJudge.risk(risk, offered)))
        case .prompt: prompts.append(pinned)
        case .template: templates.append(pinned)
        }
    }

    /// - Parameter now: seconds since 1970.
    func review(_ offer: Offer, now: UInt64) -> Review {
        Review(
            reviewedAt: now, revision: offer.revision, capabilities: offer.capabilities, instructions: instructions,
            tools: tools, prompts: prompts, templates: templates,
            set: ReviewDigests.set(tools: tools, prompts: prompts, templates: templates, instructions: instructions))
    }

    var toolCount: Int { tools.count }
}
