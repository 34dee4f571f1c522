// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// Starts a sealed server in its sandbox and collects everything that it offers, for a person to look at. The process
/// serves nobody else and ends with the answer.
final class ReviewProbe {
    let session: OperatorSession
    private unowned let room: BrokerRoom
    private var tools: [CanonicalJSON] = []
    private var prompts: [CanonicalJSON] = []
    private var templates: [CanonicalJSON] = []
    private var bytes = 0
    private var pages = 0
    private var stage = 0
    /// Of everything that is collected: more fits no reply, and nobody would read it.
    private static let mostBytes = 16 << 20

    init(session: OperatorSession, room: BrokerRoom) {
        self.session = session
        self.room = room
    }

    /// Asks for the next kind of thing that the server declared, or ends.
    func next(_ upstream: Upstream, _ room: BrokerRoom) {
        pages = 0
        stage += 1
        switch stage {
        case 1:
            if upstream.capabilities.contains(.prompts) { return room.ask(upstream, .prompts, cursor: nil) }
        case 2:
            if upstream.capabilities.contains(.resources) { return room.ask(upstream, .templates, cursor: nil) }
        default: return finish(upstream)
        }
        next(upstream, room)
    }

    func receive(
        _ request: Upstream.OwnRequest, _ tree: JSONTree, _ node: JSONNode, isError: Bool, _ upstream: Upstream,
        _ room: BrokerRoom
    ) {
        let key: StaticString
        switch request {
        case .tools: key = "tools"
        case .prompts: key = "prompts"
        case .templates: key = "resourceTemplates"
        case .discover, .initialize, .setLevel, .subscribe, .listen, .nothing: return
        }
        // A server that declares a kind and then knows no such list offers nothing of it.
        if !isError, let list = tree.member(node, key) {
            for element in tree.elements(list) {
                let object = tree.canonical(element)
                bytes += object.bytes.count
                guard tools.count + prompts.count + templates.count < Upstream.mostOffered, bytes <= Self.mostBytes
                else {
                    return room.fail(upstream, .serverMisbehaved, why: "list-too-long")
                }
                switch request {
                case .prompts: prompts.append(object)
                case .templates: templates.append(object)
                case .tools, .discover, .initialize, .setLevel, .subscribe, .listen, .nothing: tools.append(object)
                }
            }
            pages += 1
            if let cursor = tree.member(node, "nextCursor").flatMap(tree.text), pages < Upstream.mostPages {
                return room.ask(upstream, request, cursor: cursor)
            }
        }
        next(upstream, room)
    }

    private func finish(_ upstream: Upstream) {
        var json = JSONWriter()
        json.beginObject()
        json.key("capabilities")
        json.beginArray()
        for (word, capability) in ServerCapabilities.words where upstream.capabilities.contains(capability) {
            json.string(word)
        }
        json.endArray()
        json.key("confinement")
        Confinements.write(upstream.confinement, &json)
        if let instructions = upstream.instructions {
            json.key("instructions")
            json.string(instructions)
        }
        write("prompts", prompts, &json)
        json.key("revision")
        json.string(upstream.revision.word)
        json.key("server")
        json.string(upstream.view.name.bytes)
        write("templates", templates, &json)
        write("tools", tools, &json)
        json.endObject()
        room.reply(.done(document: json.take()), to: session)
        upstream.review = nil
        upstream.state = .ready
        room.dismiss(upstream)
    }

    private func write(_ key: StaticString, _ objects: [CanonicalJSON], _ json: inout JSONWriter) {
        json.key(key)
        json.beginArray()
        for object in objects { json.value(object) }
        json.endArray()
    }

    func fail(_ upstream: Upstream, _ denial: Denial) {
        upstream.review = nil
        var error = "\(upstream.view.name): \(denial.meaning.sentence)"
        if !upstream.lastDetail.isEmpty { error += ": " + String(decoding: upstream.lastDetail, as: UTF8.self) }
        let said = Visible.only(Array(upstream.errorTail.recent.suffix(2000)))
        if !said.isEmpty { error += "\nit wrote: " + String(decoding: said, as: UTF8.self) }
        room.reply(.failed(error: Array(error.utf8), hint: Array(denial.meaning.hint.description.utf8)), to: session)
    }
}

extension BrokerRoom {
    func probe(_ server: ServerName, _ session: OperatorSession) {
        guard let view = seal.server(server) else {
            return reply(
                .failed(error: Array("no server \(server) is sealed".utf8), hint: Array("doorward registry seal".utf8)),
                to: session)
        }
        let key = UpstreamKey(
            server: server, principal: 0, choices: view.sealed.choices([]) ?? [], offers: 0, session: takeNumber(),
            call: 0)
        do throws(Denial) {
            let upstream = try launch(key, view, owner: nil, purpose: "review", offers: [])
            upstream.review = ReviewProbe(session: session, room: self)
        } catch {
            let meaning = error.meaning
            reply(
                .failed(error: Array(meaning.sentence.description.utf8), hint: Array(meaning.hint.description.utf8)),
                to: session)
        }
    }
}
