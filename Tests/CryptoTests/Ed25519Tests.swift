// SPDX-License-Identifier: Apache-2.0
import Crypto
import Testing

@Suite("Ed25519 agrees with RFC 8032")
struct Ed25519Tests {
    private func bytes(_ hex: String) throws -> [UInt8] { try #require(decode(hex)) }

    @Test(
        "section 7.1, tests 1 and 2",
        arguments: [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ])
    func vectors(_ secret: String, _ publicKey: String, _ message: String, _ signature: String) throws {
        let key = try #require(SigningKey(try bytes(secret)))
        #expect(key.publicKey.bytes == (try bytes(publicKey)))
        #expect(key.sign(try bytes(message)) == (try bytes(signature)))
        #expect(key.publicKey.isValid(try bytes(signature), over: try bytes(message)))
    }

    @Test("a signature holds for one message, one key and its own bytes only")
    func refusals() throws {
        let key = SigningKey.generate()
        let message = Array("the message".utf8)
        let signature = key.sign(message)
        #expect(key.publicKey.isValid(signature, over: message))
        #expect(!key.publicKey.isValid(signature, over: message + [0]))
        #expect(!key.publicKey.isValid(signature, over: []))
        #expect(!SigningKey.generate().publicKey.isValid(signature, over: message))
        #expect(!key.publicKey.isValid(Array(signature.dropLast()), over: message))
        #expect(!key.publicKey.isValid([], over: message))
        for index in signature.indices {
            var other = signature
            other[index] ^= 1
            #expect(!key.publicKey.isValid(other, over: message))
        }
    }

    @Test("keys are 32 bytes, differ, and come back from their bytes")
    func keys() throws {
        let key = SigningKey.generate()
        #expect(SigningKey(key.secretBytes)?.publicKey == key.publicKey)
        #expect(SigningKey.generate().secretBytes != key.secretBytes)
        #expect(SigningKey(Array(key.secretBytes.dropLast())) == nil)
        #expect(VerifyingKey(key.publicKey.bytes + [0]) == nil)
        // 32 bytes that are no point of the curve: no signature is valid, and nothing breaks.
        let noPoint = try #require(VerifyingKey([UInt8](repeating: 0xff, count: 32)))
        #expect(!noPoint.isValid(key.sign([]), over: []))
    }

    @Test("a private key does not print itself")
    func printing() {
        let key = SigningKey.generate()
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(text.contains("<signing key>"))
            #expect(!text.contains("\(key.secretBytes[0]), \(key.secretBytes[1])"))
        }
    }
}
