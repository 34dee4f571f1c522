// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// What servers say without being asked: passed on only to those whom it concerns, in the form of their era.
extension BrokerRoom {
    /// Progress and log messages of one server in a second; what is above is dropped (MCP-G21).
    static let mostNotifications = 200
    /// A server that sends so many in one second is not worth the reading.
    private static let mostFlooding = 10_000

    func receiveNotification(_ method: JSONNode, _ parameters: JSONNode?, from upstream: Upstream) {
        let tree = replyTree
        let count = upstream.countUnasked(now)
        guard count <= Self.mostNotifications else {
            if count > Self.mostFlooding { fail(upstream, .serverMisbehaved, why: "notification-flood") }
            return
        }
        if tree.equals(method, "notifications/progress") {
            receiveProgress(tree, parameters, from: upstream)
        } else if tree.equals(method, "notifications/message") {
            receiveLog(tree, parameters, from: upstream)
        } else if tree.equals(method, "notifications/tools/list_changed") {
            // Compared anew; callers hear of it only if what they may see has changed.
            toolsMayHaveChanged(upstream)
        } else if tree.equals(method, "notifications/prompts/list_changed") {
            // Prompts are shown as they were reviewed: nothing changes for anybody.
        } else if tree.equals(method, "notifications/resources/list_changed") {
            announce(.resources, of: upstream.view, only: upstream.principal)
        } else if tree.equals(method, "notifications/resources/updated") {
            receiveUpdate(tree, parameters, from: upstream)
        } else if tree.equals(method, "notifications/cancelled") {
            receiveCancelled(tree, parameters, from: upstream)
        } else if tree.equals(method, "notifications/subscriptions/acknowledged")
            || tree.equals(method, "notifications/elicitation/complete")
        {
            // About requests of ours that nobody else waits for.
        } else {
            drop(upstream, .notAllowed)
        }
    }

    private func receiveProgress(_ tree: JSONTree, _ parameters: JSONNode?, from upstream: Upstream) {
        guard let parameters, let token = tree.member(parameters, "progressToken").flatMap(tree.integer),
            let call = upstream.progress[token], let own = call.progressToken
        else { return drop(upstream, .unasked) }
        call.lastProgress = now
        let message = compose.notification("notifications/progress") { json in
            json.object(tree, parameters, edits: [.put("progressToken", own), .remove("_meta")])
        }
        order(call.gate, .event(Event(scope: .call(call.number), message: message)))
    }

    /// Over stdio a log message does not say which request it belongs to. It goes to the one call that can be meant, and
    /// to those sessions of the same client that asked for messages of its level.
    private func receiveLog(_ tree: JSONTree, _ parameters: JSONNode?, from upstream: Upstream) {
        guard let parameters, let level = LogLevel(tree, tree.member(parameters, "level")) else {
            return drop(upstream, .notAllowed)
        }
        let name = upstream.view.name
        var message: [UInt8]?
        func composed() -> [UInt8] {
            if let message { return message }
            let new = compose.notification("notifications/message") { json in
                json.object(
                    tree, parameters, edits: [.put("logger", loggerName(tree, parameters, name)), .remove("_meta")])
            }
            message = new
            return new
        }
        let live = upstream.liveCalls
        // Of a shared process it may be about anybody's call, so it is told to somebody only if all calls are theirs.
        let owner = upstream.principal ?? live.first?.principal
        guard let owner, live.allSatisfy({ $0.principal === owner }) else { return }
        let modern = live.filter { call in
            guard call.era == .modern, let wanted = call.logLevel else { return false }
            return wanted <= level
        }
        if let only = modern.first, modern.count == 1 {
            order(only.gate, .event(Event(scope: .call(only.number), message: composed())))
        }
        for session in sessions.values where session.principal === owner && session.reaches(name) {
            guard let wanted = session.logLevel, wanted <= level else { continue }
            order(session.gate, .event(Event(scope: .session(session.number), message: composed())))
        }
    }

    /// The registry's name in front: on the aggregate endpoint all messages seem to come from Doorward.
    private func loggerName(_ tree: JSONTree, _ parameters: JSONNode, _ server: ServerName) -> CanonicalJSON {
        var text = server.bytes
        if let given = tree.member(parameters, "logger").flatMap(tree.text), given.count <= 256 {
            text += [UInt8(ascii: "/")] + given
        }
        return JSONText.canonical(text)
    }

    private func receiveUpdate(_ tree: JSONTree, _ parameters: JSONNode?, from upstream: Upstream) {
        guard let parameters, let address = tree.member(parameters, "uri").flatMap(tree.text) else {
            return drop(upstream, .notAllowed)
        }
        for session in sessions.values where session.principal === upstream.principal || upstream.principal == nil {
            guard session.subscriptions.contains(SubscribedResource(server: upstream.view.name, address: address))
            else {
                continue
            }
            let shown = session.server == nil ? ResourceAddress.wrap(upstream.view.name, address) : address
            let message = compose.notification("notifications/resources/updated") { json in
                json.beginObject()
                json.key("uri")
                json.string(shown)
                json.endObject()
            }
            order(session.gate, .event(Event(scope: .session(session.number), message: message)))
        }
        notifySubscriptions(updated: address, upstream)
    }

    /// A server may only end a subscription of ours; a call is ended by its client.
    private func receiveCancelled(_ tree: JSONTree, _ parameters: JSONNode?, from upstream: Upstream) {
        guard let parameters, let id = tree.member(parameters, "requestId").flatMap(tree.integer),
            case .own(.listen) = upstream.awaited[id]
        else { return drop(upstream, .notAllowed) }
        upstream.awaited[id] = nil
    }
}

extension Envelopes {
    /// `params` of a cancellation of a request of ours.
    static func cancelled(_ id: Int64) -> CanonicalJSON {
        var json = JSONWriter()
        json.beginObject()
        json.key("requestId")
        json.integer(id)
        json.endObject()
        return json.finish()
    }
}
