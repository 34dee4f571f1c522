// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// `doorward audit verify`
enum VerifyCommand {
    /// Progress is shown every so many bytes.
    private static let progressBytes: UInt64 = 16 << 20

    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let directory: AbsolutePath
        if let given = arguments.operands.first {
            guard !arguments.has(.state) else {
                throw Failure("--state and DIR name two logs", hint: "give one of them", status: .usage)
            }
            directory = try Paths.absolute(given)
        } else {
            directory = try Places(arguments, console).audit
        }
        var options = VerifyOptions()
        if let file = arguments.value(.key) { options.key = try key(try Paths.absolute(file)) }
        if let text = arguments.value(.head) { options.noted = try head(text) }
        let source: DirectorySource
        do throws(SyscallError) { source = DirectorySource(try Directory(path: directory.description)) } catch {
            // Not "failed": nothing was found to be wrong with a log that could not be looked at.
            throw Failure(
                "\(Visible.text(directory.bytes)): \(error.reason)", hint: "--state DIR, or the log's own directory",
                status: .usage)
        }
        let report = verify(source, options, progress: progress(console))
        if console.errors.isTerminal { Self.clear(console) }
        if arguments.has(.json) {
            console.print(document: VerifyDocument.compose(report))
        } else {
            show(report, directory, console)
        }
        return ExitStatus(code: report.exitStatus)
    }

    private static func progress(_ console: Console) -> (VerifyProgress) -> Void {
        guard console.errors.isTerminal else { return { _ in } }
        var next = progressBytes
        var segment: UInt32 = 0
        return { progress in
            if progress.segment != segment {
                segment = progress.segment
                next = progressBytes
            }
            guard progress.bytes >= next else { return }
            next = progress.bytes + progressBytes
            let line =
                "\r\u{1B}[Ksegment \(progress.segmentNumber) of \(progress.segments), \(Sizes.text(progress.bytes))"
            // Nobody waits for it.
            do throws(SyscallError) { try console.errors.write(Array(line.utf8)) } catch {}
        }
    }

    private static func clear(_ console: Console) {
        do throws(SyscallError) { try console.errors.write(Array("\r\u{1B}[K".utf8)) } catch {}
    }

    private static func show(_ report: VerifyReport, _ directory: AbsolutePath, _ console: Console) {
        let verdict: String
        switch report.verdict {
        case .sound: verdict = console.output.styled("sound", .good)
        case .broken: verdict = console.output.styled("broken", .bad)
        case .unreadable: verdict = console.output.styled("unreadable", .bad)
        }
        console.print("\(Visible.text(directory.bytes)): \(verdict)")
        console.print(
            "  \(Counts.text(report.records, "record")) in \(Counts.text(report.segments, "segment")), "
                + Sizes.text(report.bytes)
        )
        if let head = report.head {
            let time = report.lastTime.map { ", " + Moments.text($0 / 1_000_000) } ?? ""
            console.print("  first \(report.firstSequence), last \(head.sequence)\(time)")
            console.print("  head \(head.sequence):\(head.hash)")
        }
        if let checkpoint = report.checkpoint {
            console.print("  signed up to record \(checkpoint.head.sequence)")
        }
        if report.unfinishedBytes > 0 {
            console.print("  \(report.unfinishedBytes) bytes of a record that is being written")
        }
        for fault in report.faults { console.report(Failure(fault.description)) }
        if let error = report.unreadable { console.report(Failure("the log could not be read to its end", error)) }
        if !report.keyIsGiven, report.verdict == .sound {
            console.hint("the key came from beside the log; --key FILE with one that you put aside proves more")
        }
    }

    private static func key(_ path: AbsolutePath) throws(Failure) -> VerifyingKey {
        let bytes: [UInt8]?
        do throws(Failure) { bytes = try PrivateFiles.read(path, limit: 4096) } catch {
            throw Failure(error.sentence, hint: error.hint, status: .usage)
        }
        guard let bytes else {
            throw Failure(
                "there is no \(Visible.text(path.bytes))", hint: "--key FILE names a copy of key.pub", status: .usage)
        }
        let digits = bytes.filter { $0 != 0x0A }
        guard let raw = Hex.decode(digits.span), let key = VerifyingKey(raw) else {
            throw Failure(
                "\(Visible.text(path.bytes)) is not a public key",
                hint: "64 hexadecimal digits, as in key.pub beside the log",
                status: .usage)
        }
        return key
    }

    private static func head(_ text: [UInt8]) throws(Failure) -> Head {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map(Array.init)
        let digits = parts.last ?? []
        guard parts.count == 2, let sequence = UInt64(String(decoding: parts[0], as: UTF8.self)),
            let hash = SHA256Digest(hexadecimal: digits.span)
        else {
            throw Failure(
                "--head \(Visible.quoted(text)) is not SEQ:HASH", hint: "as audit verify prints it", status: .usage)
        }
        return Head(sequence: sequence, hash: hash)
    }
}

/// What `audit verify --json` prints.
enum VerifyDocument {
    static func compose(_ report: VerifyReport) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("bytes")
        json.unsigned(report.bytes)
        json.key("checkpoint")
        if let checkpoint = report.checkpoint {
            json.beginObject()
            json.key("hash")
            json.string("\(checkpoint.head.hash)")
            json.key("segment")
            json.unsigned(UInt64(checkpoint.segment))
            json.key("seq")
            json.unsigned(checkpoint.head.sequence)
            json.endObject()
        } else {
            json.null()
        }
        json.key("faults")
        json.beginArray()
        for fault in report.faults { write(fault, &json) }
        json.endArray()
        json.key("firstSequence")
        json.unsigned(report.firstSequence)
        json.key("head")
        if let head = report.head {
            json.beginObject()
            json.key("hash")
            json.string("\(head.hash)")
            json.key("seq")
            json.unsigned(head.sequence)
            json.key("time")
            if let time = report.lastTime { json.string(Timestamp.text(time)) } else { json.null() }
            json.endObject()
        } else {
            json.null()
        }
        json.key("installation")
        if let installation = report.installation { json.string(installation.text) } else { json.null() }
        json.key("isKeyGiven")
        json.bool(report.keyIsGiven)
        json.key("records")
        json.unsigned(report.records)
        json.key("segments")
        json.unsigned(UInt64(report.segments))
        json.key("unfinishedBytes")
        json.unsigned(report.unfinishedBytes)
        if let error = report.unreadable {
            json.key("unreadable")
            json.string(error.description)
        }
        json.key("verdict")
        json.string(report.verdict.rawValue)
        json.endObject()
        return json.take()
    }

    private static func write(_ fault: Fault, _ json: inout JSONWriter) {
        func number(_ key: StaticString, _ value: UInt64?) {
            json.key(key)
            if let value { json.unsigned(value) } else { json.null() }
        }
        json.beginObject()
        json.key("flaw")
        json.string(fault.flaw.rawValue)
        number("line", fault.line)
        number("offset", fault.offset)
        number("segment", fault.segment.map(UInt64.init))
        json.key("sentence")
        json.string(fault.flaw.sentence)
        json.endObject()
    }
}
