# 88-peers.bats -- other programs of the field as judges: what they make of our images, and we of theirs.
#
# podman, buildah, runc, crun and umoci, each as it comes. That skopeo and a registry agree with us is
# in 16-images.bats and 18-registry.bats. Each test is done by root and by an ordinary user.

load helpers

# An empty directory $here of $who, where we stand then.
in_own_directory() {
    here=$BATS_TEST_TMPDIR/$who.d
    mkdir -m 0777 "$here"
    cd "$here" || return 1
}
# store WHO: a store with base and web in it, and an empty directory $here of that person, where we stand.
store() {
    who=$1
    in_own_directory
    export XDG_DATA_HOME=$here/here
    kept_store "$who" two_images
}
# Layers of all sorts: files, a whiteout, a directory that was made again (opaque), one that is gone;
# and a configuration with letters that are written in more than one way.
two_images() {
    mkdir -p make/root/etc make/root/opt/deep make/root/srv/kept make/root/old/deep
    echo Welcome. >make/root/etc/motd
    echo old >make/root/opt/old
    echo old >make/root/opt/deep/old
    echo old >make/root/old/deep/old
    echo kept >make/root/srv/kept/file
    ln -s kept/file make/root/srv/link
    build_base "$who" sh ls cat find sort grep env id rm mkdir chmod ln mv mkfifo
    mkdir recipe
    show >recipe/show
    cat >recipe/Dockerfile <<'END'
FROM base
RUN rm /etc/motd; rm -r /old; chmod 0750 /srv/kept
RUN rm -r /opt; mkdir /opt; echo new >/opt/new; chmod 1777 /opt
ENV COLOUR="blue & <green>"
COPY show /srv
WORKDIR /srv
CMD ["sh", "/srv/show", "one", "two words"]
END
    chmod -R a+rX recipe
    $who mc build -t web recipe
}
# What the container prints: where it stands, who it is, what it was given, and all files that are the
# image's. (Every runtime puts some into /etc, and makes directories to mount on.)
show() {
    cat <<'END'
pwd
id
for word; do echo "<$word>"; done
env | sort | grep -E '^(COLOUR|PATH|MORE)='
find / -xdev '(' -path /proc -o -path /dev -o -path /sys -o -path /run ')' -prune -o \
    ! -path / ! -name host.conf ! -name hosts ! -name hostname ! -name resolv.conf ! -name mtab \
    '(' -type d -printf '%p %M %U:%G\n' -o -printf '%p %M %U:%G %s %l\n' ')' | sort
cat /opt/* /srv/kept/*
END
}

# ours: what web prints when we run it, which must be right.
ours() {
    $who mc run --image web
    ours=$output
    assert "$ours" starts $'/srv\nuid=0' "$who"
    assert "$ours" contains $'\n<one>\n<two words>\nCOLOUR=blue & <green>\nPATH=/bin\n' "$who"
    assert "$ours" contains $'\n/etc drwxr-xr-x 0:0\n/lib' "$who: /etc/motd is hidden"
    assert "$ours" contains $'\n/opt drwxrwxrwt 0:0\n/opt/new -rw-r--r-- 0:0 4 \n/srv ' \
        "$who: the old /opt and /old are hidden"
    assert "$ours" contains $'\n/srv/kept drwxr-x--- 0:0\n' "$who"
    assert "$ours" ends $'\nnew\nkept' "$who"
}

# elsewhere: from now on, another store, which is empty.
elsewhere() {
    export XDG_DATA_HOME=$here/elsewhere-$((stores += 1))
    $who mkdir "$XDG_DATA_HOME"
}
# web_digest, layers_of DIGEST: as our store has them; a layer a line, from the bottom up.
web_digest() { awk '$1 == "web:latest" { print $2 }' < <($who "$MC" images --porcelain); }
layers_of() {
    python3 -c 'import json, sys
for layer in json.load(open(sys.argv[1]))["layers"]: print(layer["digest"])' \
        "$here/here/minicontainer/blobs/sha256/${1#sha256:}"
}

# apart COMMAND ARG...: as root in namespaces of its own, which a user's runtime would make, too. What
# these programs write beside the directories that one can choose goes to a tmpfs, and nobody is alive
# when COMMAND has ended. The machine's cgroups can only be read; $cgroups=none hides them.
apart() {
    local flags=(--mount --pid --fork --kill-child --mount-proc)
    if [ "$who" = as_user ] || [ "$(id -u)" != 0 ]; then flags+=(--user --map-root-user --map-auto); fi
    cat >"$BATS_TEST_TMPDIR/apart" <<'END'
set -eu
for dir in /run /dev/shm /var/tmp /var/cache /var/lib/containers /etc/cni ${1#keep}; do
    if [ -d "$dir" ]; then mount -t tmpfs none "$dir"; fi
done
shift
mkdir -p "$HOME/runtime" "$HOME/etc"
if [ -d /etc/containers ]; then
    cp -R /etc/containers/*.json /etc/containers/*.conf* "$HOME/etc" || :
    mount --bind "$HOME/etc" /etc/containers
fi
export XDG_RUNTIME_DIR="$HOME/runtime"
awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo | while read -r dir; do
    if [ -d "$dir" ]; then mount -o remount,bind,ro,nosuid,nodev,noexec "$dir"; fi
done
exec "$@"
END
    local hide=keep
    if [ "${cgroups-}" = none ]; then hide=/sys/fs/cgroup; fi
    $who call unshare "${flags[@]}" sh "$BATS_TEST_TMPDIR/apart" "$hide" "$@"
}
# Where the two that keep images of their own keep them.
kept_in() {
    echo --root "$here/images" --runroot "$here/run" --storage-driver vfs
}
podman() {
    # shellcheck disable=SC2046  # words
    apart podman $(kept_in) --tmpdir "$here/tmp" --cgroup-manager cgroupfs --events-backend none "$@"
}

# bundle DIR: config.json as umoci has written it, without what needs a terminal or cgroups, or more ids
# than there are.
bundle() {
    $who python3 - "$1/config.json" <<'END'
import json, sys
with open(sys.argv[1]) as f:
    c = json.load(f)
c["process"]["terminal"] = False
c["process"].pop("rlimits", None)
c["linux"].pop("resources", None)
c["mounts"] = [m for m in c["mounts"] if m["destination"] not in ("/sys", "/sys/fs/cgroup")]
with open(sys.argv[1], "w") as f:
    json.dump(c, f)
END
}

# traces: what these programs leave on a machine where one lets them.
traces() {
    ls -d /etc/containers/networks /etc/cni/net.d/cni.lock /run/containers /run/libpod /run/crun \
        /run/runc /run/netns /dev/shm/libpod* /var/cache/containers /var/lib/containers/storage \
        /var/lib/cni /var/tmp/{buildah,storage,container_images_}* \
        /tmp/{podman,containers,storage,buildah,umoci,conmon}-* 2>/dev/null || true
    find /sys/fs/cgroup -name 'peer-*' 2>/dev/null || true
}
new_traces() { traces | sort | comm -13 "$MC_STATE/traces" -; }
setup() {
    mc_setup
    requires userns subuid overlay python3
    traces | sort >"$MC_STATE/traces"
}
teardown() {
    # Directories of images that their owner may not write to
    chmod -R u+rwX "$BATS_TEST_TMPDIR" 2>/dev/null || true
    no_process_left
    # (Somebody else on this machine may use them just now; what they leave goes away.)
    wait_for '[ -z "$(new_traces)" ]' || fail "left behind on the machine: $(new_traces)"
}

@test "an image of ours with whiteouts, unpacked by umoci, prints by runc and crun what it prints by us" {
    requires umoci runc crun
    local who ours runtime cgroups
    for who in $(people); do
        store "$who"
        ours
        apart umoci unpack --image here/minicontainer:web:latest bundle
        assert "$(ls -A bundle/rootfs/opt)" == new "$who: opaque"
        assert "$(ls -A bundle/rootfs/etc)" == "" "$who: a whiteout"
        assert "$(ls -A bundle/rootfs)" lacks old "$who: a whiteout of a directory"
        bundle bundle
        apart runc --rootless true --root "$here/state" run -b bundle peer-runc
        assert "$output" == "$ours" "$who runc"
        cgroups=none
        apart crun --root "$here/state" --cgroup-manager disabled run -b bundle peer-crun
        assert "$output" == "$ours" "$who crun"
        unset cgroups
    done
}

@test "an ordinary user's runc runs what umoci unpacked for it, without more ids than one" {
    requires umoci runc user
    local who=as_user ours
    store as_user
    ours
    as_user call umoci unpack --rootless --image here/minicontainer:web:latest bundle
    bundle bundle
    as_user call runc --root "$here/state" run -b bundle peer-runc
    assert "$output" == "$ours"
}

@test "podman pulls from the live store: digest, configuration and layers are ours; it runs the same" {
    requires podman crun
    local who ours digest id cgroups
    for who in $(people); do
        store "$who"
        ours
        digest=$(web_digest)
        podman pull -q oci:here/minicontainer:web:latest
        id=$output
        podman image inspect --format '{{.Digest}} {{.Os}} {{.Config.WorkingDir}}
{{range .Config.Env}}{{println .}}{{end}}{{range .Config.Cmd}}{{println .}}{{end}}' "$id"
        assert "$output" == "$digest linux /srv
PATH=/bin
COLOUR=blue & <green>
sh
/srv/show
one
two words" "$who"
        podman image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "$id"
        assert "$output" == "$(layers_of "$digest")" "$who"
        assert "${#lines[@]}" == 4 "$who: control"
        podman history --human=false --no-trunc --format '{{.CreatedBy}}' "$id"
        assert "$output" == 'CMD ["sh", "/srv/show", "one", "two words"]
WORKDIR /srv
COPY show /srv
ENV COLOUR="blue & <green>"
RUN rm -r /opt; mkdir /opt; echo new >/opt/new; chmod 1777 /opt
RUN rm /etc/motd; rm -r /old; chmod 0750 /srv/kept
CMD ["/bin/sh"]
ENV PATH=/bin
COPY root /' "$who"
        cgroups=none
        # (It would raise limits that one may not raise everywhere.)
        podman --runtime crun run -q --rm --cgroups disabled --network none \
            --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$id"
        assert "$output" == "$ours" "$who"
        unset cgroups
        # And back, as it packs it.
        podman push -q "$id" oci:back:web:latest
        assert "$(find back/blobs/sha256 -type f -exec gzip -tq {} \; -print 2>/dev/null | wc -l)" == 4 \
            "$who: control: it compresses"
        elsewhere
        $who mc pull web back
        $who mc run --image web
        assert "$output" == "$ours" "$who: what podman wrote"
    done
}

@test "an image that buildah made by the same steps runs in ours, and prints the same" {
    requires buildah
    local who ours
    for who in $(people); do
        in_own_directory
        elsewhere
        two_images
        ours
        cat >steps <<'END'
set -eu
b() { buildah $KEPT "$@"; }
c=$(b from scratch)
b copy -q "$c" make/root /
b config --env PATH=/bin "$c"
b commit -q "$c" oci:by:low
b rm "$c"
c=$(b from oci:by:low)
m=$(b mount "$c")
rm -r "$m/etc/motd" "$m/old" "$m/opt"
chmod 0750 "$m/srv/kept"
mkdir "$m/opt"
echo new >"$m/opt/new"
chmod 1777 "$m/opt"
b umount "$c"
b copy -q "$c" recipe/show /srv
b config --env COLOUR='blue & <green>' --workingdir /srv \
    --entrypoint '["sh", "/srv/show"]' --cmd 'one "two words"' "$c"
b commit -q "$c" oci:by:web:latest
b rm "$c"
END
        KEPT=$(kept_in) apart sh -u steps
        elsewhere
        $who mc pull web by
        $who mc run --image web
        assert "$output" == "$ours" "$who"
        # Its ENTRYPOINT stands before the words of run.
        $who mc run --image web -- other
        assert "$output" contains $'\n<other>\n' "$who"
        assert "$output" lacks '<one>' "$who"
    done
}

@test "buildah builds our Dockerfile on our base: what comes out runs in ours, and prints the same" {
    requires buildah
    local who ours
    for who in $(people); do
        in_own_directory
        elsewhere
        two_images
        ours
        # (A path with a capital letter in it is no name for buildah.)
        $who mc push base stick
        sed 's/^FROM .*/FROM oci:stick:base:latest/' recipe/Dockerfile >recipe/theirs
        chmod a+r recipe/theirs
        # shellcheck disable=SC2046  # words
        apart buildah $(kept_in) build -q --isolation chroot -f recipe/theirs -t oci:by:web:latest recipe
        elsewhere
        $who mc pull web by
        $who mc run --image web
        assert "$output" == "$ours" "$who"
    done
}

@test "an image that umoci unpacked, and packed again with changes, runs in ours with them" {
    requires umoci
    local who digest ours changes='set -e
rm srv/link
rm -r opt
mkdir opt
chmod 0700 opt
echo more >opt/more
echo longer >>srv/kept/file
ln -s ../opt/more srv/other
# (Else umoci leaves the directory out, in whose mode nothing has changed.)
chmod 0755 srv/kept'
    for who in $(people); do
        store "$who"
        # The same by us
        digest=$(web_digest)
        $who mc run --name changed --image web -- sh -c "cd /; $changes"
        $who mc commit changed web2
        $who mc rm changed
        $who mc run --image web2 -e MORE=yes -- sh /srv/show
        ours=$output
        assert "$ours" contains $'\n/srv/other lrwxrwxrwx 0:0 11 ../opt/more\n' "$who: control"
        $who mc push web stick
        apart sh -euc 'umoci unpack --image stick:web:latest bundle
            (cd bundle/rootfs; eval "$1")
            umoci repack --image stick:web2:latest bundle
            umoci config --image stick:web2:latest --config.env MORE=yes --config.cmd sh \
                --config.cmd /srv/show' - "$changes"
        elsewhere
        $who mc pull web2 stick
        $who mc run --image web2
        assert "$output" == "$ours" "$who"
        # The other one is as it was.
        $who mc pull web stick
        assert "${lines[-1]}" == "web:latest is $digest" "$who"
        $who mc run --image web
        assert "$output" ends $'\nnew\nkept' "$who"
    done
}

@test "three layers with all that a layer can say: umoci, podman and we make the same tree of them" {
    requires umoci podman
    local who ours
    for who in $(people); do
        store "$who"
        $who mc push base stick
        layers
        apart sh -euc 'for n in 1 2 3; do umoci raw add-layer --image stick:base:latest layer.$n; done
            umoci unpack --image stick:base:latest bundle
            cd bundle/rootfs; eval "$1"' - "$LIST"
        ours=$output
        assert "$(grep -c . <<<"$ours")" -gt 45 "$who: control"
        podman pull -q oci:stick:base:latest
        assert "${#lines[@]}" == 1
        # shellcheck disable=SC2046  # words
        apart sh -euc 'cd "$(podman "$@" image mount '"$output"')"; eval "$LIST"' - $(kept_in)
        assert "$output" == "$ours" "$who: podman and umoci"
        elsewhere
        $who mc pull base stick
        $who mc run --image base -- sh -c "cd /; $LIST"
        assert "$output" == "$ours" "$who: we and umoci"
    done
}
# What is below odd, with the contents of files
export LIST='find odd -type d -printf "%p %M %U:%G\n" -o -printf "%p %M %U:%G %l\n" | sort
find odd -type f -exec grep -H "" {} + | sort'
# layers: layer.1, layer.2 and layer.3. Of each case a line; what a layer has of it stands in brackets.
layers() {
    cat "$BATS_TEST_DIRNAME/store.py" - >layers.py <<'END'
def d(name, mode=0o755): return name, "d", "", mode
def f(name, text="1\n", mode=0o644): return name, "f", text, mode
def l(name, to): return name, "l", to
def h(name, to): return name, "h", to, 0o644
GONE, OPAQUE = ".wh.", ".wh..wh..opq"
cases = {
    "dir-file": ([d("t"), f("t/a")], [f("t")]),
    "file-dir": ([f("t")], [d("t"), f("t/a", "2\n")]),
    "dir-link": ([d("t"), f("t/a")], [l("t", "..")]),
    "link-dir": ([d("r"), f("r/z"), l("t", "r")], [d("t"), f("t/a", "2\n")]),
    "link-link": ([l("t", "a")], [l("t", "b" * 150)]),
    "file-and-its-whiteout": ([f("a"), f("b")], [f(GONE + "a", ""), f("a", "2\n")]),
    "whiteout-last": ([f("a"), f("b")], [f("a", "2\n"), f(GONE + "b", "")]),
    "opaque-last": ([d("t"), f("t/a"), f("t/b")], [d("t"), f("t/c", "2\n"), f("t/" + OPAQUE, "")]),
    "opaque-first": ([d("t"), f("t/a"), f("t/b")], [d("t"), f("t/" + OPAQUE, ""), f("t/a", "2\n")]),
    "opaque-below": ([d("t"), d("t/u"), f("t/u/a")], [d("t"), f("t/" + OPAQUE, "")],
                     [d("t"), d("t/u"), f("t/u/b")]),
    "gone-and-back": ([d("t"), f("t/a")], [f(GONE + "t", "")], [d("t"), f("t/n", "3\n")]),
    "gone-file": ([d("t"), f("t/a")], [f(GONE + "t", "")], [f("t", "3\n")]),
    "gone-for-good": ([d("t"), f("t/a")], [f("t/b")], [f(GONE + "t", "")]),
    "gone-never-was": ([], [f(GONE + "x", "")]),
    "no-entry": ([d("t"), d("t/u"), f("t/u/a")], [f("t/" + GONE + "u", "")], [f("t/u/n", "3\n")]),
    "mode-only": ([d("t"), f("t/a", mode=0o755)], [d("t", 0o700)], [d("t", 0o700), f("t/a", mode=0o600)]),
    "bits": ([d("t", 0o2775), f("t/a", mode=0o2755), d("t/s", 0o1777), f("u", mode=0o4711)],),
    "emptied": ([f("a"), f("b")], [f("a", "")]),
    "hard": ([f("a"), h("b", "a"), h("c", "a")], [f("b", "2\n")]),
    "hard-gone": ([f("a"), h("b", "a")], [f(GONE + "a", "")]),
    "names": ([f("-n"), f("a b"), f("a\\b"), f(".wh"), f("n" * 120), f("t" * 90 + "/" + "u" * 90)],),
    "dots": ([d("./t"), f("./t/a")], [d("t/."), f("t//b", "2\n"), f("./t/./a", "2\n")]),
}
for n in range(3):
    entries = [d("odd")]
    for case, layers in cases.items():
        top = "odd/" + case + "/"
        entries.append(d(top[:-1]))
        for name, kind, what, *mode in layers[n] if n < len(layers) else []:
            entries.append((top + name, kind, top + what if kind == "h" else what, *mode))
    with open("layer.%d" % (n + 1), "wb") as out:
        out.write(tar(*entries))
END
    chmod a+r layers.py
    XDG_DATA_HOME=$here/none $who call python3 layers.py
}

@test "what commit makes of every sort of change: umoci and podman make the same tree of it" {
    requires umoci podman
    local who ours
    for who in $(people); do
        store "$who"
        before | $who mc run --name first --image base -- sh -e
        $who mc commit first one
        changes | $who mc run --name second --image one -- sh -e
        $who mc commit second two
        # Once more on top of it, so that each sees a third layer.
        $who mc run --name third --image two -- sh -ec "cd /odd
            rm -r moved; mkdir moved; echo 3 >moved/c; rm file-dir/a
            cd /; $LIST"
        ours=$output
        $who mc commit third three
        $who mc run --image three -- sh -c "cd /; $LIST"
        assert "$output" == "$ours" "$who"
        assert "$(grep -c . <<<"$ours")" -gt 30 "$who: control"
        assert "$ours" lacks old "$who: control"
        apart sh -euc 'umoci unpack --image here/minicontainer:three:latest bundle
            cd bundle/rootfs; eval "$LIST"'
        assert "$output" == "$ours" "$who: umoci and we"
        podman pull -q oci:here/minicontainer:three:latest
        # shellcheck disable=SC2046  # words
        apart sh -euc 'cd "$(podman "$@" image mount '"$output"')"; eval "$LIST"' - $(kept_in)
        assert "$output" == "$ours" "$who: podman and we"
    done
}
before() {
    cat <<'END'
mkdir -p /odd/dir-file/d /odd/file-link /odd/again/deep /odd/mode /odd/from /odd/nested/a/b /odd/kept
cd /odd
echo old >dir-file/old; echo old >dir-file/d/old
echo old >file-dir; echo old >link-file.to; ln -s link-file.to link-file
echo old >again/old; echo old >again/deep/old
echo 1 >mode/a; echo 1 >from/a; echo 1 >from/b
echo old >nested/a/b/old; echo 1 >nested/a/c; echo 1 >nested/d
echo 1 >cut; echo 1 >more; echo 1 >one; ln one two; echo 1 >kept/a; echo old >kept/old
mkfifo pipe
END
}
changes() {
    cat <<'END'
cd /odd
rm -r dir-file; echo 2 >dir-file
rm file-dir; mkdir file-dir; echo 2 >file-dir/a; echo 2 >file-dir/b
rm -r file-link; ln -s nowhere file-link
rm link-file link-file.to; echo 2 >link-file
rm -r again; mkdir -p again/deep; echo 2 >again/deep/new
chmod 2750 mode; chmod 4711 mode/a
mv from moved; mv moved/a moved/c
rm -r nested/a/b; mkdir nested/a/b; chmod 1777 nested/a/b; mv nested/d nested/a/d
: >cut; echo 2 >>more; echo 2 >>two; ln more also
rm kept/old; rm pipe; mkfifo kept/pipe
echo 2 >'-n'; echo 2 >'a  b'; echo 2 >'a\b'; echo 2 >.hidden; echo 2 >.w
mkdir -m 0700 shut; echo 2 >shut/in
END
}
