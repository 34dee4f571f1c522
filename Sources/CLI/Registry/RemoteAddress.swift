// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// From an address that somebody typed or pasted to an entry.
enum RemoteAddress {
    /// - Throws: ``Failure`` in words if the address cannot be used.
    static func entry(_ url: [UInt8], _ headers: [RemoteEntry.Header]) throws(Failure) -> RemoteEntry {
        let address: WebAddress
        do throws(AddressFault) { address = try WebAddress(url) } catch {
            throw Failure(
                "\(Visible.quoted(url)) is not an address that can be used: \(error.word)",
                hint: "write https://HOST[:PORT]/PATH, without user and password")
        }
        guard let remote = RemoteEntry(address, headers: headers) else {
            throw Failure(
                "\(Visible.quoted(url)) would be reached in the clear",
                hint: "write https; only http://127.0.0.1:PORT and http://localhost:PORT may be in the clear")
        }
        for (index, header) in headers.enumerated()
        where headers[..<index].contains(where: { HeaderLine.isSameName($0.name, header.name) }) {
            throw Failure("the header \(Visible.text(header.name)) stands twice")
        }
        return remote
    }
}
