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
    /// The seal that it was decided under.
    var sealNumber: UInt32

    /// The server it was selected for.
    var server: ServerView?
    /// What it is about, as records and policy name it.
    var target: Target?
    /// The reviewed tool of a `tools/call`.
    var tool: ToolView?
    /// What goes upstream once the intent is recorded; `params` in the upstream's era.
    var parameters: CanonicalJSON?
    /// What must be the same when a held request is repeated: the canonical arguments or the address.
    var salientBytes: [UInt8] = []
    /// The client's own progress token, and our number towards the server; 0 if it wants no progress.
    var progressToken: CanonicalJSON?
    var progressNumber: Int64 = 0
    /// Lowest level of log messages that this request asked for (modern era).
    var logLevel: LogLevel?
    /// The rule that decided against it.
    var decidingRule: RuleID?
    /// What its arguments break in the tool's schema, for the client alone.
    var complaint: String?
    /// Sequence number of the recorded intent; 0 before.
    private(set) var intent: UInt64 = 0
    /// The outcome of the intent is on record.
    var isClosed = false
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
    /// What the client declared with this very request (modern era).
    var declared: ClientOffers = []
    /// Which of the server's requests this client can answer and the entry grants.
    var offers: ClientOffers = []
    /// Of a listing that runs over several servers: what comes next.
    var listing: Listing?
    /// The open call of a legacy server that this request continues, and the answer that it brings.
    var held: HeldCall?
    var heldAnswer: CanonicalJSON?
    /// It carries answers to a server's questions, or a server's state (modern era).
    var isRepeat = false
    /// How often the server has answered with questions.
    var rounds = 0
    /// Progress moves the time limit, never beyond the hard one.
    var lastProgress: Instant
    var hardDeadline: Instant

    init(
        gate: GateRoom, decision: Decision, connection: Connection, caller: Caller, session: Session?,
        id: CanonicalJSON,
        sealNumber: UInt32, started: Instant
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
        self.sealNumber = sealNumber
        self.started = started
        lastProgress = started
        hardDeadline = started
    }

    var era: Era { revision.era }
    var principal: Principal { caller.principal }

    /// The intent has been handed to the journal.
    func await(_ promise: consuming Promise) {
        intent = promise.sequence
        self.promise = consume promise
    }

    /// The last intent has its outcome; the call goes on with a new one.
    func reopen() {
        intent = 0
        isClosed = false
        upstream = nil
        upstreamID = 0
    }

    func hold(_ grant: consuming Grant) { self.grant = consume grant }

    /// The grant, once.
    func takeGrant() -> Grant? { grant.take() }
}
