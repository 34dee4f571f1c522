// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Policy
internal import StrictJSON

/// `doorward registry review`
enum ReviewCommand {
    /// A server may take minutes to answer for the first time.
    private static let probeSeconds: UInt64 = 600

    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let name = try ServerArgument.name(arguments)
        let choice = try ClassChoice(arguments)
        let places = try Places(arguments, console)
        let server = try sealed(name, places)
        // A review of other files counts for nothing, and still shows best what is different now.
        let outdated = server.review == nil ? try ReviewStore.last(name, places) : nil
        let comparison = ReviewComparison(try probe(name, places, arguments), server.review ?? outdated)
        if let stranger = choice.strangers(among: comparison.items).first {
            throw Failure(
                "\(name) offers no tool \(Visible.quoted(stranger))", hint: "doorward registry review \(name)",
                status: .usage)
        }
        if arguments.has(.json), !arguments.has(.yes) {
            console.print(
                document: ReviewDocument.compose(comparison, server: name, stored: nil, isOutdated: outdated != nil))
            return .done
        }
        if !arguments.has(.json) {
            ReviewReport(console).show(comparison, server: name)
            if let outdated {
                console.warn(
                    "the last review, of \(Moments.text(outdated.reviewedAt)), was of other files and does not count; "
                        + "what is the same here may do something else now")
            }
        }
        if comparison.isSame, outdated == nil, !choice.isGiven, !arguments.has(.yes) { return .done }
        let decision: ReviewDecision?
        if arguments.has(.yes) {
            decision = ReviewDecision(accepting: comparison, choice)
        } else {
            decision = try Interview(choice, console).decide(comparison, server: name)
        }
        guard let decision else {
            console.say("no review was stored")
            return .declined
        }
        let review = decision.review(comparison.offer, now: Now.seconds)
        try store(review, for: server, places)
        let isAdopted = try ReloadCommand.adopt(places) != nil
        if arguments.has(.json) {
            console.print(
                document: ReviewDocument.compose(comparison, server: name, stored: review, isOutdated: outdated != nil))
        } else {
            tell(review, comparison, name, isAdopted, console)
        }
        return .done
    }

    private static func tell(
        _ review: Review, _ comparison: ReviewComparison, _ name: ServerName, _ isAdopted: Bool, _ console: Console
    ) {
        for tool in review.tools {
            console.print(
                "\(name).\(tool.name): \(tool.risk.word)"
                    + (tool.risk.defaultVerdict == .allow ? "" : ", so calls need a rule that allows them")
            )
        }
        let out = comparison.offer.tools.count - review.tools.count
        console.print(
            "reviewed \(name): \(Counts.text(review.tools.count, "tool")) accepted, \(out) kept out"
                + (isAdopted ? "; the running doorward has adopted it" : ""))
    }

    private static func sealed(_ name: ServerName, _ places: Places) throws(Failure) -> SealedServer {
        guard let server = try SealedFile.read(places)?.registry.server(name) else {
            throw Failure("\(name) is not sealed", hint: "doorward registry list; doorward registry seal")
        }
        return server
    }

    /// What the server offers, as the sealed registry on the disk would start it.
    static func probe(_ name: ServerName, _ places: Places, _ arguments: ParsedArguments) throws(Failure) -> Offer {
        let answer = try Administrator.with(places, arguments) { broker throws(Failure) in
            // A running broker may still have the registry before this one.
            _ = try broker.ask(.reload, seconds: 60)
            return try broker.ask(.probe(server: name), seconds: probeSeconds)
        }
        return try Offer(answer)
    }

    /// Keeps the review, and seals the server with it. Nothing else is resolved or sealed anew: changes to the
    /// configuration that nobody has sealed stay unsealed.
    static func store(_ review: Review, for server: SealedServer, _ places: Places) throws(Failure) {
        let lock = try ChangeLock(places.registry)
        guard var registry = try SealedFile.read(places)?.registry,
            let index = registry.servers.firstIndex(where: { $0.name == server.name }),
            isSame(registry.servers[index], server)
        else {
            throw Failure(
                "\(server.name) was sealed anew while it was reviewed", hint: "doorward registry review \(server.name)")
        }
        try ReviewStore.write(review, for: server, places)
        registry.servers[index].review = review
        registry.sealedAt = Now.seconds
        _ = try SealedFile.write(registry, places)
        _ = consume lock
    }

    private static func isSame(_ one: SealedServer, _ other: SealedServer) -> Bool {
        SealedWriter.server(one) == SealedWriter.server(other)
    }
}
