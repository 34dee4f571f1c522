// SPDX-License-Identifier: Apache-2.0

// What models and programs read about each tool. The numbers are those of the code; a test holds them together.

let filesListDefinition = #"""
    {
      "name": "files_list",
      "title": "List files",
      "description": "Lists files and directories of the user's shared directories. Paths begin with a label that stands for one shared directory, such as label/dir/file; call without a path to see the labels. A directory stands before what is in it, names in byte order. Links are listed and not entered. When more is true, call again with the same arguments and next_cursor as cursor to see the rest.",
      "inputSchema": {
        "type": "object",
        "properties": {
          "path": {"type": "string", "maxLength": 4160, "description": "Directory to list. Leave out to list all labels."},
          "depth": {"type": "integer", "minimum": 1, "maximum": 5, "default": 1, "description": "How many levels of directories to go down. 1 lists only what is directly in the directory."},
          "glob": {"type": "string", "minLength": 1, "maxLength": 120, "description": "List only names that match, such as *.md. With a slash in it, it is matched against the path below the listed directory, such as docs/**/*.md. * stands for anything within a name, ** for anything, ? for one character."},
          "hidden": {"type": "boolean", "default": false, "description": "Also list names that begin with a dot, and go into such directories."},
          "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 200, "description": "Most entries to list."},
          "cursor": {"type": "string", "maxLength": 6144, "description": "next_cursor of the answer before, to go on behind it."}
        },
        "additionalProperties": false
      },
      "outputSchema": {
        "type": "object",
        "properties": {
          "entries": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "path": {"type": "string", "description": "For files_read, files_list and files_search."},
                "type": {"type": "string", "enum": ["file", "directory", "link", "special"]},
                "size": {"type": "integer", "minimum": 0, "description": "Of a file, in bytes."},
                "modified": {"type": "string", "description": "Time of the last change, ISO 8601 in UTC."}
              },
              "required": ["modified", "path", "type"],
              "additionalProperties": false
            }
          },
          "more": {"type": "boolean", "description": "There may be more behind next_cursor."},
          "next_cursor": {"type": "string"},
          "path": {"type": "string", "description": "The directory that was listed."},
          "skipped": {"type": "integer", "minimum": 0, "description": "Entries and directories that could not be read, or whose names are not UTF-8."}
        },
        "required": ["entries", "more", "path", "skipped"],
        "additionalProperties": false
      },
      "annotations": {"title": "List files", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false}
    }
    """#

let filesReadDefinition = #"""
    {
      "name": "files_read",
      "title": "Read a file",
      "description": "Reads a file of the user's shared directories as text, whole or in part: by bytes with offset and length, or by lines with start_line and line_count. Without a range it reads the first 131072 bytes. When more is true, go on with next_offset as offset, or with next_line as start_line. Files that are not text are refused unless encoding is base64; pictures come back as such.",
      "inputSchema": {
        "type": "object",
        "properties": {
          "path": {"type": "string", "minLength": 1, "maxLength": 4160, "description": "File to read: a label, then names with slashes between them, such as label/dir/file."},
          "offset": {"type": "integer", "minimum": 0, "maximum": 1125899906842624, "default": 0, "description": "First byte, counted from 0."},
          "length": {"type": "integer", "minimum": 1, "maximum": 1048576, "default": 131072, "description": "Most bytes to read. Text is never cut inside a character."},
          "start_line": {"type": "integer", "minimum": 1, "maximum": 1099511627776, "default": 1, "description": "First line, counted from 1. Not together with offset and length."},
          "line_count": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 2000, "description": "Most lines to read. One answer has at most 1048576 bytes of the file."},
          "encoding": {"type": "string", "enum": ["text", "base64"], "default": "text", "description": "base64 gives the bytes of files that are not text."}
        },
        "required": ["path"],
        "additionalProperties": false
      },
      "outputSchema": {
        "type": "object",
        "properties": {
          "path": {"type": "string"},
          "size": {"type": "integer", "minimum": 0, "description": "Of the whole file, in bytes."},
          "modified": {"type": "string", "description": "Time of the last change, ISO 8601 in UTC."},
          "mime_type": {"type": "string", "description": "A guess by name and beginning."},
          "encoding": {"type": "string", "enum": ["utf-8", "base64"]},
          "text": {"type": "string"},
          "base64": {"type": "string"},
          "offset": {"type": "integer", "minimum": 0, "description": "Where what was read begins in the file, in bytes."},
          "length": {"type": "integer", "minimum": 0, "description": "Bytes of the file that were read."},
          "start_line": {"type": "integer", "minimum": 1},
          "end_line": {"type": "integer", "minimum": 1, "description": "The last line that was read, perhaps only in part."},
          "more": {"type": "boolean", "description": "The file goes on."},
          "next_offset": {"type": "integer", "minimum": 0},
          "next_line": {"type": "integer", "minimum": 1},
          "byte_order_mark": {"const": true, "description": "The file begins with a byte order mark, which is left out of text."},
          "lossy": {"const": true, "description": "Bytes that are not UTF-8 were replaced by U+FFFD."}
        },
        "required": ["encoding", "length", "mime_type", "modified", "more", "offset", "path", "size"],
        "additionalProperties": false
      },
      "annotations": {"title": "Read a file", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false}
    }
    """#

let filesSearchDefinition = #"""
    {
      "name": "files_search",
      "title": "Search in files",
      "description": "Finds the lines of the user's shared files that contain a text, byte for byte or without regard to letter case. Searches a file, a directory with everything below it, or, without a path, everything that is shared. Links are not followed, and files that are not text are skipped and counted. When more is true, call again with the same arguments and next_cursor as cursor to search on; stopped says what ended this part.",
      "inputSchema": {
        "type": "object",
        "properties": {
          "query": {"type": "string", "minLength": 1, "maxLength": 256, "description": "Text to look for, within one line. It stands for itself: there are no wildcards."},
          "path": {"type": "string", "maxLength": 4160, "description": "File or directory to search. Leave out to search everything."},
          "glob": {"type": "string", "minLength": 1, "maxLength": 120, "description": "Search only files whose names match, such as *.py. With a slash in it, it is matched against the path below the searched directory, such as src/**/*.py. * stands for anything within a name, ** for anything, ? for one character."},
          "ignore_case": {"type": "boolean", "default": false, "description": "Find the text in any letter case."},
          "context": {"type": "integer", "minimum": 0, "maximum": 10, "default": 0, "description": "Lines to show before and after each match."},
          "hidden": {"type": "boolean", "default": false, "description": "Also search files and directories whose names begin with a dot."},
          "limit": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100, "description": "Most lines to find."},
          "cursor": {"type": "string", "maxLength": 6144, "description": "next_cursor of the answer before, to search on behind it."}
        },
        "required": ["query"],
        "additionalProperties": false
      },
      "outputSchema": {
        "type": "object",
        "properties": {
          "matches": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "path": {"type": "string"},
                "line": {"type": "integer", "minimum": 1},
                "column": {"type": "integer", "minimum": 1, "description": "Where the first match begins in the line, in bytes, counted from 1."},
                "text": {"type": "string", "description": "The line, or the part of a long one around the match."},
                "cut": {"const": true, "description": "text is not the whole line."},
                "before": {"type": "array", "items": {"type": "string"}},
                "after": {"type": "array", "items": {"type": "string"}}
              },
              "required": ["column", "line", "path", "text"],
              "additionalProperties": false
            }
          },
          "more": {"type": "boolean", "description": "Not everything has been searched yet."},
          "next_cursor": {"type": "string"},
          "stopped": {"type": "string", "enum": ["matches", "entries", "bytes", "time"], "description": "The limit that ended this part of the search."},
          "path": {"type": "string", "description": "What was searched."},
          "files": {"type": "integer", "minimum": 0, "description": "Files that were searched to their end."},
          "binary_files": {"type": "integer", "minimum": 0, "description": "Files that were skipped because they are not text."},
          "skipped": {"type": "integer", "minimum": 0, "description": "Files and directories that could not be read, that are too large, or whose names are not UTF-8."}
        },
        "required": ["binary_files", "files", "matches", "more", "path", "skipped"],
        "additionalProperties": false
      },
      "annotations": {"title": "Search in files", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false}
    }
    """#

let timeNowDefinition = #"""
    {
      "name": "time_now",
      "title": "Current time",
      "description": "Tells the current date, time and weekday, in UTC or in a time zone.",
      "inputSchema": {
        "type": "object",
        "properties": {
          "timezone": {"type": "string", "minLength": 1, "maxLength": 64, "default": "UTC", "description": "IANA name, such as Europe/Berlin or America/New_York."}
        },
        "additionalProperties": false
      },
      "outputSchema": {
        "type": "object",
        "properties": {
          "iso8601": {"type": "string", "description": "Local date and time with the offset from UTC."},
          "weekday": {"type": "string", "enum": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]},
          "timezone": {"type": "string"},
          "abbreviation": {"type": "string", "description": "Of the time zone at this time, such as CET."},
          "daylight_saving": {"type": "boolean"},
          "utc_offset_seconds": {"type": "integer", "description": "East of UTC."},
          "unix_seconds": {"type": "integer"}
        },
        "required": ["abbreviation", "daylight_saving", "iso8601", "timezone", "unix_seconds", "utc_offset_seconds", "weekday"],
        "additionalProperties": false
      },
      "annotations": {"title": "Current time", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false}
    }
    """#

let templatesDefinition = #"""
    [
      {
        "name": "file",
        "title": "A shared file",
        "description": "A file by its path, which begins with a label.",
        "uriTemplate": "files:///{+path}"
      }
    ]
    """#
