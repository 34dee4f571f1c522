// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON
internal import Testing

private let directory = Place.corpora + "/json-test-suite/test_parsing"
private let isThere = !names(in: directory).isEmpty

/// The rows `| file | decision | …` of docs/json.md, where every document is named on which we had a choice.
private let decisions: [String: String] = {
    var decisions: [String: String] = [:]
    for line in string(contents(of: Place.repository + "/docs/json.md") ?? []).split(separator: "\n") {
        let cells = line.split(separator: "|").map { $0.trimming("` ") }
        if cells.count >= 2, cells[0].hasSuffix(".json") { decisions[cells[0]] = cells[1] }
    }
    return decisions
}()

extension Substring {
    fileprivate func trimming(_ characters: String) -> String {
        String(drop { characters.contains($0) }.reversed().drop { characters.contains($0) }.reversed())
    }
}

@Suite(
    "The published parser test suite has nothing to object to that docs/json.md does not name",
    .enabled(if: isThere, "318 documents of JSONTestSuite unchecked: \(directory) is not there"))
struct ConformanceTests {
    @Test("every document is decided as its name, or the table, says", arguments: names(in: directory))
    func decides(_ name: String) throws {
        let rule = refusal(of: try #require(contents(of: directory + "/" + name)))?.rawValue ?? "accepted"
        if name.hasPrefix("n_") {
            #expect(rule != "accepted")
            #expect(decisions[name] == nil)
        } else if name.hasPrefix("i_") {
            #expect(rule == decisions[name])
        } else {
            #expect(rule == decisions[name] ?? "accepted")
        }
    }

    @Test("the suite is whole, and the table names no document that is not in it")
    func meter() {
        let all = names(in: directory)
        #expect(["y_", "n_", "i_"].map { kind in all.count { $0.hasPrefix(kind) } } == [95, 188, 35])
        #expect(Set(decisions.keys).isSubset(of: Set(all)))
        #expect(decisions.count == 37)
    }
}
