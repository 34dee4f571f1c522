// SPDX-License-Identifier: Apache-2.0

/// How far one connection of a gate has come, as the broker knows it.
package enum ConnectionState: UInt8, CaseIterable, Sendable {
    /// Handed over, nobody authenticated on it yet.
    case admitted
    /// At least one caller is known on it.
    case known
    /// Closed by either side; its number is not used again.
    case gone
}

/// One row of the permit table: in which states a request is permitted, and how large it may be.
package struct Permit: Equatable, Sendable {
    package let states: [ConnectionState]
    /// Bytes of the frame's fields, all parts together.
    package let maxBytes: Int
    package let descriptors: ClosedRange<Int>
}

extension GateRequest.Kind {
    /// What a gate may ask, and when. A request outside its row is not negotiated: the broker ends that gate, cuts its
    /// connections and writes one record. `ready` is about no connection: permitted once, before everything else.
    package var permit: Permit {
        switch self {
        case .ready: Permit(states: [], maxBytes: Caps.report + 16, descriptors: 0...0)
        case .authenticate: Permit(states: [.admitted, .known], maxBytes: Caps.credential + 16, descriptors: 0...0)
        case .select: Permit(states: [.known], maxBytes: 64, descriptors: 0...0)
        case .decide:
            Permit(
                states: [.known],
                maxBytes: Caps.message + Caps.id + Caps.mirroredCount * (Caps.mirroredValue + Caps.name + 8) + 256,
                descriptors: 0...0)
        // Where nobody is left who could be asked, the gate itself answers the server's question.
        case .reply: Permit(states: [.known, .gone], maxBytes: Caps.message + 16, descriptors: 0...0)
        // A call may be given up after the connection it came on has gone: cancelling needs no right to call.
        case .cancel: Permit(states: [.known, .gone], maxBytes: 64, descriptors: 0...0)
        case .endSession: Permit(states: [.known, .gone], maxBytes: 64, descriptors: 0...0)
        case .refused:
            Permit(states: [.admitted, .known], maxBytes: Caps.path + 4 * Caps.word + 64, descriptors: 0...0)
        case .gone: Permit(states: [.admitted, .known], maxBytes: 64, descriptors: 0...0)
        }
    }

    package func isPermitted(in state: ConnectionState) -> Bool { permit.states.contains(state) }
}

extension GateOrder.Kind {
    /// How large an order may be, and how many descriptors come with it. A gate that is sent anything else ends itself.
    package var permit: Permit {
        switch self {
        case .configure: Permit(states: [], maxBytes: 16 * (Caps.name + 8), descriptors: 0...0)
        case .connection: Permit(states: [], maxBytes: 64, descriptors: 1...1)
        case .answer, .event: Permit(states: [], maxBytes: Caps.message + 64, descriptors: 0...0)
        case .known, .unknown, .selected, .cut, .callerEnded, .sessionEnded, .drain:
            Permit(states: [], maxBytes: 64, descriptors: 0...0)
        }
    }
}
