// SPDX-License-Identifier: Apache-2.0
internal import Policy

extension GateOrder {
    package func write(to writer: inout FrameWriter) {
        writer.begin(kind.rawValue)
        switch self {
        case .configure(let configuration): configuration.write(to: &writer)
        case .connection(let handle): writer.u32(handle)
        case .known(let connection, let caller, let principal):
            writer.u32(connection)
            writer.u32(caller)
            writer.u32(principal)
        case .unknown(let connection, let denial):
            writer.u32(connection)
            writer.u8(denial.rawValue)
        case .selected(let connection, let isKnown):
            writer.u32(connection)
            writer.flag(isKnown)
        case .answer(let answer): answer.write(to: &writer)
        case .event(let event): event.write(to: &writer)
        case .cut(let connection, let reason):
            writer.u32(connection)
            writer.u8(reason.rawValue)
        case .callerEnded(let caller, let denial):
            writer.u32(caller)
            writer.u8(denial.rawValue)
        case .sessionEnded(let session): writer.u32(session)
        case .drain: break
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> GateOrder {
        guard let known = Kind(rawValue: kind) else { throw .kindUnknown(kind) }
        let order: GateOrder
        switch known {
        case .configure: order = .configure(try GateConfiguration.read(&reader))
        case .connection: order = .connection(handle: try reader.u32())
        case .known:
            order = .known(connection: try reader.u32(), caller: try reader.u32(), principal: try reader.u32())
        case .unknown: order = .unknown(connection: try reader.u32(), denial: try denial(&reader))
        case .selected: order = .selected(connection: try reader.u32(), isKnown: try reader.flag("known"))
        case .answer: order = .answer(try Answer.read(&reader))
        case .event: order = .event(try Event.read(&reader))
        case .cut:
            let connection = try reader.u32()
            guard let reason = CutReason(rawValue: try reader.u8()) else { throw .invalid("reason") }
            order = .cut(connection: connection, reason: reason)
        case .callerEnded: order = .callerEnded(caller: try reader.u32(), denial: try denial(&reader))
        case .sessionEnded: order = .sessionEnded(session: try reader.u32())
        case .drain: order = .drain
        }
        try reader.finish()
        return order
    }

    private static func denial(_ reader: inout FrameReader) throws(FrameError) -> Denial {
        guard let denial = Denial(rawValue: try reader.u8()) else { throw .invalid("denial") }
        return denial
    }
}

extension GateConfiguration {
    fileprivate func write(to writer: inout FrameWriter) {
        writer.u8(kind.rawValue)
        writer.data(listener.bytes)
        writer.list(authorities) { $0.data($1) }
        writer.data(origin)
        writer.u32(limits.connectionsPerCaller)
        writer.u32(limits.sessionsPerCaller)
    }

    fileprivate static func read(_ reader: inout FrameReader) throws(FrameError) -> GateConfiguration {
        guard let kind = Kind(rawValue: try reader.u8()) else { throw .invalid("kind") }
        guard let listener = ListenerName(try reader.data(atMost: Caps.name, "listener")) else {
            throw .invalid("listener")
        }
        return GateConfiguration(
            kind: kind, listener: listener,
            authorities: try reader.list(atMost: 8, "authorities") { reader throws(FrameError) in
                try reader.data(atMost: Caps.name, "authority")
            },
            origin: try reader.data(atMost: Caps.name, "origin"),
            limits: GateLimits(connectionsPerCaller: try reader.u32(), sessionsPerCaller: try reader.u32()))
    }
}

extension Answer {
    fileprivate func write(to writer: inout FrameWriter) {
        writer.u32(call)
        writer.u16(status)
        writer.u32(session)
        writer.u8(revision?.rawValue ?? 0)
        writer.data(message)
    }

    fileprivate static func read(_ reader: inout FrameReader) throws(FrameError) -> Answer {
        let call = try reader.u32()
        let status = try reader.u16()
        let session = try reader.u32()
        let number = try reader.u8()
        let revision = Revision(rawValue: number)
        guard number == 0 || revision != nil else { throw .invalid("revision") }
        return Answer(
            call: call, status: status, message: try reader.data(atMost: Caps.message, "message"), session: session,
            revision: revision)
    }
}

extension Event {
    fileprivate func write(to writer: inout FrameWriter) {
        switch scope {
        case .call(let number):
            writer.u8(1)
            writer.u32(number)
        case .session(let number):
            writer.u8(2)
            writer.u32(number)
        }
        writer.u32(question)
        writer.data(message)
    }

    fileprivate static func read(_ reader: inout FrameReader) throws(FrameError) -> Event {
        let form = try reader.u8()
        let number = try reader.u32()
        guard form == 1 || form == 2 else { throw .invalid("scope") }
        return Event(
            scope: form == 1 ? .call(number) : .session(number), question: try reader.u32(),
            message: try reader.data(atMost: Caps.message, "message"))
    }
}
