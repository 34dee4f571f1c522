// SPDX-License-Identifier: Apache-2.0
package import Policy

/// How a forward proxy was asked (RFC 9112 section 3.2).
package enum ProxyForm: UInt8, Equatable, Sendable {
    /// `CONNECT host:port`: a tunnel.
    case connect
    /// `METHOD http://host[:port]/…`: one request that we make on behalf of the client.
    case absolute
}

/// One request to a forward proxy that kept every rule of the grammar; ranges are offsets into ``bytes``.
package struct ProxyRequest: Sendable {
    /// The head exactly as it arrived, up to and with its empty line.
    package let bytes: [UInt8]
    package let form: ProxyForm
    /// Where and what is asked for. `Host` says the same: two answers to that question do not pass the grammar.
    package let target: EgressTarget
    /// Where the method stands; any token, letters as they were sent.
    package let methodRange: Range<Int>
    package let method: HTTPMethod
    /// Where path and query stand. Empty in a tunnel and where the form ends with its authority.
    package let path: Range<Int>
    /// Never a body in a tunnel: what follows the head is the tunnel's.
    package let framing: BodyFraming
    /// The client waits for an interim response before it sends its body.
    package let expectsContinue: Bool
    let table: FieldTable

    /// All header lines in their order, those included that ``appendUpstreamHead(to:)`` leaves out.
    package var fields: [HeaderField] { table.fields }

    /// The method's bytes, as policy judges them; nil in a tunnel.
    package var judgedMethod: [UInt8]? { form == .connect ? nil : bytes.span.copy(methodRange) }
}

extension WireError {
    /// What a name or an address that is none means for the message that holds it.
    init(_ fault: TargetFault, at offset: Int) {
        switch fault {
        case .notAHost: self.init(.targetHost, at: offset)
        case .zone: self.init(.targetZone, at: offset)
        case .port: self.init(.targetPort, at: offset)
        }
    }
}
