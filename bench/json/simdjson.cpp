// SPDX-License-Identifier: Apache-2.0
// usage: simdjson FILE…   one line per file: name, bytes, nanoseconds of CPU to read (DOM), to write what was read
#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <simdjson.h>

static long process_time() {
    timespec time;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) abort();
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

// The least of 25 rounds, each long enough for the clock: as in Measure.swift.
template <typename Body>
static long nanoseconds(Body body) {
    long repeats = 1;
    for (;;) {
        long start = process_time();
        for (long i = 0; i < repeats; i++) body();
        if (process_time() - start > 8000000L) break;
        repeats *= 2;
    }
    long best = LONG_MAX;
    for (int round = 0; round < 25; round++) {
        long start = process_time();
        for (long i = 0; i < repeats; i++) body();
        best = std::min(best, (process_time() - start) / repeats);
    }
    return best;
}

int main(int count, char **paths) {
    fprintf(stderr, "simdjson %s, %s\n", SIMDJSON_STRINGIFY(SIMDJSON_VERSION),
            simdjson::get_active_implementation()->name().c_str());
    for (int i = 1; i < count; i++) {
        simdjson::padded_string document;
        if (simdjson::padded_string::load(paths[i]).get(document)) abort();
        simdjson::dom::parser parser;
        long read = nanoseconds([&] {
            simdjson::dom::element root;
            if (parser.parse(document).get(root)) abort();
        });
        simdjson::dom::element root;
        if (parser.parse(document).get(root)) abort();
        size_t written = 0;
        long write = nanoseconds([&] { written += simdjson::minify(root).size(); });
        if (written == 0) abort();
        printf("%s %zu %ld %ld\n", paths[i], document.size(), read, write);
    }
}
