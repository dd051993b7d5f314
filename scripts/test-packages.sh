#!/bin/sh
# Installs each package in dist/ into an empty project below target/, and runs the shared
# vectors there.
set -eu

version=$(sed -n 's/^version = "\([^"]*\)".*/\1/p' core-wasm/Cargo.toml)
dist=$PWD/dist
projects=$PWD/target/packages
rm -rf "$projects"
mkdir -p target
cp -R packages/installed "$projects"
rm -rf "$projects/npm/node_modules"

# In Node.js and in Deno, Bun and workerd, which are npm packages; and the demo.
cp tests/vectors/tokens.json packages/npm/lib/vectors.js examples/node/demo.js examples/node/demo.test.js "$projects/npm"
(
    cd "$projects/npm"
    npm ci --no-audit --no-fund --silent
    npm install --no-save --no-audit --no-fund --silent "$dist/jerakia-auth-$version.tgz"
    npm run --silent test
)

cp tests/vectors/tokens.json packages/python/tests/vectors.py "$projects/python"
(
    cd "$projects/python"
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt \
        "$dist/jerakia_auth-$version-py3-none-any.whl"
    .venv/bin/python run.py
    .venv/bin/python -m mypy --strict --no-error-summary types_of_it.py
)

cp tests/vectors/tokens.json "$projects/crate"
tar -xzf "$dist/jerakia-core-$version.crate" -C "$projects/crate"
mv "$projects/crate/jerakia-core-$version" "$projects/crate/jerakia-core"
cargo run --locked --quiet --target-dir target/packages/crate/target --manifest-path "$projects/crate/Cargo.toml"

# The contract alone suffices to generate bindings, with comments.
packages/npm/node_modules/.bin/jco types --quiet --name jerakia-auth --world-name auth-core \
    --out-dir "$projects/contract" "$dist/jerakia-auth.wit.wasm"
grep -q 'Why a credential is refused' "$projects/contract/interfaces/jerakia-auth-decision.d.ts"
echo "contract: bindings with comments"
