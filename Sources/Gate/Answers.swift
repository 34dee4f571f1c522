// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// What HTTP clients are answered, and what the record is told of refusals.
extension GateRoom {
    private static let json = FieldValue("application/json")
    private static let second = FieldValue(1)

    /// Answers the request of this connection, and makes ready for the next one.
    func answer(_ connection: Connection, _ status: HTTPStatus, _ body: [UInt8], session: SessionID? = nil) {
        var headers = headers(hasBody: !body.isEmpty)
        if let session, let value = FieldValue(session.bytes) { headers.append((.mcpSessionID, value)) }
        write(connection, status, headers, body)
        finish(connection)
    }

    /// Says no: one answer, and one note for the record.
    ///
    /// - Parameters:
    ///   - id: of the request, where it could be read.
    ///   - closing: what is behind this request cannot be trusted, or is not worth waiting for.
    ///   - recorded: false where the broker has told the record already.
    func refuse(
        _ connection: Connection, _ refusal: Refusal, id: RequestID? = nil, closing: Bool = false, recorded: Bool = true
    ) {
        if recorded { note(connection, refusal) }
        // A body that nobody will read ends the connection: where it ends is the sender's claim.
        if closing || connection.hasBodyAhead || connection.memory.isExhausted { connection.closesBehindAnswer = true }
        let status = refusal.isAnsweredOK ? .ok : HTTPStatus(refusal.denial)
        var headers = headers(hasBody: true)
        if case .allow(let methods) = refusal.detail, let value = FieldValue(methods) {
            headers.append((.allow, value))
        }
        if status == .tooManyRequests { headers.append((.retryAfter, Self.second)) }
        if let challenge = listener?.metadata.challenge(refusal.denial, at: connection.admitted?.route) {
            headers.append((.wwwAuthenticate, challenge))
        }
        write(connection, status, headers, text.error(refusal, id: id))
        finish(connection)
    }

    /// The one frame that tells the record about a refusal: names and words, never a value.
    func note(_ connection: Connection, _ refusal: Refusal) {
        let head = connection.heads.head
        // After a refused head the method and path are there as far as they had been accepted.
        let hasPath = !head.path.isEmpty && head.path.upperBound <= head.bytes.count
        send(
            .refused(
                RefusalNote(
                    connection: connection.handle, denial: refusal.denial, rule: Array(refusal.rule.utf8),
                    method: hasPath ? Array(head.method.rawValue.utf8) : [], path: hasPath ? head.copy(head.path) : [],
                    field: Array(refusal.field.utf8))))
    }

    /// The answer of the broker to a call that was not streaming.
    func answer(_ connection: Connection, with answer: Answer, session: SessionID?) {
        let status = HTTPStatus(rawValue: answer.status) ?? .internalError
        var headers = headers(hasBody: true)
        if let session, let value = FieldValue(session.bytes) { headers.append((.mcpSessionID, value)) }
        if status == .tooManyRequests { headers.append((.retryAfter, Self.second)) }
        write(connection, status, headers, answer.message)
        finish(connection)
    }

    /// The request has been answered: the next one, or the end.
    func finish(_ connection: Connection) {
        touch(connection)
        if connection.closesBehindAnswer { return leave(connection, by: nil) }
        connection.phase = .head
        connection.admitted = nil
        connection.heads.reset()
        set(.idle(since: now), on: connection)
    }

    func headers(hasBody: Bool) -> [(ResponseHeader, FieldValue)] {
        var headers: [(ResponseHeader, FieldValue)] = []
        headers.reserveCapacity(4)
        if let date = date.value(now: now) { headers.append((.date, date)) }
        if hasBody, let json = Self.json { headers.append((.contentType, json)) }
        return headers
    }

    private func write(
        _ connection: Connection, _ status: HTTPStatus, _ headers: [(ResponseHeader, FieldValue)], _ body: [UInt8]
    ) {
        let framing: ResponseBody = status == .noContent ? .none : .length(body.count)
        ResponseWriter.append(
            status, headers, body: framing, closing: connection.closesBehindAnswer, to: &connection.output.bytes)
        // The length is told, the body is not sent (RFC 9110 section 9.3.2).
        if connection.heads.head.method != .head { connection.output.bytes.append(contentsOf: body) }
    }
}
