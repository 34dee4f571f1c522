// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// One connection out of a sandbox, from its first byte to its last.
///
/// What only a phase needs hangs on that phase's own object, so that an idle tunnel is small.
final class Client {
    enum Phase {
        case head
        /// Too many decisions are not recorded yet: this one has not begun.
        case waiting
        case resolving
        case dialling
        /// Decided; the answer waits until the decision has left for the broker.
        case announcing
        case tunnel
        /// One request in the clear.
        case forward
        /// Our last word is on its way out; what still comes is thrown away.
        case leaving
        case gone
    }

    let slot: Int
    let sandbox: Served
    let grammar: Served.Grammar
    let socket: FileDescriptor
    var phase = Phase.head
    /// What the kernel last said of the client's side; untrue as soon as it has refused.
    var isReadable = false
    var isWritable = false
    /// The kernel has spoken of an end: a short read is not the last one.
    var hasHungUp = false
    /// When this phase is over, whatever happens.
    var due: Instant
    /// Once it is decided: the tunnel keeps nothing of it.
    var asking: Asking?
    var opened: Opened?
    /// What is still to be said to the client before it is left, or before its tunnel begins.
    var answer: [UInt8] = []
    /// Our side has been shut for writing.
    var isShut = false
    /// Its turn comes again without waiting, as it had more to do than one turn gives.
    var isQueued = false

    init(slot: Int, sandbox: Served, grammar: Served.Grammar, socket: consuming FileDescriptor, due: Instant) {
        self.slot = slot
        self.sandbox = sandbox
        self.grammar = grammar
        self.socket = socket
        self.due = due
        asking = Asking()
    }
}

/// What a client wants, and how far it has come with it.
final class Asking {
    /// What has arrived; behind the head, what the client said too early.
    var input = ByteQueue()
    var proxy = ProxyRequestReader(admitsOldConnect: true)
    var socks = SocksReader()
    /// Bytes of the SOCKS greeting, once it has been answered.
    var greeted: Int?

    // For the record.
    var asked: [UInt8] = []
    var port: UInt16 = 0
    var form = EgressDecision.Form.unparsed
    var method: [UInt8] = []

    var target: EgressTarget?
    /// A request in the clear, as it was read.
    var request: ProxyRequest?
    /// As policy judges it: nil for a tunnel.
    var judgedMethod: [UInt8]?
    var dial: Dial?
    /// A place among the decisions that are not recorded, until this one is told.
    var hasPlace = false
    /// Of a client that waits for a place: what is to be decided; nil for everything still to come.
    var pending: Refusal?
    /// What has been decided, until it is carried out.
    var verdict: Verdict?

    enum Verdict {
        case open(Opening)
        case refuse(Refusal)
    }

    /// A connection that came about, to the address that was checked.
    struct Opening {
        let decision: UInt64
        let address: NetworkAddress
        let sni: SNIDemand
        let upstream: FileDescriptorBox
    }
}

/// Attempts to reach the addresses of one admission.
final class Dial {
    let admission: Admission
    let port: UInt16
    /// By place in the admission's addresses; nil where the attempt has failed.
    var attempts: [FileDescriptorBox?] = []
    let until: Instant
    /// Why the last attempt failed.
    var failure = EgressReason.connectFailed

    init(_ admission: Admission, port: UInt16, until: Instant) {
        self.admission = admission
        self.port = port
        self.until = until
    }

    var isTrying: Bool { attempts.contains { $0 != nil } }
    var hasMore: Bool { attempts.count < min(admission.addresses.count, Bounds.attempts) }
}

/// What an allowed decision opened.
final class Opened {
    let decision: UInt64
    let target: EgressTarget
    let judgedMethod: [UInt8]?
    let address: NetworkAddress
    let upstream: FileDescriptorBox
    let since: Instant
    /// When something last moved.
    var active: Instant
    var isUpstreamReadable = false
    var isUpstreamWritable = true
    /// As long as nothing else is known: what was said before this object was made has been heard by nobody.
    var hasUpstreamHungUp = true
    var up = Flow()
    var down = Flow()
    /// Of what went down, our own answer to the client.
    var ownBytesDown: UInt64 = 0
    /// Who is meant, while that is being found out.
    var greeting: Greeting?
    var nameFinding = EgressEnding.NameFinding.unseen
    var serverName: [UInt8] = []
    var forward: Forward?

    init(
        decision: UInt64, target: EgressTarget, judgedMethod: [UInt8]?, address: NetworkAddress,
        upstream: FileDescriptorBox, now: Instant
    ) {
        self.decision = decision
        self.target = target
        self.judgedMethod = judgedMethod
        self.address = address
        self.upstream = upstream
        since = now
        active = now
    }
}

/// One direction of a tunnel.
struct Flow {
    /// Bytes that were read and not taken by the other side.
    var held = ByteQueue()
    /// The same inside the kernel, for whoever has much to say.
    var pipe: SplicePipe?
    /// The last read filled the buffer: there is more than a copy is good for.
    var wantsPipe = false
    /// Bytes that the other side has taken.
    var bytes: UInt64 = 0
    /// Nothing more comes.
    var hasEnded = false
    /// The other side has been told so.
    var isShut = false

    var isEmpty: Bool { held.isEmpty && (pipe?.count ?? 0) == 0 }
}
