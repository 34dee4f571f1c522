// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// The command line's end of the operator's door.
final class OperatorClient {
    private static let socketName: SystemString = "operator.sock"
    private let channel: Channel
    private var poller: Poller

    /// Connects to the broker that serves this state directory; nil where nobody does.
    static func connect(_ places: Places) throws(Failure) -> OperatorClient? {
        guard let state = try PrivateFiles.existingDirectory(places.state) else { return nil }
        do throws(SyscallError) {
            let run = try state.openSubdirectory(FileName("run"))
            let socket = try UnixSocket.connect(.packet, in: run.descriptor, name: socketName)
            // The name lies where only we can write, so whoever listens is us; asked all the same.
            let peer = try UnixSocket.peer(of: socket)
            guard peer.uid == ThisProcess.uid || peer.uid == 0 else { return nil }
            return try OperatorClient(socket)
        } catch {
            if error.isNotFound || error.isConnectionRefused { return nil }
            throw Failure("\(places.state)/run/operator.sock", error, hint: "doorward status --state DIR")
        }
    }

    private init(_ socket: consuming FileDescriptor) throws(SyscallError) {
        channel = Channel(socket) { kind in
            switch kind {
            case 1: Caps.document + 16
            case 2: 2 * Caps.report + 16
            default: nil
            }
        }
        poller = try Poller(batch: 1)
        try poller.add(channel.socket, .readable, token: 0)
    }

    /// Asks one thing and waits for its answer: a canonical JSON document.
    ///
    /// - Parameter seconds: how long the answer may take.
    /// - Throws: the broker's own words where it says no.
    func ask(_ request: OperatorRequest, seconds: UInt64 = 30) throws(Failure) -> JSONTree {
        try ask(request, passing: PassedDescriptors(), seconds: seconds)
    }

    /// The same with descriptors, which the broker has when the answer is there.
    func ask(_ request: OperatorRequest, passing descriptors: consuming PassedDescriptors, seconds: UInt64 = 30)
        throws(Failure) -> JSONTree
    {
        let reply: OperatorReply
        do throws(ChannelError) { reply = try exchange(request, descriptors, seconds) } catch {
            switch error {
            case .frame:
                throw Failure(
                    "the broker's answer makes no sense", hint: "restart doorward: it may be of another version")
            case .system(let error):
                throw Failure("the broker did not answer", error, hint: "doorward status; doorward audit tail")
            }
        }
        switch reply {
        case .failed(let error, let hint): throw Failure(Visible.text(error), hint: Visible.text(hint))
        case .done(let document):
            var tree = JSONTree()
            var reader = JSONReader(limits: Self.limits)
            do throws(JSONError) { try reader.read(document.span, into: &tree) } catch {
                throw Failure("the broker's answer is not JSON (\(error.rule.rawValue))", hint: "restart doorward")
            }
            return tree
        }
    }

    /// For a poller: readable between two questions only when the broker is gone.
    var socket: FileDescriptor { _read { yield channel.socket } }

    /// A probe carries everything that a server offers.
    private static let limits = JSONLimits(
        bytes: Caps.document, depth: 80, members: 20_000, values: 2_000_000, keyBytes: 256, stringBytes: 4 << 20,
        numberBytes: 128)

    private func exchange(
        _ request: OperatorRequest, _ descriptors: consuming PassedDescriptors, _ seconds: UInt64
    ) throws(ChannelError) -> OperatorReply {
        let deadline = Instant.now.adding(milliseconds: seconds * 1000)
        if descriptors.isEmpty {
            channel.send { request.write(to: &$0) }
        } else {
            channel.send(passing: descriptors) { request.write(to: &$0) }
        }
        // A request fits one packet, and nothing waits on a fresh connection.
        guard case .moved = try channel.flush() else { throw .system(.inputOutput("send")) }
        while true {
            switch try channel.receive() {
            case .moved:
                if var frame = try channel.next() {
                    do throws(FrameError) { return try OperatorReply.read(frame.kind, &frame.fields) } catch {
                        throw .frame(error)
                    }
                }
            case .wouldBlock: try wait(until: deadline)
            case .closed: throw .system(.inputOutput("receive"))
            }
        }
    }

    private func wait(until deadline: Instant) throws(ChannelError) {
        let left = deadline.milliseconds(after: .now)
        guard left > 0 else { throw .system(.timedOut("receive")) }
        var ready: [Readiness] = []
        do throws(SyscallError) { try poller.wait(&ready, milliseconds: Int32(clamping: left)) } catch {
            throw .system(error)
        }
    }
}
