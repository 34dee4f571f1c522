// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@Suite("A listener answers to its own names only")
struct AuthorityTests {
    private let listener = ListenerIdentity(loopbackPort: 7777)

    @Test("each Host ends as it says", arguments: Vector.load("host"))
    func host(_ vector: Vector) {
        let bytes = Array("GET / HTTP/1.1\r\nHost: ".utf8) + vector.bytes + Array("\r\n\r\n".utf8)
        var reader = RequestHeadReader()
        let refused = refusal { () throws(WireError) in
            _ = try reader.read(bytes.span)
            try listener.checkAuthority(of: reader.head)
        }
        #expect(refused ?? "ours" == vector.expect)
    }

    @Test("a listener on loopback is called by number and by name, its origin by number")
    func loopback() {
        #expect(listener.authorities.map(\.text) == ["127.0.0.1:7777", "localhost:7777"])
        #expect(listener.origins.map(\.text) == ["http://127.0.0.1:7777"])
        #expect(
            ListenerIdentity(authorities: listener.authorities, origins: listener.origins) == listener)
    }

    @Test("a list that no request could ever match is no identity")
    func invalid() {
        func identity(_ authority: String, _ origin: String) -> ListenerIdentity? {
            ListenerIdentity(authorities: [Array(authority.utf8)], origins: [Array(origin.utf8)])
        }
        #expect(identity("doorward.internal:443", "https://doorward.internal:443") != nil)
        #expect(identity("[::1]:7777", "http://[::1]:7777") != nil)
        #expect(identity("a b", "http://a") == nil)
        #expect(identity("", "http://a") == nil)
        #expect(identity("a", "http://") == nil)
        #expect(identity("a", "a") == nil)
        #expect(identity("a", "null") == nil)
        #expect(identity("a", "http://a/") == nil)
        #expect(ListenerIdentity(authorities: [], origins: []) == nil)
    }

    @Test("host and port are told apart")
    func parts() throws {
        let bytes = Array("[::1]:443".utf8)
        let authority = try Authority(bytes.span, 0..<bytes.count)
        #expect(authority.host == 0..<5)
        #expect(authority.port == 443)
        let bare = Array("localhost".utf8)
        #expect(try Authority(bare.span, 0..<bare.count).port == nil)
    }
}

@Suite("What only a browser sends is refused")
struct BrowserEvidenceTests {
    private let listener = ListenerIdentity(loopbackPort: 7777)

    @Test("each head ends as it says", arguments: Vector.load("browser"))
    func marks(_ vector: Vector) throws {
        let found = BrowserEvidence.find(in: try head(with: vector.bytes), of: listener)
        #expect(found.map { "\(refusalText($0)) \($0.field?.text ?? "")" } ?? "none" == vector.expect)
    }

    @Test("a listener without own origins takes none")
    func noOrigin() throws {
        let strict = try #require(ListenerIdentity(authorities: listener.authorities, origins: []))
        let own = try head(with: Array("Origin: http://127.0.0.1:7777\r\n".utf8))
        #expect(BrowserEvidence.find(in: own, of: listener) == nil)
        #expect(BrowserEvidence.find(in: own, of: strict)?.rule == .originForeign)
    }
}

@Suite("A credential stands in one place and in one form")
struct BearerTests {
    @Test("each header ends as it says", arguments: Vector.load("bearer"))
    func forms(_ vector: Vector) throws {
        let head = try head(with: vector.bytes)
        let read =
            switch Bearer(head) {
            case .missing: "missing"
            case .malformed: "malformed"
            case .token(let range): "token " + head.copy(range).text
            }
        #expect(read == vector.expect)
    }
}
