# 18-registry.bats -- chapter 18: how an image travels.
#
# Each test has stores of its own, and what it does is done by root and by an ordinary user. There
# are two images: base of lessons/15-layers/make-base, and web, which adds one file to it.

load helpers

# people WHO... is in helpers. store WHO: a store with base and web in it, and an empty directory
# $here of that person, where we stand. $blobs is where the store's blobs are.
store() {
    who=$1
    here=$BATS_TEST_TMPDIR/$1.d
    rm -rf "$here"
    mkdir -m 0777 "$here"
    cd "$here" || return 1
    export XDG_DATA_HOME=$here/here TMPDIR=$here
    blobs=$XDG_DATA_HOME/minicontainer/blobs/sha256
    kept_store "$who" two_images
}
two_images() {
    make_base "$who"
    $who mc run --name one --image base -- sh -c 'echo open on monday >/page'
    $who mc commit one web
    $who mc rm one
}

# elsewhere NAME: from now on, another store, which is empty.
elsewhere() {
    export XDG_DATA_HOME=$here/$1
    $who mkdir -p "$XDG_DATA_HOME"
}

# digest NAME DIR: of the manifest that NAME leads to in the layout DIR. All without a parser: the
# entries are as we write them, or as skopeo and umoci do.
digest() {
    grep -oE "\"$1:latest\"\},\"mediaType\":\"[^\"]*\",\"digest\":\"sha256:[0-9a-f]{64}|\
\"digest\":\"sha256:[0-9a-f]{64}\",\"size\":[0-9]*,\"annotations\":\{\"[^\"]*\":\"$1:latest" \
        "$2/index.json" | grep -oE '[0-9a-f]{64}'
}
# parts FILE: the digests in a manifest, a line each, in order.
parts() { grep -oE 'sha256:[0-9a-f]{64}' "$1" | cut -c 8-; }

# no_lies DIR: each blob there is what its name says, and nothing else lies there.
no_lies() {
    local file bad=0
    for file in "$1"/blobs/sha256/* "$1"/blobs/sha256/.[!.]*; do
        if [ ! -e "$file" ]; then continue; fi
        assert "$(sha256sum <"$file" | cut -d ' ' -f 1)" == "${file##*/}" "$file" || bad=1
    done
    return "$bad"
}
# nothing_named: this store has no image.
nothing_named() {
    $who mc images --porcelain
    assert "$output" == "" "$who: nothing is named"
    no_lies "$XDG_DATA_HOME/minicontainer"
}
# the_page: this store's web runs, and has the page.
the_page() {
    $who mc run --image web -- cat /page /etc/motd
    assert "$output" == $'open on monday\nWelcome.' "$who"
}

# layout MANIFEST-FILE: the layout ./st gets it, by its digest, under the name web.
entry() { # DIGEST-TEXT
    printf '{"schemaVersion":2,"manifests":[{"digest":"%s","annotations":{"%s":"web:latest"}}]}' \
        "$1" org.opencontainers.image.ref.name >st/index.json
}
manifest() {
    local sum
    sum=$(sha256sum <"$1" | cut -d ' ' -f 1)
    cp "$1" "st/blobs/sha256/$sum"
    entry "sha256:$sum"
}

skopeo() { $who call skopeo --insecure-policy --tmpdir "$here" "$@"; }

@test "push and pull: an image gets into another store, and runs there" {
    local who web
    for who in $(people); do
        store "$who"
        web=$(digest web here/minicontainer)
        $who mc push web stick
        assert "${lines[-1]}" == "web:latest is sha256:$web" "$who"
        assert "$stderr" == ""
        elsewhere there
        # Control: it was not there.
        $who mc -125 run --image web -- cat /page
        assert "$stderr" contains "there is no image web here" "$who"
        $who mc pull web stick
        assert "${lines[-1]}" == "web:latest is sha256:$web" "$who"
        the_page
        assert "$(digest web there/minicontainer)" == "$web" "$who: the same digest"
        no_lies stick
        no_lies there/minicontainer
        # And the other way round, into the store that had it first, under its name.
        $who mc run --name two --image web -- sh -c 'echo more >>/page'
        $who mc commit two web
        $who mc push web stick
        XDG_DATA_HOME=$here/here $who mc pull web stick
        XDG_DATA_HOME=$here/here $who mc run --image web -- cat /page
        assert "$output" == $'open on monday\nmore' "$who: the new one"
        # What had no other name is still a blob there: only its name is gone.
        assert "$(find stick/blobs -name "$web")" == "stick/blobs/sha256/$web"
    done
}

@test "only what is missing travels, and each blob is said" {
    local who base web before
    for who in $(people); do
        store "$who"
        base=$(digest base here/minicontainer)
        web=$(digest web here/minicontainer)
        $who mc push base stick
        assert "${#lines[@]}" == 4 "$who: manifest, layer, configuration, name"
        assert "${lines[0]}" == "${base:0:12}  is copied" "$who"
        assert "$(grep -c 'is copied$' <<<"$output")" == 3 "$who"
        $who mc push web stick
        assert "${#lines[@]}" == 5 "$who"
        assert "${lines[0]}" == "${web:0:12}  is copied" "$who"
        assert "$(grep -c 'is there$' <<<"$output")" == 1 "$who: the layer of base"
        assert "$(grep 'is there$' <<<"$output" | cut -c 1-12)" == \
            "$(parts "stick/blobs/sha256/$base" | while read -r part; do
                if [ "$(stat -c %s "stick/blobs/sha256/$part")" -gt 1000000 ]; then
                    echo "${part:0:12}"
                fi
            done)" "$who"
        # Once more: nothing is written but the name.
        before=$(find stick/blobs -printf '%p %s %i %T@\n' | sort)
        $who mc push web stick
        assert "$(grep -c 'is there$' <<<"$output")" == 4 "$who"
        assert "$output" lacks copied "$who"
        assert "$(find stick/blobs -printf '%p %s %i %T@\n' | sort)" == "$before" "$who"
        # pull: likewise.
        elsewhere there
        $who mc pull base stick
        $who mc pull web stick
        assert "$(grep -c 'is there$' <<<"$output")" == 1 "$who"
        $who mc pull web stick
        assert "$(grep -c 'is there$' <<<"$output")" == 4 "$who"
        # What is there is not even read: it need not be on the stick.
        mv "$(find stick/blobs -size +1000k)" aside
        $who mc pull web stick
        the_page
        mv aside stick/blobs/sha256/"$(sha256sum <aside | cut -d ' ' -f 1)"
        # What the name is not of does not travel.
        elsewhere third
        $who mc pull base stick
        assert "$(find third/minicontainer/blobs -type f | wc -l)" == 3 "$who"
        $who mc images --porcelain
        assert "$output" contains base "$who"
        assert "$output" lacks web "$who"
    done
}

@test "what push writes is an OCI image layout and no more; the source is not changed" {
    local who before
    for who in $(people); do
        store "$who"
        before=$(find here -path '*/lock' -prune -o -printf '%p %s %i %T@\n' | sort)
        $who mc push web a/deep/stick
        assert "$(ls -A a/deep/stick)" == $'blobs\nindex.json\nlock\noci-layout' "$who"
        assert "$(<a/deep/stick/oci-layout)" == '{"imageLayoutVersion":"1.0.0"}' "$who"
        assert "$(find here -path '*/lock' -prune -o -printf '%p %s %i %T@\n' | sort)" == "$before"
        # One archive of it is what `docker save` writes: as good as the directory.
        tar c -C a/deep/stick . | tar x --one-top-level=unpacked
        chmod -R a+rX unpacked
        elsewhere there
        $who mc pull web unpacked
        the_page
        # A layout of somebody else: what lies there stays, and their names.
        mkdir mine
        cp -a a/deep/stick/. mine
        sed -i 's/web:latest/other:1/' mine/index.json
        echo notes >mine/README
        XDG_DATA_HOME=$here/here $who mc push base mine
        assert "$(<mine/index.json)" contains other:1 "$who"
        assert "$(<mine/README)" == notes "$who"
        elsewhere there
        $who mc pull other:1 mine
        $who mc pull base mine
        # A registry that can only be read is enough for pull.
        chmod -R a-w a/deep/stick
        elsewhere third
        $who mc pull web a/deep/stick
        the_page
        chmod -R u+w a
    done
}

@test "move: stop, commit, push; pull in another store" {
    local who
    for who in $(people); do
        store "$who"
        $who mc run -d --name server --image base -- \
            sh -c 'trap "exit 0" TERM; echo open on monday >/page; while :; do sleep 0.1; done'
        wait_for '[ -s here/minicontainer/containers/server/upper/page ]'
        $who mc stop -t 60 server
        $who mc commit server moved
        $who mc push moved stick
        elsewhere there
        $who mc pull moved stick
        $who mc run --image moved -- cat /page
        assert "$output" == "open on monday" "$who"
        # The files, not the processes.
        $who mc ps -a
        assert "$output" lacks server "$who"
    done
}

@test "a flipped byte is refused, wherever it is, and nothing is named" {
    local who part other
    for who in $(people); do
        store "$who"
        $who mc push web stick
        part=$(digest web stick)
        for part in "$part" $(parts "stick/blobs/sha256/$part"); do
            rm -rf st
            cp -r stick st
            chmod -R a+rX,u+w st
            # The last byte of each: at another place the manifest would not be JSON.
            other=$(tail -c 1 "st/blobs/sha256/$part" | od -An -tu1)
            # shellcheck disable=SC2059  # a byte by its number
            printf "\\$(printf %o $((other ^ 1)))" | dd of="st/blobs/sha256/$part" bs=1 conv=notrunc \
                seek=$(($(stat -c %s "st/blobs/sha256/$part") - 1)) status=none
            rm -rf second
            elsewhere second
            $who mc -125 pull web st
            assert "$stderr" ends "minicontainer: a blob is something else than its name says
  name:   sha256:$part
  is:     sha256:$(sha256sum <"st/blobs/sha256/$part" | cut -d ' ' -f 1)" "$who"
            nothing_named
            # Control: from the one that is right, into the same store.
            $who mc pull web stick
            the_page
        done
        # An image that was there keeps its name, and runs.
        $who mc rmi web
        XDG_DATA_HOME=$here/here $who mc push base stick
        $who mc pull base stick
        $who mc -125 pull web st
        $who mc run --image base -- cat /etc/motd
        assert "$output" == "Welcome." "$who"
        # push checks the same of ours.
        export XDG_DATA_HOME=$here/here
        part=$(digest web here/minicontainer)
        part=$(parts "$blobs/$part" | tail -n 1)
        chmod u+w "$blobs/$part"
        echo >>"$blobs/$part"
        $who mc -125 push web bad
        assert "$stderr" contains "something else than its name says
  name:   sha256:$part" "$who"
        assert "$(<bad/index.json)" lacks web "$who"
        no_lies bad
    done
}

@test "cut, empty, longer, another blob's contents: refused as well" {
    local who part how
    for who in $(people); do
        store "$who"
        $who mc push web stick
        part=$(parts "stick/blobs/sha256/$(digest web stick)" | tail -n 1)
        for how in 'truncate -s -1' 'truncate -s 0' 'truncate -s +1' 'truncate -s +10M' \
            "cp stick/oci-layout"; do
            rm -rf st second
            cp -r stick st
            chmod -R a+rX,u+w st
            $how "st/blobs/sha256/$part"
            elsewhere second
            $who mc -125 pull web st
            assert "$stderr" contains "a blob is something else than its name says
  name:   sha256:$part" "$who $how"
            nothing_named
        done
    done
}

@test "a missing blob, a missing manifest" {
    local who part
    for who in $(people); do
        store "$who"
        $who mc push web stick
        part=$(digest web stick)
        for part in "$part" $(parts "stick/blobs/sha256/$part"); do
            rm -rf st second
            cp -r stick st
            rm "st/blobs/sha256/$part"
            chmod -R a+rX st
            elsewhere second
            $who mc -125 pull web st
            assert "$stderr" ends "minicontainer: st has no blob sha256:$part" "$who"
            nothing_named
        done
    done
}

@test "a digest that is a path, or no digest: refused, nothing is read or written there" {
    local who text before zeros
    zeros=$(printf '%064d' 0)
    for who in $(people); do
        store "$who"
        $who mc push web stick
        cp -r stick st
        chmod -R a+rwX st
        echo secret >x
        elsewhere second
        before=$(find . -path ./second -prune -o -type f -printf '%p %s\n' | grep -v index.json | sort)
        for text in "sha256:../../../x" "../../../x" "sha256:" "" "sha512:$zeros" "sha256:${zeros}0" \
            "sha256:${zeros/0/A}" "sha256:${zeros/0//}" "sha256:${zeros:1}/" "SHA256:$zeros" " sha256:$zeros"; do
            # As the manifest, as a layer, as the configuration.
            entry "$text"
            $who mc -125 pull web st
            assert "$stderr" contains "minicontainer: \"$text\" is no digest" "$who manifest: $text"
            nothing_named
        done
        assert "$(find . -path ./second -prune -o -type f -printf '%p %s\n' | grep -v index.json |
            sort)" == "$before" "$who"
        for text in "sha256:../../../x" "sha256:${zeros:1}/"; do
            printf '{"layers":[{"digest":"%s"}]}' "$text" >m
            manifest m
            $who mc -125 pull web st
            assert "$stderr" contains "minicontainer: \"$text\" is no digest" "$who layer: $text"
            nothing_named
            printf '{"layers":[],"config":{"digest":"%s"}}' "$text" >m
            manifest m
            $who mc -125 pull web st
            assert "$stderr" contains "minicontainer: \"$text\" is no digest" "$who config: $text"
            nothing_named
        done
        # Control characters do not reach a terminal.
        entry '\u001b[2J\n'
        $who mc -125 pull web st
        assert "$stderr" lacks $'\e' "$who"
        assert "$stderr" contains "is no digest" "$who"
    done
}

@test "an index or a manifest that is none" {
    local who text
    for who in $(people); do
        store "$who"
        $who mc push web stick
        cp -r stick st
        chmod -R a+rwX st
        elsewhere second
        for text in '' '{' '{"manifests":[' '{} x' $'\x01'; do
            printf %s "$text" >st/index.json
            $who mc -125 pull web st
            assert "$stderr" ends "minicontainer: st/index.json is missing or no JSON" "$who $text"
        done
        for text in '[]' null 7 '"x"' '{}' '{"manifests":{}}' '{"manifests":"x"}'; do
            printf %s "$text" >st/index.json
            $who mc -125 pull web st
            assert "$stderr" ends "minicontainer: st/index.json is no index of an OCI image layout" \
                "$who $text"
        done
        for text in '{"manifests":[]}' '{"manifests":[1]}' \
            '{"manifests":[{"digest":"sha256:0"}]}' '{"manifests":[{"annotations":[]}]}'; do
            printf %s "$text" >st/index.json
            $who mc -125 pull web st
            assert "$stderr" ends "minicontainer: there is no image web in st" "$who $text"
        done
        for text in '' x '{' '{"layers":['; do
            printf %s "$text" >m
            manifest m
            $who mc -125 pull web st
            assert "$stderr" contains "is missing or no JSON" "$who manifest $text"
            nothing_named
        done
        for text in '{}' '[]' '{"layers":[]}' '{"layers":[{}]}' '{"layers":[7]}' '{"config":"x"}'; do
            printf %s "$text" >m
            manifest m
            $who mc -125 pull web st
            assert "$stderr" contains '"" is no digest' "$who manifest $text"
            nothing_named
        done
    done
}

@test "a blob that is a pipe, a directory, a device: refused, and the store is not held up" {
    local who part how
    for who in $(people); do
        store "$who"
        $who mc push web stick
        part=$(parts "stick/blobs/sha256/$(digest web stick)" | tail -n 1)
        for how in mkfifo mkdir "ln -s /dev/null" "ln -s /dev/zero"; do
            rm -rf st second
            cp -r stick st
            rm "st/blobs/sha256/$part"
            chmod -R a+rX st
            $how "st/blobs/sha256/$part"
            elsewhere second
            # (Nobody's disk is filled, and no test waits for ever: both were so.)
            (
                ulimit -f 200000
                MC_TIMEOUT=20 $who mc -125 pull web st
            )
            nothing_named
        done
    done
}

@test "a name that is not there, a name that is none, too few and too many words" {
    local who name words
    for who in $(people); do
        store "$who"
        $who mc push web stick
        $who mc -125 push nosuch stick
        assert "$stderr" == "minicontainer: there is no image nosuch in $XDG_DATA_HOME/minicontainer" "$who"
        $who mc -125 pull nosuch stick
        assert "$stderr" == "minicontainer: there is no image nosuch in stick" "$who"
        $who mc -125 pull web:2 stick
        assert "$stderr" == "minicontainer: there is no image web:2 in stick" "$who"
        # A name with a tag is that name.
        $who mc pull web:latest stick
        for name in ../web Web web/x 'we b' -web "" $'w\e' $'web\nx' web: .web; do
            $who mc -125 pull "$name" stick
            assert "$stderr" != "" "$who $name"
            assert "$stderr" lacks $'\e' "$who"
            case $name in
            -web) assert "$stderr" == "$(other_words pull)" "$who" ;;
            $'w\e' | $'web\nx') assert "$stderr" =~ "there is no image .* in stick\$" "$who $name" ;;
            *) assert "$stderr" == "minicontainer: there is no image $name in stick" "$who" ;;
            esac
            $who mc -125 push "$name" stick
        done
        assert "$(grep -o latest stick/index.json | wc -l)" == 1 "$who"
        # What another program called so that we would not is had by that name, which is no path.
        cp -r stick st
        chmod -R a+rwX st
        sed -i 's,web:latest,../a/Web:1,' st/index.json
        elsewhere second
        $who mc pull ../a/Web:1 st
        $who mc images --porcelain
        assert "$(cut -f 1 <<<"$output")" == ../a/Web:1 "$who"
        assert "$(find second -name '*Web*')" == "" "$who"
        $who mc rmi ../a/Web:1
        nothing_named
        for name in push pull; do
            for words in '' web 'web stick more' '-x web stick' 'web -x' 'web stick -f'; do
                # shellcheck disable=SC2086  # words
                $who mc -125 "$name" $words
                assert "$stderr" == "$(other_words "$name")" "$who $words"
            done
        done
    done
}

@test "DIR is missing, a file, no layout: pull says that there is no such image, push what failed" {
    local who
    for who in $(people); do
        store "$who"
        $who mkdir empty
        echo text >file
        $who mc -125 pull web missing
        assert "$stderr" == "minicontainer: there is no image web in missing" "$who"
        $who mc -125 pull web empty
        assert "$stderr" == "minicontainer: there is no image web in empty" "$who"
        assert "$(ls -A empty)" == "" "$who: pull writes nothing there"
        assert "$(ls -d missing 2>&1)" contains "No such file" "$who"
        $who mc -125 pull web file
        assert "$stderr" == "minicontainer: there is no image web in file" "$who"
        $who mc -125 push web file
        assert "$stderr" contains "Not a directory" "$who"
        assert "$(<file)" == text "$who"
        $who mc -125 push web file/x
        assert "$stderr" contains "Not a directory" "$who"
        $who mc -125 push web /proc/nosuch
        $who mc -125 push web ''
        assert "$stderr" contains minicontainer: "$who"
        # push makes a layout of an empty directory.
        $who mc push web empty
        elsewhere second
        $who mc pull web empty
        the_page
    done
}

# In a lab, where there may be mounts. (The base is made in there.)
@test "DIR is read-only, or full: said, and nothing is named; with room it goes on" {
    requires userns overlay
    local who
    for who in $(people); do
        $who mc lab sh -c 'exec 2>&1
            sh lessons/15-layers/make-base >/dev/null
            mkdir ro small
            minicontainer push base good >/dev/null
            mount -t tmpfs -o ro none ro
            minicontainer push base ro; echo "ro: $?"; ls -A ro
            mount -t tmpfs -o size=40m none small; head -c 39m /dev/zero >small/others
            minicontainer push base small; echo "full: $?"
            grep -c latest small/index.json
            rm small/others; minicontainer push base small | tail -n 1 | cut -c 1-14
            mkdir tiny; mount -t tmpfs -o size=80m none tiny; head -c 79m /dev/zero >tiny/others
            export XDG_DATA_HOME=$PWD/tiny
            minicontainer pull base good; echo "full: $?"
            minicontainer images --porcelain; echo "none"
            rm tiny/others; minicontainer pull base good | tail -n 1 | cut -c 1-14
            minicontainer run --image base -- cat /etc/motd'
        assert "$output" contains "EROFS (Read-only file system)" "$who"
        assert "$output" has-line "ro: 125" "$who"
        assert "$(grep -c 'ENOSPC (No space left on device)' <<<"$output")" == 2 "$who"
        assert "$(grep -c '^full: 125' <<<"$output")" == 2 "$who"
        assert "$output" contains $'\n0\nbase:latest is\n' "$who: not named; then it is"
        assert "$output" contains $'\nnone\nbase:latest is\nWelcome.' "$who"
    done
    # A directory that is another's.
    requires user
    store as_user
    mkdir -m 0555 theirs
    if [ "$(id -u)" != 0 ]; then chmod 0555 theirs; fi
    as_user mc -125 push web theirs
    assert "$stderr" contains "EACCES (Permission denied)"
    assert "$(ls -A theirs)" == ""
}

@test "kill -9 at each step of pull: nothing is named before the end, and a second pull works" {
    requires strace
    local who call n
    for who in $(people); do
        store "$who"
        $who mc push web stick
        # A store with nothing in it: how one is made is not what we look at.
        $who mc push base first
        elsewhere empty
        $who mc pull base first
        $who mc rmi base
        assert "$(find empty/minicontainer/blobs -type f)" == "" "$who: rmi"
        # Four blobs, then the name. (A signal at the entry of the n-th call of that sort.)
        for call in sendfile:{1..6} linkat:{1..4} unlink:1 rename:1; do
            n=${call#*:} call=${call%:*}
            rm -rf second
            cp -a empty second
            elsewhere second
            $who call -any strace -o /dev/null -e "inject=$call:signal=KILL:when=$n" \
                "$MC" pull web stick
            assert "$status" == 137 "$who $call $n"
            # (A rename that was entered may have been done.)
            if [ "$call" != rename ]; then nothing_named; fi
            $who mc pull web stick
            the_page
            no_lies second/minicontainer
        done
        # Control: under strace without a signal it comes to its end.
        rm -rf second
        elsewhere second
        $who call strace -o /dev/null -e trace=rename "$MC" pull web stick
        the_page
        # push: the same.
        export XDG_DATA_HOME=$here/here
        for call in sendfile:3 linkat:2; do
            rm -rf other
            $who mc push base other
            $who call -any strace -o /dev/null -e "inject=${call%:*}:signal=KILL:when=2" \
                "$MC" push web other
            assert "$status" == 137 "$who push $call"
            assert "$(<other/index.json)" lacks web "$who push $call"
            no_lies other
            $who mc push web other
            assert "$(<other/index.json)" contains web:latest "$who push $call"
        done
    done
}

@test "ten at once into one store and out of it: one image, whole" {
    local who n pids
    for who in $(people); do
        store "$who"
        $who mc push base stick
        # (They make the store and the layout at once, too.)
        elsewhere second
        pids=()
        for n in 1 2 3 4 5 6 7 8 9 10; do
            if ((n % 2)); then
                XDG_DATA_HOME=$here/here $who mc push web new >"out.$n" 2>&1 &
            else
                $who mc pull base stick >"out.$n" 2>&1 &
            fi
            pids+=($!)
        done
        for n in "${pids[@]}"; do wait "$n" || { cat out.*; return 1; }; done
        $who mc pull web new
        the_page
        no_lies new
        no_lies second/minicontainer
        $who mc images --porcelain
        assert "$(wc -l <<<"$output")" == 2 "$who"
    done
}

@test "two at once, the first time: who is late does not write over what the other has named" {
    requires strace
    local who late
    for who in $(people); do
        store "$who"
        $who mc push web stick
        $who mc push base stick
        elsewhere second
        # The first is stopped before it writes the empty index; and the second comes.
        $who touch trace
        $who strace -f -o trace -e inject=unlink:signal=STOP:when=2 "$MC" pull base stick >late 2>&1 3>&- 4>&- &
        late=$!
        wait_for 'grep -q "stopped by SIGSTOP" trace'
        $who mc pull web stick >second.out 2>&1 &
        # It has done it; or it waits for the lock that the first has.
        wait_for 'grep -q "web:latest is" second.out ||
            grep -q -e "-> FLOCK .*:$(stat -c %i second/minicontainer/lock) " /proc/locks'
        kill -CONT "$(sed -n "s/ .*stopped by SIGSTOP.*//p" trace | head -n 1)"
        wait "$late" || { cat late; return 1; }
        wait_for 'grep -q "web:latest is" second.out'
        $who mc images --porcelain
        assert "$(cut -f 1 <<<"$output" | sort)" == $'base:latest\nweb:latest' "$who"
    done
}

@test "in a lab: push to a directory of the lab; the machine's store and directories are as before" {
    local who before
    for who in $(people); do
        store "$who"
        before=$(find . -type f -printf '%p %s %T@\n' | sort)
        $who mc lab sh -c 'exec 2>&1
            minicontainer images --porcelain; echo "nothing is here"
            sh lessons/15-layers/make-base >/dev/null; minicontainer push base stick | tail -n 1
            XDG_DATA_HOME=~/second minicontainer pull base stick
            XDG_DATA_HOME=~/second minicontainer run --image base -- cat /etc/motd'
        assert "$output" starts "nothing is here" "$who"
        assert "$(grep -c 'base:latest is sha256:' <<<"$output")" == 2 "$who"
        assert "$output" ends "Welcome." "$who"
        # The same digest as out here.
        assert "$output" contains "base:latest is sha256:$(digest base here/minicontainer)" "$who"
        assert "$(find . -type f -printf '%p %s %T@\n' | sort)" == "$before" "$who"
    done
}

# ---------------------------------------------------------------------------------------------
# Others, who read ours and write for us
# ---------------------------------------------------------------------------------------------

@test "skopeo inspects what push wrote, and the live store, and their archive" {
    requires skopeo
    local who web
    for who in $(people); do
        store "$who"
        $who mc push web stick
        web=sha256:$(digest web stick)
        tar cf stick.tar -C stick .
        chmod a+r stick.tar
        for from in oci:stick:web:latest oci:here/minicontainer:web:latest oci-archive:stick.tar:web:latest
        do
            skopeo inspect --format '{{.Digest}} {{len .Layers}}' "$from"
            assert "$output" == "$web 2" "$who $from"
            skopeo inspect --config --format '{{.OS}} {{.Config.Cmd}}' "$from"
            assert "$output" == "linux [/bin/sh]" "$who $from"
        done
    done
}

@test "images that skopeo made run in ours: gzip, zstd, out of a docker-archive" {
    requires skopeo zstd
    local who how
    for who in $(people); do
        store "$who"
        for how in gzip zstd; do
            rm -rf by
            skopeo copy -q --dest-compress-format "$how" oci:here/minicontainer:web:latest \
                oci:by:web:latest
            assert "$(<"by/blobs/sha256/$(digest web by)")" contains "tar+$how" "$who"
            rm -rf second
            elsewhere second
            $who mc pull web by
            assert "${lines[-1]}" == "web:latest is sha256:$(digest web by)" "$who $how"
            assert "${lines[-1]}" lacks "$(digest web here/minicontainer)" "$who: another digest"
            the_page
            # A layer is unpacked to a directory that has the name of its blob, the compressed one.
            assert "$(find second/minicontainer/layers -mindepth 1 -maxdepth 1 | wc -l)" == 2
            for layer in second/minicontainer/layers/*; do
                assert "$(find by/blobs/sha256 -name "${layer##*/}" | wc -l)" == 1 "$who $how: $layer"
            done
        done
        skopeo copy -q oci:here/minicontainer:web:latest docker-archive:web.tar:web:latest
        assert "$(tar tf web.tar)" has-line manifest.json "$who"
        skopeo copy -q docker-archive:web.tar oci:from-tar:web:latest
        rm -rf second
        elsewhere second
        $who mc pull web from-tar
        the_page
    done
}

@test "an image that umoci made runs in ours, and umoci reads what push wrote" {
    requires umoci
    local who
    echo 'open on monday' >page
    chmod 0644 page
    for who in $(people); do
        store "$who"
        $who mc push web stick
        # (It will change the mode of the directory where we stand.)
        $who mkdir own
        cd own
        $who call umoci stat --image ../stick:web:latest
        assert "$output" contains "commit one" "$who"
        $who call umoci init --layout by
        $who call umoci new --image by:web:latest
        # Files that are ours: not what lies in the store, which may be another's.
        $who mkdir tree
        $who tar xf "$blobs/$(parts "$blobs/$(digest base "$here/here/minicontainer")" | while read -r part; do
            if [ "$(stat -c %s "$blobs/$part")" -gt 1000000 ]; then echo "$part"; fi
        done)" -C tree --no-same-owner
        $who cp "$BATS_TEST_TMPDIR/page" tree
        $who call umoci insert --rootless --image by:web:latest tree /
        $who call umoci config --image by:web:latest --config.cmd cat --config.cmd /page \
            --config.env PATH=/bin
        elsewhere second
        $who mc pull web by
        the_page
        $who mc run --image web
        assert "$output" == "open on monday" "$who: its Cmd"
        $who mc history web
        assert "$output" != "" "$who"
    done
}

# In a lab: its network is its own, so the port is free, and two of these at once do not meet.
@test "docker-registry: its digest is ours; a byte flipped in its data is refused" {
    requires docker-registry skopeo userns overlay
    local who
    for who in $(people); do
        $who mc lab sh -c 'exec 2>&1
            sh lessons/15-layers/make-base 2>/dev/null
            sh lessons/18-registry/hub base
            mkdir up; export XDG_DATA_HOME=$PWD/up
            minicontainer pull base from-hub
            minicontainer run --image base -- cat /etc/motd'
        assert "$(grep -cxF "${lines[0]}" <<<"$output")" == 2 "$who: the registry says the same"
        assert "${lines[0]}" =~ '^sha256:[0-9a-f]{64}$'
        assert "$output" contains "base:latest is ${lines[0]}" "$who"
        assert "$output" lacks skipped "$who"
        assert "$output" ends "Welcome." "$who"
        # Its blobs, named as in a layout, with one byte of the layer changed. skopeo itself refuses to
        # copy that; so the layout that it would write is made here.
        $who mc lab sh -c 'exec 2>&1
            sh lessons/15-layers/make-base >/dev/null
            sh lessons/18-registry/hub base >/dev/null
            find hub -name data -size +1000k -exec sed -i s/Welcome/Welcame/ {} +
            mkdir -p st/blobs/sha256; cp from-hub/index.json from-hub/oci-layout st
            for d in hub/docker/registry/v2/blobs/sha256/*/*; do cp $d/data st/blobs/sha256/${d##*/}; done
            export XDG_DATA_HOME=~/up
            minicontainer pull base st; echo "status $?"; minicontainer images --porcelain; echo none
            cat >>hub.yml </dev/null; docker-registry serve hub.yml >/dev/null 2>&1 & pid=$!
            until skopeo --insecure-policy list-tags --tls-verify=false docker://127.0.0.1:5000/base
            do sleep 0.1; kill -0 $pid || exit; done
            skopeo --insecure-policy copy -q --src-tls-verify=false docker://127.0.0.1:5000/base \
                oci:again:base:latest && echo "copied"
            minicontainer pull base again; echo "status $?"; kill $pid'
        assert "$output" contains "a blob is something else than its name says" "$who"
        assert "$output" =~ $'\n  is:     sha256:[0-9a-f]{64}\nstatus 125\nnone' "$who"
        assert "$output" no-line copied "$who: skopeo refuses it, too"
        assert "$output" ends "status 125" "$who"
    done
}

@test "the lesson's hub says what is missing, and is for the lab only" {
    requires userns
    local who
    for who in $(people); do
        call -1 sh "$TOP/lessons/18-registry/hub" base
        assert "$stderr" == "hub: for the lab only (minicontainer lab)"
        $who mc lab sh -c 'mkdir few; for p in cat sh; do ln -s /bin/$p few; done
            PATH=~/few sh lessons/18-registry/hub base'
        assert "$output" starts "skipped: docker-registry is not here (Debian: apt install" "$who"
    done
}
