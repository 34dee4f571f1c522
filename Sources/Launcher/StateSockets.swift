// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// The state directory, held against a second launcher, and the unix sockets in it.
final class StateSockets {
    /// Where clients of this user connect: `run/operator.sock` for commands, `run/connect.sock` for `doorward connect`.
    static let directory = FileName("run")
    private static let operatorName: StaticString = "operator.sock"
    private static let connectName: StaticString = "connect.sock"

    private let run: Directory
    private let lock: FileLock
    private let operatorSocket: Passing

    init(_ state: String) throws(LaunchFault) {
        let directory: Directory
        do throws(TrustError) { directory = try Trust.openDirectory(state) } catch {
            throw LaunchFault("\(state): \(error)", hint: error.reason.hint)
        }
        do throws(SyscallError) {
            run = try Self.subdirectory(directory)
            lock = try FileLock(on: run)
            operatorSocket = Passing(try Self.listen(.packet, run, Self.operatorName))
        } catch {
            if error.isWouldBlock {
                throw LaunchFault(
                    "another doorward serves \(state)", hint: "doorward status, or choose another --state DIR",
                    status: 4)
            }
            throw LaunchFault("\(state): \(error)", hint: "check owner and space of the state directory")
        }
    }

    func takeOperator() -> PassedDescriptors { operatorSocket.take() }

    func listenForConnect() throws(SyscallError) -> FileDescriptor { try Self.listen(.stream, run, Self.connectName) }

    /// Takes the names away, so that clients learn at once that nobody serves.
    func remove() {
        for name in [Self.operatorName, Self.connectName] {
            do throws(SyscallError) { try run.remove(FileName(name)) } catch {}
        }
    }

    private static func subdirectory(_ state: borrowing Directory) throws(SyscallError) -> Directory {
        do throws(SyscallError) { return try state.openSubdirectory(directory) } catch {
            guard error.isNotFound else { throw error }
            return try state.makeSubdirectory(directory)
        }
    }

    /// The lock is ours, so a socket that lies there is of a launcher that has ended.
    private static func listen(_ kind: UnixSocket.Kind, _ run: borrowing Directory, _ name: StaticString)
        throws(SyscallError) -> FileDescriptor
    {
        try run.remove(FileName(name))
        return try UnixSocket.listen(kind, in: run.descriptor, name: SystemString(stringLiteral: name), backlog: 128)
    }
}
