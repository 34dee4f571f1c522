// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// `doorward registry remove`
enum RemoveCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let name = try ServerArgument.name(arguments)
        let places = try Places(arguments, console)
        let lock = try ChangeLock(places.configuration.parent)
        guard let file = try ConfigurationFile.read(places.configuration) else {
            throw Failure("\(name) is not registered", hint: "there is no \(Visible.text(places.configuration.bytes))")
        }
        let new = try ConfigurationEdit.removing(name, from: file)
        let question = "remove \(name) from \(Visible.text(places.configuration.bytes))?"
        guard try console.confirm(question, unless: arguments.has(.yes)) else {
            console.say("\(name) was not removed")
            return .declined
        }
        try PrivateFiles.write(places.configuration, new.bytes)
        console.print("removed \(name)")
        console.hint("it can be launched until doorward registry seal")
        _ = consume lock
        return .done
    }
}

/// The operand that names a server.
enum ServerArgument {
    static func name(_ arguments: ParsedArguments) throws(Failure) -> ServerName {
        guard let name = ServerName(arguments.operands[0]) else {
            throw Failure(
                "\(Visible.quoted(arguments.operands[0])) is not a server's name", hint: "doorward registry list",
                status: .usage)
        }
        return name
    }
}
