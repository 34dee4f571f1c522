// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Wire

/// One question to the name servers: one name, one type, as many tries as the time allows.
final class Question {
    enum State: Equatable {
        case asking
        case answered([NetworkAddress], timeToLive: UInt32)
        /// The name does not exist.
        case noName
        case failed
        case timedOut
    }

    let name: HostName
    let type: DNSType
    let slot: Int
    var state = State.asking
    /// The socket of the current try. Its port and the id are what a forger would have to guess.
    var socket: FileDescriptorBox?
    var isStream = false
    var id: UInt16 = 0
    var tries = 0
    /// When the current try is given up.
    var tryUntil = Instant(nanoseconds: 0)
    /// Over TCP: what is to be sent and what has come.
    var output = ByteQueue()
    var input = ByteQueue()

    init(_ name: HostName, _ type: DNSType, slot: Int) {
        self.name = name
        self.type = type
        self.slot = slot
    }
}

/// A name that is being resolved, for whoever waits for it.
final class Lookup {
    /// What came of it.
    enum Outcome: Equatable {
        case resolved(Resolution)
        case failed
        case timedOut
    }

    let name: HostName
    /// Slots and serial numbers of the clients that wait.
    var waiting: [Waiter] = []
    var questions: [Question] = []
    /// The addresses of the first round, where a second has to be asked.
    var first: [NetworkAddress]?
    let until: Instant

    struct Waiter {
        let client: Client
    }

    init(_ name: HostName, until: Instant) {
        self.name = name
        self.until = until
    }

    var isAsking: Bool { questions.contains { $0.state == .asking } }
}
