// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// One request of a client, from the gate's frame to the one answer.
final class Call {
    let gate: GateRoom
    /// The gate's number for the answer.
    let number: UInt32
    let connection: Connection
    let caller: Caller
    let session: Session?
    let method: Method
    /// What the client speaks.
    let revision: Revision
    /// The JSON-RPC id, canonical.
    let id: CanonicalJSON
    /// It came in on the endpoint that joins all servers, so names and addresses are wrapped.
    let isAggregate: Bool
    let started: Instant

    /// The server it was selected for.
    var server: ServerView?
    /// What goes upstream once the intent is recorded; `params` in the upstream's era.
    var parameters: CanonicalJSON?
    /// The client's own progress token, and ours towards the server.
    var progressToken: CanonicalJSON?
    /// Lowest level of log messages that this request asked for (modern era).
    var logLevel: LogLevel?
    /// Sequence number of the recorded intent; 0 before.
    var intent: UInt64 = 0
    /// Waits in the journal; taken out when the record is where it must be.
    var promise: Promise?
    /// What the recorded intent allows, spent by writing to the server.
    private var grant: Grant?
    /// Set while the request is with a server.
    var upstream: Upstream?
    var upstreamID: Int64 = 0
    /// Answered, cancelled or given up: whatever else arrives for it is dropped.
    var isOver = false
    /// Choices among the server's sealed parameters.
    var choices: [UInt8] = []
    /// Which of the server's requests this client can answer.
    var offers: ClientOffers = []
    /// Of a listing that runs over several servers: where it stands.
    var listing: ListCursor?

    init(
        gate: GateRoom, decision: Decision, connection: Connection, caller: Caller, session: Session?, id: CanonicalJSON,
        started: Instant
    ) {
        self.gate = gate
        number = decision.call
        self.connection = connection
        self.caller = caller
        self.session = session
        method = decision.method
        revision = decision.revision
        self.id = id
        isAggregate = decision.server == nil
        self.started = started
    }

    var era: Era { revision.era }
    var principal: Principal { caller.principal }

    func hold(_ grant: consuming Grant) { self.grant = consume grant }

    /// The grant, once.
    func takeGrant() -> Grant? { grant.take() }
}
