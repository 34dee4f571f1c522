// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Wire

/// One message of ours on its way to the server, or one stream that we listen to, with what comes back.
final class Exchange {
    enum Kind: Equatable {
        case request(RequestID)
        /// What a server needs to hear before anything else.
        case initialized
        /// Nobody waits for what the server says about it.
        case aside
        /// What the server sends of its own accord (legacy era).
        case stream
        /// The end of the session.
        case goodbye
    }

    /// What is looked at in the answer beside its being one.
    enum Interest: Equatable {
        case nothing
        case initialize
        case tools
    }

    enum Reader: Equatable {
        /// The head has not been seen.
        case undecided
        case message
        case events
        /// Not an answer: its body may hold an error to pass on.
        case refusal(status: Int)
        case ignored
    }

    let number: Int
    let kind: Kind
    let era: Era
    let interest: Interest
    var request: WebRequest
    /// The request named the session.
    var isOfSession: Bool
    var reader = Reader.undecided
    var events = EventReader(limit: RemoteSession.mostMessageBytes)
    /// Behind which event the stream can be taken up again.
    var lastID: [UInt8]?
    var retry: Int?
    var redirects = 0
    /// Connections in a row that brought nothing new, and did not last.
    var attempts = 0
    /// When the server accepted the one that is open.
    var acceptedAt: Instant?
    var isAnswered = false
    /// When it is given up although the server has not ended it.
    var deadline: Instant?
    /// When it is asked again.
    var resumesAt: Instant?

    init(_ number: Int, _ kind: Kind, _ era: Era, _ interest: Interest, _ request: WebRequest, isOfSession: Bool) {
        self.number = number
        self.kind = kind
        self.era = era
        self.interest = interest
        self.request = request
        self.isOfSession = isOfSession
    }

    /// The id of a request that still waits for its answer.
    var unanswered: RequestID? {
        if case .request(let id) = kind, !isAnswered { id } else { nil }
    }

    /// Ready for another connection.
    func restart() {
        reader = .undecided
        events = EventReader(limit: RemoteSession.mostMessageBytes)
        acceptedAt = nil
        resumesAt = nil
    }
}
