// SPDX-License-Identifier: Apache-2.0

/// A request method. Methods are case-sensitive (RFC 9110 section 9.1): `get` is ``other``.
package enum HTTPMethod: String, CaseIterable, Sendable {
    case get = "GET"
    case post = "POST"
    case delete = "DELETE"
    case options = "OPTIONS"
    case head = "HEAD"
    case put = "PUT"
    case patch = "PATCH"
    case trace = "TRACE"
    case connect = "CONNECT"
    /// Any other token. No route allows it, and its bytes are not kept for the record: they are the sender's text.
    case other = "-"

    init(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) {
        let candidates: (HTTPMethod, HTTPMethod?)
        switch range.count {
        case 3: candidates = (.get, .put)
        case 4: candidates = (.post, .head)
        case 5: candidates = (.patch, .trace)
        case 6: candidates = (.delete, nil)
        case 7: candidates = (.options, .connect)
        default: candidates = (.other, nil)
        }
        if bytes.holds(candidates.0.rawValue, in: range) {
            self = candidates.0
        } else if let second = candidates.1, bytes.holds(second.rawValue, in: range) {
            self = second
        } else {
            self = .other
        }
    }
}
