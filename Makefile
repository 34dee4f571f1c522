# SPDX-License-Identifier: Apache-2.0
#
#   make up      install what is missing, build, and run the control plane
#   make test    everything that must hold
#   make demo    a real server, a real client, and an attack, against what `make up` runs
#
# `make help` lists the rest.

SWIFT ?= swift
PROGRAMS = doorward doorwardd doorward-gate doorward-launch doorward-watch doorward-tools doorward-egress
# Linked against Debian's libcurl, which comes as a shared library (docs/decisions/0012); apart from the others, because
# other flags would have everything compiled anew.
DYNAMIC = doorward-web
BUILD = .build/release

# Rooms run in trees without a single file, so they are static; position-independent all the same (docs/decisions/0001).
STRICT = --explicit-target-dependency-import-check error
RELEASE = -c release --static-swift-stdlib --disable-local-rpath -Xswiftc -use-ld=lld
STATIC = $(RELEASE) -Xswiftc -Xclang-linker -Xswiftc -static-pie

PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: all up build packages test test-unit test-e2e websocket-echo lint demo fuzz bench seccomp install uninstall clean help

all: build

## build: the seven programs, in .build/release
build: packages
	@for program in $(PROGRAMS); do \
		$(SWIFT) build $(STRICT) $(STATIC) --product $$program || exit 1; \
	done
	@for program in $(DYNAMIC); do \
		$(SWIFT) build $(STRICT) $(RELEASE) --scratch-path .build/dynamic --product $$program || exit 1; \
		cmp -s .build/dynamic/release/$$program $(BUILD)/$$program \
			|| install -m 755 .build/dynamic/release/$$program $(BUILD)/$$program || exit 1; \
	done

## packages: install the Debian packages that a build needs, if they are missing
packages:
	@scripts/packages build

## up: build, and run the control plane in the foreground
up: build
	@$(BUILD)/doorward up

## test: everything
test: packages
	@scripts/test

## test-unit: the Swift tests
test-unit: packages
	@scripts/test-unit

# What the Autobahn suite talks to: our WebSocket code with an echo behind it.
websocket-echo:
	@DOORWARD_E2E=1 $(SWIFT) build $(STRICT) $(STATIC) --product WebSocketEcho

## test-e2e: real clients, real servers, attacks, against the release build
test-e2e: build
	@scripts/test-e2e

## lint: the formatter's opinion, and whether made files are what makes them
lint:
	@$(SWIFT) format lint -r -s Sources Tests fuzz bench e2e Package.swift
	@scripts/special-ranges --check

## demo: in a second terminal, beside `make up`
demo: build
	@scripts/demo

## fuzz: every grammar, FUZZ_SECONDS each (60)
fuzz:
	@fuzz/run all $${FUZZ_SECONDS:-60}

## bench: this product beside its peers, in one interleaved run
bench: build
	@bench/run

## seccomp: regenerate the system call filters
seccomp:
	@scripts/packages seccomp
	@seccomp/generate

## install: programs, manual page and completions below PREFIX
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/doorward $(DESTDIR)$(PREFIX)/share/man/man1
	for program in $(PROGRAMS) $(DYNAMIC); do \
		install -m 755 $(BUILD)/$$program $(DESTDIR)$(PREFIX)/libexec/doorward/$$program || exit 1; \
	done
	ln -sf ../libexec/doorward/doorward $(DESTDIR)$(PREFIX)/bin/doorward
	$(BUILD)/doorward man > $(DESTDIR)$(PREFIX)/share/man/man1/doorward.1
	install -D -m 644 docs/doorward.schema.json $(DESTDIR)$(PREFIX)/share/doorward/doorward.schema.json
	install -d $(DESTDIR)$(PREFIX)/share/doorward/apparmor
	sed 's|/usr/libexec/doorward/|$(PREFIX)/libexec/doorward/|' packaging/apparmor/doorward-launch \
		> $(DESTDIR)$(PREFIX)/share/doorward/apparmor/doorward-launch
	if [ -w $(DESTDIR)/etc/apparmor.d ]; then \
		install -m 644 $(DESTDIR)$(PREFIX)/share/doorward/apparmor/doorward-launch $(DESTDIR)/etc/apparmor.d/; fi

## uninstall: what install put there
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/doorward $(DESTDIR)$(PREFIX)/share/man/man1/doorward.1
	rm -rf $(DESTDIR)$(PREFIX)/libexec/doorward $(DESTDIR)$(PREFIX)/share/doorward

## clean: everything that was built
clean:
	rm -rf .build .build-fuzz fuzz/bin .venvs bench/build

## help: this list
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)
