// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// `time_now`.
struct TimeTool {
    private let zone: [UInt8]?

    init(_ arguments: ToolArguments) throws(ToolFault) {
        var arguments = arguments
        zone = try arguments.text("timezone", maxBytes: Zones.maxNameBytes)
        try arguments.finish()
    }

    /// - Parameter seconds: since 1970-01-01T00:00:00Z.
    func answer(at seconds: Int64, _ zones: Zones) throws(ToolFault) -> ToolAnswer {
        var local = LocalOffset(seconds: 0, isDaylightSaving: false, abbreviation: Array("UTC".utf8))
        var name = Array("UTC".utf8)
        if let zone, zone != name {
            local = try zones.zone(zone).local(at: seconds)
            name = zone
        }
        let time = CivilTime(seconds: seconds, offset: local.seconds)
        var json = JSONWriter()
        json.beginObject()
        json.key("abbreviation")
        json.string(local.abbreviation)
        json.key("daylight_saving")
        json.bool(local.isDaylightSaving)
        json.key("iso8601")
        json.string(time.text)
        json.key("timezone")
        json.string(name)
        json.key("unix_seconds")
        json.integer(seconds)
        json.key("utc_offset_seconds")
        json.integer(Int64(local.seconds))
        json.key("weekday")
        json.string(time.weekdayName)
        json.endObject()
        return ToolAnswer(json.finish())
    }
}
