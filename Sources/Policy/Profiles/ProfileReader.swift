// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Reads `profiles` of `doorward.json`: what is written changes the base, what is left out stays as it is there.
enum ProfileReader {
    /// More profiles than a person can tell apart.
    static let maxProfiles = 64
    /// Flags that one profile may accept, and the length of one in bytes.
    static let maxFlags = 64
    static let maxFlagBytes = 256

    /// All profiles there are, built-in ones too, in the order of their names' bytes.
    static func profiles(_ value: Fields.Value?) throws(ConfigurationError) -> [Profile] {
        var profiles = ProfileBase.allCases.map(Profile.builtIn)
        guard let value else { return sorted(profiles) }
        var fields = try value.fields()
        for (bytes, value) in fields.takeAll() {
            guard let name = ProfileName(bytes) else {
                throw value.error(
                    "is not a profile's name",
                    hint: "use lower-case letters, digits and single inner dashes, at most 32"
                )
            }
            let profile = try profile(name, value)
            profiles.removeAll { $0.name == name }
            profiles.append(profile)
        }
        guard profiles.count <= maxProfiles else { throw value.error("holds more than \(maxProfiles) profiles") }
        return sorted(profiles)
    }

    static func sorted(_ profiles: [Profile]) -> [Profile] {
        profiles.sorted { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
    }

    private static func profile(_ name: ProfileName, _ value: Fields.Value) throws(ConfigurationError) -> Profile {
        var fields = try value.fields()
        let own = ProfileBase(word: name.bytes)
        let written = try fields.take("base")?.name(
            ProfileBase.init(word:), "\"browser\", \"agent\", \"code\" or \"tool\"")
        guard let base = written ?? own else { throw fields.error("base is missing") }
        guard own == nil || own == base else {
            throw fields.error("is built in, so its base is itself", hint: "choose another name")
        }
        let standard = Profile.builtIn(base)
        var profile = Profile(
            name: name, base: base, network: standard.network, limits: standard.limits,
            confinement: standard.confinement)
        if let value = fields.take("read") { profile.reads = try value.paths() }
        if let value = fields.take("write") { profile.writes = try value.paths() }
        if let value = fields.take("environment") {
            profile.environment = try ServerEntryReader.environment(value)
        }
        if let value = fields.take("network") { profile.network = try NetworkReader.network(value) }
        if let value = fields.take("limits") { profile.limits = try limits(value, standard.limits) }
        if let value = fields.take("confinement") {
            profile.confinement = try value.name(
                ConfinementDemand.init(word:), "\"full\", \"bubblewrap\" or \"reduced\"")
        }
        if let value = fields.take("acceptFlags") { profile.acceptedFlags = try flags(value) }
        try fields.finish()
        return profile
    }

    private static func limits(_ value: Fields.Value, _ standard: RunLimits) throws(ConfigurationError) -> RunLimits {
        var fields = try value.fields()
        var limits = standard
        try ServerEntryReader.ceilings(&fields, &limits.ceilings)
        if let value = fields.take("time") { limits.milliseconds = try value.milliseconds() }
        if let value = fields.take("disk") { limits.diskBytes = try value.byteCount() }
        try fields.finish()
        return limits
    }

    /// Words as they stand on a command line, visible ASCII.
    static func flags(_ value: Fields.Value) throws(ConfigurationError) -> [[UInt8]] {
        let all = try value.names({ isFlag($0) ? $0 : nil }, "a flag such as \"--no-sandbox\"")
        guard all.count <= maxFlags else { throw value.error("holds more than \(maxFlags) flags") }
        return all
    }

    private static func isFlag(_ bytes: [UInt8]) -> Bool {
        (2...maxFlagBytes).contains(bytes.count) && bytes[0] == UInt8(ascii: "-")
            && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
