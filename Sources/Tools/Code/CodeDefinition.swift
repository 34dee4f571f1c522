// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// What models and programs read about `code_run`: the languages and caps of the sealed command line.
enum CodeDefinition {
    static func object(_ settings: CodeSettings, hasNetwork: Bool) -> CanonicalJSON {
        Definition.canonical(text(settings, hasNetwork))
    }

    private static func text(_ settings: CodeSettings, _ hasNetwork: Bool) -> String {
        let caps = settings.caps
        let names = settings.languages.map { "\"\($0.name)\"" }.joined(separator: ", ")
        let network =
            hasNetwork
            ? "The network is reached through a guarded proxy that the environment names, and only where the user has allowed it."
            : "There is no network."
        return #"""
            {
              "name": "code_run",
              "title": "Run code",
              "description": "Runs a program that you write, in a fresh sandbox that is destroyed afterwards. It starts in an empty directory with the files that you give; files that it makes or changes there come back. \#(network) Nothing stays from one call to the next. What is written cannot be executed as a program: scripts run by the interpreter, compiled programs do not run. Standard output and standard error come back together; print what you need to see.",
              "inputSchema": {
                "type": "object",
                "properties": {
                  "language": {"type": "string", "enum": [\#(names)], "description": "What the code is written in."},
                  "code": {"type": "string", "maxLength": \#(CodeRequest.maxCodeBytes), "description": "The whole program. It lies in the work directory under the language's usual name, such as main.py."},
                  "files": {
                    "type": "array",
                    "maxItems": \#(CodeRequest.maxFiles),
                    "description": "Files to put into the work directory first.",
                    "items": {
                      "type": "object",
                      "properties": {
                        "path": {"type": "string", "minLength": 1, "maxLength": \#(CodeRequest.maxPathBytes), "description": "Below the work directory, such as data/in.csv."},
                        "text": {"type": "string", "maxLength": \#(CodeRequest.maxFileBytes), "description": "The contents, if they are text."},
                        "base64": {"type": "string", "maxLength": \#(CodeRequest.maxFileBytes), "description": "The contents in base64, if they are not."}
                      },
                      "required": ["path"],
                      "additionalProperties": false
                    }
                  },
                  "stdin": {"type": "string", "maxLength": \#(CodeRequest.maxInputBytes), "description": "What the program reads from standard input."},
                  "limits": {
                    "type": "object",
                    "description": "Less than what is allowed at most.",
                    "properties": {
                      "time_seconds": {"type": "integer", "minimum": 1, "maximum": \#(caps.seconds), "default": \#(min(caps.seconds, CodeSettings.defaultSeconds)), "description": "After this time everything is killed."},
                      "memory_bytes": {"type": "integer", "minimum": \#(CodeCaps.memoryRange.lowerBound), "maximum": \#(caps.memoryBytes), "default": \#(caps.memoryBytes), "description": "Of all processes together."},
                      "output_bytes": {"type": "integer", "minimum": \#(CodeCaps.outputRange.lowerBound), "maximum": \#(caps.outputBytes), "default": \#(caps.outputBytes), "description": "Of output that is returned: its beginning and its end."},
                      "disk_bytes": {"type": "integer", "minimum": \#(CodeCaps.diskRange.lowerBound), "maximum": \#(caps.diskBytes), "default": \#(caps.diskBytes), "description": "That may be written."},
                      "processes": {"type": "integer", "minimum": 1, "maximum": \#(caps.processes), "default": \#(caps.processes), "description": "At the same time."}
                    },
                    "additionalProperties": false
                  }
                },
                "required": ["code", "language"],
                "additionalProperties": false
              },
              "outputSchema": {
                "type": "object",
                "properties": {
                  "duration_ms": {"type": "integer", "minimum": 0},
                  "exit_status": {"type": "integer", "description": "Of the interpreter, if it ended by itself."},
                  "signal": {"type": "integer", "description": "That ended the interpreter, if one did."},
                  "limit": {"type": "string", "enum": ["time", "memory", "processes", "disk", "output"], "description": "For which everything was killed, if it was."},
                  "output": {"type": "string", "description": "Standard output and standard error, in the order in which they were written."},
                  "output_bytes": {"type": "integer", "minimum": 0, "description": "Of all output, returned or not."},
                  "output_lossy": {"type": "boolean", "description": "Bytes that are not UTF-8 were replaced."},
                  "output_truncated": {"type": "boolean", "description": "The middle was left out."},
                  "files": {
                    "type": "array",
                    "description": "Files that were made or changed.",
                    "items": {
                      "type": "object",
                      "properties": {
                        "path": {"type": "string"},
                        "size": {"type": "integer", "minimum": 0},
                        "content": {"type": "integer", "minimum": 1, "description": "Place of its contents among the content blocks of the result, the first being 0. Missing where there was no room."}
                      },
                      "required": ["path", "size"],
                      "additionalProperties": false
                    }
                  },
                  "files_more": {"type": "boolean", "description": "There are more files than these."}
                },
                "required": ["duration_ms", "files", "files_more", "output", "output_bytes", "output_lossy", "output_truncated"],
                "additionalProperties": false
              },
              "annotations": {"title": "Run code", "readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": \#(hasNetwork)}
            }
            """#
    }
}
