// SPDX-License-Identifier: Apache-2.0
import Audit
import Crypto
import Linux
import Scratch
import Testing

@Suite("The signing key is its owner's alone")
struct KeyFileTests {
    @Test("what was created is read back, and is never overwritten")
    func roundTrip() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        #expect(try KeyFile.load(in: directory) == nil)
        let key = try KeyFile.create(in: directory)
        #expect(try directory.open(KeyFile.name).facts().mode == 0o600)
        #expect(try KeyFile.load(in: directory)?.publicKey == key.publicKey)
        #expect(throws: KeyFile.Failure.self) { _ = try KeyFile.create(in: directory) }
        #expect(try KeyFile.load(in: directory)?.publicKey == key.publicKey)
    }

    @Test("a file that others may read, that is not ours, or that holds something else is refused")
    func refusals() throws {
        func refusal(_ change: String, user: UInt32 = Trust.effectiveUser) throws -> KeyFile.Failure? {
            let scratch = Scratch()
            let directory = try scratch.directory()
            _ = try KeyFile.create(in: directory)
            Shell.run("cd '\(scratch.path)' && \(change)")
            do throws(KeyFile.Failure) { _ = try KeyFile.load(in: directory, user: user) } catch { return error }
            return nil
        }
        #expect(try refusal(":") == nil)
        #expect(try refusal("chmod 640 audit.ed25519") == .refused(.tooOpen))
        #expect(try refusal("chmod 604 audit.ed25519") == .refused(.tooOpen))
        #expect(try refusal(":", user: 4711) == .refused(.foreignOwner))
        #expect(try refusal("echo x >>audit.ed25519") == .refused(.form))
        #expect(try refusal("truncate -s -1 audit.ed25519") == .refused(.form))
        #expect(try refusal("y=$(tr a-f A-F <audit.ed25519); echo \"${y%?}G\" >audit.ed25519") == .refused(.form))
        #expect(try refusal("mv audit.ed25519 x && ln -s x audit.ed25519") != nil)
    }
}
