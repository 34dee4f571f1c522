// SPDX-License-Identifier: Apache-2.0

/// Bytes that may stand in a header line of ours: visible ASCII, and single spaces or tabs inside.
///
/// A value that could end its line, or begin another, cannot be held.
package struct FieldValue: Sendable, Equatable {
    let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard let first = bytes.first, let last = bytes.last, !first.isBlank, !last.isBlank else { return nil }
        for byte in bytes where !byte.isVisible && !byte.isBlank { return nil }
        self.bytes = bytes
    }

    /// nil under the same rule; for texts of ours.
    package init?(_ text: String) { self.init(Array(text.utf8)) }

    package init(_ number: UInt32) { bytes = Array(String(number).utf8) }
}

/// The headers that we send beside those of ``ResponseWriter``. There is no `Access-Control-Allow-…`: what is not in
/// this list cannot be sent.
package enum ResponseHeader: String, CaseIterable, Sendable {
    case allow = "Allow"
    case contentSecurityPolicy = "Content-Security-Policy"
    case contentType = "Content-Type"
    case crossOriginOpenerPolicy = "Cross-Origin-Opener-Policy"
    case crossOriginResourcePolicy = "Cross-Origin-Resource-Policy"
    case date = "Date"
    case frameOptions = "X-Frame-Options"
    case location = "Location"
    case mcpSessionID = "Mcp-Session-Id"
    case referrerPolicy = "Referrer-Policy"
    case retryAfter = "Retry-After"
    case setCookie = "Set-Cookie"
    case wwwAuthenticate = "WWW-Authenticate"
}

/// How the end of our own body is found.
package enum ResponseBody: Equatable, Sendable {
    /// A body of that many bytes follows; 0 says that there is none.
    case length(Int)
    /// No body and no length: 100, 101 and 204, which must not announce one (RFC 9110 section 8.6).
    case none
    /// An event stream in chunks follows.
    case events
}

/// Composes response heads. Nothing of a request can get in: names and status are closed lists, values are checked.
package enum ResponseWriter {
    /// Appends a complete head to `output`.
    ///
    /// - Parameter closing: says that the connection ends behind this response.
    package static func append(
        _ status: HTTPStatus, _ headers: [(ResponseHeader, FieldValue)] = [], body: ResponseBody,
        closing: Bool = false, to output: inout [UInt8]
    ) {
        output.append(text: status.line)
        // Nothing that we say is for a cache to keep or for a browser to interpret in its own way.
        output.append(text: "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
        for (name, value) in headers {
            output.append(text: name.rawValue)
            output.append(text: ": ")
            output.append(contentsOf: value.bytes)
            output.append(text: "\r\n")
        }
        switch body {
        case .length(let length):
            output.append(text: "Content-Length: ")
            output.append(decimal: length)
            output.append(text: "\r\n")
        case .none: break
        case .events:
            // A proxy in between must not hold events back until it has a buffer full.
            output.append(
                text: "Content-Type: text/event-stream\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n")
        }
        if status == .upgradeRequired {
            // What must be spoken instead has to be named (RFC 9110 section 15.5.22, RFC 6455 section 4.4).
            output.append(text: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
            output.append(text: closing ? "Connection: close, Upgrade\r\n\r\n" : "Connection: Upgrade\r\n\r\n")
        } else {
            output.append(text: closing ? "Connection: close\r\n\r\n" : "\r\n")
        }
    }

    /// Appends the interim response that a client which expects it waits for.
    package static func appendContinue(to output: inout [UInt8]) {
        output.append(text: HTTPStatus.continueSending.line)
        output.append(text: "\r\n")
    }
}
