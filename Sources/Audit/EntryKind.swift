// SPDX-License-Identifier: Apache-2.0

/// What a record tells. The word is stable: people search for it for years.
package enum EntryKind: UInt8, Sendable, CaseIterable {
    // The log about itself.
    case segmentOpened, journalRecovered, journalResumed, chainRestarted
    // Rooms and their coming and going.
    case daemonStarted, daemonStopping, roomStarted, roomEnded
    // Callers.
    case callerAdmitted, callerGone, tokenIssued, tokenRevoked
    // One call, from refusal or approval to its end.
    case refused, refusedMore, approvalAsked, approvalSettled, callIntent, callOutcome
    // Servers and sandboxes.
    case launchIntent, launchStarted, launchRefused, launchEnded, toolsDiffer, relayCut, serverMisbehaved,
        sandboxStarted, sandboxEnded
    // Administration.
    case registryAdopted, registryRefused, policyChanged, adminIntent, adminOutcome
    // What was seen or decided beside the calls.
    case egressDecided, egressEnded, detection, sensorLost, probeSent

    package var word: StaticString {
        switch self {
        case .segmentOpened: "segment.opened"
        case .journalRecovered: "journal.recovered"
        case .journalResumed: "journal.resumed"
        case .chainRestarted: "chain.restarted"
        case .daemonStarted: "daemon.started"
        case .daemonStopping: "daemon.stopping"
        case .roomStarted: "room.started"
        case .roomEnded: "room.ended"
        case .callerAdmitted: "caller.admitted"
        case .callerGone: "caller.gone"
        case .tokenIssued: "token.issued"
        case .tokenRevoked: "token.revoked"
        case .refused: "refused"
        case .refusedMore: "refused.more"
        case .approvalAsked: "approval.asked"
        case .approvalSettled: "approval.settled"
        case .callIntent: "call.intent"
        case .callOutcome: "call.outcome"
        case .launchIntent: "launch.intent"
        case .launchStarted: "launch.started"
        case .launchRefused: "launch.refused"
        case .toolsDiffer: "tools.differ"
        case .launchEnded: "launch.ended"
        case .relayCut: "relay.cut"
        case .serverMisbehaved: "server.misbehaved"
        case .sandboxStarted: "sandbox.started"
        case .sandboxEnded: "sandbox.ended"
        case .registryAdopted: "registry.adopted"
        case .registryRefused: "registry.refused"
        case .policyChanged: "policy.changed"
        case .adminIntent: "admin.intent"
        case .adminOutcome: "admin.outcome"
        case .egressDecided: "egress.decided"
        case .egressEnded: "egress.ended"
        case .detection: "watch.detection"
        case .sensorLost: "watch.sensor-lost"
        case .probeSent: "probe.sent"
        }
    }
}
