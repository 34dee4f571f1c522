// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// The same for every Swift target: a deviation stands next to its target, with the reason.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let strictC: [CSetting] = [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-std=c11"])]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func shelf(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// - Parameter exclude: folders that hold what the tests read, not what is built.
func suite(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

/// For what only tests and measurements use: system calls with bare pointers, as an attacker makes them, without a word
/// about each.
let loose: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// Programs that measure, built only on request: `DOORWARD_BENCH=1 swift build -c release`.
let benches: [Target] =
    Context.environment["DOORWARD_BENCH"] == nil
    ? []
    : [
        .executableTarget(
            name: "JSONBench", dependencies: ["StrictJSON"], path: "bench/json/JSONBench", swiftSettings: strict),
        .executableTarget(
            name: "AuditBench", dependencies: ["Audit", "Crypto", "Linux", "StrictJSON"],
            path: "bench/audit/AuditBench", swiftSettings: strict),
        // Looser than others: it starts the broker.
        .executableTarget(
            name: "BrokerBench", dependencies: ["Control", "Crypto", "Linux", "Policy", "StrictJSON"],
            path: "bench/broker/BrokerBench", swiftSettings: loose),
        .executableTarget(
            name: "LinuxBench", dependencies: ["Linux"], path: "bench/linux/LinuxBench", swiftSettings: strict),
        .executableTarget(name: "WireBench", dependencies: ["Wire"], path: "bench/wire", swiftSettings: strict),
        .executableTarget(
            name: "SchemaBench", dependencies: ["Policy", "StrictJSON"], path: "bench/schema/SchemaBench",
            swiftSettings: strict),
    ]

/// Programs that end-to-end tests talk to, built only on request.
let peers: [Target] =
    Context.environment["DOORWARD_E2E"] == nil
    ? []
    : [
        .executableTarget(
            name: "WebSocketEcho", dependencies: ["Linux", "Wire"], path: "e2e/autobahn", exclude: ["run"],
            swiftSettings: strict)
    ]

/// Fuzz targets, built by `fuzz/run` alone: the directory `fuzz/<name>`, and what it exercises. They are libraries
/// because libFuzzer brings `main`.
let fuzzers: [(name: String, dependencies: [Target.Dependency])] =
    Context.environment["DOORWARD_FUZZ"] == nil
    ? []
    : [
        ("audit-verify", ["Audit", "Crypto", "Linux"]),
        ("json", ["JSONReference", "StrictJSON"]),
        ("json-comments", ["StrictJSON"]),
        ("http-head", ["Wire"]),
        ("chunked", ["Wire"]),
        ("websocket", ["Wire"]),
        ("proxy-head", ["Policy", "Wire"]),
        ("proxy-answer", ["Wire"]),
        ("socks", ["Policy", "Wire"]),
        ("dns-answer", ["Policy", "Wire"]),
        ("client-hello", ["Wire"]),
        ("schema", ["Policy", "StrictJSON"]),
        ("web-address", ["Policy"]),
        ("regex", ["Policy"]),
        ("config", ["Policy", "StrictJSON"]),
        ("control", ["Control", "Linux"]),
        ("egress-target", ["Policy"]),
        ("envelope", ["Policy", "StrictJSON"]),
        ("gate", ["Control", "FakeBroker", "Gate", "Linux", "Policy"]),
        ("remote-server", ["Linux", "Policy", "StrictJSON", "Web"]),
        ("server-lines", ["Audit", "Broker", "Control", "Crypto", "Linux", "Policy", "Scratch", "StrictJSON"]),
    ]

let package = Package(
    name: "doorward",
    products: [
        .executable(name: "doorward", targets: ["CLI"]),
        .executable(name: "doorwardd", targets: ["Broker"]),
        .executable(name: "doorward-gate", targets: ["Gate"]),
        .executable(name: "doorward-launch", targets: ["Launcher"]),
        .executable(name: "doorward-watch", targets: ["Watcher"]),
        .executable(name: "doorward-tools", targets: ["Tools"]),
        .executable(name: "doorward-egress", targets: ["Egress"]),
        .executable(name: "doorward-web", targets: ["Web"]),
    ] + fuzzers.map { .library(name: "fuzz-\($0.name)", type: .static, targets: ["fuzz-\($0.name)"]) },
    targets: [
        // C: what Swift's Glibc module lacks, and the headers of libcrypto and libcurl.
        .target(name: "CLinux", cSettings: strictC),
        .target(name: "CCrypto", cSettings: strictC, linkerSettings: [.linkedLibrary("crypto")]),
        // The setters that Swift cannot call because they are variadic.
        .target(name: "CCurl", cSettings: strictC, linkerSettings: [.linkedLibrary("curl")]),
        // Libraries: only what two rooms share. The arrows are docs/privsep.md's.
        shelf("Linux", ["CLinux"]),
        shelf("Sandboxing", ["Linux"]),
        shelf("Crypto", ["CCrypto"]),
        shelf("StrictJSON", []),
        shelf("Policy", ["StrictJSON"]),
        shelf("Wire", ["Policy", "StrictJSON"]),
        shelf("Control", ["Policy", "Linux"]),
        shelf("Audit", ["Crypto", "Linux", "Policy", "StrictJSON"]),
        // Rooms: one process each.
        room("Broker", ["Audit", "Control", "Crypto", "Linux", "Policy", "StrictJSON"]),
        room("Gate", ["Control", "Linux", "Policy", "StrictJSON", "Wire"]),
        room("Launcher", ["Control", "Crypto", "Linux", "Policy", "Sandboxing", "StrictJSON"]),
        room("Watcher", ["Control", "Linux", "Policy"]),
        room("Egress", ["Control", "Linux", "Policy", "Wire"]),
        room("Tools", ["Linux", "Policy", "StrictJSON", "Wire"]),
        room("Web", ["CCurl", "Linux", "Policy", "StrictJSON", "Wire"]),
        room("CLI", ["Audit", "Control", "Crypto", "Linux", "Policy", "Sandboxing", "StrictJSON", "Wire"]),
        // Tests: one target for each module, and what they share.
        .target(name: "Scratch", dependencies: ["Linux"], path: "Tests/Scratch", swiftSettings: strict),
        .target(
            name: "FakeBroker", dependencies: ["Control", "Linux", "Policy"], path: "Tests/Support/FakeBroker",
            swiftSettings: strict),
        suite("AuditTests", ["Audit", "Crypto", "Linux", "Scratch", "Spawn", "StrictJSON"], exclude: ["golden"]),
        suite("BrokerTests", ["Audit", "Broker", "Control", "Crypto", "Linux", "Policy", "Scratch", "StrictJSON"]),
        suite(
            "CLITests",
            ["Audit", "CLI", "Crypto", "Linux", "Policy", "Sandboxing", "Scratch", "StrictJSON", "Wire"],
            exclude: ["clients"]),
        suite("ControlTests", ["Control", "Linux", "Policy", "Scratch"]),
        suite("CryptoTests", ["Crypto"]),
        // Looser than other suites: it plays the name server with bare system calls.
        .testTarget(
            name: "EgressTests", dependencies: ["Control", "Egress", "Linux", "Policy", "Spawn", "Wire"],
            swiftSettings: loose),
        suite("FilesTests", ["Linux", "Scratch"]),
        suite("GateTests", ["Control", "FakeBroker", "Gate", "Linux", "Policy", "StrictJSON", "Wire"]),
        .target(name: "JSONReference", path: "Tests/JSONReference", swiftSettings: strict),
        suite("PolicyTests", ["Policy", "StrictJSON"], exclude: ["configurations", "vectors"]),
        suite("StrictJSONTests", ["JSONReference", "StrictJSON"], exclude: ["vectors"]),
        suite("WireTests", ["Policy", "Wire"], exclude: ["vectors"]),
        // What several test targets start programs with, and the programs.
        .target(name: "Spawn", dependencies: ["Linux"], path: "Tests/Support/Spawn", swiftSettings: loose),
        .executableTarget(
            name: "SandboxHarness", dependencies: ["Linux", "Sandboxing"], path: "Tests/Support/SandboxHarness",
            swiftSettings: loose),
        .executableTarget(
            name: "SandboxStageTwo", dependencies: ["Linux", "Sandboxing"], path: "Tests/Support/SandboxStageTwo",
            swiftSettings: loose, linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .executableTarget(
            name: "SandboxProbe", path: "Tests/Support/SandboxProbe", cSettings: strictC,
            // Static, because a sandbox's tree need not have a loader. No suite may depend on such a target, or the
            // test bundle would be linked like it; a test run builds it all the same.
            linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .executableTarget(
            name: "RoomProbe", dependencies: ["Linux"], path: "Tests/Support/RoomProbe",
            swiftSettings: loose,
            linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .executableTarget(
            name: "JournalProbe", dependencies: ["Audit", "Crypto", "Linux", "StrictJSON"],
            path: "Tests/Support/JournalProbe", swiftSettings: strict),
        // Looser than other suites: it holds our owners against bare system calls.
        .testTarget(
            name: "LinuxTests", dependencies: ["Linux", "Spawn"], swiftSettings: loose),
        suite("SandboxingTests", ["Linux", "Sandboxing", "Scratch", "Spawn"]),
        // Looser than other suites: it starts the program between pipes.
        .testTarget(
            name: "ToolsTests", dependencies: ["Linux", "Policy", "Scratch", "Spawn", "StrictJSON", "Tools"],
            swiftSettings: loose),
        // Looser than other suites: it starts the program between pipes.
        .testTarget(
            name: "WebTests", dependencies: ["Linux", "Policy", "Scratch", "Spawn", "StrictJSON", "Web", "Wire"],
            exclude: ["peer"], swiftSettings: loose),
    ] + benches + peers
        + fuzzers.map { name, dependencies in
            .target(
                name: "fuzz-\(name)", dependencies: dependencies, path: "fuzz/\(name)", swiftSettings: strict)
        }
)
