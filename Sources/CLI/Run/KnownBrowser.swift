// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// A browser whose command line is understood here.
struct KnownBrowser: Equatable {
    enum Engine: Equatable {
        case chromium
        case firefox
    }

    let engine: Engine

    /// Names of programs, as they are installed by distributions, vendors and test tools.
    private static let chromium: Set<String> = [
        "brave", "brave-browser", "brave-browser-stable", "chrome", "chrome-headless-shell", "chromium",
        "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-beta", "google-chrome-stable",
        "google-chrome-unstable", "headless_shell", "microsoft-edge", "microsoft-edge-beta", "microsoft-edge-dev",
        "microsoft-edge-stable", "msedge", "opera", "ungoogled-chromium", "vivaldi", "vivaldi-bin", "vivaldi-stable",
    ]
    private static let firefox: Set<String> = ["firefox", "firefox-bin", "firefox-esr", "librewolf"]

    private init(_ engine: Engine) { self.engine = engine }

    /// The browser that one of these names stands for.
    init?(names: [AbsolutePath]) {
        let words = names.map { String(decoding: $0.name, as: UTF8.self) }
        if words.contains(where: Self.chromium.contains) {
            self.init(.chromium)
        } else if words.contains(where: Self.firefox.contains) {
            self.init(.firefox)
        } else {
            return nil
        }
    }

    /// Where the real program may lie behind a wrapper script: those only find out where they are, read settings of the
    /// host's administrator, and execute it.
    static func programs(behind script: AbsolutePath) -> [AbsolutePath] {
        let name = String(decoding: script.name, as: UTF8.self)
        let beside: [String: [String]] = [
            "google-chrome": ["chrome"], "brave-browser": ["brave"], "microsoft-edge": ["msedge"],
            "vivaldi": ["vivaldi-bin"], "chrome-wrapper": ["chrome"],
        ]
        let elsewhere: [String: [String]] = [
            "chromium": ["/usr/lib/chromium/chromium", "/usr/lib64/chromium-browser/chromium-browser"],
            "chromium-browser": ["/usr/lib/chromium-browser/chromium-browser", "/usr/lib/chromium/chromium"],
            "firefox": ["/usr/lib/firefox/firefox", "/usr/lib64/firefox/firefox"],
            "firefox-esr": ["/usr/lib/firefox-esr/firefox-esr"],
        ]
        return (beside[name] ?? []).compactMap { script.parent.appending(Array($0.utf8)) }
            + (elsewhere[name] ?? []).compactMap { AbsolutePath(Array($0.utf8)) }
    }

    // MARK: What it is started with

    /// Of the run's own home in memory.
    static let profileDirectory = "/home/sandbox/browser"

    /// Words that stand in front of the caller's own. The address is that of the one door for HTTP.
    ///
    /// A loopback proxy makes every page count as local, so pages could reach loopback; therefore `<-loopback>`, which
    /// sends those attempts to the door too, where each is refused and recorded.
    func words(_ arguments: [[UInt8]]) -> [[UInt8]] {
        let own: [String]
        switch engine {
        case .chromium:
            own =
                [
                    "--proxy-server=http://127.0.0.1:3128", "--proxy-bypass-list=<-loopback>", "--disable-quic",
                    "--disable-breakpad", "--disable-crash-reporter", "--no-first-run", "--no-default-browser-check",
                    "--disable-background-networking", "--disable-component-update", "--disable-domain-reliability",
                    "--no-pings", "--password-store=basic",
                ]
                + (ChromiumFlags.names(arguments).contains("user-data-dir")
                    ? [] : ["--user-data-dir=\(Self.profileDirectory)"])
        case .firefox:
            let hasProfile = arguments.contains { ["-profile", "--profile", "-P"].map { Array($0.utf8) }.contains($0) }
            own = ["--no-remote"] + (hasProfile ? [] : ["--profile", Self.profileDirectory])
        }
        return own.map { Array($0.utf8) } + arguments
    }

    /// `NAME=value` beside the usual ones.
    var environment: [String] {
        switch engine {
        case .chromium: []
        case .firefox: ["MOZ_CRASHREPORTER_DISABLE=1", "MOZ_DISABLE_AUTO_SAFE_MODE=1"]
        }
    }

    /// Firefox takes its proxy from settings alone; the last line does what `<-loopback>` does.
    static let firefoxSettings = """
        user_pref("network.proxy.type", 1);
        user_pref("network.proxy.http", "127.0.0.1");
        user_pref("network.proxy.http_port", 3128);
        user_pref("network.proxy.ssl", "127.0.0.1");
        user_pref("network.proxy.ssl_port", 3128);
        user_pref("network.proxy.no_proxies_on", "");
        user_pref("network.http.http3.enable", false);
        user_pref("network.proxy.allow_hijacking_localhost", true);

        """
}
