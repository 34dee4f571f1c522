// SPDX-License-Identifier: Apache-2.0

/// Why something is no address that this program asks for.
package enum AddressFault: Error, Equatable, Sendable {
    /// Another scheme than `https` and `http`.
    case scheme
    /// Longer than ``WebAddress/maxBytes``.
    case tooLong
    /// A byte that stands in no URL, userinfo, or a broken percent sequence.
    case malformed
    case host(TargetFault)

    package var word: String {
        switch self {
        case .scheme: "scheme"
        case .tooLong: "too-long"
        case .malformed: "malformed"
        case .host(let fault): fault.word
        }
    }
}

/// An `http` or `https` URL (RFC 3986) in the one spelling in which it is sent: no userinfo, no fragment, the host as
/// the egress room reads it too, the port left out where it is the scheme's own.
package struct WebAddress: Equatable, Sendable {
    package enum Scheme: Equatable, Sendable {
        case http
        case https

        package var defaultPort: UInt16 {
            switch self {
            case .http: 80
            case .https: 443
            }
        }

        package var text: String {
            switch self {
            case .http: "http"
            case .https: "https"
            }
        }
    }

    /// Of a whole URL, in bytes: what common servers take as one line of a request head.
    package static let maxBytes = 8192

    package let scheme: Scheme
    package let target: EgressTarget
    /// Path and query, which begin with `/`.
    package let path: [UInt8]

    package init(_ bytes: [UInt8]) throws(AddressFault) {
        guard bytes.count <= Self.maxBytes else { throw .tooLong }
        guard let colon = Self.endOfScheme(bytes) else { throw .malformed }
        try self.init(try Self.scheme(bytes[..<colon]), behindScheme: bytes[(colon + 1)...])
    }

    private init(scheme: Scheme, target: EgressTarget, path: [UInt8]) throws(AddressFault) {
        self.scheme = scheme
        self.target = target
        self.path = path
        guard text.count <= Self.maxBytes else { throw .tooLong }
    }

    /// - Parameter rest: `//authority/path?query#fragment`.
    private init(_ scheme: Scheme, behindScheme rest: ArraySlice<UInt8>) throws(AddressFault) {
        guard rest.starts(with: "//".utf8) else { throw .malformed }
        let authority = rest.dropFirst(2)
        let end = authority.firstIndex { Self.endsAuthority($0) } ?? authority.endIndex
        let name = Array(authority[..<end])
        let target: EgressTarget
        do throws(TargetFault) {
            target = try EgressTarget.read(authority: name.span, 0..<name.count, defaultPort: scheme.defaultPort)
        } catch { throw .host(error) }
        var path = try Self.cleaned(authority[end...])
        if path.first != UInt8(ascii: "/") { path.insert(UInt8(ascii: "/"), at: 0) }
        try self.init(scheme: scheme, target: target, path: path)
    }

    /// Another address as this one's server names it: a whole URL, or a part of one (RFC 3986 section 5.2).
    package func resolving(_ reference: [UInt8]) throws(AddressFault) -> WebAddress {
        guard reference.count <= Self.maxBytes else { throw .tooLong }
        if Self.endOfScheme(reference) != nil { return try WebAddress(reference) }
        if reference.starts(with: "//".utf8) { return try WebAddress(scheme, behindScheme: reference[...]) }
        let given = try Self.cleaned(reference[...])
        let ownEnd = path.firstIndex(of: UInt8(ascii: "?")) ?? path.endIndex
        let split = given.firstIndex(of: UInt8(ascii: "?")) ?? given.endIndex
        let query = given[split...]
        var merged: [UInt8]
        if split == 0 {
            merged = query.isEmpty ? path : Array(path[..<ownEnd] + query)
            return try WebAddress(scheme: scheme, target: target, path: merged)
        }
        if given.first == UInt8(ascii: "/") {
            merged = Array(given[..<split])
        } else {
            let directory = path[..<ownEnd].lastIndex(of: UInt8(ascii: "/")) ?? 0
            merged = Array(path[...directory]) + given[..<split]
        }
        merged = Self.withoutDots(merged) + query
        return try WebAddress(scheme: scheme, target: target, path: merged)
    }

    package func hasSameOrigin(as other: WebAddress) -> Bool { scheme == other.scheme && target == other.target }

    /// A port of this host's loopback, which a sandbox reaches only through a hole that its entry names.
    package var isOwnLoopback: Bool {
        switch target.host {
        case .address(let address): address == .v4(0x7F00_0001)
        case .name(let name): name.bytes.elementsEqual("localhost".utf8)
        }
    }

    /// `scheme://host[:port]`
    package var origin: [UInt8] {
        var text = Array("\(scheme.text)://".utf8) + target.host.text
        if target.port != scheme.defaultPort { text += Array(":\(target.port)".utf8) }
        return text
    }

    package var text: [UInt8] { origin + path }
}

extension WebAddress {
    /// Where the colon behind a scheme stands; nil where the text begins with something else.
    private static func endOfScheme(_ bytes: [UInt8]) -> Int? {
        guard let first = bytes.first, first.isASCIILetter else { return nil }
        guard let end = bytes.firstIndex(where: { !$0.isSchemeByte }), bytes[end] == UInt8(ascii: ":") else {
            return nil
        }
        return end
    }

    private static func scheme(_ bytes: ArraySlice<UInt8>) throws(AddressFault) -> Scheme {
        let lower = bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        if lower.elementsEqual("https".utf8) { return .https }
        if lower.elementsEqual("http".utf8) { return .http }
        throw .scheme
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// Path and query without the fragment. What people and servers write unescaped although it stands in no URL is
    /// escaped; control bytes and backslashes, which readers take for different things, are refused.
    private static func cleaned(_ bytes: ArraySlice<UInt8>) throws(AddressFault) -> [UInt8] {
        var clean: [UInt8] = []
        clean.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "#") {
                try check(bytes[(index + 1)...])
                break
            }
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex, bytes[index + 1].isHexDigit, bytes[index + 2].isHexDigit else {
                    throw .malformed
                }
                clean.append(byte)
            } else if byte.isURLByte {
                clean.append(byte)
            } else {
                guard byte >= 0x20, byte != 0x7F, byte != UInt8(ascii: "\\") else { throw .malformed }
                clean += [UInt8(ascii: "%"), hexDigit(byte >> 4), hexDigit(byte & 15)]
            }
            index += 1
        }
        return clean
    }

    /// A fragment is never sent, and never holds what a log would break on.
    private static func check(_ fragment: ArraySlice<UInt8>) throws(AddressFault) {
        for byte in fragment where byte < 0x20 || byte == 0x7F { throw .malformed }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x41 + value - 10 }

    /// RFC 3986 section 5.2.4, for a path that begins with `/`.
    private static func withoutDots(_ path: [UInt8]) -> [UInt8] {
        var kept: [ArraySlice<UInt8>] = []
        let segments = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (place, segment) in segments.enumerated() {
            let isLast = place == segments.count - 1
            if isDots(segment, 1) {
                if isLast { kept.append([]) }
            } else if isDots(segment, 2) {
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append([]) }
            } else {
                kept.append(segment)
            }
        }
        return kept.isEmpty ? [UInt8(ascii: "/")] : kept.flatMap { [UInt8(ascii: "/")] + $0 }
    }

    /// That many dots, also where they are escaped: servers unescape before they look.
    private static func isDots(_ segment: ArraySlice<UInt8>, _ count: Int) -> Bool {
        var rest = segment
        for _ in 0..<count {
            if rest.first == UInt8(ascii: ".") {
                rest = rest.dropFirst()
            } else if rest.prefix(3).elementsEqual("%2e".utf8) || rest.prefix(3).elementsEqual("%2E".utf8) {
                rest = rest.dropFirst(3)
            } else {
                return false
            }
        }
        return rest.isEmpty
    }
}

extension UInt8 {
    var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
    fileprivate var isASCIIDigit: Bool { self &- 0x30 < 10 }
    fileprivate var isHexDigit: Bool { isASCIIDigit || (self | 0x20) &- 0x61 < 6 }

    fileprivate var isSchemeByte: Bool {
        isASCIILetter || isASCIIDigit || self == UInt8(ascii: "+") || self == UInt8(ascii: "-")
            || self == UInt8(ascii: ".")
    }

    /// `pchar` of RFC 3986 without the percent sign, `/` and `?`.
    fileprivate var isURLByte: Bool {
        isASCIILetter || isASCIIDigit || "-._~!$&'()*+,;=:@/?".utf8.contains(self)
    }
}
