// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Rows and columns of a terminal's screen.
package struct ScreenSize: Equatable, Sendable {
    package let rows: UInt16
    package let columns: UInt16
}

/// A terminal that is made up: one end for a program, the other for whoever plays the screen and the keyboard (pty(7)).
package struct PseudoTerminal: ~Copyable, Sendable {
    /// Screen and keyboard; non-blocking.
    package let master: FileDescriptor
    /// What the program takes for its terminal.
    private let program: FileDescriptor

    /// Makes a new one. No path leads to it, and it is nobody's controlling terminal.
    package static func open() throws(SyscallError) -> PseudoTerminal {
        let path: SystemString = "/dev/ptmx"
        let number = unsafe path.lend { unsafe dw_open_at(AT_FDCWD, $0, O_RDWR | O_NOCTTY | O_NONBLOCK, 0) }
        guard number >= 0 else { throw .last("open", path.description) }
        let master = FileDescriptor(owning: number)
        var unlocked: Int32 = 0
        // The kernel reads one number of ours.
        guard unsafe ioctl(master.number, TIOCSPTLCK, &unlocked) == 0 else { throw .last("ioctl(TIOCSPTLCK)") }
        let far = ioctl(master.number, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard far >= 0 else { throw .last("ioctl(TIOCGPTPEER)") }
        return PseudoTerminal(master: master, program: FileDescriptor(owning: far))
    }

    private init(master: consuming FileDescriptor, program: consuming FileDescriptor) {
        self.master = master
        self.program = program
    }

    /// The program's end once more.
    package borrowing func copyOfProgramEnd() throws(SyscallError) -> FileDescriptor { try program.duplicate() }

    /// Keeps the screen alone: then the master ends with the last program.
    package consuming func keepMaster() -> FileDescriptor { master }

    package borrowing func setSize(_ size: ScreenSize) throws(SyscallError) {
        try PseudoTerminal.setSize(size, of: master)
    }

    /// Tells the programs behind `master` of another screen; they get SIGWINCH.
    package static func setSize(_ size: ScreenSize, of master: borrowing FileDescriptor) throws(SyscallError) {
        var window = winsize(ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0)
        // The kernel reads one structure of ours.
        guard unsafe ioctl(master.number, UInt(TIOCSWINSZ), &window) == 0 else { throw .last("ioctl(TIOCSWINSZ)") }
    }

    /// Lets it treat keys and lines as another terminal does.
    ///
    /// - Parameter raw: line ends are left as they are, where somebody else will translate them.
    package borrowing func behave(like settings: TerminalSettings, raw: Bool) throws(SyscallError) {
        var wanted = settings.saved
        if raw { wanted.c_oflag &= ~tcflag_t(OPOST) }
        // The kernel reads one structure of ours.
        guard unsafe tcsetattr(program.number, TCSANOW, &wanted) == 0 else { throw .last("tcsetattr") }
    }
}

/// How a terminal treats keys and lines (termios(3)).
package struct TerminalSettings: Sendable {
    fileprivate let saved: termios

    package init(of stream: StandardStream) throws(SyscallError) {
        var found = termios()
        // The C library fills one structure of ours.
        guard unsafe tcgetattr(stream.rawValue, &found) == 0 else { throw .last("tcgetattr") }
        saved = found
    }

    /// Passes every key on as it is: what it means is decided behind a pseudo-terminal.
    package func passEverything(_ stream: StandardStream) throws(SyscallError) {
        var raw = saved
        // Changes one structure of ours.
        unsafe cfmakeraw(&raw)
        try set(raw, stream)
    }

    package func restore(_ stream: StandardStream) throws(SyscallError) { try set(saved, stream) }

    private func set(_ settings: termios, _ stream: StandardStream) throws(SyscallError) {
        var settings = settings
        // The kernel reads one structure of ours.
        guard unsafe tcsetattr(stream.rawValue, TCSADRAIN, &settings) == 0 else { throw .last("tcsetattr") }
    }
}

extension StandardStream {
    /// Of the terminal; nil if it is none or does not say.
    package var screen: ScreenSize? {
        var size = winsize()
        // The kernel fills a structure of ours.
        guard unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else { return nil }
        return ScreenSize(rows: size.ws_row, columns: size.ws_col)
    }

    /// A second owner of the same stream, for a child.
    package func copy() throws(SyscallError) -> FileDescriptor {
        let copy = dw_fcntl_int(rawValue, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .last("fcntl(F_DUPFD_CLOEXEC)", "\(rawValue)") }
        return FileDescriptor(owning: copy)
    }

    /// Whether it is an open directory, which would be a way into the tree around it.
    package func isDirectory() throws(SyscallError) -> Bool {
        var info = stat()
        // The kernel fills a structure of ours.
        guard unsafe fstat(rawValue, &info) == 0 else { throw .last("fstat", "\(rawValue)") }
        return info.st_mode & S_IFMT == S_IFDIR
    }
}

extension ThisProcess {
    /// Makes the first of the three standard streams that is a terminal the controlling one of this session, so that keys
    /// which mean signals do so.
    package static func takeTerminal() throws(SyscallError) {
        for stream in [StandardStream.input, .output, .errors] where stream.isTerminal {
            guard ioctl(stream.rawValue, TIOCSCTTY, 0 as Int32) == 0 else { throw .last("ioctl(TIOCSCTTY)") }
            return
        }
    }
}

extension FileDescriptor {
    /// Takes over a pipe or socket that this program was started with; nil if there is none of that number.
    ///
    /// To be asked before anything of that number is opened here: what is opened here closes at an exec, and what came
    /// through one cannot have that mark.
    package static func takeInherited(_ number: Int32) throws(SyscallError) -> FileDescriptor? {
        let flags = dw_fcntl_int(number, F_GETFD, 0)
        guard flags >= 0, flags & FD_CLOEXEC == 0 else { return nil }
        let descriptor = FileDescriptor(owning: number)
        guard try descriptor.isPipeOrSocket() else {
            _ = descriptor.release()
            return nil
        }
        try descriptor.setCloseOnExec(true)
        return descriptor
    }

    /// Bytes in memory that nobody can change any more, to be read through any number of openings.
    package static func sealed(_ name: SystemString, _ bytes: [UInt8]) throws(SyscallError) -> FileDescriptor {
        let number = unsafe name.lend { unsafe dw_sealable_file($0) }
        guard number >= 0 else { throw .last("memfd_create") }
        let file = FileDescriptor(owning: number)
        try file.writeAll(bytes)
        guard dw_fcntl_int(number, F_ADD_SEALS, allSeals) == 0 else { throw .last("fcntl(F_ADD_SEALS)") }
        guard lseek(number, 0, SEEK_SET) == 0 else { throw .last("lseek") }
        return file
    }

    /// SEAL, SHRINK, GROW, WRITE.
    private static let allSeals: Int32 = 0xF
}

extension Signal {
    package static let quit = SIGQUIT
    package static let user1 = SIGUSR1
    package static let user2 = SIGUSR2
    package static let screenChanged = SIGWINCH
}

// Hidden from Swift: made by macros that compute, or only there with _GNU_SOURCE.
private let TIOCSPTLCK: UInt = 0x4004_5431
private let TIOCGPTPEER: UInt = 0x5441
private let TIOCSCTTY: UInt = 0x540E
private let F_ADD_SEALS: Int32 = 1033
