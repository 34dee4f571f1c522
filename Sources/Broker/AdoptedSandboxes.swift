// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// A sandbox that an operator's command line has started. Its lease is that connection.
final class AdoptedSandbox {
    let number: UInt32
    let adoption: SandboxAdoption
    /// Of the connection.
    let session: UInt32
    let started: Instant
    let wallSeconds: UInt64
    /// The claim to its record, until that is on the disk.
    var promise: Promise?
    /// Where the egress room accepts, until it does.
    private var listeners: PassedDescriptors?
    /// The egress room serves its listeners.
    var isServed = false

    init(
        number: UInt32, _ adoption: SandboxAdoption, session: UInt32, started: Instant, wallSeconds: UInt64,
        promise: consuming Promise, listeners: consuming PassedDescriptors
    ) {
        self.number = number
        self.adoption = adoption
        self.session = session
        self.started = started
        self.wallSeconds = wallSeconds
        self.promise = consume promise
        self.listeners = consume listeners
    }

    var hasNetwork: Bool { !adoption.policy.isEmpty }

    func takeListeners() -> PassedDescriptors? { listeners.take() }
}

/// *Adopt sandbox*: what `doorward run` starts is recorded before it runs, reaches the network by its own policy alone,
/// and is booked as ended when its supervisor says so or is gone.
extension BrokerRoom {
    /// Each one is a person's command or an agent's; the egress room has room for as many.
    static let mostSandboxes = 128

    func adopt(_ adoption: SandboxAdoption, _ session: OperatorSession, _ listeners: consuming PassedDescriptors) {
        guard mode == .serve, phase == .serving else {
            return failed(session, "nothing is serving, so nothing can be run", hint: "doorward up")
        }
        guard session.sandbox == nil else {
            return failed(session, "this connection has its sandbox already", hint: "connect again")
        }
        guard adoption.policy.isEmpty == listeners.isEmpty else {
            return failed(session, "a sandbox has a policy and two listeners, or neither", hint: "reinstall doorward")
        }
        guard sandboxes.count < Self.mostSandboxes else {
            return failed(session, "\(Self.mostSandboxes) sandboxes are running already", hint: "doorward status")
        }
        guard let journal else { return failed(session, "there is no audit log", hint: "restart doorward") }
        let number = takeNumber()
        do throws(JournalError) {
            let promise = try journal.promise(.sandboxStarted, .synced) {
                SandboxRecords.started(number, adoption, &$0)
            }
            let sandbox = AdoptedSandbox(
                number: number, adoption, session: session.number, started: now, wallSeconds: wallSeconds,
                promise: promise, listeners: listeners)
            sandboxes[number] = sandbox
            session.sandbox = number
        } catch { failed(session, error.sentence, hint: error.hint) }
    }

    /// Lets go the sandboxes whose record is on the disk.
    func releaseSandboxes(_ journal: Journal) {
        for sandbox in sandboxes.values where sandbox.promise != nil {
            do throws(JournalError) {
                guard try journal.redeem(&sandbox.promise) != nil else { continue }
            } catch {
                sandbox.promise = nil
                refuse(sandbox, error.sentence, hint: error.hint)
                continue
            }
            begin(sandbox)
        }
    }

    private func begin(_ sandbox: AdoptedSandbox) {
        guard let session = operators[sandbox.session], session.sandbox == sandbox.number else {
            return end(sandbox, status: nil, cause: "never-started")
        }
        if sandbox.hasNetwork {
            let policy: EgressPolicy
            do throws(ConfigurationError) { policy = try EgressPolicy.read(canonical: sandbox.adoption.policy) } catch {
                return refuse(
                    sandbox, "its network policy cannot be read: \(error.reason)",
                    hint: "all parts of doorward must be of one release; reinstall and restart")
            }
            let adoption = sandbox.adoption
            let label = SandboxLabel(
                name: adoption.name, profile: adoption.profile, origin: .run, isBrowser: adoption.isBrowser,
                pid: adoption.pid)
            guard egress != nil, let listeners = sandbox.takeListeners(),
                serveEgress(
                    sandbox: sandbox.number, label: label, grant: policy,
                    listeners: listeners)
            else {
                return refuse(
                    sandbox, "the egress room is not there, so there is no way out for it",
                    hint: "doorward status; a profile without network needs no egress room")
            }
            sandbox.isServed = true
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("sandbox")
        json.unsigned(UInt64(sandbox.number))
        json.endObject()
        reply(.done(document: json.take()), to: session)
    }

    private func refuse(_ sandbox: AdoptedSandbox, _ error: String, hint: String) {
        if let session = operators[sandbox.session] { failed(session, error, hint: hint) }
        end(sandbox, status: nil, cause: "never-started")
    }

    func sandboxEnded(_ ending: SandboxEnding, _ session: OperatorSession) {
        guard let sandbox = adopted(session) else { return }
        end(sandbox, status: ending.status, cause: ending.cause.word)
        reply(.done(document: Array("{}".utf8)), to: session)
    }

    private func adopted(_ session: OperatorSession) -> AdoptedSandbox? {
        if let number = session.sandbox, let sandbox = sandboxes[number] { return sandbox }
        failed(session, "this connection has no sandbox", hint: "reinstall doorward")
        return nil
    }

    /// The connection is gone, so its sandbox has no supervisor: nothing of it reaches the network any more.
    func loseLease(_ session: OperatorSession) {
        // One whose record is still on its way is ended when that has arrived.
        guard let number = session.sandbox, let sandbox = sandboxes[number], sandbox.promise == nil else { return }
        end(sandbox, status: nil, cause: "supervisor-gone")
    }

    /// Before the log is closed.
    func endSandboxes(cause: StaticString) {
        for sandbox in Array(sandboxes.values) { end(sandbox, status: nil, cause: cause) }
    }

    private func end(_ sandbox: AdoptedSandbox, status: UInt8?, cause: StaticString) {
        guard sandboxes.removeValue(forKey: sandbox.number) != nil else { return }
        // First: what is recorded as ended has no way out any more.
        if sandbox.isServed { releaseEgress(sandbox: sandbox.number) }
        operators[sandbox.session]?.sandbox = nil
        journal?.outcome(.sandboxEnded) { json in
            json.key("cause")
            json.string(cause)
            json.key("milliseconds")
            json.unsigned(now.milliseconds(after: sandbox.started))
            json.key("sandbox")
            json.unsigned(UInt64(sandbox.number))
            json.key("status")
            if let status { json.unsigned(UInt64(status)) } else { json.null() }
        }
    }
}

/// What is written down about a sandbox.
enum SandboxRecords {
    private static let mostGrantsBytes = 4096
    private static let mostWordBytes = 96

    static func started(_ number: UInt32, _ adoption: SandboxAdoption, _ json: inout JSONWriter) {
        json.key("accepted")
        list(adoption.accepted, &json)
        json.key("arguments")
        json.beginObject()
        json.key("sha256")
        json.string(adoption.argumentsDigest.hex)
        json.endObject()
        json.key("backend")
        json.string(Redaction.text(adoption.backend, limit: Caps.word))
        json.key("confinement")
        Confinements.write(adoption.report, &json)
        json.key("directory")
        json.string(Redaction.path(adoption.directory, limit: 256))
        json.key("executable")
        json.string(Redaction.path(adoption.executable, limit: 256))
        json.key("grants")
        json.string(Redaction.text(adoption.grants, limit: mostGrantsBytes))
        json.key("local")
        ports(adoption.localPorts, &json)
        json.key("name")
        json.string(Redaction.text(adoption.name, limit: Caps.word))
        json.key("network")
        json.bool(!adoption.policy.isEmpty)
        json.key("pid")
        json.unsigned(UInt64(adoption.pid))
        json.key("profile")
        json.string(Redaction.text(adoption.profile, limit: Caps.name))
        json.key("sandbox")
        json.unsigned(UInt64(number))
        json.key("sha256")
        json.string(adoption.executableDigest.hex)
        json.key("words")
        list(adoption.words, &json)
    }

    /// For `status`.
    static func status(_ sandbox: AdoptedSandbox, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("accepted")
        list(sandbox.adoption.accepted, &json)
        json.key("backend")
        json.string(Visible.only(sandbox.adoption.backend))
        json.key("confinement")
        Confinements.write(sandbox.adoption.report, &json)
        json.key("directory")
        json.string(Visible.only(sandbox.adoption.directory))
        json.key("executable")
        json.string(Visible.only(sandbox.adoption.executable))
        json.key("grants")
        json.beginArray()
        for line in sandbox.adoption.grants.split(separator: 0x0A) { json.string(Visible.only(Array(line))) }
        json.endArray()
        json.key("local")
        ports(sandbox.adoption.localPorts, &json)
        json.key("name")
        json.string(Visible.only(sandbox.adoption.name))
        json.key("network")
        json.bool(sandbox.hasNetwork)
        json.key("number")
        json.unsigned(UInt64(sandbox.number))
        json.key("pid")
        json.unsigned(UInt64(sandbox.adoption.pid))
        json.key("profile")
        json.string(Visible.only(sandbox.adoption.profile))
        json.key("since")
        json.unsigned(sandbox.wallSeconds)
        json.endObject()
    }

    private static func list(_ texts: [[UInt8]], _ json: inout JSONWriter) {
        json.beginArray()
        for text in texts { json.string(Redaction.text(text, limit: mostWordBytes)) }
        json.endArray()
    }

    private static func ports(_ ports: [UInt16], _ json: inout JSONWriter) {
        json.beginArray()
        for port in ports { json.unsigned(UInt64(port)) }
        json.endArray()
    }
}
