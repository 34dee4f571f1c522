// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// `doorward connect SERVER`
enum ConnectCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let server = try ServerArgument.name(arguments)
        let places = try Places(arguments, console)
        // A client that is gone shows as a write that fails.
        Signal.ignoreBrokenPipe()
        let end: BridgeEnd
        let connection = try GateConnection(server, places)
        do throws(SyscallError) { end = try BridgeLoop(connection).run() } catch {
            throw Failure("the bridge to \(server)", error)
        }
        switch end {
        case .finished: return .done
        case .lineTooLong: throw Failure("a message is longer than 4 MiB", hint: "send less at once")
        case .cut: throw Failure("the connection to doorward broke off", hint: "doorward status")
        case .gateBroken(let rule):
            throw Failure("the gate sent what a gate does not send (\(rule))", hint: "restart doorward")
        case .closed(let code):
            if code == 1000 { return .done }
            throw words(code)
        }
    }

    /// What the gate means by its close code.
    static func words(_ code: UInt16?) -> Failure {
        switch code {
        case 1001: Failure("doorward is shutting down", hint: "doorward status", status: .nothingServing)
        case 1007: Failure("a message was not UTF-8 text")
        case 1009: Failure("a message was too long", hint: "send less at once")
        case 1011: Failure("doorward failed inside", hint: "doorward audit tail")
        case 4400:
            Failure("a message was not one strict JSON-RPC message", hint: "doorward audit tail names the reason")
        case 4401: Failure("the right to connect has ended", hint: "connect again")
        case 4403: Failure("this process may not hold the connection", hint: "doorward audit tail names the rule")
        case 4429: Failure("messages came too fast", hint: "send fewer at once, or raise limits in doorward.json")
        case let code?: Failure("the gate closed the connection with code \(code)", hint: "doorward audit tail")
        case nil: Failure("the gate closed the connection", hint: "doorward status")
        }
    }
}
