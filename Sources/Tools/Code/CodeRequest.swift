// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// A file that comes with a call, or goes back with its answer.
struct CodeFile: Equatable, Sendable {
    let path: RelativePath
    let contents: [UInt8]
}

/// The arguments of one `code_run`.
struct CodeRequest: Equatable, Sendable {
    /// In bytes. All of it comes in one message, which has 4 MiB at most.
    static let maxCodeBytes = 1 << 20
    static let maxInputBytes = 1 << 20
    static let maxFiles = 64
    /// A quarter of the kernel's limit, so that there is room for the way to the work directory.
    static let maxPathBytes = 1024
    static let maxFileBytes = 3 << 20

    let language: Language
    let code: [UInt8]
    let files: [CodeFile]
    let input: [UInt8]?
    let limits: CodeCaps

    init(_ arguments: ToolArguments, _ settings: CodeSettings) throws(ToolFault) {
        var arguments = arguments
        let names = settings.languages.map(\.name).joined(separator: ", ")
        guard let name = try arguments.text("language", maxBytes: Language.maxNameBytes) else {
            throw ToolFault(.argumentMissing, "language", detail: "one of \(names)")
        }
        guard let language = settings.languages.first(where: { Array($0.name.utf8) == name }) else {
            throw ToolFault(.argumentKind, "language", detail: "one of \(names)")
        }
        guard let code = try arguments.text("code", maxBytes: Self.maxCodeBytes) else {
            throw ToolFault(.argumentMissing, "code", detail: "give what is to be run")
        }
        let files = try Self.files(&arguments)
        input = try arguments.text("stdin", maxBytes: Self.maxInputBytes)
        limits = try Self.limits(&arguments, settings.caps)
        try arguments.finish()
        guard let main = RelativePath(Array(language.file.utf8)) else { throw ToolFault(.pathForm, "language") }
        self.language = language
        self.code = code
        self.files = files
        let all = [main] + files.map(\.path)
        for (index, path) in all.enumerated() where all[..<index].contains(path) {
            throw ToolFault(.argumentsExclude, "files", detail: "\(path) is there already")
        }
    }

    private static func files(_ arguments: inout ToolArguments) throws(ToolFault) -> [CodeFile] {
        guard let elements = try arguments.objects("files", maxCount: maxFiles) else { return [] }
        var files: [CodeFile] = []
        for element in elements {
            var element = element
            guard let path = try element.text("path", maxBytes: maxPathBytes) else {
                throw ToolFault(.argumentMissing, "files.path", detail: "a name, or names with slashes between them")
            }
            let text = try element.text("text", maxBytes: maxFileBytes)
            let base64 = try element.text("base64", maxBytes: maxFileBytes)
            try element.finish()
            guard let place = RelativePath(path) else { throw ToolFault(.filePath, path) }
            files.append(CodeFile(path: place, contents: try contents(text, base64)))
        }
        return files
    }

    private static func contents(_ text: [UInt8]?, _ base64: [UInt8]?) throws(ToolFault) -> [UInt8] {
        switch (text, base64) {
        case (let text?, nil): return text
        case (nil, let base64?):
            guard let bytes = Base64.decode(base64) else {
                throw ToolFault(.argumentKind, "files.base64", detail: "base64 with padding, without line breaks")
            }
            return bytes
        case (nil, nil): throw ToolFault(.argumentMissing, "files.text", detail: "give text, or base64")
        case (.some, .some):
            throw ToolFault(.argumentsExclude, "files.text, files.base64", detail: "a file has one of them")
        }
    }

    private static func limits(_ arguments: inout ToolArguments, _ caps: CodeCaps) throws(ToolFault) -> CodeCaps {
        var limits = caps
        limits.seconds = min(caps.seconds, CodeSettings.defaultSeconds)
        guard var given = try arguments.object("limits") else { return limits }
        limits.seconds = try given.integer("time_seconds", 1...caps.seconds) ?? limits.seconds
        limits.memoryBytes =
            try given.integer("memory_bytes", CodeCaps.memoryRange.lowerBound...caps.memoryBytes) ?? limits.memoryBytes
        limits.outputBytes =
            try given.integer("output_bytes", CodeCaps.outputRange.lowerBound...caps.outputBytes) ?? limits.outputBytes
        limits.diskBytes =
            try given.integer("disk_bytes", CodeCaps.diskRange.lowerBound...caps.diskBytes) ?? limits.diskBytes
        limits.processes = try given.integer("processes", 1...caps.processes) ?? limits.processes
        try given.finish()
        return limits
    }
}
