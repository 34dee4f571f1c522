// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The parent's end of the channel to a child on its way: what it says up to its exec, and the word that lets it go on.
struct ChildAnswers: ~Copyable {
    private let channel: FileDescriptor
    private var deadline = ChildAnswers.newDeadline
    private var bytes = ByteQueue()
    private var doors = PassedDescriptors()
    private var goesOn = false
    /// Where bubblewrap says why it ended, if it is what was started.
    private var complaints: PassedDescriptors

    init(_ channel: consuming FileDescriptor, complaints: consuming PassedDescriptors = PassedDescriptors()) {
        self.channel = channel
        self.complaints = complaints
    }

    /// Waits until the child has nothing before it but to be admitted, and its exec.
    mutating func ready() throws(SandboxError) -> ConfinementReport {
        while true {
            if case .ready(let report)? = parsed { return report }
            if try !receive() { return try report() }
        }
    }

    /// The listeners that the child has passed out, which must be exactly this many.
    mutating func takeDoors(_ count: Int) throws(SandboxError) -> PassedDescriptors {
        guard doors.count == count else { throw .garbled }
        var taken = PassedDescriptors()
        while let door = doors.takeFirst() { taken.append(door) }
        return taken
    }

    /// Lets a child go on that waits for it, and waits until its exec has closed its end. One that is gone meanwhile has
    /// never run.
    mutating func admit() throws(SandboxError) {
        deadline = ChildAnswers.newDeadline
        let sent: Transfer
        do { sent = try channel.sendPacket([ChildReport.admitted].span) } catch {
            throw SandboxError(.admission, error)
        }
        guard case .moved = sent else { throw .silent }
        while try receive() { continue }
        if case .failed(let error)? = parsed { throw error }
        guard goesOn else { throw .silent }
    }

    /// Waits until the exec has closed the child's end.
    mutating func untilExec() throws(SandboxError) -> ConfinementReport {
        while try receive() { continue }
        return try report()
    }

    private mutating func report() throws(SandboxError) -> ConfinementReport {
        switch parsed {
        case .ready(let report)?: return report
        case .failed(let error)?: throw error
        case nil: throw bytes.isEmpty ? complaint() : .garbled
        }
    }

    private mutating func complaint() -> SandboxError {
        guard let source = complaints.takeFirst() else { return .silent }
        var text = ByteQueue()
        do {
            // Whatever there is has been there since before the channel ended.
            try source.setNonBlocking(true)
            _ = try source.read(into: &text, limit: ChildReport.maxTextBytes)
        } catch { return SandboxError(.start, error) }
        if text.isEmpty { return .silent }
        let storage = text.storage
        return ChildReport.complaint(storage.span.extracting(text.range))
    }

    private var parsed: ChildReport? {
        let storage = bytes.storage
        return ChildReport.parse(storage.span.extracting(bytes.range))
    }

    /// Takes one packet in; false at the end of the channel.
    private mutating func receive() throws(SandboxError) -> Bool {
        var packet = ByteQueue()
        var passed = PassedDescriptors()
        let received: Transfer?
        do {
            let left = Int32(clamping: deadline.milliseconds(after: .now))
            received =
                try channel.waitUntilReadable(milliseconds: left)
                ? channel.receivePacket(into: &packet, limit: ChildReport.maxBytes, passed: &passed) : nil
        } catch {
            throw SandboxError(.start, error)
        }
        switch received {
        case nil: throw .late(milliseconds: Sandbox.readyWithinMilliseconds)
        case .closed: return false
        case .wouldBlock: return true
        case .moved: break
        }
        let isWord = packet.storage[packet.range] == [ChildReport.admitted]
        if passed.isEmpty, isWord {
            goesOn = true
        } else if passed.isEmpty {
            bytes.append(copying: packet.storage.span.extracting(packet.range))
        } else {
            guard doors.isEmpty, packet.storage[packet.range] == [ChildReport.doorsFollow] else { throw .garbled }
            while let door = passed.takeFirst() { doors.append(door) }
        }
        guard bytes.count <= ChildReport.maxBytes else { throw .garbled }
        return true
    }

    private static var newDeadline: Instant {
        Instant.now.adding(milliseconds: UInt64(Sandbox.readyWithinMilliseconds))
    }
}
