// SPDX-License-Identifier: Apache-2.0
import Control
import Policy

/// Names and digests are optional only because their initialisers judge; these are all in order.
private let servers = [ServerName(bytes("files")), ServerName(bytes("a-b"))].compactMap(\.self)
private let clients = [ClientName(bytes("agent"))].compactMap(\.self)
private let digests = [Digest(filled(32, with: 0xD5))].compactMap(\.self)

extension Door {
    static let all = [
        gateRequests, gateOrders, launchRequests, launchReports, watchRequests, watchReports, egressOrders,
        egressReports, operatorRequests, operatorReplies,
    ]

    static let launchRequests = Door(
        testDescription: "broker to launcher", kinds: Set(LaunchRequest.Kind.allCases.map(\.rawValue)),
        samples: [
            Sample("ready", LaunchRequest.ready(report: bytes("report"))), Sample("serving", LaunchRequest.serving),
            Sample("stop", LaunchRequest.stop(launch: 1, force: false)),
            Sample("stop at once", LaunchRequest.stop(launch: .max, force: true)),
            Sample("startGate", LaunchRequest.startGate(listener: .local)), Sample("reload", LaunchRequest.reload),
            Sample("finished", LaunchRequest.finished),
            Sample("fatal", LaunchRequest.fatal(error: bytes("error"), hint: bytes("hint"))),
            Sample("fatal without words", LaunchRequest.fatal(error: [], hint: [])),
        ]
            + servers.flatMap { name in
                digests.map {
                    Sample("start \(name)", LaunchRequest.start(launch: 1, server: name, seal: $0, choices: bytes("0")))
                }
            },
        maxBytes: { LaunchRequest.Kind(rawValue: $0)?.maxBytes })

    static let launchReports = Door(
        testDescription: "launcher to broker", kinds: Set(LaunchReport.Kind.allCases.map(\.rawValue)),
        samples: [
            Sample("standUp", LaunchReport.standUp(mode: .serve, isFullDemanded: true, report: bytes("report"))),
            Sample(
                "standUp for the operator", LaunchReport.standUp(mode: .administer, isFullDemanded: false, report: [])),
            Sample("sealRefused", LaunchReport.sealRefused(reason: bytes("mode"))),
            Sample("listener", LaunchReport.listener(.main, .tcp, authority: bytes("127.0.0.1:1"))),
            Sample("unix listener", LaunchReport.listener(.local, .local, authority: [])),
            Sample("operatorSocket", LaunchReport.operatorSocket), Sample("watch", LaunchReport.watch(report: [])),
            Sample("gate", LaunchReport.gate(.main, report: bytes("report"))),
            Sample("complete", LaunchReport.complete),
            Sample("egress", LaunchReport.egress(report: bytes("report"))),
            Sample("started", LaunchReport.started(launch: 1, pid: 2, report: bytes("report"))),
            Sample("started with a network", LaunchReport.started(launch: 1, pid: 2, hasNetwork: true, report: [])),
            Sample("refused", LaunchReport.refused(launch: 1, denial: .executableChanged, detail: bytes("detail"))),
            Sample("exited", LaunchReport.exited(launch: 1, status: 0x0100)),
            Sample("roomEnded", LaunchReport.roomEnded(word: bytes("gate/main"), status: 9)),
            Sample("terminate", LaunchReport.terminate),
        ] + digests.map { Sample("seal", LaunchReport.seal(digest: $0)) },
        maxBytes: { _ in nil })

    static let watchRequests = Door(
        testDescription: "broker to watcher", kinds: [1, 2],
        samples: [
            Sample(
                "attributeTCP",
                WatchRequest.attributeTCP(
                    query: 1, clientAddress: [127, 0, 0, 1], clientPort: 0x0102, ourAddress: [127, 0, 0, 1],
                    ourPort: .max)),
            Sample(
                "attributeTCP of IPv6",
                WatchRequest.attributeTCP(
                    query: 1, clientAddress: filled(16, with: 0), clientPort: 0, ourAddress: filled(16, with: 1),
                    ourPort: 1)),
            Sample("attributePeer", WatchRequest.attributePeer(query: 1)),
        ],
        maxBytes: { _ in nil })

    static let watchReports = Door(
        testDescription: "watcher to broker", kinds: [1, 2],
        samples: [
            Sample("ready", WatchReport.ready(report: bytes("report"))),
            Sample("of nobody", WatchReport.attributed(query: 1, peer: .unknown(uid: nil))),
            Sample("of a user", WatchReport.attributed(query: 1, peer: .unknown(uid: 0))),
            Sample("of another user", WatchReport.attributed(query: 1, peer: .unknown(uid: 1000))),
            Sample(
                "of a process",
                WatchReport.attributed(
                    query: 1,
                    peer: .process(
                        PeerProcess(
                            uid: 0, pid: 1, startTime: .max, executable: bytes("/bin/sh"), isBrowser: false)))),
            Sample(
                "of a browser",
                WatchReport.attributed(
                    query: 1,
                    peer: .process(PeerProcess(uid: 1, pid: .max, startTime: 0, executable: [], isBrowser: true)))),
        ],
        maxBytes: { _ in nil })

    static let operatorRequests = Door(
        testDescription: "operator to broker", kinds: Set(OperatorRequest.Kind.allCases.map(\.rawValue)),
        samples: [
            Sample("status", OperatorRequest.status), Sample("listTokens", OperatorRequest.listTokens),
            Sample("revokeTokens", OperatorRequest.revokeTokens(selector: bytes("agent"))),
            Sample("rotateToken", OperatorRequest.rotateToken(selector: bytes("agent"), lifeSeconds: .max)),
            Sample("reload", OperatorRequest.reload),
        ]
            + SandboxEnding.Cause.allCases.map { cause in
                Sample(
                    "sandboxEnded \(cause)",
                    OperatorRequest.sandboxEnded(SandboxEnding(status: 137, cause: cause)))
            }
            + digests.map { Sample("adoptSandbox", OperatorRequest.adoptSandbox(.sample($0))) }
            + servers.map { Sample("probe \($0)", OperatorRequest.probe(server: $0)) }
            + clients.flatMap { client in
                [(nil, nil), ([], .main), (servers, nil)].map { (servers: [ServerName]?, listener: ListenerName?) in
                    Sample(
                        "issueToken for \(servers?.count.description ?? "all")",
                        OperatorRequest.issueToken(
                            client: client, servers: servers, listener: listener, lifeSeconds: 86_400))
                }
            },
        maxBytes: { _ in nil })

    static let operatorReplies = Door(
        testDescription: "broker to operator", kinds: [1, 2],
        samples: [
            Sample("done", OperatorReply.done(document: bytes("{}"))),
            Sample("failed", OperatorReply.failed(error: bytes("error"), hint: bytes("hint"))),
        ],
        maxBytes: { _ in nil })
}

extension SandboxAdoption {
    /// - Parameter isLargest: every field is at its limit.
    static func sample(_ digest: Digest, isLargest: Bool = false) -> SandboxAdoption {
        let word = isLargest ? filled(maxWordBytes) : bytes("npm")
        return SandboxAdoption(
            name: isLargest ? filled(Caps.word) : bytes("node"),
            profile: isLargest ? filled(Caps.name) : bytes("agent"),
            isBrowser: isLargest, backend: isLargest ? filled(Caps.word) : bytes("own"),
            report: isLargest ? filled(maxReportBytes) : bytes("report"), pid: isLargest ? .max : 2,
            policy: isLargest ? filled(maxPolicyBytes) : [],
            localPorts: isLargest ? [UInt16](repeating: .max, count: maxPorts) : [5432],
            executable: isLargest ? filled(Caps.executable) : bytes("/usr/bin/node"), executableDigest: digest,
            argumentsDigest: digest, words: [[UInt8]](repeating: word, count: isLargest ? maxWords : 1),
            directory: isLargest ? filled(Caps.executable) : bytes("/"),
            grants: isLargest ? filled(maxGrantsBytes) : bytes("write /src"),
            accepted: [[UInt8]](repeating: bytes("wide-grant"), count: isLargest ? maxAccepted : 0))
    }
}
