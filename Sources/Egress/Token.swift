// SPDX-License-Identifier: Apache-2.0

/// What a descriptor is to the room: the poller hands it back with each event.
struct Token: Equatable {
    enum Kind: UInt8 {
        case door = 1
        /// The host's addresses have changed.
        case changes
        /// The number is a sandbox's place.
        case httpListener
        case socksListener
        /// The number is a client's slot.
        case client
        /// A connection that is made for the client in this slot; ``attempt`` says which.
        case upstream
        /// The number is a place in the resolver's table.
        case question
    }

    let kind: Kind
    let number: Int
    let attempt: Int

    init(_ kind: Kind, _ number: Int = 0, attempt: Int = 0) {
        self.kind = kind
        self.number = number
        self.attempt = attempt
    }

    /// `kind u8 · attempt u8 · 0 u16 · number u32`
    var value: UInt64 { UInt64(kind.rawValue) << 56 | UInt64(attempt) << 48 | UInt64(number) }

    init?(value: UInt64) {
        guard let kind = Kind(rawValue: UInt8(value >> 56)) else { return nil }
        self.kind = kind
        attempt = Int(value >> 48 & 0xFF)
        number = Int(value & 0xFFFF_FFFF)
    }
}
