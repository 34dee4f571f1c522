// SPDX-License-Identifier: Apache-2.0

/// Names that are refused before anybody is asked what they resolve to.
extension HostName {
    /// What this name means wherever it is resolved; nil for a name like any other.
    package var special: AddressClass? {
        // Clients look for it in every domain above their own: whoever answers chooses their proxy.
        if bytes.starts(with: "wpad".utf8), bytes.count == 4 || bytes[4] == UInt8(ascii: ".") { return .proxyDiscovery }
        for (name, special) in Self.specialNames where self == name || isBelow(name) { return special }
        return nil
    }

    /// Each with everything below it.
    private static let specialNames: [(HostName, AddressClass)] = {
        let words: [(String, AddressClass)] = [
            // RFC 6761 section 6.3; the others stand in the hosts files of distributions.
            ("localhost", .loopback),
            ("localdomain", .loopback),
            ("localhost4", .loopback),
            ("localhost6", .loopback),
            ("ip6-localhost", .loopback),
            ("ip6-loopback", .loopback),
            // Metadata services of clouds, by the names that their guests use.
            ("metadata", .metadataName),
            ("metadata.google.internal", .metadataName),
            ("metadata.goog", .metadataName),
            ("instance-data", .metadataName),
            ("instance-data.ec2.internal", .metadataName),
            ("metadata.tencentyun.com", .metadataName),
            ("metadata.platformequinix.com", .metadataName),
            ("metadata.packet.net", .metadataName),
            ("metadata.azure.internal", .metadataName),
            ("api.metadata.cloud.ibm.com", .metadataName),
            ("rancher-metadata", .metadataName),
            // Cluster and container hosts.
            ("kubernetes", .metadataName),
            ("kubernetes.default", .metadataName),
            ("svc", .metadataName),
            ("cluster.local", .metadataName),
            ("docker.internal", .metadataName),
            ("containers.internal", .metadataName),
            ("lima.internal", .metadataName),
            ("orb.internal", .metadataName),
            ("rancher-desktop.internal", .metadataName),
        ]
        return words.map { text, special in
            guard let name = HostName(Array(text.utf8)) else { preconditionFailure("a name of ours is a name") }
            return (name, special)
        }
    }()
}
