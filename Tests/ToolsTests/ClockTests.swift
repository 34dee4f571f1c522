// SPDX-License-Identifier: Apache-2.0
import Linux
import Spawn
import Testing

@testable import Tools

@Suite("The time is told as the system's own clock tells it")
struct ClockTests {
    @Test("UTC needs no data, and is what is told by itself")
    func utc() throws {
        let channel = try ScriptedChannel(zones: "/nonexistent")
        let reply = try channel.answer("time_now")
        #expect(reply.string(reply.structured("iso8601")) == "2026-11-21T17:00:00Z")
        #expect(reply.string(reply.structured("weekday")) == "Saturday")
        #expect(reply.string(reply.structured("timezone")) == "UTC")
        #expect(reply.integer(reply.structured("unix_seconds")) == 1_795_280_400)
        #expect(reply.integer(reply.structured("utc_offset_seconds")) == 0)
        #expect(try channel.refusal("time_now", #"{"timezone":"UTC"}"#) == nil)
        #expect(try channel.refusal("time_now", #"{"timezone":"Europe/Berlin"}"#) == "zones-missing")
    }

    @Test(
        "a zone is told with its offset, name and season",
        arguments: [
            ("Europe/Berlin", "2026-11-21T18:00:00+01:00", "CET", 3600),
            ("Asia/Kolkata", "2026-11-21T22:30:00+05:30", "IST", 19800),
            ("America/New_York", "2026-11-21T12:00:00-05:00", "EST", -18000),
            ("Pacific/Chatham", "2026-11-22T06:45:00+13:45", "+1345", 49500),
            ("America/St_Johns", "2026-11-21T13:30:00-03:30", "NST", -12600),
            ("Etc/GMT+5", "2026-11-21T12:00:00-05:00", "-05", -18000),
        ])
    func zones(_ zone: String, _ time: String, _ name: String, _ offset: Int) throws {
        let reply = try ScriptedChannel().answer("time_now", #"{"timezone":"\#(zone)"}"#)
        #expect(reply.string(reply.structured("iso8601")) == time)
        #expect(reply.string(reply.structured("abbreviation")) == name)
        #expect(reply.integer(reply.structured("utc_offset_seconds")) == offset)
        #expect(reply.bool(reply.structured("daylight_saving")) == (zone == "Pacific/Chatham"))
    }

    @Test(
        "what is no zone is refused, whatever file it names",
        arguments: [
            "Europe", "Europe/", "/etc/localtime", "../localtime", "Europe/../Europe/Berlin", "localtime/x",
            "posixrules/..", "Mars/Phobos",
            "tzdata.zi", "zone.tab", "europe/Berlin\u{7F}", "right/UTC", "Europe//Berlin", ".", "", "Europe/Berlin ",
            "leapseconds",
        ])
    func unknown(_ zone: String) throws {
        #expect(try ScriptedChannel().refusal("time_now", #"{"timezone":"\#(zone)"}"#) == "zone-unknown")
    }

    @Test("every zone agrees with date(1), around its changes and far from them")
    func oracle() throws {
        let list = try Spawn.run(
            "/bin/sh",
            [
                "-c",
                "cd /usr/share/zoneinfo && find -L [A-Z]* -type f ! -name '*.*' ! -path 'right/*' ! -path 'posix/*' | sort",
            ])
        let names = list.output.split(separator: "\n").map(String.init)
        try #require(names.count > 300, "no zones to compare with")
        // Every half year from 1915 to 2095 and hours around the present changes: before 1915 and its odd seconds too.
        var times = stride(from: -1_735_689_600, to: 3_944_678_400, by: 15_778_463).map { $0 }
        for year in [2024, 2026, 2037, 2038, 2040] {
            for (month, day) in [(3, 8), (3, 25), (3, 31), (4, 5), (9, 27), (10, 4), (10, 25), (11, 1), (11, 8)] {
                let midnight = CivilTime.days(year: year, month: month, day: day) * 86_400
                times += [0, 3599, 3600, 7199, 7200, 10_800].map { midnight + $0 }
            }
        }
        times += [-5_000_000_000, -2_500_000_000, 0, 32_503_680_000]
        let input = times.map { "@\($0)" }.joined(separator: "\n")
        let zones = Zones()
        var compared = 0
        for name in names {
            let said = try Spawn.run(
                "/bin/sh", ["-c", "printf '%s' '\(input)' | TZ='\(name)' date -f - '+%Y-%m-%dT%H:%M:%S %::z %Z %w'"])
            let lines = said.output.split(separator: "\n")
            try #require(lines.count == times.count, "\(name): \(said.errors)")
            let zone = try zones.zone(text(name))
            for (time, line) in zip(times, lines) {
                let local = zone.local(at: Int64(time))
                let civil = CivilTime(seconds: Int64(time), offset: local.seconds)
                // Before clocks were set there, the local time is unknown: an offset of nothing, which date(1) negates.
                let isUnknown =
                    line.contains(" -00:00:00 -00 ") && local.seconds == 0 && local.abbreviation == text("-00")
                if describe(civil, local) != line, !isUnknown { Issue.record("\(name) at \(time): \(line)") }
                compared += 1
            }
        }
        #expect(compared > 100_000)
    }

    private func describe(_ time: CivilTime, _ local: LocalOffset) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let offset = abs(local.seconds)
        let sign = local.seconds < 0 ? "-" : "+"
        let zone = "\(sign)\(two(offset / 3600)):\(two(offset / 60 % 60)):\(two(offset % 60))"
        return
            "\(time.year)-\(two(time.month))-\(two(time.day))T\(two(time.second / 3600)):\(two(time.second / 60 % 60))"
            + ":\(two(time.second % 60)) \(zone) \(String(decoding: local.abbreviation, as: UTF8.self)) \(time.weekday)"
    }

    @Test("a date and its days are each other's inverse over 12,000 years")
    func calendar() {
        var day = CivilTime.days(year: -2000, month: 1, day: 1)
        let end = CivilTime.days(year: 10_000, month: 1, day: 1)
        while day < end {
            let time = CivilTime(seconds: Int64(day * 86_400))
            if CivilTime.days(year: time.year, month: time.month, day: time.day) != day || time.second != 0 {
                Issue.record("\(day): \(time)")
            }
            day += 97
        }
        #expect(CivilTime(seconds: 951_782_400).text == text("2000-02-29T00:00:00Z"))
        #expect(CivilTime(seconds: -1).text == text("1969-12-31T23:59:59Z"))
    }

    @Test("a zone file that is damaged anywhere is refused or read, and never a fault")
    func damage() throws {
        let file = try Directory(path: "/usr/share/zoneinfo/Europe").open(FileName("Berlin"))
        let good = try file.readWhole(limit: ZoneFile.maxBytes)
        #expect(ZoneFile(good)?.local(at: 1_795_280_400).seconds == 3600)
        for count in good.indices where ZoneFile(Array(good[..<count])) != nil {
            Issue.record("accepted \(count) of \(good.count) bytes")
        }
        var refused = 0
        for at in good.indices {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var bad = good
                bad[at] = value
                guard let zone = ZoneFile(bad) else {
                    refused += 1
                    continue
                }
                for time in [Int64.min / 4, -1, 0, 1_795_280_400, Int64.max / 4] { _ = zone.local(at: time) }
            }
        }
        #expect(refused > 100)
    }

    @Test(
        "a rule for all years is that of POSIX",
        arguments: [
            ("UTC0", 1_795_280_400, 0, "UTC"), ("CET-1CEST,M3.5.0,M10.5.0/3", 1_782_000_000, 7200, "CEST"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_795_280_400, 3600, "CET"), ("<+0330>-3:30", 0, 12_600, "+0330"),
            ("NZST-12NZDT,M9.5.0,M4.1.0/3", 1_795_280_400, 46_800, "NZDT"),
            ("NZST-12NZDT,M9.5.0,M4.1.0/3", 1_782_000_000, 43_200, "NZST"),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_795_280_400, 0, "GMT"),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1_782_000_000, -3600, "-01"),
            ("AAA0BBB,J60,J300", 1_772_323_200, 0, "AAA"), ("AAA0BBB,J60,J300", 1_772_330_400, 3600, "BBB"),
            ("AAA0BBB,0/0,J365/25", 1_795_280_400, 3600, "BBB"),
        ])
    func rules(_ rule: String, _ time: Int64, _ offset: Int, _ name: String) throws {
        let local = try #require(ZoneRule(text(rule))).local(at: time)
        #expect(local.seconds == offset)
        #expect(local.abbreviation == text(name))
    }

    @Test(
        "what is no such rule is refused",
        arguments: [
            "", "U0", "UTC", "UTC0,", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M13.5.0",
            "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0", "CET-25", "CET-1CEST,J0,J1", "CET-1CEST,366,1", "<+03-3",
            "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1 ",
            "CET-1:60", "CET-1CEST,M3.5.0,M10.5.0x",
        ])
    func badRules(_ rule: String) {
        #expect(ZoneRule(text(rule)) == nil)
    }
}
