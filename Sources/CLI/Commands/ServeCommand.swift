// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// `doorward serve`: checks, then becomes the launcher.
enum ServeCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let places = try Places(arguments, console)
        // Before anything else is looked at: a mistake on the command line is told first.
        let listeners = try listeners(arguments)
        guard let sealed = try SealedFile.read(places) else {
            throw Failure(
                "nothing is sealed yet in \(Visible.text(places.state.bytes))",
                hint: "doorward up sets up a first configuration\n"
                    + "or: doorward registry add NAME -- CMD, then doorward registry seal and doorward registry review NAME"
            )
        }
        warn(about: sealed, places, console)
        return try becomeLauncher(places, listeners, arguments)
    }

    /// Replaces this process by the launcher; comes back only to say why not.
    static func becomeLauncher(_ places: Places, _ listeners: [ListenerEntry], _ arguments: ParsedArguments)
        throws(Failure)
        -> ExitStatus
    {
        let program = try Programs.find(Programs.launcher)
        let file: RegularFile
        do throws(TrustError) { file = try Trust.openFile(program.description) } catch { throw Failure(error) }
        let demand = arguments.value(.requireConfinement) ?? Array("full".utf8)
        let words =
            ["doorward-launch", "serve"].map { Array($0.utf8) } + [places.state.bytes, places.sealed.bytes, demand]
            + LauncherImage.newChain(arguments)
            + listeners.map { Array("\($0.name)=\($0.address)".utf8) }
        let image = LauncherImage.make(words)
        let error = image.execute(file.descriptor)
        throw Failure(program.description, error, hint: "reinstall doorward")
    }

    /// What `--listen` says: `ADDRESS:PORT` for the main listener, or `NAME=ADDRESS:PORT`.
    static func listeners(_ arguments: ParsedArguments) throws(Failure) -> [ListenerEntry] {
        var entries: [ListenerEntry] = []
        for value in arguments.values(.listen) {
            let parts = value.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).map(
                Array.init)
            let name = parts.count == 2 ? ListenerName(parts[0]) : .main
            guard let name, name != .local, let address = parts.last.flatMap(ListenAddress.init(_:)) else {
                throw Failure(
                    "--listen \(Visible.quoted(value)) is not [NAME=]ADDRESS:PORT with a loopback address",
                    hint: "such as --listen 127.0.0.1:8742; doorward listens on loopback only", status: .usage)
            }
            guard !entries.contains(where: { $0.name == name }) else {
                throw Failure("--listen names the listener \(name) twice", hint: "give each one a name", status: .usage)
            }
            entries.append(ListenerEntry(name: name, address: address))
        }
        return entries
    }

    /// Says what the operator may have forgotten.
    static func warn(about sealed: SealedFile, _ places: Places, _ console: Console) {
        do throws(Failure) {
            guard let file = try ConfigurationFile.read(places.configuration) else { return }
            guard file.digest != sealed.registry.source else { return }
            console.warn(
                "\(Visible.text(places.configuration.bytes)) has changes that are not sealed; they have no effect",
                hint: "doorward registry seal")
        } catch {
            // What is sealed is served all the same.
            console.warn(error.sentence, hint: error.hint)
        }
    }
}
