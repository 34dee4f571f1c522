// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// What has to be done about one message that was found in order.
enum Disposition: Equatable {
    /// Ask the broker.
    case serve(method: Method, revision: Revision, id: RequestID, parameters: JSONNode?)
    /// `ping` of the legacy era: nobody has to be asked.
    case ping(id: RequestID)
    /// A notification about which nothing is to be done.
    case accept
    /// A notification that must not be acted on; told to the record alone.
    case drop(Refusal)
    /// `notifications/cancelled`; nil where it names no request that a client could have sent.
    case cancel(RequestID?)
    /// The client's answer to a question, if it was asked one of this id.
    case answer(RequestID)
}
