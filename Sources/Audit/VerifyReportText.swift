// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux
package import StrictJSON

/// A report for people and for programs.
extension VerifyReport {
    /// Writes the report as one object. Members that do not apply are left out.
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("bytes")
        json.unsigned(bytes)
        if let checkpoint {
            json.key("checkpoint")
            json.beginObject()
            json.key("segment")
            json.unsigned(UInt64(checkpoint.segment))
            json.key("seq")
            json.unsigned(checkpoint.head.sequence)
            json.key("time")
            json.string(Timestamp.text(checkpoint.time))
            json.endObject()
        }
        if let unreadable {
            json.key("error")
            json.string(unreadable.description)
        }
        json.key("faults")
        json.beginArray()
        for fault in faults { fault.write(to: &json) }
        json.endArray()
        json.key("first")
        json.unsigned(firstSequence)
        if let head {
            json.key("head")
            json.beginObject()
            json.key("hash")
            json.string(head.hash.description)
            json.key("seq")
            json.unsigned(head.sequence)
            if let lastTime {
                json.key("time")
                json.string(Timestamp.text(lastTime))
            }
            json.endObject()
        }
        if let installation {
            json.key("installation")
            json.string(installation.text)
        }
        json.key("key_given")
        json.bool(keyIsGiven)
        json.key("records")
        json.unsigned(records)
        json.key("segments")
        json.unsigned(UInt64(segments))
        json.key("unfinished_bytes")
        json.unsigned(unfinishedBytes)
        json.key("verdict")
        json.string(verdict.rawValue)
        json.endObject()
    }

    /// Lines for people: lower case, no full stop, the verdict first.
    package var lines: [String] {
        var lines: [String] = []
        switch verdict {
        case .sound: lines.append("the audit log is sound: \(records) records in \(segments) segments")
        case .broken: lines.append("the audit log is damaged")
        case .unreadable: lines.append("the audit log could not be read to its end")
        }
        lines += faults.map(\.description)
        if let unreadable { lines.append("\(unreadable)") }
        if firstSequence > 1 {
            lines.append("it begins with record \(firstSequence): nothing can be said of those before")
        }
        if let head { lines.append("last record in order: \(head.sequence):\(head.hash)") }
        if let checkpoint, let head, checkpoint.head.sequence < head.sequence {
            lines.append("signed up to record \(checkpoint.head.sequence): those behind it are chained, not signed")
        }
        if unfinishedBytes > 0 { lines.append("\(unfinishedBytes) bytes of an unfinished record stand behind it") }
        if !keyIsGiven {
            lines.append("the key was taken from beside the log: give one from elsewhere to notice a log made anew")
        }
        return lines
    }
}

extension Fault {
    /// Writes the fault as one object.
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("flaw")
        json.string(flaw.rawValue)
        if let line {
            json.key("line")
            json.unsigned(line)
        }
        if let offset {
            json.key("offset")
            json.unsigned(offset)
        }
        if let segment {
            json.key("segment")
            json.unsigned(UInt64(segment))
        }
        json.key("sentence")
        json.string(flaw.sentence)
        json.endObject()
    }
}
