// SPDX-License-Identifier: Apache-2.0

/// Why an entry of the registry is not sealed without an explicit acceptance that names the danger (A42).
package enum Danger: UInt8, CaseIterable, Hashable, Sendable {
    case shell
    case inlineCode
    case packageRunner
    case downloadAndRun
    case privilege
    case programLauncher
    case containerControl
    case executingFlag
    case codeLoadingVariable
    case writablePlace
    case wideGrant
    case secretInArguments
    case flagAsValue

    package var word: StaticString {
        switch self {
        case .shell: "shell"
        case .inlineCode: "inline-code"
        case .packageRunner: "package-runner"
        case .downloadAndRun: "download-and-run"
        case .privilege: "privilege"
        case .programLauncher: "program-launcher"
        case .containerControl: "container-control"
        case .executingFlag: "executing-flag"
        case .codeLoadingVariable: "code-loading-variable"
        case .writablePlace: "writable-place"
        case .wideGrant: "wide-grant"
        case .secretInArguments: "secret-in-arguments"
        case .flagAsValue: "flag-as-value"
        }
    }

    package var sentence: StaticString {
        switch self {
        case .shell: "the program is a shell, so its arguments are code"
        case .inlineCode: "an argument is code that the program runs"
        case .packageRunner: "the program fetches a package by name and runs it, so the hash pins nothing"
        case .downloadAndRun: "the command line downloads something and runs it"
        case .privilege: "the program changes to another user"
        case .programLauncher: "the program starts another one that its arguments name"
        case .containerControl: "the program commands a container engine, which is as good as root"
        case .executingFlag: "a flag names a command that the program will run"
        case .codeLoadingVariable: "an environment variable makes the program load code"
        case .writablePlace: "others can change the program or a directory above it"
        case .wideGrant: "a granted directory holds much more than one server needs"
        case .secretInArguments: "an argument looks like a secret; every local user can read arguments"
        case .flagAsValue: "a parameter's value begins with a dash, so it may act as a flag"
        }
    }

    /// What is better than to accept it.
    package var advice: StaticString {
        switch self {
        case .shell: "name the program that the shell would start"
        case .inlineCode: "put the code into a script, which can be pinned"
        case .packageRunner: "install the package once, in a directory of its own, and name its program"
        case .downloadAndRun: "install it once and name its program"
        case .privilege: "run doorward as the user that the server needs"
        case .programLauncher: "name the program that it would start"
        case .containerControl: "name the program without its container: it gets a sandbox here"
        case .executingFlag: "leave the flag out"
        case .codeLoadingVariable: "install what the program needs beside it, and leave the variable out"
        case .writablePlace: "take the right to write from others, or install it elsewhere"
        case .wideGrant: "grant the one directory that the server needs"
        case .secretInArguments: "put it into a private file and refer to it from the environment"
        case .flagAsValue: "offer values that cannot be taken for flags"
        }
    }

    package init?(word: [UInt8]) {
        guard let found = Self.allCases.first(where: { Array($0.word.description.utf8) == word }) else { return nil }
        self = found
    }
}

/// A danger found in one entry, and the part of the entry that shows it.
package struct DangerFinding: Equatable, Sendable {
    package let danger: Danger
    /// The argument, variable or path at fault, as written.
    package let subject: [UInt8]

    package init(_ danger: Danger, _ subject: [UInt8]) {
        self.danger = danger
        self.subject = subject
    }
}
