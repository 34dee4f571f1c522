// SPDX-License-Identifier: Apache-2.0
// Made by scripts/special-ranges of scripts/special-ranges.txt: change that file, not this one.

/// Addresses that are not simply public, in disjoint ranges and in order.
enum SpecialRanges {
    static let four: [SpecialRange4] = [
        SpecialRange4(first: 0x0000_0000, last: 0x00FF_FFFF, is: .unspecified),
        SpecialRange4(first: 0x0A00_0000, last: 0x0AFF_FFFF, is: .privateUse),
        SpecialRange4(first: 0x6440_0000, last: 0x647F_FFFF, is: .sharedAddressSpace),
        SpecialRange4(first: 0x7F00_0000, last: 0x7FFF_FFFF, is: .loopback),
        SpecialRange4(first: 0xA83F_8110, last: 0xA83F_8110, is: .metadataAddress),
        SpecialRange4(first: 0xA9FE_0000, last: 0xA9FE_FFFF, is: .linkLocal),
        SpecialRange4(first: 0xAC10_0000, last: 0xAC1F_FFFF, is: .privateUse),
        SpecialRange4(first: 0xC000_0000, last: 0xC000_00FF, is: .protocolAssignment),
        SpecialRange4(first: 0xC000_0200, last: 0xC000_02FF, is: .documentation),
        SpecialRange4(first: 0xC01F_C400, last: 0xC01F_C4FF, is: .protocolAssignment),
        SpecialRange4(first: 0xC034_C100, last: 0xC034_C1FF, is: .protocolAssignment),
        SpecialRange4(first: 0xC058_6300, last: 0xC058_63FF, is: .deprecated),
        SpecialRange4(first: 0xC0A8_0000, last: 0xC0A8_FFFF, is: .privateUse),
        SpecialRange4(first: 0xC0AF_3000, last: 0xC0AF_30FF, is: .protocolAssignment),
        SpecialRange4(first: 0xC612_0000, last: 0xC613_FFFF, is: .benchmarking),
        SpecialRange4(first: 0xC633_6400, last: 0xC633_64FF, is: .documentation),
        SpecialRange4(first: 0xCB00_7100, last: 0xCB00_71FF, is: .documentation),
        SpecialRange4(first: 0xE000_0000, last: 0xEFFF_FFFF, is: .multicast),
        SpecialRange4(first: 0xF000_0000, last: 0xFFFF_FFFE, is: .reserved),
        SpecialRange4(first: 0xFFFF_FFFF, last: 0xFFFF_FFFF, is: .broadcast),
    ]

    static let six: [SpecialRange6] = [
        SpecialRange6(
            first: (0x0000_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x0000_0000_0000_0000, 0x0000_0000_0000_0000), is: .unspecified),
        SpecialRange6(
            first: (0x0000_0000_0000_0000, 0x0000_0000_0000_0001),
            last: (0x0000_0000_0000_0000, 0x0000_0000_0000_0001), is: .loopback),
        SpecialRange6(
            first: (0x0000_0000_0000_0000, 0x0000_0000_0000_0002),
            last: (0x0000_0000_0000_0000, 0x0000_0000_FFFF_FFFF), is: .deprecated),
        SpecialRange6(
            first: (0x0000_0000_0000_0000, 0x0000_FFFF_0000_0000),
            last: (0x0000_0000_0000_0000, 0x0000_FFFF_FFFF_FFFF), is: .transition),
        SpecialRange6(
            first: (0x0000_0000_0000_0000, 0xFFFF_0000_0000_0000),
            last: (0x0000_0000_0000_0000, 0xFFFF_0000_FFFF_FFFF), is: .transition),
        SpecialRange6(
            first: (0x0064_FF9B_0000_0000, 0x0000_0000_0000_0000),
            last: (0x0064_FF9B_0000_0000, 0x0000_0000_FFFF_FFFF), is: .transition),
        SpecialRange6(
            first: (0x0064_FF9B_0001_0000, 0x0000_0000_0000_0000),
            last: (0x0064_FF9B_0001_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .transition),
        SpecialRange6(
            first: (0x0100_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x0100_0000_0000_0001, 0xFFFF_FFFF_FFFF_FFFF), is: .discard),
        SpecialRange6(
            first: (0x0200_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x03FF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .deprecated),
        SpecialRange6(
            first: (0x2001_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x2001_0000_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .transition),
        SpecialRange6(
            first: (0x2001_0001_0000_0000, 0x0000_0000_0000_0000),
            last: (0x2001_0001_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .protocolAssignment),
        SpecialRange6(
            first: (0x2001_0002_0000_0000, 0x0000_0000_0000_0000),
            last: (0x2001_0002_0000_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .benchmarking),
        SpecialRange6(
            first: (0x2001_0002_0001_0000, 0x0000_0000_0000_0000),
            last: (0x2001_000F_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .protocolAssignment),
        SpecialRange6(
            first: (0x2001_0010_0000_0000, 0x0000_0000_0000_0000),
            last: (0x2001_001F_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .deprecated),
        SpecialRange6(
            first: (0x2001_0020_0000_0000, 0x0000_0000_0000_0000),
            last: (0x2001_01FF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .protocolAssignment),
        SpecialRange6(
            first: (0x2001_0DB8_0000_0000, 0x0000_0000_0000_0000),
            last: (0x2001_0DB8_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .documentation),
        SpecialRange6(
            first: (0x2002_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x2002_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .transition),
        SpecialRange6(
            first: (0x2620_004F_8000_0000, 0x0000_0000_0000_0000),
            last: (0x2620_004F_8000_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .protocolAssignment),
        SpecialRange6(
            first: (0x3FFE_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x3FFE_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .deprecated),
        SpecialRange6(
            first: (0x3FFF_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x3FFF_0FFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .documentation),
        SpecialRange6(
            first: (0x5F00_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x5F00_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .protocolAssignment),
        SpecialRange6(
            first: (0x5F01_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0x5FFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .deprecated),
        SpecialRange6(
            first: (0xFC00_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0xFDFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .uniqueLocal),
        SpecialRange6(
            first: (0xFE80_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0xFEBF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .linkLocal),
        SpecialRange6(
            first: (0xFEC0_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0xFEFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .siteLocal),
        SpecialRange6(
            first: (0xFF00_0000_0000_0000, 0x0000_0000_0000_0000),
            last: (0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), is: .multicast),
    ]
}
