// SPDX-License-Identifier: Apache-2.0
package import Policy

/// A sandbox that the operator's command line has started, as the broker books it. With its two descriptors it travels
/// in one packet, so all fields together stay below ``FrameForm/maxPacketBytes``.
package struct SandboxAdoption: Equatable, Sendable {
    /// Of the program, for people.
    package var name: [UInt8]
    package var profile: [UInt8]
    /// Pages are rendered in it: what it tries of this machine is a crossing of the boundary.
    package var isBrowser: Bool
    /// How it is confined: the backend's word.
    package var backend: [UInt8]
    /// What was enforced, layer by layer.
    package var report: [UInt8]
    /// Its first process, as the host counts.
    package var pid: UInt32
    /// Canonical JSON for the egress room; empty where there is no network, and then no listeners come along.
    package var policy: [UInt8]
    /// TCP ports of the host's loopback that the policy leaves open: shown wherever state is shown.
    package var localPorts: [UInt16]
    /// What is executed, and its bytes.
    package var executable: [UInt8]
    package var executableDigest: Digest
    /// Of the whole command line, each word with a NUL behind it.
    package var argumentsDigest: Digest
    /// The words that records may show.
    package var words: [[UInt8]]
    package var directory: [UInt8]
    /// What it may read and change, one grant in each line.
    package var grants: [UInt8]
    /// What was given up by name: accepted dangers, and flags of a browser that undo protection.
    package var accepted: [[UInt8]]

    package static let maxPolicyBytes = 32_768
    package static let maxReportBytes = 512
    package static let maxGrantsBytes = 8_192
    /// Of the words, and bytes of one of them.
    package static let maxWords = 32
    package static let maxWordBytes = 256
    package static let maxAccepted = 32
    package static let maxPorts = 64

    package init(
        name: [UInt8], profile: [UInt8], isBrowser: Bool, backend: [UInt8], report: [UInt8], pid: UInt32,
        policy: [UInt8], localPorts: [UInt16], executable: [UInt8],
        executableDigest: Digest, argumentsDigest: Digest, words: [[UInt8]], directory: [UInt8], grants: [UInt8],
        accepted: [[UInt8]]
    ) {
        self.name = name
        self.profile = profile
        self.isBrowser = isBrowser
        self.backend = backend
        self.report = report
        self.pid = pid
        self.policy = policy
        self.localPorts = localPorts
        self.executable = executable
        self.executableDigest = executableDigest
        self.argumentsDigest = argumentsDigest
        self.words = words
        self.directory = directory
        self.grants = grants
        self.accepted = accepted
    }

    func write(to writer: inout FrameWriter) {
        writer.data(name)
        writer.data(profile)
        writer.flag(isBrowser)
        writer.data(backend)
        writer.data(report)
        writer.u32(pid)
        writer.data(policy)
        writer.list(localPorts) { $0.u16($1) }
        writer.data(executable)
        writer.data(executableDigest.bytes)
        writer.data(argumentsDigest.bytes)
        writer.list(words) { $0.data($1) }
        writer.data(directory)
        writer.data(grants)
        writer.list(accepted) { $0.data($1) }
    }

    static func read(_ reader: inout FrameReader) throws(FrameError) -> SandboxAdoption {
        SandboxAdoption(
            name: try reader.data(atMost: Caps.word, "name"), profile: try reader.data(atMost: Caps.name, "profile"),
            isBrowser: try reader.flag("isBrowser"), backend: try reader.data(atMost: Caps.word, "backend"),
            report: try reader.data(atMost: maxReportBytes, "report"), pid: try reader.u32(),
            policy: try reader.data(atMost: maxPolicyBytes, "policy"),
            localPorts: try reader.list(atMost: maxPorts, "localPorts") { reader throws(FrameError) in
                try reader.u16()
            },
            executable: try reader.data(atMost: Caps.executable, "executable"),
            executableDigest: try digest(&reader, "executableDigest"),
            argumentsDigest: try digest(&reader, "argumentsDigest"),
            words: try texts(&reader, maxWords, maxWordBytes, "words"),
            directory: try reader.data(atMost: Caps.executable, "directory"),
            grants: try reader.data(atMost: maxGrantsBytes, "grants"),
            accepted: try texts(&reader, maxAccepted, Caps.name, "accepted"))
    }

    private static func digest(_ reader: inout FrameReader, _ name: StaticString) throws(FrameError) -> Digest {
        guard let digest = Digest(try reader.data(atMost: 32, name)) else { throw .invalid(name) }
        return digest
    }

    private static func texts(_ reader: inout FrameReader, _ count: Int, _ bytes: Int, _ name: StaticString)
        throws(FrameError) -> [[UInt8]]
    {
        try reader.list(atMost: count, name) { reader throws(FrameError) in try reader.data(atMost: bytes, name) }
    }
}

/// How an adopted sandbox ended, as its supervisor saw it.
package struct SandboxEnding: Equatable, Sendable {
    package enum Cause: UInt8, CaseIterable, Sendable {
        /// The program has ended by itself.
        case exited = 1
        case timeLimit
        /// Its supervisor was told to end it.
        case stopped
        /// It never ran, or its walls were not complete.
        case failed

        package var word: StaticString {
            switch self {
            case .exited: "exited"
            case .timeLimit: "time-limit"
            case .stopped: "stopped"
            case .failed: "failed"
            }
        }
    }

    /// As a shell counts: 128 and the signal where one has killed it.
    package var status: UInt8
    package var cause: Cause

    package init(status: UInt8, cause: Cause) {
        self.status = status
        self.cause = cause
    }

    func write(to writer: inout FrameWriter) {
        writer.u8(status)
        writer.u8(cause.rawValue)
    }

    static func read(_ reader: inout FrameReader) throws(FrameError) -> SandboxEnding {
        let status = try reader.u8()
        guard let cause = Cause(rawValue: try reader.u8()) else { throw .invalid("cause") }
        return SandboxEnding(status: status, cause: cause)
    }
}
