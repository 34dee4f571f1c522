// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// `doorward run`
enum RunCommand {
    /// Every status below these is the command's own.
    static func status(of failure: Failure) -> ExitStatus {
        switch failure.status {
        case .notExecuted, .notFound: failure.status
        default: .notRun
        }
    }

    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let request = try RunRequest(arguments)
        let pipes = try takePipes()
        let places = try Places(arguments, console)
        let profiles = try SealedFile.read(places)?.registry.profiles ?? ProfileBase.allCases.map(Profile.builtIn)
        let around = RunPlan.Surroundings(
            searchPath: console.environment("PATH") ?? [], base: try Paths.workingDirectory(),
            home: Places.home(console), variable: { SystemString($0).flatMap(console.environment) })
        let plan = try RunPlan(request, profiles, around, console)
        if arguments.has(.explain) { return try explain(plan, arguments, console) }
        for warning in plan.warnings { console.warn(warning) }
        guard let client = try OperatorClient.connect(places) else {
            throw Failure(
                "nothing is serving \(Visible.text(places.state.bytes)), and a run must be recorded",
                hint: "doorward up")
        }
        return try start(plan, pipes, client, console)
    }

    private static func explain(_ plan: RunPlan, _ arguments: ParsedArguments, _ console: Console) throws(Failure)
        -> ExitStatus
    {
        if arguments.has(.json) {
            console.print(document: RunReport.document(plan))
            return .done
        }
        let host = try RunHost.examine(plan.profile)
        for line in RunReport.lines(plan, host, for: console.output) { console.print(line) }
        return .done
    }

    /// Descriptors 3 and 4, where the caller has given both: before anything else is opened.
    private static func takePipes() throws(Failure) -> PipeEnds {
        do throws(SyscallError) {
            return PipeEnds(try FileDescriptor.takeInherited(3), try FileDescriptor.takeInherited(4))
        } catch { throw Failure("descriptors 3 and 4", error) }
    }

    private static func start(_ plan: RunPlan, _ pipes: PipeEnds, _ client: OperatorClient, _ console: Console)
        throws(Failure) -> ExitStatus
    {
        Signal.ignoreBrokenPipe()
        let signals: SignalDescriptor
        do throws(SyscallError) { signals = try RunSupervisor.collectSignals() } catch {
            throw Failure("signals cannot be collected", error)
        }
        let streams = try RunStreams(console)
        let launch = try RunLaunch(plan, client, streams)
        let inherited = plan.passesPipe ? try pipes.take() : PassedDescriptors()
        let end: RunSupervisor.End
        do throws(Failure) {
            let process = try launch.start(inherited)
            end = try supervise(process, signals, plan, client, streams)
        } catch {
            tell(launch.release(), console)
            throw error
        }
        tell(launch.release(), console)
        if end.isUnrecorded {
            throw Failure(
                "doorward has stopped, so the run was ended: what nobody records must not go on", hint: "doorward up")
        }
        _ = try client.ask(.sandboxEnded(SandboxEnding(status: end.status, cause: end.cause)))
        if end.cause == .timeLimit {
            console.warn("the time limit was over", hint: "--limit time=1h, or the profile's limits")
            return .timeOver
        }
        return ExitStatus(code: Int32(end.status))
    }

    private static func supervise(
        _ process: consuming Pidfd, _ signals: consuming SignalDescriptor, _ plan: RunPlan, _ client: OperatorClient,
        _ streams: RunStreams
    ) throws(Failure) -> RunSupervisor.End {
        do throws(SyscallError) {
            let supervisor = try RunSupervisor(
                process, signals, client, streams, milliseconds: plan.limits.milliseconds)
            defer { supervisor.restore() }
            return try supervisor.run()
        } catch { throw Failure("the run cannot be supervised", error) }
    }

    private static func tell(_ failures: [String], _ console: Console) {
        for failure in failures { console.warn("a placeholder could not be removed: \(Visible.text(failure))") }
    }
}

/// The two descriptors through which a browser is driven.
final class PipeEnds {
    private var reading: FileDescriptor?
    private var writing: FileDescriptor?

    init(_ reading: consuming FileDescriptor?, _ writing: consuming FileDescriptor?) {
        self.reading = consume reading
        self.writing = consume writing
    }

    func take() throws(Failure) -> PassedDescriptors {
        guard let reading = reading.take(), let writing = writing.take() else {
            throw Failure(
                "--remote-debugging-pipe needs descriptors 3 and 4, and they are not pipes or sockets",
                hint: "start doorward run from the program that drives the browser")
        }
        var passed = PassedDescriptors()
        passed.append(reading)
        passed.append(writing)
        return passed
    }
}
