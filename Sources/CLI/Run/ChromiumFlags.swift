// SPDX-License-Identifier: Apache-2.0

/// Judges the flags of Chromium and its kin as Chromium itself reads them (base/command_line.cc): one dash or two, a name
/// in exact letters up to the first `=`, until a bare `--`.
enum ChromiumFlags {
    struct Finding: Equatable {
        enum Kind: Equatable {
            /// It undoes what the run is for.
            case refused
            /// The same, and the profile accepts it by name.
            case accepted
            /// It takes away a wall of the browser's own; ours stand.
            case warned
        }
        let kind: Kind
        let flag: [UInt8]
        let reason: String
    }

    /// - Parameter accepted: flags that the profile accepts: a name, a name with its value, or one feature of a list
    ///   (`--disable-features=LocalNetworkAccessChecks`).
    static func findings(_ arguments: [[UInt8]], accepted: [[UInt8]]) -> [Finding] {
        var found: [Finding] = []
        for argument in switches(arguments) {
            let (name, value) = parts(argument)
            let text = String(decoding: name, as: UTF8.self)
            if let reason = refused[text] {
                let isAccepted = accepted.contains { isSame($0, name, value) }
                found.append(Finding(kind: isAccepted ? .accepted : .refused, flag: argument, reason: reason))
            } else if featureLists.contains(text) {
                for feature in guarded(value, of: text) {
                    let isAccepted = accepted.contains { isSame($0, name, value) || isSame($0, name, feature) }
                    found.append(
                        Finding(
                            kind: isAccepted ? .accepted : .refused,
                            flag: Array("--".utf8) + name + [UInt8(ascii: "=")] + feature,
                            reason: "it changes how pages are kept from local networks and from each other"))
                }
            } else if let reason = warned[text] {
                found.append(Finding(kind: .warned, flag: argument, reason: reason))
            }
        }
        return found
    }

    /// The names of all switches.
    static func names(_ arguments: [[UInt8]]) -> Set<String> {
        Set(switches(arguments).map { String(decoding: parts($0).name, as: UTF8.self) })
    }

    /// Up to a bare `--`, behind which everything is an address.
    private static func switches(_ arguments: [[UInt8]]) -> [[UInt8]] {
        arguments.prefix { !$0.elementsEqual("--".utf8) }.filter { $0.count > 1 && $0[0] == UInt8(ascii: "-") }
    }

    private static func parts(_ argument: [UInt8]) -> (name: [UInt8], value: [UInt8]) {
        let body = argument.dropFirst(argument.starts(with: "--".utf8) ? 2 : 1)
        let name = body.prefix { $0 != UInt8(ascii: "=") }
        return (Array(name), Array(body.dropFirst(name.count + 1)))
    }

    private static func isSame(_ accepted: [UInt8], _ name: [UInt8], _ value: [UInt8]) -> Bool {
        let (acceptedName, acceptedValue) = parts(accepted)
        guard acceptedName == name else { return false }
        return !accepted.contains(UInt8(ascii: "=")) || acceptedValue == value
    }

    // MARK: Features

    private static let featureLists: Set<String> = [
        "disable-features", "enable-features", "disable-blink-features", "enable-blink-features", "force-fieldtrials",
        "force-fieldtrial-params",
    ]

    /// Beginnings of names, in lower case.
    private static let guardedFeatures: [String] = [
        "localnetworkaccess", "blockinsecureprivatenetworkrequests", "privatenetworkaccess", "isolateorigins",
        "site-per-process", "siteperprocess",
    ]

    /// The elements of a list that switch such a feature off, or set its parameters.
    ///
    /// Elements are `Name`, `*Name`, `Name<Trial.Group` and `Name:key/value`; lists of trials use slashes too.
    private static func guarded(_ value: [UInt8], of list: String) -> [[UInt8]] {
        let separators = list.hasPrefix("force-") ? Array(",/*<:.".utf8) : Array(",".utf8)
        return value.split(whereSeparator: separators.contains).compactMap { element in
            let bare = element.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: "*") }
            let small = String(decoding: bare.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }, as: UTF8.self)
            guard guardedFeatures.contains(where: small.hasPrefix) else { return nil }
            // To switch one on as it is protects more; parameters can turn a check into a warning.
            let isPlain = !bare.contains { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "<") }
            if list.hasPrefix("enable-"), isPlain { return nil }
            return Array(bare)
        }
    }

    // MARK: Flags

    private static let ours = "the egress door is the only way out, and this flag leads elsewhere"
    private static let resolving = "names are resolved by the egress door alone"
    private static let debugging =
        "every process that reaches such a port commands the browser; use --remote-debugging-pipe"
    private static let origins = "pages of different sites are no longer kept apart"
    private static let certificates = "it lets anybody on the way read and change what is encrypted"

    private static let refused: [String: String] = [
        "no-proxy-server": ours, "proxy-server": ours, "proxy-bypass-list": ours, "proxy-pac-url": ours,
        "proxy-auto-detect": ours,
        "host-resolver-rules": resolving, "host-rules": resolving, "dns-over-https-servers": resolving,
        "dns-over-https-mode": resolving,
        "remote-debugging-port": debugging, "remote-debugging-address": debugging,
        "remote-debugging-socket-name": debugging, "remote-debugging-targets": debugging,
        "remote-allow-origins": debugging,
        "disable-web-security": origins, "disable-site-isolation-trials": origins,
        "disable-site-isolation-for-policy": origins, "allow-file-access-from-files": origins,
        "allow-running-insecure-content": certificates, "ignore-certificate-errors": certificates,
        "ignore-certificate-errors-spki-list": certificates, "allow-insecure-localhost": certificates,
        "ip-address-space-overrides": "it says which addresses count as public",
        "unsafely-treat-insecure-origin-as-secure": certificates,
    ]

    private static let walls = "the browser's own walls between pages are weaker; those around it stand"

    private static let warned: [String: String] = [
        "no-sandbox": walls, "disable-setuid-sandbox": walls, "disable-namespace-sandbox": walls,
        "disable-seccomp-filter-sandbox": walls, "no-zygote": walls, "no-zygote-sandbox": walls,
        "disable-gpu-sandbox": walls, "single-process": walls, "in-process-gpu": walls,
        "load-extension": "an extension reads and changes every page",
        "disable-extensions-except": "an extension reads and changes every page",
    ]
}
