// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// A set of names in a ``NamePool``, in the order of the schema.
struct NameTable: Sendable {
    var first: UInt32 = 0
    var count: UInt32 = 0
    /// Where its hash table begins in ``NamePool/slots``; 0 for a table that is searched in order.
    var slots: UInt32 = 0

    /// Tables up to this size are searched in order: callers mostly keep the order of the schema.
    static let fewNames = 8

    /// Its hash table has 2^`bits` slots, of which at most half are used.
    var bits: Int { Int.bitWidth - (2 * Int(count) - 1).leadingZeroBitCount }
}

/// One name, and what a schema says about the member that has it.
struct NameEntry: Sendable {
    var fingerprint: UInt32
    var start: UInt32
    var count: UInt32
    /// The subschema in `properties`; nil for a name that stands only in `required` or in an `enum`.
    var schema: SchemaIndex?
    var isRequired: Bool
}

/// All names of a schema, in one piece.
struct NamePool: Sendable {
    private(set) var entries: [NameEntry] = []
    private(set) var bytes: [UInt8] = []
    /// Place of an entry in its table plus one; 0 is free. The first slot belongs to no table.
    private(set) var slots: [UInt32] = [0]
    /// For tables with slots. Keyed, because not even the schema's author may choose what falls together.
    private let hash = TextHash()

    /// Adds a table. Names are distinct.
    mutating func add(_ names: [(name: [UInt8], schema: SchemaIndex?, isRequired: Bool)]) -> NameTable {
        var table = NameTable(first: UInt32(entries.count), count: UInt32(names.count))
        for (name, schema, isRequired) in names {
            entries.append(
                NameEntry(
                    fingerprint: JSONTree.fingerprint(of: name), start: UInt32(bytes.count), count: UInt32(name.count),
                    schema: schema, isRequired: isRequired))
            bytes.append(contentsOf: name)
        }
        guard names.count > NameTable.fewNames else { return table }
        table.slots = UInt32(slots.count)
        let mask = 1 << table.bits - 1
        slots.append(contentsOf: repeatElement(0, count: mask + 1))
        for (place, name) in names.enumerated() {
            var slot = hash.place(of: name.name, bits: table.bits)
            while slots[Int(table.slots) + slot] != 0 { slot = (slot + 1) & mask }
            slots[Int(table.slots) + slot] = UInt32(place + 1)
        }
        return table
    }

    func name(_ entry: Int) -> [UInt8] {
        let entry = entries[entry]
        return Array(bytes[Int(entry.start)..<Int(entry.start) + Int(entry.count)])
    }

    /// The entry that equals a string or key, or -1.
    ///
    /// - guess: where in the table to begin; set to the place behind a hit.
    @inline(__always)
    func find(_ string: JSONNode, in tree: JSONTree, _ table: NameTable, guess: inout Int, steps: inout Int) -> Int {
        guard table.slots == 0 else { return search(string, tree, table, &steps) }
        let fingerprint = tree.fingerprint(string)
        let count = Int(table.count)
        let first = Int(table.first)
        var place = guess
        for _ in 0..<count {
            if place >= count { place = 0 }
            if entries[first &+ place].fingerprint == fingerprint, equals(string, tree, first &+ place) {
                guess = place &+ 1
                return first &+ place
            }
            place &+= 1
        }
        return -1
    }

    @inline(never)
    private func search(
        _ string: JSONNode, _ tree: JSONTree, _ table: NameTable, _ steps: inout Int
    ) -> Int {
        let fingerprint = tree.fingerprint(string)
        let mask = 1 << table.bits &- 1
        var slot = hash.place(of: string, in: tree, bits: table.bits)
        while true {
            let place = slots[Int(table.slots) &+ slot]
            guard place != 0 else { return -1 }
            steps &-= 1
            let entry = Int(table.first) &+ Int(place) &- 1
            if entries[entry].fingerprint == fingerprint, equals(string, tree, entry) { return entry }
            slot = (slot &+ 1) & mask
        }
    }

    private func equals(_ string: JSONNode, _ tree: JSONTree, _ entry: Int) -> Bool {
        let start = Int(entries[entry].start)
        return tree.equals(string, bytes.span.extracting(start..<start &+ Int(entries[entry].count)))
    }
}
