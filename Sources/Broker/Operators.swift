// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// One command line that has connected to the operator's socket.
final class OperatorSession {
    let number: UInt32
    let channel: Channel
    var interest: Interest = [.readable]
    /// A request is being worked on; the next one waits.
    var isBusy = false
    /// The sandbox that this connection is the lease of.
    var sandbox: UInt32?

    init(number: UInt32, socket: consuming FileDescriptor) {
        self.number = number
        channel = Channel(socket) { OperatorRequest.Kind(rawValue: $0) == nil ? nil : 4 << 20 }
    }
}

/// The operator's door: status, tokens, registry. Its socket has mode 0600, and the peer is checked again here.
extension BrokerRoom {
    private static let mostOperators = 32

    func watchOperators(_ socket: borrowing FileDescriptor) throws(BrokerFault) {
        do throws(SyscallError) {
            try poller.add(socket, .readable, token: Token.operatorSocket.value)
        } catch { throw BrokerFault("the operator's socket cannot be watched: \(error)", hint: "restart doorward") }
    }

    func admitOperators() {
        guard let operatorSocket else { return }
        while true {
            do throws(SyscallError) {
                guard let socket = try TCPSocket.accept(operatorSocket.socket) else { return }
                let peer = try UnixSocket.peer(of: socket)
                guard peer.uid == ownUser else {
                    refuseOperator(.peerNotAsDemanded, peer.uid)
                    continue
                }
                guard operators.count < Self.mostOperators else {
                    refuseOperator(.connectionCap, peer.uid)
                    continue
                }
                let session = OperatorSession(number: takeNumber(), socket: socket)
                try poller.add(session.channel.socket, .readable, token: Token(.operator, session.number).value)
                operators[session.number] = session
            } catch {
                report("an operator's connection could not be accepted: \(error)")
                return
            }
        }
    }

    func serve(_ session: OperatorSession, _ event: Readiness) {
        guard event.readable || event.hungUp else { return }
        do throws(ChannelError) {
            while true {
                switch try session.channel.receive() {
                case .moved: break
                case .wouldBlock: return
                case .closed:
                    drop(session)
                    return
                }
                while var frame = try session.channel.next() {
                    let request: OperatorRequest
                    do throws(FrameError) { request = try OperatorRequest.read(frame.kind, &frame.fields) } catch {
                        throw .frame(error)
                    }
                    guard !session.isBusy else { throw .frame(.invalid("one request at a time")) }
                    let count = session.channel.descriptorCount
                    guard request.kind.permits(descriptors: count) else {
                        throw .frame(.descriptors(kind: frame.kind, count: count))
                    }
                    session.isBusy = true
                    answer(request, session)
                }
            }
        } catch { drop(session) }
    }

    func flush(_ session: OperatorSession) {
        do throws(ChannelError) {
            let interest: Interest = try session.channel.flush() == .wouldBlock ? [.readable, .writable] : [.readable]
            guard interest != session.interest else { return }
            session.interest = interest
            do throws(SyscallError) {
                try poller.change(session.channel.socket, interest, token: Token(.operator, session.number).value)
            } catch { throw .system(error) }
        } catch { drop(session) }
    }

    private func drop(_ session: OperatorSession) {
        guard operators.removeValue(forKey: session.number) != nil else { return }
        removeFromPoller(session.channel.socket)
        reloading.removeAll { $0 === session }
        loseLease(session)
        for upstream in upstreams.values where upstream.review?.session === session {
            fail(upstream, .serverFailed, why: "operator-gone")
        }
        // The one command line that this room was started for has ended.
        if mode == .administer, operators.isEmpty { drain() }
    }

    func reply(_ reply: OperatorReply, to session: OperatorSession) {
        session.isBusy = false
        session.channel.send { reply.write(to: &$0) }
    }

    func answer(_ request: OperatorRequest, _ session: OperatorSession) {
        switch request {
        case .status: reply(.done(document: StatusDocument.compose(self)), to: session)
        case .listTokens: reply(.done(document: tokenList()), to: session)
        case .issueToken(let client, let servers, let listener, let life):
            issue(client, servers, listener, life, session)
        case .revokeTokens(let selector): revoke(selector, session)
        case .rotateToken(let selector, let life): rotate(selector, life, session)
        case .reload:
            guard mode == .serve else {
                return reply(.done(document: Array("{}".utf8)), to: session)
            }
            reloading.append(session)
            ask(.reload)
        case .probe(let server): probe(server, session)
        case .adoptSandbox(let adoption):
            var listeners = PassedDescriptors()
            while let listener = session.channel.takeDescriptor() { listeners.append(listener) }
            adopt(adoption, session, listeners)
        case .sandboxEnded(let ending): sandboxEnded(ending, session)
        }
    }

    /// The launcher's answer to a reload, for everybody who asked.
    func answerReload(_ answer: OperatorReply) {
        for session in reloading where operators[session.number] === session { reply(answer, to: session) }
        reloading = []
    }

    func failed(_ session: OperatorSession, _ error: String, hint: String) {
        reply(.failed(error: Array(error.utf8), hint: Array(hint.utf8)), to: session)
    }

    // MARK: Tokens

    private func tokenList() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("now")
        json.unsigned(wallSeconds)
        json.key("tokens")
        json.beginArray()
        for record in tokens.records { TokenCoding.write(record, withHash: false, &json) }
        json.endArray()
        json.endObject()
        return json.take()
    }

    private func issue(
        _ client: ClientName, _ servers: [ServerName]?, _ listener: ListenerName?, _ life: UInt64,
        _ session: OperatorSession
    ) {
        let listener = listener ?? .main
        guard (1...TokenStore.longestLife).contains(life) else {
            return failed(session, "a token lives from one second to 366 days", hint: "--ttl 30d")
        }
        tokens.forgetOld(now: wallSeconds)
        guard tokens.records.count < TokenStore.most else {
            return failed(session, "there are \(TokenStore.most) tokens already", hint: "doorward token revoke")
        }
        guard client != .local else {
            return failed(
                session, "the name local is taken", hint: "it stands for doorward connect, which needs no token")
        }
        guard
            listener == .local || seal.registry.listeners.contains(where: { $0.name == listener })
                || mode == .administer
        else { return failed(session, "there is no listener \(listener)", hint: "see listeners in doorward.json") }
        for server in servers ?? [] where seal.server(server) == nil {
            return failed(
                session, "no server \(server) is sealed",
                hint: "doorward registry list; doorward registry seal after adding one")
        }
        let now = wallSeconds
        let made = tokens.make(client: client, servers: servers, listener: listener, life: life, now: now)
        administer(.tokenIssued, session) { json in
            json.key("client")
            json.string(client.bytes)
            json.key("expires")
            json.unsigned(made.record.expires)
            json.key("id")
            json.string(made.record.id.bytes)
        } effect: { room throws(SyscallError) in
            room.tokens.add(made.record)
            try room.saveTokens()
            return Self.document(made.text, made.record)
        }
    }

    private static func document(_ text: [UInt8], _ record: TokenRecord) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("record")
        TokenCoding.write(record, withHash: false, &json)
        json.key("token")
        json.string(text)
        json.endObject()
        return json.take()
    }

    private func revoke(_ selector: [UInt8], _ session: OperatorSession) {
        let now = wallSeconds
        let chosen = tokens.select(selector, now: now)
        guard !chosen.isEmpty else {
            return failed(session, "no live token has that id or client", hint: "doorward token list")
        }
        administer(.tokenRevoked, session) { json in
            json.key("ids")
            json.beginArray()
            for record in chosen { json.string(record.id.bytes) }
            json.endArray()
        } effect: { room throws(SyscallError) in
            for record in chosen {
                room.tokens.revoke(record.id, now: now)
                room.endCallers(of: record.id, .credentialRevoked)
            }
            try room.saveTokens()
            var json = JSONWriter()
            json.beginObject()
            json.key("revoked")
            json.beginArray()
            for record in chosen { json.string(record.id.bytes) }
            json.endArray()
            json.endObject()
            return json.take()
        }
    }

    /// A new token for the same client and scope; the old one ends in the same moment.
    private func rotate(_ selector: [UInt8], _ life: UInt64, _ session: OperatorSession) {
        let now = wallSeconds
        guard life <= TokenStore.longestLife else {
            return failed(session, "a token lives from one second to 366 days", hint: "--ttl 30d")
        }
        let chosen = tokens.select(selector, now: now)
        guard let old = chosen.first, chosen.count == 1 else {
            return failed(
                session, chosen.isEmpty ? "no live token has that id or client" : "that client has several live tokens",
                hint: "doorward token list, and name one id")
        }
        let made = tokens.make(
            client: old.client, servers: old.servers, listener: old.listener,
            life: life == 0 ? old.expires - old.issued : life, now: now)
        administer(.tokenIssued, session) { json in
            json.key("client")
            json.string(old.client.bytes)
            json.key("expires")
            json.unsigned(made.record.expires)
            json.key("id")
            json.string(made.record.id.bytes)
            json.key("replaces")
            json.string(old.id.bytes)
        } effect: { room throws(SyscallError) in
            room.tokens.add(made.record)
            room.tokens.revoke(old.id, now: now)
            room.endCallers(of: old.id, .credentialRevoked)
            try room.saveTokens()
            return Self.document(made.text, made.record)
        }
    }

    private func saveTokens() throws(SyscallError) {
        if let state { try tokens.save(state.directory) }
    }

    // MARK: The record before the effect

    /// Takes effect and is answered when its record is on the disk.
    private func administer(
        _ kind: EntryKind, _ session: OperatorSession, _ members: (inout JSONWriter) -> Void,
        effect: @escaping (BrokerRoom) throws(SyscallError) -> [UInt8]
    ) {
        guard let journal else { return failed(session, "there is no audit log", hint: "restart doorward") }
        do throws(JournalError) {
            let promise = try journal.promise(kind, .synced, members)
            administration.append(PendingAdministration(promise, session, effect))
        } catch { failed(session, error.sentence, hint: error.hint) }
    }

    func releaseAdministration(_ journal: Journal) {
        guard !administration.isEmpty else { return }
        var waiting: [PendingAdministration] = []
        for pending in administration {
            do throws(JournalError) {
                guard try journal.redeem(&pending.promise) != nil else {
                    waiting.append(pending)
                    continue
                }
            } catch {
                failed(pending.session, error.sentence, hint: error.hint)
                continue
            }
            perform(pending, journal)
        }
        administration = waiting
    }

    private func perform(_ pending: PendingAdministration, _ journal: Journal) {
        var failure: SyscallError?
        do throws(SyscallError) {
            let document = try pending.effect(self)
            if operators[pending.session.number] === pending.session {
                reply(.done(document: document), to: pending.session)
            }
        } catch {
            failure = error
            failed(
                pending.session, "the change was recorded but could not be written: \(error)",
                hint: "check space and owner of the state directory, then do it again")
        }
        journal.outcome(.adminOutcome) { json in
            json.key("done")
            json.bool(failure == nil)
        }
    }
}

/// An operator's request whose record is on its way to the disk.
final class PendingAdministration {
    var promise: Promise?
    let session: OperatorSession
    let effect: (BrokerRoom) throws(SyscallError) -> [UInt8]

    init(
        _ promise: consuming Promise, _ session: OperatorSession,
        _ effect: @escaping (BrokerRoom) throws(SyscallError) -> [UInt8]
    ) {
        self.promise = consume promise
        self.session = session
        self.effect = effect
    }
}
