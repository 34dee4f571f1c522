// SPDX-License-Identifier: Apache-2.0

extension EgressOrder {
    package func write(to writer: inout FrameWriter) {
        writer.begin(kind.rawValue)
        switch self {
        case .configure(let nat64, let ownPorts):
            writer.flag(nat64)
            writer.list(ownPorts) { $0.u16($1) }
        case .serve(let sandbox, let label, let policy):
            writer.u32(sandbox)
            writer.data(label)
            writer.data(policy)
        case .amend(let sandbox, let policy):
            writer.u32(sandbox)
            writer.data(policy)
        case .release(let sandbox): writer.u32(sandbox)
        case .recorded(let number): writer.u64(number)
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> EgressOrder {
        guard let known = Kind(rawValue: kind) else { throw .kindUnknown(kind) }
        let order: EgressOrder
        switch known {
        case .configure:
            order = .configure(
                nat64: try reader.flag("nat64"),
                ownPorts: try reader.list(atMost: Caps.ownPorts, "own ports") { reader throws(FrameError) in
                    try reader.u16()
                })
        case .serve:
            order = .serve(
                sandbox: try reader.u32(), label: try reader.data(atMost: Caps.name, "label"),
                policy: try reader.data(atMost: Caps.servedPolicy, "policy"))
        case .amend:
            order = .amend(
                sandbox: try reader.u32(), policy: try reader.data(atMost: Caps.amendedPolicy, "policy"))
        case .release: order = .release(sandbox: try reader.u32())
        case .recorded: order = .recorded(upTo: try reader.u64())
        }
        try reader.finish()
        return order
    }
}

extension EgressReport {
    package func write(to writer: inout FrameWriter) {
        writer.begin(kind.rawValue)
        switch self {
        case .ready(let report): writer.data(report)
        case .decided(let decision): decision.write(to: &writer)
        case .ended(let ending): ending.write(to: &writer)
        case .released(let sandbox): writer.u32(sandbox)
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> EgressReport {
        guard let known = Kind(rawValue: kind) else { throw .kindUnknown(kind) }
        let report: EgressReport
        switch known {
        case .ready: report = .ready(report: try reader.data(atMost: Caps.report, "report"))
        case .decided: report = .decided(try EgressDecision.read(&reader))
        case .ended: report = .ended(try EgressEnding.read(&reader))
        case .released: report = .released(sandbox: try reader.u32())
        }
        try reader.finish()
        return report
    }
}

extension EgressDecision {
    fileprivate func write(to writer: inout FrameWriter) {
        writer.u64(number)
        writer.u32(sandbox)
        writer.data(asked)
        writer.u16(port)
        writer.u8(form.rawValue)
        writer.data(method)
        writer.data(address)
        writer.optional(addressClass)
        writer.data(rule)
        writer.u8(verdict.rawValue)
        writer.optional(reason)
        writer.u16(status)
    }

    fileprivate static func read(_ reader: inout FrameReader) throws(FrameError) -> EgressDecision {
        let number = try reader.u64()
        guard number > 0 else { throw .invalid("number") }
        let sandbox = try reader.u32()
        let asked = try reader.data(atMost: Caps.host, "asked")
        let port = try reader.u16()
        guard let form = Form(rawValue: try reader.u8()) else { throw .invalid("form") }
        let method = try reader.data(atMost: Caps.word, "method")
        guard method.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .invalid("method") }
        let address = try reader.data(atMost: 16, "address")
        guard address.isEmpty || address.count == 4 || address.count == 16 else { throw .invalid("address") }
        let addressClass = try reader.optional("class")
        let rule = try reader.data(atMost: Caps.rule, "rule")
        guard rule.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { throw .invalid("rule") }
        guard let verdict = Verdict(rawValue: try reader.u8()) else { throw .invalid("verdict") }
        let reason = try reader.optional("reason")
        let status = try reader.u16()
        guard (200..<600).contains(status) else { throw .invalid("status") }
        // Only what was allowed can have been opened, and only what was opened needs no reason.
        guard verdict == .allow || reason != nil else { throw .invalid("reason") }
        return EgressDecision(
            number: number, sandbox: sandbox, asked: asked, port: port, form: form, method: method, address: address,
            addressClass: addressClass, rule: rule, verdict: verdict, reason: reason, status: status)
    }
}

extension EgressEnding {
    fileprivate func write(to writer: inout FrameWriter) {
        writer.u64(decision)
        writer.u64(bytesUp)
        writer.u64(bytesDown)
        writer.u64(milliseconds)
        writer.u8(cause.rawValue)
        writer.u8(nameFinding.rawValue)
        writer.data(serverName)
    }

    fileprivate static func read(_ reader: inout FrameReader) throws(FrameError) -> EgressEnding {
        let decision = try reader.u64()
        guard decision > 0 else { throw .invalid("decision") }
        let bytesUp = try reader.u64()
        let bytesDown = try reader.u64()
        let milliseconds = try reader.u64()
        guard let cause = Cause(rawValue: try reader.u8()) else { throw .invalid("cause") }
        guard let finding = NameFinding(rawValue: try reader.u8()) else { throw .invalid("name finding") }
        return EgressEnding(
            decision: decision, bytesUp: bytesUp, bytesDown: bytesDown, milliseconds: milliseconds, cause: cause,
            nameFinding: finding, serverName: try reader.data(atMost: Caps.host, "server name"))
    }
}

extension FrameWriter {
    fileprivate mutating func optional(_ value: UInt8?) {
        flag(value != nil)
        u8(value ?? 0)
    }
}

extension FrameReader {
    fileprivate mutating func optional(_ name: StaticString) throws(FrameError) -> UInt8? {
        let isThere = try flag(name)
        let value = try u8()
        guard isThere || value == 0 else { throw .invalid(name) }
        return isThere ? value : nil
    }
}

extension EgressOrder.Kind {
    /// How large an order may be, and how many descriptors come with it. A room that is sent anything else ends itself.
    package var permit: Permit {
        switch self {
        case .configure: Permit(states: [], maxBytes: 2 * Caps.ownPorts + 64, descriptors: 0...0)
        case .serve: Permit(states: [], maxBytes: Caps.servedPolicy + Caps.name + 64, descriptors: 2...2)
        case .amend: Permit(states: [], maxBytes: Caps.amendedPolicy + 64, descriptors: 0...0)
        case .release, .recorded: Permit(states: [], maxBytes: 64, descriptors: 0...0)
        }
    }
}

extension EgressReport.Kind {
    /// How large a report may be; no descriptor ever comes with one.
    package var maxBytes: Int {
        switch self {
        case .ready: Caps.report + 16
        case .decided: Caps.host + Caps.word + Caps.rule + 128
        case .ended: Caps.host + 64
        case .released: 64
        }
    }
}
