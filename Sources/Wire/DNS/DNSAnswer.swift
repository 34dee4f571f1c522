// SPDX-License-Identifier: Apache-2.0
package import Policy

/// Why a well-formed answer to our question holds no addresses that may be used, by the word for the record.
package enum DNSFailure: String, CaseIterable, Sendable {
    case formatError = "formerr"
    case serverFailure = "servfail"
    case notImplemented = "notimp"
    case refused = "refused"
    case otherCode = "rcode"
    case aliasLoop = "cname-loop"
    case tooManyAliases = "cname-too-long"
    case tooManyAddresses = "too-many-addresses"
    case tooManyRecords = "too-many-records"
}

/// What a resolver said to one question.
package enum DNSAnswer: Equatable, Sendable {
    /// The addresses at the end of the chain of aliases, in their order, without repetition; none where the name has none
    /// of this type. The lifetime, in seconds, is the smallest of all records that led there; 0 where there are none.
    case addresses([NetworkAddress], timeToLive: UInt32)
    /// The name does not exist.
    case noName
    /// The answer did not fit: ask again over TCP. Over TCP it is a failure.
    case truncated
    case failed(DNSFailure)

    /// Aliases that are followed; real chains have one to four.
    static let maxAliases = 8
    /// Addresses of one name and type. More is a failure, not a choice: one that was left out could be the bad one.
    static let maxAddresses = 64
    /// Records in an answer section, so that a message of 64 KiB cannot hold thousands of aliases.
    static let maxRecords = 256

    /// Reads a whole message.
    ///
    /// - Parameters:
    ///   - id: of the query.
    ///   - name: of the query.
    ///   - type: of the query.
    /// - Throws: `dns-foreign` for whatever is no answer to this query: a datagram to be ignored, since anybody may have
    ///   sent it; `dns-malformed` for an answer that breaks the grammar or contradicts itself.
    package static func parse(
        _ bytes: borrowing Span<UInt8>, id: UInt16, name: HostName, type: DNSType
    ) throws(WireError) -> DNSAnswer {
        let question = DNSFormat.name(name)
        let start = try checkQuestion(bytes, id, question, type)
        // RFC 1035 section 4.1.1: the byte of flags with truncation, then the one with the code.
        if bytes[2] & 2 != 0 { return .truncated }
        switch bytes[3] & 0x0F {
        case 0: break
        case 1: return .failed(.formatError)
        case 2: return .failed(.serverFailure)
        case 3: return .noName
        case 4: return .failed(.notImplemented)
        case 5: return .failed(.refused)
        default: return .failed(.otherCode)
        }
        let count = Int(bytes.big16(at: 6))
        if count > maxRecords { return .failed(.tooManyRecords) }
        var section = AnswerSection(type)
        var reader = DNSRecordReader(at: start)
        for _ in 0..<count { try section.take(try reader.next(bytes), of: bytes) }
        return try section.follow(question)
    }

    /// Whether the header and the question are those of our query, byte for byte.
    ///
    /// - Returns: where the answers begin.
    private static func checkQuestion(
        _ bytes: borrowing Span<UInt8>, _ id: UInt16, _ question: [UInt8], _ type: DNSType
    ) throws(WireError) -> Int {
        let nameEnd = DNSFormat.headerBytes + question.count
        // A response (the top bit) of the standard kind (the four below it), with exactly one question.
        guard bytes.count >= nameEnd + 4, bytes.big16(at: 0) == id, bytes[2] & 0xF8 == 0x80, bytes.big16(at: 4) == 1,
            bytes.holds(question, in: DNSFormat.headerBytes..<nameEnd), bytes.big16(at: nameEnd) == type.rawValue,
            bytes.big16(at: nameEnd + 2) == DNSFormat.classInternet
        else { throw WireError(.dnsForeign, at: 0) }
        return nameEnd + 4
    }
}

/// The aliases and addresses of an answer, whoever they belong to, and the way through them.
private struct AnswerSection {
    private let type: DNSType
    private var aliases: [(owner: [UInt8], target: [UInt8], timeToLive: UInt32)] = []
    private var addresses: [(owner: [UInt8], address: NetworkAddress, timeToLive: UInt32)] = []

    init(_ type: DNSType) { self.type = type }

    mutating func take(_ record: DNSRecord, of bytes: borrowing Span<UInt8>) throws(WireError) {
        if record.classNumber != DNSFormat.classInternet { return }
        if record.type == DNSFormat.typeAlias {
            let (target, end) = try DNSRecordReader.name(bytes, at: record.data.lowerBound)
            guard end == record.data.upperBound else { throw WireError(.dnsMalformed, at: record.data.lowerBound) }
            aliases.append((record.owner, target, record.timeToLive))
        } else if record.type == type.rawValue {
            guard record.data.count == type.addressBytes, let address = NetworkAddress(bytes: bytes.copy(record.data))
            else { throw WireError(.dnsMalformed, at: record.data.lowerBound) }
            addresses.append((record.owner, address, record.timeToLive))
        }
    }

    /// Goes from alias to alias to the addresses; what belongs to other names is left aside.
    func follow(_ question: [UInt8]) throws(WireError) -> DNSAnswer {
        var visited = [question]
        var owner = question
        var lifetime = UInt32.max
        while true {
            let next = aliases.filter { $0.owner == owner }
            let found = addresses.filter { $0.owner == owner }
            guard let alias = next.first else { return collect(found, lifetime) }
            // RFC 1034 section 3.6.2: where an alias stands nothing else does, not a second one either.
            guard next.count == 1, found.isEmpty else { throw WireError(.dnsMalformed, at: 0) }
            if visited.contains(alias.target) { return .failed(.aliasLoop) }
            if visited.count > DNSAnswer.maxAliases { return .failed(.tooManyAliases) }
            visited.append(alias.target)
            owner = alias.target
            lifetime = min(lifetime, alias.timeToLive)
        }
    }

    private func collect(
        _ found: [(owner: [UInt8], address: NetworkAddress, timeToLive: UInt32)], _ aliasLifetime: UInt32
    ) -> DNSAnswer {
        if found.isEmpty { return .addresses([], timeToLive: 0) }
        if found.count > DNSAnswer.maxAddresses { return .failed(.tooManyAddresses) }
        var lifetime = aliasLifetime
        var distinct: [NetworkAddress] = []
        for record in found {
            lifetime = min(lifetime, record.timeToLive)
            if !distinct.contains(record.address) { distinct.append(record.address) }
        }
        return .addresses(distinct, timeToLive: lifetime)
    }
}
