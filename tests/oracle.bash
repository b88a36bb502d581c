#!/usr/bin/env bash
#
# oracle.bash -- oracle.py: does `compose config` read a file as other readers of YAML do? `make oracle`
#
#   bash oracle.bash              ORACLE_MUTANTS mutants (20000), chosen by SEED, as in fuzz.bash
#   bash oracle.bash FILE...      these files
#
# The other readers are PyYAML and npm's yaml: apt install python3-yaml node-yaml; or, in any
# directory, npm install yaml, and NODE_PATH=DIRECTORY/node_modules.
#
# The last line that is printed is "N passed, N failed, N skipped".

set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export NODE_PATH=${NODE_PATH:-/usr/share/nodejs}
MC=${MC:-$here/../minicontainer}
SEED=${SEED:-$(git -C "$here" rev-parse HEAD 2>/dev/null || echo none)}

if ! python3 -c 'import yaml' 2>/dev/null || ! node -e 'require("yaml")' 2>/dev/null; then
    echo "skipped: python3 with yaml, and node with yaml, are not here: apt install python3-yaml node-yaml"
    echo "0 passed, 0 failed, 1 skipped"
    exit
fi
echo "${ORACLE_MUTANTS:-20000} mutants, by SEED=$SEED"
if python3 "$here/oracle.py" "$MC" "${ORACLE_MUTANTS:-20000}" "$SEED" "$@"; then
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
