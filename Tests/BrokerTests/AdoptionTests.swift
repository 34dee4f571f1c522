// SPDX-License-Identifier: Apache-2.0
import Audit
import Control
import Linux
import Policy
import Scratch
import StrictJSON
import Testing

@testable import Broker

@Suite("What doorward run starts is recorded before it runs, and until it ends")
struct AdoptionTests {
    private static func adoption(policy: [UInt8] = []) throws -> SandboxAdoption {
        let zero = try House.zero()
        func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
        return SandboxAdoption(
            name: bytes("node"), profile: bytes("code"), isBrowser: false, backend: bytes("own"),
            report: ConfinementReport().encoded, pid: 7, policy: policy, localPorts: [5432],
            executable: bytes("/usr/bin/node"), executableDigest: zero, argumentsDigest: zero,
            words: [bytes("node"), bytes("--inspect")], directory: bytes("/src"), grants: bytes("write /src\nread /a"),
            accepted: [bytes("wide-grant")])
    }

    private func isDone(_ reply: OperatorReply) -> Bool { if case .done = reply { true } else { false } }

    @Test("The answer comes when the record is on the disk, and status names the sandbox and its holes")
    func adopts() throws {
        let house = try House(attended: true)
        let line = try OperatorLine(house)
        let number = try line.document(.adoptSandbox(try Self.adoption()))
        let record = try unwrap(try house.records("sandbox.started").last)
        #expect(try unwrap(house.room.journal).status.synced >= record.sequence)
        #expect(record.data("profile") == "code" && record.data("local") == "[5432]")
        #expect(record.data("words") == "[\"node\",\"--inspect\"]" && record.data("accepted") == "[\"wide-grant\"]")
        let other = try OperatorLine(house)
        let status = String(decoding: try other.document(.status).canonical(.root).bytes, as: UTF8.self)
        #expect(status.contains("\"grants\":[\"write /src\",\"read /a\"],\"local\":[5432],\"name\":\"node\""))
        #expect(record.data("confinement") != "null" && record.data("pid") == "7")
        house.clock.move(1500)
        #expect(isDone(try line.ask(.sandboxEnded(SandboxEnding(status: 137, cause: .timeLimit)))))
        let end = try unwrap(try house.records("sandbox.ended").last)
        #expect(end.data("status") == "137" && end.data("cause") == "time-limit")
        #expect(end.data("milliseconds") == "1500")
        let answer = String(decoding: number.canonical(.root).bytes, as: UTF8.self)
        #expect(answer == "{\"sandbox\":\(try unwrap(end.data("sandbox")))}")
        #expect(house.room.sandboxes.isEmpty)
    }

    @Test("A connection that closes ends its sandbox, and what comes behind an end is refused")
    func loses() throws {
        let house = try House(attended: true)
        do {
            let line = try OperatorLine(house)
            _ = try line.document(.adoptSandbox(try Self.adoption()))
            #expect(!isDone(try line.ask(.adoptSandbox(try Self.adoption()))), "one for each connection")
        }
        try house.turn(until: { house.room.sandboxes.isEmpty })
        let end = try unwrap(try house.records("sandbox.ended").last)
        #expect(end.data("status") == "null" && end.data("cause") == "supervisor-gone")
        let line = try OperatorLine(house)
        #expect(!isDone(try line.ask(.sandboxEnded(SandboxEnding(status: 0, cause: .exited)))))
        #expect(try house.records("sandbox.ended").count == 1)
    }

    @Test("A policy without listeners is no adoption, and nothing of it is recorded")
    func refuses() throws {
        let house = try House(attended: true)
        let line = try OperatorLine(house)
        #expect(!isDone(try line.ask(.adoptSandbox(try Self.adoption(policy: Array("{}".utf8))))))
        #expect(try house.records("sandbox.started").isEmpty)
    }

    @Test("Nothing is adopted by a broker that only administers")
    func administers() throws {
        let house = try House(attended: true, mode: .administer)
        let line = try OperatorLine(house)
        #expect(!isDone(try line.ask(.adoptSandbox(try Self.adoption()))))
    }
}
