// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// One resource of one server that somebody watches.
struct SubscribedResource: Hashable {
    let server: ServerName
    let address: [UInt8]
}

/// Kinds of lists whose change is announced.
enum ListKind {
    case tools
    case prompts
    case resources

    var notification: StaticString {
        switch self {
        case .tools: "notifications/tools/list_changed"
        case .prompts: "notifications/prompts/list_changed"
        case .resources: "notifications/resources/list_changed"
        }
    }
}

/// One `subscriptions/listen` of the modern era: a call that stays open until one side ends it.
final class Subscription {
    let call: Call
    /// Nil on the aggregate endpoint.
    let server: ServerName?
    let kinds: [ListKind]
    let resources: Set<SubscribedResource>

    init(call: Call, server: ServerName?, kinds: [ListKind], resources: Set<SubscribedResource>) {
        self.call = call
        self.server = server
        self.kinds = kinds
        self.resources = resources
    }
}

extension BrokerRoom {
    private static let mostSubscribedResources = 256

    /// `subscriptions/listen`: acknowledged first, with the part that we honour.
    func listen(_ call: Call, _ decision: Decision) throws(Denial) {
        let tree = requestTree
        guard servers(at: decision.server, call.caller, call.connection) != nil else { throw .serverUnknown }
        guard let filter = tree.member(.root, "notifications"), tree.kind(filter) == .object else {
            throw .parametersMalformed
        }
        guard call.principal.callsInFlight < seal.registry.limits.callsPerCaller else { throw .callsInFlightCap }
        func wants(_ key: StaticString) -> Bool { tree.member(filter, key).flatMap(tree.bool) ?? false }
        var kinds: [ListKind] = []
        if wants("toolsListChanged") { kinds.append(.tools) }
        if wants("promptsListChanged") { kinds.append(.prompts) }
        if wants("resourcesListChanged") { kinds.append(.resources) }
        var resources: Set<SubscribedResource> = []
        var shown: [[UInt8]] = []
        var starts: [ServerName: (view: ServerView, choices: [UInt8], offers: ClientOffers)] = [:]
        if let addresses = tree.member(filter, "resourceSubscriptions") {
            guard tree.count(addresses) <= Self.mostSubscribedResources else { throw .parametersMalformed }
            for element in tree.elements(addresses) {
                guard let address = tree.text(element), address.count <= ParameterShape.maxAddressBytes else {
                    throw .parametersMalformed
                }
                guard let (view, local) = select(decision.server, address: address, call.caller, call.connection),
                    view.capabilities.contains(.resourcesSubscribe), mayRead(.resource(local), of: view, call.principal)
                else { continue }
                if starts[view.name] == nil {
                    choose(view, for: call)
                    try choose(call, decision)
                    starts[view.name] = (view, call.choices, call.offers)
                }
                resources.insert(SubscribedResource(server: view.name, address: local))
                shown.append(address)
            }
        }
        noteAdmission(call.caller, call.connection)
        call.principal.callsInFlight += 1
        let subscription = Subscription(call: call, server: decision.server, kinds: kinds, resources: resources)
        subscriptions.append(subscription)
        let message = compose.notification("notifications/subscriptions/acknowledged") { json in
            json.beginObject()
            writeMeta(of: call, &json)
            json.key("notifications")
            json.beginObject()
            if kinds.contains(.prompts) {
                json.key("promptsListChanged")
                json.bool(true)
            }
            if !shown.isEmpty {
                json.key("resourceSubscriptions")
                json.beginArray()
                for address in shown { json.string(address) }
                json.endArray()
            }
            if kinds.contains(.resources) {
                json.key("resourcesListChanged")
                json.bool(true)
            }
            if kinds.contains(.tools) {
                json.key("toolsListChanged")
                json.bool(true)
            }
            json.endObject()
            json.endObject()
        }
        order(call.gate, .event(Event(scope: .call(call.number), message: message)))
        for resource in resources { watch(resource, for: call.principal) }
        for (view, choices, offers) in starts.values {
            (call.choices, call.offers) = (choices, offers)
            start(view, for: call)
        }
    }

    private func mayRead(_ target: Target, of view: ServerView, _ principal: Principal) -> Bool {
        view.verdict(seal.registry.policy, client: principal.client, reading: target).kind == .allow
    }

    /// Whoever watches a resource needs the process that would tell of its changes. Where it may not be started now, the
    /// next call starts it, and it hears then what is watched.
    private func start(_ view: ServerView, for call: Call) {
        // A process that lives as long as one call tells of no changes.
        guard view.sealed.traits.process != .perCall else { return }
        do throws(Denial) { _ = try process(for: call, view) } catch {
            report("a watched server was not started: \(error.word)")
        }
    }

    /// `_meta` with the subscription's number, which is the request's id in its own type.
    private func writeMeta(of call: Call, _ json: inout JSONWriter) {
        json.key("_meta")
        json.beginObject()
        json.key("io.modelcontextprotocol/subscriptionId")
        json.value(call.id)
        json.endObject()
    }

    /// The client has gone or cancelled.
    func endSubscription(of call: Call) {
        guard let index = subscriptions.firstIndex(where: { $0.call === call }) else { return }
        let subscription = subscriptions.remove(at: index)
        call.principal.callsInFlight -= 1
        for resource in subscription.resources { unwatch(resource, for: call.principal) }
    }

    /// Ends all subscriptions with a result, when the room drains.
    func endSubscriptions() {
        for subscription in subscriptions {
            let call = subscription.call
            call.principal.callsInFlight -= 1
            finish(
                call, 200,
                compose.result(call.id) { json in
                    json.beginObject()
                    writeMeta(of: call, &json)
                    json.key("resultType")
                    json.string("complete")
                    json.endObject()
                })
        }
        subscriptions = []
    }

    /// Tells everybody who may see this server that a list of it is not what it was.
    func announce(_ kind: ListKind, of view: ServerView, only: Principal? = nil) {
        for subscription in subscriptions where subscription.kinds.contains(where: { $0 == kind }) {
            let call = subscription.call
            guard only == nil || call.principal === only,
                subscription.server == nil || subscription.server == view.name,
                isVisible(view, to: call.caller, on: call.connection)
            else { continue }
            tell(subscription, kind)
        }
        for session in sessions.values {
            guard only == nil || session.principal === only, session.reaches(view.name) else { continue }
            tell(session, kind)
        }
    }

    /// After a new seal: everybody who sees a server that is not what it was, once for each kind of list.
    func announceChanges(from old: Seal, to new: Seal) {
        let isPolicyChanged = old.registry.policy != new.registry.policy
        let changed = Set(old.servers.map(\.name) + new.servers.map(\.name)).filter { name in
            guard let before = old.server(name), let after = new.server(name) else { return true }
            return isPolicyChanged || !after.isSame(as: before)
        }
        guard !changed.isEmpty else { return }
        for kind in [ListKind.tools, .prompts, .resources] {
            for subscription in subscriptions where subscription.kinds.contains(where: { $0 == kind }) {
                let call = subscription.call
                guard
                    changed.contains(where: { name in
                        (subscription.server == nil || subscription.server == name)
                            && (call.caller.servers.map { $0.contains(name) } ?? true)
                    })
                else { continue }
                tell(subscription, kind)
            }
            for session in sessions.values where changed.contains(where: session.reaches) { tell(session, kind) }
        }
    }

    private func tell(_ subscription: Subscription, _ kind: ListKind) {
        let call = subscription.call
        let message = compose.notification(kind.notification) { json in
            json.beginObject()
            writeMeta(of: call, &json)
            json.endObject()
        }
        order(call.gate, .event(Event(scope: .call(call.number), message: message)))
    }

    private func tell(_ session: Session, _ kind: ListKind) {
        let message = compose.notification(kind.notification) { $0.value(Compose.emptyObject) }
        order(session.gate, .event(Event(scope: .session(session.number), message: message)))
    }

    func notifySubscriptions(updated address: [UInt8], _ upstream: Upstream) {
        let resource = SubscribedResource(server: upstream.view.name, address: address)
        for subscription in subscriptions where subscription.resources.contains(resource) {
            let call = subscription.call
            guard upstream.principal == nil || call.principal === upstream.principal else { continue }
            let shown = subscription.server == nil ? ResourceAddress.wrap(upstream.view.name, address) : address
            let message = compose.notification("notifications/resources/updated") { json in
                json.beginObject()
                writeMeta(of: call, &json)
                json.key("uri")
                json.string(shown)
                json.endObject()
            }
            order(call.gate, .event(Event(scope: .call(call.number), message: message)))
        }
    }

    // MARK: Towards servers

    /// `resources/subscribe` and its opposite, of the legacy era.
    func watchResource(_ call: Call, _ decision: Decision) throws(Denial) {
        guard let session = call.session else { throw .sessionMissing }
        let (view, local) = try selectResource(call, decision)
        guard view.capabilities.contains(.resourcesSubscribe) else { throw .methodUnknown }
        _ = try permitReading(call, view, .resource(local))
        let resource = SubscribedResource(server: view.name, address: local)
        if call.method == .resourcesSubscribe {
            guard session.subscriptions.count < Self.mostSubscribedResources else { throw .callsInFlightCap }
            if session.subscriptions.insert(resource).inserted {
                watch(resource, for: call.principal)
                start(view, for: call)
            }
        } else if session.subscriptions.remove(resource) != nil {
            unwatch(resource, for: call.principal)
        }
        finish(call, 200, compose.result(call.id) { $0.value(Compose.emptyObject) })
    }

    func unwatchAll(of session: Session) {
        for resource in session.subscriptions { unwatch(resource, for: session.principal) }
        session.subscriptions = []
    }

    /// A process that has just become ready hears of everything that is watched there already.
    func watchAgain(_ upstream: Upstream) {
        upstream.watched = [:]
        func count(_ resources: Set<SubscribedResource>, of principal: Principal) {
            for resource in resources where serves(upstream, resource, principal) {
                upstream.watched[resource.address, default: 0] += 1
            }
        }
        for session in sessions.values { count(session.subscriptions, of: session.principal) }
        for subscription in subscriptions { count(subscription.resources, of: subscription.call.principal) }
        if upstream.revision.era == .modern {
            sendListen(to: upstream)
        } else {
            for address in upstream.watched.keys { sendSubscribe(address, to: upstream, on: true) }
        }
    }

    /// Running processes of this client are told; one that starts later is told when it is ready.
    private func watch(_ resource: SubscribedResource, for principal: Principal) {
        for upstream in upstreams.values where serves(upstream, resource, principal) {
            let count = upstream.watched[resource.address, default: 0]
            upstream.watched[resource.address] = count + 1
            if count == 0, upstream.state == .ready { sendSubscribe(resource.address, to: upstream, on: true) }
        }
    }

    private func unwatch(_ resource: SubscribedResource, for principal: Principal) {
        for upstream in upstreams.values where serves(upstream, resource, principal) {
            guard let count = upstream.watched[resource.address] else { continue }
            upstream.watched[resource.address] = count > 1 ? count - 1 : nil
            if count == 1, upstream.state == .ready { sendSubscribe(resource.address, to: upstream, on: false) }
        }
    }

    private func serves(_ upstream: Upstream, _ resource: SubscribedResource, _ principal: Principal) -> Bool {
        upstream.isUsable && upstream.view.name == resource.server
            && (upstream.principal === principal || upstream.principal == nil)
    }

    private func sendSubscribe(_ address: [UInt8], to upstream: Upstream, on: Bool) {
        guard upstream.revision.era == .legacy else {
            sendListen(to: upstream)
            return
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("uri")
        json.string(address)
        json.endObject()
        let method: Method = on ? .resourcesSubscribe : .resourcesUnsubscribe
        send(own: .subscribe(address), method.word, json.finish(), to: upstream)
    }

    /// A modern server has one subscription of ours at a time, for everything that is watched there.
    private func sendListen(to upstream: Upstream) {
        for (id, awaited) in upstream.awaited {
            if case .own(.listen) = awaited {
                // It may close it with a result.
                upstream.awaited[id] = .own(.nothing)
                upstream.expect(id, by: now.adding(milliseconds: upstream.view.sealed.traits.timeoutMilliseconds))
                write(compose.notificationLine("notifications/cancelled", Envelopes.cancelled(id)), to: upstream)
            }
        }
        let addresses = upstream.watched.keys.sorted { $0.lexicographicallyPrecedes($1) }
        if addresses.isEmpty { return }
        let parameters = Envelopes.modern(upstream.offers) { json in
            json.key("notifications")
            json.beginObject()
            json.key("resourceSubscriptions")
            json.beginArray()
            for address in addresses { json.string(address) }
            json.endArray()
            json.endObject()
        }
        send(own: .listen, Method.listen.word, parameters, to: upstream)
    }

    /// Log messages of a legacy server come at one level for all: the lowest that a session of its client wants.
    func sendLevel(to upstream: Upstream) {
        guard upstream.state == .ready, upstream.revision.era == .legacy else { return }
        let levels = sessions.values.filter { upstream.principal == nil || $0.principal === upstream.principal }
            .compactMap(\.logLevel)
        guard let lowest = levels.min() else { return }
        var json = JSONWriter()
        json.beginObject()
        json.key("level")
        json.string(lowest.word)
        json.endObject()
        send(own: .setLevel, Method.setLevel.word, json.finish(), to: upstream)
    }
}
