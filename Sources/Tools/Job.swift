// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// What a piece of work has brought.
enum Outcome: Sendable {
    case tool(ToolAnswer)
    /// A page of `resources/list`: the array, and the cursor of the next page.
    case resources(CanonicalJSON, next: [UInt8]?)
    /// The array of a `resources/read`.
    case contents(CanonicalJSON)
}

enum JobStep {
    case working
    case done(Outcome)
}

/// How far a long piece of work is.
struct JobProgress: Equatable, Sendable {
    /// Rises with every file or entry.
    let done: Int
    let words: String
}

/// Work done in steps of less than a few milliseconds, between which the server listens.
enum Job {
    case list(ListJob)
    case read(ReadJob)
    case search(SearchJob)
    case resources(ResourceListJob)
    case resource(ResourceReadJob)
    case code(CodeJob)
    case fetch(FetchJob)

    /// - Throws: the refusal that ends the work.
    func step(_ now: Instant) throws(ToolFault) -> JobStep {
        switch self {
        case .list(let job): try job.step(now)
        case .read(let job): try job.step()
        case .search(let job): try job.step(now)
        case .resources(let job): try job.step(now)
        case .resource(let job): try job.step()
        case .code(let job): try job.step(now)
        case .fetch(let job): try job.step(now)
        }
    }

    /// Nobody wants the outcome any more: what goes on outside of this program is ended.
    func cancel() {
        switch self {
        case .list, .read, .search, .resources, .resource: break
        case .code(let job): job.cancel()
        case .fetch(let job): job.cancel()
        }
    }

    /// Whether it is a tool's, whose failures are results.
    var isTool: Bool {
        switch self {
        case .list, .read, .search, .code, .fetch: true
        case .resources, .resource: false
        }
    }

    /// Nil for what is never long.
    var progress: JobProgress? {
        switch self {
        case .list(let job): job.progress
        case .search(let job): job.progress
        case .code(let job): job.progress
        case .fetch(let job): job.progress
        case .read, .resources, .resource: nil
        }
    }
}
