// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy

/// The egress room's end of its door, played by the test.
final class EgressLine {
    private let channel: Channel
    private(set) var orders: [EgressOrder] = []
    /// Of each order to serve, in order: the listeners that came along.
    private(set) var listeners: [[Owned]] = []
    private(set) var isClosed = false
    private var number: UInt64 = 0

    init(_ door: Door) { channel = door.channel }

    func ready() { send(.ready(report: ConfinementReport().encoded)) }

    func collect() throws {
        while !isClosed {
            while var frame = try channel.next() {
                let order = try EgressOrder.read(frame.kind, &frame.fields)
                var passed: [Owned] = []
                while let descriptor = channel.takeDescriptor() { passed.append(Owned(descriptor)) }
                if order.kind == .serve { listeners.append(passed) }
                orders.append(order)
            }
            // A broker that has shut the door may have left something of ours unread.
            do throws(SyscallError) {
                switch try channel.receive0() {
                case .moved: continue
                case .wouldBlock: return
                case .closed: isClosed = true
                }
            } catch { isClosed = true }
        }
    }

    func take(_ kind: EgressOrder.Kind) -> EgressOrder? {
        guard let index = orders.firstIndex(where: { $0.kind == kind }) else { return nil }
        return orders.remove(at: index)
    }

    /// Reports a decision about `host`, and gives its number.
    @discardableResult
    func decide(
        _ sandbox: UInt32, _ host: String, _ verdict: EgressDecision.Verdict, _ reason: EgressReason? = nil,
        addressClass: AddressClass? = .publicAddress, address: [UInt8] = [93, 184, 216, 34], number: UInt64? = nil
    ) -> UInt64 {
        self.number += 1
        send(
            .decided(
                EgressDecision(
                    number: number ?? self.number, sandbox: sandbox, asked: Array(host.utf8), port: 443, form: .connect,
                    method: Array("CONNECT".utf8), address: address, addressClass: addressClass?.rawValue,
                    rule: Array("a rule".utf8), verdict: verdict, reason: reason?.rawValue,
                    status: verdict == .allow ? 200 : 403)))
        return self.number
    }

    func end(_ decision: UInt64) {
        send(
            .ended(
                EgressEnding(
                    decision: decision, bytesUp: 10, bytesDown: 20, milliseconds: 30, cause: .finished,
                    nameFinding: .same, serverName: Array("api.example.com".utf8))))
    }

    /// Ends, as a room that was killed.
    func die() throws { try TCPSocket.shutDown(channel.socket, .both) }

    func send(_ report: EgressReport) {
        channel.send { report.write(to: &$0) }
        // A closed door shows in the test that depends on the answer.
        do { _ = try channel.flush() } catch {}
    }
}

extension Channel {
    /// ``receive()`` with the system's error alone: what the broker sends is well formed.
    fileprivate func receive0() throws(SyscallError) -> Transfer {
        do throws(ChannelError) { return try receive() } catch {
            switch error {
            case .system(let error): throw error
            case .frame: throw SyscallError("recvmsg", code: 0)
            }
        }
    }
}
