// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux

/// Bytes through an open tunnel: small ones are copied, large ones are moved inside the kernel.
///
/// Nothing is held by a tunnel through which nothing moves: the buffer is the room's, pipes are given back when they are
/// empty, and only what the other side did not take stays.
extension EgressRoom {
    func pump(_ client: Client) {
        guard let opened = client.opened else { return }
        if let greeting = opened.greeting {
            guard readGreeting(client, opened, greeting) else { return }
        }
        do throws(SyscallError) {
            let movesUp = try move(
                &opened.up, from: client.socket, &client.isReadable, &client.hasHungUp, to: opened.upstream.descriptor,
                &opened.isUpstreamWritable)
            let movesDown = try move(
                &opened.down, from: opened.upstream.descriptor, &opened.isUpstreamReadable,
                &opened.hasUpstreamHungUp, to: client.socket, &client.isWritable)
            if movesUp != .nothing || movesDown != .nothing { opened.active = now }
            if opened.up.isShut && opened.down.isShut { return end(client, .finished) }
            if movesUp == .more || movesDown == .more { queue(client) }
        } catch { end(client, .reset) }
    }

    /// The server's side alone, while the client's is held back.
    func passDown(_ client: Client, _ opened: Opened) {
        do throws(SyscallError) {
            let moves = try move(
                &opened.down, from: opened.upstream.descriptor, &opened.isUpstreamReadable,
                &opened.hasUpstreamHungUp, to: client.socket, &client.isWritable)
            if moves != .nothing { opened.active = now }
            if moves == .more { queue(client) }
        } catch { end(client, .reset) }
    }

    private enum Progress {
        case nothing
        case some
        /// Stopped by this turn's share.
        case more
    }

    /// Moves what there is in one direction, and passes its end on.
    ///
    /// - Throws: whatever breaks a connection; one that does not take bytes any more is broken.
    private func move(
        _ flow: inout Flow, from source: borrowing FileDescriptor, _ isReadable: inout Bool, _ hasHungUp: inout Bool,
        to target: borrowing FileDescriptor, _ isWritable: inout Bool
    ) throws(SyscallError) -> Progress {
        if flow.isShut { return .nothing }
        var progress = Progress.nothing
        for _ in 0..<Bounds.steps {
            guard try empty(&flow, into: target, &isWritable, &progress) else { return progress }
            if flow.hasEnded {
                pipes.give(&flow)
                flow.isShut = true
                try TCPSocket.shutDown(target, .write)
                return .some
            }
            guard isReadable else {
                pipes.give(&flow)
                return progress
            }
            if flow.pipe == nil && !flow.wantsPipe {
                try copy(&flow, from: source, &isReadable, &hasHungUp, to: target, &isWritable, &progress)
            } else {
                try fill(&flow, from: source, &isReadable)
            }
        }
        return .more
    }

    /// - Returns: whether nothing waits any more.
    private func empty(
        _ flow: inout Flow, into target: borrowing FileDescriptor, _ isWritable: inout Bool,
        _ progress: inout Progress
    ) throws(SyscallError) -> Bool {
        while !flow.isEmpty {
            guard isWritable else { return false }
            let moved: Transfer
            if !flow.held.isEmpty {
                moved = try target.write(from: &flow.held)
                if flow.held.isEmpty { flow.held = ByteQueue() }
            } else if let pipe = flow.pipe {
                moved = try pipe.drain(into: target)
            } else {
                return true
            }
            switch moved {
            case .moved(let count):
                flow.bytes += UInt64(count)
                progress = .some
            case .wouldBlock: isWritable = false
            case .closed: throw SyscallError("write", "tunnel", code: ErrorCode.reset)
            }
        }
        return true
    }

    /// A read into the room's own buffer, and a write from there.
    private func copy(
        _ flow: inout Flow, from source: borrowing FileDescriptor, _ isReadable: inout Bool, _ hasHungUp: inout Bool,
        to target: borrowing FileDescriptor, _ isWritable: inout Bool, _ progress: inout Progress
    ) throws(SyscallError) {
        scratch.removeAll()
        switch try source.read(into: &scratch, limit: Bounds.copy) {
        case .moved(let count):
            progress = .some
            flow.wantsPipe = count == Bounds.copy
            // epoll(7): a short read has taken everything, and whatever comes is told anew; but an end that was told of
            // already is not told twice.
            if count < Bounds.copy && !hasHungUp { isReadable = false }
            if isWritable {
                switch try target.write(from: &scratch) {
                case .moved(let count): flow.bytes += UInt64(count)
                case .wouldBlock: isWritable = false
                case .closed: throw SyscallError("write", "tunnel", code: ErrorCode.reset)
                }
            }
            if !scratch.isEmpty {
                let bytes = scratch.storage
                flow.held.append(copying: bytes.span.extracting(scratch.range))
            }
        case .wouldBlock:
            isReadable = false
            // There is no end behind what was read, so the next one will be told.
            hasHungUp = false
        case .closed: flow.hasEnded = true
        }
    }

    private func fill(_ flow: inout Flow, from source: borrowing FileDescriptor, _ isReadable: inout Bool)
        throws(SyscallError)
    {
        flow.wantsPipe = false
        guard let pipe = flow.pipe ?? pipes.take() else { return }
        flow.pipe = pipe
        switch try pipe.fill(from: source, limit: Bounds.pipe) {
        case .moved: break
        case .wouldBlock: isReadable = false
        case .closed: flow.hasEnded = true
        }
    }
}
