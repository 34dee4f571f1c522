// SPDX-License-Identifier: Apache-2.0

/// One tag: its name, and the attributes that matter for reading.
struct HTMLTag {
    /// In lower case.
    let name: [UInt8]
    /// Behind its `>`.
    let end: Int
    /// The page itself says that nobody is to see it.
    private(set) var isHidden = false
    /// Of `href`, if it leads to a web page.
    private(set) var address: [UInt8]?
    /// Of `alt`.
    private(set) var words: [UInt8]?

    /// Longer addresses say nothing to a reader.
    private static let maxAddressBytes = 512

    /// - Parameters:
    ///   - start: of the name.
    ///   - limit: of the tag in bytes; nil beyond it, and where it never ends.
    init?(_ bytes: [UInt8], at start: Int, limit: Int) {
        let last = min(bytes.count, start + limit)
        var at = start
        while at < last, !Self.isEnd(bytes[at]) { at += 1 }
        guard at > start else { return nil }
        name = bytes[start..<at].map(Self.lower)
        var found: [(name: [UInt8], value: [UInt8])] = []
        while true {
            while at < last, Self.isSpace(bytes[at]) || bytes[at] == UInt8(ascii: "/") { at += 1 }
            guard at < last else { return nil }
            if bytes[at] == UInt8(ascii: ">") { break }
            let key = at
            // A first `=` belongs to the name, as in browsers; so this always moves on.
            at += 1
            while at < last, !Self.isEnd(bytes[at]), bytes[at] != UInt8(ascii: "=") { at += 1 }
            let word = bytes[key..<at].map(Self.lower)
            while at < last, Self.isSpace(bytes[at]) { at += 1 }
            guard at < last else { return nil }
            guard bytes[at] == UInt8(ascii: "=") else {
                found.append((word, []))
                continue
            }
            at += 1
            while at < last, Self.isSpace(bytes[at]) { at += 1 }
            guard at < last else { return nil }
            let quote = bytes[at]
            if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                guard let close = bytes[(at + 1)..<last].firstIndex(of: quote) else { return nil }
                found.append((word, Array(bytes[(at + 1)..<close])))
                at = close + 1
            } else {
                let value = at
                while at < last, !Self.isSpace(bytes[at]), bytes[at] != UInt8(ascii: ">") { at += 1 }
                found.append((word, Array(bytes[value..<at])))
            }
        }
        end = at + 1
        for (key, value) in found { note(key, value) }
    }

    private mutating func note(_ key: [UInt8], _ value: [UInt8]) {
        switch String(decoding: key, as: UTF8.self) {
        case "hidden": isHidden = true
        case "aria-hidden": if value.map(Self.lower) == Array("true".utf8) { isHidden = true }
        case "style":
            let style = String(decoding: value.filter { !Self.isSpace($0) }.map(Self.lower), as: UTF8.self)
            let hides = ["display:none", "visibility:hidden", "opacity:0;", "font-size:0;", "font-size:0px"]
            if hides.contains(where: { (style + ";").contains($0) }) { isHidden = true }
        case "href":
            let isPage = value.starts(with: "https://".utf8) || value.starts(with: "http://".utf8)
            let isPlain = value.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
            if isPage, isPlain, value.count <= Self.maxAddressBytes { address = HTMLEntity.decoded(value) }
        case "alt": words = HTMLEntity.decoded(value)
        default: break
        }
    }

    private static func isEnd(_ byte: UInt8) -> Bool {
        isSpace(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/")
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}

/// Elements by what reading does with them.
enum HTMLNames {
    static let opaque = set(
        "script style noscript template svg math iframe object embed applet canvas audio video select option datalist")
    static let void = set("area base br col embed hr img input link meta param source track wbr")
    static let paragraphs = set("p h1 h2 h3 h4 h5 h6 table ul ol dl blockquote pre article section figure hr title")
    static let blocks = set(
        "div li tr dt dd header footer main nav aside address form fieldset details summary figcaption caption body head"
    )

    private static func set(_ words: String) -> Set<[UInt8]> {
        Set(words.split(separator: " ").map { Array($0.utf8) })
    }
}

/// Characters that a page spells out.
enum HTMLEntity {
    /// Longer names are not known here.
    private static let maxBytes = 12

    /// The character that begins with the `&` at `start`, and how many bytes it takes; nil where that is text.
    static func read(_ bytes: [UInt8], at start: Int) -> (character: [UInt8], length: Int)? {
        let rest = bytes[(start + 1)..<min(bytes.count, start + 1 + maxBytes)]
        guard let end = rest.firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let name = String(decoding: rest[..<end], as: UTF8.self)
        let scalar: Unicode.Scalar?
        if name.hasPrefix("#x") || name.hasPrefix("#X") {
            scalar = UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
        } else if name.hasPrefix("#") {
            scalar = UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
        } else {
            scalar = named[name]
        }
        guard let scalar, scalar.value != 0 else { return nil }
        return (Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter), end + 1 - start)
    }

    static func decoded(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "&"), let (character, length) = read(bytes, at: at) {
                text += character
                at += length
            } else {
                text.append(bytes[at])
                at += 1
            }
        }
        return text
    }

    private static let named: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "copy": "©", "reg": "®",
        "trade": "™", "hellip": "…", "mdash": "—", "ndash": "–", "lsquo": "‘", "rsquo": "’", "ldquo": "“",
        "rdquo": "”", "laquo": "«", "raquo": "»", "bull": "•", "middot": "·", "times": "×", "deg": "°",
        "euro": "€", "pound": "£", "yen": "¥", "cent": "¢", "sect": "§", "para": "¶", "auml": "ä", "ouml": "ö",
        "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü", "szlig": "ß", "eacute": "é", "egrave": "è",
        "agrave": "à", "ccedil": "ç", "ntilde": "ñ", "larr": "←", "rarr": "→",
    ]
}
