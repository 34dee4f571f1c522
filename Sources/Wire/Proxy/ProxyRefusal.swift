// SPDX-License-Identifier: Apache-2.0
package import Policy

extension WireError {
    /// Why the door refuses what a client of it sent.
    ///
    /// What a server or a resolver sent is not refused but ``EgressReason/upstreamMalformed`` or
    /// ``EgressReason/dnsFailed``, whichever rule it broke.
    package var egressReason: EgressReason {
        switch rule {
        // Not even a first byte of HTTP: SOCKS, TLS, or noise.
        case .methodMalformed: offset == 0 ? .notHTTP : .headMalformed
        case .targetForm, .pathByte, .pathSegment, .queryByte, .versionMalformed, .lineEnding, .headerName,
            .headerFolded, .headerValue, .connectionMalformed, .upgradeUnknown, .expectationUnknown:
            .headMalformed
        case .headerRepeated:
            switch field {
            case .host: .hostMismatch
            case .contentLength, .transferEncoding: .bodyMalformed
            default: .headMalformed
            }
        case .requestLineTooLong, .headerLineTooLong, .headTooLarge, .tooManyHeaders: .headTooLarge
        case .versionUnsupported, .http2Preface: .versionUnsupported
        case .socksVersion: .notHTTP
        case .hostMissing, .hostMalformed, .hostDiffers: .hostMismatch
        case .contentLengthMalformed, .contentLengthHuge, .transferEncodingMalformed, .transferEncodingUnknown,
            .framingConflict, .connectBody, .bodyTooLarge, .chunkMalformed, .chunkExtension, .chunkTrailer,
            .chunkLineEnding, .bodyTruncated:
            .bodyMalformed
        case .scheme: .scheme
        case .targetHost: .notAHost
        case .targetZone: .zone
        case .targetPort: .portMalformed
        case .socksMethods, .socksCommand, .socksReserved, .socksAddressType: .commandUnsupported
        // No client of the door is read by these.
        case .authorityForeign, .originForeign, .preflight, .fetchMetadata, .contentTypeUnsupported, .notAcceptable,
            .mirroredValue, .handshakeMethod, .upgradeRequired, .upgradeNotConnected, .handshakeBody, .webSocketVersion,
            .webSocketKey, .subprotocol, .frameUnmasked, .frameMasked, .reservedBits, .reservedOpcode,
            .controlFragmented, .controlTooLong, .lengthNotMinimal, .lengthTopBit, .continuationUnexpected,
            .messageInterrupted, .closePayload, .closeCode, .textNotUTF8, .binaryMessage, .messageTooLarge,
            .tooManyFragments, .statusLine, .handshakeRefused, .acceptKey, .extensionNegotiated, .lineTooLong,
            .protocolSwitched, .tooManyInterim, .dnsForeign, .dnsMalformed:
            .headMalformed
        }
    }
}

extension SocksReply {
    /// What a SOCKS5 client is told of a decision; the few codes there are leave out most of it.
    package init(_ reason: EgressReason) {
        switch reason {
        case .hostNotAllowed, .port, .method, .deniedByRule, .approvalUnavailable, .address, .metadataName,
            .proxyDiscovery, .ownAddress, .rebinding, .sniMismatch, .policyChanged:
            self = .notAllowed
        case .commandUnsupported: self = .commandUnsupported
        case .dnsFailed: self = .hostUnreachable
        case .dnsTimeout, .connectTimeout: self = .expired
        case .connectFailed, .peerMismatch: self = .connectionRefused
        case .notHTTP, .headMalformed, .headTooLarge, .headTimeout, .versionUnsupported, .bodyMalformed, .hostMismatch,
            .notAHost, .zone, .portMalformed, .scheme, .tooMany, .auditBehind, .stopping,
            .upstreamMalformed, .upstreamTimeout, .tooManyRedirects:
            self = .generalFailure
        }
    }
}
