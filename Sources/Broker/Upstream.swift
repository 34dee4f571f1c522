// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Linux
internal import Policy
internal import StrictJSON

/// Which process serves which callers: one for each server and principal, unless the entry says otherwise.
struct UpstreamKey: Hashable {
    let server: ServerName
    /// 0 for a shared process.
    let principal: UInt32
    let choices: [UInt8]
    /// Requests of the server that its client can answer. A process that may ask belongs to one session, since a
    /// question over stdio does not say which call it is about.
    let offers: UInt8
    let session: UInt32
    /// Where each call has a process of its own, a number of its own; otherwise 0.
    let call: UInt32

    var backoff: Backoff.Key { Backoff.Key(server: server, principal: principal, choices: choices) }
}

/// One running server (or one that is being started): its pipes, and what is asked of it.
///
/// A process that has ended is never reused: the next call makes a new one.
final class Upstream {
    enum State: Equatable {
        /// The intent to launch it is on its way to the disk.
        case recording
        /// The launcher has been asked.
        case launching
        /// Its first answer is awaited: which revision does it speak?
        case greeting
        /// What it offers is being compared with what was reviewed.
        case comparing
        case ready
        /// Its input is closed; it gets time to leave by itself.
        case leaving
        case gone
    }

    /// Whether its tools are being compared while it serves.
    enum ListingState {
        case none
        case running
        /// It announced another change meanwhile.
        case stale
    }

    /// What an answer is awaited for.
    enum Awaited {
        case call(Call)
        /// A call that waits for its client's answer to the server's question, by its state; see ``HeldCall``.
        case held([UInt8])
        /// A request of our own; the reply goes to the stage that sent it.
        case own(OwnRequest)
    }

    enum OwnRequest: Equatable {
        case discover
        case initialize
        case tools
        case prompts
        case templates
        case setLevel
        case subscribe([UInt8])
        case listen
        /// Withdrawn: the answer, should there be one, means nothing.
        case nothing
    }

    let number: UInt32
    let key: UpstreamKey
    private(set) var view: ServerView
    /// The seal that it is started by.
    private(set) var seal: Digest
    /// Whom it serves; nil where it serves everybody, or a review.
    let principal: Principal?
    var state: State = .recording
    /// Waits in the journal until the launch is recorded.
    var launchPromise: Promise?
    var hasLaunchOutcome = false
    var pid: UInt32 = 0
    var startedAt = Instant(nanoseconds: 0)
    /// End of the patience for whatever the state waits for.
    var deadline: Instant?
    /// Of a review: when the modern greeting is given up.
    var probeDeadline: Instant?
    /// The last session of its client has ended: it goes then, unless somebody calls before.
    var lingersUntil: Instant?
    /// It is to leave as soon as it is idle: its session has ended or its entry has changed.
    var isDismissed = false
    var leaveStage = 0
    /// Calls in a row that it did not answer in time.
    var unanswered = 0
    private var notifications: (second: UInt64, count: Int) = (0, 0)
    var lastUsed = Instant(nanoseconds: 0)

    var input: FileDescriptor?
    var output: FileDescriptor?
    var errors: FileDescriptor?
    var outgoing = ByteQueue()
    var isInputBlocked = false
    var incoming = ByteQueue()
    /// How far into ``incoming`` no line feed was found.
    var scanned = 0
    /// Bytes of the line that was found last, its end included.
    var lineLength = 0
    var errorTail = ErrorTail()

    var revision: Revision = .newestLegacy
    var capabilities: ServerCapabilities = []
    var instructions: [UInt8]?
    /// What it may ask of its client.
    var offers: ClientOffers = []
    /// The launcher's report on its sandbox.
    var confinement: [UInt8] = []
    /// Why the launcher refused, in its words.
    var lastDetail: [UInt8] = []
    private var nextID: Int64 = 1
    var awaited: [Int64: Awaited] = [:]
    /// Requests in the order of their deadlines. One server has one time limit, so most are added at the end.
    private var deadlines: [(at: Instant, id: Int64)] = []
    private var deadlineHead = 0
    /// By the token that goes upstream; the client's own never does.
    var progress: [Int64: Call] = [:]
    /// Calls that wait until it is ready.
    var queue: [Call] = []
    /// What it offered, collected page by page.
    var offered: [(name: [UInt8], digest: Digest)] = []
    var pages = 0
    var listing = ListingState.none
    /// No listing before: a server that announces changes all the time is not asked all the time.
    var nextListing = Instant(nanoseconds: 0)
    /// Server requests that a client is asked on its behalf, by our number.
    var questions: [UInt32: HeldQuestion] = [:]
    /// Unasked, malformed or forbidden messages so far; see ``Upstream/mostFaults``.
    var faults = 0
    /// A review that waits for what this process offers.
    var review: ReviewProbe?
    /// Addresses that some session or subscription watches.
    var watched: [[UInt8]: Int] = [:]

    /// After this many messages that a server may not send it is stopped.
    static let mostFaults = 100
    /// Calls that may wait for one process.
    static let mostAwaited = 1024
    /// After this many calls in a row that it let run into their limit it is stopped.
    static let mostUnanswered = 64
    /// Pages of one listing, and objects in all: a server that never ends its list is not listed further.
    static let mostPages = 64
    static let mostOffered = 4096
    /// Bytes waiting to be written to it above which calls are refused.
    static let mostOutgoing = 16 << 20

    init(number: UInt32, key: UpstreamKey, view: ServerView, seal: Digest, principal: Principal?) {
        self.number = number
        self.key = key
        self.view = view
        self.seal = seal
        self.principal = principal
    }

    func takeID() -> Int64 {
        defer { nextID += 1 }
        return nextID
    }

    /// Calls that somebody still waits for.
    var liveCalls: [Call] {
        awaited.values.compactMap { awaited in
            if case .call(let call) = awaited, !call.isOver { call } else { nil }
        }
    }

    /// A listing of its tools is under way.
    var isListing: Bool {
        awaited.values.contains { awaited in
            if case .own(.tools) = awaited { true } else { false }
        }
    }

    var isIdle: Bool { queue.isEmpty && outgoing.isEmpty && questions.isEmpty && liveCalls.isEmpty }

    /// The same entry in a newer seal.
    func rebind(to view: ServerView, seal: Digest) {
        self.view = view
        self.seal = seal
    }

    /// Counts one message that was not asked for.
    ///
    /// - Returns: how many there were in this second.
    func countUnasked(_ now: Instant) -> Int {
        let second = now.nanoseconds / 1_000_000_000
        if second != notifications.second { notifications = (second, 0) }
        notifications.count += 1
        return notifications.count
    }

    var isUsable: Bool {
        switch state {
        case .recording, .launching, .greeting, .comparing, .ready: true
        case .leaving, .gone: false
        }
    }

    /// The answer to `id` is due then.
    func expect(_ id: Int64, by deadline: Instant) {
        // Answered requests are forgotten at the front; behind one that takes its time they would pile up.
        if deadlines.count > 2 * awaited.count + 1024 {
            deadlines.removeFirst(deadlineHead)
            deadlineHead = 0
            deadlines.removeAll { awaited[$0.id] == nil }
        }
        var place = deadlines.count
        while place > deadlineHead, deadlines[place - 1].at > deadline { place -= 1 }
        deadlines.insert((deadline, id), at: place)
    }

    /// The earliest request that is overdue, taken out of the order; nil if none is.
    func takeOverdue(_ now: Instant) -> Int64? {
        while deadlineHead < deadlines.count {
            let first = deadlines[deadlineHead]
            guard awaited[first.id] != nil else {
                deadlineHead += 1
                continue
            }
            guard first.at <= now else { break }
            deadlineHead += 1
            return first.id
        }
        if deadlineHead > 1024 || deadlineHead == deadlines.count {
            deadlines.removeFirst(deadlineHead)
            deadlineHead = 0
        }
        return nil
    }
}

/// The end of what a server wrote to its standard error: text for a person, never parsed.
struct ErrorTail {
    static let maxBytes = 16_384
    private(set) var bytes: [UInt8] = []
    private(set) var total: UInt64 = 0

    mutating func append(_ new: ArraySlice<UInt8>) {
        total += UInt64(new.count)
        bytes.append(contentsOf: new.suffix(Self.maxBytes))
        if bytes.count > 2 * Self.maxBytes { bytes.removeFirst(bytes.count - Self.maxBytes) }
    }

    var recent: ArraySlice<UInt8> { bytes.suffix(Self.maxBytes) }
}
