// SPDX-License-Identifier: Apache-2.0

/// How the program ends, for scripts. Stable: a number never changes its meaning.
struct ExitStatus: Equatable, Sendable {
    let code: Int32

    static let done = ExitStatus(code: 0)
    static let failed = ExitStatus(code: 1)
    static let usage = ExitStatus(code: 2)
    static let unconfined = ExitStatus(code: 3)
    static let alreadyRunning = ExitStatus(code: 4)
    static let nothingServing = ExitStatus(code: 5)
    static let declined = ExitStatus(code: 6)
    static let dangerous = ExitStatus(code: 7)
    static let sealNotBelieved = ExitStatus(code: 8)
    static let timeOver = ExitStatus(code: 124)
    static let notRun = ExitStatus(code: 125)
    static let notExecuted = ExitStatus(code: 126)
    static let notFound = ExitStatus(code: 127)

    /// What every command but `audit verify` means by its status: help and manual are made from this.
    static let meanings: [(status: ExitStatus, meaning: StaticString)] = [
        (.done, "done"),
        (.failed, "failed; standard error says why"),
        (.usage, "the command line makes no sense"),
        (.unconfined, "this host cannot confine as fully as was demanded"),
        (.alreadyRunning, "another doorward uses the same state directory"),
        (.nothingServing, "nothing is serving, and the command needs that"),
        (.declined, "the operator answered no"),
        (.dangerous, "an entry is dangerous and was not accepted"),
        (.sealNotBelieved, "the sealed registry is not believed"),
    ]

    /// What `run` means by its status, where it is not the command's own.
    static let runMeanings: [(status: ExitStatus, meaning: StaticString)] = [
        (.done, "done, or the plan was explained"),
        (.timeOver, "the time limit was over, and the command was ended"),
        (.notRun, "doorward itself failed; standard error says why"),
        (.notExecuted, "the command was found and cannot be executed"),
        (.notFound, "there is no such command"),
        (ExitStatus(code: 128), "and the number of a signal: the command was killed by it; all others are its own"),
    ]

    /// What `audit verify` means by its status, the same as every checker of the log.
    static let verifyMeanings: [(status: ExitStatus, meaning: StaticString)] = [
        (.done, "the log is sound"),
        (.failed, "the log is not sound; the first bad place is named"),
        (.usage, "the log could not be looked at, or the command line makes no sense"),
    ]
}
