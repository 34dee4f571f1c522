// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// What `doorward status` shows: everything that is enforced, everything that is not, and what waits for a person.
enum StatusDocument {
    static func compose(_ room: BrokerRoom) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("audit")
        writeAudit(room, &json)
        json.key("calls")
        json.unsigned(UInt64(room.gates.values.reduce(0) { $0 + $1.calls.count }))
        json.key("connections")
        json.unsigned(UInt64(room.connections.count))
        json.key("egress")
        writeEgress(room, &json)
        json.key("isFullConfinementDemanded")
        json.bool(room.isFullDemanded)
        json.key("listeners")
        json.beginArray()
        for listener in room.listeners {
            json.beginObject()
            json.key("address")
            json.string(listener.authority)
            json.key("connections")
            json.unsigned(UInt64(listener.connections))
            json.key("isOpen")
            json.bool(listener.isOpen)
            json.key("name")
            json.string(listener.name.bytes)
            json.endObject()
        }
        json.endArray()
        json.key("mode")
        json.string(room.mode == .serve ? "serve" : "administer")
        json.key("rooms")
        json.beginArray()
        for status in room.rooms {
            json.beginObject()
            json.key("confinement")
            Confinements.write(status.report, &json)
            json.key("name")
            json.string(status.word)
            json.endObject()
        }
        json.endArray()
        json.key("sandboxes")
        json.beginArray()
        for number in room.sandboxes.keys.sorted() {
            if let sandbox = room.sandboxes[number] { SandboxRecords.status(sandbox, &json) }
        }
        json.endArray()
        json.key("seal")
        writeSeal(room, &json)
        json.key("servers")
        json.beginArray()
        for view in room.seal.servers { write(view, room, &json) }
        json.endArray()
        json.key("sessions")
        json.unsigned(UInt64(room.sessions.count))
        json.key("since")
        json.unsigned(room.bootSeconds)
        json.key("tokens")
        let seconds = room.wallSeconds
        json.unsigned(UInt64(room.tokens.records.filter { $0.isLive(at: seconds) }.count))
        json.key("uid")
        json.unsigned(UInt64(room.ownUser))
        json.key("version")
        json.string(Product.version)
        json.endObject()
        return json.take()
    }

    private static func writeAudit(_ room: BrokerRoom, _ json: inout JSONWriter) {
        json.beginObject()
        if let status = room.journal?.status {
            if let failure = status.failure {
                json.key("failure")
                json.string(failure.sentence)
                json.key("hint")
                json.string(failure.hint)
            }
            json.key("isFull")
            json.bool(status.isFull)
            json.key("isSpaceGuaranteed")
            json.bool(status.isSpaceGuaranteed)
            json.key("segment")
            json.unsigned(UInt64(status.segment))
            json.key("sequence")
            json.unsigned(status.head.sequence)
            json.key("synced")
            json.unsigned(status.synced)
        }
        json.endObject()
    }

    private static func writeEgress(_ room: BrokerRoom, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("sandboxes")
        json.beginArray()
        for sandbox in room.egressSandboxes.values.sorted(by: { $0.number < $1.number }) {
            json.beginObject()
            json.key("connections")
            json.unsigned(UInt64(sandbox.open.count))
            json.key("holes")
            json.beginArray()
            for port in sandbox.policy.localPorts { json.unsigned(UInt64(port)) }
            json.endArray()
            json.key("name")
            json.string(Visible.only(sandbox.label.name))
            json.key("origin")
            json.string(sandbox.label.origin == .server ? "server" : "run")
            json.key("pid")
            json.unsigned(UInt64(sandbox.label.pid))
            json.key("profile")
            json.string(Visible.only(sandbox.label.profile))
            json.endObject()
        }
        json.endArray()
        json.key("state")
        json.string(room.isEgressSuspended ? "audit-unavailable" : room.isEgressReady ? "open" : "down")
        json.endObject()
    }

    private static func writeSeal(_ room: BrokerRoom, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("digest")
        json.string(room.seal.digest.hex)
        if let refusal = room.sealRefusal {
            json.key("refused")
            json.string(Visible.only(refusal))
        }
        json.key("rules")
        json.unsigned(UInt64(room.seal.registry.policy.rules.count))
        json.key("sealedAt")
        json.unsigned(room.seal.registry.sealedAt)
        json.key("source")
        json.string(room.seal.registry.source.hex)
        json.endObject()
    }

    private static func write(_ view: ServerView, _ room: BrokerRoom, _ json: inout JSONWriter) {
        let running = room.upstreams.values.filter { $0.view.name == view.name && $0.pid != 0 }
        json.beginObject()
        json.key("accepted")
        json.beginArray()
        for danger in view.sealed.accepted { json.string(danger.word) }
        json.endArray()
        if let failed = room.lastErrors[view.name] {
            json.key("lastError")
            json.string(Visible.only(failed))
        }
        json.key("name")
        json.string(view.name.bytes)
        let unfit = view.tools.filter { $0.aggregateLocal == nil }
        if !unfit.isEmpty {
            json.key("notOnAggregate")
            json.beginArray()
            for tool in unfit { json.string(tool.pinned.name.bytes) }
            json.endArray()
        }
        json.key("processes")
        json.beginArray()
        for upstream in running {
            json.beginObject()
            if let principal = upstream.principal {
                json.key("client")
                json.string(principal.client.bytes)
            }
            json.key("confinement")
            Confinements.write(upstream.confinement, &json)
            json.key("pid")
            json.unsigned(UInt64(upstream.pid))
            json.endObject()
        }
        json.endArray()
        json.key("reviewed")
        if let review = view.sealed.review {
            json.unsigned(review.reviewedAt)
        } else {
            json.null()
        }
        json.key("tools")
        json.unsigned(UInt64(view.tools.count))
        json.key("unreviewed")
        json.beginArray()
        for name in view.unreviewed.sorted(by: { $0.lexicographicallyPrecedes($1) }).prefix(64) {
            json.string(Visible.only(name))
        }
        json.endArray()
        json.key("withheld")
        json.beginArray()
        for index in view.withheld.sorted() { json.string(view.tools[index].pinned.name.bytes) }
        json.endArray()
        json.endObject()
    }
}
