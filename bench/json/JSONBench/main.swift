// SPDX-License-Identifier: Apache-2.0

// usage: JSONBench FILE…          one line per file: name, bytes, nanoseconds of CPU to read it, to write it canonically
//        JSONBench -n COUNT FILE  reads and writes the file so often and says nothing, for tools that count
let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.count == 3, arguments[0] == "-n", let count = Int(arguments[1]) {
    readAndWrite(contents(of: arguments[2]), times: count)
} else {
    for path in arguments { measure(path) }
}
