// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux
internal import Policy

/// An open file whose bytes hash to what was sealed. What is executed is this descriptor, not a path (G11).
struct VerifiedFile: ~Copyable {
    let descriptor: FileDescriptor

    private init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    consuming func take() -> FileDescriptor { descriptor }

    /// Opens the pinned path, hashes what was opened, and hands out that.
    static func open(_ pin: PinnedFile) throws(VerificationFault) -> VerifiedFile {
        let file: RegularFile
        do throws(TrustError) { file = try Trust.openFile(pin.path.description) } catch {
            throw VerificationFault("\(pin.path): \(error)")
        }
        do throws(SyscallError) {
            // The cheap look first: another length is another file.
            guard try file.facts().size == pin.size else { throw VerificationFault.sizeCode }
            guard try hash(file) == pin.digest else { throw VerificationFault.hashCode }
            return VerifiedFile(try file.descriptor.duplicate())
        } catch {
            switch error {
            case VerificationFault.sizeCode:
                throw VerificationFault("\(pin.path) has another size than when it was sealed")
            case VerificationFault.hashCode:
                throw VerificationFault("\(pin.path) has other bytes than when it was sealed")
            default: throw VerificationFault("\(pin.path): \(error)")
            }
        }
    }

    private static func hash(_ file: borrowing RegularFile) throws(SyscallError) -> Digest? {
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 262_144)
        var offset: UInt64 = 0
        while true {
            let count = try file.read(into: &buffer, from: 0, at: offset)
            if count == 0 { return Digest(hash.finish().bytes) }
            hash.update(buffer.span.extracting(0..<count))
            offset += UInt64(count)
        }
    }
}

/// A pinned file that is not what was sealed, or cannot be looked at.
struct VerificationFault: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    fileprivate static let sizeCode = SyscallError("size", code: -1)
    fileprivate static let hashCode = SyscallError("hash", code: -2)
}
