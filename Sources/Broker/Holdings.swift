// SPDX-License-Identifier: Apache-2.0
internal import Linux

// What the launcher handed over once, held for the life of the room. Classes, since an optional that owns something
// cannot be looked at without being emptied.

/// The one directory of the host that this room can open files in.
final class StateDirectory {
    let directory: Directory

    init(_ directory: consuming Directory) { self.directory = directory }
}

/// The listening socket of the operator's door.
final class OperatorListener {
    let socket: FileDescriptor

    init(_ socket: consuming FileDescriptor) { self.socket = socket }
}
