// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Why a command did not do what it was asked: one sentence, something that the operator can do, and the exit status.
///
/// Lower case, no full stop. Text from outside is made visible before it comes in here.
struct Failure: Error, Equatable {
    let sentence: String
    let hint: String
    let status: ExitStatus

    init(_ sentence: String, hint: String = "", status: ExitStatus = .failed) {
        self.sentence = sentence
        self.hint = hint
        self.status = status
    }
}

extension Failure {
    /// A file or directory that others could have changed, or that cannot be read.
    init(_ error: TrustError, status: ExitStatus = .failed) {
        let cause = error.cause.map { ": \($0.reason)" } ?? ""
        self.init(
            "\(Visible.text(error.place)): \(Failure.words(error.reason))\(cause)", hint: error.reason.hint,
            status: status)
    }

    init(_ subject: String, _ error: SyscallError, hint: String = "") {
        self.init("\(Visible.text(subject)): \(error.call): \(error.reason)", hint: hint)
    }

    private static func words(_ reason: Distrust) -> String {
        switch reason {
        case .missing: "there is no such file or directory"
        case .unreadable: "it cannot be read"
        case .notAbsolute: "the path does not begin with a slash"
        case .symbolicLink: "it is a symbolic link, which others may come to control"
        case .notRegularFile: "it is not a regular file"
        case .notDirectory: "it is not a directory"
        case .foreignOwner: "it belongs to another user"
        case .groupWritable: "its group can write it"
        case .othersWritable: "everybody can write it"
        case .parentForeignOwner: "a directory above it belongs to another user"
        case .parentWritable: "others can write a directory above it"
        case .tooManyLinks: "too many symbolic links lead to it"
        }
    }
}
