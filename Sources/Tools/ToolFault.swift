// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Why a tool could not do what it was asked. The raw value is the stable word, which results carry in `_meta`.
enum FaultReason: String, Sendable, CaseIterable {
    case argumentMissing = "argument-missing"
    case argumentUnknown = "argument-unknown"
    case argumentKind = "argument-kind"
    case argumentRange = "argument-range"
    case argumentsExclude = "arguments-exclude"
    case cursor = "cursor"
    case glob = "glob"
    case pathForm = "path-form"
    case pathAbsolute = "path-absolute"
    case pathClimbs = "path-climbs"
    case pathTooLong = "path-too-long"
    case labelUnknown = "label-unknown"
    case notFound = "not-found"
    case notDirectory = "not-a-directory"
    case isDirectory = "is-a-directory"
    case outside = "outside"
    case links = "links"
    case notPermitted = "not-permitted"
    case notRegular = "not-a-regular-file"
    case kernelFile = "kernel-file"
    case changing = "changing"
    case unreadable = "unreadable"
    case binary = "binary"
    case behindEnd = "behind-end"
    case tooLarge = "too-large"
    case tooLargeToSearch = "too-large-to-search"
    case zoneUnknown = "zone-unknown"
    case zonesMissing = "zones-missing"
    case filePath = "file-path"
    case runFailed = "run-failed"
    case addressForm = "address-form"
    case addressScheme = "address-scheme"
    case refusedByDoor = "refused-by-door"
    case connectFailed = "connect-failed"
    case tls = "tls"
    case timeout = "timeout"
    case tooManyRedirects = "too-many-redirects"
    case contentType = "content-type"
    case transfer = "transfer"
    case fetchFailed = "fetch-failed"
    case busy = "busy"
}

/// A tool's refusal: why, of what, and what the caller can do. Two are equal when their reasons are.
struct ToolFault: Error, Equatable, Sendable {
    /// A longer subject is cut: a refusal repeats no more of a request than helps to find the mistake.
    static let maxSubjectBytes = 200

    let reason: FaultReason
    /// The path, or the argument's name, as the client wrote it.
    let subject: [UInt8]
    let detail: [UInt8]

    init(_ reason: FaultReason, _ subject: [UInt8], detail: [UInt8] = []) {
        self.reason = reason
        self.subject = Array(subject.prefix(Self.maxSubjectBytes))
        self.detail = detail
    }

    init(_ reason: FaultReason, _ subject: StaticString, detail: String = "") {
        self.init(reason, Array(subject.description.utf8), detail: Array(detail.utf8))
    }

    /// What a call on the file at `path` failed with. The kernel's own words stay here: they could name a place outside.
    init(_ error: SyscallError, _ path: [UInt8]) {
        let reason: FaultReason =
            if error.isNotFound {
                .notFound
            } else if error.isOutside {
                .outside
            } else if error.isLinkRefused {
                .links
            } else if error.isDirectory {
                .isDirectory
            } else if error.isNotDirectory {
                .notDirectory
            } else if error.isNotPermitted {
                .notPermitted
            } else if error.isNoRegularFile {
                .notRegular
            } else if error.isKernelFile {
                .kernelFile
            } else if error.isWouldBlock {
                .changing
            } else if error.isNameTooLong {
                .pathTooLong
            } else {
                .unreadable
            }
        self.init(reason, path)
    }

    static let busy = ToolFault(.busy, [])

    static func == (left: ToolFault, right: ToolFault) -> Bool { left.reason == right.reason }

    /// One or two sentences for a model: what is wrong, and what to do next.
    var words: String {
        let subject = String(decoding: subject, as: UTF8.self)
        let detail = String(decoding: detail, as: UTF8.self)
        return switch reason {
        case .argumentMissing: "The argument \(subject) is missing: \(detail)."
        case .argumentUnknown: "There is no argument \(subject). Leave it out; the arguments are: \(detail)."
        case .argumentKind: "The argument \(subject) must be \(detail). Correct it, or leave it out if it is optional."
        case .argumentRange: "The argument \(subject) must be \(detail)."
        case .argumentsExclude: "The arguments \(subject) cannot be combined: \(detail)."
        case .cursor: "This cursor is not one that this tool gave for these arguments. Start again without a cursor."
        case .glob: "The glob is not valid: \(detail)."
        case .pathForm:
            "\(subject) is not a usable path. Write a label and names with single slashes between them, such as label/dir/file."
        case .pathAbsolute:
            "\(subject) is an absolute path. Paths here begin with a label and no slash; the labels are: \(detail)."
        case .pathClimbs: "\(subject) contains '..', which leads nowhere here. Write the path from its label down."
        case .pathTooLong: "\(subject)… is too long for a path. Use files_list to find the right one."
        case .labelUnknown: "\(subject) begins with no known label. The labels are: \(detail)."
        case .notFound: "\(subject) does not exist. Use files_list on its directory to see what does."
        case .notDirectory:
            "\(subject) is not a directory, or leads through something that is none. Use files_read for files."
        case .isDirectory: "\(subject) is a directory. Use files_list to see what is in it."
        case .outside: "\(subject) is, or leads through, a link to a place outside what may be read. It cannot be read."
        case .links: "\(subject) leads through links that cannot be followed. Use the path that they stand for."
        case .notPermitted: "This server has no permission to read \(subject). Only the user can change that."
        case .notRegular: "\(subject) is a pipe, a socket or a device, not a file. It cannot be read."
        case .kernelFile: "\(subject) lies on a file system of the kernel, which is not offered. It cannot be read."
        case .changing: "\(subject) is being moved or is locked just now. Try again."
        case .unreadable: "\(subject) could not be read: the system reported an error. Trying again may help once."
        case .binary:
            "\(subject) is not text (\(detail)). Call files_read with encoding base64 if its bytes are needed."
        case .behindEnd: "The range begins behind the end of \(subject), which has \(detail). Ask for an earlier part."
        case .tooLarge:
            "\(subject) has \(detail) bytes, more than a resource may have. Read it in parts with files_read."
        case .tooLargeToSearch:
            "\(subject) has \(detail) bytes, too many to search. Read the part that matters with files_read."
        case .zoneUnknown:
            "\(subject) is not a known time zone. Use an IANA name such as Europe/Berlin, or leave it out for UTC."
        case .zonesMissing: "This server has no time zone data, so only UTC can be told. Leave timezone out."
        case .filePath:
            "\(subject) is not a usable path for a file. Write names with single slashes between them, such as data/in.csv."
        case .runFailed:
            "The code could not be run, or what it left could not be read (\(detail)). Nothing of it is left. Trying again may help once."
        case .addressForm: "\(subject) is not a usable address. Write https://host/path in full."
        case .addressScheme: "\(subject) leads, or is led, to an address that is not https. It is not fetched."
        case .refusedByDoor:
            "\(subject) may not be reached from here (\(detail)). Only the user can change that; do not try other spellings."
        case .connectFailed: "\(subject) could not be reached (\(detail)). Trying again later may help."
        case .tls: "\(subject) could not prove that it is what it says (\(detail)). It is not fetched."
        case .timeout: "\(subject) took too long. Trying again later may help once."
        case .tooManyRedirects: "\(subject) leads from one address to the next without an end (\(detail))."
        case .contentType: "\(subject) is not text (\(detail)). Only text can be fetched."
        case .transfer: "\(subject) answered with an error (\(detail)). Check the address."
        case .fetchFailed: "\(subject) could not be fetched: the program that does it has failed (\(detail))."
        case .busy: "Too many calls are waiting. Wait for answers before calling again."
        }
    }
}
