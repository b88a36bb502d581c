#!/usr/bin/env bats
# The store (chapters 15 to 17) under attack: archives, JSON, names and containers that strangers
# made; commands that are killed; a full disk; two at once. Each time: a message that says what is
# wrong, status 125, nothing half done, and the next command works.

load helpers

setup() {
    mc_setup
    requires python3 busybox overlay
}

# What a test that failed has left running.
teardown() {
    local dir
    for dir in data-*/minicontainer/containers/*/; do
        [ -d "$dir" ] || continue
        XDG_DATA_HOME=$PWD/${dir%%/*} "$MC" rm -f "$(basename "$dir")" 2>/dev/null || true
    done
    # bats itself could not remove all of them.
    chmod -R u+rwX data-* 2>/dev/null || true
}

# store [WHO]: a new, empty store of WHO, with the image base; more of it by python on stdin.
store() {
    who=${1:-self}
    XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$who-$((stores += 1))
    S=$XDG_DATA_HOME/minicontainer
    export XDG_DATA_HOME
    $who mkdir -m 0700 "$XDG_DATA_HOME"
    { cat "$BATS_TEST_DIRNAME/store.py"; echo 'image("base", [base()], {"Cmd": ["/bin/sh"]})'; cat; } \
        >"$MC_STATE/make.py"
    chmod 0644 "$MC_STATE/make.py"
    $who python3 "$MC_STATE/make.py"
}

# more WHO: the same store, more images.
more() {
    { cat "$BATS_TEST_DIRNAME/store.py"; cat; } >"$MC_STATE/make.py"
    $1 python3 "$MC_STATE/make.py"
}

# recipe LINE...: the directory ctx with a Dockerfile.
recipe() {
    mkdir -p ctx
    printf '%s\n' "$@" >ctx/Dockerfile
    chmod -R a+rX ctx
}

# nothing_half: no layer that is not whole, no blob or layer that no name leads to after rmi.
nothing_half() {
    assert "$(find "$S/layers" -maxdepth 1 -name '*.new')" == ""
    $who mc rmi x
    $who mc rmi base
    assert "$(find "$S/blobs/sha256" "$S/layers" -mindepth 1 -maxdepth 1)" == ""
}

# ---------------------------------------------------------------------------------------------
# Archives
# ---------------------------------------------------------------------------------------------

# hostile WHO: what is in the array ARCHIVES, each python that makes an archive, refused by tar.
hostile() {
    local archive
    for archive in "${archives[@]}"; do
        echo "== $archive"
        store "$1" <<<"image('x', [base(), $archive])"
        $1 mc -125 run --image x -- true
        assert "$stderr" =~ 'minicontainer: layer sha256:[0-9a-f]{64}: tar\(1\) could not unpack all of it'
        assert "$(ls outside)$(<outside/keep)" == keepkeep
        nothing_half
    done
}

@test "archives that want to leave the layer, or are none, are refused" {
    mkdir -m 0777 outside
    printf keep >outside/keep
    chmod 0666 outside/keep
    local out=$BATS_TEST_TMPDIR/outside
    local archives=(
        "tar(('../../../../../../../../..$out/evil', 'f', 'x'))"
        "tar(('l', 'l', '$out'), ('l/evil', 'f', 'x'))"
        "tar(('l', 'l', '$out'), ('l/.wh.keep', 'f'))"
        "tar(('h', 'h', '$out/keep'))"
        "tar(('h', 'h', '../../../../../..$out/keep'))"
        "tar(('dev/sda', 'b', (8, 0)))"
        "sized(tar(('big', 'f', 'x')), b'77777777777\\0')"
        "sized(tar(('less', 'f', 'x')), b'\\xff' * 12)"
        "tar(('cut', 'f', 'x' * 5000))[:2000]"
        "bytes(i * i * 7919 % 251 for i in range(20000))"
        "b''"
        "tar(('n' * 300, 'f', 'x'))"
        "tar(('d/' * 4999, 'd'))"
        "tar(('.', 'l', '/'))")
    for who in $(people); do hostile "$who"; done
}

@test "absolute names and hard links stay in the layer" {
    mkdir -m 0777 outside
    printf keep >outside/keep
    for who in $(people); do
        store "$who" <<<"image('x', [base(), tar(('$PWD/outside/keep', 'f', 'evil'),
            ('l', 'l', '$PWD/outside/keep'), ('l', 'f', 'evil'), ('h', 'h', 'l'))])"
        $who mc run --image x -- cat /h
        assert "$output" == evil
        assert "$(<outside/keep)" == keep
        nothing_half
    done
}

@test "odd whiteouts hide what they name, and nothing else" {
    local n
    for who in $(people); do
        for n in .wh. .wh.. .wh... .wh..wh..opq .wh..wh.plnk .wh..wh..wh.x '.wh.a\nb' .wh.none; do
            store "$who" <<<"image('x', [base(), tar(('$n', 'f'))])"
            $who mc run --image x -- ls /bin/sh
            nothing_half
        done
        store "$who" <<<"image('x', [base(), tar(('etc/.wh.n', 'f'), ('.wh.root', 'f'))])"
        $who mc run --image x -- ls /
        assert "$output" no-line root
        assert "$output" has-line etc
    done
}

@test "setuid in a layer gives nothing: the store is closed to others" {
    for who in $(people); do
        store "$who" <<<"image('x', [base(), tar(('su', 'f', 'x', 0o6755))])"
        $who mc run --image x -- stat -c %a /su
        assert "$output" == 6755
        assert "$(stat -c %a "$XDG_DATA_HOME")" == 700
    done
}

@test "a layer has pipes and devices of nothing; no device of the machine, and no marks of overlayfs" {
    for who in $(people); do
        store "$who" <<<"image('x', [base(), tar(('pipe', 'p'), ('gone', 'c', (0, 0)), ('etc', 'c', (0, 0)))])
image('mem', [base(), tar(('mem', 'c', (1, 1)))])"
        # A device 0,0 is a whiteout, and hides what it names.
        $who mc run --name c --image x -- sh -c '[ -p /pipe ] && chmod 600 /pipe; ls /'
        assert "$output" no-line gone
        assert "$output" no-line etc
        # Nobody waits for the other end of a pipe.
        $who mc diff c
        assert "$output" contains 'C /pipe'
        $who mc commit c y
        $who mc run --image y -- stat -c %F /pipe
        assert "$output" == fifo
        $who mc -125 run --image mem -- true
        assert "$stderr" contains 'tar(1) could not unpack all of it'
        # What overlayfs reads as "look over there instead", or "the contents are elsewhere".
        store "$who" <<<"image('x', [base(), marked('bin', {'user.overlay.opaque': 'y'}),
            marked('d', {'user.overlay.redirect': '/bin', 'user.overlay.opaque': 'y'})])"
        $who mc run --image x -- ls /d /bin/sh
        assert "$output" == $'/bin/sh\n\n/d:'
        nothing_half
    done
}

@test "thousands of entries and of whiteouts" {
    store self <<<"image('x', [base(), tar(*[('t/%d' % i, 'f') for i in range(5000)],
        *[('.wh.%d' % i, 'f') for i in range(5000)])])"
    mc run --image x -- sh -c 'ls /t | wc -l'
    assert "$output" == 5000
    nothing_half
}

@test "a layer of mode 000, and a mount point that is a link or a file" {
    for who in $(people); do
        store "$who" <<<"image('x', [base(), tar(('./', 'd', '', 0))])"
        $who mc run --image x -- true
        nothing_half
        store "$who" <<<"image('x', [base(), tar(('.wh.proc', 'f')), tar(('proc', 'l', '/etc'))])"
        $who mc -125 run --image x -- true
        assert "$stderr" contains 'a symbolic link is there, and may lead out'
        nothing_half
    done
}

@test "a layer that is gzip; and one that is cut" {
    for who in $(people); do
        store "$who" <<'P'
g = tar(('g', 'f', 'words'))
image('x', [base(), (gzip.compress(g), g)])
h = tar(('h', 'f', 'words'))
image('cut', [base(), (gzip.compress(h)[:-9], h)])
P
        $who mc run --image x -- cat /g
        assert "$output" == words
        $who mc -125 run --image cut -- true
        assert "$stderr" =~ 'minicontainer: layer sha256:[0-9a-f]{64}: tar\(1\) could not unpack all of it'
        $who mc rmi cut
        nothing_half
    done
}

@test "a layer that is not what its image says" {
    local layer
    store self <<<"a = tar(('a', 'f')); image('x', [base(), a]); print(sha(a))" >layer
    layer=$(<layer)
    printf x | dd of="$S/blobs/sha256/$layer" bs=1 seek=600 conv=notrunc status=none
    mc -125 run --image x -- true
    assert "$stderr" =~ 'layer sha256:[0-9a-f]{64} is not what its image says'
    nothing_half
}

@test "a configuration that lies about a layer changes no other image" {
    for who in $(people); do
        store "$who" <<'P'
true = tar(('f', 'f', 'true'))
image('liar', [base(), (tar(('f', 'f', 'false')), true)])
image('x', [base(), true])
P
        $who mc run --image liar -- cat /f
        assert "$output" == false
        $who mc run --image x -- cat /f
        assert "$output" == true
        $who mc rmi liar
        nothing_half
    done
}

@test "the same layer twice in an image" {
    for who in $(people); do
        store "$who" <<<"t = tar(('f', 'f', 'a')); image('x', [base(), t, tar(('f', 'f', 'b')), t])"
        $who mc run --image x -- cat /f
        assert "$output" == a
    done
    recipe 'FROM base' 'RUN echo a >/f' 'RUN echo a >/f' 'RUN cat /f'
    store self </dev/null
    mc build -t y ctx
}

@test "no layers, 64, and 65" {
    store self <<'P'
image('none')
image('most', [base()] + [tar(('f%d' % i, 'f')) for i in range(63)])
image('more', [base()] + [tar(('f%d' % i, 'f')) for i in range(64)])
P
    mc -127 run --image none -- /bin/sh
    assert "$stderr" == 'minicontainer: /bin/sh: not found in none'
    mc run --image most -- ls /f62
    mc -125 run --image more -- true
    assert "$stderr" contains 'image more:latest: more than 64 layers'
}

@test "commit: no image that nobody could use" {
    store self <<<"image('most', [base()] + [tar(('f%d' % i, 'f')) for i in range(63)])"
    mc run --name c --image most -- touch /new
    mc -125 commit c y
    mc images --porcelain
    assert "$output" lacks y:latest
}

# ---------------------------------------------------------------------------------------------
# JSON
# ---------------------------------------------------------------------------------------------

@test "a number of a character that is cut writes into no memory" {
    store self <<'P'
raw = '{"config":{"%s":["\\u1","' + 'A' * 100000 + '"]},"rootfs":{"diff_ids":@}}'
for key in "Env", "Cmd", "Entrypoint":
    image(key.lower(), [base()], raw=raw % key)
P
    for image in env cmd entrypoint; do
        mc -any run --image "$image" -- true
        assert "$status" =~ '^(0|125|126|127)$'
        assert "$stderr" !~ 'corrupt|free\(\)|malloc|Sanitizer'
    done
}

@test "JSON that is cut, deep, empty, or has zero bytes: missing or no JSON" {
    local raw
    for raw in "''" "'{'" "'{\"rootfs\":{\"diff_ids\":@}'" "'[' * 100000" "'{\"a\":@}\\0x'" "'nul\\x01'"; do
        store self <<<"image('x', [base()], raw=$raw)"
        mc -125 run --image x -- true
        assert "$stderr" =~ '^minicontainer: /[^ ]*/blobs/sha256/[0-9a-f]{64} is missing or no JSON$'
        mc -125 history x
        nothing_half
    done
}

@test "values of another type than expected are as none" {
    store self <<<"image('x', [base()], raw='{\"config\":{\"Env\":\"a\",\"Cmd\":5,\"User\":[1],'
        '\"Entrypoint\":{\"a\":1},\"WorkingDir\":7},\"history\":{},\"rootfs\":{\"diff_ids\":@}}')"
    mc run --image x -- echo hi
    assert "$output" == hi
    mc history x
}

@test "a history that is null or blank: commit writes JSON all the same" {
    local history
    for history in null '[ ]' '{"a":1}' '"words"'; do
        store self <<<"image('x', [base()], raw='{\"history\":$history,\"rootfs\":{\"diff_ids\":@}}')"
        mc run --name c --image x -- touch /new
        mc commit c y
        mc history y
        call python3 -c 'import glob, json, sys
for f in glob.glob(sys.argv[1] + "/blobs/sha256/*"):
    data = open(f, "rb").read()
    if data[:1] == b"{": json.loads(data)' "$S"
        mc rm c
        mc rmi y
    done
}

@test "digests that are paths are refused" {
    store self <<<"name('x:latest', 'sha256:../../../../../etc/passwd')"
    mc -125 run --image x -- true
    assert "$stderr" == 'minicontainer: a blob that no digest names is missing or no JSON'
    mc -125 history x
    mc rmi x
    mc run --image base -- true
}

@test "an index that is cut, or something else" {
    store self </dev/null
    local words
    for words in '' '{' '{"manifests":[' 'words'; do
        printf %s "$words" >"$S/index.json"
        mc -125 images
        assert "$stderr" == "minicontainer: $S/index.json is missing or no JSON"
        mc -125 run --image base -- true
    done
    for words in 5 '[]' '{}' '{"manifests":{}}'; do
        printf %s "$words" >"$S/index.json"
        mc -125 images
        assert "$stderr" == "minicontainer: $S/index.json is no index of an OCI image layout"
        mc -125 run --image base -- true
        assert "$stderr" == "minicontainer: $S/index.json is no index of an OCI image layout"
    done
}

@test "one broken entry of the index does not hide the others, and can be removed" {
    store self <<<"name('x:latest', 'sha256:' + '0' * 64)
index(open(top + '/index.json').read().replace('sha256:' + '0' * 64, ''))"
    mc rmi x
    store self <<<"name('x:latest', 'sha256:' + '0' * 64)"
    mc -any images
    assert "$output" contains base:latest
}

@test "a workdir of a stranger's image writes no lines of ours" {
    store self <<<"image('x', [base()], {'WorkingDir': '/q\\n  cure:   curl evil'})"
    mc -125 run --image x -- true
    assert "${#stderr_lines[@]}" -eq 1
}

@test "a history of many lines takes no memory for each" {
    requires plain
    store self <<'P'
image('x', raw='{"history":[' + ','.join(['{"created_by":"%s"}' % ('x' * 200)] * 3000)
      + '],"rootfs":{"diff_ids":@}}')
P
    call bash -c "ulimit -v 400000; '$MC' history x"
}

# ---------------------------------------------------------------------------------------------
# What a container leaves
# ---------------------------------------------------------------------------------------------

# kept WHO SCRIPT WORD...: a container c of base that has run SCRIPT; its image y is run with the
# words, which say $seen.
kept() {
    local who=$1
    store "$who" </dev/null
    $who mc run --name c --image base -- sh -c "$2"
    $who mc diff c
    $who mc commit c y
    shift 2
    $who mc run --image y -- "$@"
    seen=$output
    $who mc rm c
    $who mc rmi y
    $who mc rmi base
    assert "$(find "$S/blobs/sha256" "$S/layers" "$S/containers" -mindepth 1 ! -name .build)" == ""
}

@test "names with newlines, control characters and dashes are kept; diff shows a question mark" {
    for who in $(people); do
        kept "$who" 'touch "/a
b" /-rf /--x "/$(printf "\033")[31m"' ls -a /
        assert "$seen" has-line -rf
        assert "$seen" has-line --x
    done
    store self </dev/null
    mc run --name c --image base -- sh -c 'touch "/a
D etc"'
    mc diff c
    assert "$output" == 'A /a?D etc'
}

@test "a directory called '. ..' is a directory" {
    kept self 'mkdir "/. .."; echo words >"/. ../in"' cat '/. ../in'
    assert "$seen" == words
}

@test "directories of mode 000 and hard links are kept" {
    for who in $(people); do
        kept "$who" 'mkdir /m; echo 1 >/m/f; ln /m/f /h; chmod 000 /m' stat -c %a-%h /m /h
        # Where one id is mapped, its owner may always enter a directory of a layer.
        if [ "$who $(id -u)" = "self 0" ]; then assert "$seen" == $'0-2\n644-2'
        else assert "$seen" == $'700-2\n644-2'; fi
    done
}

@test "a store is removed by rm -rf, whatever the modes of the directories in its images" {
    for who in $(people); do
        # An image of a stranger, and one of our own.
        store "$who" <<<"image('x', [base(), tar(('a', 'd', '', 0), ('a/b', 'd', '', 0o555),
            ('a/b/f', 'f', 'x'), ('c', 'd', '', 0o555), ('c/d', 'd', '', 0), ('c/d/f', 'f', 'x', 0))])"
        $who mc run --image x -- ls /a/b/f /c/d/f
        assert "$output" == $'/a/b/f\n/c/d/f'
        rm -rf ctx
        mkdir -p ctx/d/in
        echo x >ctx/d/in/f
        recipe 'FROM x' 'COPY d /copied' "RUN mkdir /none /read; echo x >/none/f; echo x >/read/f" \
            'RUN chmod 000 /none; chmod 555 /read'
        chmod 0555 ctx/d ctx/d/in
        $who mc build -t y ctx
        chmod 0755 ctx/d ctx/d/in
        $who mc run --image y -- sh -c 'cat /copied/in/f; ls /none/f /read/f'
        assert "$output" == $'x\n/none/f\n/read/f'
        $who call rm -rf "$S"
        assert "$(ls -A "$XDG_DATA_HOME")" == "" "$who"
    done
}

@test "diff: what the image had deleted is added, not changed" {
    store self <<<"image('x', [base(), tar(('d', 'd'), ('d/f', 'f')), tar(('.wh.d', 'f'))])"
    mc run --name c --image x -- sh -c 'mkdir /d; echo >/d/f'
    mc diff c
    assert "$output" == $'A /d\nA /d/f'
}

@test "a path that is too long for one name: commit and diff say so, rm removes it" {
    store self </dev/null
    local deep
    # By relative names one comes deeper than a path may be long.
    deep=$(printf 'd%.0s' {1..200})
    mc run --name c --image base -- sh -c "i=0; while [ \$i -lt 22 ]; do
        mkdir $deep && cd $deep 2>/dev/null || break; i=\$((i + 1)); done; :"
    mc -any diff c
    mc -any commit c y
    mc rm c
    assert "$(ls "$S/containers")" == ""
}

# ---------------------------------------------------------------------------------------------
# Refused, and then nothing is half done
# ---------------------------------------------------------------------------------------------

@test "run --name that is refused makes no container" {
    store self <<<"image('www', [base()], {'User': 'www'})"
    mc -125 run --name c --image www -- true
    assert "$stderr" contains 'its User "www" is no number'
    assert "$(ls "$S/containers")" == ""
    mc -125 run --name c --no-root --image base -- true
    assert "$(ls "$S/containers")" == ""
}

@test "names: capitals, slashes and newlines are refused" {
    store self </dev/null
    mc run --name c --image base -- true
    local name
    for name in Web a/b '' .. $'a\nb' $'a\n/../../x' a:; do
        mc -125 commit c "$name"
        assert "$stderr" contains 'cannot be the name of an image'
    done
    for name in C a/b .. $'c\n/../c'; do
        mc -125 rm "$name"
        assert "$stderr" contains 'cannot be the name of a container'
    done
}

@test "a recipe without steps, or that does not begin with FROM" {
    store self </dev/null
    local first
    for first in '# words' '' 'RUN true' 'CMD x' 'ENV A=1' 'COPY Dockerfile /' 'WORKDIR /x' 'USER 0'; do
        recipe "$first"
        mc -125 build -t y ctx
        assert "$stderr" contains 'minicontainer: ctx/Dockerfile'
        mc images --porcelain
        assert "$output" lacks y:latest
    done
}

@test "a recipe: blanks at the end of a line, and a last line that ends in a backslash" {
    store self </dev/null
    mkdir -p ctx
    printf 'FROM base \nWORKDIR /w \nRUN touch /seen %b' '\0134' >ctx/Dockerfile
    mc build -t y ctx
    mc run --image y -- sh -c 'pwd; ls /seen'
    assert "$output" == $'/w\n/seen'
}

@test "a build of many steps needs few descriptors" {
    store self </dev/null
    recipe 'FROM base' "$(for i in {1..12}; do echo "RUN echo $i >/f"; done)"
    call bash -c "ulimit -n 64; '$MC' build -t y ctx"
}

@test "COPY of many files needs little memory" {
    requires plain
    store self </dev/null
    recipe 'FROM base' 'COPY many /many'
    mkdir ctx/many
    (cd ctx/many && seq -f a-file-with-quite-a-long-name-%g 4000 | xargs touch)
    call bash -c "ulimit -v 400000; '$MC' build -t y ctx"
}

# ---------------------------------------------------------------------------------------------
# Killed, full, and two at once
# ---------------------------------------------------------------------------------------------

# killed CALL N ARG...: the program dies in its Nth CALL.
killed() {
    local call=$1 n=$2
    shift 2
    strace -qq -o "$MC_STATE/trace" -e trace="$call" -e inject="$call:signal=SIGKILL:when=$n" \
        "$MC" "$@" >/dev/null 2>&1 </dev/null || true
}

@test "kill -9 of run --name at any moment: rm removes what is left, or the next run has it" {
    requires strace
    local at
    for at in mkdir:1 mkdir:2 mkdir:3 rename:1 rename:2 write:1 write:2; do
        store self </dev/null
        mc run --image base -- true
        killed "${at%:*}" "${at#*:}" run --name c --image base -- true
        echo "== $at: $(ls -A "$S/containers" "$S/containers/c" 2>&1)"
        # Without that file there is no container yet.
        if [ -e "$S/containers/c/image" ]; then mc rm c; fi
        mc run --name c --image base -- true
    done
}

# at_each WHO PREPARE CHECK ARG...: the store as it is, with what the function PREPARE does in it; the
# program with these words is killed at the first, a middle and the last two of each call that changes
# something; after each, nothing of it is alive, every name leads to a whole image, and CHECK passes.
at_each() {
    local who=$1 prepare=$2 check=$3 call all at
    local calls='mkdir rename linkat unlink rmdir creat write sendfile flock clone clone3'
    shift 3
    store "$who" <<<"image('x', [base(), tar(('t/a', 'f'), ('t/b', 'f'))])"
    cp -a "$S" "$S.kept"
    $prepare
    # How often it makes each.
    $who touch "$MC_STATE/counts-$who" "$MC_STATE/trace-$who"
    $who call -any strace -qq -o "$MC_STATE/counts-$who" -e "trace=${calls// /,}" "$MC" "$@"
    for call in $calls; do
        all=$(grep -c "^$call(" "$MC_STATE/counts-$who") || continue
        for at in $(printf '%s\n' 1 $(((all + 1) / 2)) $((all > 1 ? all - 1 : 1)) "$all" | sort -nu); do
            $who "$MC" rm -f c >/dev/null 2>&1 || true
            clean_store
            $prepare
            echo "== $1 is killed in $call $at of $all"
            $who call -any strace -qq -o "$MC_STATE/trace-$who" -e trace="$call" \
                -e inject="$call:signal=SIGKILL:when=$at" "$MC" "$@"
            whole
            $check "$@"
        done
    done
    $who "$MC" rm -f c >/dev/null 2>&1 || true
    no_process_left
}

clean_store() { chmod -R u+rwX "$S" && rm -rf "$S" && cp -a "$S.kept" "$S"; }

# whole: each name leads to a manifest whose parts are there, and each blob is what its name says.
whole() {
    call python3 - "$S" <<'P'
import hashlib, json, os, sys
blobs = sys.argv[1] + "/blobs/sha256/"
for name in os.listdir(blobs):
    assert hashlib.sha256(open(blobs + name, "rb").read()).hexdigest() == name, name
for entry in json.load(open(sys.argv[1] + "/index.json"))["manifests"]:
    manifest = json.load(open(blobs + entry["digest"][7:]))
    for part in [manifest["config"]] + manifest["layers"]:
        assert os.path.exists(blobs + part["digest"][7:]), part
P
}

nothing_before() { :; }
warm() { $who mc run --image x -- true; }
a_container() { $who mc run --name c --image x -- sh -c 'touch /new; rm /t/a'; }
# For tests of "stop": it hears TERM, and its end leaves its status.
a_server() {
    $who mc run -d --name c --image x -- sh -c 'trap "exit 7" TERM; touch /new; while :; do sleep 0.1; done'
    wait_for '$who "$MC" exec c -- ls /new >/dev/null 2>&1'
}

has_all() {
    $who mc run --image x -- ls /t
    assert "$output" == $'a\nb'
}
makes_y() { # WHAT-IS-IN-IT ARG...
    $who mc "${@:2}"
    $who mc run --image y -- ls /t /new
    assert "$output" == $'/new\n\n/t:\n'"$1"
}
commits() { makes_y b "$@"; }
builds() { makes_y $'Dockerfile\nb' "$@"; }
# Who was killed may have left the container running, which is then seen and ended.
goes_and_starts() {
    if [ -e "$S/containers/c/image" ]; then $who mc rm -f c; fi
    $who mc run --name c --image x -- ls /t/a
    $who mc start -a c
    $who mc rm c
}

@test "kill -9 at any moment of a first start (unpack): the next one has all of the image" {
    requires strace
    at_each self nothing_before has_all run --image x -- true
}

@test "kill -9 at any moment of commit: the next one makes the image" {
    requires strace
    at_each self a_container commits commit c y
}

@test "kill -9 at any moment of build: the next one makes the image" {
    requires strace
    recipe 'FROM x' 'RUN touch /new && rm /t/a' 'COPY Dockerfile /t/' 'ENV A=1'
    at_each self nothing_before builds build -t y ctx
}

@test "kill -9 at any moment of run -d, start: rm -f frees the name, and it starts again" {
    requires strace
    at_each self warm goes_and_starts run -d --name c --image x -- sleep 1000
    at_each self a_container goes_and_starts start c
}

@test "kill -9 at any moment of stop, rm: the container runs or not, and both work again" {
    requires strace
    at_each self a_server goes_and_starts stop c
    at_each self a_server goes_and_starts rm -f c
    at_each self a_container goes_and_starts rm c
}

@test "kill -9 of rmi at any moment: the next build is right, and its image whole" {
    requires strace
    recipe 'FROM base' 'RUN touch /a' 'ENV B=1'
    local n
    for n in 1 2 3 4 5 6; do
        store self </dev/null
        mc build -t y ctx
        killed unlink "$n" rmi y
        echo "== unlink $n"
        mc build -t y ctx
        mc run --image y -- ls /a
        call python3 - "$S" <<'P'
import json, os, sys
at = lambda d: sys.argv[1] + "/blobs/sha256/" + d["digest"][7:]
for entry in json.load(open(sys.argv[1] + "/index.json"))["manifests"]:
    manifest = json.load(open(at(entry)))
    for part in [manifest["config"]] + manifest["layers"]:
        assert os.path.exists(at(part)), part
P
    done
}

@test "a layer that was half removed when rmi was killed is not taken for a whole one" {
    requires strace
    store self <<<"image('x', [base(), tar(('t/a', 'f'), ('t/b', 'f'))])"
    mc run --image x -- true
    # Killed when it begins with the second layer, so that the first is gone or half.
    killed rmdir 1 rmi x
    more self <<<"image('x', [base(), tar(('t/a', 'f'), ('t/b', 'f'))])"
    mc run --image x -- ls /t
    assert "$output" == $'a\nb'
}

@test "a layer directory that is in the store has all of its archive: cold starts and builds at once" {
    store self <<<"image('x', [base(), tar(*[('t/%d' % i, 'f') for i in range(500)])])"
    recipe 'FROM x' 'RUN ls /t/499'
    local i
    for i in 1 2 3 4 5; do
        "$MC" run --image x -- ls /t/499 >"run$i" 2>&1 3>&- 4>&- &
        "$MC" build -t "y$i" ctx >"build$i" 2>&1 3>&- 4>&- &
    done
    wait
    mc run --image x -- sh -c 'ls /t | wc -l'
    assert "$output" == 500
    for i in 1 2 3 4 5; do
        assert "$(<"run$i")" == /t/499
        mc run --image "y$i" -- true
    done
}

@test "20 starts at once on a cold store, half of them kept: each has all of its image" {
    local i pids=()
    for who in $(people); do
        store "$who" <<<"image('x', [base()] + [
            tar(*[('t/%d-%d' % (n, i), 'f') for i in range(50)]) for n in range(4)])"
        pids=()
        for i in {1..20}; do
            if ((i % 2)); then set -- --name "c$i"; else set --; fi
            $who "$MC" run "$@" --image x -- sh -c 'ls /t | wc -l' >"run$i" 2>&1 3>&- 4>&- &
            pids+=($!)
        done
        for i in "${pids[@]}"; do wait "$i" || { cat run*; fail "a start failed"; }; done
        for i in {1..20}; do assert "$(<"run$i")" == 200; done
        assert "$(find "$S/layers" -mindepth 1 -maxdepth 1 | wc -l)" == 5
        $who mc ps -a
        assert "$(grep -c 'exited (0)' <<<"$output")" == 10
        for i in {1..20..2}; do $who mc rm "c$i"; done
        nothing_half
    done
}

@test "two first builds at once: both names are there" {
    requires strace
    XDG_DATA_HOME=$PWD/first
    mkdir first
    export XDG_DATA_HOME
    recipe 'FROM scratch' 'ENV A=1'
    # B has seen that there is no store, and is stopped; A makes it, and its image.
    strace -qq -o "$MC_STATE/trace" -e trace=mkdir -e inject=mkdir:signal=SIGSTOP:when=1 \
        sh -c 'echo $$ >pid; exec "$@"' - "$MC" build -t b ctx >b.out 2>&1 3>&- 4>&- &
    wait_for 'grep -q "stopped by SIGSTOP" "$MC_STATE/trace"'
    mc build -t a ctx
    kill -CONT "$(<pid)"
    wait
    cat b.out
    mc images --porcelain
    assert "$output" contains a:latest
    assert "$output" contains b:latest
}

@test "rmi while a build runs: the build is right all the same" {
    store self <<<"image('other', [tar(('o', 'f'))])"
    recipe 'FROM base' 'RUN touch /a' 'RUN sleep 1000 || touch /b' 'ENV A=1'
    (remember_session; exec setsid -w "$MC" build -t y ctx) >build.out 2>&1 3>&- 4>&- &
    local sleeper=
    wait_for 'sleeper=$(session_processes "$MC_STATE/sessions" | sed -n "s/ sleep$//p"); [ "$sleeper" ]'
    mc rmi other
    kill "$sleeper"
    wait "$!" || { cat build.out; fail "the build"; }
    mc run --image y -- ls /a /b
}

@test "rmi of an image that is running does not take its files away" {
    store self </dev/null
    mkfifo go
    "$MC" run --image base -v "$PWD:/mnt" -- sh -c 'echo >/mnt/up; cat /mnt/go; ls /bin/ls' \
        >run.out 2>&1 3>&- 4>&- &
    wait_for '[ -e up ]'
    mc -any rmi base
    echo >go
    wait
    assert "$(<run.out)" ends /bin/ls
}

@test "a full disk: what fails says so, what is left can be removed" {
    requires userns
    store as_user </dev/null
    cat >full.sh <<'F'
mount -t tmpfs -o size=8m,mode=755 none mnt && cp -r "$XDG_DATA_HOME/minicontainer" mnt/ || exit 1
export XDG_DATA_HOME=$PWD/mnt
"$MC" run --name c --image base -- sh -c 'echo >/f' || exit 2
head -c 20m /dev/zero >mnt/fill 2>/dev/null
"$MC" run --name d --image base -- true; echo "run: $?"
"$MC" commit c y; echo "commit: $?"
rm mnt/fill
"$MC" rm c; echo "rm c: $?"
if [ -e mnt/minicontainer/containers/d/image ]; then "$MC" rm d; fi; echo "rm d: $?"
"$MC" run --name d --image base -- true; echo "again: $?"
F
    mkdir -m 0755 mnt
    export MC
    as_user call unshare -Urm sh full.sh
    assert "$output" has-line 'run: 125'
    assert "$output" has-line 'commit: 125'
    assert "$stderr" contains 'No space left on device'
    assert "$output" has-line 'rm c: 0'
    assert "$output" has-line 'rm d: 0'
    assert "$output" has-line 'again: 0'
}

# small_store SIZE: what stdin says is done by sh in a user namespace where mnt is a file system of that
# size with the store in it. `full` leaves not one byte of room there, `room` takes that back, `said` runs
# the program and says its status.
small_store() {
    requires userns
    local script
    script=$(cat)
    store as_user <<<"image('x', [base(), tar(('more', 'f', 'x' * 1000000))])"
    cat >full.sh <<F
full() { cat /dev/zero >mnt/fill 2>/dev/null; sync; cat /dev/zero >>mnt/fill 2>/dev/null; }
room() { rm mnt/fill; }
said() { "\$MC" "\$@" 2>&1; echo "\$*: \$?"; }
mount -t tmpfs -o size=$1,mode=755 none mnt && cp -r "\$XDG_DATA_HOME/minicontainer" mnt/ || exit 1
export XDG_DATA_HOME=\$PWD/mnt
$script
F
    mkdir -m 0755 mnt
    export MC
    as_user call unshare -Urm sh full.sh
}

@test "a full disk: a first start, create and build say so, leave nothing, and work with room" {
    recipe 'FROM base' 'COPY Dockerfile /w/' 'RUN head -c 2000000 /dev/zero >/big || exit 3'
    small_store 8m <<'F'
full
said run --image base -- true
said create --name d --image base -- true
said build -t y ctx
said run --image base -v v:/v -- true
said images --porcelain | cut -c 1-4
room
find mnt/minicontainer/layers -name '*.new' | grep . && echo half
said run --image base -- true
full
said run --image x -- true
room
# What RUN writes has room, the archive of it has not.
said build -t y ctx
said images --porcelain
said run --image x -- ls /more
said rmi x
said rmi base
said ps -a
find mnt/minicontainer/blobs/sha256 mnt/minicontainer/layers -mindepth 1 -maxdepth 1 | sed 's/^/left: /'
F
    local command
    for command in 'run --image base -- true' 'create --name d --image base -- true' 'build -t y ctx' \
        'run --image x -- true'; do
        assert "$output" has-line "$command: 125"
    done
    assert "$output" contains 'No space left on device'
    assert "$output" contains 'tar(1) could not pack all of it'
    assert "$output" no-line half
    assert "$output" lacks y:latest
    assert "$output" lacks left:
    for command in 'run --image base -- true' 'run --image x -- ls /more' 'rmi x' 'rmi base'; do
        assert "$output" has-line "$command: 0"
    done
}

@test "a log that fills the disk: the others go on, ps and logs tell, stop and rm work" {
    small_store 10m <<'F'
said run -d --name quiet --image base -- sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
said run -d --name loud --image base -- sh -c 'while :; do echo 012345678901234567890123456789; done'
until [ "$(df --output=avail mnt | tail -n 1)" -eq 0 ]; do sleep 0.1; done
said ps
"$MC" logs loud | head -n 1
said run -d --name none --image base -- true
said exec quiet -- echo inside
said stop -t 1 quiet
said ps
said stop -t 1 loud
said ps -a
said rm loud
said rm quiet
said run --name d --image base -- echo again
said rm d
ls mnt/minicontainer/containers | sed 's/^/left: /'
F
    assert "$(grep -c ' running ' <<<"$output")" == 3
    assert "$output" has-line 012345678901234567890123456789
    assert "$output" has-line 'run -d --name none --image base -- true: 125'
    assert "$output" has-line 'exec quiet -- echo inside: 0'
    local command
    for command in 'stop -t 1 quiet' 'rm loud' 'rm quiet' 'run --name d --image base -- echo again' \
        'rm d'; do
        assert "$output" has-line "$command: 0"
    done
    assert "$output" no-line 'left: loud'
    assert "$output" no-line 'left: quiet'
}

# ---------------------------------------------------------------------------------------------
# Whose store, and what leaks
# ---------------------------------------------------------------------------------------------

@test "no HOME; a store that is another's; a file in its place" {
    requires root user
    store self </dev/null
    recipe 'FROM scratch' 'ENV A=1'
    as_user mc -125 run --image base -- true
    as_user mc -125 build -t y ctx
    assert "$stderr" contains EACCES
    XDG_DATA_HOME=/etc/passwd mc -125 build -t y ctx
    assert "$stderr" contains 'Not a directory'
    call env -u HOME -u XDG_DATA_HOME "$MC" images
}

@test "a store on overlayfs: what needs layers to write on says cause and cure, the rest works" {
    requires userns
    store as_user </dev/null
    recipe 'FROM base' 'RUN touch /a'
    mkdir -m 0755 mnt
    export MC
    cat >over.sh <<'F'
mount -t tmpfs -o mode=755 none mnt && mkdir mnt/upper mnt/work mnt/store || exit 1
mount -t overlay -o userxattr,lowerdir="$XDG_DATA_HOME",upperdir=mnt/upper,workdir=mnt/work over \
    mnt/store || exit 2
export XDG_DATA_HOME=$PWD/mnt/store
said() { "$MC" "$@" 2>&1; echo "$*: $?"; }
said images
said run --image base -- true
said run --name c --image base -- true
said run -d --name d --image base -- true
said build -t y ctx
said push base mnt/stick
said rmi base
said rm c
said pull base mnt/stick
rm -rf mnt/store/minicontainer && echo gone
F
    as_user call unshare -Urm sh over.sh
    local command
    for command in 'run --name c --image base -- true' 'run -d --name d --image base -- true' \
        'build -t y ctx'; do
        assert "$output" has-line "$command: 125"
    done
    assert "$(grep -c '^  cause:  the store lies on overlay or NFS$' <<<"$output")" == 3
    assert "$(grep -c '^  cure:   XDG_DATA_HOME=' <<<"$output")" == 3
    for command in images 'run --image base -- true' 'push base mnt/stick' 'rm c' 'pull base mnt/stick'; do
        assert "$output" has-line "$command: 0"
    done
    assert "$output" has-line gone
}

@test "the store is removed under a running container: it goes on, and its end is told" {
    for who in $(people); do
        store "$who" </dev/null
        mkfifo -m 0666 "go-$who"
        chmod 0777 .
        $who "$MC" run --name c --image base -v "$PWD:/mnt" -- \
            sh -c "echo >/mnt/up-$who; cat /mnt/go-$who; ls /bin/ls; exit 7" >"out-$who" 2>&1 3>&- 4>&- &
        wait_for '[ -e "up-$who" ]'
        chmod -R u+rwX "$S"
        rm -rf "$S" || true
        echo >"go-$who"
        status=0
        wait "$!" || status=$?
        cat "out-$who"
        assert "$status" =~ '^(7|125|127)$'
        $who mc ps -a
        assert "$output" lacks running
        $who mc images --porcelain
        assert "$output" == ""
    done
}

@test "what ps shows of a stranger's words has no control characters" {
    store self </dev/null
    mc create --name c --image base -- echo $'\033[31mred\nc2   base  running' $'\x9b1m'
    mc ps -a
    assert "$output" !~ $'[\x01-\x09\x0b-\x1f\x7f]'
    assert "$(wc -l <<<"$output")" == 2
    recipe 'FROM base' $'RUN echo \033[31mred >/a'
    mc build -t y ctx
    assert "$output$stderr" !~ $'[\x01-\x09\x0b-\x1f\x7f]'
    mc history y
    assert "$output" !~ $'[\x01-\x09\x0b-\x1f\x7f]'
}

@test "a path of 3800 bytes to the store, and one that is too long" {
    local long=$PWD i
    for i in {1..18}; do long=$long/$(printf 'l%.0s' {1..200}); done
    recipe 'FROM scratch' 'COPY Dockerfile /'
    XDG_DATA_HOME=$long mc build -t y ctx
    XDG_DATA_HOME=$long mc -127 run --name c --image y -- /x
    XDG_DATA_HOME=$long mc commit c z
    XDG_DATA_HOME=$long mc rm c
    for i in {1..4}; do long=$long/$(printf 'l%.0s' {1..200}); done
    XDG_DATA_HOME=$long mc -125 build -t y ctx
}

@test "rm -rf by its owner removes the store, whatever modes a layer, a container or a volume has" {
    for who in $(people); do
        store "$who" <<<"image('x', [base(), tar(('d', 'd', '', 0o555), ('d/f', 'f'), ('e', 'd', '', 0),
            ('e/g', 'f'))])"
        $who mc run --image x -- ls /d/f
        $who mc run --name c --image base -- sh -c 'mkdir /r; touch /r/f; chmod 555 /r'
        $who mc run -v v:/v --image base -- sh -c 'mkdir /v/r; touch /v/r/f; chmod 0 /v/r'
        # By what keeps them.
        $who mc rm c
        $who mc volume rm v
        $who call rm -rf "$S"
        assert "$(ls -A "$XDG_DATA_HOME")" == ""
    done
}

@test "a store that lacks a directory, as one of an older version might: it is made, or named" {
    local part command
    recipe 'FROM base' 'RUN touch /a'
    for part in layers containers cache volumes oci-layout; do
        for command in images 'ps -a' 'volume ls' 'run --image base -- true' 'build -t z ctx' 'rmi base' \
            'run --name c --image base -v v:/v -- true'; do
            store self </dev/null
            rm -rf "${S:?}/$part"
            # shellcheck disable=SC2086  # words
            mc -any $command
            if [ "$status" = 0 ]; then continue; fi
            assert "$status" == 125
            assert "$stderr" contains "$S/$part"
        done
    done
    # Without its blobs an image is no more: which, is said.
    store self </dev/null
    rm -r "$S/blobs"
    mc -125 run --image base -- true
    assert "$stderr" =~ '/blobs/sha256/[0-9a-f]{64} is missing or no JSON'
    mc rmi base
}

@test "a container of which something is missing: each command says so, and rm removes it" {
    local part command
    for part in command status log lock upper work; do
        store self </dev/null
        mc -5 run --name c --image base -- sh -c 'exit 5'
        rm -rf "$S/containers/c/$part"
        for command in 'ps -a' 'logs c' 'diff c' 'start -a c' 'commit c y' 'stop c'; do
            # shellcheck disable=SC2086  # words
            mc -any $command
            assert "$status" =~ '^(0|5|125)$' "$command without $part"
            assert "$stderr" lacks Sanitizer
        done
        mc rm c
        assert "$(ls "$S/containers")" == ""
    done
}

@test "push to a directory that a stranger has prepared: no file outside of it is written by a link" {
    local file
    for who in $(people); do
        store "$who" </dev/null
        for file in index.json.new lock oci-layout.new oci-layout index.json; do
            rm -rf "stick-$who"
            $who mc push base "stick-$who"
            echo precious >"precious-$who"
            chmod 0666 "precious-$who"
            rm -f "stick-$who/$file" absent
            ln -s "$PWD/precious-$who" "stick-$who/$file"
            $who mc push base "stick-$who" || true
            assert "$(<"precious-$who")" == precious "$who: by $file"
            rm -f "stick-$who/$file"
            ln -s "$PWD/absent" "stick-$who/$file"
            $who mc -any push base "stick-$who"
            assert "$(ls absent 2>&1)" contains 'No such file' "$who: by $file"
        done
    done
}

@test "a container that exchanges a directory and a link while it is committed: nothing of the machine" {
    requires cc
    cat >exchange.c <<'C'
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    for (;;)
        syscall(SYS_renameat2, -100, "/d", -100, "/l", 2 /* RENAME_EXCHANGE */);
}
C
    "${CC:-cc}" -static -O1 -o exchange exchange.c || skip "no static libc here"
    local n
    for who in $(people); do
        store "$who" </dev/null
        mkdir -p ctx
        cp exchange ctx
        recipe 'FROM base' 'COPY exchange /bin/'
        $who mc build -t x ctx
        # What is read through the link would be this machine's, as far as the box shows it.
        $who mc run -d --name c --image x -- \
            sh -c 'mkdir /d; echo inside >/d/passwd; ln -s /etc /l; exec exchange'
        for n in {1..40}; do
            $who mc -any commit c y
            assert "$status" =~ '^(0|125)$'
        done
        $who mc rm -f c
        $who call python3 - "$S" <<'P'
import glob, sys, tarfile
for path in glob.glob(sys.argv[1] + "/blobs/sha256/*"):
    try:
        archive = tarfile.open(path)
    except tarfile.ReadError:
        continue
    for entry in archive:
        if entry.name.endswith("/passwd"):
            assert entry.isfile() and archive.extractfile(entry).read() == b"inside\n", entry.name
P
    done
}

@test "a container that has filled the disk: rm -f ends and removes it; what is refused is not kept" {
    small_store 10m <<'F'
said run -d --name loud --image base -- sh -c 'while :; do echo 012345678901234567890123456789; done'
until [ "$(df --output=avail mnt | tail -n 1)" -eq 0 ]; do sleep 0.1; done
said run -d --name none --image base -- true
said rm -f loud
ls mnt/minicontainer/containers | sed 's/^/left: /'
F
    assert "$output" has-line 'rm -f loud: 0'
    assert "$output" lacks left:
}

@test "no descriptor of the store gets into a container" {
    store self </dev/null
    mc run --name c --image base -- ls -l /proc/self/fd 9</etc/passwd
    assert "$output" lacks minicontainer
    assert "$output" lacks passwd
    recipe 'FROM base' 'RUN ls -l /proc/self/fd >/seen'
    mc build -t y ctx
    mc run --image y -- cat /seen
    assert "$output" lacks minicontainer
}

@test "closed stdin, stdout and stderr" {
    store self </dev/null
    recipe 'FROM base' 'RUN touch /a'
    mc build -t y ctx <&-
    call bash -c "exec '$MC' build --no-cache -t y ctx <&- >&- 2>&-"
    mc run --image y -- ls /a
}
