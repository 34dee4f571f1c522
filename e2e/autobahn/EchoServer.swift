// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Linux
internal import Wire

/// A loopback listener that sends every WebSocket message back.
final class EchoServer {
    private let listener: FileDescriptor
    private var poller: Poller
    private var connections: [Int32: EchoConnection] = [:]

    init() throws(SyscallError) {
        listener = try EchoServer.listen()
        poller = try Poller()
        try poller.add(listener, .readable, token: UInt64(listener.number))
    }

    func run() throws(SyscallError) {
        var events: [Readiness] = []
        while true {
            try poller.wait(&events, milliseconds: nil)
            for event in events {
                if event.token == UInt64(listener.number) {
                    try accept()
                } else {
                    try serve(Int32(event.token))
                }
            }
        }
    }

    private func accept() throws(SyscallError) {
        let number = Glibc.accept(listener.number, nil, nil)
        if number < 0 { return }
        let connection = EchoConnection(FileDescriptor(owning: number))
        try connection.descriptor.setNonBlocking(true)
        try poller.add(connection.descriptor, .readable, token: UInt64(number))
        connections[number] = connection
    }

    private func serve(_ number: Int32) throws(SyscallError) {
        guard let connection = connections[number] else { return }
        switch try connection.serve() {
        case .reads: try poller.change(connection.descriptor, .readable, token: UInt64(number))
        case .writes: try poller.change(connection.descriptor, [.readable, .writable], token: UInt64(number))
        case .ends:
            try poller.remove(connection.descriptor)
            connections[number] = nil
        }
    }

    private static func listen() throws(SyscallError) -> FileDescriptor {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw .last("socket") }
        let descriptor = FileDescriptor(owning: number)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            // A sockaddr_in is a sockaddr of the length that is passed with it.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(number, generic, length) == 0 && getsockname(number, generic, &length) == 0
            }
        }
        guard bound, Glibc.listen(number, 128) == 0 else { throw .last("bind") }
        print(UInt16(bigEndian: address.sin_port))
        // All streams: the one we mean is a global variable of C.
        fflush(nil)
        return descriptor
    }
}

/// One client: its handshake, then frames.
final class EchoConnection {
    enum Next {
        case reads
        case writes
        case ends
    }

    let descriptor: FileDescriptor
    private var input = ByteQueue()
    private var output = ByteQueue()
    private var head = RequestHeadReader()
    private var frames: FrameReader?
    private var isClosing = false
    private var isShut = false

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    func serve() throws(SyscallError) -> Next {
        switch try descriptor.read(into: &input, limit: 65_536) {
        case .closed: return .ends
        case .wouldBlock: break
        case .moved: answer()
        }
        while !output.isEmpty {
            switch try descriptor.write(from: &output) {
            case .closed: return .ends
            case .wouldBlock: return .writes
            case .moved: break
            }
        }
        if isClosing && !isShut {
            // Reading goes on until the peer has closed: data left unread would reset the connection, and the peer
            // might never see the close frame.
            isShut = true
            shutdown(descriptor.number, Int32(SHUT_WR))
        }
        return .reads
    }

    private func answer() {
        if isClosing {
            input.removeAll()
            return
        }
        let arrived = input.storage
        let range = input.range
        var used = 0
        var reply: [UInt8] = []
        do throws(WireError) {
            if frames == nil { used = try shakeHands(arrived.span.extracting(range), &reply) }
            while frames != nil && used < range.count && !isClosing {
                let waiting = (range.lowerBound + used)..<range.upperBound
                used += try echo(arrived.span.extracting(waiting), &reply)
            }
        } catch {
            isClosing = true
            if let code = error.rule.closeCode {
                FrameWriter.appendClose(code, to: &reply)
            } else if let denial = error.rule.denial {
                ResponseWriter.append(HTTPStatus(denial), body: .length(0), closing: true, to: &reply)
            }
        }
        input.drop(isClosing ? input.count : used)
        output.append(reply)
    }

    private func shakeHands(_ bytes: borrowing Span<UInt8>, _ reply: inout [UInt8]) throws(WireError) -> Int {
        guard case .complete(let length) = try head.read(bytes) else { return 0 }
        let key = try Handshake.check(head.head)
        Handshake.appendAcceptance(of: key, in: head.head, to: &reply)
        frames = FrameReader(role: .server, limit: 32 << 20, takesBinary: true)
        return length
    }

    private func echo(_ bytes: borrowing Span<UInt8>, _ reply: inout [UInt8]) throws(WireError) -> Int {
        guard var reader = frames.take() else { return 0 }
        defer { frames = reader }
        let progress = try reader.read(bytes)
        switch progress.event {
        case nil, .pong: break
        case .text: FrameWriter.append(.text, reader.message.span, to: &reply)
        case .binary: FrameWriter.append(.binary, reader.message.span, to: &reply)
        case .ping: FrameWriter.append(.pong, reader.control.span, to: &reply)
        case .close(let code):
            FrameWriter.appendClose(code, to: &reply)
            isClosing = true
        }
        return progress.consumed
    }
}
