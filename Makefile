# The commands for developers and CI. Every target except test-oci installs what it needs.

.DEFAULT_GOAL := build
.PHONY: run build test test-rust test-component test-clients test-api test-node test-browser test-python \
	test-wasi-http test-wasmtime-cli node-package check advisories tools component bench torture toolchain clean
.PHONY: packages python-package crate wit-package test-packages test-oci

COMPONENT := dist/jerakia-auth.wasm
BIND := 127.0.0.1
PORT := 9843
TOOLS := target/tools/bin
# The end-to-end tests that are the same for SQLite and for PostgreSQL, but for those that edit or read SQLite's files.
ON_BOTH_DATABASES := admin_acts:: admin_api:: admin_errors:: admin_power:: bulk:: clients:: expiry:: explain:: grants:: \
	http:: import_flood:: lifecycle:: lookup:: recorded:: remote:: revocation:: rotation:: scopes:: shutdown:: \
	--skip a_server_whose_files_were_replaced_writes_nothing --skip a_token_is_created_shown_and_listed \
	--skip lists_are_filtered_and_paged --skip a_cursor_is_an_api_id_of_the_list \
	--skip a_terminal_shows_how_far_it_is_and_a_file_does_not --skip all_are_changed_or_none \
	--skip long_lists_are_read_in_pages --skip a_change_by_hand_is_seen_as_well

# Every cargo below runs the same compiler, also the one that builds the component.
ifndef RUSTUP_TOOLCHAIN
export RUSTUP_TOOLCHAIN := $(shell scripts/compiler.sh)
endif

## Build without optimisation, which is quickest, create a demo token, and serve.
run: toolchain
	cargo build --locked --package jerakia
	scripts/demo.sh target/debug/jerakia $(BIND) $(PORT)

## The optimised binary, at target/release/jerakia.
build: toolchain
	cargo build --locked --release --package jerakia

## The binary to install, at target/dist/jerakia: slower to build, faster to run.
.PHONY: binary
binary: toolchain
	cargo build --locked --profile dist --package jerakia

## Every test: the server's, and those of the component in other hosts.
test: test-rust test-component test-clients test-api test-node test-browser test-python test-wasi-http test-wasmtime-cli
test: test-packages test-install

test-rust: toolchain
	scripts/proxies.sh
	scripts/faketime.sh
	scripts/postgresql.sh
	scripts/promtool.sh
	cargo test --locked --workspace
	JERAKIA_TEST_DATABASE=postgresql cargo test --locked -p jerakia-host --test host -- store:: --skip restore::
	JERAKIA_TEST_DATABASE=postgresql cargo test --locked -p jerakia --test end_to_end -- $(ON_BOTH_DATABASES)

## The component is reproducible: the same sources give the same bytes in any directory.
test-component: component
	scripts/reproducible.sh $(COMPONENT)

## A stand-in for python-jerakia, built on the same packages, against the server.
test-clients: toolchain
	cargo build --locked --package jerakia
	scripts/venv.sh tests/clients
	cd tests/clients && JERAKIA=../../target/debug/jerakia .venv/bin/python -m unittest

## Generated requests to the administration over HTTP, as /v1/openapi.json describes it.
test-api: toolchain
	cargo build --locked --package jerakia
	scripts/venv.sh tests/schemathesis
	cd tests/schemathesis && JERAKIA=../../target/debug/jerakia .venv/bin/python run.py

## The Debian package, in dist/.
.PHONY: deb
deb: binary
	scripts/deb.sh target/dist/jerakia

## The OCI image, as an archive in dist/. Root only.
.PHONY: image
image: binary
	scripts/image.sh target/dist/jerakia

## What a release publishes, in dist/release: an archive for this machine's triple, a bill of materials, sums and,
## with the key of minisign in the file that JERAKIA_SIGNING_KEY names, a signature.
.PHONY: release
release: binary
	scripts/release.sh target/dist/jerakia

## Installs what `make deb`, `make image` and `make release` build: the package on a Debian 12 system with systemd of its
## own, the image in runc. Root only.
.PHONY: test-install
test-install: toolchain
	cargo build --locked --package jerakia
	scripts/debian.sh
	cd tests/install && JERAKIA=../../target/debug/jerakia python3 -m unittest

## The packages for npm, PyPI and crates.io, and the contract, in dist/.
packages: node-package python-package crate wit-package

## The package for npm, which the Node.js and browser examples use.
node-package: component
	cd packages/npm && npm ci --no-audit --no-fund --silent && npm run --silent build
	cd packages/npm && npm pack --silent --pack-destination ../../dist

## The package for PyPI. Its timestamps are fixed, so that equal sources give equal bytes.
python-package: component
	scripts/venv.sh packages/python
	cp dist/jerakia-auth.wasm packages/python/jerakia_auth/
	cp LICENSE packages/python/
	SOURCE_DATE_EPOCH=315532800 packages/python/.venv/bin/python -m pip wheel --disable-pip-version-check --quiet \
		--no-deps --wheel-dir dist ./packages/python

## The decision as a Rust crate.
crate: toolchain
	cargo package --locked --quiet --allow-dirty --package jerakia-core
	@mkdir -p dist
	cp "$${CARGO_TARGET_DIR:-target}"/package/jerakia-core-*.crate dist/

## The contract as a WIT package.
wit-package: component
	cargo run --locked --quiet --package jerakia -- component export --wit dist/jerakia-auth.wit.wasm

## Tests each package, installed from its file into an empty project.
test-packages: packages
	scripts/test-packages.sh

## Tests the publication of the component in an OCI registry. Needs wkg and docker-registry, which take long to
## install, so that it is not part of `test`.
test-oci: component wit-package
	scripts/test-oci.sh

## Tests the npm package's sources: the component in Node.js, and the Express middleware.
test-node: node-package
	python3 tests/vectors/generate.py --check
	cd packages/npm && npm run --silent test
	cd examples/node && npm ci --no-audit --no-fund --silent && npm run --silent test

## Tests the page in headless Chromium.
test-browser: node-package
	examples/browser/setup.sh
	cd examples/browser && npm ci --no-audit --no-fund --silent && npm run --silent test

## Tests the PyPI package's sources: the component in Python, and the ASGI middleware.
test-python: python-package
	cd packages/python && .venv/bin/python -m pytest -q
	scripts/venv.sh examples/python
	cd examples/python && .venv/bin/python -m unittest

## Tests the component composed with a wasi:http service.
test-wasi-http: component
	cd examples/wasi-http && npm ci --no-audit --no-fund --silent && npm run --silent build && npm run --silent test

## Tests the component with the wasmtime program, if that is installed.
test-wasmtime-cli: component
	examples/wasmtime-cli/vectors.py $(COMPONENT)

## Checks everything that needs no test: formatting, lints, documentation, types, spelling, dependencies and their
## licences, and the component's imports and size.
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

## Known vulnerabilities of the dependencies. Needs the network, so it is not part of `check`.
advisories: toolchain tools
	$(TOOLS)/cargo-deny check advisories
	$(TOOLS)/cargo-deny --manifest-path examples/wasi-http/Cargo.toml --config deny.toml check advisories

## The programs that `check` runs, other than cargo's own.
tools:
	@scripts/venv.sh scripts ../target/tools requirements-check.txt

## The portable component for other hosts.
component: toolchain
	@mkdir -p dist
	cargo run --locked --quiet --package jerakia -- component export $(COMPONENT)

## Measures, and prints the tables in the README.
bench: toolchain node-package python-package
	cargo build --locked --profile dist --package jerakia --package jerakia-bench
	examples/browser/setup.sh
	cd examples/browser && npm ci --no-audit --no-fund --silent
	cd examples/wasi-http && npm ci --no-audit --no-fund --silent && npm run --silent build
	@target/dist/jerakia-bench
	@cd packages/npm && npm run --silent bench
	@cd examples/browser && npm run --silent bench
	@cd packages/python && .venv/bin/python -m jerakia_auth.bench
	@cd examples/wasi-http && npm run --silent bench
	@examples/wasmtime-cli/bench.py $(COMPONENT)

## The tests of the guarantees at full size: accidents, greedy clients, crashes. Slow.
torture: toolchain
	scripts/torture.sh

## Installs the Rust compiler and the component's target.
toolchain:
	@scripts/toolchain.sh

clean:
	cargo clean
	rm -rf dist
