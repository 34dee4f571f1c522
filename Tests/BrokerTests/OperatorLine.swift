// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import Scratch
import StrictJSON

/// A command line at the operator's door.
final class OperatorLine {
    static let socketName: SystemString = "operator.sock"
    private let house: House
    private let channel: Channel
    private(set) var isClosed = false

    init(_ house: House) throws {
        self.house = house
        let directory = try house.scratch.directory()
        channel = Channel(
            try UnixSocket.connect(.packet, in: directory.descriptor, name: Self.socketName)
        ) { _ in Caps.document }
        try house.turn()
    }

    func send(_ request: OperatorRequest) throws {
        channel.send { request.write(to: &$0) }
        _ = try channel.flush()
        try house.turn()
    }

    /// Bytes that are no request.
    func sendNonsense() throws {
        channel.send { writer in
            writer.begin(200)
            writer.end()
        }
        _ = try channel.flush()
        try house.turn()
    }

    /// The reply that has come so far, if one has.
    func reply() throws -> OperatorReply? {
        try house.turn()
        if var frame = try channel.next() { return try OperatorReply.read(frame.kind, &frame.fields) }
        switch try channel.receive() {
        case .moved:
            guard var frame = try channel.next() else { return nil }
            return try OperatorReply.read(frame.kind, &frame.fields)
        case .wouldBlock: return nil
        case .closed:
            isClosed = true
            return nil
        }
    }

    func ask(_ request: OperatorRequest) throws -> OperatorReply {
        try send(request)
        var found: OperatorReply?
        try house.turn(until: {
            found = try reply()
            return found != nil || isClosed
        })
        return try unwrap(found)
    }

    /// The document of a request that succeeds.
    func document(_ request: OperatorRequest) throws -> JSONTree {
        guard case .done(let document) = try ask(request) else { throw HouseError.missing }
        return try parsed(document)
    }
}
