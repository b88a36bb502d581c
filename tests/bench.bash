#!/usr/bin/env bash
#
# bench.bash -- what a start costs, and what an image does: `make bench`, some eight minutes.
#
#   bash tests/bench.bash                   tables; as root also for an ordinary user (MC_USER, 1000)
#   bash tests/bench.bash --porcelain       lines by tabs, see bench/report.awk
#   bash tests/bench.bash --svg FILE        tables, and a chart into FILE
#   bash tests/bench.bash --from LINES ...  tables and chart out of lines that were kept
#
# It builds all that it measures, for itself: minicontainer and bench/limit.c, statically with musl
# (or what is there) and dynamically, as the Makefile does; a command that does nothing; and a root
# that has little more than that and busybox. Each container gets this same root. Other tools
# are measured if they are installed. bench/driver.c runs and measures.
#
# BENCH_ROUNDS (60) busy rounds, BENCH_IDLE_ROUNDS (8) with BENCH_IDLE_MS (50) before each start,
# BENCH_ALIVE ("0 1 10 100 1000") idle containers, BENCH_ALIVE_ROUNDS (40) starts beside them,
# BENCH_ALIVE_LOOKS (60) half seconds at most until memory is settled.
# Of each, 0 or nothing leaves that part out. Images and kept containers: bench/store.bash; calls that
# come in: bench/ports.bash; compose and the daemon: bench/services.bash.
# Ratios tell more than times: they were measured within the same minutes.

set -u -o pipefail
export LC_ALL=C
umask 022
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BENCH=$TOP/tests/bench
T=$'\t'
lines='' chart='' porcelain=''

# crun (podman, too) takes no system that has cgroup v1 beside v2. So root goes on in a mount table that
# is thrown away, where /sys/fs/cgroup is v2 alone.
if [ "$(id -u)" = 0 ] && [ -z "${BENCH_ALONE-}" ] && [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] &&
    { command -v crun || command -v podman; } >/dev/null; then
    export BENCH_ALONE=1
    exec unshare --mount --propagation private sh -c \
        'mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null; exec bash "$@"' sh "${BASH_SOURCE[0]}" "$@"
fi
while [ "$#" -gt 0 ]; do
    case $1 in
    --porcelain) porcelain=1 ;;
    --svg) chart=${2?--svg wants a file} && shift ;;
    --from) lines=${2?--from wants a file} && shift ;;
    *) echo "usage: bash tests/bench.bash [--porcelain] [--svg FILE] [--from LINES]" >&2 && exit 2 ;;
    esac
    shift
done

show() { # LINES
    if [ -n "$porcelain" ]; then cat "$1"; else awk -f "$BENCH/report.awk" "$1"; fi
    if [ -n "$chart" ]; then awk -f "$BENCH/chart.awk" "$1" >"$chart"; fi
}
if [ -n "$lines" ]; then
    show "$lines"
    exit
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/mc-bench.XXXXXX")
chmod 0755 "$work"
trap 'end_podman; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
lines=$work/lines
root=$work/root
fail() { echo "bench: $*" >&2 && exit 1; }
say() { [ -n "$porcelain" ] || echo "$*" >&2; }
fact() { (IFS=$T && echo "$*") >>"$lines"; }
# shellcheck source=tests/bench/store.bash
. "$BENCH/store.bash"
# shellcheck source=tests/bench/ports.bash
. "$BENCH/ports.bash"
# shellcheck source=tests/bench/services.bash
. "$BENCH/services.bash"

# ---------------------------------------------------------------------------------------------
# What is measured
# ---------------------------------------------------------------------------------------------

# As the Makefile builds it: one way statically, one way dynamically.
build() {
    local static=${STATIC_CC:-$(command -v musl-gcc || command -v gcc || command -v cc)}
    local dynamic=${CC:-cc} way cc flags
    "$dynamic" -w -o "$work/dump" "$BENCH/dump.c" || fail "dump.c"
    "$work/dump" filter >"$work/filter.h"
    "$work/dump" masks >"$work/masks.h"
    "$dynamic" -O2 -o "$work/driver" "$BENCH/driver.c" || fail "driver.c"
    mkdir -p "$root"/{bin,dev,proc,sys,tmp}
    "$static" -static -O2 -o "$root/bin/true" "$BENCH/inside.c" || fail "no static program can be linked"
    "$static" -static -O2 -o "$work/sync" "$BENCH/sync.c" || fail "sync.c"
    if command -v busybox >/dev/null; then cp "$(command -v busybox)" "$root/bin/"; fi
    for way in static dynamic; do
        mkdir "$work/$way"
        if [ $way = static ]; then cc=$static flags='-static -Os'; else cc=$dynamic flags='-O2 -Wl,-z,now'; fi
        # shellcheck disable=SC2086  # a list
        {
            "$cc" $flags -o "$work/$way/minicontainer" "$TOP/minicontainer.c" || fail "the $way build"
            "$cc" $flags -I"$work" -o "$work/$way/limit" "$BENCH/limit.c" || fail "limit.c, $way"
        }
    done
    fact machine kernel "$(uname -rm), $(getconf _NPROCESSORS_ONLN) processors"
    fact machine static "$(basename "$static") -static -Os, $(stat -c %s "$work/static/minicontainer") bytes"
    fact machine dynamic "$("$dynamic" --version | head -n 1), -O2 -Wl,-z,now"
}

# row ROW BUILD WORD...: one more to measure, unless it fails; then it is said why.
row() {
    local name=$1 how=$2
    shift 2
    measurable=''
    if ! as_person "$@" </dev/null >/dev/null 2>"$work/why"; then
        fact absent "$name" "$how" "$(sed -n '/./{s/^minicontainer: //;p;q}' "$work/why")" "$who"
        return
    fi
    measurable=1
    echo "$name$T$how" >>"$work/names"
    words "$@"
}

# words WORD...: a line of the driver's.
words() {
    local word
    for word; do printf '%s\t' "$word"; done >>"$work/rows"
    echo >>"$work/rows"
}

# All rows of one person, in the order in which a round goes through them.
rows() {
    local way mc name image=(--image "$root")
    : >"$work/names"
    : >"$work/rows"
    row bare any "$root/bin/true"
    for way in static dynamic; do
        mc=$work/$way/minicontainer
        row floor "$way" "$mc" run --only none "$root/bin/true"
        while IFS=$T read -r _ name _; do
            case $name in
            user) row only-user "$way" "$mc" run --only user "$root/bin/true" ;;
            proc) row only-proc "$way" "$mc" run --only user,pid,mnt,proc "$root/bin/true" ;;
            root) row only-root "$way" "$mc" run --only user,mnt,root "${image[@]}" /bin/true ;;
            limits) row only-limits "$way" "$mc" run --only user,limits --pids-limit 100 "$root/bin/true" ;;
            *) row "only-$name" "$way" "$mc" run --only "user,$name" "$root/bin/true" ;;
            esac
        done < <("$mc" isolations --porcelain)
        row all "$way" "$mc" run "${image[@]}" /bin/true
        row limits "$way" "$mc" run --pids-limit 100 --memory 100M "${image[@]}" /bin/true
        row no-net "$way" "$mc" run --no-net "${image[@]}" /bin/true
        # (The same command; one mount more to have it there.)
        row default "$way" "$mc" run --volume "$root/bin:/mnt:ro" /mnt/true
        row limit "$way" "$work/$way/limit" "$root" /bin/true
    done
    peers
}

# Other tools, with the namespaces that they know, on the same root.
peers() {
    local at
    if at=$(command -v unshare); then
        row unshare any "$at" --user --map-root-user --pid --fork --mount --uts --ipc --net --cgroup \
            --time --mount-proc "--root=$root" /bin/true
    fi
    if at=$(command -v bwrap); then
        row bwrap any "$at" --unshare-all --uid 0 --gid 0 --bind "$root" / --proc /proc --dev /dev /bin/true
    fi
    for name in crun runc; do
        at=$(command -v "$name") || continue
        mkdir -p "$work/$who/$name" "$work/$who/state"
        bundle "$name" >"$work/$who/$name/config.json"
        [ "$who" = root ] || chown -R "$uid" "$work/$who"
        if [ "$name" = crun ]; then
            row crun any "$at" --cgroup-manager=disabled --root "$work/$who/state" run \
                --bundle "$work/$who/crun" "mc-bench-$$"
        else
            row runc any "$at" --root "$work/$who/state" run --bundle "$work/$who/runc" "mc-bench-$$"
        fi
    done
}

# names in a list of JSON: "a", "b"
quoted() { sed 's/.*/"&"/' | paste -sd, -; }

# The calls that are refused whatever their arguments, by name: those that the headers here name.
refused() {
    echo '#include <sys/syscall.h>' | "${CC:-cc}" -E -dM - |
        sed -nE 's/^#define __NR_([a-z0-9_]+) ([0-9]+)$/\2 \1/p' | sort >"$work/numbers"
    "$work/dump" calls | awk -F'\t' '$3 == "EPERM" && $4 == "all" { print $1 }' | sort -u |
        join - "$work/numbers" | cut -d' ' -f2
}

# The same container in the words of crun and runc: namespaces, map, mounts, masks, capabilities, and
# a filter with the same calls.
bundle() { # TOOL
    local map="\"containerID\": 0, \"hostID\": 1879048192, \"size\": 65536" gmap more='' caps calls
    caps=$("$work/dump" caps | sed 's/^/CAP_/' | tr '[:lower:]' '[:upper:]' | quoted)
    calls=$(refused | quoted)
    gmap=$map
    if [ "$who" != root ]; then
        map="\"containerID\": 0, \"hostID\": $uid, \"size\": 1"
        gmap="\"containerID\": 0, \"hostID\": $gid, \"size\": 1"
    fi
    # runc 1.1 does not know this one.
    if [ "$1" = crun ]; then more=', {"type": "time"}'; fi
    cat <<END
{ "ociVersion": "1.0.2",
  "process": { "terminal": false, "user": { "uid": 0, "gid": 0 }, "args": ["/bin/true"],
    "env": ["PATH=/bin"], "cwd": "/", "noNewPrivileges": true,
    "capabilities": { "bounding": [$caps], "effective": [$caps], "permitted": [$caps] } },
  "root": { "path": "$root", "readonly": false }, "hostname": "box",
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/dev", "type": "tmpfs", "source": "dev",
      "options": ["nosuid", "strictatime", "mode=755", "size=64m"] },
    { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
      "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] },
    { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
      "options": ["nosuid", "noexec", "nodev"] },
    { "destination": "/sys", "type": "sysfs", "source": "sysfs",
      "options": ["nosuid", "noexec", "nodev", "ro"] } ],
  "linux": {
    "namespaces": [ {"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
      {"type": "mount"}, {"type": "cgroup"}, {"type": "user"}$more ],
    "uidMappings": [ { $map } ], "gidMappings": [ { $gmap } ],
    "maskedPaths": [$(sed -n 's/^{ "\(.*\)", 1, .*/\/\1/p' "$work/masks.h" | quoted)],
    "readonlyPaths": [$(sed -n 's/^{ "\(.*\)", 0, .*/\/\1/p' "$work/masks.h" | quoted)],
    "seccomp": { "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_$(uname -m | tr '[:lower:]' '[:upper:]')"],
      "syscalls": [ { "names": [$calls], "action": "SCMP_ACT_ERRNO" } ] } } }
END
}

# ---------------------------------------------------------------------------------------------
# Measuring
# ---------------------------------------------------------------------------------------------

# as_person COMMAND...: as $who, with nothing of our environment that could slow one of them.
as_person() {
    local clean=(env -i "PATH=$PATH" LC_ALL=C "XDG_RUNTIME_DIR=$work/$who" "XDG_DATA_HOME=$work/$who/$store")
    if [ "$(id -u)" = 0 ] && [ "$who" = user ]; then
        setpriv --reuid="$uid" --regid="$gid" --clear-groups "${clean[@]}" "$@"
    else
        "${clean[@]}" "$@"
    fi
}

measure() { # MODE ROUNDS IDLE_MS
    [ "$2" -gt 0 ] || return 0
    say "measuring: as $who, $1, $2 rounds of $(wc -l <"$work/rows") commands"
    turns start "$1" "$2" "$3"
}

# turns LINE MODE ROUNDS IDLE_MS: lines that begin with the word LINE.
turns() {
    as_person "$work/driver" times "$3" "$4" <"$work/rows" >"$work/times" 2>"$work/words" ||
        { tail -n 5 "$work/words" >&2 && fail "a start failed, as $who"; }
    awk -v line="$1" -v who="$who" -v mode="$2" -v names="$work/names" -f "$BENCH/medians.awk" \
        "$work/times" >>"$lines"
}

# Containers that do nothing, and how a start is beside them.
crowd() { # BUILD
    local mc=$work/$1/minicontainer start driver
    start=("$mc" run --image "$root" /bin/true)
    driver=("$work/driver" alive "${BENCH_ALIVE_ROUNDS:-40}" "${BENCH_ALIVE_LOOKS:-60}" "${alive[@]}")
    say "measuring: as $who, $1, beside ${alive[*]} idle ones"
    as_person "${driver[@]}" -- "${start[@]}" hold -- \
        "${start[@]}" 2>"$work/words" | sed "s/^/alive$T$who$T$1$T/" >>"$lines" ||
        { tail -n 5 "$work/words" >&2 && fail "an idle container failed, as $who"; }
    # The same start by the same calls alone: what the kernel itself takes longer.
    as_person "${driver[@]}" -- "${start[@]}" hold -- \
        "$work/$1/limit" "$root" /bin/true 2>"$work/words" | cut -f1,2 | sed "s/^/beside$T$who$T$1$T/" >>"$lines" ||
        { tail -n 5 "$work/words" >&2 && fail "an idle container failed, as $who"; }
}

# The versions of what was measured, of each that is there.
versions() {
    local tool
    for tool in unshare bwrap crun runc; do
        if command -v "$tool" >/dev/null; then
            fact machine "$tool" "$("$tool" --version 2>&1 | head -n 1)"
        else
            fact absent "$tool" any "$tool is not installed"
        fi
    done
}

store=data
build
make_trees
versions
read -ra alive <<<"${BENCH_ALIVE-0 1 10 100 1000}"
people=(user)
uid=$(id -u) gid=$(id -g)
if [ "$uid" = 0 ]; then
    people=(root user)
    uid=$(id -u "${MC_USER:-1000}" 2>/dev/null || echo 1000) gid=$uid
fi
for who in "${people[@]}"; do
    mkdir -p "$work/$who"
    [ "$(id -u)" != 0 ] || [ "$who" = root ] || chown "$uid:$gid" "$work/$who"
    rows
    measure busy "${BENCH_ROUNDS:-60}" 0
    measure idle "${BENCH_IDLE_ROUNDS:-8}" "${BENCH_IDLE_MS:-50}"
    store_rows
    port_rows
    service_rows
done
who=${people[0]}
if [ "${#alive[@]}" -gt 0 ]; then for way in static dynamic; do crowd $way; done; fi
show "$lines"
