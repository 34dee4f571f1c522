// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON

/// The server between two streams of lines: what comes in, what it makes of it, what goes out.
///
/// Requests for files are worked on one after the other, in slices, so that a cancellation is heard in between;
/// everything else is answered at once. A line that is not one JSON text ends the conversation: what follows it may be
/// the rest of the same message, and would be read as messages of its own.
final class ToolServer {
    /// Calls that wait for the one before; each holds at most a path, a query and an open file.
    static let mostWaiting = 32
    /// Between two notifications of progress about one call.
    static let progressMilliseconds: UInt64 = 500
    /// Storage that is kept for the next message; what a larger one took is given back.
    static let keptBytes = 256 << 10

    private struct Task {
        let id: RequestID
        let era: Era
        let job: Job
        let address: [UInt8]?
        let progressToken: RequestID?
        var reported = 0
        var nextReport: Instant?
    }

    /// Lines for the client.
    var output = ByteQueue()
    /// Why nothing more is read; the last line of ``output`` says it to the client.
    private(set) var refusedLine: JSONError?

    private let roots: Roots
    private let kit: Kit
    private let catalog: Catalog
    private let reads = JSONLimits.message
    private var reader: JSONReader
    private var tree = JSONTree()
    private var conversation = Conversation()
    private var compose = Compose()
    private var tasks: [Task] = []

    init(_ kit: Kit) {
        self.kit = kit
        roots = kit.roots
        catalog = Catalog(kit)
        reader = JSONReader(limits: reads)
    }

    /// Whether ``work(for:clock:)`` has something to do.
    var hasWork: Bool { !tasks.isEmpty }

    /// One line of the client, without its end.
    ///
    /// - Parameter seconds: the time of day, since 1970-01-01T00:00:00Z.
    func receive(_ line: borrowing Span<UInt8>, seconds: Int64) {
        do throws(JSONError) {
            try reader.read(line, into: &tree)
        } catch {
            refuse(line: error)
            return
        }
        judge(seconds)
        if line.count > Self.keptBytes { tree = JSONTree() }
    }

    /// A line that is longer than any message may be.
    func refuseLongLine() { refuse(line: JSONError(rule: .bytes, offset: reads.bytes)) }

    private func refuse(line error: JSONError) {
        send(compose.error(nil, .json(error.rule)))
        refusedLine = error
    }

    private func judge(_ seconds: Int64) {
        do throws(EnvelopeFault) {
            perform(conversation.judge(try Envelope.fromClient(tree), in: tree), seconds)
        } catch {
            send(compose.error(nil, .envelope(error)))
        }
    }

    private func perform(_ demand: Demand, _ seconds: Int64) {
        switch demand {
        case .nothing: break
        case .cancel(let id):
            for task in tasks where task.id == id { task.job.cancel() }
            tasks.removeAll { $0.id == id }
        case .refuse(let id, let refusal): send(compose.error(id, refusal))
        case .initialize(let id, let revision): send(compose.initialized(id, revision, catalog))
        case .discover(let id): send(compose.discovered(id, catalog))
        case .ping(let id): send(compose.pong(id))
        case .list(let id, let era, let listing): send(compose.list(id, era, listing, catalog))
        case .listResources(let id, let era, let cursor):
            do throws(ToolFault) {
                let job = try ResourceListJob(cursor: cursor, roots)
                enqueue(Task(id: id, era: era, job: .resources(job), address: nil, progressToken: nil))
            } catch {
                send(compose.error(id, .cursor))
            }
        case .readResource(let id, let era, let address):
            do throws(ToolFault) {
                let job = try ResourceReadJob(address: address, roots)
                enqueue(Task(id: id, era: era, job: .resource(job), address: address, progressToken: nil))
            } catch {
                send(compose.error(id, .resource(error, address: address)))
            }
        case .call(let id, let era, let name, let arguments, let token):
            guard let tool = catalog.tool(tree, name) else { return send(compose.error(id, .tool)) }
            do throws(ToolFault) {
                try call(tool, ToolArguments(tree, arguments), id, era, token, seconds)
            } catch {
                send(compose.fault(id, era, error))
            }
        }
    }

    private func call(
        _ tool: Tool, _ arguments: ToolArguments, _ id: RequestID, _ era: Era, _ token: RequestID?, _ seconds: Int64
    ) throws(ToolFault) {
        let job: Job
        switch (kit, tool) {
        case (.code(let house), _): job = .code(try CodeJob(arguments, house))
        case (.web(let house), _): job = .fetch(try FetchJob(arguments, house))
        case (.files, .filesList): job = .list(try ListJob(arguments, roots))
        case (.files, .filesRead): job = .read(try ReadJob(arguments, roots))
        case (.files, .filesSearch): job = .search(try SearchJob(arguments, roots))
        case (.files, .codeRun), (.files, .webFetch): return send(compose.error(id, .tool))
        case (.files(_, let zones), .timeNow):
            send(compose.answer(id, era, try TimeTool(arguments).answer(at: seconds, zones)))
            return
        }
        enqueue(Task(id: id, era: era, job: job, address: nil, progressToken: token))
    }

    private func enqueue(_ task: Task) {
        guard !tasks.contains(where: { $0.id == task.id }) else { return send(compose.error(task.id, .idInUse)) }
        guard tasks.count < Self.mostWaiting else {
            // A model can act on a tool's words, and does not see an error.
            return send(task.job.isTool ? compose.fault(task.id, task.era, .busy) : compose.error(task.id, .busy))
        }
        tasks.append(task)
    }

    /// Works on the request whose turn it is, until it is done or the time is over.
    func work(milliseconds: UInt64, clock: () -> Instant) {
        guard !tasks.isEmpty else { return }
        var now = clock()
        let end = now.adding(milliseconds: milliseconds)
        repeat {
            do throws(ToolFault) {
                switch try tasks[0].job.step(now) {
                case .working: break
                case .done(let outcome): return finish(tasks.removeFirst(), outcome)
                }
            } catch {
                return fail(tasks.removeFirst(), error)
            }
            now = clock()
        } while now < end
        report(now)
    }

    private func finish(_ task: Task, _ outcome: Outcome) {
        switch outcome {
        case .tool(let answer): send(compose.answer(task.id, task.era, answer))
        case .resources(let page, let next): send(compose.resources(task.id, task.era, page, next: next))
        case .contents(let contents): send(compose.contents(task.id, task.era, contents))
        }
    }

    private func fail(_ task: Task, _ fault: ToolFault) {
        if task.job.isTool {
            send(compose.fault(task.id, task.era, fault))
        } else {
            send(compose.error(task.id, .resource(fault, address: task.address ?? [])))
        }
    }

    /// Progress only ever rises, and is told only to whoever asked for it.
    private func report(_ now: Instant) {
        guard let token = tasks[0].progressToken, let progress = tasks[0].job.progress else { return }
        guard let next = tasks[0].nextReport else {
            tasks[0].nextReport = now.adding(milliseconds: Self.progressMilliseconds)
            return
        }
        guard now >= next, progress.done > tasks[0].reported else { return }
        tasks[0].reported = progress.done
        tasks[0].nextReport = now.adding(milliseconds: Self.progressMilliseconds)
        send(compose.progress(token, progress))
    }

    private func send(_ line: [UInt8]) { output.append(line) }
}
