// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Wire

/// One line of output about one fetch.
enum FetchAnswer {
    static func line(_ page: FetchedPage) -> [UInt8] {
        let text = PageText.read(page)
        var json = JSONWriter()
        json.beginObject()
        if text == nil {
            json.key("base64")
            var encoded: [UInt8] = []
            Base64.append(page.body.span, to: &encoded)
            json.string(encoded)
        }
        json.key("bytes")
        json.unsigned(UInt64(page.body.count))
        json.key("charset")
        if let charset = page.charset { json.string(charset) } else { json.null() }
        json.key("hops")
        json.beginArray()
        for hop in page.hops {
            json.beginObject()
            json.key("status")
            json.unsigned(UInt64(hop.status))
            json.key("url")
            json.string(hop.address.text)
            json.endObject()
        }
        json.endArray()
        json.key("ok")
        json.bool(true)
        json.key("status")
        json.unsigned(UInt64(page.status))
        if let text {
            json.key("text")
            json.string(text)
        }
        json.key("truncated")
        json.bool(page.isTruncated)
        json.key("type")
        json.string(page.type)
        json.key("url")
        json.string(page.address.text)
        json.endObject()
        return json.take()
    }

    static func line(_ fault: FetchFault) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("detail")
        json.string(fault.detail)
        json.key("ok")
        json.bool(false)
        json.key("reason")
        json.string(fault.reason.rawValue)
        json.endObject()
        return json.take()
    }
}

/// A body as text, where it is text.
enum PageText {
    /// UTF-8; nil for what is no text, or in an encoding that is not read here.
    static func read(_ page: FetchedPage) -> [UInt8]? {
        guard isText(page.type) || page.charset != nil else { return nil }
        let name = page.charset.map { String(decoding: $0, as: UTF8.self) } ?? "utf-8"
        switch name {
        case "utf-8", "utf8", "us-ascii", "ascii": return utf8(page.body, isTruncated: page.isTruncated)
        case "iso-8859-1", "latin1", "windows-1252", "cp1252": return western(page.body)
        default: return nil
        }
    }

    private static func isText(_ type: [UInt8]) -> Bool {
        let name = String(decoding: type, as: UTF8.self)
        return name.hasPrefix("text/") || name.hasSuffix("+json") || name.hasSuffix("+xml") || known.contains(name)
    }

    private static let known = [
        "application/ecmascript", "application/javascript", "application/json", "application/toml", "application/x-sh",
        "application/x-www-form-urlencoded", "application/xml", "application/yaml",
    ]

    private static func utf8(_ body: [UInt8], isTruncated: Bool) -> [UInt8]? {
        var text = body[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        // A character that was cut in two at the end is left out.
        if isTruncated, let lead = text.lastIndex(where: { $0 & 0xC0 != 0x80 }), text[lead] >= 0xC0 {
            let wanted = text[lead] >= 0xF0 ? 4 : text[lead] >= 0xE0 ? 3 : 2
            if text.endIndex - lead < wanted { text = text[..<lead] }
        }
        return String(validating: text, as: UTF8.self) == nil ? nil : Array(text)
    }

    /// As browsers read Latin-1 (WHATWG Encoding, windows-1252).
    private static func western(_ body: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(body.count + body.count / 8)
        for byte in body {
            if byte < 0x80 {
                text.append(byte)
            } else {
                let scalar = byte < 0xA0 ? high[Int(byte) - 0x80] : UInt16(byte)
                if scalar < 0x800 {
                    text += [0xC0 | UInt8(scalar >> 6), 0x80 | UInt8(scalar & 63)]
                } else {
                    text += [0xE0 | UInt8(scalar >> 12), 0x80 | UInt8(scalar >> 6 & 63), 0x80 | UInt8(scalar & 63)]
                }
            }
        }
        return text
    }

    /// 0x80 to 0x9F.
    private static let high: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D,
        0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D,
        0x17E, 0x178,
    ]
}
