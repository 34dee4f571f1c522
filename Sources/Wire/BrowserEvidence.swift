// SPDX-License-Identifier: Apache-2.0

/// Whether a head shows that a browser speaks: step 3 of the order of refusal.
package enum BrowserEvidence {
    /// The first mark of a browser in `head`, or nil.
    ///
    /// Evidence can only refuse. A page that the browser believes to share our origin sends none of these headers, so
    /// nil proves nothing and the credential is asked for in any case.
    package static func find(in head: borrowing RequestHead, of listener: ListenerIdentity) -> WireError? {
        let bytes = head.bytes
        let source = bytes.span
        if let origin = head.value(.origin), !listener.owns(origin: origin, of: source) {
            return WireError(.originForeign, at: origin.lowerBound, in: .origin)
        }
        if let preflight = head.field(.accessControlRequest) {
            return WireError(.preflight, at: preflight.nameRange.lowerBound, in: preflight.name)
        }
        // Node's own fetch and WebSocket send the mode alone, with just these values; a browser never sends it alone.
        for name in [HeaderName.secFetchSite, .secFetchDest, .secFetchUser, .secFetchOther] {
            if let mark = head.field(name) {
                return WireError(.fetchMetadata, at: mark.nameRange.lowerBound, in: name)
            }
        }
        guard let mode = head.value(.secFetchMode) else { return nil }
        let expected = head.asksForWebSocket ? "websocket" : "cors"
        return source.holds(expected, in: mode)
            ? nil : WireError(.fetchMetadata, at: mode.lowerBound, in: .secFetchMode)
    }
}
