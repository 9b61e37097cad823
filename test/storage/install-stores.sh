#!/usr/bin/env bash
# Installs the stores that the storage tests talk to: moto (S3, with its check of signatures), gcp-storage-emulator (Google
# Cloud Storage) and Azurite (Azure). Run it before the tests; it does nothing where all is there. On a machine without
# Python, or offline, it says what is missing and lets the tests skip; with CI=true that is a failure.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

give_up() {
  echo "install-stores: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "install-stores: the tests that need it will be skipped" >&2
  exit 0
}

if [ ! -x "$here/.python/bin/gcp-storage-emulator" ]; then
  command -v python3 >/dev/null || give_up "no python3 on this machine"
  python3 -m venv "$here/.python" || give_up "python3 could not make a virtual environment (on Debian: python3-venv)"
  timeout 600 "$here/.python/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
    give_up "pip could not install the stores"
fi

if [ ! -d "$here/azurite/node_modules/azurite" ]; then
  timeout 600 npm ci --prefix "$here/azurite" --ignore-scripts --no-audit --no-fund || give_up "npm could not install Azurite"
fi
echo "install-stores: all there"
