// SPDX-License-Identifier: Apache-2.0
import Control
import Policy
import Scratch
import Testing

/// Rows of the tables in docs/protocol-control.md, which is the law: what it does not name is not permitted.
private struct Rows {
    /// By request, the words of its row.
    let rows: [String: [String]]

    /// - Parameter heading: of the section that holds the table.
    init(under heading: String) throws {
        let file = #filePath.dropLast("Tests/ControlTests/PermitTests.swift".count) + "docs/protocol-control.md"
        let text = String(decoding: try #require(Shell.read(String(file))), as: UTF8.self)
        var rows: [String: [String]] = [:]
        var isInside = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("## ") { isInside = line == "## \(heading)" }
            guard isInside, line.hasPrefix("| `") else { continue }
            let cells = line.split(separator: "|").map { String($0.trimmed) }
            for name in cells[0].split(separator: ",") {
                rows[String(name.trimmed.filter { $0 != "`" })] = Array(cells.dropFirst())
            }
        }
        self.rows = rows
    }

    /// The states in the second column.
    func states(of request: String) throws -> [String] {
        let row = try #require(rows[request], "\(request) has no row")
        return row[1].split(separator: ",").map { String($0.trimmed) }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = drop { $0 == " " }
        while rest.last == " " { rest = rest.dropLast() }
        return rest
    }
}

@Suite("A request outside its row does not exist")
struct PermitTests {
    @Test("Every request of a gate in every state of its connection, as the law says")
    func gate() throws {
        let law = try Rows(under: "Gate → broker")
        #expect(Set(law.rows.keys) == Set(GateRequest.Kind.allCases.map { "\($0)" }))
        var permitted = 0
        for kind in GateRequest.Kind.allCases {
            let states = try law.states(of: "\(kind)")
            // About no connection: once, and before everything else.
            if kind == .ready { #expect(states == ["(once", "first)"]) }
            for state in ConnectionState.allCases {
                let isLawful = states.contains("\(state)")
                #expect(kind.isPermitted(in: state) == isLawful, "\(kind) while \(state)")
                permitted += isLawful ? 1 : 0
            }
            #expect(kind.permit.descriptors == 0...0, "\(kind)")
        }
        // The same table by number: whoever adds a kind or a state has to come here.
        #expect(GateRequest.Kind.allCases.count == 9 && ConnectionState.allCases.count == 3)
        #expect(permitted == 14)
    }

    @Test("What a stranger's connection may cause is to ask who it is, to be refused, and to end")
    func strangers() {
        let permitted = GateRequest.Kind.allCases.filter { $0.isPermitted(in: .admitted) }
        #expect(permitted == [.authenticate, .refused, .gone])
    }

    @Test("A connection that has gone starts nothing any more")
    func gone() {
        let permitted = GateRequest.Kind.allCases.filter { $0.isPermitted(in: .gone) }
        #expect(permitted == [.reply, .cancel, .endSession])
    }

    @Test("Only a connection comes with a descriptor, and never without one")
    func orders() {
        for kind in GateOrder.Kind.allCases {
            #expect(kind.permit.descriptors == (kind == .connection ? 1...1 : 0...0), "\(kind)")
        }
        #expect(GateOrder.Kind.allCases.count == 11)
    }

    @Test("A sandbox comes to the egress room with its two listeners, and nothing else comes with any")
    func egress() throws {
        let law = try Rows(under: "Broker → egress")
        #expect(Set(law.rows.keys) == Set(EgressOrder.Kind.allCases.map { "\($0)" }))
        for kind in EgressOrder.Kind.allCases {
            #expect(kind.permit.descriptors == (kind == .serve ? 2...2 : 0...0), "\(kind)")
        }
        let reports = try Rows(under: "Egress → broker")
        #expect(Set(reports.rows.keys) == Set(EgressReport.Kind.allCases.map { "\($0)" }))
    }

    @Test("Every request to the launcher in every state of it, as the law says")
    func launcher() throws {
        let law = try Rows(under: "Broker → launcher")
        #expect(Set(law.rows.keys) == Set(LaunchRequest.Kind.allCases.map { "\($0)" }))
        for kind in LaunchRequest.Kind.allCases {
            let states = try law.states(of: "\(kind)")
            for state in LauncherState.allCases {
                let isLawful = states == ["any"] || states.contains("\(state)")
                #expect(kind.isPermitted(in: state) == isLawful, "\(kind) while \(state)")
            }
        }
        #expect(LaunchRequest.Kind.allCases.count == 8 && LauncherState.allCases.count == 3)
    }

    @Test("Nothing can be started before the listeners are open, or after the end has begun")
    func starting() {
        #expect(LauncherState.allCases.filter { LaunchRequest.Kind.start.isPermitted(in: $0) } == [.serving])
    }

    @Test("Each report of the launcher comes with the descriptors of its kind")
    func reports() throws {
        let zero = try #require(Digest([UInt8](repeating: 0, count: Digest.byteCount)))
        let expected: [(LaunchReport, Int)] = [
            (.standUp(mode: .serve, isFullDemanded: true, report: []), 0), (.seal(digest: zero), 1),
            (.sealRefused(reason: []), 0), (.listener(.main, .tcp, authority: []), 1), (.operatorSocket, 1),
            (.watch(report: []), 1), (.egress(report: []), 1), (.gate(.main, report: []), 1), (.complete, 0),
            (.started(launch: 1, pid: 1, report: []), 3),
            (.started(launch: 1, pid: 1, hasNetwork: true, report: []), 5),
            (.refused(launch: 1, denial: .launchFailed, detail: []), 0), (.exited(launch: 1, status: 0), 0),
            (.roomEnded(word: [], status: 0), 0), (.terminate, 0),
        ]
        #expect(Set(expected.map(\.0.kind)) == Set(LaunchReport.Kind.allCases))
        for (report, count) in expected {
            #expect(report.descriptors == count, "\(report.kind)")
            #expect(report.descriptors <= FrameForm.maxDescriptors)
        }
    }
}
