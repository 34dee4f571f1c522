// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Policy

/// A no, with everything that the record says about it.
struct Refusal: Equatable {
    var reason: EgressReason
    var verdict = EgressDecision.Verdict.deny
    var rule = ""
    var address: NetworkAddress?
    var addressClass: AddressClass?
}

/// A yes: where to, and by which rule.
struct Admission: Equatable {
    /// Checked, every one of them, in the order in which they are tried.
    var addresses: [NetworkAddress]
    var rule: String
    var sni: SNIDemand
    var addressClass = AddressClass.publicAddress
}

/// What a name resolved to.
struct Resolution: Equatable {
    var addresses: [NetworkAddress]
    /// The answer to a second question, asked at once because the first may not be remembered (time to live 0).
    var again: [NetworkAddress]?
    /// An earlier answer for this name was let through.
    var wasAccepted = false
}

/// What this installation holds for every sandbox.
struct Circumstances {
    var judge: AddressJudge
    /// TCP ports on which this installation itself listens.
    var ownPorts: [UInt16]
}

/// The one way from a target to a decision. The order of the steps is the point: what is cheap and certain comes first,
/// nothing is asked of the network for a name that the policy refuses, and no address is dialled that was not classified.
enum Judgement {
    enum Step: Equatable {
        case refuse(Refusal)
        case resolve(HostName)
        case dial(Admission)
    }

    /// Steps that need no look-up.
    ///
    /// - Parameter method: of a request in the clear; nil for a tunnel.
    static func begin(
        _ target: EgressTarget, method: [UInt8]?, policy: EgressPolicy, _ circumstances: Circumstances
    ) -> Step {
        let ruling = policy.judge(target, method: method)
        // A granted port of this host comes before the rules that would refuse every host it can be asked for by.
        if case .local(let port, let rule) = ruling { return local(target, port, rule, circumstances) }
        if let refusal = special(target, circumstances.judge) { return .refuse(refusal) }
        switch target.host {
        case .address(let address):
            // Before the policy's answer: a record about an address says what it is, whoever refuses it.
            let found = circumstances.judge.classify(address)
            if let reason = found.reason {
                return .refuse(Refusal(reason: reason, address: address, addressClass: found))
            }
            switch apply(ruling, at: address) {
            case .success(let grant): return .dial(Admission(addresses: [address], rule: grant.rule, sni: grant.sni))
            case .failure(let refusal): return .refuse(refusal.value)
            }
        case .name(let name):
            if case .undecided = ruling { return .resolve(name) }
            switch apply(ruling, at: nil) {
            case .success: return .resolve(name)
            case .failure(let refusal): return .refuse(refusal.value)
            }
        }
    }

    /// Steps behind the look-up: every address of both families is classified, and then put to the policy.
    static func conclude(
        _ target: EgressTarget, method: [UInt8]?, policy: EgressPolicy, _ circumstances: Circumstances,
        _ resolution: Resolution
    ) -> Step {
        if let refusal = classify(resolution, circumstances.judge) { return .refuse(refusal) }
        var grant: Grant?
        for address in resolution.addresses {
            // The policy may have changed since the look-up began, so it is asked from the start.
            switch apply(policy.judge(target, method: method, address: address), at: address) {
            case .success(let found): grant = grant?.stricter(found) ?? found
            case .failure(let refusal): return .refuse(refusal.value)
            }
        }
        guard let grant else { return .refuse(Refusal(reason: .dnsFailed)) }
        return .dial(Admission(addresses: resolution.addresses, rule: grant.rule, sni: grant.sni))
    }

    // MARK: The steps

    private static func local(
        _ target: EgressTarget, _ port: UInt16, _ rule: String, _ circumstances: Circumstances
    ) -> Step {
        let address: NetworkAddress = target.host == .address(.v6(0, 1)) ? .v6(0, 1) : .v4(0x7F00_0001)
        // Whatever the policy says: from a sandbox nothing leads back into what holds it.
        if circumstances.ownPorts.contains(port) {
            return .refuse(Refusal(reason: .ownAddress, rule: rule, address: address, addressClass: .ownAddress))
        }
        return .dial(Admission(addresses: [address], rule: rule, sni: .record, addressClass: .loopback))
    }

    private static func special(_ target: EgressTarget, _ judge: AddressJudge) -> Refusal? {
        guard case .name(let name) = target.host, let special = judge.classify(name) else { return nil }
        return Refusal(reason: special.reason ?? .address, addressClass: special)
    }

    /// One bad answer spoils the set, and two answers that differ in this spoil it for good.
    private static func classify(_ resolution: Resolution, _ judge: AddressJudge) -> Refusal? {
        let first = spoiler(resolution.addresses, judge)
        let second = resolution.again.flatMap { spoiler($0, judge) }
        guard var refusal = first ?? second else { return nil }
        let isTurned = resolution.again != nil && (first == nil) != (second == nil)
        if isTurned || resolution.wasAccepted {
            refusal.reason = .rebinding
            refusal.addressClass = .rebinding
        }
        return refusal
    }

    private static func spoiler(_ addresses: [NetworkAddress], _ judge: AddressJudge) -> Refusal? {
        for address in addresses {
            let found = judge.classify(answer: address)
            if let reason = found.reason {
                return Refusal(reason: reason, address: address, addressClass: found)
            }
        }
        return nil
    }

    private struct Grant {
        let rule: String
        let sni: SNIDemand

        func stricter(_ other: Grant) -> Grant { other.sni == .strict && sni != .strict ? other : self }
    }

    /// `Result` wants an error.
    private struct Refused: Error { let value: Refusal }

    private static func apply(_ ruling: EgressRuling, at address: NetworkAddress?) -> Result<Grant, Refused> {
        let addressClass: AddressClass? = address == nil ? nil : .publicAddress
        func refused(_ reason: EgressReason, _ rule: String?, _ verdict: EgressDecision.Verdict) -> Result<
            Grant, Refused
        > {
            .failure(
                Refused(
                    value: Refusal(
                        reason: reason, verdict: verdict, rule: rule ?? "", address: address,
                        addressClass: addressClass)))
        }
        switch ruling {
        case .allow(let rule, let sni): return .success(Grant(rule: rule, sni: sni))
        case .ask(let rule): return refused(.approvalUnavailable, rule, .ask)
        case .deny(let rule, let reason): return refused(reason, rule, .deny)
        // With the address known nothing is left to decide, and a grant of a local port is no word about this address.
        case .undecided, .local: return refused(.hostNotAllowed, nil, .deny)
        }
    }
}
