// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// The pipes of one server: what is read and written of them, and when they close.
extension Upstream {
    func adopt(_ pipes: consuming ServerPipes, _ poller: borrowing Poller) throws(SyscallError) {
        input = pipes.input.take()
        output = pipes.output.take()
        errors = pipes.errors.take()
        try output?.watch(poller, .readable, token: Token(.serverOutput, number).value)
        try errors?.watch(poller, .readable, token: Token(.serverErrors, number).value)
    }

    /// One write of what waits; nil if there is nobody to write to.
    func writeSome() throws(SyscallError) -> Transfer? {
        guard input != nil else { return nil }
        return try input?.write(from: &outgoing)
    }

    func readSome(limit: Int) throws(SyscallError) -> Transfer? {
        guard output != nil else { return nil }
        return try output?.read(into: &incoming, limit: limit)
    }

    func readErrorText(into queue: inout ByteQueue, limit: Int) throws(SyscallError) -> Transfer {
        guard let transfer = try errors?.read(into: &queue, limit: limit) else { return .wouldBlock }
        return transfer
    }

    func watchInput(_ poller: borrowing Poller, add: Bool) throws(SyscallError) {
        guard input != nil else { return }
        if add {
            try input?.watch(poller, .writable, token: Token(.serverInput, number).value)
        } else {
            try input?.unwatch(poller)
        }
    }

    /// The next whole line, without its line feed (and without one carriage return before it), as a range of
    /// ``incoming``'s storage; nil if there is none yet.
    func nextLine() -> Range<Int>? {
        let bytes = incoming.storage
        let range = incoming.range
        var index = range.lowerBound + scanned
        while index < range.upperBound {
            if bytes[index] == 0x0A {
                lineLength = index + 1 - range.lowerBound
                let end = index > range.lowerBound && bytes[index - 1] == 0x0D ? index - 1 : index
                return range.lowerBound..<end
            }
            index += 1
        }
        scanned = range.count
        return nil
    }

    /// Forgets the line that ``nextLine()`` found.
    func dropLine() {
        incoming.drop(lineLength)
        scanned = 0
        lineLength = 0
        if incoming.isEmpty { incoming.reset(keeping: 262_144) }
    }

    func closeInput(_ poller: borrowing Poller) {
        if isInputBlocked { unwatch(input, poller) }
        isInputBlocked = false
        outgoing.removeAll()
        input = nil
    }

    func closeOutput(_ poller: borrowing Poller) {
        unwatch(output, poller)
        output = nil
    }

    func closeErrors(_ poller: borrowing Poller) {
        unwatch(errors, poller)
        errors = nil
    }

    func close(_ poller: borrowing Poller) {
        closeInput(poller)
        closeOutput(poller)
        closeErrors(poller)
    }

    private func unwatch(_ descriptor: borrowing FileDescriptor?, _ poller: borrowing Poller) {
        // A descriptor that was never watched leaves nothing to take back.
        do throws(SyscallError) { try descriptor?.unwatch(poller) } catch {}
    }
}

extension FileDescriptor {
    fileprivate borrowing func watch(_ poller: borrowing Poller, _ interest: Interest, token: UInt64)
        throws(SyscallError)
    {
        try poller.add(self, interest, token: token)
    }

    fileprivate borrowing func unwatch(_ poller: borrowing Poller) throws(SyscallError) { try poller.remove(self) }
}
