#!/bin/sh
# Makes an image of a root directory: image.sh NAME ROOT CONFIG
#
# CONFIG is what a Dockerfile would say, as JSON: '{"ExposedPorts": {"80/tcp": {}}}'.
set -eu
name=$1 root=$2 config=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/layout/blobs/sha256"
put() { # TYPE FILE: a blob; prints its descriptor
	digest=$(sha256sum "$work/$2" | cut -d ' ' -f 1)
	cp "$work/$2" "$work/layout/blobs/sha256/$digest"
	jq -nc --arg t "$1" --arg d "sha256:$digest" --argjson s "$(stat -c %s "$work/$2")" '{mediaType: $t, digest: $d, size: $s}'
}
tar -C "$root" -cf "$work/layer" .
layer=$(put application/vnd.oci.image.layer.v1.tar layer)
jq -nc --argjson layer "$layer" --argjson config "$config" --arg machine "$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')" '{
	architecture: $machine, os: "linux", rootfs: {type: "layers", diff_ids: [$layer.digest]}, config: $config}' >"$work/config"
config=$(put application/vnd.oci.image.config.v1+json config)
jq -nc --argjson config "$config" --argjson layer "$layer" '{
	schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config, layers: [$layer]}' >"$work/manifest"
put application/vnd.oci.image.manifest.v1+json manifest |
	jq -c --arg name "$name:latest" '{schemaVersion: 2, manifests: [. + {annotations: {"org.opencontainers.image.ref.name": $name}}]}' >"$work/layout/index.json"
echo '{"imageLayoutVersion":"1.0.0"}' >"$work/layout/oci-layout"
tar -C "$work/layout" -c . | stage4 load >/dev/null
