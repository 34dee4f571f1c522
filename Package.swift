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

/// - Parameter vectors: the folder `vectors` holds what the tests read, not what is built.
func suite(_ name: String, _ dependencies: [Target.Dependency], vectors: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: vectors ? ["vectors"] : [], swiftSettings: strict)
}

let package = Package(
    name: "doorward",
    products: [
        .executable(name: "doorward", targets: ["CLI"]),
        .executable(name: "doorwardd", targets: ["Broker"]),
        .executable(name: "doorward-gate", targets: ["Gate"]),
        .executable(name: "doorward-launch", targets: ["Launcher"]),
        .executable(name: "doorward-watch", targets: ["Watcher"]),
        .executable(name: "doorward-tools", targets: ["Tools"]),
    ],
    targets: [
        // C: what Swift's Glibc module lacks, and libcrypto's headers.
        .target(name: "CLinux", cSettings: strictC),
        .target(name: "CCrypto", cSettings: strictC, linkerSettings: [.linkedLibrary("crypto")]),
        // Libraries: only what two rooms share. The arrows are docs/privsep.md's.
        shelf("Linux", ["CLinux"]),
        shelf("Crypto", ["CCrypto"]),
        shelf("StrictJSON", []),
        shelf("Policy", ["StrictJSON"]),
        shelf("Wire", ["Policy", "StrictJSON"]),
        shelf("Control", ["Policy", "Linux"]),
        shelf("Audit", ["Crypto", "Linux", "Policy", "StrictJSON"]),
        // Rooms: one process each.
        room("Broker", ["Audit", "Control", "Crypto", "Linux", "Policy", "StrictJSON"]),
        room("Gate", ["Control", "Linux", "Policy", "StrictJSON", "Wire"]),
        room("Launcher", ["Control", "Crypto", "Linux", "Policy", "StrictJSON"]),
        room("Watcher", ["Control", "Linux", "Policy"]),
        room("Tools", ["Linux", "Policy", "StrictJSON"]),
        room("CLI", ["Audit", "Control", "Crypto", "Linux", "Policy", "StrictJSON", "Wire"]),
        // Tests.
        .target(name: "Scratch", dependencies: ["Linux"], path: "Tests/Scratch", swiftSettings: strict),
        suite("CryptoTests", ["Crypto"]),
        suite("FilesTests", ["Linux", "Scratch"]),
        suite("WireTests", ["Policy", "Wire"], vectors: true),
    ]
)

/// One fuzz target per grammar: `fuzz/FOLDER/*.swift` with `LLVMFuzzerTestOneInput`, seeds in `fuzz/corpus/FOLDER/`.
/// `DOORWARD_FUZZ=1 swift build -c release --build-path .build-fuzz --product NAME`
func fuzzer(_ name: String, _ folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies + ["FuzzDriver"], path: "fuzz/\(folder)",
        swiftSettings: strict + [.unsafeFlags(["-parse-as-library", "-sanitize=fuzzer,address"])],
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])])
}

if Context.environment["DOORWARD_FUZZ"] != nil {
    // The code under test needs the sanitizers too, or the fuzzer sees no edges in it.
    for target in package.targets where ["StrictJSON", "Policy", "Wire"].contains(target.name) {
        target.swiftSettings = strict + [.unsafeFlags(["-sanitize=fuzzer,address"])]
    }
    package.targets += [
        .target(name: "FuzzDriver", path: "fuzz/driver"),
        fuzzer("FuzzHTTPHead", "http-head", ["Wire"]),
        fuzzer("FuzzChunked", "chunked", ["Wire"]),
        fuzzer("FuzzWebSocket", "websocket", ["Wire"]),
    ]
}

if Context.environment["DOORWARD_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "WireBench", dependencies: ["Wire"], path: "bench/wire", swiftSettings: strict))
}

if Context.environment["DOORWARD_E2E"] != nil {
    package.targets.append(
        .executableTarget(
            name: "WebSocketEcho", dependencies: ["Linux", "Wire"], path: "e2e/autobahn", exclude: ["run"],
            swiftSettings: strict))
}
