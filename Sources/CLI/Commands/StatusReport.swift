// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON

/// A running broker's report for people: what is wrong stands in words, what is right in few.
struct StatusReport {
    private let tree: JSONTree
    private let disk: DiskState
    private let console: Console
    private let showsAllLayers: Bool

    init(_ tree: JSONTree, _ disk: DiskState, _ console: Console, showsAllLayers: Bool) {
        self.tree = tree
        self.disk = disk
        self.console = console
        self.showsAllLayers = showsAllLayers
    }

    func show() {
        head()
        listeners()
        rooms()
        servers()
        runs()
        egress()
        audit()
        seal()
        warnings()
    }

    private func list(_ node: JSONNode, _ key: StaticString) -> [JSONNode] {
        tree.member(node, key).map { Array(tree.elements($0)) } ?? []
    }

    private func section(_ name: String) {
        console.print()
        console.print(console.output.styled(name, .bold))
    }

    private func head() {
        let since = tree.unsigned(.root, "since") ?? 0
        let now = Now.seconds
        let up = now > since ? Moments.span(now - since) : "a moment"
        let mode = tree.shown(.root, "mode") == "serve" ? "serving" : "administering"
        console.print(
            "doorward \(tree.shown(.root, "version")), \(mode) for \(up): "
                + "\(count("connections", "connection")), \(count("sessions", "session")), "
                + "\(count("calls", "call")) in flight, \(count("tokens", "live token"))"
        )
    }

    private func count(_ key: StaticString, _ name: String) -> String {
        Counts.text(tree.unsigned(.root, key) ?? 0, name)
    }

    private func listeners() {
        var table = Columns("listener", "address", "state", "connections")
        for listener in list(.root, "listeners") {
            let isOpen = tree.isTrue(listener, "isOpen")
            table.add(
                .init(tree.shown(listener, "name"), .bold), .init(tree.shown(listener, "address")),
                isOpen ? .init("open", .good) : .init("shut", .bad),
                .init("\(tree.unsigned(listener, "connections") ?? 0)"))
        }
        guard !table.isEmpty else { return }
        section("listeners")
        table.print(to: console, indent: 2)
    }

    private func rooms() {
        section("confinement")
        var table = Columns("part", "state")
        for room in list(.root, "rooms") {
            let (text, style) = Confinement(tree, tree.member(room, "confinement")).summary
            table.add(.init(tree.shown(room, "name"), .bold), .init(text, style))
        }
        table.print(to: console, indent: 2)
        guard showsAllLayers else { return }
        for room in list(.root, "rooms") {
            console.print()
            console.print("  \(tree.shown(room, "name"))")
            for line in Confinement(tree, tree.member(room, "confinement")).lines { console.print("    \(line)") }
        }
    }

    private func servers() {
        let servers = list(.root, "servers")
        guard !servers.isEmpty else {
            section("servers")
            console.print("  none is sealed")
            return
        }
        section("servers")
        var table = Columns("server", "reviewed", "tools", "processes", "attention")
        for server in servers {
            let reviewed = tree.unsigned(server, "reviewed")
            let processes = list(server, "processes")
            let attention = attention(server, isReviewed: reviewed != nil)
            table.add(
                .init(tree.shown(server, "name"), .bold),
                reviewed.map { .init(Moments.text($0)) } ?? .init("no", .warning),
                .init("\(tree.unsigned(server, "tools") ?? 0)"),
                .init(processes.isEmpty ? "none" : processes.map { process($0) }.joined(separator: ", ")),
                .init(attention.joined(separator: "; "), attention.isEmpty ? nil : .warning))
        }
        table.print(to: console, indent: 2)
    }

    private func process(_ node: JSONNode) -> String {
        let client = tree.shown(node, "client")
        return "\(tree.unsigned(node, "pid") ?? 0)" + (client.isEmpty ? "" : " for \(client)")
    }

    /// What `doorward run` has started.
    private func runs() {
        let runs = list(.root, "sandboxes")
        guard !runs.isEmpty else { return }
        section("runs")
        var table = Columns("run", "profile", "process", "since", "may", "attention")
        for run in runs {
            let holes = list(run, "local").map { "hole: port \(Visible.json(tree.canonical($0))) of this machine" }
            let attention = holes + tree.shownList(run, "accepted").map { "accepted: \($0)" }
            let grants = tree.shownList(run, "grants")
            table.add(
                .init(tree.shown(run, "name"), .bold), .init(tree.shown(run, "profile")),
                .init("\(tree.unsigned(run, "pid") ?? 0)"), .init(Moments.text(tree.unsigned(run, "since") ?? 0)),
                .init(grants.isEmpty ? "nothing of yours" : grants.joined(separator: ", ")),
                .init(attention.joined(separator: "; "), attention.isEmpty ? nil : .warning))
        }
        table.print(to: console, indent: 2)
    }

    /// Who has a way out, and above all what leads back to this machine.
    private func egress() {
        guard let egress = tree.member(.root, "egress") else { return }
        let sandboxes = list(egress, "sandboxes")
        let state = tree.shown(egress, "state")
        guard !sandboxes.isEmpty || state != "open" else { return }
        section("egress")
        if state == "down" { console.print("  the egress room is down: nothing in a sandbox reaches the network") }
        if state == "audit-unavailable" {
            console.print("  the log takes nothing, so nothing is let out: see audit below")
        }
        var table = Columns("sandbox", "profile", "process", "open connections", "attention")
        for sandbox in sandboxes {
            let holes = list(sandbox, "holes").map { Visible.json(tree.canonical($0)) }
            let holed = holes.map { "hole: port \($0) of this machine" }.joined(separator: "; ")
            table.add(
                .init(tree.shown(sandbox, "name"), .bold), .init(tree.shown(sandbox, "profile")),
                .init("\(tree.unsigned(sandbox, "pid") ?? 0)"),
                .init("\(tree.unsigned(sandbox, "connections") ?? 0)"), .init(holed, holes.isEmpty ? nil : .warning))
        }
        table.print(to: console, indent: 2)
    }

    private func attention(_ server: JSONNode, isReviewed: Bool) -> [String] {
        var words: [String] = []
        if !isReviewed { words.append("nobody is offered its tools before a review") }
        let withheld = tree.shownList(server, "withheld")
        if !withheld.isEmpty { words.append("withheld, not as reviewed: \(withheld.joined(separator: ", "))") }
        let unreviewed = tree.shownList(server, "unreviewed")
        if !unreviewed.isEmpty { words.append("offered without review: \(unreviewed.joined(separator: ", "))") }
        let unfit = tree.shownList(server, "notOnAggregate")
        if !unfit.isEmpty { words.append("only on its own endpoint: \(unfit.joined(separator: ", "))") }
        let accepted = tree.shownList(server, "accepted")
        if !accepted.isEmpty { words.append("dangers accepted: \(accepted.joined(separator: ", "))") }
        let error = tree.shown(server, "lastError")
        if !error.isEmpty { words.append("it last ended with: \(error)") }
        return words
    }

    private func audit() {
        section("audit log")
        guard let audit = tree.member(.root, "audit") else { return }
        if let failure = tree.member(audit, "failure").flatMap(tree.text) {
            console.print("  \(console.output.styled("stopped: \(Visible.text(failure))", .bad))")
            console.print("  \(tree.shown(audit, "hint"))")
            return
        }
        let sequence = tree.unsigned(audit, "sequence") ?? 0
        let synced = tree.unsigned(audit, "synced") ?? 0
        console.print(
            "  record \(sequence), on the disk up to \(synced), in segment \(tree.unsigned(audit, "segment") ?? 0)")
        if tree.isTrue(audit, "isFull") {
            console.print("  \(console.output.styled("the disk is full: no new call is let through", .bad))")
        } else if tree.member(audit, "isSpaceGuaranteed").flatMap(tree.bool) == false {
            console.print("  \(console.output.styled("this file system cannot reserve space ahead", .warning))")
        }
    }

    private func seal() {
        section("registry")
        guard let seal = tree.member(.root, "seal") else { return }
        let digest = tree.shown(seal, "digest")
        console.print(
            "  sealed \(Moments.text(tree.unsigned(seal, "sealedAt") ?? 0)), \(tree.unsigned(seal, "rules") ?? 0) rules, "
                + "digest \(digest.prefix(16))")
        let refused = tree.shown(seal, "refused")
        if !refused.isEmpty {
            console.print("  \(console.output.styled("a newer one was not believed: \(refused)", .bad))")
        }
    }

    private func warnings() {
        var isFirst = true
        func space() {
            if isFirst { console.print() }
            isFirst = false
        }
        if tree.unsigned(.root, "uid") == 0 {
            space()
            console.warn("doorward runs as root; as a user of its own it could do less harm")
        }
        if tree.member(.root, "isFullConfinementDemanded").flatMap(tree.bool) == false {
            space()
            console.warn("full confinement is not demanded", hint: "doorward doctor says what this host lacks")
        }
        disk.showConfiguration(console)
    }
}

/// One confinement report, as the broker writes it.
struct Confinement {
    private let layers: [(name: String, state: String)]
    private let isKnown: Bool

    init(_ tree: JSONTree, _ node: JSONNode?) {
        guard let node, tree.kind(node) == .object else {
            layers = []
            isKnown = false
            return
        }
        isKnown = true
        layers = tree.members(node).map {
            (Visible.text(tree.text($0.key) ?? []), Visible.text(tree.text($0.value) ?? []))
        }
    }

    /// Every layer and its state.
    var lines: [String] { isKnown ? layers.map { "\($0.name): \($0.state)" } : ["no report"] }

    /// In one sentence: what is missing or weaker first.
    var summary: (String, Console.Style) {
        guard isKnown else { return ("no report", .bad) }
        let gaps = layers.filter { $0.state != "enforced" }
        let enforced = layers.count - gaps.count
        if gaps.isEmpty { return ("all \(enforced) layers enforced", .good) }
        let words = gaps.map { "\($0.name) \($0.state)" }.joined(separator: ", ")
        let isMissing = gaps.contains { $0.state.hasPrefix("missing") }
        return ("\(enforced) layers enforced; \(words)", isMissing ? .warning : .good)
    }
}
