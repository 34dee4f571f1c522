// SPDX-License-Identifier: Apache-2.0
package import Policy

/// Bytes that a grammar of this module refuses: which rule they break, where, and in which header.
package struct WireError: Error, Equatable, Sendable {
    package let rule: WireRule
    /// The byte at which the refusal became certain, counted from the start of what was being read: a head, a body, the
    /// head of a frame, a text.
    package let offset: Int
    /// The header at fault, for the record; nil where no header is.
    package let field: HeaderName?

    package init(_ rule: WireRule, at offset: Int, in field: HeaderName? = nil) {
        self.rule = rule
        self.offset = offset
        self.field = field
    }
}

/// Every rule of this module, by the stable word that records and tests use.
package enum WireRule: String, CaseIterable, Sendable {
    // The request line.
    case requestLineTooLong = "request-line-too-long"
    case methodMalformed = "method-malformed"
    case targetForm = "target-form"
    case pathByte = "path-byte"
    case pathSegment = "path-segment"
    case queryByte = "query-byte"
    case versionMalformed = "version-malformed"
    case versionUnsupported = "version-unsupported"
    case http2Preface = "http2-preface"

    // Header lines.
    case lineEnding = "line-ending"
    case headerName = "header-name"
    case headerFolded = "header-folded"
    case headerValue = "header-value"
    case headerRepeated = "header-repeated"
    case headerLineTooLong = "header-line-too-long"
    case headTooLarge = "head-too-large"
    case tooManyHeaders = "too-many-headers"

    // What single headers say.
    case hostMissing = "host-missing"
    case hostMalformed = "host-malformed"
    case contentLengthMalformed = "content-length-malformed"
    case contentLengthHuge = "content-length-huge"
    case transferEncodingMalformed = "transfer-encoding-malformed"
    case transferEncodingUnknown = "transfer-encoding-unknown"
    case framingConflict = "framing-conflict"
    case connectionMalformed = "connection-malformed"
    case upgradeUnknown = "upgrade-unknown"
    case expectationUnknown = "expectation-unknown"

    // Bodies.
    case bodyTooLarge = "body-too-large"
    case chunkMalformed = "chunk-malformed"
    case chunkExtension = "chunk-extension"
    case chunkTrailer = "chunk-trailer"
    case chunkLineEnding = "chunk-line-ending"

    // Who is asked, and who asks.
    case authorityForeign = "authority-foreign"
    case originForeign = "origin-foreign"
    case preflight = "preflight"
    case fetchMetadata = "fetch-metadata"

    // The form of a request.
    case contentTypeUnsupported = "content-type-unsupported"
    case notAcceptable = "not-acceptable"
    case mirroredValue = "mirrored-value"

    // The opening handshake.
    case handshakeMethod = "handshake-method"
    case upgradeRequired = "upgrade-required"
    case upgradeNotConnected = "upgrade-not-connected"
    case handshakeBody = "handshake-body"
    case webSocketVersion = "websocket-version"
    case webSocketKey = "websocket-key"
    case subprotocol = "subprotocol"

    // Frames.
    case frameUnmasked = "frame-unmasked"
    case frameMasked = "frame-masked"
    case reservedBits = "reserved-bits"
    case reservedOpcode = "reserved-opcode"
    case controlFragmented = "control-fragmented"
    case controlTooLong = "control-too-long"
    case lengthNotMinimal = "length-not-minimal"
    case lengthTopBit = "length-top-bit"
    case continuationUnexpected = "continuation-unexpected"
    case messageInterrupted = "message-interrupted"
    case closePayload = "close-payload"
    case closeCode = "close-code"
    case textNotUTF8 = "text-not-utf8"
    case binaryMessage = "binary-message"
    case messageTooLarge = "message-too-large"
    case tooManyFragments = "too-many-fragments"

    // What servers answer us.
    case statusLine = "status-line"
    case handshakeRefused = "handshake-refused"
    case acceptKey = "accept-key"
    case extensionNegotiated = "extension-negotiated"

    // Where a proxy is asked to go.
    case scheme = "scheme"
    case targetHost = "not-a-host"
    case targetZone = "zone"
    case targetPort = "port-malformed"
    case hostDiffers = "host-differs"
    case connectBody = "connect-body"

    // What servers answer through a proxy.
    case protocolSwitched = "protocol-switched"
    case tooManyInterim = "too-many-interim"
    case bodyTruncated = "body-truncated"

    // SOCKS.
    case socksVersion = "socks-version"
    case socksMethods = "socks-methods"
    case socksCommand = "socks-command"
    case socksReserved = "socks-reserved"
    case socksAddressType = "socks-address-type"

    // The DNS.
    case dnsForeign = "dns-foreign"
    case dnsMalformed = "dns-malformed"

    // Lines and events.
    case lineTooLong = "line-too-long"

    /// What the sender is told, and the class under which the record files the rule; nil where the bytes came from a side
    /// that we do not answer: a server's reply, a child's output.
    package var denial: Denial? {
        switch self {
        case .methodMalformed, .targetForm, .pathByte, .pathSegment, .queryByte, .versionMalformed,
            .lineEnding, .headerName, .headerFolded, .headerValue, .headerRepeated,
            .contentLengthMalformed, .transferEncodingMalformed, .framingConflict,
            .connectionMalformed, .upgradeUnknown, .scheme, .targetHost, .targetZone, .targetPort, .hostDiffers,
            .connectBody:
            .headMalformed
        case .requestLineTooLong: .targetTooLong
        case .headerLineTooLong, .headTooLarge, .tooManyHeaders: .headTooLarge
        case .versionUnsupported, .http2Preface: .versionUnsupported
        case .transferEncodingUnknown: .codingUnsupported
        case .expectationUnknown: .expectationFailed
        case .hostMissing, .hostMalformed: .authorityMalformed
        case .authorityForeign: .authorityForeign
        case .originForeign, .preflight, .fetchMetadata: .browserEvidence
        case .contentTypeUnsupported: .mediaTypeUnsupported
        case .notAcceptable: .notAcceptable
        case .contentLengthHuge, .bodyTooLarge: .bodyTooLarge
        case .chunkMalformed, .chunkExtension, .chunkTrailer, .chunkLineEnding: .bodyMalformed
        case .mirroredValue: .headerMismatch
        case .handshakeMethod: .methodNotAllowed
        case .upgradeRequired, .webSocketVersion: .upgradeRequired
        case .upgradeNotConnected, .handshakeBody, .webSocketKey, .subprotocol: .handshakeMalformed
        case .binaryMessage: .frameNotText
        case .frameUnmasked, .frameMasked, .reservedBits, .reservedOpcode, .controlFragmented, .controlTooLong,
            .lengthNotMinimal, .lengthTopBit, .continuationUnexpected, .messageInterrupted, .closePayload, .closeCode,
            .textNotUTF8, .messageTooLarge, .tooManyFragments:
            .frameMalformed
        case .statusLine, .handshakeRefused, .acceptKey, .extensionNegotiated, .lineTooLong, .protocolSwitched,
            .tooManyInterim, .bodyTruncated, .socksVersion, .socksMethods, .socksCommand, .socksReserved,
            .socksAddressType, .dnsForeign,
            .dnsMalformed:
            nil
        }
    }

    /// The code of the close frame with which a rule of frames is answered; nil for every other rule.
    package var closeCode: CloseCode? {
        if self == .binaryMessage { return .unsupportedData }
        if self == .textNotUTF8 { return .invalidPayload }
        if self == .messageTooLarge || self == .tooManyFragments { return .messageTooBig }
        return denial == .frameMalformed ? .protocolError : nil
    }
}
