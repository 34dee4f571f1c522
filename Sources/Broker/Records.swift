// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// What records say, and what they never say: no arguments, no secrets, no bytes of a refused message.
enum Records {
    static func peer(_ peer: Peer) -> CanonicalJSON {
        var json = JSONWriter()
        json.beginObject()
        switch peer {
        case .process(let process):
            json.key("exe")
            json.string(process.executable)
            json.key("pid")
            json.unsigned(UInt64(process.pid))
            json.key("started")
            json.unsigned(process.startTime)
            json.key("uid")
            json.unsigned(UInt64(process.uid))
        case .unknown(let uid):
            if let uid {
                json.key("uid")
                json.unsigned(UInt64(uid))
            }
            json.key("unknown")
            json.bool(true)
        }
        json.endObject()
        return json.finish()
    }

    /// Length and SHA-256 of what may not be written down.
    static func digest(_ bytes: [UInt8], _ json: inout JSONWriter) {
        json.beginObject()
        json.key("bytes")
        json.unsigned(UInt64(bytes.count))
        json.key("sha256")
        json.string(Hex.encode(SHA256.hash(bytes.span).bytes))
        json.endObject()
    }
}

extension BrokerRoom {
    /// Records something that gates nothing.
    func record(_ kind: EntryKind, _ members: (inout JSONWriter) -> Void) { journal?.append(kind, members) }

    /// A refusal before the broker had anything to decide, as the gate noted it.
    func recordRefusal(_ note: RefusalNote, _ connection: Connection) {
        refuse(note, listener: connection.gate.listener, peer: connection.peerRecord, client: nil)
    }

    /// A connection that was closed without a byte.
    func refuseAtTheDoor(_ denial: Denial, _ listener: Listener, _ peer: Peer) {
        refuse(
            RefusalNote(connection: 0, denial: denial), listener: listener.name, peer: Records.peer(peer), client: nil)
    }

    func refuseOperator(_ denial: Denial, _ uid: UInt32) {
        guard let name = ListenerName(Array("operator".utf8)) else { return }
        refuse(
            RefusalNote(connection: 0, denial: denial), listener: name, peer: Records.peer(.unknown(uid: uid)),
            client: nil)
    }

    /// A refusal of an understood message that never became an intent.
    func recordRefusal(_ denial: Denial, _ call: Call, field: StaticString? = nil, rule: RuleID? = nil) {
        let note = RefusalNote(
            connection: call.connection.handle, denial: denial, rule: rule?.bytes ?? [],
            method: Array(call.method.word.description.utf8), path: [],
            field: field.map { Array($0.description.utf8) } ?? [])
        refuse(note, listener: call.gate.listener, peer: call.connection.peerRecord, client: call)
    }

    private func refuse(_ note: RefusalNote, listener: ListenerName, peer: CanonicalJSON, client call: Call?) {
        let word = note.denial.word
        // The same peer with the same reason: singly at first, then as a count, so that a flood cannot fill the disk.
        let reason = Array(word.description.utf8)
        guard refusals.admits(peer: peer.bytes, reason: reason, now: now) else { return }
        record(.refused) { json in
            if let call {
                json.key("client")
                json.string(call.principal.client.bytes)
            }
            if !note.field.isEmpty {
                json.key("field")
                json.string(Redaction.text(note.field, limit: 64))
            }
            json.key("listener")
            json.string(listener.bytes)
            if !note.method.isEmpty {
                json.key("method")
                json.string(Redaction.text(note.method, limit: 32))
            }
            if !note.path.isEmpty {
                json.key("path")
                json.string(Redaction.path(note.path, limit: 256))
            }
            json.key("peer")
            json.value(peer)
            json.key("reason")
            json.string(word)
            if !note.rule.isEmpty {
                json.key("rule")
                json.string(Redaction.text(note.rule, limit: 64))
            }
            if let server = call?.server {
                json.key("server")
                json.string(server.name.bytes)
            }
            json.key("status")
            json.unsigned(UInt64(note.denial.status))
            json.key("step")
            json.unsigned(UInt64(note.denial.step))
        }
    }

    func tickRefusals() {
        guard let deadline = refusals.deadline, deadline <= now else { return }
        recordFloods(refusals.close(now))
    }

    /// What was only counted, in one record for each peer and reason.
    func recordFloods(_ closings: [RefusalLog.Closing]) {
        for closing in closings {
            record(.refusedMore) { json in
                json.key("count")
                json.unsigned(closing.count)
                json.key("peer")
                json.string(closing.peer)
                json.key("reason")
                json.string(closing.reason)
            }
        }
    }

    /// Something for the operator that is about no call: `doorward status` shows the last of them.
    func report(_ text: String) {
        record(.relayCut) { json in
            json.key("text")
            json.string(text)
        }
    }
}
