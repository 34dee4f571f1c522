// SPDX-License-Identifier: Apache-2.0
internal import CCurl
internal import Linux
internal import Policy

/// libcurl, held to what this program is allowed: HTTP/1.1 through one proxy on this loopback, HTTPS verified, nothing
/// followed, nothing taken from the environment, nothing kept between two requests but open connections.
///
/// Safe: every handle is made, used and freed by this class on the thread that owns it. A transfer lives in
/// ``transfers`` as long as libcurl holds its address, so a callback always finds it.
@safe final class Curl {
    /// Connections at once; further requests wait inside libcurl.
    static let mostConnections = 128
    /// Open connections that wait for the next request.
    static let mostIdle = 8
    /// From the first byte to a finished handshake: the proxy, its look-up and dial, and TLS.
    static let connectMilliseconds = 30_000

    struct Options: Equatable {
        /// Of the proxy on 127.0.0.1: the only place to which a socket is opened.
        var proxyPort: UInt16 = 3128
        /// A file of certificates to believe instead of the system's.
        var certificates: SystemString?
    }

    private let multi: OpaqueMulti
    /// Without transfers: to wait for descriptors alone.
    private let idle: OpaqueMulti
    private let options: Options
    private var transfers: [Int: Transfer] = [:]
    private var handles: [Int: OpaqueEasy] = [:]
    private var lastNumber = 0

    init(_ options: Options) throws(CurlFault) {
        // Once in a program that has one thread.
        guard curl_global_init(Int(CURL_GLOBAL_SSL)) == CURLE_OK, let multi = unsafe curl_multi_init(),
            let idle = unsafe curl_multi_init()
        else {
            throw .unusable("libcurl cannot start")
        }
        self.multi = unsafe OpaqueMulti(handle: multi)
        self.idle = unsafe OpaqueMulti(handle: idle)
        self.options = options
        unsafe dw_curl_multi_set_number(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, Self.mostConnections)
        unsafe dw_curl_multi_set_number(multi, CURLMOPT_MAXCONNECTS, Self.mostIdle)
    }

    deinit {
        for number in Array(transfers.keys) { forget(number) }
        // No transfer is left in it.
        unsafe curl_multi_cleanup(multi.handle)
        unsafe curl_multi_cleanup(idle.handle)
    }

    /// Begins a request.
    ///
    /// - Returns: the number by which its transfer is known.
    func start(_ request: WebRequest) throws(CurlFault) -> Int {
        guard let easy = unsafe curl_easy_init() else { throw .unusable("libcurl has no memory") }
        lastNumber += 1
        let transfer = Transfer(number: lastNumber, request)
        transfers[lastNumber] = transfer
        let lines = unsafe Self.list(request.lines)
        unsafe handles[lastNumber] = OpaqueEasy(handle: easy, lines: lines)
        let isReady =
            unsafe (lines != nil || request.lines.isEmpty) && set(easy, request, lines, transfer)
            && curl_multi_add_handle(multi.handle, easy) == CURLM_OK
        guard isReady else {
            forget(lastNumber)
            throw .unusable("libcurl lacks an option that this program relies on")
        }
        return lastNumber
    }

    /// Ends a request wherever it stands. The server sees its connection close.
    func forget(_ number: Int) {
        guard let easy = handles.removeValue(forKey: number) else { return }
        // Removed before it is freed; afterwards libcurl knows neither the handle, its lines nor the transfer's address.
        unsafe curl_multi_remove_handle(multi.handle, easy.handle)
        unsafe curl_easy_cleanup(easy.handle)
        unsafe curl_slist_free_all(easy.lines)
        transfers[number] = nil
    }

    func transfer(_ number: Int) -> Transfer? { transfers[number] }

    var count: Int { transfers.count }

    /// Moves what can be moved without waiting.
    ///
    /// - Returns: the transfers about which something is new, in their order.
    func perform() throws(CurlFault) -> [Transfer] {
        var running: Int32 = 0
        // One integer, ours for the length of the call.
        guard unsafe curl_multi_perform(multi.handle, &running) == CURLM_OK else {
            throw .unusable("libcurl cannot go on")
        }
        var result = CURLE_OK
        while let easy = unsafe dw_curl_next_ended(multi.handle, &result) {
            guard let number = handles.first(where: { unsafe $0.value.handle == easy })?.key else { continue }
            transfers[number]?.end = unsafe Self.end(easy, result)
        }
        return transfers.values.filter { $0.isNews }.sorted { $0.number < $1.number }
    }

    /// Waits until a transfer can go on, one of the descriptors is ready, or the time is over.
    ///
    /// - Parameter transfers: false where nobody could take what they bring.
    func wait(_ descriptors: [Waited], milliseconds: Int32, transfers: Bool = true) throws(CurlFault) {
        var entries = descriptors.map {
            curl_waitfd(
                fd: $0.number, events: Int16($0.isForWriting ? CURL_WAIT_POLLOUT : CURL_WAIT_POLLIN), revents: 0)
        }
        let count = UInt32(entries.count)
        // As many entries as are told, ours for the length of the call.
        let waiting = transfers ? multi : idle
        guard unsafe curl_multi_poll(waiting.handle, &entries, count, milliseconds, nil) == CURLM_OK else {
            throw .unusable("libcurl cannot wait")
        }
    }

    /// A descriptor to wait for beside the transfers.
    struct Waited {
        let number: Int32
        let isForWriting: Bool
    }

    // MARK: One request

    /// Header lines as libcurl wants them; nil if there is no memory, or no line.
    private static func list(_ lines: [[UInt8]]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            // Copied by the list, which stays as it was where that fails.
            guard let longer = unsafe lend(line, { unsafe curl_slist_append(list, $0) }) else {
                unsafe curl_slist_free_all(list)
                return nil
            }
            unsafe list = longer
        }
        return unsafe list
    }

    private func set(
        _ easy: UnsafeMutableRawPointer, _ request: WebRequest, _ lines: UnsafeMutablePointer<curl_slist>?,
        _ transfer: Transfer
    ) -> Bool {
        // The transfer outlives its handle, see above.
        let context = unsafe Unmanaged.passUnretained(transfer).toOpaque()
        var done: [CURLcode] = []
        let scheme: String
        switch request.address.scheme {
        case .https: scheme = "https"
        case .http: scheme = "http"
        }
        func text(_ option: CURLoption, _ value: [UInt8]) {
            // Copied by libcurl.
            done.append(unsafe Self.lend(value) { unsafe dw_curl_set_text(easy, option, $0) })
        }
        func number(_ option: CURLoption, _ value: Int) { done.append(unsafe dw_curl_set_number(easy, option, value)) }
        text(CURLOPT_URL, request.address.text)
        text(CURLOPT_PROTOCOLS_STR, Array(scheme.utf8))
        // Both set, so that the environment is not asked.
        text(CURLOPT_PROXY, Array("http://127.0.0.1:\(options.proxyPort)".utf8))
        text(CURLOPT_NOPROXY, [])
        done.append(unsafe dw_curl_set_only_port(easy, options.proxyPort))
        number(CURLOPT_FOLLOWLOCATION, 0)
        // Fewer grammars: what a peer says is read by one parser.
        number(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        number(CURLOPT_SSL_VERIFYPEER, 1)
        number(CURLOPT_SSL_VERIFYHOST, 2)
        number(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let certificates = options.certificates { text(CURLOPT_CAINFO, certificates.bytes) }
        number(CURLOPT_PATH_AS_IS, 1)
        number(CURLOPT_NOSIGNAL, 1)
        number(CURLOPT_BUFFERSIZE, Transfer.readBytes)
        number(CURLOPT_CONNECTTIMEOUT_MS, Self.connectMilliseconds)
        number(CURLOPT_TIMEOUT_MS, Int(clamping: request.milliseconds ?? 0))
        done.append(unsafe dw_curl_set_list(easy, CURLOPT_HTTPHEADER, lines))
        done.append(unsafe dw_curl_set_head_receiver(easy, receiveHead, context))
        done.append(unsafe dw_curl_set_body_receiver(easy, receiveBody, context))
        switch request.method {
        case .get: number(CURLOPT_HTTPGET, 1)
        case .delete: text(CURLOPT_CUSTOMREQUEST, Array("DELETE".utf8))
        case .post:
            number(CURLOPT_POST, 1)
            done.append(unsafe dw_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, Int64(request.body.count)))
            // From a function that cannot go back: libcurl would otherwise repeat a request whose connection ended
            // before an answer, and a server could do twice what was asked for once.
            done.append(unsafe dw_curl_set_body_sender(easy, sendBody, context))
        }
        return done.allSatisfy { $0 == CURLE_OK }
    }

    /// Lends bytes as a terminated text.
    private static func lend<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        let terminated = bytes.map { CChar(bitPattern: $0) } + [0]
        return unsafe terminated.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }

    private static func end(_ easy: UnsafeMutableRawPointer, _ result: CURLcode) -> TransferEnd {
        if result == CURLE_OK { return .whole }
        let refused = unsafe dw_curl_number(easy, CURLINFO_HTTP_CONNECTCODE)
        if result == CURLE_OPERATION_TIMEDOUT { return .failed(.timeout) }
        if refused >= 300 { return .refused(status: Int(refused)) }
        return .failed(CurlFailure(result))
    }
}

// The handles are opaque to Swift; each is touched by its owner alone.
@safe private struct OpaqueMulti { let handle: UnsafeMutableRawPointer }
@safe private struct OpaqueEasy {
    let handle: UnsafeMutableRawPointer
    /// Read by libcurl as long as the handle lives.
    let lines: UnsafeMutablePointer<curl_slist>?
}

/// Header lines of all heads of a transfer: the proxy's, interim ones, and the last.
private func receiveHead(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    unsafe withTransfer(bytes, size &* count, context) { transfer, line in transfer.receive(line: line) }
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    unsafe withTransfer(bytes, size &* count, context) { transfer, body in transfer.receive(body: body) }
}

/// - Returns: all that was given, or none, which makes libcurl end the transfer.
private func withTransfer(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ body: (Transfer, borrowing Span<UInt8>) -> Bool
) -> Int {
    guard let context = unsafe context else { return 0 }
    // The address that ``Curl/set`` gave; the transfer lives until its handle is gone.
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    // libcurl lends `count` bytes for the length of the call.
    let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    let isTaken = unsafe raw.withMemoryRebound(to: UInt8.self) { unsafe body(transfer, $0.span) }
    return isTaken ? count : 0
}

private func sendBody(
    _ room: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context, let room = unsafe room else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let part = transfer.takeBody(atMost: size &* count)
    // libcurl has room for `size * count` bytes, and the part is no longer.
    unsafe part.withUnsafeBytes { bytes in
        unsafe UnsafeMutableRawPointer(room).copyMemory(
            from: bytes.baseAddress ?? UnsafeRawPointer(room), byteCount: bytes.count)
    }
    return part.count
}

extension CurlFailure {
    fileprivate init(_ code: CURLcode) {
        switch code {
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_INITFAILED:
            self = .tls
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY: self = .noProxy
        case CURLE_WRITE_ERROR: self = .tooLarge
        default: self = .connection
        }
    }
}
