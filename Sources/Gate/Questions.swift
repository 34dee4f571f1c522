// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Policy
internal import StrictJSON

/// Requests of servers to legacy clients: ids of our own making, one answer each, from the session that was asked.
extension GateRoom {
    private static let prefix = Array("dw-".utf8)

    /// The message with the id under which this client is asked.
    ///
    /// It is canonical and an object, so the id's place is the first: no other member's name stands before it.
    static func asked(_ question: UInt32, _ message: [UInt8]) -> [UInt8] {
        var asked = Array("{\"id\":\"".utf8) + prefix + Array("\(question)\",".utf8)
        asked.append(contentsOf: message.dropFirst())
        return asked
    }

    /// The question that an answer's id names, if this client has it; nobody can answer it again.
    func takeQuestion(_ id: RequestID, of session: MCPSession) -> UInt32? {
        guard case .text(let text) = id, text.starts(with: Self.prefix) else { return nil }
        let digits = text.dropFirst(Self.prefix.count)
        guard (1...10).contains(digits.count), digits.allSatisfy(\.isDigit), digits.first != UInt8(ascii: "0") else {
            return nil
        }
        let number = digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        guard let question = UInt32(exactly: number), session.questions.remove(question) != nil else { return nil }
        return question
    }

    /// Passes the message in the tree to the broker as the answer.
    ///
    /// - Throws: as ``canonical(_:)``; the server is told that it gets none.
    func reply(to question: UInt32, _ connection: Connection) throws(MessageRefusal) {
        let message: [UInt8]
        do throws(Refusal) { message = try canonical(.root) } catch {
            decline(question, connection.handle)
            throw MessageRefusal(error)
        }
        send(.reply(question: question, connection: connection.handle, message: message))
    }

    /// The server need not wait: there is nobody who could be asked.
    func decline(_ question: UInt32, _ connection: UInt32) {
        send(.reply(question: question, connection: connection, message: text.unanswerable()))
    }
}
