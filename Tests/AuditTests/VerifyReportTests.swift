// SPDX-License-Identifier: Apache-2.0
import Audit
import Crypto
import StrictJSON
import Testing

@Suite("A report tells people and programs the same")
struct VerifyReportTests {
    private func json(_ report: VerifyReport) -> String {
        var writer = JSONWriter()
        report.write(to: &writer)
        return String(decoding: writer.take(), as: UTF8.self)
    }

    @Test("of a sound log")
    func sound() throws {
        let log = try Golden.log()
        let report = verify(log)
        let hash = try #require(report.head).hash
        let bytes = log[1].count + log[2].count + log[3].count
        #expect(
            json(report)
                == #"{"bytes":\#(bytes),"checkpoint":{"segment":3,"seq":9,"time":"2028-03-02T00:00:00.000000Z"},"#
                + #""faults":[],"first":1,"head":{"hash":"\#(hash)","seq":9,"time":"2028-03-02T00:00:00.000000Z"},"#
                + #""installation":"00112233445566778899aabbccddeeff","key_given":false,"records":9,"segments":3,"#
                + #""unfinished_bytes":0,"verdict":"sound"}"#)
        #expect(
            report.lines == [
                "the audit log is sound: 9 records in 3 segments", "last record in order: 9:\(hash)",
                "the key was taken from beside the log: give one from elsewhere to notice a log made anew",
            ])
    }

    @Test("of a damaged one")
    func broken() throws {
        var log = try Golden.log()
        let offset = log.lines(1)[0].count + log.lines(1)[1].count
        log[1][offset + 100] ^= 1
        let report = verify(log)
        #expect(
            json(report).contains(
                #""faults":[{"flaw":"hash","line":3,"offset":\#(offset),"segment":1,"sentence":"a record's hash"#))
        #expect(report.lines[0] == "the audit log is damaged")
        #expect(report.lines[1].hasPrefix("00000001.jsonl line 3 byte \(offset): a record's hash does not fit"))
    }
}
