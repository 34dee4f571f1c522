// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON
internal import Testing

@Suite("A walk by steps sees what the iterators see")
struct WalkTests {
    @Test("in objects and arrays, at every depth")
    func steps() throws {
        let tree = try read(#"{"a":[1,{"b":[],"c":{}},[[2]],"x"],"long key of more than eight bytes":null,"":{"d":true}}"#)
        func check(_ node: JSONNode) {
            var child = tree.first(in: node)
            switch tree.kind(node) {
            case .object:
                for (key, value) in tree.members(node) {
                    #expect(child == key)
                    #expect(tree.value(ofKey: child) == value)
                    check(value)
                    child = tree.next(after: value)
                }
            case .array:
                for element in tree.elements(node) {
                    #expect(child == element)
                    check(element)
                    child = tree.next(after: element)
                }
            case .null, .bool, .number, .string: break
            }
        }
        check(.root)
        #expect(tree.count(.root) == 3)
    }

    @Test("equal texts have equal fingerprints and places, as keys, as values and as bytes")
    func hashes() throws {
        let hash = TextHash()
        for text in ["", "a", "sevenab", "eightabc", "nine bytes", "é and 🐲 and more than sixteen bytes"] {
            let tree = try read(#"{"\#(text)":"\#(text)"}"#)
            let key = tree.first(in: .root)
            let value = tree.value(ofKey: key)
            let bytes = Array(text.utf8)
            #expect(tree.fingerprint(key) == JSONTree.fingerprint(of: bytes))
            #expect(tree.fingerprint(value) == JSONTree.fingerprint(of: bytes))
            #expect(hash.place(of: key, in: tree, bits: 10) == hash.place(of: bytes, bits: 10))
            #expect(hash.place(of: value, in: tree, bits: 10) == hash.place(of: bytes, bits: 10))
            #expect((0..<1024).contains(hash.place(of: bytes, bits: 10)))
        }
        let tree = try read("[1,\"a\"]")
        #expect(tree.fingerprint(tree.first(in: .root)) == 0)
        #expect(tree.fingerprint(.root) == 0)
        // The meter: other texts mostly have others.
        let places = Set((0..<100).map { hash.place(of: Array("name\($0)".utf8), bits: 20) })
        #expect(places.count > 90)
        #expect(Set((0..<100).map { JSONTree.fingerprint(of: Array("name\($0)".utf8)) }).count > 90)
    }

    @Test("a number is lent as it was written")
    func numbers() throws {
        let tree = try read("[-1.50E+2,\"1\"]")
        let number = tree.first(in: .root)
        #expect(tree.withNumberText(number) { $0.count } == 8)
        #expect(tree.withNumberText(number) { $0[7] } == 0x32)
        #expect(tree.withNumberText(tree.next(after: number)) { $0.count } == nil)
        #expect(tree.withNumberText(.root) { $0.count } == nil)
    }
}
