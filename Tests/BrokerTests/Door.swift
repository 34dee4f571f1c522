// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy

/// The test's end of one of the broker's doors.
final class Door {
    let channel: Channel
    private var orders: [GateOrder] = []
    var answers: [UInt32: Answer] = [:]
    var events: [Event] = []
    var connections: [(handle: UInt32, socket: Owned)] = []
    private(set) var isClosed = false

    init(_ socket: consuming FileDescriptor) { channel = Channel(socket) { _ in 64 << 20 } }

    /// Our end, and the descriptor that the broker gets.
    static func pair() throws -> (near: Door, far: Owned) {
        var near: Door?
        var far: Owned?
        try UnixSocket.pair(.packet).part { one, other in
            near = Door(one)
            far = Owned(other)
        }
        return (try unwrap(near), try unwrap(far))
    }

    func send(_ report: LaunchReport, passing owned: [Owned] = []) {
        write(owned) { report.write(to: &$0) }
    }

    func send(_ request: GateRequest) { write([]) { request.write(to: &$0) } }

    private func write(_ owned: [Owned], _ compose: (inout FrameWriter) -> Void) {
        do {
            if owned.isEmpty {
                channel.send(compose)
            } else {
                var passed = PassedDescriptors()
                for one in owned { passed.append(try one.take()) }
                channel.send(passing: passed, compose)
            }
            _ = try channel.flush()
        } catch { isClosed = true }
    }

    func nextRequest() throws -> (LaunchRequest, Int)? {
        while true {
            if var frame = try channel.next() {
                return (try LaunchRequest.read(frame.kind, &frame.fields), channel.descriptorCount)
            }
            guard try receive() else { return nil }
        }
    }

    private func receive() throws -> Bool {
        switch try channel.receive() {
        case .moved: return true
        case .wouldBlock: return false
        case .closed:
            isClosed = true
            return false
        }
    }

    func collectOrders() throws {
        guard !isClosed else { return }
        while true {
            while var frame = try channel.next() {
                let order = try GateOrder.read(frame.kind, &frame.fields)
                switch order {
                case .answer(let answer): answers[answer.call] = answer
                case .event(let event): events.append(event)
                case .connection(let handle):
                    guard let socket = channel.takeDescriptor() else { throw HouseError.missing }
                    connections.append((handle, Owned(socket)))
                case .configure, .known, .unknown, .selected, .cut, .callerEnded, .sessionEnded, .drain:
                    orders.append(order)
                }
            }
            guard try receive() else { return }
        }
    }

    /// The oldest order that is neither an answer, an event, a connection nor the configuration.
    func takeOrder() -> GateOrder? {
        while !orders.isEmpty {
            let first = orders.removeFirst()
            if case .configure = first { continue }
            return first
        }
        return nil
    }
}
