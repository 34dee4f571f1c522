// SPDX-License-Identifier: Apache-2.0
internal import Policy

extension GateRequest {
    package func write(to writer: inout FrameWriter) {
        writer.begin(kind.rawValue)
        switch self {
        case .ready(let report): writer.data(report)
        case .authenticate(let connection, let credential):
            writer.u32(connection)
            writer.flag(credential != nil)
            writer.data(credential ?? [])
        case .select(let connection, let caller, let server):
            writer.u32(connection)
            writer.u32(caller)
            writer.data(server.bytes)
        case .decide(let decision): decision.write(to: &writer)
        case .reply(let question, let connection, let message):
            writer.u32(question)
            writer.u32(connection)
            writer.data(message)
        case .cancel(let call, let connection):
            writer.u32(call)
            writer.u32(connection)
        case .endSession(let session, let connection, let byClient):
            writer.u32(session)
            writer.u32(connection)
            writer.flag(byClient)
        case .refused(let note): note.write(to: &writer)
        case .gone(let connection): writer.u32(connection)
        }
        writer.end()
    }

    package static func read(_ kind: UInt8, _ reader: inout FrameReader) throws(FrameError) -> GateRequest {
        guard let known = Kind(rawValue: kind) else { throw .kindUnknown(kind) }
        let request: GateRequest
        switch known {
        case .ready: request = .ready(report: try reader.data(atMost: Caps.report, "report"))
        case .authenticate:
            let connection = try reader.u32()
            let isShown = try reader.flag("shown")
            let credential = try reader.data(atMost: Caps.credential, "credential")
            guard isShown || credential.isEmpty else { throw .invalid("credential") }
            request = .authenticate(connection: connection, credential: isShown ? credential : nil)
        case .select:
            let connection = try reader.u32()
            let caller = try reader.u32()
            guard let server = ServerName(try reader.data(atMost: ServerName.maxBytes, "server")) else {
                throw .invalid("server")
            }
            request = .select(connection: connection, caller: caller, server: server)
        case .decide: request = .decide(try Decision.read(&reader))
        case .reply:
            request = .reply(
                question: try reader.u32(), connection: try reader.u32(),
                message: try reader.data(atMost: Caps.message, "message"))
        case .cancel: request = .cancel(call: try reader.u32(), connection: try reader.u32())
        case .endSession:
            request = .endSession(
                session: try reader.u32(), connection: try reader.u32(), byClient: try reader.flag("by client"))
        case .refused: request = .refused(try RefusalNote.read(&reader))
        case .gone: request = .gone(connection: try reader.u32())
        }
        try reader.finish()
        return request
    }
}

extension Decision {
    fileprivate func write(to writer: inout FrameWriter) {
        writer.u32(call)
        writer.u32(connection)
        writer.u32(caller)
        writer.u32(session)
        writer.u8(method.rawValue)
        writer.u8(revision.rawValue)
        writer.data(server?.bytes ?? [])
        writer.data(id)
        writer.data(parameters)
        writer.flag(mirrored != nil)
        writer.list(mirrored ?? []) { writer, header in
            writer.data(header.name)
            writer.data(header.value)
        }
    }

    fileprivate static func read(_ reader: inout FrameReader) throws(FrameError) -> Decision {
        let call = try reader.u32()
        let connection = try reader.u32()
        let caller = try reader.u32()
        let session = try reader.u32()
        guard let method = Method(rawValue: try reader.u8()) else { throw .invalid("method") }
        guard let revision = Revision(rawValue: try reader.u8()), method.isServed(in: revision.era) else {
            throw .invalid("revision")
        }
        let name = try reader.data(atMost: ServerName.maxBytes, "server")
        let server = ServerName(name)
        guard name.isEmpty || server != nil else { throw .invalid("server") }
        return Decision(
            call: call, connection: connection, caller: caller, session: session, method: method, revision: revision,
            server: server, id: try reader.data(atMost: Caps.id, "id"),
            parameters: try reader.data(atMost: Caps.message, "parameters"),
            mirrored: try mirrored(&reader))
    }

    private static func mirrored(_ reader: inout FrameReader) throws(FrameError) -> [MirroredHeader]? {
        let hasHeaders = try reader.flag("has headers")
        let headers = try reader.list(atMost: Caps.mirroredCount, "mirrored") { reader throws(FrameError) in
            MirroredHeader(
                name: try reader.data(atMost: Caps.name, "mirrored name"),
                value: try reader.data(atMost: Caps.mirroredValue, "mirrored value"))
        }
        guard hasHeaders || headers.isEmpty else { throw .invalid("mirrored") }
        return hasHeaders ? headers : nil
    }
}

extension RefusalNote {
    fileprivate func write(to writer: inout FrameWriter) {
        writer.u32(connection)
        writer.u8(denial.rawValue)
        writer.data(rule)
        writer.data(method)
        writer.data(path)
        writer.data(field)
    }

    fileprivate static func read(_ reader: inout FrameReader) throws(FrameError) -> RefusalNote {
        let connection = try reader.u32()
        guard let denial = Denial(rawValue: try reader.u8()) else { throw .invalid("denial") }
        return RefusalNote(
            connection: connection, denial: denial, rule: try word(&reader, "rule"),
            method: try word(&reader, "method"),
            path: try reader.data(atMost: Caps.path, "path"), field: try word(&reader, "field"))
    }

    /// Words go into records as they are: visible ASCII only.
    private static func word(_ reader: inout FrameReader, _ name: StaticString) throws(FrameError) -> [UInt8] {
        let word = try reader.data(atMost: Caps.word, name)
        guard word.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .invalid(name) }
        return word
    }
}
