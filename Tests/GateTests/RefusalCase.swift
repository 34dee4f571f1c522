// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing

@testable import Gate

/// One row of an attack table: bytes with one fault, and the one answer that they must get.
struct RefusalCase: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let status: Int
    let step: UInt8
    let reason: String
    /// Verbs matter to the reader of the answer alone.
    var isHead = false

    init(_ name: String, _ bytes: [UInt8], _ status: Int, _ step: UInt8, _ reason: String, isHead: Bool = false) {
        self.name = name
        self.bytes = bytes
        self.status = status
        self.step = step
        self.reason = reason
        self.isHead = isHead
    }

    init(_ name: String, _ request: Request, _ status: Int, _ step: UInt8, _ reason: String) {
        self.init(name, request.bytes, status, step, reason, isHead: request.method == .head)
    }

    var testDescription: String { "\(name): \(status) \(reason)" }

    /// The oracle: the answer, exactly one record, nothing decided, nothing echoed.
    func check(_ rig: Rig, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let client = try rig.connect()
        try client.send(bytes)
        let answer = try #require(
            try client.response(to: isHead ? .head : .post), "no answer", sourceLocation: sourceLocation)
        #expect(answer.status == status, "\(answer)", sourceLocation: sourceLocation)
        if !isHead { #expect(answer.reason == reason, sourceLocation: sourceLocation) }
        let note = rig.takeRefusal(sourceLocation: sourceLocation)
        #expect(note?.denial.word.description == reason, sourceLocation: sourceLocation)
        #expect(note?.denial.step == step, sourceLocation: sourceLocation)
        #expect(note?.connection == client.handle, sourceLocation: sourceLocation)
        #expect(rig.broker.decisions.isEmpty, sourceLocation: sourceLocation)
        answer.checkSafety(sourceLocation: sourceLocation)
    }
}

extension Response {
    /// Headers that every answer must have, and those that none may.
    func checkSafety(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self["cache-control"] == "no-store", sourceLocation: sourceLocation)
        #expect(self["x-content-type-options"] == "nosniff", sourceLocation: sourceLocation)
        #expect(self["set-cookie"] == nil, sourceLocation: sourceLocation)
        for (name, _) in headers { #expect(!name.hasPrefix("access-control"), sourceLocation: sourceLocation) }
        #expect(!body.contains("SECRET"), sourceLocation: sourceLocation)
        for (_, value) in headers { #expect(!value.contains("SECRET"), sourceLocation: sourceLocation) }
    }
}
