#!/bin/bash
# Kubernetes' own JSON schemas, out of a Python package that carries them; prints the folder of one version's strict
# schemas.
source "$(dirname "$0")/cache.sh"

VERSION=1.37.0
KUBERNETES=v1.32.0

# Only the data of the package is used, none of its code.
fetch() {
  nice -n 15 python3 -m pip download -q --disable-pip-version-check --no-deps -d . "kubernetes-validate==$VERSION"
  python3 - "$KUBERNETES" <<'PYTHON'
import glob, json, sys, zipfile
wheel = zipfile.ZipFile(glob.glob('*.whl')[0])
for name in wheel.namelist():
    if f'/{sys.argv[1]}-local-strict/' in name:
        path = wheel.extract(name, '.')
        # Identities and references are those of a server's site; beside each other in a folder is where the files are.
        schema = json.loads(open(path).read().replace('"/api/_definitions.json', '"_definitions.json'))
        schema.pop('$id', None)
        open(path, 'w').write(json.dumps(schema))
PYTHON
  rm ./*.whl
}

folder=$(once "kubernetes-schemas-$(key "$0")" fetch)
echo "$folder/kubernetes_validate/kubernetes-json-schema/$KUBERNETES-local-strict"
