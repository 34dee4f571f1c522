// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Linux

/// The program's life: one command line, one exit status.
func runCommandLine() -> Never {
    // Without anything to say it to.
    do throws(SyscallError) { try StandardStream.fillGaps() } catch { exit(ExitStatus.failed.code) }
    let words = CommandLine.arguments.dropFirst().map { Array($0.utf8) }
    exit(run(words, Console.standard()).code)
}

/// Runs a command line to its end.
func run(_ words: [[UInt8]], _ console: Console) -> ExitStatus {
    var status: ExitStatus
    do throws(Failure) {
        switch try ArgumentParser.parse(words) {
        case .version: status = VersionCommand.run(ParsedArguments(.version), console)
        case .explain(let topic):
            for line in HelpText.lines(about: topic, for: console.output) { console.print(line) }
            status = .done
        case .run(let arguments): status = try dispatch(arguments, console)
        }
    } catch {
        console.report(error)
        // Its own statuses are those of the command that it runs.
        status = words.first == Array(CommandName.run.rawValue.utf8) ? RunCommand.status(of: error) : error.status
    }
    // A result that could not be written was not delivered.
    if let failure = console.outputFailure {
        console.report(Failure("standard output", failure))
        if status == .done { status = .failed }
    }
    return status
}

private func dispatch(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
    switch arguments.command {
    case .up: try UpCommand.run(arguments, console)
    case .serve: try ServeCommand.run(arguments, console)
    case .status: try StatusCommand.run(arguments, console)
    case .reload: try ReloadCommand.run(arguments, console)
    case .doctor: try DoctorCommand.run(arguments, console)
    case .tokenIssue: try TokenCommands.issue(arguments, console)
    case .tokenList: try TokenCommands.list(arguments, console)
    case .tokenRevoke: try TokenCommands.revoke(arguments, console)
    case .tokenRotate: try TokenCommands.rotate(arguments, console)
    case .registryImport: try ImportCommand.run(arguments, console)
    case .registryAdd: try AddCommand.run(arguments, console)
    case .registrySeal: try SealCommand.run(arguments, console)
    case .registryReview: try ReviewCommand.run(arguments, console)
    case .registryList: try ListCommand.run(arguments, console)
    case .registryRemove: try RemoveCommand.run(arguments, console)
    case .connect: try ConnectCommand.run(arguments, console)
    case .run: try RunCommand.run(arguments, console)
    case .auditVerify: try VerifyCommand.run(arguments, console)
    case .auditTail: try TailCommand.run(arguments, console)
    // The parser explains instead of running it.
    case .help: .done
    case .man: ManCommand.run(console)
    case .completions: CompletionsCommand.run(arguments, console)
    case .version: VersionCommand.run(arguments, console)
    }
}
