// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// Composes the data of a segment's first record.
func openingData(_ installation: InstallationID, _ segment: UInt32, after previous: Head) -> [UInt8] {
    var data = "{\"format\":\(Layout.formatVersion),\"installation\":\"\(installation)\""
    data += ",\"previous_hash\":\"\(previous.hash)\",\"previous_seq\":\(previous.sequence),\"segment\":\(segment)}"
    return Array(data.utf8)
}
