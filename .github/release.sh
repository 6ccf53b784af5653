#!/usr/bin/env bash
# Builds what a release consists of: dist/*.whl, dist/*.cdx.json, notes.md.
# Refuses a tag that is not the version of the package, or that the changelog does not know.
set -euo pipefail

cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
tag=${1:?usage: .github/release.sh vX.Y.Z}
version=${tag#v}

said=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' scripts/gleis/__init__.py)
if [ "v$said" != "$tag" ]; then
  printf 'release: the tag is %s, but scripts/gleis/__init__.py says %s: run gleis release %s first\n' \
    "$tag" "$said" "$version" >&2
  exit 1
fi

awk -v heading="## [$version]" '
  index($0, heading) == 1 { found = 1; next }
  found && /^## / { exit }
  found { print }
' CHANGELOG.md >notes.md
if ! grep -q '[^[:space:]]' notes.md; then
  printf 'release: CHANGELOG.md has no section "## [%s]" with text in it: write one\n' "$version" >&2
  exit 1
fi

rm -rf dist .dev/release
uv venv --quiet .dev/release
uv pip install --quiet --require-hashes --python .dev/release/bin/python -r requirements/release.lock
.dev/release/bin/python -m hatchling build -t wheel -d dist
.dev/release/bin/cyclonedx-py requirements requirements/core.lock \
  --output-reproducible --output-file "dist/gleis-$version.cdx.json"
