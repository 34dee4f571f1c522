// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Wire

/// `Mcp-Session-Id` of a request, as far as the decision table has to know: S.
enum SessionView: Equatable {
    case missing
    /// Never minted here, ended, of another caller or another endpoint: nobody is told which.
    case unknown
    case live(Revision)
}

/// The decision table for messages that arrive by POST (mcp.md section 2, P1 to P14); the first matching row wins.
enum HTTPMessages {
    /// - Parameter fault: what the reader said, if it refused; the tree means nothing then.
    static func judge(
        _ fault: JSONError?, _ tree: JSONTree, _ head: borrowing RequestHead, _ version: VersionHeader,
        _ session: SessionView
    ) throws(MessageRefusal) -> Disposition {
        if let fault {
            try checkSession(version, session)
            throw MessageRefusal(Refusal(fault))
        }
        let message: ClientMessage
        do throws(EnvelopeFault) { message = try Envelope.fromClient(tree) } catch {
            // P1 stands before everything else; of other broken messages the session is asked first (steps 8 and 9).
            if error != .notAnObject { try checkSession(version, session) }
            throw MessageRefusal(Refusal(error))
        }
        switch message {
        case .response(let id, _, _):
            // P2, P3.
            guard case .live = session, !version.isModern else { throw MessageRefusal(Refusal(.answerUnasked)) }
            return .answer(id)
        case .notification(let method, let parameters):
            do throws(Refusal) { return try notification(tree, method, parameters, head, version, session) } catch {
                throw MessageRefusal(error)
            }
        case .request(let id, let method, let parameters):
            do throws(Refusal) {
                if version.isModern || ModernRules.isMarked(tree, parameters) {
                    return try modern(tree, id, method, parameters, head)
                }
                return try legacy(tree, id, method, parameters, version, session)
            } catch { throw MessageRefusal(error, id: id) }
        }
    }

    /// Step 8 where step 9 has failed: whether the message wants a session cannot be known any more, but a wrong one is
    /// a wrong one. In the modern era the header is ignored.
    private static func checkSession(_ version: VersionHeader, _ session: SessionView) throws(MessageRefusal) {
        if session == .unknown && !version.isModern { throw MessageRefusal(Refusal(.sessionUnknown)) }
    }

    private static func notification(
        _ tree: JSONTree, _ method: JSONNode, _ parameters: JSONNode?, _ head: borrowing RequestHead,
        _ version: VersionHeader, _ session: SessionView
    ) throws(Refusal) -> Disposition {
        let marked = ModernRules.version(tree, parameters)
        // P4: over HTTP this era has none, so that none can name another caller's request.
        if case .modern(let named) = version {
            guard let named, Revision.served.contains(named) else {
                throw Refusal(
                    .revisionUnsupported, field: HeaderName.mcpProtocolVersion.text,
                    detail: .revisions(requested: head.value(.mcpProtocolVersion).map { head.copy($0) }))
            }
            return .drop(Refusal(.methodUnknown, rule: "notification-dropped"))
        }
        if let marked {
            _ = try ModernRules.revision(tree, marked)
            return .drop(Refusal(.methodUnknown, rule: "notification-dropped"))
        }
        // P5, P6.
        switch session {
        case .missing: throw Refusal(.sessionMissing)
        case .unknown: throw Refusal(.sessionUnknown)
        case .live: return try LegacyRules.notification(tree, method, parameters)
        }
    }

    /// P7.
    private static func modern(
        _ tree: JSONTree, _ id: RequestID, _ method: JSONNode, _ parameters: JSONNode?, _ head: borrowing RequestHead
    ) throws(Refusal) -> Disposition {
        let version = try ModernRules.envelope(tree, parameters)
        try MirroredHeaders.check(head, tree, version: version, method: method, parameters: parameters)
        let revision = try ModernRules.revision(tree, version)
        let known = try ModernRules.method(tree, method)
        try ParameterShape.admit(known, .modern, tree, parameters)
        return .serve(method: known, revision: revision, id: id, parameters: parameters)
    }

    /// P8 to P14.
    private static func legacy(
        _ tree: JSONTree, _ id: RequestID, _ method: JSONNode, _ parameters: JSONNode?, _ version: VersionHeader,
        _ session: SessionView
    ) throws(Refusal) -> Disposition {
        if tree.equals(method, "initialize") {
            guard session == .missing else { throw Refusal(.sessionNotAllowed) }
            try answeredOK { () throws(Refusal) in
                try ParameterShape.admit(.initialize, .legacy, tree, parameters)
            }
            return .serve(method: .initialize, revision: .newestLegacy, id: id, parameters: parameters)
        }
        switch session {
        case .missing: throw Refusal(.sessionMissing)
        case .unknown: throw Refusal(.sessionUnknown)
        case .live(let revision):
            if case .legacy(let named) = version, named != revision { throw Refusal(.versionNotAgreed) }
            let known = try answeredOK { () throws(Refusal) in
                let known = try LegacyRules.method(tree, method)
                try ParameterShape.admit(known, .legacy, tree, parameters)
                return known
            }
            if known == .ping { return .ping(id: id) }
            return .serve(method: known, revision: revision, id: id, parameters: parameters)
        }
    }

    /// Wrong parameters and unknown methods of the legacy era.
    private static func answeredOK<Value>(_ check: () throws(Refusal) -> Value) throws(Refusal) -> Value {
        do throws(Refusal) { return try check() } catch {
            var refusal = error
            refusal.isAnsweredOK = true
            throw refusal
        }
    }
}
