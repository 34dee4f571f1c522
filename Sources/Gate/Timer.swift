// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What a connection waits for, and since when or until when.
enum Timer: Equatable {
    case none
    case head(since: Instant)
    case idle(since: Instant)
    /// - received: bytes of the body so far.
    case body(since: Instant, received: Int)
    /// The next sign of life on a stream, or on a request that becomes one.
    case comment(at: Instant)
    /// Nothing came on a socket.
    case quiet(since: Instant)
    /// A ping has gone out on it.
    case pinged(since: Instant)
    case leaving(by: Instant)

    /// What has to happen when the time has come.
    enum Event: Equatable {
        /// 408 and the end.
        case slow
        /// The end, without a word.
        case close
        case comment
        case ping
    }

    var due: Instant? {
        switch self {
        case .none: nil
        case .head(let since): since.adding(milliseconds: Times.head)
        case .idle(let since): since.adding(milliseconds: Times.idle)
        case .body(let since, let received):
            // The moment at which the average falls below the limit, within the grace and the time for the whole.
            since.adding(
                milliseconds: min(
                    Times.body,
                    max(Times.bodyGrace, UInt64(received) * 1000 / UInt64(Bounds.bodyBytesPerSecond))))
        case .comment(let at), .leaving(let at): at
        case .quiet(let since), .pinged(let since): since.adding(milliseconds: Times.quiet)
        }
    }

    var event: Event {
        switch self {
        case .head, .body: .slow
        case .none, .idle, .pinged, .leaving: .close
        case .comment: .comment
        case .quiet: .ping
        }
    }
}
