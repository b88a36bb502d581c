# 16-images.bats -- chapter 16: names, digests, and a store that others can read.
#
# What is broken here is broken well: a blob of ours that holds bad JSON has the name that its
# contents give it. So a test says what the reader does, and not what the digest does.

load helpers

# in_store WHO: a store of its own for WHO; $S is its path.
in_store() {
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$1
    S=$XDG_DATA_HOME/minicontainer
}

# fixed_tree DIR: a tree that is the same for everybody, and its recipe.
fixed_tree() {
    mkdir -p "$1/tree/etc" "$1/tree/bin"
    echo hello >"$1/tree/etc/greeting"
    printf '#!/bin/sh\n' >"$1/tree/bin/x"
    chmod 0755 "$1/tree/bin/x" "$1/tree" "$1/tree/etc" "$1/tree/bin"
    ln -s greeting "$1/tree/etc/link"
    printf '%s\n' 'FROM scratch' 'COPY tree /' 'ENV COLOUR=blue' 'CMD ["/bin/x"]' >"$1/Dockerfile"
}
FIXED_LAYER=04ba7a20fb8fc8023b579b184d5af1a079eff84b0ea6c1ba40b8ba027df19e7f
FIXED_AMD64=fffb31a3f3260d3316815c756ab7f80f5748cbd5d1311fceeee535f442541d09

# base WHO: the image base, of programs of this machine.
base() { $1 call sh "$MC_TREE/lessons/15-layers/make-base"; }

# derive WHO IMAGE LINE...: an image on top of base.
derive() {
    local who=$1 name=$2
    shift 2
    rm -rf recipe
    mkdir recipe
    printf '%s\n' 'FROM base' "$@" >recipe/Dockerfile
    $who mc build -t "$name" recipe
}

digest_of() { awk -F '\t' -v n="$1" '$1 == n { sub("sha256:", "", $2); print $2 }' <<<"$output"; }
contents() { (cd "$S" && find . -path ./containers/.build -prune -o -type f -print |
    grep -v -e '^./lock$' -e '^./build$' | sort | xargs sha256sum); }

# For broken images. put: a file becomes a blob. point: web:latest is that manifest, alone.
put() {
    local hex
    hex=$(sha256sum <"$1" | cut -c 1-64)
    cp "$1" "$S/blobs/sha256/$hex"
    chmod 0644 "$S/blobs/sha256/$hex"
    echo "$hex"
}
REF='"org.opencontainers.image.ref.name"'
point() { # HEX [NAME, as JSON]
    printf '{"schemaVersion":2,"manifests":[{"digest":"sha256:%s","annotations":{%s:"%s"}}]}' \
        "$1" "$REF" "${2-web:latest}" >"$S/index.json"
}
# broken_config TEXT: web:latest is an image of the fixed layer, with that configuration.
broken_config() {
    printf '%s' "$1" >config
    printf '{"config":{"digest":"sha256:%s"},"layers":[{"digest":"sha256:%s","size":%s}]}' \
        "$(put config)" "$FIXED_LAYER" "${2-10240}" >manifest
    point "$(put manifest)"
}
# config_with MEMBERS: a good configuration, and these members of its "config".
ROOTFS="{\"rootfs\":{\"diff_ids\":[\"sha256:$FIXED_LAYER\"]}" # and more members may follow
config_with() {
    broken_config "{\"config\":{$1},\"rootfs\":{\"diff_ids\":[\"sha256:$FIXED_LAYER\"]}}"
}

@test "a fixed tree has the same digits for root, a user, in a lab, and as this file says" {
    requires userns overlay
    local who
    fixed_tree fixed
    for who in $(people); do
        in_store "$who"
        $who mc build -t fixed fixed
        assert "$(ls "$S/layers")" == "$FIXED_LAYER" "$who"
        if [ "$(uname -m)" = x86_64 ]; then assert "$output" == "sha256:$FIXED_AMD64" "$who"; fi
        $who mc images --porcelain
        assert "$output" =~ $'^fixed:latest\tsha256:[0-9a-f]{64}\t10240$' "$who"
        $who mc images
        assert "$output" =~ 'fixed:latest +[0-9a-f]{12} +10.2kB$' "$who"
    done
    mc lab sh -c "mkdir f; tar x -C f; minicontainer build -t fixed f; cd
        ls .local/share/minicontainer/layers" < <(tar c -C fixed .)
    assert "$output" contains "$FIXED_LAYER" "lab"
    if [ "$(uname -m)" = x86_64 ]; then assert "$output" has-line "sha256:$FIXED_AMD64"; fi
}

@test "what is not the contents changes no digit: times, owners, order; the contents do" {
    requires userns overlay
    fixed_tree fixed
    fixed_tree later
    find later -exec touch -h -d '2001-02-03 04:05:06' {} +
    in_store self
    mc build -t one fixed
    mc build --no-cache -t two later
    assert "$(ls "$S/layers")" == "$FIXED_LAYER"
    echo hellO >later/tree/etc/greeting
    mc build -t two later
    assert "$(find "$S"/layers/* -maxdepth 0 | wc -l)" == 2 "control"
}

@test "sha256sum(1) agrees with the name of every blob, and the store is an OCI layout" {
    requires userns overlay
    local who file
    for who in $(people); do
        in_store "$who"
        base "$who"
        derive "$who" web 'RUN echo hi >/new' 'ENV A=B'
        for file in "$S"/blobs/sha256/*; do
            assert "$(sha256sum <"$file")" == "${file##*/}  -" "$who"
        done
        assert "$(cat "$S/oci-layout")" == '{"imageLayoutVersion":"1.0.0"}'
        assert "$(find "$S/blobs" -type f | wc -l)" -ge 5 "there are blobs"
    done
}

@test "a store is made only by what keeps something, and said once" {
    requires userns overlay
    local who words
    for who in $(people); do
        in_store "$who"
        $who mc images
        assert "$output" =~ '^IMAGE +DIGEST +SIZE$'
        for words in 'history x' 'rmi x' 'rm x' 'diff x' 'run --image x -- true'; do
            # shellcheck disable=SC2086  # words
            $who mc -125 $words
            assert "$stderr" =~ 'there is no (image|container) x' "$who, $words"
        done
        assert "$(ls -d "$XDG_DATA_HOME" 2>&1)" contains "No such file" "$who"
        base "$who"
        assert "$(grep -cF "note: what you keep is in $S (rm -rf removes all of it)" <<<"$stderr")" == 1
        base "$who"
        assert "$stderr" lacks "what you keep"
        assert "$(stat -c %a "$S")" == 700
        $who mc run --image base --name box -- rm /etc/motd
        $who call rm -rf "$S"
        assert "$(ls "$XDG_DATA_HOME")" == "" "rm -rf works"
    done
}

@test "where: XDG_DATA_HOME if it is absolute, else ~/.local/share" {
    requires userns overlay
    fixed_tree fixed
    export XDG_DATA_HOME=not/absolute
    mc build -t fixed fixed
    assert "$(ls "$HOME/.local/share/minicontainer/index.json")"
    assert "$(ls -d not 2>&1)" contains "No such"
}

@test "history: from the top down, with what made a layer" {
    requires userns overlay
    in_store self
    base self
    derive self web 'RUN echo hi >/new' 'ENV A=B'
    mc history web
    assert "${lines[0]}" =~ '^LAYER +SIZE +CREATED BY$'
    assert "${lines[1]}" =~ '^- +0B +ENV A=B$'
    assert "${lines[2]}" =~ '^[0-9a-f]{12} +10.2kB +RUN echo hi >/new$'
    assert "${lines[-1]}" =~ '^[0-9a-f]{12} +1[0-9.]*MB +COPY root /$'
    mc -125 history
    assert "$stderr" == "$(other_words history)"
    mc -125 history nobody
    assert "${stderr_lines[0]}" == "minicontainer: there is no image nobody here"
}

@test "rmi takes what nothing names any more, and nothing else" {
    requires userns overlay
    local who before
    for who in $(people); do
        in_store "$who"
        base "$who"
        $who mc run --image base --name keep -- true
        $who mc rm keep # what build's steps left goes now
        before=$(contents)
        $who mc run --image base --name box -- sh -c 'echo hi >/new'
        $who mc commit box web
        $who mc commit box web2
        $who mc rm box
        $who mc rmi web
        $who mc run --image web2 -- cat /new
        assert "$output" == hi "another name for the same"
        $who mc rmi web2
        assert "$(contents)" == "$before" "$who"
        $who mc run --image base -- echo works
        assert "$output" == works
        $who mc rmi base
        assert "$(ls "$S/blobs/sha256" "$S/layers")" == "$S/blobs/sha256:"$'\n\n'"$S/layers:"
        $who mc -125 rmi base
        assert "${stderr_lines[0]}" == "minicontainer: there is no image base here"
    done
}

@test "rmi of a base leaves what stands on it" {
    requires userns overlay
    in_store self
    base self
    derive self web 'RUN echo hi >/new'
    mc rmi base
    mc run --image web -- cat /new /etc/motd
    assert "$output" == $'hi\nWelcome.'
}

@test "rmi is refused while a container is made of the image" {
    requires userns overlay
    local who before
    for who in $(people); do
        in_store "$who"
        base "$who"
        $who mc run --image base --name box -- sh -c 'echo hi >/new'
        before=$(contents)
        $who mc -125 rmi base
        assert "$stderr" == "minicontainer: container box is made of base:latest
  try:    minicontainer rm box"
        assert "$(contents)" == "$before" "$who"
        $who mc rm box
        $who mc rmi base
    done
}

@test "a name is small letters, digits, . _ - and a tag; the same name is given anew" {
    requires userns overlay
    local name what
    in_store self
    base self
    mc run --image base --name box -- sh -c 'echo hi >/new'
    for name in '' a/b ../x .x 'a b' a:b:c a: a:B $'a\e[31m' a@b; do
        mc -125 commit box "$name"
        # What is wrong is named: the part before the colon, or the tag.
        case $name in
        a:*) what="${name#a:}\" cannot be the name of an image, its tag" ;;
        *) what="${name/$'\e'/?}\" cannot be the name of an image" ;;
        esac
        assert "$stderr" == "minicontainer: \"$what: small letters, digits, and . _ -"
        assert "$stderr" lacks $'\e'
        mc -125 commit "$name" x
        assert "$stderr" lacks $'\e'
    done
    for name in -x --; do # as a flag that nobody knows
        mc -125 commit box "$name"
        assert "$stderr" == "$(other_words commit)"
    done
    mc commit box base:v2
    mc images
    assert "$(grep -c ^base: <<<"$output")" == 2
    mc commit box base
    mc images --porcelain
    assert "$(digest_of base:latest)" == "$(digest_of base:v2)"
    assert "$(grep -c ^base: <<<"$output")" == 2
}

@test "commit takes along what was removed, and a directory made again hides what was in it" {
    requires userns overlay
    local who top
    for who in $(people); do
        in_store "$who"
        base "$who"
        $who mc run --image base --name box -- sh -c 'rm /etc/motd /opt/big; rm -r /opt; mkdir /opt
            echo hi >/opt/new; chmod 0700 /tmp'
        $who mc commit box web
        assert "$output" =~ '^sha256:[0-9a-f]{64}$'
        $who mc history web
        assert "${lines[1]}" =~ 'commit box$'
        top=$(echo "$S/blobs/sha256/${lines[1]%% *}"*)
        assert "$(tar tf "$top")" has-line ./etc/.wh.motd
        assert "$(tar tf "$top")" has-line ./opt/.wh..wh..opq
        # Nobody is named in it, and no time.
        assert "$(tar tvf "$top" --numeric-owner --utc | awk '{ print $2, $4, $5 }' | sort -u)" == \
            "0/0 1970-01-01 00:00"
        $who mc run --image web -- sh -c 'echo /etc/* /opt/*; stat -c %a /tmp'
        assert "$output" lacks motd
        assert "$output" contains " /opt/new"
        assert "$output" lacks big
        assert "$output" has-line 700
        $who mc run --image base -- cat /etc/motd
        assert "$output" == Welcome. "the image below is as it was"
        # Equal contents are equal digits.
        $who mc images --porcelain
        before=$(digest_of web:latest)
        $who mc commit box again
        assert "$output" == "sha256:$before"
    done
}

@test "commit wants a container and a name" {
    requires userns overlay
    in_store self
    base self
    mc -125 commit
    assert "$stderr" == "$(other_words commit)"
    mc -125 commit nobody web
    assert "${stderr_lines[0]}" == "minicontainer: there is no container nobody here"
    mc images
    assert "$output" lacks web
}

@test "Env, Cmd, Entrypoint and WorkingDir are obeyed; what is typed comes first" {
    requires userns overlay
    local who
    for who in $(people); do
        in_store "$who"
        base "$who"
        derive "$who" web 'ENV A=image B=image' 'WORKDIR /opt' 'CMD ["/bin/sh","-c","echo $A $B; pwd"]'
        $who mc run --image web
        assert "$output" == $'image image\n/opt'
        $who mc run --image web -e A=typed -w /etc
        assert "$output" == $'typed image\n/etc'
        $who mc run --image web -- echo other
        assert "$output" == other
        derive "$who" entry 'ENTRYPOINT ["/bin/echo","entry"]' 'CMD ["cmd"]'
        $who mc run --image entry
        assert "$output" == "entry cmd"
        $who mc run --image entry -- typed words
        assert "$output" == "entry typed words"
        # A form without brackets is a line for a shell.
        derive "$who" line 'CMD echo $((1 + 1))'
        $who mc run --image line
        assert "$output" == 2
    done
}

@test "User: as root it is another user, who cannot write; refused where one id is mapped" {
    requires userns overlay
    local user
    in_store self
    base self
    derive self web 'USER 1234'
    if [ "$(id -u)" = 0 ]; then
        mc -1 run --image web -- touch /etc/x
        assert "$stderr" contains "Permission denied"
        mc run --image web -- sh -c 'id -u; id -g; id -G; grep CapEff /proc/self/status'
        assert "$output" == $'1234\n0\n0\nCapEff:\t0000000000000000' "the group is 0, if none is said"
        derive self group 'USER 5:6'
        mc run --image group -- sh -c 'id -u; id -g; id -G'
        assert "$output" == $'5\n6\n6'
        mc run --image base -- sh -c 'id -u; touch /etc/x'
        assert "$output" == 0 "control"
        mc -143 run --image web -- sh -c 'kill $$; sleep 100'
    else
        mc -125 run --image web -- true
        assert "$stderr" contains "image web:latest runs as user 1234, and 1 of your ids are mapped"
        assert "$stderr" contains "cure:"
    fi
    for user in 0 root 0:0 root:root; do
        derive self web "USER $user"
        mc run --image web -- id -u
        assert "$output" == 0 "$user"
    done
    for user in daemon 99999999999 -1 1x 5: 5:x 5:-6 :5; do
        derive self web "USER $user"
        mc -125 run --image web -- true
        assert "$stderr" contains "its User \"$user\" is no number: names are not looked up here"
    done
}

# Ten and more ways to be no JSON.
bad_json() { # N: to stdout; fails behind the last
    case $1 in
    1) ;;
    2) printf '{' ;;
    3) printf 'hello' ;;
    4) printf '{"manifests":[]}x' ;;
    5) printf '{"manifests":[{"digest":"sha256:' ;;
    6) printf '{"a":"x\ny"}' ;;
    7) printf '{"a" 1}' ;;
    8) printf '{"a":1 "b":2}' ;;
    9) printf "%s\\\\" '{"a":"' ;;
    10) printf '%100000s' '' | tr ' ' '[' ;;
    11) printf '{"a":'; printf '%60s' '' | tr ' ' '['; printf '%60s' '' | tr ' ' ']'; printf '}' ;;
    12) printf '\377\376\0\1' ;;
    13) printf ']' ;;
    14) printf '{"a":}' ;;
    *) return 1 ;;
    esac
}

@test "an index.json that is no JSON: each command says so, and changes nothing" {
    requires userns overlay
    local n before words
    in_store self
    base self
    mc run --image base --name box -- true
    for ((n = 1; ; n++)); do
        bad_json "$n" >"$S/index.json" || break
        before=$(contents)
        for words in images 'history base' 'run --image base -- true' 'commit box web' 'rmi base'; do
            # shellcheck disable=SC2086  # words
            mc -125 $words
            assert "$stderr" == "minicontainer: $S/index.json is missing or no JSON" "$n, $words"
            assert "$output" !~ base
            # (commit has made blobs that nothing names; the next rmi takes them.)
            if [ "$words" != 'commit box web' ]; then assert "$(contents)" == "$before" "$n, $words"
            else before=$(contents); fi
        done
    done
    assert "$n" -gt 12
}

@test "a manifest or a configuration that is no JSON: said, and nothing is changed" {
    requires userns overlay
    local n before words part
    fixed_tree fixed
    in_store self
    mc build -t fixed fixed
    for part in manifest config; do
        for ((n = 1; ; n++)); do
            bad_json "$n" >bad || break
            if [ "$part" = config ]; then broken_config "$(tr -d '\0' <bad)"
            else point "$(put bad)"; fi
            before=$(contents)
            for words in 'history web' 'run --image web -- true' 'run --image web --name b -- true'; do
                # shellcheck disable=SC2086  # words
                mc -125 $words
                assert "$stderr" =~ "^minicontainer: $S/blobs/sha256/[0-9a-f]{64} is missing or no JSON\$"
                assert "$(contents)" == "$before" "$part $n, $words"
            done
            assert "$(ls "$S/containers")" == "" "no container is left"
        done
    done
}

@test "a digest that is none is never a path" {
    requires userns overlay
    local digest before
    fixed_tree fixed
    in_store self
    mc build -t fixed fixed
    echo '{}' >"$S/x"
    for digest in ../../x '' 5 "$FIXED_LAYER/" "${FIXED_LAYER}0" '../../index.json' \
        $'\\u001b[31m'; do
        point "$digest"
        before=$(contents)
        mc images
        assert "$output" =~ 'web:latest +missing +0B$' "$digest"
        mc -125 run --image web -- true
        assert "$stderr" =~ '^minicontainer: (/.*/blobs/sha256/.*|a blob that no digest names) is missing or no JSON$' "$digest"
        assert "$stderr" lacks $'\e'
        assert "$(contents)" == "$before"
        printf '{"config":{"digest":"sha256:%s"}}' "$digest" >manifest
        point "$(put manifest)"
        mc -125 run --image web -- true
        assert "$stderr" =~ '^minicontainer: (/.*/blobs/sha256/.*|a blob that no digest names) is missing or no JSON$' "$digest"
        broken_config "{\"rootfs\":{\"diff_ids\":[\"sha256:$digest\"]}}"
        mc -125 run --image web -- true
        assert "$stderr" == "minicontainer: image web:latest: layer 1 has no digest"
        assert "$(ls "$S/layers")" == "$FIXED_LAYER"
    done
}

@test "JSON that says something else than it should is no crash" {
    requires userns overlay
    local text
    fixed_tree fixed
    in_store self
    mc build -t fixed fixed
    for text in '[]' 5 '"x"' null '{}' '{"rootfs":5}' '{"rootfs":{"diff_ids":5}}'; do
        broken_config "$text"
        mc -125 run --image web -- true
        assert "$stderr" contains "image web:latest: more than 64 layers, or configuration and manifest do not agree"
        mc -any history web
        assert "$status" -lt 126 "$text"
    done
    # More lines in the history than layers: the others have none.
    broken_config "$ROOTFS,\"history\":[{\"created_by\":\"a\"},{\"created_by\":\"b\"},5]}"
    mc history web
    assert "${lines[1]}" =~ "^${FIXED_LAYER:0:12} +10.2kB *\$"
    assert "${lines[2]}" =~ '^- +0B +b$'
    assert "${lines[3]}" =~ '^- +0B +a$'
    for text in '"Cmd":5' '"Cmd":[1,{},null]' '"Env":5' '"Env":[1,"","=","A",{"a":[]}]' \
        '"Cmd":"x"' '"Entrypoint":{}' '"WorkingDir":7' '"User":[]'; do
        config_with "$text"
        mc -any run --image web
        assert "$status" =~ '^12[57]$' "$text"
    done
    config_with '"WorkingDir":"../../../nowhere","Cmd":["/bin/x"]'
    mc -125 run --image web
    # A size that nobody has.
    for text in -1 99999999999999999999999999999999999 1e999 '"x"' null; do
        broken_config '{}' "$text"
        mc images
        assert "$output" contains web:latest "$text"
    done
}

@test "what a stranger wrote is never raw on a terminal" {
    requires userns overlay
    fixed_tree fixed
    in_store self
    mc build -t fixed fixed
    broken_config "{\"rootfs\":{\"diff_ids\":[\"sha256:$FIXED_LAYER\"]},\"history\":[{\"created_by\":\
\"RUN \\u001b[31m\\u0007\\u009b\\u0000\\ud83d\\ude00\\u003c \\\"\\\\ $(printf '\302\233')\"}]}"
    mc history web
    assert "$output" contains "RUN ?[31m?????< \"\\"
    assert "$output" !~ $'[\x01-\x09\x0b-\x1f\x7f]'
    point "$FIXED_LAYER" '\u001b]0;title\u0007\n:latest'
    mc -any images
    assert "$output$stderr" lacks $'\e'
    broken_config '{"rootfs":{}}'
    point "$(sed 's/.*manifests.*sha256:\([0-9a-f]*\)".*/\1/' "$S/index.json")" '\u001b]0;t\u0007'
    mc images
    assert "$output" contains '?]0;t?'
    config_with '"User":"\u001b[31m"'
    mc -125 run --image web -- true
    assert "$stderr" contains 'its User "?[31m" is no number'
}

@test "the reader of JSON keeps to its bounds" {
    requires userns overlay
    local text many
    fixed_tree fixed
    in_store self
    mc build -t fixed fixed
    many=$(printf '%20000s' '' | tr ' ' 9)
    for text in "\\\\" '\"' '\u0041' '\u0041\u00e9' '\u' '\uzzzz' '\x' "$many" ''; do
        broken_config "$ROOTFS,\"history\":[{\"created_by\":\"$text\"}]}"
        mc -any history web
        assert "$status" =~ '^(0|125)$' "${text:0:20}"
        assert "${output#*BY}" lacks rootfs
    done
    # 48 levels are read, and numbers of any length.
    text=$(printf '%48s' '' | tr ' ' '[')
    broken_config "{\"x\":$text${text//\[/]},\"y\":$many,${ROOTFS#?},\"history\":[{\"created_by\":\"ok\"}]}"
    mc history web
    assert "$output" contains ok
}

@test "a layer whose bytes were changed is refused, and nothing of it is left" {
    requires userns overlay
    local who blob
    fixed_tree tree
    for who in $(people); do
        in_store "$who"
        $who mc build -t fixed tree
        blob=$S/blobs/sha256/$FIXED_LAYER
        $who rm -rf "$S/layers/$FIXED_LAYER"
        cp "$blob" good
        $who mc -127 run --image fixed
        assert "$(ls "$S/layers")" == "$FIXED_LAYER" "control: unpacked again"
        $who rm -rf "$S/layers/$FIXED_LAYER"
        printf J | dd of="$blob" bs=1 seek=1600 conv=notrunc status=none
        $who mc -125 run --image fixed
        assert "$stderr" ends "minicontainer: layer sha256:$FIXED_LAYER is not what its image says"
        assert "$(ls "$S/layers")" == ""
        head -c 600 good >"$blob" # cut short
        $who mc -125 run --image fixed
        assert "$(ls "$S/layers")" == ""
    done
}

@test "tar runs in a container: an archive cannot reach what is not the layer" {
    requires userns overlay
    local who hex
    echo mine >victim
    chmod 0666 victim
    mkdir evil
    echo evil >evil/x
    tar cf evil.tar -P --transform="s,evil/x,$PWD/victim," evil/x
    tar rf evil.tar -P --transform="s,evil/x,../../../../..$PWD/victim," evil/x
    ln -s "$PWD" evil/out
    tar rf evil.tar -C evil out
    tar rf evil.tar -P --transform="s,evil/x,out/victim," evil/x
    fixed_tree fixed
    for who in $(people); do
        in_store "$who"
        $who mc build -t fixed fixed
        hex=$(put evil.tar)
        printf '{"rootfs":{"diff_ids":["sha256:%s"]}}' "$hex" >config
        printf '{"config":{"digest":"sha256:%s"},"layers":[{"digest":"sha256:%s","size":1}]}' \
            "$(put config)" "$hex" >manifest
        point "$(put manifest)"
        $who mc -any run --image web -- true
        assert "$(<victim)" == mine "$who"
        assert "$(find . -maxdepth 1 -newer evil.tar -name 'victim*')" == ""
    done
}

@test "skopeo and umoci read the live store; what skopeo compresses has the same diff ids" {
    requires userns overlay skopeo umoci
    local diffs
    in_store self
    base self
    derive self web 'RUN rm /etc/motd; echo hi >/new' 'ENV A=B'
    mc images --porcelain
    digest=$(digest_of web:latest)
    call skopeo inspect "oci:$S:web:latest"
    assert "$output" contains "sha256:$digest"
    assert "$output" contains '"A=B"'
    call skopeo copy -q --insecure-policy --dest-oci-accept-uncompressed-layers \
        "oci:$S:web:latest" oci:plain:web:latest
    assert "$(ls plain/blobs/sha256)" contains "$digest" "the same manifest"
    call skopeo copy -q --insecure-policy "oci:$S:web:latest" oci:packed:web:latest
    diffs() { skopeo inspect --config "oci:$1:web:latest" | tr ',' '\n' | grep -A 9 diff_ids |
        grep -o 'sha256:[0-9a-f]*'; }
    assert "$(diffs packed)" == "$(diffs "$S")"
    assert "$(find packed/blobs/sha256 -type f -exec gzip -tq {} \; -print 2>/dev/null | wc -l)" == 2 \
        "control: they are compressed"
    # And we read what skopeo has compressed.
    in_store other
    mkdir -p "$S/layers" "$S/containers" "$S/cache"
    cp -R packed/. "$S"
    mc run --image web -- sh -c 'cat /new; echo $A; cat /etc/motd || true'
    assert "$output" == $'hi\nB'
    call umoci ls --layout "$S"
    assert "$output" == web:latest
    call umoci unpack --rootless --image "$S:web:latest" bundle
    assert "$(<bundle/rootfs/new)" == hi
    assert "$(ls bundle/rootfs/etc)" lacks motd
}

@test "\u with less than four digits is no character, and no memory of others" {
    requires userns overlay
    local text
    fixed_tree fixed
    in_store self
    mc build -t fixed fixed
    for text in '\u1' '\u00' 'xyz\u12' '\u 1' '\u-1' '\u0x4'; do
        broken_config "$ROOTFS,\"history\":[{\"created_by\":\"$text\"}]}"
        mc -any history web
        assert "$status" =~ '^(0|125)$' "$text"
        assert "$output$stderr" !~ '[]}]' "$text"
        config_with "\"User\":\"$text\""
        mc -125 run --image web -- true
    done
}

@test "neither capitals nor a new line are in a name or a digest" {
    requires userns overlay
    in_store self
    base self
    mc run --image base --name box -- true
    mc -125 commit box Web
    assert "$stderr" contains "cannot be the name of an image"
    mc -125 commit box $'a\nB'
    mc -125 run --image base --name $'a\n/../b' -- true
    assert "$stderr" contains '--name "a?/../b" (a control character'
    mc -125 diff $'a\n/../b'
    assert "$stderr" contains "cannot be the name of a container"
    mc -125 run --image base --name Box -- true
    assert "$stderr" contains "cannot be the name of a container"
    broken_config "{\"rootfs\":{\"diff_ids\":[\"sha256:${FIXED_LAYER^^}\"]}}"
    mc -125 run --image web -- true
    assert "$stderr" == "minicontainer: image web:latest: layer 1 has no digest"
}

@test "a configuration that was changed in the store does not travel under its digest" {
    requires userns overlay
    in_store self
    base self
    derive self web 'ENV COLOUR=blue'
    mc push web control
    sed -i 's/COLOUR=blue/COLOUR=bluf/' "$(grep -l '^{"architecture.*COLOUR=blue' "$S"/blobs/sha256/*)"
    mc -125 push web stick
    assert "$stderr" contains "a blob is something else than its name says"
    mc -125 pull web stick
    assert "$stderr" contains "there is no image web in stick"
}

@test "an index.json without a list of manifests is refused, and not written anew" {
    requires userns overlay
    local text
    in_store self
    base self
    mc run --image base --name box -- true
    for text in '[]' 5 '"x"' null '{}' '{"manifests":5}' '{"manifests":{}}' '[1,]' '{1:2}'; do
        printf '%s' "$text" >"$S/index.json"
        mc -125 images
        mc -125 commit box web
        assert "$(<"$S/index.json")" == "$text"
    done
}

@test "an image that is broken keeps no other from being removed, and goes by rmi itself" {
    requires userns overlay
    local before
    in_store self
    base self
    before=$(contents)
    derive self web 'ENV A=B'
    mc run --image base --name box -- true
    sed -i 's/"manifests":\[/&{"digest":"sha256:'"$FIXED_LAYER"'","annotations":{'"$REF"':"gone:latest"}},/' "$S/index.json"
    mc rmi web
    mc rm box
    mc images
    assert "$output" =~ 'gone:latest +missing +0B'
    assert "$output" =~ 'base:latest'
    assert "$output" lacks web
    mc run --image base -- cat /etc/motd
    assert "$output" == Welcome.
    mc rmi gone
    mc images
    assert "$output" lacks gone
    mc -125 rmi gone
}

@test "an entry without a digest is not the image of a container that is being built" {
    requires userns overlay
    in_store self
    base self
    printf '{"manifests":[{"annotations":{%s:"web:latest"}}]}' "$REF" >"$S/index.json"
    mc -any rmi web
    assert "$stderr" lacks .build
}

@test "a command that is refused makes no store" {
    requires userns overlay
    in_store self
    mc -125 commit nobody web
    assert "$(ls -d "$XDG_DATA_HOME" 2>&1)" contains "No such file"
    mkdir empty
    mc -125 build -t web empty
    assert "$(ls -d "$XDG_DATA_HOME" 2>&1)" contains "No such file"
}

@test "commit keeps what it need not understand: labels, ports, a stop signal" {
    requires userns overlay
    in_store self
    base self
    mc images --porcelain
    layer=$(ls "$S/layers")
    printf '{"config":{"Cmd":["/bin/true"],"Env":["PATH=/bin"],"Labels":{"a":"b"},"StopSignal":"SIGINT"},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$layer" >config
    printf '{"config":{"digest":"sha256:%s"},"layers":[{"digest":"sha256:%s","size":1}]}' "$(put config)" "$layer" >manifest
    point "$(put manifest)"
    mc run --image web --name box -- true
    mc commit box again
    assert "$(cat "$S"/blobs/sha256/"$(grep -o '"config":{[^}]*' "$S/blobs/sha256/${output#sha256:}" | grep -o '[0-9a-f]\{64\}')")" contains '"Labels":{"a":"b"}'
}

@test "rmi while a container without a name runs: its files stay, or it is refused" {
    requires userns overlay
    local pid
    in_store self
    base self
    mkfifo go ready
    (exec 3>&- 4>&-; "$MC" run --image base -- sh -c 'echo x; read x; cat /etc/motd; ls /bin/true' <go >ready 2>&1) &
    pid=$!
    exec {w}>go {r}<ready
    read -r x <&"$r"
    mc -any rmi base
    echo now >&"$w"
    exec {w}>&-
    x=$(cat <&"$r")
    wait "$pid" || true
    assert "$x" == $'Welcome.\n/bin/true'
}

@test "many first builds at once: each image is there in the end" {
    requires userns overlay
    local n
    fixed_tree tree
    in_store self
    for n in 1 2 3 4 5 6 7 8; do ("$MC" build -t "i$n" tree >"o$n" 2>&1 3>&- 4>&-) & done
    for n in 1 2 3 4 5 6 7 8; do wait -n; done
    cat o?
    mc images
    assert "$(grep -c '^i[1-8]:latest' <<<"$output")" == 8
    assert "$(grep -c 'what you keep' o? | grep -c :1)" == 1
}
