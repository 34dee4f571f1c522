// SPDX-License-Identifier: Apache-2.0
import Policy
import Testing
import Wire

/// The head of a GET with a good Host and these further lines.
func head(with lines: [UInt8]) throws -> RequestHead {
    var reader = RequestHeadReader()
    let bytes = Array("GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:7777\r\n".utf8) + lines + [13, 10]
    #expect(try reader.read(bytes.span) == .complete(length: bytes.count))
    return reader.head
}

/// What `body` throws, as vectors write it, or nil.
func refusal(_ body: () throws(WireError) -> Void) -> String? {
    do throws(WireError) {
        try body()
        return nil
    } catch {
        return refusalText(error)
    }
}

func refusalText(_ error: WireError) -> String {
    let number = error.rule.closeCode?.rawValue ?? error.rule.denial?.status
    return error.rule.rawValue + (number.map { " \($0)" } ?? "")
}

func framingText(_ framing: BodyFraming) -> String {
    switch framing {
    case .none: "none"
    case .length(let length): "length \(length)"
    case .chunked: "chunked"
    }
}

extension Vector {
    /// The values of `key` as bytes, escapes resolved.
    func bytes(_ key: String) -> [[UInt8]] { all(key).map { unescape($0.utf8) } }
}
