// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Why a command line was refused.
enum ArgumentError: Error, Equatable, Sendable {
    case unknown(String)
    case roleMissing
    case valueMissing(String)
    case badAddress(String, AddressFault)
    /// `http` to anything but a port of this host's loopback.
    case inTheClear(String)
    case badPort(String)
    case badSpan(String)
    case badHeader(String)
    /// A variable that a header takes its value from is not there, or holds what no header can.
    case badValue(variable: String)
    case badPath(String)

    var sentence: String {
        switch self {
        case .unknown(let argument): "unknown argument \(argument)"
        case .roleMissing: "neither upstream nor fetch is asked for"
        case .valueMissing(let option): "\(option) needs a value"
        case .badAddress(let text, let fault): "\(text) is not an address: \(fault.word)"
        case .inTheClear(let text): "\(text) would be reached in the clear"
        case .badPort(let text): "\(text) is not a port"
        case .badSpan(let text): "\(text) is not a number of milliseconds from 1000 to 86400000"
        case .badHeader(let text): "\(text) is not NAME=VARIABLE with a header that may be set"
        case .badValue(let variable): "the variable \(variable) is missing, or holds what no header can"
        case .badPath(let text): "\(text) is not an absolute path"
        }
    }

    var hint: String {
        switch self {
        case .unknown, .roleMissing, .valueMissing: "doorward-web --help lists what there is"
        case .badAddress: "write https://HOST[:PORT]/PATH without user and password"
        case .inTheClear: "write https; only http://127.0.0.1:PORT and http://localhost:PORT may be in the clear"
        case .badPort, .badSpan: "write decimal digits"
        case .badHeader: "headers that the protocol itself sets cannot be given"
        case .badValue: "its value is one line of visible characters, at most \(HeaderLine.maxValueBytes) bytes"
        case .badPath: "write where the file lies, from the root"
        }
    }
}

/// The command line. Nothing secret stands on it: every process of the sandbox can read it.
enum Arguments: Equatable, Sendable {
    struct Upstream: Equatable, Sendable {
        let address: WebAddress
        /// Whole header lines, their values from the environment.
        var headers: [[UInt8]] = []
        /// Of one request.
        var milliseconds: UInt64 = 1_200_000
    }

    case upstream(Upstream, Curl.Options)
    case fetch(Curl.Options)
    case help
    case version

    /// - Parameters:
    ///   - words: without the program's name.
    ///   - variable: the value of an environment variable.
    init(_ words: [String], variable: (SystemString) -> [UInt8]?) throws(ArgumentError) {
        var options = Curl.Options()
        var rest = words[...]
        guard let role = rest.popFirst() else { throw .roleMissing }
        switch role {
        case "--help", "-h": self = .help
        case "--version": self = .version
        case "upstream":
            guard let text = rest.popFirst() else { throw .valueMissing(role) }
            var upstream = Upstream(address: try Self.address(text))
            while let word = rest.popFirst() {
                guard let value = rest.popFirst() else { throw .valueMissing(word) }
                switch word {
                case "--header": upstream.headers.append(try Self.header(value, variable))
                case "--timeout":
                    guard let span = UInt64(value), (1000...86_400_000).contains(span) else { throw .badSpan(value) }
                    upstream.milliseconds = span
                default: try Self.take(word, value, &options)
                }
            }
            self = .upstream(upstream, options)
        case "fetch":
            while let word = rest.popFirst() {
                guard let value = rest.popFirst() else { throw .valueMissing(word) }
                try Self.take(word, value, &options)
            }
            self = .fetch(options)
        default: throw .unknown(role)
        }
    }

    private static func take(_ word: String, _ value: String, _ options: inout Curl.Options) throws(ArgumentError) {
        switch word {
        case "--proxy-port":
            let digits = Array(value.utf8)
            guard let port = EgressTarget.port(digits.span, 0..<digits.count) else { throw .badPort(value) }
            options.proxyPort = port
        case "--certificates":
            guard value.hasPrefix("/"), let path = SystemString(Array(value.utf8)) else { throw .badPath(value) }
            options.certificates = path
        default: throw .unknown(word)
        }
    }

    private static func address(_ text: String) throws(ArgumentError) -> WebAddress {
        let address: WebAddress
        do throws(AddressFault) { address = try WebAddress(Array(text.utf8)) } catch { throw .badAddress(text, error) }
        guard address.scheme == .https || address.isOwnLoopback else { throw .inTheClear(text) }
        return address
    }

    /// `NAME=VARIABLE`: the header's value is the variable's.
    private static func header(_ text: String, _ variable: (SystemString) -> [UInt8]?) throws(ArgumentError) -> [UInt8]
    {
        let bytes = Array(text.utf8)
        guard let sign = bytes.lastIndex(of: UInt8(ascii: "=")), HeaderLine.isSettable(Array(bytes[..<sign])),
            let name = SystemString(Array(bytes[(sign + 1)...])), !name.isEmpty
        else { throw .badHeader(text) }
        guard let value = variable(name), HeaderLine.isValue(value) else { throw .badValue(variable: "\(name)") }
        return HeaderLine.make(Array(bytes[..<sign]), value)
    }

    static let usage = """
        usage: doorward-web upstream URL [--header NAME=VARIABLE]... [OPTION]...
               doorward-web fetch [OPTION]...

        The HTTPS client of doorward. It reaches the outside through the proxy at 127.0.0.1 alone.

          upstream URL           a server on standard input and output that relays to the MCP server at URL
            --header NAME=VARIABLE   send this header, with the value of the environment variable
            --timeout MS             for one request, 1200000
          fetch                  read one request in JSON on each line of standard input, answer with one line

          --proxy-port PORT      of the proxy on 127.0.0.1, 3128
          --certificates FILE    believe these certificates instead of the system's
          --help                 show this
          --version              show the version
        """
}
