// SPDX-License-Identifier: Apache-2.0

/// What a person would read of an HTML page: no scripts, no styles, nothing that the page itself hides.
///
/// No parser of the whole standard: tags are cut out where a browser would see one, and what cannot be told apart is
/// shown as text, so that nothing is read as markup that was text before. One pass; a page's nesting costs no stack.
struct HTMLText {
    /// Elements open at once whose hiding is kept track of.
    private static let maxDepth = 512
    /// Of one tag. What is longer is text.
    private static let maxTagBytes = 16_384

    private let bytes: [UInt8]
    private var at = 0
    private var text: [UInt8] = []
    /// Up to here no tag is looked for: one that begins before does not end. A page of such would be read many times.
    private var plainEnd = 0
    /// Line feeds that are due before the next word.
    private var breaks = 0
    private var isSpaceDue = false
    private var preformatted = 0
    /// Names of the elements that are open inside a hidden one, that one first; empty where nothing is hidden.
    private var hidden: [[UInt8]] = []
    private var addresses: [[UInt8]] = []

    static func of(_ bytes: [UInt8]) -> [UInt8] {
        var reader = HTMLText(bytes: bytes)
        reader.run()
        return VisibleText.of(reader.text)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func run() {
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "<"), markup() { continue }
            if bytes[at] == UInt8(ascii: "&"), let (character, length) = HTMLEntity.read(bytes, at: at) {
                put(character)
                at += length
                continue
            }
            put(bytes[at])
            at += 1
        }
    }

    // MARK: Markup

    /// Consumes what begins at a `<`; false if that is text.
    private mutating func markup() -> Bool {
        guard at + 1 < bytes.count, at >= plainEnd else { return false }
        switch bytes[at + 1] {
        case UInt8(ascii: "!"):
            let isComment = begins(at + 2, "--")
            at = isComment ? behind("-->", from: at + 4) : behind(">", from: at + 2)
            return true
        case UInt8(ascii: "?"):
            at = behind(">", from: at + 2)
            return true
        case UInt8(ascii: "/"):
            guard at + 2 < bytes.count, isLetter(bytes[at + 2]) else { return false }
            guard let tag = HTMLTag(bytes, at: at + 2, limit: Self.maxTagBytes) else { return isPlain() }
            at = tag.end
            close(tag.name)
            return true
        case let byte where isLetter(byte):
            guard let tag = HTMLTag(bytes, at: at + 1, limit: Self.maxTagBytes) else { return isPlain() }
            at = tag.end
            open(tag)
            return true
        default: return false
        }
    }

    private mutating func isPlain() -> Bool {
        plainEnd = at + Self.maxTagBytes
        return false
    }

    private mutating func open(_ tag: HTMLTag) {
        let name = tag.name
        // Their contents are no markup: nothing in there ends them but their own closing tag.
        if HTMLNames.opaque.contains(name) {
            at = behindClosing(name)
            return
        }
        let isVoid = HTMLNames.void.contains(name)
        if !hidden.isEmpty {
            if !isVoid, hidden.count < Self.maxDepth { hidden.append(name) }
            return
        }
        if tag.isHidden {
            if !isVoid { hidden.append(name) }
            return
        }
        if HTMLNames.blocks.contains(name) { breaks = max(breaks, 1) }
        if HTMLNames.paragraphs.contains(name) { breaks = max(breaks, 2) }
        switch String(decoding: name, as: UTF8.self) {
        case "br": breaks += 1
        case "li": put(Array("- ".utf8))
        case "td", "th": isSpaceDue = true
        case "pre", "textarea": preformatted += 1
        case "a": addresses.append(tag.address ?? [])
        case "img": if let words = tag.words, !words.isEmpty { put(Array("[image: ".utf8) + words + [0x5D]) }
        default: break
        }
    }

    private mutating func close(_ name: [UInt8]) {
        if !hidden.isEmpty {
            // An element that was never closed is closed with the one around it.
            if let place = hidden.lastIndex(of: name) { hidden.removeSubrange(place...) }
            return
        }
        if HTMLNames.blocks.contains(name) { breaks = max(breaks, 1) }
        if HTMLNames.paragraphs.contains(name) { breaks = max(breaks, 2) }
        switch String(decoding: name, as: UTF8.self) {
        case "pre", "textarea": preformatted = max(0, preformatted - 1)
        case "a":
            guard let address = addresses.popLast(), !address.isEmpty else { return }
            put(Array(" <".utf8) + address + [UInt8(ascii: ">")])
        default: break
        }
    }

    /// Behind `</name` and its `>`; the end of the page where that never comes.
    private func behindClosing(_ name: [UInt8]) -> Int {
        var place = at
        while place + 1 < bytes.count {
            guard bytes[place] == UInt8(ascii: "<"), bytes[place + 1] == UInt8(ascii: "/"), isNamed(name, at: place + 2)
            else {
                place += 1
                continue
            }
            return HTMLTag(bytes, at: place + 2, limit: Self.maxTagBytes)?.end ?? bytes.count
        }
        return bytes.count
    }

    private func isNamed(_ name: [UInt8], at place: Int) -> Bool {
        let end = place + name.count
        guard end < bytes.count, !isLetter(bytes[end]) else { return false }
        return bytes[place..<end].map { $0 | 0x20 } == name
    }

    private func behind(_ mark: String, from start: Int) -> Int {
        var place = start
        while place < bytes.count {
            if begins(place, mark) { return place + mark.utf8.count }
            place += 1
        }
        return bytes.count
    }

    private func begins(_ place: Int, _ mark: String) -> Bool {
        place + mark.utf8.count <= bytes.count && bytes[place..<(place + mark.utf8.count)].elementsEqual(mark.utf8)
    }

    // MARK: Text

    private mutating func put(_ some: [UInt8]) { for byte in some { put(byte) } }

    private mutating func put(_ byte: UInt8) {
        guard hidden.isEmpty else { return }
        let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
        if isSpace, preformatted == 0 {
            isSpaceDue = true
            return
        }
        if breaks > 0 {
            // No page makes more than one empty line.
            if !text.isEmpty { text += [UInt8](repeating: 0x0A, count: min(breaks, 2)) }
        } else if isSpaceDue, !text.isEmpty, text.last != 0x0A {
            text.append(0x20)
        }
        breaks = 0
        isSpaceDue = false
        text.append(byte)
    }
}

private func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }
