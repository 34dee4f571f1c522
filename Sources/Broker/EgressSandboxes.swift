// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Who stands behind a sandbox's listeners, in the words of records and status.
struct SandboxLabel {
    enum Origin { case server, run }

    /// The server's name, or the run's.
    let name: [UInt8]
    /// Of what the sandbox is made.
    let profile: [UInt8]
    let origin: Origin
    /// The process that renders pages lives in it: what it tries of this machine is a crossing of the boundary.
    let isBrowser: Bool
    /// First process of the sandbox as the host counts, 0 where it is not known.
    var pid: UInt32 = 0
}

/// One sandbox that has a way out: the broker keeps its listeners, so that an egress room can be replaced.
final class EgressSandbox {
    let number: UInt32
    let label: SandboxLabel
    /// What it was granted, without what is denied to everybody.
    var grant: EgressPolicy
    /// What it is judged by.
    var policy: EgressPolicy
    private let http: FileDescriptor
    private let socks: FileDescriptor
    /// The egress room has them.
    var isServed = false
    /// Decisions whose end is owed to the log.
    var open: Set<UInt64> = []
    var budget = DecisionBudget()

    init(
        number: UInt32, label: SandboxLabel, grant: EgressPolicy, policy: EgressPolicy, http: consuming FileDescriptor,
        socks: consuming FileDescriptor
    ) {
        self.number = number
        self.label = label
        self.grant = grant
        self.policy = policy
        self.http = http
        self.socks = socks
    }

    /// For the egress room.
    func copies() throws(SyscallError) -> PassedDescriptors {
        var passed = PassedDescriptors()
        passed.append(try http.duplicate())
        passed.append(try socks.duplicate())
        return passed
    }
}

/// How many refused decisions of one sandbox are recorded singly: a page that tries every port of every address must not
/// be a way to fill the disk. What is let out is always recorded.
struct DecisionBudget {
    /// In one minute. More than any probe list, less than 50 MB a day.
    static let singlesPerMinute = 1_200
    static let windowMilliseconds: UInt64 = 60_000

    private var singles = 0
    private var end = Instant(nanoseconds: 0)
    /// Refused in this window and only counted.
    private(set) var counted: UInt64 = 0

    /// Whether the next refusal is recorded singly; if not it has been counted.
    mutating func admits(_ now: Instant) -> Bool {
        if singles == 0 { end = now.adding(milliseconds: Self.windowMilliseconds) }
        if singles < Self.singlesPerMinute {
            singles += 1
            return true
        }
        counted += 1
        return false
    }

    /// What was only counted, once its minute is over, or at `theEnd`.
    mutating func close(_ now: Instant, theEnd: Bool = false) -> UInt64 {
        guard theEnd || end <= now else { return 0 }
        defer {
            singles = 0
            counted = 0
        }
        return counted
    }
}
