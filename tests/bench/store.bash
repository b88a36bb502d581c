# shellcheck shell=bash disable=SC2154  # work, who, T, TOP, BENCH: bench.bash's
#
# store.bash -- what the second half of Docker costs: images, kept containers, build, layers. A part of
# bench.bash, which reads it.
#
# Everything lies in stores of its own below $work. There are groups of rows; within one they take
# turns, and each group begins with a process that does nothing: a bare one, and the `true` of the
# machine, with its libraries. Podman runs the same commands where it can.
#
# BENCH_STORE_ROUNDS (10) rounds, BENCH_LAYER_ROUNDS (2) of the large layer, of one person only;
# BENCH_BASE_MB (100) and BENCH_LAYER_MB (300) are the sizes of a base and of that layer, BENCH_KEPT (100)
# containers are kept. BENCH_PODMAN (podman) is another podman, or a word that is none.

base_mb=${BENCH_BASE_MB:-100} layer_mb=${BENCH_LAYER_MB:-300} kept=${BENCH_KEPT:-100}
podman_is=${BENCH_PODMAN:-podman} bare=(--network none --cgroups disabled)

# after COMMAND...: what each start of the last row has made goes by this. It is not measured.
after() {
    [ -n "$measurable" ] || return 0
    as_person "$@" </dev/null >/dev/null 2>"$work/why" || { cat "$work/why" >&2 && fail "$*"; }
    words after "$(command -v "$1")" "${@:2}"
}

# group NAME ROUNDS: the rows that were named since begin_group.
group() {
    say "measuring: as $who, the store, $1, $2 rounds of $(wc -l <"$work/names") commands"
    # What was made is on the disk before the first round: who syncs would pay for it.
    sync -f "$work"
    turns store "$1" "$2" 0
}

begin_group() {
    : >"$work/names"
    : >"$work/rows"
    row bare any "$root/bin/true"
    row true any "$(type -P true)"
}

# Trees: of four layers, and the same as one directory; of random bytes; contexts with a Dockerfile.
make_trees() {
    local n dir=$work/trees
    local begin='FROM scratch\nCOPY root /\nCMD ["/bin/true"]\n'
    mkdir -p "$dir"/{four,same,small,base,large,web}
    for n in four small base large; do cp -a "$root" "$dir/$n/root"; done
    cp -a "$root/." "$dir/same"
    for n in 2 3 4; do
        mkdir "$dir/four/$n"
        head -c 100000 /dev/urandom >"$dir/four/$n/file$n"
        cp -a "$dir/four/$n/." "$dir/same"
    done
    printf '%b' "${begin}COPY 2 /\nCOPY 3 /\nCOPY 4 /\n" >"$dir/four/Dockerfile"
    head -c 1M /dev/urandom >"$dir/small/root/file"
    head -c "${base_mb}M" /dev/urandom >"$dir/base/root/file"
    # (A layer has many files.)
    mkdir "$dir/large/root/files"
    head -c "${layer_mb}M" /dev/urandom | split -b 100K -a 4 - "$dir/large/root/files/"
    for n in small base large; do printf '%b' "$begin" >"$dir/$n/Dockerfile"; done
    cp "$dir/four/2/file2" "$dir/web/page"
    printf '%b' 'FROM small\nENV A=b\nCOPY page /page\nRUN ["/bin/true"]\nCMD ["/bin/true"]\n' \
        >"$dir/web/Dockerfile"
}

# made WORD...: minicontainer WORD... to prepare something. Rows that need it say themselves if it is missing.
made() { as_person "$work/dynamic/minicontainer" "$@" </dev/null >/dev/null 2>&1; }

# The rows of a running container, which podman has as well. (Without networks and cgroups: it shall make
# none on this machine.)
rows_run() {
    local way mc
    begin_group
    as_person mkdir "$work/$who/sync"
    row sync any "$work/sync" "$work/$who/sync"
    after rm -r "$work/$who/sync/kept"
    made build -t four "$work/trees/four"
    for way in static dynamic; do
        mc=$work/$way/minicontainer
        row dir "$way" "$mc" run --image "$work/trees/same" /bin/true
        row image "$way" "$mc" run --image four /bin/true
        row named "$way" "$mc" run --name "new-$way" --image four /bin/true
        after "$mc" rm "new-$way"
        made create --name "kept-$way" --image four /bin/true
        row start "$way" "$mc" start -a "kept-$way"
    done
    if podman_has four; then
        row image podman "${podman[@]}" run --rm "${bare[@]}" four /bin/true
        row named podman "${podman[@]}" run --name new "${bare[@]}" four /bin/true
        after "${podman[@]}" rm new
        pod create --name kept "${bare[@]}" four /bin/true
        row start podman "${podman[@]}" start -a kept
    fi
}

# Containers that were created, and have never run.
rows_ps() {
    local way n
    store="ps"
    begin_group
    made build -t small "$work/trees/small"
    for ((n = 0; n < kept; n++)); do made create --name "c$n" --image small; done
    for way in static dynamic; do row ps "$way" "$work/$way/minicontainer" ps -a; done
    if podman_has small; then
        for ((n = 0; n < kept; n++)); do pod create --name "c$n" "${bare[@]}" small; done
        row ps podman "${podman[@]}" ps -a
    fi
}

# Each container has written 1 MB of its own.
rows_commit() {
    local way base mc
    begin_group
    for base in small base; do
        made build -t "$base" "$work/trees/$base"
        made run --name "on-$base" --volume "$work/trees/small/root:/mnt:ro" --image "$base" \
            /bin/busybox cp /mnt/file /own
        for way in static dynamic; do
            mc=$work/$way/minicontainer
            row "commit-$base" "$way" "$mc" commit "on-$base" new
            after "$mc" rmi new
        done
        if podman_has "$base"; then
            pod create --name "on-$base" "${bare[@]}" "$base"
            pod cp "$work/trees/small/root/file" "on-$base:/own"
            row "commit-$base" podman "${podman[@]}" commit -q "on-$base" new
            after "${podman[@]}" rmi new
        fi
    done
}

# All steps are known from the first time, which row() itself does.
rows_build() {
    local way
    begin_group
    for way in static dynamic; do
        row build "$way" "$work/$way/minicontainer" build -t web "$work/trees/web"
    done
    if podman_has small; then
        row build podman "${podman[@]}" build -q --isolation chroot --layers -t web "$work/trees/web"
    fi
}

# The large layer is unpacked when somebody runs it and it lies nowhere unpacked. What the run itself costs
# is measured by an image that has been unpacked. (One build: most of it is the work of others.)
rows_unpack() {
    local mc=$work/dynamic/minicontainer data=$work/$who/large/minicontainer layer blob
    store=large
    begin_group
    made build -t small "$work/trees/small"
    made run --image small /bin/true
    layers "$data" >"$work/before"
    made build -t large "$work/trees/large"
    made run --image large /bin/true
    layer=$(layers "$data" | comm -13 "$work/before" -)
    blob=$data/blobs/sha256/${layer##*/}
    if [ ! -d "$layer" ] || [ ! -f "$blob" ]; then
        fact absent unpack dynamic "there is no layer of it, unpacked and packed, in the store" "$who"
        return
    fi
    as_person mkdir "$work/$who/out"
    row tar any "$(type -P tar)" -xpf "$blob" --numeric-owner -C "$work/$who/out"
    after rm -r "$work/$who/out/bin" "$work/$who/out/files"
    row sum any "$(type -P sha256sum)" "$blob"
    row warm dynamic "$mc" run --image small /bin/true
    row unpack dynamic "$mc" run --image large /bin/true
    after rm -r "$layer"
}

layers() { find "$1/layers" -mindepth 1 -maxdepth 1 2>/dev/null | sort; }

# podman_has IMAGE: podman is there and has got it, from our store. Else it is said why not.
podman_has() {
    local at
    at=$(command -v "$podman_is") || return 1
    podman=("$at" --root "$work/$who/$store/podman" --runroot "$work/$who/$store/run"
        --storage-driver overlay --cgroup-manager cgroupfs --events-backend none)
    # (The name that it gives is made of the path, where it wants small letters.)
    pod pull -q "oci:minicontainer:$1:latest" && pod tag localhost/minicontainer "$1" && return
    fact absent podman any "$(grep . "$work/why" | tail -n 1)" "$who"
    return 1
}

# pod WORD...: podman WORD... to prepare something.
pod() { (cd "$work/$who/$store" && as_person "${podman[@]}" "$@" </dev/null >/dev/null 2>"$work/why"); }

# What podman keeps beside its files: a process that holds a user's namespaces, and a mount of root's.
end_podman() {
    local file at
    for file in "$work"/*/libpod/tmp/pause.pid; do
        if [ -f "$file" ]; then kill "$(<"$file")"; fi
    done
    [ "$(id -u)" = 0 ] || chmod -R u+rwX "$work" # (a root of podman's is 0555)
    [ "$(id -u)" = 0 ] || return 0
    while read -r _ _ _ _ at _; do
        case $at in "$work"/*) umount -l "$at" ;; esac
    done </proc/self/mountinfo
}

# The store that was another one goes: it is large.
forget() {
    [ "$store" != data ] || return 0
    end_podman
    as_person chmod -R u+rwX "$work/$who/$store"
    as_person rm -rf "$work/$who/${store:?}"
    store=data
}

# All groups of one person.
store_rows() {
    local rounds=${BENCH_STORE_ROUNDS:-10} layer_rounds=${BENCH_LAYER_ROUNDS:-2} part podman
    command -v "$podman_is" >/dev/null || fact absent podman any "$podman_is is not installed" "$who"
    for part in run ps commit build unpack; do
        if [ "$part" = unpack ]; then rounds=$layer_rounds; fi
        if [ "$part" = unpack ] && [ "$who" != "${people[0]}" ]; then continue; fi
        [ "$rounds" -gt 0 ] || continue
        "rows_$part"
        group "$part" "$rounds"
        forget
    done
}
