// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Wire

/// One request line after the other, each answered by one line.
struct FetchLoop: ~Copyable {
    /// Of a request line, in bytes: an address, and a few words about it.
    static let maxLineBytes = 32 << 10
    /// Between two looks at a transfer about which nothing is told, in milliseconds.
    static let mostPatience: Int32 = 1000

    private let input: FileDescriptor
    private let output: FileDescriptor
    private let curl: Curl
    private var lines = LineReader(limit: FetchLoop.maxLineBytes)
    private var incoming = ByteQueue()

    init(input: consuming FileDescriptor, output: consuming FileDescriptor, _ curl: Curl) {
        self.input = input
        self.output = output
        self.curl = curl
    }

    /// Until the input ends.
    mutating func run() throws(LoopFault) {
        while let line = try nextLine() {
            let answer: [UInt8]
            switch Self.request(line) {
            case .success(let request):
                do throws(CurlFault) { answer = try fetch(FetchJob(request, now: .now)) } catch { throw .curl(error) }
            case .failure(let fault): answer = FetchAnswer.line(fault)
            }
            do throws(SyscallError) { try output.writeAll(answer + [0x0A]) } catch { throw .system(error) }
        }
    }

    private static func request(_ line: [UInt8]) -> Result<FetchRequest, FetchFault> {
        do throws(FetchFault) { return .success(try FetchRequest(line: line.span)) } catch { return .failure(error) }
    }

    private mutating func nextLine() throws(LoopFault) -> [UInt8]? {
        while true {
            let bytes = incoming.storage
            let waiting = bytes.span.extracting(incoming.range)
            do throws(WireError) {
                if case .line(let line, let length) = try lines.next(waiting) {
                    var copy: [UInt8] = []
                    for index in line { copy.append(waiting[index]) }
                    incoming.drop(length)
                    return copy
                }
            } catch { throw .line(error.rule.rawValue) }
            do throws(SyscallError) {
                if try input.read(into: &incoming, limit: Self.maxLineBytes) == .closed { return nil }
            } catch { throw .system(error) }
        }
    }

    private func fetch(_ started: FetchJob) throws(CurlFault) -> [UInt8] {
        var job = started
        var number = try curl.start(job.ask(now: .now))
        while true {
            for transfer in try curl.perform() where transfer.number == number {
                transfer.look()
                let bytes = transfer.incoming.storage
                let step = job.look(
                    transfer.head, bytes.span.extracting(transfer.incoming.range), hasBody: transfer.hasBody,
                    end: transfer.end, now: .now)
                switch step {
                case .wait: break
                case .ask(let request):
                    curl.forget(number)
                    number = try curl.start(request)
                case .done(let page):
                    curl.forget(number)
                    return FetchAnswer.line(page)
                case .failed(let fault):
                    curl.forget(number)
                    return FetchAnswer.line(fault)
                }
            }
            try curl.wait([], milliseconds: Self.mostPatience)
        }
    }
}

/// Why a loop cannot go on.
enum LoopFault: Error, Equatable {
    case system(SyscallError)
    case curl(CurlFault)
    /// A line that is too long, or not what is spoken here.
    case line(String)
    /// The server has ended the session: a new process starts a new one.
    case sessionEnded
}
