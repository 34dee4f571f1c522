// SPDX-License-Identifier: Apache-2.0
import Crypto
import Testing

// An expectation cannot hold a span.
private func hash(_ message: [UInt8]) -> SHA256Digest { SHA256.hash(message.span) }
private func digest(_ bytes: [UInt8]) -> SHA256Digest? { SHA256Digest(bytes.span) }
func decode(_ text: String) -> [UInt8]? { Hex.decode(Array(text.utf8).span) }

@Suite("SHA-256 agrees with FIPS 180-4")
struct SHA256Tests {
    @Test(
        "known messages",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func vectors(_ message: String, _ expected: String) {
        #expect(hash(Array(message.utf8)).description == expected)
    }

    @Test("pieces give the digest of the whole, and a context that has finished starts afresh")
    func pieces() {
        var running = SHA256()
        for length in [0, 1, 63, 64, 65, 200] {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            let whole = SHA256.hash(message.span)
            for cut in stride(from: 0, through: length, by: 7) {
                running.update(message.span.extracting(..<cut))
                running.update(message.span.extracting(cut...))
                let pieced = running.finish()
                #expect(pieced == whole)
            }
        }
    }

    @Test("a digest goes in as its 32 raw bytes")
    func digestInput() throws {
        let inner = SHA256.hash([1, 2, 3].span)
        var running = SHA256()
        running.update(inner)
        let outer = running.finish()
        #expect(outer == hash(inner.bytes))
        #expect(digest(inner.bytes) == inner)
        #expect(digest([UInt8](repeating: 0, count: 32)) == .zero)
        #expect(digest([UInt8](repeating: 0, count: 31)) == nil)
        #expect(digest([UInt8](repeating: 0, count: 33)) == nil)
    }
}

@Suite("Hexadecimal has one spelling")
struct HexTests {
    @Test("every byte there and back")
    func roundTrip() {
        let all = (UInt8.min...UInt8.max).map { $0 }
        let text = Hex.encode(all)
        #expect(text.count == 512)
        #expect(decode(String(decoding: text, as: UTF8.self)) == all)
    }

    @Test(
        "capitals, odd counts and other characters are refused", arguments: ["A0", "0", "0g", "0x", " 0", "0:", "/0"])
    func refused(_ text: String) {
        #expect(decode(text) == nil)
    }

    @Test("a digest is appended as its bytes are encoded")
    func digestText() {
        let digest = hash([7])
        var text: [UInt8] = [120]
        digest.appendHexadecimal(to: &text)
        #expect(text == [120] + Hex.encode(digest.bytes))
        #expect(SHA256Digest(hexadecimal: text.span.extracting(droppingFirst: 1)) == digest)
    }
}

@Suite("Secrets are equal when their bytes are")
struct ConstantTimeTests {
    @Test("equal, differing in any place, and of another length")
    func equality() {
        let secret = (0..<40).map { UInt8($0) }
        #expect(ConstantTime.equal(secret, secret))
        #expect(ConstantTime.equal([], []))
        #expect(!ConstantTime.equal(secret, Array(secret.dropLast())))
        for index in secret.indices {
            var other = secret
            other[index] ^= 0x80
            #expect(!ConstantTime.equal(secret, other))
        }
    }
}
