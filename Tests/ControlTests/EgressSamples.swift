// SPDX-License-Identifier: Apache-2.0
import Control

extension EgressDecision {
    static func sample(
        asked: [UInt8] = bytes("example.com"), form: Form = .connect, method: [UInt8] = bytes("CONNECT"),
        address: [UInt8] = [93, 184, 216, 34], addressClass: UInt8? = 0, rule: [UInt8] = bytes("built-in public"),
        verdict: Verdict = .allow, reason: UInt8? = nil, status: UInt16 = 200
    ) -> EgressDecision {
        EgressDecision(
            number: 0x0807_0605_0403_0201, sandbox: 7, asked: asked, port: 443, form: form, method: method,
            address: address, addressClass: addressClass, rule: rule, verdict: verdict, reason: reason, status: status)
    }
}

extension Door {
    static let egressOrders = Door(
        testDescription: "broker to egress", kinds: Set(EgressOrder.Kind.allCases.map(\.rawValue)),
        samples: [
            Sample("configure", EgressOrder.configure(nat64: false, ownPorts: [])),
            Sample("configure with ports", EgressOrder.configure(nat64: true, ownPorts: [8742, .max])),
            Sample("serve", EgressOrder.serve(sandbox: 1, label: bytes("browser"), policy: bytes("{}"))),
            Sample("serve nothing yet", EgressOrder.serve(sandbox: .max, label: [], policy: [])),
            Sample("amend", EgressOrder.amend(sandbox: 1, policy: bytes("{}"))),
            Sample("release", EgressOrder.release(sandbox: 1)),
            Sample("recorded", EgressOrder.recorded(upTo: .max)),
        ],
        maxBytes: { EgressOrder.Kind(rawValue: $0)?.permit.maxBytes })

    static let egressReports = Door(
        testDescription: "egress to broker", kinds: Set(EgressReport.Kind.allCases.map(\.rawValue)),
        samples: [
            Sample("ready", EgressReport.ready(report: bytes("report"))),
            Sample("decided", EgressReport.decided(.sample())),
            Sample(
                "decided against",
                EgressReport.decided(
                    .sample(
                        asked: [0xFF, 0], form: .unparsed, method: [], address: [], addressClass: nil, rule: [],
                        verdict: .deny, reason: 0, status: 400))),
            Sample(
                "decided to ask",
                EgressReport.decided(
                    .sample(
                        form: .socks, address: filled(16), addressClass: .max, verdict: .ask, reason: .max,
                        status: 403))),
            Sample("allowed in vain", EgressReport.decided(.sample(form: .absolute, reason: 3, status: 502))),
            Sample(
                "ended",
                EgressReport.ended(
                    EgressEnding(decision: 1, bytesUp: 2, bytesDown: .max, milliseconds: 3, cause: .finished))),
            Sample(
                "ended for its name",
                EgressReport.ended(
                    EgressEnding(
                        decision: .max, bytesUp: 0, bytesDown: 0, milliseconds: 0, cause: .serverName,
                        nameFinding: .different, serverName: bytes("other.example")))),
            Sample("released", EgressReport.released(sandbox: 1)),
        ],
        maxBytes: { EgressReport.Kind(rawValue: $0)?.maxBytes })
}
