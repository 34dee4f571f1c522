// SPDX-License-Identifier: Apache-2.0
import Audit
import Scratch
import StrictJSON
import Testing

@Suite("The writer writes what the format says")
struct GoldenTests {
    private func record(_ journal: Journal, _ kind: EntryKind, _ members: [(String, String)]) {
        journal.append(kind) { json in
            for (key, value) in members {
                json.key(key)
                json.string(value)
            }
        }
    }

    @Test("byte for byte the log that a script built from the format's description")
    func golden() throws {
        let fixture = try LogFixture()
        let clock = ManualClock("2026-11-21T15:29:31.000000Z")
        fixture.options.clock = clock.clock
        let journal = try fixture.open()
        clock.set("2026-11-21T15:29:31.123456Z")
        record(journal, .daemonStarted, [("version", "0.1.0")])
        clock.set("2026-11-21T15:29:31.999999Z")
        record(journal, .callIntent, [("caller", "c1"), ("server", "files"), ("tool", "read")])
        clock.set("2026-11-21T15:29:32.000000Z")
        journal.append(.callOutcome) { json in
            json.key("bytes")
            json.integer(120)
            json.key("verdict")
            json.string("answered")
        }
        clock.set("2026-12-31T23:59:59.999999Z")
        record(journal, .refused, [("path", "/caf\u{e9}\u{202e}\u{1f600}\u{7f}\u{1b}[2J")])
        // A day has passed: the next segment.
        clock.set("2027-01-01T00:00:00.000000Z")
        journal.flush()
        try journal.waitAndCollect()
        clock.set("2028-02-29T00:00:00.000000Z")
        journal.append(.callIntent, .emptyObject)
        clock.set("2028-03-01T12:34:56.000001Z")
        record(journal, .callOutcome, [("a", String(repeating: "x", count: 16_377))])
        clock.set("2028-03-02T00:00:00.000000Z")
        journal.flush()
        try journal.waitAndCollect()
        try journal.close()

        let golden = try Golden.log()
        let written = try MemoryLog(fixture.scratch.path)
        // The file for the next checkpoint means nothing.
        #expect(Set(written.files.keys) == Set(golden.files.keys).union([Layout.spareCheckpointName]))
        for (name, bytes) in golden.files {
            let found = String(decoding: written.files[name] ?? [], as: UTF8.self)
            #expect(found == String(decoding: bytes, as: UTF8.self), "\(name)")
        }
    }

    @Test("the script still builds the log that is kept")
    func script() throws {
        let scratch = Scratch()
        Shell.run("python3 '\(Golden.repository)/Tests/AuditTests/golden/build.py' '\(scratch.path)'")
        let built = try MemoryLog(scratch.path)
        #expect(built.files == (try Golden.log().files))
    }

    @Test("both checkers find it sound")
    func opinions() throws {
        #expect(secondOpinions(of: [Golden.path]) == ["sound"])
        #expect(verify(try Golden.log()).opinion == "sound")
    }

    @Test("nothing but printable ASCII and line feeds, whatever the data held")
    func printable() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        for scalar in (0...0x2ff).map(UInt32.init) + [0x2028, 0x202e, 0xfeff, 0xffff, 0x10000, 0xe0041, 0x10ffff] {
            guard let scalar = Unicode.Scalar(scalar) else { continue }
            let text = String(Character(scalar))
            let sequence = journal.append(.refused) { json in
                json.key(text)
                json.string(text)
            }
            #expect(sequence != nil)
        }
        try journal.close()
        for line in try fixture.lines() {
            #expect(line.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 <= 0x7e })
        }
        #expect(try fixture.verify().verdict == .sound)
        #expect(fixture.secondOpinion() == "sound")
    }

    @Test("data at the limit is recorded, and one byte more by its length and digest")
    func dataLimit() throws {
        let fixture = try LogFixture()
        let journal = try fixture.open()
        for (text, isKept) in [
            (String(repeating: "x", count: Layout.maxDataBytes - 8), true),
            (String(repeating: "x", count: Layout.maxDataBytes - 7), false),
            // Six bytes of data each once they are escaped.
            (String(repeating: "\u{e9}", count: (Layout.maxDataBytes - 8) / 6), true),
            (String(repeating: "\u{e9}", count: (Layout.maxDataBytes - 8) / 6 + 1), false),
        ] {
            journal.append(.refused) { json in
                json.key("a")
                json.string(text)
            }
            journal.flush()
            let last = try #require(try fixture.lines().last)
            #expect(last.contains("oversize") == !isKept)
            #expect(last.utf8.count <= Layout.maxLineBytes)
        }
        try journal.close()
        #expect(try fixture.verify().verdict == .sound)
        #expect(fixture.secondOpinion() == "sound")
    }
}

@Suite("Times are written and read back")
struct TimestampTests {
    @Test(
        "days around the leaps",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (951_782_399_999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"), (951_868_800_000_000, "2000-03-01T00:00:00.000000Z"),
            (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] as [(UInt64, String)])
    func known(_ moment: UInt64, _ text: String) {
        #expect(String(decoding: Timestamp.text(moment), as: UTF8.self) == text)
        #expect(Timestamp.parse(Array(text.utf8)) == moment)
    }

    @Test("every day of 400 years")
    func days() {
        for day in UInt64(0)..<146_097 {
            let moment = day * 86_400_000_000 + 45_296_000_007
            #expect(Timestamp.parse(Timestamp.text(moment)) == moment)
        }
    }

    @Test(
        "other forms and days that do not exist are refused",
        arguments: [
            "", "2026-11-21T15:29:31Z", "2026-11-21T15:29:31.123456", "2026-11-21t15:29:31.123456Z",
            "2026-13-01T00:00:00.000000Z", "2026-00-01T00:00:00.000000Z", "2026-02-29T00:00:00.000000Z",
            "2100-02-29T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z", "2026-01-00T00:00:00.000000Z",
            "2026-01-01T24:00:00.000000Z", "2026-01-01T00:60:00.000000Z", "2026-01-01T00:00:60.000000Z",
            "1969-12-31T23:59:59.999999Z", "2026-01-01T00:00:00.00000:Z", "+026-01-01T00:00:00.000000Z",
        ])
    func refused(_ text: String) {
        #expect(Timestamp.parse(Array(text.utf8)) == nil)
    }
}
