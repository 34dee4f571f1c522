// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Why nothing was fetched, by the stable word that callers and tests use.
enum FetchReason: String, CaseIterable, Sendable {
    /// The line is not a request of this form.
    case requestInvalid = "request-invalid"
    case urlInvalid = "url-invalid"
    /// Neither `https` nor `http`, or from `https` to `http`.
    case scheme
    /// The egress room said no; its own word is the detail.
    case refusedByEgress = "refused-by-egress"
    case connectFailed = "connect-failed"
    case tls
    case timeout
    case tooManyRedirects = "too-many-redirects"
    /// Not of a type that was asked for, or encoded in a way that was not.
    case type
    case httpError = "http-error"
}

struct FetchFault: Error, Equatable, Sendable {
    let reason: FetchReason
    /// For people and logs; may hold what a server said, bounded.
    let detail: String

    init(_ reason: FetchReason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    init(_ fault: AddressFault) {
        switch fault {
        case .scheme: self.init(.scheme, "only https and http addresses can be fetched")
        case .tooLong, .malformed, .host: self.init(.urlInvalid, fault.word)
        }
    }
}

/// One line of input: what to fetch, and within which bounds.
struct FetchRequest: Equatable, Sendable {
    /// Of a body that is handed on, in bytes: what one message of the protocol can carry as text.
    static let maxBytes = 4 << 20
    static let standardBytes = 1 << 20
    static let standardMilliseconds: UInt64 = 30_000
    static let maxMilliseconds: Int64 = 300_000
    /// Media types that one request may list.
    static let maxTypes = 32

    let address: WebAddress
    var maxBytes = FetchRequest.standardBytes
    /// For everything together: redirects, connections, and the body.
    var milliseconds = FetchRequest.standardMilliseconds
    /// `type/subtype` or `type/*`, in lower case; empty takes every type.
    var types: [[UInt8]] = []
    /// Whether an `https` address may lead on to an `http` one.
    var mayLeaveTLS = false

    init(_ address: WebAddress) { self.address = address }

    init(line: borrowing Span<UInt8>) throws(FetchFault) {
        var reader = JSONReader(limits: .message)
        var tree = JSONTree()
        do throws(JSONError) { try reader.read(line, into: &tree) } catch {
            throw FetchFault(.requestInvalid, "\(error.rule.rawValue) at byte \(error.offset)")
        }
        guard tree.kind(.root) == .object, let url = tree.member(.root, "url").flatMap(tree.text) else {
            throw FetchFault(.requestInvalid, "url is missing")
        }
        do throws(AddressFault) { address = try WebAddress(url) } catch { throw FetchFault(error) }
        for (key, value) in tree.members(.root) {
            let name = String(decoding: tree.text(key) ?? [], as: UTF8.self)
            guard try take(name, tree, value) else { throw FetchFault(.requestInvalid, "\(name) is not understood") }
        }
    }

    private mutating func take(_ name: String, _ tree: JSONTree, _ value: JSONNode) throws(FetchFault) -> Bool {
        switch name {
        case "url": return true
        case "method": return tree.equals(value, "GET")
        case "maxBytes":
            guard let count = tree.integer(value), (1...Int64(Self.maxBytes)).contains(count) else { return false }
            maxBytes = Int(count)
        case "timeoutMilliseconds":
            guard let span = tree.integer(value), (1...Self.maxMilliseconds).contains(span) else { return false }
            milliseconds = UInt64(span)
        case "types":
            let texts = tree.elements(value).map { tree.text($0) ?? [] }
            guard tree.kind(value) == .array, texts.count <= Self.maxTypes, texts.allSatisfy(Self.isType) else {
                return false
            }
            types = texts.map { $0.map(\.lowercased) }
        case "downgrade":
            guard let flag = tree.bool(value) else { return false }
            mayLeaveTLS = flag
        default: return false
        }
        return true
    }

    private static func isType(_ text: [UInt8]) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return text.count <= 128 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && text.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// Whether a body of this type was asked for.
    func takes(_ type: [UInt8]) -> Bool {
        types.isEmpty
            || types.contains { wanted in
                wanted == type || wanted.elementsEqual("*/*".utf8)
                    || (wanted.suffix(2).elementsEqual("/*".utf8) && type.starts(with: wanted.dropLast()))
            }
    }
}
