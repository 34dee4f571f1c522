// SPDX-License-Identifier: Apache-2.0
import Control
import Policy
import Testing

/// A frame with one field of a chosen size, and the size that it may have.
private struct Sized: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let limit: Int
    let make: @Sendable (Int) -> Sample

    init<Frame: DoorFrame>(_ name: String, _ limit: Int, _ make: @escaping @Sendable (Int) -> Frame) {
        testDescription = name
        self.limit = limit
        self.make = { Sample("\(name) of \($0)", make($0)) }
    }
}

private let fields: [Sized] =
    [
        Sized("ready", Caps.report) { GateRequest.ready(report: filled($0)) },
        Sized("credential", Caps.credential) { GateRequest.authenticate(connection: 1, credential: filled($0)) },
        Sized("id", Caps.id) { GateRequest.decide(.sample(id: filled($0))) },
        Sized("parameters", Caps.message) { GateRequest.decide(.sample(parameters: filled($0))) },
        Sized("mirrored headers", Caps.mirroredCount) {
            GateRequest.decide(
                .sample(mirrored: [MirroredHeader](repeating: MirroredHeader(name: [], value: []), count: $0)))
        },
        Sized("mirrored name", Caps.name) {
            GateRequest.decide(.sample(mirrored: [MirroredHeader(name: filled($0), value: [])]))
        },
        Sized("mirrored value", Caps.mirroredValue) {
            GateRequest.decide(.sample(mirrored: [MirroredHeader(name: [], value: filled($0))]))
        },
        Sized("reply", Caps.message) { GateRequest.reply(question: 1, connection: 1, message: filled($0)) },
        Sized("rule", Caps.word) { GateRequest.refused(RefusalNote(connection: 1, denial: .slow, rule: filled($0))) },
        Sized("method", Caps.word) {
            GateRequest.refused(RefusalNote(connection: 1, denial: .slow, method: filled($0)))
        },
        Sized("path", Caps.path) { GateRequest.refused(RefusalNote(connection: 1, denial: .slow, path: filled($0))) },
        Sized("field", Caps.word) { GateRequest.refused(RefusalNote(connection: 1, denial: .slow, field: filled($0))) },
    ] + [
        Sized("authorities", 8) {
            GateOrder.configure(.sample(kind: .tcp, authorities: [String](repeating: "a", count: $0)))
        },
        Sized("authority", Caps.name) {
            GateOrder.configure(.sample(kind: .tcp, authorities: [String(repeating: "a", count: $0)]))
        },
        Sized("origin", Caps.name) { GateOrder.configure(.sample(kind: .tcp, authorities: [], origin: filled($0))) },
        Sized("answer", Caps.message) { GateOrder.answer(Answer(call: 1, status: 200, message: filled($0))) },
        Sized("event", Caps.message) { GateOrder.event(Event(scope: .call(1), message: filled($0))) },
    ] + [
        Sized("broker's report", Caps.report) { LaunchRequest.ready(report: filled($0)) },
        Sized("error", Caps.report) { LaunchRequest.fatal(error: filled($0), hint: []) },
        Sized("hint", Caps.report) { LaunchRequest.fatal(error: [], hint: filled($0)) },
    ] + [
        Sized("stand-up report", Caps.report) {
            LaunchReport.standUp(mode: .serve, isFullDemanded: false, report: filled($0))
        },
        Sized("reason", Caps.report) { LaunchReport.sealRefused(reason: filled($0)) },
        Sized("authority of a listener", Caps.name) { LaunchReport.listener(.main, .tcp, authority: filled($0)) },
        Sized("watcher's report", Caps.report) { LaunchReport.watch(report: filled($0)) },
        Sized("gate's report", Caps.report) { LaunchReport.gate(.main, report: filled($0)) },
        Sized("server's report", Caps.report) { LaunchReport.started(launch: 1, pid: 1, report: filled($0)) },
        Sized("detail", Caps.report) { LaunchReport.refused(launch: 1, denial: .launchFailed, detail: filled($0)) },
        Sized("word", Caps.word) { LaunchReport.roomEnded(word: filled($0), status: 0) },
    ] + [
        Sized("own report", Caps.report) { WatchReport.ready(report: filled($0)) },
        Sized("executable", Caps.executable) {
            WatchReport.attributed(
                query: 1,
                peer: .process(PeerProcess(uid: 1, pid: 1, startTime: 1, executable: filled($0), isBrowser: false)))
        },
    ] + [
        Sized("own ports", Caps.ownPorts) {
            EgressOrder.configure(nat64: false, ownPorts: [UInt16](repeating: 1, count: $0))
        },
        Sized("label", Caps.name) { EgressOrder.serve(sandbox: 1, label: filled($0), policy: []) },
        Sized("policy in one packet", Caps.servedPolicy) {
            EgressOrder.serve(sandbox: 1, label: [], policy: filled($0))
        },
        Sized("policy", Caps.amendedPolicy) { EgressOrder.amend(sandbox: 1, policy: filled($0)) },
        Sized("egress report", Caps.report) { EgressReport.ready(report: filled($0)) },
        Sized("host", Caps.host) { EgressReport.decided(.sample(asked: filled($0))) },
        Sized("HTTP method", Caps.word) { EgressReport.decided(.sample(method: filled($0))) },
        Sized("egress rule", Caps.rule) { EgressReport.decided(.sample(rule: filled($0))) },
        Sized("server name", Caps.host) {
            EgressReport.ended(
                EgressEnding(
                    decision: 1, bytesUp: 0, bytesDown: 0, milliseconds: 0, cause: .reset, serverName: filled($0)))
        },
    ] + [
        Sized("selector to revoke", Caps.name) { OperatorRequest.revokeTokens(selector: filled($0)) },
        Sized("selector to rotate", Caps.name) { OperatorRequest.rotateToken(selector: filled($0), lifeSeconds: 1) },
        Sized("error for a person", Caps.report) { OperatorReply.failed(error: filled($0), hint: []) },
        Sized("hint for a person", Caps.report) { OperatorReply.failed(error: [], hint: filled($0)) },
        Sized("document", Caps.document) { OperatorReply.done(document: filled($0)) },
    ]

@Suite("Every field has a limit, and every frame room for its fields")
struct LimitTests {
    @Test("At the limit a field is read, one above it is not", arguments: fields)
    private func limits(_ field: Sized) throws {
        let largest = field.make(field.limit)
        #expect(try largest.equalsOriginal(largest.fields))
        let larger = field.make(field.limit + 1)
        var reason: FrameError?
        do throws(FrameError) { _ = try larger.readAgain(larger.kind, larger.fields) } catch { reason = error }
        guard case .invalid? = reason else {
            Issue.record("\(field.testDescription) of \(field.limit + 1): \(reason.map { "\($0)" } ?? "read")")
            return
        }
    }

    @Test("A gate's request with all fields at their limits is not larger than its row permits")
    func requests() throws {
        let longest = try #require(ServerName(filled(ServerName.maxBytes)))
        let header = MirroredHeader(name: filled(Caps.name), value: filled(Caps.mirroredValue))
        let frames: [GateRequest] = [
            .ready(report: filled(Caps.report)), .authenticate(connection: 1, credential: filled(Caps.credential)),
            .select(connection: 1, caller: 1, server: longest),
            .decide(
                .sample(
                    server: longest, id: filled(Caps.id), parameters: filled(Caps.message),
                    mirrored: [MirroredHeader](repeating: header, count: Caps.mirroredCount))),
            .reply(question: 1, connection: 1, message: filled(Caps.message)), .cancel(call: 1, connection: 1),
            .endSession(session: 1, connection: 1, byClient: true),
            .refused(
                RefusalNote(
                    connection: 1, denial: .slow, rule: filled(Caps.word), method: filled(Caps.word),
                    path: filled(Caps.path), field: filled(Caps.word))),
            .gone(connection: 1),
        ]
        #expect(Set(frames.map(\.kind)) == Set(GateRequest.Kind.allCases))
        for frame in frames {
            let size = Sample("", frame).fields.count
            #expect(size <= frame.kind.permit.maxBytes, "\(frame.kind)")
            #expect(frame.kind.permit.maxBytes - size < 512, "\(frame.kind): a limit that limits nothing")
        }
    }

    @Test("So is a broker's order")
    func orders() throws {
        let longest = try #require(ListenerName(filled(ServerName.maxBytes)))
        let message = filled(Caps.message)
        let authorities = [String](repeating: String(repeating: "a", count: Caps.name), count: 8)
        let frames: [GateOrder] = [
            .configure(.sample(kind: .tcp, authorities: authorities, listener: longest, origin: filled(Caps.name))),
            .answer(Answer(call: 1, status: 200, message: message, session: 1, revision: .y2025m11d25)),
            .event(Event(scope: .session(1), question: 1, message: message)),
            .known(connection: 1, caller: 1, principal: 1),
        ]
        for frame in frames { #expect(Sample("", frame).fields.count <= frame.kind.permit.maxBytes, "\(frame.kind)") }
        for sample in Door.gateOrders.samples {
            #expect(sample.fields.count <= GateOrder.Kind(rawValue: sample.kind)?.permit.maxBytes ?? 0)
        }
    }

    @Test("So is what passes the egress door, and what carries descriptors fits one packet")
    func egress() throws {
        let served = EgressOrder.serve(sandbox: 1, label: filled(Caps.name), policy: filled(Caps.servedPolicy))
        #expect(Sample("", served).fields.count <= FrameForm.maxPartBytes)
        for order: EgressOrder in [
            served, .amend(sandbox: 1, policy: filled(Caps.amendedPolicy)),
            .configure(nat64: true, ownPorts: [UInt16](repeating: 1, count: Caps.ownPorts)),
        ] { #expect(Sample("", order).fields.count <= order.kind.permit.maxBytes, "\(order.kind)") }
        for report: EgressReport in [
            .ready(report: filled(Caps.report)),
            .decided(
                .sample(
                    asked: filled(Caps.host), method: filled(Caps.word), address: filled(16), rule: filled(Caps.rule))),
            .ended(
                EgressEnding(
                    decision: 1, bytesUp: 0, bytesDown: 0, milliseconds: 0, cause: .reset,
                    serverName: filled(Caps.host))),
        ] { #expect(Sample("", report).fields.count <= report.kind.maxBytes, "\(report.kind)") }
    }

    @Test("A decision without a reason is one that opened something")
    func reasons() {
        for verdict in EgressDecision.Verdict.allCases {
            let sample = Sample("", EgressReport.decided(.sample(verdict: verdict, reason: nil)))
            var isRead = true
            do throws(FrameError) { _ = try sample.readAgain(sample.kind, sample.fields) } catch { isRead = false }
            #expect(isRead == (verdict == .allow))
        }
    }

    @Test("Words of a refusal are visible ASCII: they go into records as they are")
    func words() {
        for byte in UInt8.min...UInt8.max {
            let isWord = byte > 0x20 && byte < 0x7F
            for note in [
                RefusalNote(connection: 1, denial: .slow, rule: [byte]),
                RefusalNote(connection: 1, denial: .slow, method: [byte]),
                RefusalNote(connection: 1, denial: .slow, field: [byte]),
            ] {
                let sample = Sample("", GateRequest.refused(note))
                var isRead = true
                do throws(FrameError) { _ = try sample.readAgain(sample.kind, sample.fields) } catch { isRead = false }
                #expect(isRead == isWord, "\(byte)")
            }
        }
    }

    @Test("A decision's method is one of its era")
    func eras() {
        for method in Method.allCases {
            for revision in Revision.allCases {
                let sample = Sample("", GateRequest.decide(.sample(method: method, revision: revision)))
                var isRead = true
                do throws(FrameError) { _ = try sample.readAgain(sample.kind, sample.fields) } catch { isRead = false }
                #expect(isRead == method.isServed(in: revision.era), "\(method) \(revision)")
            }
        }
    }

    @Test("Names inside frames are names")
    func names() {
        for name in ["", "Files", "a b", "-a", "a--b", "../x", String(repeating: "a", count: 33), "a\u{0}"] {
            let text = bytes(name)
            var writer = FrameWriter()
            writer.begin(GateRequest.Kind.select.rawValue)
            writer.u32(1)
            writer.u32(1)
            writer.data(text)
            writer.end()
            var reader = FrameReader(writer.bytes, FrameForm.headerBytes..<writer.bytes.count)
            #expect(throws: FrameError.self, "\(name)") {
                try GateRequest.read(GateRequest.Kind.select.rawValue, &reader)
            }
        }
    }
}

@Suite("A sandbox is adopted with one packet")
struct AdoptionTests {
    @Test("With every field at its limit it fits, and descriptors come with nothing else")
    func fits() throws {
        let digest = try #require(Digest(filled(32)))
        let frame = OperatorRequest.adoptSandbox(.sample(digest, isLargest: true))
        #expect(Sample.bytes(of: frame).count <= FrameForm.maxPacketBytes)
        for kind in OperatorRequest.Kind.allCases {
            #expect(kind.permits(descriptors: 0) && !kind.permits(descriptors: 1) && !kind.permits(descriptors: 3))
            #expect(kind.permits(descriptors: 2) == (kind == .adoptSandbox))
        }
    }

    @Test("One more than a field's limit is no adoption")
    func limits() throws {
        let digest = try #require(Digest(filled(32)))
        let changes: [(inout SandboxAdoption) -> Void] = [
            { $0.name = filled(Caps.word + 1) }, { $0.profile = filled(Caps.name + 1) },
            { $0.backend = filled(Caps.word + 1) }, { $0.report = filled(SandboxAdoption.maxReportBytes + 1) },
            { $0.policy = filled(SandboxAdoption.maxPolicyBytes + 1) },
            { $0.localPorts = [UInt16](repeating: 1, count: SandboxAdoption.maxPorts + 1) },
            { $0.executable = filled(Caps.executable + 1) },
            { $0.words = [[UInt8]](repeating: [], count: SandboxAdoption.maxWords + 1) },
            { $0.words = [filled(SandboxAdoption.maxWordBytes + 1)] },
            { $0.directory = filled(Caps.executable + 1) },
            { $0.grants = filled(SandboxAdoption.maxGrantsBytes + 1) },
            { $0.accepted = [[UInt8]](repeating: [], count: SandboxAdoption.maxAccepted + 1) },
            { $0.accepted = [filled(Caps.name + 1)] },
        ]
        for change in changes {
            var adoption = SandboxAdoption.sample(digest)
            change(&adoption)
            let bytes = Sample.bytes(of: OperatorRequest.adoptSandbox(adoption))
            var reader = FrameReader(bytes, FrameForm.headerBytes..<bytes.count)
            #expect(throws: FrameError.self) { try OperatorRequest.read(bytes[1], &reader) }
        }
    }
}
