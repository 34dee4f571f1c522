// SPDX-License-Identifier: Apache-2.0
import Control
import Testing

/// What reading ended with.
private enum Outcome: Equatable {
    /// The same again, as what was read writes it.
    case said([UInt8])
    case refused(FrameError)
}

private func outcome(_ sample: Sample, _ kind: UInt8, _ fields: [UInt8]) -> Outcome {
    do throws(FrameError) { return .said(try sample.readAgain(kind, fields)) } catch { return .refused(error) }
}

@Suite("A frame says one thing, in one way")
struct FrameTests {
    @Test("Every kind has a sample, and no other kind is read", arguments: Door.all)
    func kinds(_ door: Door) throws {
        #expect(Set(door.samples.map(\.kind)) == door.kinds)
        let sample = try #require(door.samples.first)
        for kind in UInt8.min...UInt8.max where !door.kinds.contains(kind) {
            #expect(outcome(sample, kind, []) == .refused(.kindUnknown(kind)))
        }
    }

    @Test("What is written is read", arguments: Door.all)
    func roundTrip(_ door: Door) throws {
        for sample in door.samples {
            #expect(try sample.equalsOriginal(sample.fields), "\(sample.testDescription)")
            #expect(outcome(sample, sample.kind, sample.fields) == .said(sample.fields), "\(sample.testDescription)")
            if let limit = door.maxBytes(sample.kind) { #expect(sample.fields.count <= limit) }
        }
    }

    @Test("Samples differ in what they say", arguments: Door.all)
    func meter(_ door: Door) {
        #expect(Set(door.samples.map { [$0.kind] + $0.fields }).count == door.samples.count)
    }

    @Test("A frame that ends anywhere inside is refused", arguments: Door.all)
    func truncation(_ door: Door) {
        for sample in door.samples {
            for length in 0..<sample.fields.count {
                #expect(
                    outcome(sample, sample.kind, Array(sample.fields.prefix(length))) == .refused(.truncated),
                    "\(sample.testDescription), \(length) bytes")
            }
        }
    }

    @Test("A frame with anything behind it is refused", arguments: Door.all)
    func trailing(_ door: Door) {
        for sample in door.samples {
            for tail: [UInt8] in [[0], [1], sample.fields + [0]] {
                #expect(
                    outcome(sample, sample.kind, sample.fields + tail) == .refused(.trailing),
                    "\(sample.testDescription)")
            }
        }
    }

    /// A door whose receiver takes two spellings for one thing has a sender who can say something between the lines.
    @Test("Whatever is read is written as it was read", arguments: Door.all)
    func oneSpelling(_ door: Door) {
        var read = 0
        var refused = 0
        for sample in door.samples {
            for place in sample.fields.indices {
                let byte = sample.fields[place]
                for value in Set<UInt8>([
                    0, 1, 2, 3, 4, 5, 0x2D, 0x41, 0x7F, 0x80, 0xFF, byte &+ 1, byte &- 1, byte ^ 0x20,
                ]) {
                    var fields = sample.fields
                    fields[place] = value
                    switch outcome(sample, sample.kind, fields) {
                    case .said(let again):
                        read += 1
                        #expect(again == fields, "\(sample.testDescription), byte \(place) as \(value)")
                    case .refused: refused += 1
                    }
                }
            }
        }
        // Both happen, or nothing was tried.
        #expect(read > 0)
        #expect(refused > 0)
    }

    @Test("Fields of one kind under the name of another are that other thing or nothing", arguments: Door.all)
    func otherKinds(_ door: Door) {
        for sample in door.samples {
            for kind in door.kinds where kind != sample.kind {
                if case .said(let again) = outcome(sample, kind, sample.fields) {
                    #expect(again == sample.fields, "\(sample.testDescription) as \(kind)")
                }
            }
        }
    }

    @Test("A length that claims more than there is, or than there may be, costs nothing")
    func claims() {
        let most: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        for door in Door.all {
            for sample in door.samples {
                for place in sample.fields.indices.dropLast(3) {
                    var fields = sample.fields
                    fields.replaceSubrange(place..<(place + 4), with: most)
                    if case .said(let again) = outcome(sample, sample.kind, fields) { #expect(again == fields) }
                }
            }
        }
    }
}
