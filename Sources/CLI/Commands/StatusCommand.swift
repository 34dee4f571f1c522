// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Policy
internal import StrictJSON

/// `doorward status`
enum StatusCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let places = try Places(arguments, console)
        let disk = DiskState(places)
        let broker = try OperatorClient.connect(places).map { client throws(Failure) in try client.ask(.status) }
        if arguments.has(.json) {
            console.print(document: document(broker, disk))
        } else if let broker {
            StatusReport(broker, disk, console, showsAllLayers: arguments.has(.confinement)).show()
        } else {
            disk.show(places, console)
        }
        return broker == nil ? .nothingServing : .done
    }

    private static func document(_ broker: JSONTree?, _ disk: DiskState) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        if let broker {
            json.key("broker")
            json.value(broker, .root)
        }
        json.key("configuration")
        disk.writeConfiguration(&json)
        json.key("isServing")
        json.bool(broker != nil)
        json.key("seal")
        disk.writeSeal(&json)
        json.endObject()
        return json.take()
    }
}

/// What the files say, whether or not anything is serving.
struct DiskState {
    private let path: AbsolutePath
    private let configuration: Result<ConfigurationFile?, Failure>
    private let seal: Result<SealedFile?, Failure>

    init(_ places: Places) {
        path = places.configuration
        configuration = Result { () throws(Failure) in try ConfigurationFile.read(places.configuration) }
        seal = Result { () throws(Failure) in try SealedFile.read(places) }
    }

    /// Whether the sealed registry was made from the configuration as it is; nil where one of them cannot be read.
    var isSealed: Bool? {
        guard case .success(let file) = configuration, case .success(let sealed) = seal, let sealed else { return nil }
        return sealed.registry.source == (file?.digest ?? ConfigurationFile.digest([]))
    }

    func writeConfiguration(_ json: inout JSONWriter) {
        json.beginObject()
        switch configuration {
        case .failure(let failure):
            json.key("error")
            json.string(failure.sentence)
            json.key("exists")
            json.bool(true)
        case .success(let file):
            json.key("exists")
            json.bool(file != nil)
        }
        json.key("file")
        json.string(path.bytes)
        if let isSealed {
            json.key("isSealed")
            json.bool(isSealed)
        }
        json.endObject()
    }

    func writeSeal(_ json: inout JSONWriter) {
        switch seal {
        case .failure(let failure):
            json.beginObject()
            json.key("error")
            json.string(failure.sentence)
            json.endObject()
        case .success(nil): json.null()
        case .success(let sealed?):
            json.beginObject()
            json.key("digest")
            json.string(sealed.digest.hex)
            json.key("sealedAt")
            json.unsigned(sealed.registry.sealedAt)
            json.key("servers")
            json.unsigned(UInt64(sealed.registry.servers.count))
            json.endObject()
        }
    }

    /// For people, where nothing is serving.
    func show(_ places: Places, _ console: Console) {
        console.print("nothing is serving \(Visible.text(places.state.bytes))")
        switch seal {
        case .failure(let failure): console.warn(failure.sentence, hint: failure.hint)
        case .success(nil): console.print("nothing is sealed yet")
        case .success(let sealed?):
            let servers = sealed.registry.servers
            let unreviewed = servers.filter { $0.review == nil }.count
            console.print(
                "sealed \(Moments.text(sealed.registry.sealedAt)): \(Counts.text(servers.count, "server"))"
                    + (unreviewed > 0 ? ", \(unreviewed) of them without a review" : ""))
        }
        showConfiguration(console)
        console.hint(isFirstRun ? "doorward up" : "doorward serve")
    }

    /// Whether there is nothing yet that could be served.
    private var isFirstRun: Bool {
        guard case .success(nil) = configuration else { return false }
        switch seal {
        case .success(let sealed): return sealed?.registry.servers.isEmpty ?? true
        case .failure: return false
        }
    }

    func showConfiguration(_ console: Console) {
        switch configuration {
        case .failure(let failure): console.warn(failure.sentence, hint: failure.hint)
        case .success(nil): console.print("there is no \(Visible.text(path.bytes))")
        case .success(_?):
            if isSealed == false {
                console.warn(
                    "\(Visible.text(path.bytes)) has changes that are not sealed", hint: "doorward registry seal")
            }
        }
    }
}
