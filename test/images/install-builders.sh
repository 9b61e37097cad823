#!/usr/bin/env bash
# Installs what the image tests build with: buildah, Docker and its daemon, a container registry, an npm registry. Run it
# before the tests; it does nothing where all is there. On a developer's machine that has no apt, is not root or is
# offline, it says what is missing and lets the tests skip; with CI=true that is a failure.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

give_up() {
  echo "install-builders: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "install-builders: the tests that need it will be skipped" >&2
  exit 0
}

missing=()
command -v buildah >/dev/null || missing+=(buildah)
command -v dockerd >/dev/null || missing+=(docker.io)
command -v docker-registry >/dev/null || missing+=(docker-registry)
# The libraries of Debian's busybox-static are in it: the base images of the tests consist of little else.
[ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 || missing+=(busybox-static)

if [ "${#missing[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || give_up "no apt-get on this machine to install ${missing[*]} with"
  [ "$(id -u)" = 0 ] || give_up "only root can install ${missing[*]}"
  timeout 300 apt-get -qq update || give_up "apt-get update failed"
  DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -qq install --yes --no-install-recommends "${missing[@]}" ||
    give_up "apt-get could not install ${missing[*]}"
fi

if [ ! -d "$here/npm-registry/node_modules/verdaccio" ]; then
  timeout 300 npm ci --prefix "$here/npm-registry" --ignore-scripts || give_up "npm could not install the npm registry"
fi
echo "install-builders: all there"
