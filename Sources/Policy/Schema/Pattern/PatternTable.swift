// SPDX-License-Identifier: Apache-2.0

/// A machine made deterministic: one look-up for each character.
///
/// A state is the place where its row begins. The first row is for texts that can no longer match, the second for those
/// that have, the third is the start.
struct PatternTable: Sendable {
    /// The next state, by state and class; the last column is the end of the text.
    let cells: [UInt16]
    let columns: Int

    static let dead: UInt16 = 0
    var matched: UInt16 { UInt16(columns) }
    var start: UInt16 { UInt16(2 * columns) }

    private struct Key: Hashable {
        var states: [UInt32]
        var before: PatternStepper.Before
    }

    /// nil if the table would be larger, or cost more to make, than ``PatternLimits`` allows.
    init?(_ stepper: inout PatternStepper) {
        let classes = stepper.alphabet.count
        let columns = classes + 1
        guard 3 * columns <= PatternLimits.tableCells else { return nil }
        let matched = UInt16(columns)
        var cells = [UInt16](repeating: Self.dead, count: columns)
        cells.append(contentsOf: repeatElement(matched, count: columns))
        var keys = [Key(states: [], before: .nothing)]
        var rows: [Key: UInt16] = [keys[0]: UInt16(2 * columns)]
        var place = 0
        while place < keys.count {
            let key = keys[place]
            place += 1
            for column in 0..<columns {
                let scalars = column < classes ? column : nil
                guard var states = stepper.step(key.states, key.before, scalars) else {
                    cells.append(matched)
                    continue
                }
                guard stepper.work <= PatternLimits.tableWork else { return nil }
                guard let scalars, !states.isEmpty || stepper.restarts else {
                    cells.append(Self.dead)
                    continue
                }
                states.sort()
                let next = Key(states: states, before: stepper.before(behind: scalars))
                if let known = rows[next] {
                    cells.append(known)
                    continue
                }
                let row = (keys.count + 2) * columns
                guard row + columns <= PatternLimits.tableCells else { return nil }
                keys.append(next)
                rows[next] = UInt16(row)
                cells.append(UInt16(row))
            }
        }
        self.cells = cells
        self.columns = columns
    }
}
