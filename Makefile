# What people and CI run. Every target installs what it lacks.

.DEFAULT_GOAL := build
.PHONY: run build test test-rust test-component test-clients test-node test-browser test-python \
	test-wasi-http test-wasmtime-cli node-package check advisories tools component bench torture toolchain clean

COMPONENT := dist/jerakia-auth.wasm
BIND := 127.0.0.1
PORT := 9843
TOOLS := target/tools/bin

# Every cargo below, also that of the component's own build, runs the same compiler.
ifndef RUSTUP_TOOLCHAIN
export RUSTUP_TOOLCHAIN := $(shell scripts/compiler.sh)
endif

## Build, make a demo token, and serve.
run: build
	scripts/demo.sh target/release/jerakia $(BIND) $(PORT)

## The release binary, at target/release/jerakia.
build: toolchain
	cargo build --locked --release --package jerakia

## Every test: ours, and the component in other hosts.
test: test-rust test-component test-clients test-node test-browser test-python test-wasi-http test-wasmtime-cli

test-rust: toolchain
	cargo test --locked --workspace

## The same component from the same sources, wherever they are.
test-component: component
	scripts/reproducible.sh $(COMPONENT)

## Our stand-in for python-jerakia, with the packages that it is built on, against the server.
test-clients: toolchain
	cargo build --locked --package jerakia
	scripts/venv.sh tests/clients
	cd tests/clients && JERAKIA=../../target/debug/jerakia .venv/bin/python -m unittest

## The package that the Node.js and browser examples share: `tsc` checks its types.
node-package: component
	cd examples/node && npm ci --no-audit --no-fund --silent && npm run --silent build

## The component in Node.js, and the Express middleware.
test-node: node-package
	python3 tests/vectors/generate.py --check
	cd examples/node && npm run --silent test

## The page, in headless Chromium.
test-browser: node-package
	examples/browser/setup.sh
	cd examples/browser && npm ci --no-audit --no-fund --silent && npm run --silent test

## The component in Python, and the ASGI middleware.
test-python: component
	scripts/venv.sh examples/python
	cd examples/python && .venv/bin/python -m pytest -q

## The component plugged together with a wasi:http service.
test-wasi-http: component
	cd examples/wasi-http && npm ci --no-audit --no-fund --silent && npm run --silent build && npm run --silent test

## The component asked by the wasmtime program, where that is installed.
test-wasmtime-cli: component
	examples/wasmtime-cli/vectors.py $(COMPONENT)

## What can be seen without running a test: formatting, lints, documentation, types, spelling, dependencies and
## their licences, and what the component imports and weighs.
check: toolchain tools component node-package
	scripts/component-gate.sh $(COMPONENT)
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
	$(TOOLS)/cargo-shear shear
	$(TOOLS)/cargo-deny check bans licenses sources
	cd examples/wasi-http && cargo fmt --check && ../../$(TOOLS)/cargo-shear shear
	$(TOOLS)/cargo-deny --manifest-path examples/wasi-http/Cargo.toml --config deny.toml check bans licenses sources
	$(TOOLS)/typos
	$(TOOLS)/shellcheck $$(git ls-files '*.sh' .ci)
	$(TOOLS)/ruff check
	$(TOOLS)/ruff format --check

## Known vulnerabilities of the dependencies. It asks the network, so it is no part of `check`.
advisories: toolchain tools
	$(TOOLS)/cargo-deny check advisories
	$(TOOLS)/cargo-deny --manifest-path examples/wasi-http/Cargo.toml --config deny.toml check advisories

## The programs that `check` runs, beside cargo's own.
tools:
	@scripts/venv.sh scripts ../target/tools requirements-check.txt

## The portable component, for other hosts.
component: toolchain
	@mkdir -p dist
	cargo run --locked --quiet --package jerakia -- component export $(COMPONENT)

## The figures in the README.
bench: toolchain node-package
	cargo build --locked --release --package jerakia --package jerakia-bench
	examples/browser/setup.sh
	cd examples/browser && npm ci --no-audit --no-fund --silent
	scripts/venv.sh examples/python
	cd examples/wasi-http && npm ci --no-audit --no-fund --silent && npm run --silent build
	@target/release/jerakia-bench
	@cd examples/node && npm run --silent bench
	@cd examples/browser && npm run --silent bench
	@cd examples/python && .venv/bin/python -m jerakia_auth.bench
	@cd examples/wasi-http && npm run --silent bench
	@examples/wasmtime-cli/bench.py $(COMPONENT)

## The tests of the guarantees at full size: accidents, greedy clients, crashes. Takes a while.
torture: toolchain
	scripts/torture.sh

## The Rust compiler, and the target that the component is built for.
toolchain:
	@scripts/toolchain.sh

clean:
	cargo clean
	rm -rf dist
