// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// Names a token in lists, records and commands; says nothing about its value.
struct TokenID: Hashable, Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    /// Eight lower-case hexadecimal digits.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 8, bytes.allSatisfy({ $0.isDigit || ($0 >= 0x61 && $0 <= 0x66) }) else { return nil }
        self.bytes = bytes
    }

    init(random: [UInt8]) { bytes = Hex.encode(Array(random.prefix(4))) }

    var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// What is kept of a token: everything but the token.
struct TokenRecord: Sendable {
    let id: TokenID
    let client: ClientName
    /// SHA-256 of the token's text. 256 random bits need no slow hash: there is nothing to guess.
    let hash: SHA256Digest
    let servers: [ServerName]?
    let listener: ListenerName
    /// Seconds since 1970.
    let issued: UInt64
    let expires: UInt64
    var revoked: UInt64?

    func isLive(at now: UInt64) -> Bool { revoked == nil && now >= issued && now < expires }
}

/// All tokens of this installation, in one private file that only the broker writes.
struct TokenStore: ~Copyable {
    static let prefix = Array("dwt_".utf8)
    /// 256 random bits in base64url without padding, behind the prefix.
    static let tokenBytes = 4 + 43
    /// Lifetimes longer than this are refused: a token that outlives its reason is a leak.
    static let longestLife: UInt64 = 366 * 86_400
    /// More than this is a mistake of whoever issues them.
    static let most = 10_000
    private static let fileName = FileName("tokens.json")
    private static let maxFileBytes = 16 << 20

    private(set) var records: [TokenRecord] = []
    private var byHash: [SHA256Digest: Int] = [:]

    /// How a presented credential was judged.
    enum Judgement {
        case live(TokenRecord)
        case refused(Denial, TokenID?)
    }

    /// - Parameter now: seconds since 1970.
    borrowing func judge(_ credential: [UInt8], listener: ListenerName, now: UInt64) -> Judgement {
        guard credential.count == Self.tokenBytes, credential.starts(with: Self.prefix) else {
            return .refused(.credentialUnknown, nil)
        }
        let hash = SHA256.hash(credential.span)
        // The table is keyed by the hash, so its timing tells about hashes only; the comparison is constant all the same.
        guard let index = byHash[hash], ConstantTime.equal(records[index].hash, hash) else {
            return .refused(.credentialUnknown, nil)
        }
        let record = records[index]
        if record.revoked != nil { return .refused(.credentialRevoked, record.id) }
        guard record.isLive(at: now) else { return .refused(.credentialExpired, record.id) }
        guard record.listener == listener else { return .refused(.scopeInsufficient, record.id) }
        return .live(record)
    }

    /// Makes a token that is not valid yet; the text is returned once and kept nowhere.
    borrowing func make(client: ClientName, servers: [ServerName]?, listener: ListenerName, life: UInt64, now: UInt64)
        -> (text: [UInt8], record: TokenRecord)
    {
        let text = Self.prefix + Base64URL.encode(Random.bytes(32))
        var id = TokenID(random: Random.bytes(4))
        while records.contains(where: { $0.id == id }) { id = TokenID(random: Random.bytes(4)) }
        let record = TokenRecord(
            id: id, client: client, hash: SHA256.hash(text.span), servers: servers, listener: listener, issued: now,
            expires: now + life, revoked: nil)
        return (text, record)
    }

    mutating func add(_ record: TokenRecord) {
        byHash[record.hash] = records.count
        records.append(record)
    }

    /// The live records that a selector names: one token's id, or all of one client.
    borrowing func select(_ selector: [UInt8], now: UInt64) -> [TokenRecord] {
        let id = TokenID(selector)
        let client = ClientName(selector)
        return records.filter { $0.isLive(at: now) && ($0.id == id || $0.client == client) }
    }

    mutating func revoke(_ id: TokenID, now: UInt64) {
        guard let index = records.firstIndex(where: { $0.id == id }) else { return }
        records[index].revoked = now
    }

    /// Forgets what ended more than 90 days ago.
    mutating func forgetOld(now: UInt64) {
        let keep: UInt64 = 90 * 86_400
        records.removeAll { min($0.revoked ?? .max, $0.expires) + keep < now }
        index()
    }

    private mutating func index() {
        byHash = [:]
        for (index, record) in records.enumerated() { byHash[record.hash] = index }
    }

    // MARK: File

    /// - Throws: ``BrokerFault`` if the file is there and cannot be believed: an empty store would lock everybody out
    ///   silently, a half-read one would bring revoked tokens back.
    mutating func load(_ directory: borrowing Directory) throws(BrokerFault) {
        let bytes: [UInt8]
        do {
            bytes = try directory.open(Self.fileName).readWhole(limit: Self.maxFileBytes)
        } catch {
            if error.isNotFound { return }
            throw BrokerFault(
                "the tokens cannot be read: \(error)", hint: "check \(Self.fileName) in the state directory")
        }
        var tree = JSONTree()
        var reader = JSONReader(limits: .config)
        let hint = "restore \(Self.fileName), or remove it and issue new tokens"
        do { try reader.read(bytes.span, into: &tree) } catch {
            throw BrokerFault("the file of tokens is not JSON: \(error.rule.rawValue)", hint: hint)
        }
        do throws(TokenCoding.Damage) { records = try TokenCoding.read(tree) } catch {
            throw BrokerFault("the file of tokens is damaged: \(error)", hint: hint)
        }
        index()
    }

    borrowing func save(_ directory: borrowing Directory) throws(SyscallError) {
        let bytes = TokenCoding.write(records)
        try directory.replace(Self.fileName, with: bytes.span)
    }
}
