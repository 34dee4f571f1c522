// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// From a fresh process to one that calls may use: agree on a revision, then compare what it offers with what a person
/// reviewed. Until that is done nothing of a caller reaches it.
extension BrokerRoom {
    /// A process for a review is asked what it speaks, the modern way first (MCP-G33); one for calls must speak what it
    /// spoke then.
    func greet(_ upstream: Upstream) {
        upstream.state = .greeting
        upstream.lastUsed = now
        let reviewed = upstream.view.sealed.review?.revision
        if let reviewed, reviewed.era == .legacy, upstream.review == nil {
            initialize(upstream)
            return
        }
        if upstream.review != nil { upstream.probeDeadline = now.adding(milliseconds: Self.probeMilliseconds) }
        send(own: .discover, Method.discover.word, Envelopes.modern(upstream.offers), to: upstream)
    }

    /// How long a server may take to answer `server/discover` before it is greeted the old way.
    private static let probeMilliseconds: UInt64 = 10_000

    func initialize(_ upstream: Upstream) {
        upstream.probeDeadline = nil
        send(own: .initialize, Method.initialize.word, Envelopes.initialize(upstream.offers), to: upstream)
    }

    /// The answer to a request of our own.
    func receive(own request: Upstream.OwnRequest, _ node: JSONNode, isError: Bool, from upstream: Upstream) {
        switch request {
        case .discover: receiveDiscover(node, isError: isError, from: upstream)
        case .initialize: receiveInitialize(node, isError: isError, from: upstream)
        case .tools, .prompts, .templates: receivePage(request, node, isError: isError, from: upstream)
        case .setLevel, .subscribe, .listen, .nothing: break
        }
    }

    private func receiveDiscover(_ node: JSONNode, isError: Bool, from upstream: Upstream) {
        guard upstream.state == .greeting else { return }
        let tree = replyTree
        let versions = isError ? nil : tree.member(node, "supportedVersions")
        let speaksModern =
            versions.map { tree.elements($0).contains { tree.equals($0, Revision.y2026m07d28.word) } } ?? false
        guard speaksModern else {
            // Any answer that is not a modern one means the old way, except for a server that was reviewed as modern.
            if upstream.review != nil {
                // Unless it has been greeted the old way already, since it took its time.
                if upstream.probeDeadline != nil { initialize(upstream) }
                return
            }
            return fail(upstream, .serverMisbehaved, why: "revision-changed")
        }
        upstream.revision = .y2026m07d28
        greeted(upstream, tree, node)
    }

    private func receiveInitialize(_ node: JSONNode, isError: Bool, from upstream: Upstream) {
        guard upstream.state == .greeting else { return }
        let tree = replyTree
        guard !isError,
            let revision = tree.member(node, "protocolVersion").flatMap(tree.text).flatMap(Revision.init(word:)),
            revision.era == .legacy
        else { return fail(upstream, .serverMisbehaved, why: "revision-unknown") }
        guard upstream.review != nil || revision == upstream.view.sealed.review?.revision else {
            return fail(upstream, .serverMisbehaved, why: "revision-changed")
        }
        upstream.revision = revision
        write(compose.notificationLine("notifications/initialized", nil), to: upstream)
        greeted(upstream, tree, node)
    }

    private func greeted(_ upstream: Upstream, _ tree: JSONTree, _ node: JSONNode) {
        upstream.state = .comparing
        upstream.probeDeadline = nil
        upstream.capabilities = CapabilityReading.read(tree, tree.member(node, "capabilities"))
        upstream.instructions = tree.member(node, "instructions").flatMap(tree.text)
        if upstream.capabilities.contains(.tools) {
            ask(upstream, .tools, cursor: nil)
        } else if let review = upstream.review {
            review.next(upstream, self)
        } else {
            // It offers none. If some were reviewed, they are gone.
            compare(upstream)
        }
    }

    /// One page of a listing of our own.
    func ask(_ upstream: Upstream, _ request: Upstream.OwnRequest, cursor: [UInt8]?) {
        let method: Method
        switch request {
        case .tools: method = .toolsList
        case .prompts: method = .promptsList
        case .templates: method = .templatesList
        case .discover, .initialize, .setLevel, .subscribe, .listen, .nothing: return
        }
        let parameters: CanonicalJSON?
        if upstream.revision.era == .modern {
            parameters = Envelopes.modern(upstream.offers) { json in
                guard let cursor else { return }
                json.key("cursor")
                json.string(cursor)
            }
        } else if let cursor {
            var json = JSONWriter()
            json.beginObject()
            json.key("cursor")
            json.string(cursor)
            json.endObject()
            parameters = json.finish()
        } else {
            parameters = nil
        }
        send(own: request, method.word, parameters, to: upstream)
    }

    private func receivePage(_ request: Upstream.OwnRequest, _ node: JSONNode, isError: Bool, from upstream: Upstream) {
        if let review = upstream.review {
            review.receive(request, replyTree, node, isError: isError, upstream, self)
            return
        }
        guard case .tools = request else { return }
        let tree = replyTree
        guard !isError, let list = tree.member(node, "tools"), tree.kind(list) == .array else {
            return fail(upstream, .serverMisbehaved, why: "list-refused")
        }
        for element in tree.elements(list) {
            guard upstream.offered.count < Upstream.mostOffered else {
                return fail(upstream, .serverMisbehaved, why: "list-too-long")
            }
            let name = tree.member(element, "name").flatMap(tree.text) ?? []
            let bytes = tree.canonical(element).bytes
            upstream.offered.append((name, Digest(SHA256.hash(bytes.span))))
        }
        upstream.pages += 1
        if let cursor = tree.member(node, "nextCursor").flatMap(tree.text) {
            guard upstream.pages < Upstream.mostPages else {
                return fail(upstream, .serverMisbehaved, why: "list-too-long")
            }
            ask(upstream, request, cursor: cursor)
            return
        }
        compare(upstream)
    }

    /// What it offers against what was reviewed. A tool that differs is withheld from everybody from here on.
    private func compare(_ upstream: Upstream) {
        let found = upstream.view.compare(upstream.offered)
        upstream.offered = []
        upstream.pages = 0
        for (what, names) in [("changed", found.changed), ("added", found.added), ("gone", found.gone)]
        where !names.isEmpty {
            record(.toolsDiffer) { json in
                json.key("server")
                json.string(upstream.view.name.bytes)
                json.key("tools")
                json.beginArray()
                for name in names.prefix(64) { json.string(Redaction.text(name, limit: 256)) }
                json.endArray()
                json.key("what")
                json.string(what)
            }
        }
        if !found.changed.isEmpty || !found.gone.isEmpty {
            listGeneration += 1
            announce(.tools, of: upstream.view)
        }
        if upstream.state == .comparing { return becomeReady(upstream) }
        upstream.listing = upstream.listing == .stale ? .stale : .none
        upstream.nextListing = now.adding(milliseconds: Self.listingMilliseconds)
    }

    /// Between two listings of one process.
    private static let listingMilliseconds: UInt64 = 1000

    /// It announced a change. Compared anew; callers hear of it only if what they may see has changed.
    func toolsMayHaveChanged(_ upstream: Upstream) {
        guard upstream.state == .ready else { return }
        guard upstream.listing == .none, upstream.nextListing <= now else {
            upstream.listing = .stale
            return
        }
        startListing(upstream)
    }

    /// One listing after the other: pages of two would be taken for one.
    func tickListing(of upstream: Upstream) {
        guard upstream.listing == .stale, !upstream.isListing, upstream.nextListing <= now else { return }
        startListing(upstream)
    }

    private func startListing(_ upstream: Upstream) {
        upstream.listing = .running
        ask(upstream, .tools, cursor: nil)
    }

    private func becomeReady(_ upstream: Upstream) {
        upstream.state = .ready
        upstream.deadline = nil
        upstream.lastUsed = now
        if upstream.revision.era == .legacy, upstream.capabilities.contains(.logging) { sendLevel(to: upstream) }
        watchAgain(upstream)
        let queue = upstream.queue
        upstream.queue = []
        for call in queue where !call.isOver { send(call, to: upstream) }
    }
}

/// A server's `capabilities`, as far as we pass them on.
enum CapabilityReading {
    static func read(_ tree: JSONTree, _ node: JSONNode?) -> ServerCapabilities {
        guard let node else { return [] }
        var found: ServerCapabilities = []
        if let tools = tree.member(node, "tools") {
            found.insert(.tools)
            if isTrue(tree, tools, "listChanged") { found.insert(.toolsChanged) }
        }
        if let prompts = tree.member(node, "prompts") {
            found.insert(.prompts)
            if isTrue(tree, prompts, "listChanged") { found.insert(.promptsChanged) }
        }
        if let resources = tree.member(node, "resources") {
            found.insert(.resources)
            if isTrue(tree, resources, "listChanged") { found.insert(.resourcesChanged) }
            if isTrue(tree, resources, "subscribe") { found.insert(.resourcesSubscribe) }
        }
        if tree.member(node, "completions") != nil { found.insert(.completions) }
        if tree.member(node, "logging") != nil { found.insert(.logging) }
        return found
    }

    private static func isTrue(_ tree: JSONTree, _ node: JSONNode, _ key: StaticString) -> Bool {
        tree.member(node, key).flatMap(tree.bool) ?? false
    }
}
