#!/bin/sh
# Publishes the component and its contract to an OCI registry on this machine, as
# docs/COMPONENT.md describes, and checks that what comes back has the same bytes.
set -eu

for program in wkg docker-registry; do
    command -v "$program" >/dev/null || {
        echo "$program is missing: cargo install wkg --version 0.16.1 --locked; apt-get install docker-registry" >&2
        exit 1
    }
done

directory=$(mktemp -d)
dist=$PWD/dist
cd "$directory"
port=$(python3 -c 'import socket; it = socket.socket(); it.bind(("127.0.0.1", 0)); print(it.getsockname()[1])')
registry=127.0.0.1:$port
cat >registry.yml <<END
version: 0.1
storage: {filesystem: {rootdirectory: $directory/data}}
http: {addr: $registry}
END
cat >wkg.toml <<END
[namespace_registries]
jerakia = { registry = "$registry", metadata = { preferredProtocol = "oci", oci = { registry = "$registry", namespacePrefix = "" } } }

[registry."$registry".oci]
protocol = "http"
END
timeout 300 docker-registry serve registry.yml >log 2>&1 &
serving=$!
trap 'kill $serving; rm -rf "$directory"' EXIT
curl -sf --retry 10 --retry-connrefused --retry-delay 1 "http://$registry/v2/" >/dev/null

# No cache or credentials of this user.
export HOME="$directory/home"
mkdir "$HOME"
wkg oci push --insecure "$registry" "$registry/jerakia/auth-core:0.2.0" "$dist/jerakia-auth.wasm"
wkg publish --config wkg.toml "$dist/jerakia-auth.wit.wasm"

wkg oci pull --insecure "$registry" "$registry/jerakia/auth-core:0.2.0" -o pulled.wasm
cmp pulled.wasm "$dist/jerakia-auth.wasm"
wkg get --config wkg.toml --check jerakia:auth-core@0.2.0 -o "$dist/jerakia-auth.wasm"
wkg get --config wkg.toml jerakia:auth@0.2.0 --format wasm -o ./contract.wasm
cmp contract.wasm "$dist/jerakia-auth.wit.wasm"

# The manifest names the component by its SHA-256.
digest=$(sha256sum "$dist/jerakia-auth.wasm" | cut -d ' ' -f 1)
curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$registry/v2/jerakia/auth-core/manifests/0.2.0" |
    grep -q "sha256:$digest"
echo "OCI: the component and its contract came back as they were published"
