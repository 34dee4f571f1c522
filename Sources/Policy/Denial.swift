// SPDX-License-Identifier: Apache-2.0

/// Every way in which Doorward says no, in the order in which it says it.
///
/// A closed list: the audit record carries the word, the wire carries the status and code, a person gets the sentence
/// and the hint. The raw value travels in Control frames and is not stable between releases; the word is.
package enum Denial: UInt8, CaseIterable, Sendable, Error {
    // Step 0, before a byte is read.
    case connectionCap
    case browserPeer
    // Step 1, the head.
    case headMalformed
    case targetTooLong
    case headTooLarge
    case versionUnsupported
    case codingUnsupported
    case expectationFailed
    case slow
    // Step 2, authority.
    case authorityMalformed
    case authorityForeign
    // Step 3, browser.
    case browserEvidence
    // Step 4, caller.
    case credentialMissing
    case credentialMalformed
    case credentialUnknown
    case credentialExpired
    case credentialRevoked
    case callerCap
    // Step 5, scope.
    case scopeInsufficient
    case peerNotAsDemanded
    // Step 6, route.
    case routeUnknown
    case methodNotAllowed
    // Step 7, form.
    case queryNotAllowed
    case mediaTypeUnsupported
    case notAcceptable
    case bodyTooLarge
    case bodyMalformed
    case bodyMissing
    case upgradeRequired
    case handshakeMalformed
    // Step 8, session.
    case sessionMissing
    case sessionUnknown
    case sessionNotAllowed
    case sessionCap
    case streamTaken
    case versionNotAgreed
    // Step 9, message.
    case jsonMalformed
    case messageMalformed
    case parametersMalformed
    case headerMismatch
    case revisionUnsupported
    case capabilityMissing
    case methodUnknown
    case answerUnasked
    case frameNotText
    case frameMalformed
    case tooFast
    // Step 10, selection.
    case serverUnknown
    case toolUnknown
    case promptUnknown
    case resourceUnknown
    case cursorUnknown
    case parameterUnknown
    case argumentsInvalid
    // Step 11, policy.
    case policyDenied
    case toolChanged
    case toolUnreviewed
    // Step 12, approval.
    case approvalUnavailable
    // Step 13, audit.
    case auditUnavailable
    // Step 14, launch.
    case executableChanged
    case confinementIncomplete
    case launchLimit
    case launchFailed
    case secretUnavailable
    // Step 15, upstream.
    case serverFailed
    case serverMisbehaved
    case serverSlow
    case callsInFlightCap
    case stopping
}

/// What one ``Denial`` means to each of those who meet it.
package struct DenialMeaning: Sendable {
    /// Step of the refusal order, 0 before the first byte to 15 upstream.
    package let step: UInt8
    /// Stable word for records, `_meta` and tests.
    package let word: StaticString
    /// HTTP status: sent as such up to step 10, a mere class in the body from step 11 on.
    package let status: UInt16
    /// JSON-RPC error code; ours are positive, outside every range the protocol reserves (G20).
    package let code: Int64
    /// For people: what was refused and why; lower case, no full stop.
    package let sentence: StaticString
    /// For people: what they can do about it.
    package let hint: StaticString
    /// Whether the same request may succeed later without anybody changing anything.
    package let retryMayHelp: Bool

    fileprivate init(
        _ step: UInt8, _ word: StaticString, _ status: UInt16, _ code: Int64, _ sentence: StaticString,
        hint: StaticString, retry: Bool = false
    ) {
        self.step = step
        self.word = word
        self.status = status
        self.code = code
        self.sentence = sentence
        self.hint = hint
        retryMayHelp = retry
    }
}

extension Denial {
    package var word: StaticString { meaning.word }
    package var status: UInt16 { meaning.status }
    package var step: UInt8 { meaning.step }

    package var meaning: DenialMeaning {
        switch self {
        case .connectionCap:
            DenialMeaning(
                0, "connection-cap", 503, 1001, "too many connections are open on this listener",
                hint: "close idle clients, or raise limits.connections in doorward.json", retry: true)
        case .browserPeer:
            DenialMeaning(
                0, "browser-peer", 403, 1002, "a web browser opened this connection",
                hint: "browsers have no business on the control port: connect an MCP client instead")
        case .headMalformed:
            DenialMeaning(
                1, "head-malformed", 400, 1101, "the request head is not well-formed HTTP/1.1",
                hint: "use an HTTP/1.1 client, once per header and without a proxy that rewrites them")
        case .targetTooLong:
            DenialMeaning(
                1, "target-too-long", 414, 1102, "the request line is longer than 8 KiB",
                hint: "put parameters into the message, never into the address")
        case .headTooLarge:
            DenialMeaning(
                1, "head-too-large", 431, 1103, "the request head is larger than its limits",
                hint: "send fewer or shorter headers")
        case .versionUnsupported:
            DenialMeaning(
                1, "version-unsupported", 505, 1104, "only HTTP/1.1 is spoken here",
                hint: "use an HTTP/1.1 client")
        case .codingUnsupported:
            DenialMeaning(
                1, "coding-unsupported", 501, 1105, "the transfer coding is not known here",
                hint: "send a length or plain chunked")
        case .expectationFailed:
            DenialMeaning(
                1, "expectation-failed", 417, 1106, "the expectation cannot be met",
                hint: "send 100-continue or no Expect header")
        case .slow:
            DenialMeaning(
                1, "slow", 408, 1107, "the request did not arrive in time",
                hint: "send the whole request at once", retry: true)
        case .authorityMalformed:
            DenialMeaning(
                2, "authority-malformed", 400, 1201, "the Host header is missing or not an authority",
                hint: "connect to the address that doorward printed")
        case .authorityForeign:
            DenialMeaning(
                2, "authority-foreign", 421, 1202, "the Host header names another place",
                hint: "connect to the address that doorward printed, port included")
        case .browserEvidence:
            DenialMeaning(
                3, "browser-evidence", 403, 1301, "the request was made by a web page",
                hint: "browsers have no business on the control port: connect an MCP client instead")
        case .credentialMissing:
            DenialMeaning(
                4, "credential-missing", 401, 1401, "no credential was shown",
                hint: "doorward token issue --client NAME, and send it as Authorization: Bearer")
        case .credentialMalformed:
            DenialMeaning(
                4, "credential-malformed", 401, 1402, "the Authorization header is not one bearer token",
                hint: "send exactly: Authorization: Bearer TOKEN")
        case .credentialUnknown:
            DenialMeaning(
                4, "credential-unknown", 401, 1403, "the credential is not known here",
                hint: "doorward token issue --client NAME")
        case .credentialExpired:
            DenialMeaning(
                4, "credential-expired", 401, 1404, "the credential has expired or is not valid yet",
                hint: "doorward token rotate NAME")
        case .credentialRevoked:
            DenialMeaning(
                4, "credential-revoked", 401, 1405, "the credential was revoked",
                hint: "doorward token issue --client NAME")
        case .callerCap:
            DenialMeaning(
                4, "caller-cap", 429, 1406, "this caller holds too many connections",
                hint: "close some, or raise limits.connectionsPerCaller in doorward.json", retry: true)
        case .scopeInsufficient:
            DenialMeaning(
                5, "scope-insufficient", 403, 1501, "the credential does not reach this listener or route",
                hint: "doorward token list shows what each credential is for")
        case .peerNotAsDemanded:
            DenialMeaning(
                5, "peer-not-as-demanded", 403, 1502, "the calling process is not the one that policy demands",
                hint: "see \"callers\" in doorward.json")
        case .routeUnknown:
            DenialMeaning(
                6, "route-unknown", 404, 1601, "there is nothing at this address",
                hint: "the endpoints are /mcp, /mcp/SERVER and /ws/SERVER")
        case .methodNotAllowed:
            DenialMeaning(
                6, "method-not-allowed", 405, 1602, "this method is not served here",
                hint: "send messages by POST")
        case .queryNotAllowed:
            DenialMeaning(
                7, "query-not-allowed", 400, 1701, "no address here takes a query",
                hint: "a message selects a server by name; nothing in the address can configure one")
        case .mediaTypeUnsupported:
            DenialMeaning(
                7, "media-type-unsupported", 415, 1702, "the body is not declared as application/json",
                hint: "send Content-Type: application/json")
        case .notAcceptable:
            DenialMeaning(
                7, "not-acceptable", 406, 1703, "the Accept header does not name both answer types",
                hint: "send Accept: application/json, text/event-stream")
        case .bodyTooLarge:
            DenialMeaning(
                7, "body-too-large", 413, 1704, "the message is larger than 4 MiB",
                hint: "send less at once")
        case .bodyMalformed:
            DenialMeaning(
                7, "body-malformed", 400, 1705, "the body is not framed as HTTP/1.1 demands",
                hint: "send a length or plain chunked, without trailers")
        case .bodyMissing:
            DenialMeaning(
                7, "body-missing", 400, 1706, "the request has no body",
                hint: "send one JSON-RPC message")
        case .upgradeRequired:
            DenialMeaning(
                7, "upgrade-required", 426, 1707, "this address speaks WebSocket only",
                hint: "open it as a WebSocket with subprotocol mcp, or POST to /mcp/SERVER")
        case .handshakeMalformed:
            DenialMeaning(
                7, "handshake-malformed", 400, 1708, "the WebSocket handshake is not acceptable",
                hint: "GET with version 13 and exactly the subprotocol mcp")
        case .sessionMissing:
            DenialMeaning(
                8, "session-missing", 400, -32600, "no session was opened",
                hint: "send initialize first, or the envelope of revision 2026-07-28")
        case .sessionUnknown:
            DenialMeaning(
                8, "session-unknown", 404, -32600, "the session is not known here",
                hint: "send initialize to open a new one")
        case .sessionNotAllowed:
            DenialMeaning(
                8, "session-not-allowed", 400, -32600, "initialize cannot carry a session",
                hint: "session ids are chosen here: send initialize without one")
        case .sessionCap:
            DenialMeaning(
                8, "session-cap", 429, 1801, "this caller holds too many sessions",
                hint: "end sessions with DELETE when done", retry: true)
        case .streamTaken:
            DenialMeaning(
                8, "stream-taken", 409, 1802, "this session has its event stream already",
                hint: "one GET stream per session")
        case .versionNotAgreed:
            DenialMeaning(
                8, "version-not-agreed", 400, -32600, "the header names another revision than the session",
                hint: "send the revision that initialize agreed on")
        case .jsonMalformed:
            DenialMeaning(
                9, "json-malformed", 400, -32700, "the message is not strict JSON",
                hint: "RFC 8259, UTF-8, no key twice; see docs/json.md")
        case .messageMalformed:
            DenialMeaning(
                9, "message-malformed", 400, -32600, "the message is not one JSON-RPC request or notification",
                hint: "one object with jsonrpc, id, method and params and nothing else")
        case .parametersMalformed:
            DenialMeaning(
                9, "parameters-malformed", 400, -32602, "the parameters are not those of this method",
                hint: "see the MCP specification for this method's params")
        case .headerMismatch:
            DenialMeaning(
                9, "header-mismatch", 400, -32020, "a mirrored header is missing or differs from the message",
                hint: "MCP-Protocol-Version, Mcp-Method and Mcp-Name must repeat the message")
        case .revisionUnsupported:
            DenialMeaning(
                9, "revision-unsupported", 400, -32022, "this protocol revision is not served",
                hint: "use 2026-07-28, 2025-11-25 or 2025-06-18")
        case .capabilityMissing:
            DenialMeaning(
                9, "capability-missing", 400, -32021, "the server needs a capability that was not declared",
                hint: "declare it in clientCapabilities")
        case .methodUnknown:
            DenialMeaning(
                9, "method-unknown", 404, -32601, "the method is not served in this revision",
                hint: "see docs/protocol.md for the methods of each revision")
        case .answerUnasked:
            DenialMeaning(
                9, "answer-unasked", 400, -32600, "an answer to a question that nobody asked",
                hint: "answer only what was asked, once")
        case .frameNotText:
            DenialMeaning(
                9, "frame-not-text", 400, 1901, "a binary frame arrived",
                hint: "send one JSON-RPC message in each text frame")
        case .frameMalformed:
            DenialMeaning(
                9, "frame-malformed", 400, 1902, "a WebSocket frame broke RFC 6455 or its limits",
                hint: "use a WebSocket client without extensions")
        case .tooFast:
            DenialMeaning(
                9, "too-fast", 429, 1903, "too many messages in too little time",
                hint: "slow down, or raise limits.messagesPerSecond in doorward.json", retry: true)
        case .serverUnknown:
            DenialMeaning(
                10, "server-unknown", 404, -32602, "no such server for this caller",
                hint: "doorward registry list; doorward token list")
        case .toolUnknown:
            DenialMeaning(
                10, "tool-unknown", 400, -32602, "unknown tool: there is none of this name for this caller",
                hint: "ask tools/list; doorward registry review SERVER if it is new")
        case .promptUnknown:
            DenialMeaning(
                10, "prompt-unknown", 400, -32602, "no such prompt for this caller",
                hint: "ask prompts/list")
        case .resourceUnknown:
            DenialMeaning(
                10, "resource-unknown", 400, -32602, "no such resource for this caller",
                hint: "ask resources/list")
        case .cursorUnknown:
            DenialMeaning(
                10, "cursor-unknown", 400, -32602, "the cursor was not given by this listing",
                hint: "start the listing again without a cursor")
        case .parameterUnknown:
            DenialMeaning(
                10, "parameter-unknown", 400, -32602, "the server has no such parameter or value",
                hint: "parameters are chosen by name from the values in doorward.json")
        case .argumentsInvalid:
            DenialMeaning(
                10, "arguments-invalid", 400, -32602, "the arguments do not fit the tool's reviewed schema",
                hint: "see inputSchema in tools/list")
        case .policyDenied:
            DenialMeaning(
                11, "policy-denied", 403, 2101, "policy denies this call",
                hint: "see the rule in doorward.json; doorward registry seal after a change")
        case .toolChanged:
            DenialMeaning(
                11, "tool-changed", 403, 2102, "the tool is not the one that was reviewed",
                hint: "doorward registry review SERVER shows the difference")
        case .toolUnreviewed:
            DenialMeaning(
                11, "tool-unreviewed", 403, 2103, "the tool was not reviewed",
                hint: "doorward registry review SERVER")
        case .approvalUnavailable:
            DenialMeaning(
                12, "approval-unavailable", 403, 2201,
                "this call needs a person's approval, and no approval front is installed yet",
                hint: "review the tool's class, or add a rule with verdict allow to doorward.json")
        case .auditUnavailable:
            DenialMeaning(
                13, "audit-unavailable", 503, 2301, "the audit log cannot be written, so nothing is done",
                hint: "doorward status names the reason; free disk space and try again", retry: true)
        case .executableChanged:
            DenialMeaning(
                14, "executable-changed", 503, 2401, "the server's program is not the one that was sealed",
                hint: "check what changed, then doorward registry seal")
        case .confinementIncomplete:
            DenialMeaning(
                14, "confinement-incomplete", 503, 2402, "the server's sandbox cannot be made complete here",
                hint: "doorward status names the missing layer")
        case .launchLimit:
            DenialMeaning(
                14, "launch-limit", 503, 2403, "too many server processes run or failed of late",
                hint: "wait, or see doorward status for the server's own errors", retry: true)
        case .launchFailed:
            DenialMeaning(
                14, "launch-failed", 503, 2404, "the server could not be started",
                hint: "doorward status names the step that failed")
        case .secretUnavailable:
            DenialMeaning(
                14, "secret-unavailable", 503, 2405, "a secret that the server's entry names cannot be read",
                hint: "see env in doorward.json: the file or key must exist and be private")
        case .serverFailed:
            DenialMeaning(
                15, "server-failed", 502, 2501, "the server ended before it answered",
                hint: "doorward status shows its last error output", retry: true)
        case .serverMisbehaved:
            DenialMeaning(
                15, "server-misbehaved", 502, 2502, "the server broke the protocol and was stopped",
                hint: "doorward audit tail names what it sent")
        case .serverSlow:
            DenialMeaning(
                15, "server-slow", 504, 2503, "the server did not answer in time",
                hint: "raise timeout in the server's entry", retry: true)
        case .callsInFlightCap:
            DenialMeaning(
                15, "calls-in-flight-cap", 503, 2504, "too many calls are waiting for this server",
                hint: "wait for answers before sending more", retry: true)
        case .stopping:
            DenialMeaning(
                15, "stopping", 503, 2505, "doorward is stopping",
                hint: "try again after the restart", retry: true)
        }
    }
}
