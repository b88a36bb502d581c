# 17-build.bats -- chapter 17: an image by recipe.
#
# Each test has a store of its own, with the image "base" of lessons/15-layers/make-base in it. What
# is for each sort of people stands in a loop: $who is a function that runs a command as them.

load helpers

setup_file() {
    local who BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
    mc_setup
    chmod 0755 "$BATS_FILE_TMPDIR"
    for who in $(people); do
        mkdir -m 0777 "$BATS_FILE_TMPDIR/$who"
        XDG_DATA_HOME=$BATS_FILE_TMPDIR/$who $who sh "$TOP/lessons/15-layers/make-base" \
            >"$BATS_FILE_TMPDIR/$who.log" 2>&1 || true
        # Overlay's own directory in there has mode 000, and nobody could copy it.
        rm -rf "$BATS_FILE_TMPDIR/$who/minicontainer/containers/.build"
    done
}

setup() {
    mc_setup
    mkdir ctx
}

# fresh: the store of $who as make-base left it.
fresh() {
    requires userns overlay
    export XDG_DATA_HOME=$PWD/data-$who
    rm -rf "$XDG_DATA_HOME"
    cp -a "$BATS_FILE_TMPDIR/$who" "$XDG_DATA_HOME"
    STORE=$XDG_DATA_HOME/minicontainer
    if [ ! -e "$STORE/index.json" ]; then cat "$BATS_FILE_TMPDIR/$who.log"; fi
}

# build [-RC] [WORD...]: the recipe is on stdin; it becomes ctx/Dockerfile, and the image t:latest.
build() {
    local code=-0
    case ${1-} in -any | -[0-9]*) code=$1; shift ;; esac
    cat >ctx/Dockerfile
    again "$code" "$@"
}
# again [-RC] [WORD...]: the same recipe once more.
again() {
    local code=-0
    case ${1-} in -any | -[0-9]*) code=$1; shift ;; esac
    $who mc "$code" build "$@" -t t ctx
    digest=${output##*$'\n'}
}
in_t() { $who mc run --image t -- "$@"; }
known() { grep -c '  (known)$' <<<"$stderr" || true; }

# refused LINE WORD WHY: the recipe on stdin is refused with exactly that, and leaves nothing.
refused() {
    local before
    before=$(of_store)
    build -125
    assert "$stderr" has-line "minicontainer: ctx/Dockerfile:$1: $2: $3"
    assert "$output" lacks sha256
    assert "$(of_store)" == "$before" "names and layers ($2)"
}
# What has a name, and each layer that is unpacked.
of_store() {
    cat "$STORE/index.json"
    ls "$STORE/layers"
}

SOURCES='no option, no .. and no * here, and no array: a source is named as it is, from the directory of the build'
COPY='wants SOURCE... PLACE'
UNKNOWN='there are FROM, RUN, COPY (for ADD), ENV (for ARG), WORKDIR, CMD, ENTRYPOINT, USER; others are left out'
STEPS='is missing, or has no steps'

# ---------------------------------------------------------------------------------------------
# The file
# ---------------------------------------------------------------------------------------------

@test "a recipe becomes an image: each step is told, each line is in the history, the digest is said" {
    local who
    for who in $(people); do
        fresh
        echo hello >ctx/page
        build <<<$'FROM base\nCOPY page /\nRUN echo more >>/page\nENV A=1\nCMD ["cat", "/page"]'
        assert "$stderr" == 'step 1 of 5: FROM base  (known)
step 2 of 5: COPY page /
step 3 of 5: RUN echo more >>/page
step 4 of 5: ENV A=1
step 5 of 5: CMD ["cat", "/page"]'
        assert "$output" =~ '^sha256:[0-9a-f]{64}$'
        $who mc images --porcelain
        assert "$output" contains "t:latest"$'\t'"$digest"
        $who mc run --image t
        assert "$output" == $'hello\nmore'
        $who mc history t
        assert "$(sed 1d <<<"$output" | cut -c 25-)" == 'CMD ["cat", "/page"]
ENV A=1
RUN echo more >>/page
COPY page /
CMD ["/bin/sh"]
ENV PATH=/bin
COPY root /'
        # What changes only the configuration has made no layer.
        assert "$(grep -c '^-  *0B' <<<"$output")" == 4
        # Of base nothing has changed.
        $who mc -1 run --image base -- cat /page
    done
}

@test "FROM scratch: nothing is in the image but what is copied" {
    local who
    for who in $(people); do
        fresh
        echo x >ctx/f
        build <<<$'FROM scratch\nCOPY f /only'
        # Without a shell nothing runs in it: so a later recipe looks.
        assert "$(cd "$STORE/layers" && ls -d -- */only)" =~ '^[0-9a-f]{64}/only$'
        build -125 <<<$'FROM scratch\nCOPY f /only\nRUN true'
        assert "$stderr" has-line "minicontainer: ctx/Dockerfile:3: RUN: it ended with status 127"
        # An image called scratch is not what is meant.
        $who mc build -t scratch ctx/ || true
        build <<<$'FROM scratch\nENV A=1'
        $who mc history t
        assert "$(wc -l <<<"$output")" == 2
    done
}

@test "comments, blank lines, words in small letters, carriage returns, and an end without a newline" {
    local who
    for who in $(people); do
        fresh
        build < <(printf '\n# one\n  # two\r\n\nfrom base\r\n\trun echo a >/a\nRun   echo "# no comment" >>/a')
        assert "$(grep -c '^step' <<<"$stderr")" == 3
        in_t cat /a
        assert "$output" == $'a\n# no comment'
    done
}

@test "a line that ends in a backslash goes on; a comment inside is left out" {
    local who how
    for who in $(people); do
        fresh
        build <<'X'
FROM base
RUN echo a \
    # a comment \
  b \
# another
    c >/a
RUN echo on\
e >/b
X
        assert "$stderr" contains 'step 2 of 3: RUN echo a   b     c >/a'
        in_t cat /a /b
        assert "$output" == $'a b c\none'
        # In the last line of all there is nothing that it could go on with.
        build < <(printf 'FROM base\nRUN echo a >/a \\\n\n# end\n')
        in_t cat /a
        assert "$output" == a
        # With carriage returns; with blanks before, and behind.
        for how in 'FROM base\r\nRUN echo a \\\r\n  b >/a\r\n' \
            'FROM base\n \t RUN echo a \\ \n\tb >/a \n'; do
            # shellcheck disable=SC2059  # its \n are meant
            build < <(printf "$how")
            in_t cat /a
            assert "$output" == 'a b'
        done
    done
}

@test "a refusal names the line where its step begins, whatever stands above it" {
    local who=self
    fresh
    refused 8 nosuch "$UNKNOWN" <<'X'
# comment

FROM base
ENV A=1 \
    # inside
    B=2 \
    C=3
nosuch a \
    b
X
}

@test "words that are not known here are refused: those of Docker, and those of nobody" {
    local who=self word
    fresh
    for word in ADD ARG EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD SHELL STOPSIGNAL VOLUME FRO RUNN; do
        refused 2 "$word" "$UNKNOWN" <<<$'FROM base\n'"$word x /"
    done
    # What would do something to a terminal is not shown as it is.
    refused 2 '?[31m' "$UNKNOWN" <<<$'FROM base\n\e[31m x'
}

@test "build's own words" {
    local who words=0
    for who in $(people); do
        fresh
        echo 'FROM base' >ctx/Dockerfile
        for words in '' '-t' '-t t' 'ctx' '-t t ctx more' '--nosuch -t t ctx' 'ctx -t t -x' 'ctx -t'; do
            # shellcheck disable=SC2086  # words
            $who mc -125 build $words
            assert "$stderr" == "$(other_words build)" "$words"
        done
        for words in a/b ../x .x -x 'a b' $'a\e' ''; do
            $who mc -125 build -t "$words" ctx
            assert "$stderr" == "minicontainer: \"${words/$'\e'/?}\" cannot be the name of an image: \
small letters, digits, and . _ -"
        done
        for words in b:c B '' -b; do
            $who mc -125 build -t "a:$words" ctx
            assert "$stderr" == "minicontainer: \"$words\" cannot be the name of an image, its tag: \
small letters, digits, and . _ -"
        done
        # Nothing was made; and with its flags in any order it is.
        $who mc images --porcelain
        assert "$(cut -f 1 <<<"$output")" == base:latest "$who"
        for words in '-t t ctx' 'ctx -t t' '--no-cache ctx -t t' 'ctx -t t --no-cache' \
            '-t t --no-cache ctx'; do
            # shellcheck disable=SC2086  # words
            $who mc build $words
            assert "$output" =~ '^sha256:[0-9a-f]{64}$' "$words"
            case $words in
            *no-cache*) assert "$(known)" == 0 "$words" ;;
            *) assert "$(known)" == 1 "$words" ;;
            esac
        done
        $who mc rmi t
        $who mc build -t web:1.0 ctx
        $who mc images --porcelain
        assert "$(cut -f 1 <<<"$output")" == $'base:latest\nweb:1.0'
        for words in nosuch ctx/Dockerfile; do
            $who mc -125 build -t t "$words"
            assert "$stderr" has-line "minicontainer: $words/Dockerfile $STEPS"
        done
        : >ctx/Dockerfile
        again -125
        assert "$stderr" contains "ctx/Dockerfile $STEPS"
    done
}

@test "a long line, and many steps" {
    local who=self i
    fresh
    build < <(printf 'FROM base\nRUN echo %09000d | wc -c >/n\n' 0)
    in_t cat /n
    assert "$output" == 9001
    build < <(echo 'FROM base'; for i in {1..250}; do echo "ENV A$i=$i"; done)
    $who mc run --image t -- sh -c 'echo $A1 $A250'
    assert "$output" == "1 250"
    build -125 < <(echo 'FROM base'; for i in {1..250}; do echo "nosuch $i"; done)
    assert "$stderr" has-line "minicontainer: ctx/Dockerfile:2: nosuch: $UNKNOWN"
}

# ---------------------------------------------------------------------------------------------
# FROM
# ---------------------------------------------------------------------------------------------

@test "FROM: an image, with what it says of how to run; its tag; another that is not there" {
    local who
    for who in $(people); do
        fresh
        build <<<$'FROM base\nENV A=1\nWORKDIR /w\nENTRYPOINT ["echo", "e"]\nCMD ["c"]'
        $who mc build -t second:v2 ctx
        build <<<$'FROM second:v2\nENV B=2\nRUN echo "$A $B $PWD" >/saw'
        $who mc run --image t
        assert "$output" == "e c"
        assert "$(cat "$STORE"/layers/*/saw)" == "1 2 /w"
        build -125 <<<'FROM second'
        assert "$stderr" has-line 'minicontainer: ctx/Dockerfile:1: FROM: there is no such image: `images` lists them, nothing is downloaded; lessons/15-layers/make-base makes one'
    done
}

@test "FROM: there is one, and it is the first" {
    local who=self
    local one='one FROM, as the first step: no stages here'
    fresh
    refused 2 FROM "$one" <<<$'FROM base\nFROM base'
    refused 3 FROM "$one" <<<$'FROM base\nENV A=1\nFROM scratch'
}

# ---------------------------------------------------------------------------------------------
# RUN
# ---------------------------------------------------------------------------------------------

@test "RUN: a line is for a shell, a JSON array is a command without one" {
    local who
    for who in $(people); do
        fresh
        build <<'X'
FROM base
RUN A=1; echo "$A" >/shell && echo "a  b" >>/shell
RUN ["sh", "-c", "echo \"$0\" \"$1\" >/json", "a  b", "\u003c$HOME"]
RUN ["touch", "/$HOME"]
X
        in_t cat /shell /json
        assert "$output" == $'1\na  b\na  b <$HOME'
        in_t ls -d '/$HOME'
        # What is no JSON is a line for a shell, as with Docker.
        build -125 <<<$'FROM base\nRUN ["touch" "/x"]'
        assert "$stderr" has-line "minicontainer: ctx/Dockerfile:2: RUN: it ended with status 127"
        build -125 <<<$'FROM base\nRUN ["nosuch"]'
        assert "$stderr" has-line "minicontainer: ctx/Dockerfile:2: RUN: it ended with status 127"
    done
}

@test "RUN runs in a container: no file of the machine, of the context, or of another RUN's memory" {
    local who before
    echo secret >diary
    chmod 0644 diary
    for who in $(people); do
        fresh
        echo x >ctx/f
        before=$(fingerprint | sed '/^\[working/,/^\[terminal/d')
        build <<X
FROM base
RUN uname -n; id -u; cat $PWD/diary; cat $PWD/ctx/f; ls -A /.context; true
RUN exec 3>/tmp/gone; rm /tmp/gone; A=5; export A; cd /etc
RUN echo "\$A \$PWD"
X
        assert "$output" == $'box\n0\n /\n'"$digest"
        assert "$(grep -c 'No such file' <<<"$stderr")" == 3
        assert "$(fingerprint | sed '/^\[working/,/^\[terminal/d')" == "$before"
    done
    no_process_left
}

@test "--explain: the container of RUN is told, those in which tar runs are not" {
    local who
    echo x >ctx/f
    for who in $(people); do
        fresh
        build --explain <<<$'FROM base\nCOPY f /f\nRUN echo told >/told'
        # COPY's and RUN's: each is made on top of the image. For tar two are made more, and not told.
        assert "$(grep -c '  *call  *mount("overlay"' <<<"$stderr")" == 2 "$who"
        assert "$(grep -c '  *call  *syscall(SYS_clone3' <<<"$stderr")" == 2 "$who"
        assert "$stderr" lacks 'exec tar' "$who"
        assert "$stderr" contains 'tar(1) packs what was written, in a container of ours' "$who"
        assert "$output" == "$digest" "$who: stdout has the digest alone"
        # With nothing to be done, nothing is told; without --explain, too.
        again --explain
        assert "$stderr" lacks overlay "$who"
        again --no-cache
        assert "$stderr" lacks overlay "$who"
        in_t cat /told
        assert "$output" == told "$who"
    done
}

@test "RUN: a layer has what was written, and whiteouts; a RUN that writes nothing makes none" {
    local who
    for who in $(people); do
        fresh
        build <<<$'FROM base\nRUN echo new >/etc/new; rm /etc/motd; echo x >>/etc/group\nRUN cat /etc/new\nRUN ls /'
        in_t sh -c 'cat /etc/new; tail -n 1 /etc/group; ls /etc'
        assert "$output" == $'new\nx\ngroup\nnew\npasswd'
        $who mc history t
        assert "$(grep -c '^-  *0B  *RUN' <<<"$output")" == 2
        assert "$(grep -cE '^[0-9a-f]{12} .* RUN' <<<"$output")" == 1
        # In the store a whiteout is a device 0,0; in what travels it is a name.
        cd "$STORE/layers"
        assert "$(stat -c '%t,%T' ./*/etc/motd | sort)" has-line 0,0
        for blob in ../blobs/sha256/*; do tar -tf "$blob" 2>/dev/null || true; done >"$BATS_TEST_TMPDIR/names"
        cd "$BATS_TEST_TMPDIR"
        assert "$(<names)" has-line ./etc/.wh.motd
    done
}

@test "a step that fails names nothing and leaves no half layer; the steps before it are known" {
    local who why
    for who in $(people); do
        fresh
        build <<<$'FROM base\nCMD ["echo", "old"]'
        for why in 'exit 3/3' 'kill -9 $$/137' 'false/1' 'nosuch/127'; do
            build -125 <<<$'FROM base\nRUN echo one >/one\nRUN echo half >/half; '"${why%/*}"$'\nRUN echo never >/never'
            assert "$stderr" has-line "minicontainer: ctx/Dockerfile:3: RUN: it ended with status ${why#*/}"
            assert "$stderr" lacks "step 4"
            $who mc run --image t
            assert "$output" == old
            assert "$(find "$STORE/layers" -name half -o -name never)" == ""
            assert "$(find "$STORE" -name '*.new')" == ""
            again -125
            assert "$(known)" == 2
        done
        # Repaired, it is not troubled by what lay there.
        build <<<$'FROM base\nRUN echo one >/one\nRUN echo whole >/whole'
        in_t sh -c 'cd /; echo one* whole* half*'
        assert "$output" == 'one whole half*'
    done
}

# ---------------------------------------------------------------------------------------------
# COPY
# ---------------------------------------------------------------------------------------------

@test "COPY: a file to a name, into a directory, several, a directory, all; relative to WORKDIR" {
    local who
    mkdir -p ctx/d/e
    echo f >ctx/f
    echo g >ctx/g
    echo x >ctx/d/x
    echo y >ctx/d/e/y
    for who in $(people); do
        fresh
        build <<'X'
FROM base
COPY f /new
COPY f /into/deep/
COPY f g /two/
COPY f g /two-without-slash
COPY f /etc
COPY d /d
COPY d /etc
COPY d/e/y ./d/x f /mixed/
COPY d f /dirs/
COPY /f /abs
WORKDIR /w
COPY f rel
COPY f here/
COPY f .
COPY "f" 'quo ted/'
COPY . /all
X
        in_t sh -c 'cat /new /abs; cd /; find into two* etc/f etc/x etc/e d mixed dirs w -type f | sort'
        assert "$output" == 'f
f
d/e/y
d/x
dirs/e/y
dirs/f
dirs/x
etc/e/y
etc/f
etc/x
into/deep/f
mixed/f
mixed/x
mixed/y
two-without-slash/f
two-without-slash/g
two/f
two/g
w/f
w/here/f
w/quo ted/f
w/rel'
        in_t sh -c 'cd /all; find . -type f | sort'
        assert "$output" == $'./Dockerfile\n./d/e/y\n./d/x\n./f\n./g'
        # What was in /etc is still there.
        in_t cat /etc/motd
        assert "$output" == Welcome.
    done
}

@test "COPY: modes go along, setuid as well; owner is 0, time is 0; links in a directory stay links" {
    local who
    mkdir -p ctx/d
    ln -s x ctx/d/link
    ln -s /nowhere/at/all ctx/d/broken
    mkdir -m 1777 ctx/d/sticky
    for mode in 0644 0755 0444 4755 2755; do
        echo x >"ctx/d/f$mode"
        chmod "$mode" "ctx/d/f$mode"
    done
    for who in $(people); do
        fresh
        build <<<$'FROM base\nCOPY d /d'
        in_t sh -c 'cd /d; for f in *; do stat -c "%n %a %u %g %Y" $f; done'
        assert "$output" == 'broken 777 0 0 0
f0444 444 0 0 0
f0644 644 0 0 0
f0755 755 0 0 0
f2755 2755 0 0 0
f4755 4755 0 0 0
link 777 0 0 0
sticky 1777 0 0 0'
        in_t sh -c 'find /d -type l -printf "%p -> %l\n"'
        assert "$output" has-line '/d/broken -> /nowhere/at/all'
        assert "$output" has-line '/d/link -> x'
    done
}

@test "COPY replaces what is there: not where a link leads to; a directory is joined with one" {
    local who
    mkdir -p ctx/d/e
    echo new >ctx/f
    echo x >ctx/d/e/x
    for who in $(people); do
        fresh
        build <<'X'
FROM base
RUN ln -s /etc/motd /l; ln -s /etc /dir; mkdir -p /D/e; echo old >/D/e/old; echo old >/D/e/x
COPY f /l
COPY f /dir/
COPY d /D
X
        in_t sh -c 'cat /l /etc/motd /etc/f; cat /D/e/old /D/e/x; ls -ld /dir | head -c 1'
        assert "$output" == $'new\nWelcome.\nnew\nold\nx\nl'
        # A directory cannot become what is a file.
        build -125 <<<$'FROM base\nCOPY f /D\nCOPY d /D'
        assert "$stderr" contains "minicontainer: ctx/Dockerfile:3: COPY: it ended with status"
        # Not even one with nothing in it.
        mkdir -p ctx/empty
        build -125 <<<$'FROM base\nCOPY f /D\nCOPY empty /D'
        assert "$stderr" contains "minicontainer: ctx/Dockerfile:3: COPY: it ended with status"
    done
}

@test "COPY is refused: .., patterns, options, too few words, what is not there" {
    local who source
    echo x >ctx/f
    mkdir -p ctx/d
    for who in $(people); do
        fresh
        for source in .. ../ctx/f d/../f d/.. /../f ./../f '*' 'f*' 'd/?' '[f]' '["f",' ; do
            refused 2 COPY "$SOURCES" <<<$'FROM base\nCOPY '"$source /x/"
        done
        refused 2 COPY "$SOURCES" <<<$'FROM base\nCOPY f ../x /x/'
        for source in --chown=1:1 '--from=base /f /f' '--chmod=755 f /f'; do
            refused 2 COPY "$SOURCES" <<<$'FROM base\nCOPY '"$source"
        done
        refused 2 COPY "$COPY" <<<$'FROM base\nCOPY f'
        refused 2 COPY 'wants something else behind it' <<<$'FROM base\nCOPY '
        refused 4 COPY 'nosuch: No such file or directory' <<<$'FROM base\nRUN true\n\nCOPY f nosuch /x/'
        refused 2 COPY 'f/g: Not a directory' <<<$'FROM base\nCOPY f/g /x/'
        # It is found before anything is done.
        assert "$stderr" lacks step
        # A name may begin or end with two dots.
        echo x >ctx/..f
        echo x >ctx/f..
        build <<<$'FROM base\nCOPY ..f f.. /x/'
        in_t ls -A /x
        assert "$output" == $'..f\nf..'
        rm ctx/..f ctx/f..
    done
}

@test "COPY: no file outside of the context gets into an image by a link" {
    local who recipe
    mkdir outside
    echo secret-of-17 >outside/secret
    chmod -R a+rX outside
    ln -s "$PWD/outside" ctx/out
    ln -s ../outside ctx/rel
    ln -s "$PWD/outside/secret" ctx/file
    mkdir -p ctx/d
    ln -s ../../outside ctx/d/deep
    for who in $(people); do
        fresh
        for recipe in 'out /x' 'out/ /x' 'out/secret /x' 'rel /x' 'rel/secret /x' 'rel/ /x/' 'file /x' \
            'd /x' 'd/deep/secret /x' 'd/deep/ /x' '. /x' 'out/. /x'; do
            build -any <<<$'FROM base\nCOPY '"$recipe"
            assert "$(grep -rl secret-of-17 "$STORE")" == "" "COPY $recipe"
        done
    done
    # As nobody's fault: the grep does find it, where it is copied.
    cp outside/secret ctx/f
    build <<<$'FROM base\nCOPY f /x'
    assert "$(grep -rl secret-of-17 "$STORE")" contains "$STORE/layers/"
}

@test "COPY: a link that is named is copied as a link; behind one is nothing of the machine" {
    local who source
    echo x >ctx/f
    ln -s f ctx/link
    ln -s /etc ctx/machine
    ln -s /nowhere ctx/broken
    # There is such a line here, and in base there is none.
    assert "$(grep -c ^daemon: /etc/passwd)" -ge 1
    for who in $(people); do
        fresh
        build <<<$'FROM base\nCOPY link /x\nCOPY broken machine link /d/'
        in_t find /x /d -type l -printf '%p %l\n'
        assert "$(sort <<<"$output")" == $'/d/broken /nowhere\n/d/link f\n/d/machine /etc\n/x f' "$who"
        for source in machine/passwd machine/ machine/. machine/group; do
            build -any <<<$'FROM base\nCOPY '"$source /y/"
            assert "$(grep -rl ^daemon: "$STORE/layers" "$STORE/blobs")" == "" "$who COPY $source"
        done
        # Control: the same file, where it is in the directory.
        cp /etc/passwd ctx/f
        build <<<$'FROM base\nCOPY f /y/'
        assert "$(grep -rl ^daemon: "$STORE/layers")" ends /y/f "$who"
        rm ctx/f
        echo x >ctx/f
    done
}

@test "COPY of a directory that has the store in it is refused: it would never end" {
    local who
    for who in $(people); do
        fresh
        mkdir -p "home-$who"
        chmod 0777 "home-$who"
        export XDG_DATA_HOME=$PWD/home-$who/data
        cp -a "data-$who" "$XDG_DATA_HOME"
        printf 'FROM base\nCOPY . /x\n' >"home-$who/Dockerfile"
        $who mc -125 build -t t "home-$who"
        assert "$stderr" contains "COPY would copy the store into itself: home-$who/./data/minicontainer"
        printf 'FROM base\nCOPY Dockerfile /x\n' >"home-$who/Dockerfile"
        $who mc build -t t "home-$who"
    done
}

@test "COPY leaves the context as it is, and does not need to write into it" {
    local who before
    mkdir -p ctx/d
    echo x >ctx/d/f
    for who in $(people); do
        fresh
        printf 'FROM base\nCOPY . /x\nRUN rm -f /x/d/f\n' >ctx/Dockerfile
        chmod 0555 ctx ctx/d
        before=$(find ctx -printf '%p %m %u %T@ %C@\n')
        again
        assert "$(find ctx -printf '%p %m %u %T@ %C@\n')" == "$before"
        chmod 0755 ctx ctx/d
        # Who has made it can remove it, too, though no directory of it could be written.
        $who rm -rf "$STORE"
    done
}

# ---------------------------------------------------------------------------------------------
# ENV, WORKDIR, CMD, ENTRYPOINT, USER
# ---------------------------------------------------------------------------------------------

@test "ENV: pairs, quotes; the last of a name counts; RUN and run see it" {
    local who
    for who in $(people); do
        fresh
        build <<'X'
FROM base
ENV A=first AB=other
ENV B="x  y" C='q "r"' D= E=a=b
ENV A=second
RUN echo "$A|$AB|$B|$C|${D-unset}|$E" >/saw
ENV A=third
X
        in_t sh -c 'cat /saw; echo "$A|$B"; env | grep -c ^A='
        assert "$output" == $'second|other|x  y|q "r"||a=b\nthird|x  y\n1'
        # run's own word comes later, and counts.
        $who mc run --image t -e A=mine -- sh -c 'echo $A'
        assert "$output" == mine
        $who mc run --image base -- sh -c 'echo "${A-unset}"'
        assert "$output" == unset
    done
    who=self
    for recipe in 'A' '=x' 'A=1 B' 'A b c' 'A=$B'; do
        refused 2 ENV 'wants NAME=VALUE; no $NAME is replaced here' <<<$'FROM base\nENV '"$recipe"
    done
}

@test "WORKDIR: is made, is where RUN, COPY and CMD begin; a relative one goes on from the last" {
    local who
    echo x >ctx/f
    for who in $(people); do
        fresh
        build <<'X'
FROM base
WORKDIR rel
WORKDIR a/b
RUN pwd >saw
COPY f .
WORKDIR /etc
RUN pwd
WORKDIR /x/y
CMD pwd
X
        assert "$output" starts /etc
        $who mc run --image t
        assert "$output" == /x/y
        in_t sh -c 'cat /rel/a/b/saw; ls /rel/a/b; stat -c "%a %u" /rel /rel/a/b /x/y'
        assert "$output" == $'/rel/a/b\nf\nsaw\n755 0\n755 0\n755 0'
        $who mc run --image t --workdir /tmp -- sh -c pwd
        assert "$output" == /tmp
        # One that is there makes no layer.
        $who mc history t
        assert "$output" =~ '-  +0B +WORKDIR /etc'
    done
}

@test "CMD and ENTRYPOINT in both forms, and the words of run: Docker's table" {
    local who
    for who in $(people); do
        fresh
        build <<<$'FROM base\nCMD ["echo", "a  b", "$HOME"]'
        $who mc run --image t
        assert "$output" == 'a  b $HOME' "CMD, JSON"
        in_t echo mine
        assert "$output" == mine "the words of run are in the place of CMD"

        build <<<$'FROM base\nENV A=1\nCMD echo $A "x  y" && echo z'
        $who mc run --image t
        assert "$output" == $'1 x  y\nz' "CMD, a line"

        build <<<$'FROM base\nENTRYPOINT ["echo", "e"]\nCMD []'
        $who mc run --image t
        assert "$output" == e
        in_t a b
        assert "$output" == "e a b" "ENTRYPOINT stands before the words of run"

        build <<<$'FROM base\nCMD ["c", "d"]\nENTRYPOINT ["echo", "e"]'
        $who mc run --image t
        assert "$output" == "e c d" "and before CMD, in either order"
        build <<<$'FROM base\nCMD ["c", "d"]\nENTRYPOINT ["echo", "f"]'
        $who mc run --image t
        assert "$output" == "f c d" "also where CMD is known, and ENTRYPOINT is another one"
        in_t a
        assert "$output" == "f a"

        build <<<$'FROM base\nENTRYPOINT ["echo"]\nCMD c $A'
        $who mc run --image t
        assert "$output" == '/bin/sh -c c $A' "a CMD that is a line is three words"

        build <<<$'FROM base\nCMD ["c"]\nENTRYPOINT echo e "$0"'
        $who mc run --image t
        assert "$output" starts "e " "an ENTRYPOINT that is a line is a shell"

        build <<<$'FROM base\nCMD ["echo", "1"]\nCMD ["echo", "2"]'
        $who mc run --image t
        assert "$output" == 2 "the last one counts"
        # Nothing of that has made a layer, or was run.
        $who mc history t
        assert "$(grep -c '^[0-9a-f]' <<<"$output")" == 1
    done
}

@test "USER: by number, for RUN and run, where more than one id is mapped; else refused with the reason" {
    local who
    for who in $(people); do
        fresh
        build <<<$'FROM base\nUSER 0\nRUN id -u >/id\nUSER root\nRUN id -u >>/id'
        in_t cat /id
        assert "$output" == $'0\n0'
        build <<<$'FROM base\nUSER 5'
        if [ "$(id -u)" = 0 ] && [ "$who" = self ]; then
            in_t id -u
            assert "$output" == 5
            build <<<$'FROM base\nRUN mkdir -m 777 /open\nUSER 5\nRUN id -u >/open/id; echo x >/closed || echo no'
            assert "$output" starts no
            in_t stat -c '%u %n' /open/id
            assert "$output" == '5 /open/id'
            # A step that makes a directory, or copies, is done by 0.
            build <<<$'FROM base\nUSER 5\nWORKDIR /made\nCOPY Dockerfile f'
            in_t stat -c %u /made /made/f
            assert "$output" == $'0\n0'
        else
            $who mc -125 run --image t -- id -u
            assert "$stderr" contains "runs as user 5, and 1 of your ids are mapped"
            assert "$stderr" contains cure
        fi
        build <<<$'FROM base\nUSER web'
        $who mc -125 run --image t -- id
        assert "$stderr" contains 'its User "web" is no number: names are not looked up here'
    done
}

# ---------------------------------------------------------------------------------------------
# The cache
# ---------------------------------------------------------------------------------------------

RECIPE=$'FROM base\nCOPY f d /x/\nRUN echo ran; echo x >/three\nENV A=1\nRUN echo ran; echo y >/five'

@test "cache: the same again runs nothing and makes the same; a touched file is the same" {
    local who first
    for who in $(people); do
        fresh
        mkdir -p ctx/d
        echo f >ctx/f
        echo g >ctx/d/g
        build <<<"$RECIPE"
        first=$digest
        assert "$(grep -c ^ran <<<"$output")" == 2
        assert "$(known)" == 1 "FROM alone"
        again
        assert "$output" == "$first"
        assert "$(known)" == 5
        # Times, what COPY does not name, comments, blank lines, how a line is broken: no change.
        touch ctx/f ctx/d ctx/d/g
        echo other >ctx/other
        build <<'X'
# a comment

FROM base
copy f d /x/
RUN echo ran; \
echo x >/three

ENV A=1
RUN echo ran; echo y >/five
X
        assert "$output" == "$first"
        assert "$(known)" == 5
        # Another directory, another name: the same.
        cp -R ctx moved
        $who mc build -t other moved
        assert "$output" == "$first"
        assert "$(known)" == 5
        rm -r moved
    done
}

@test "cache: a changed line runs all below it again (a changed line 3 runs line 4)" {
    local who line
    for who in $(people); do
        fresh
        mkdir -p ctx/d
        echo f >ctx/f
        build <<<"$RECIPE"
        for line in 2 3 4 5; do
            build <<<"$RECIPE" # known
            assert "$(known)" == 5
            build <<<"$(sed "${line}s/x\|=1\|y/&$line/" <<<"$RECIPE")"
            assert "$(known)" == $((line - 1)) "line $line"
        done
        # And back: what was known is known.
        build <<<"$RECIPE"
        assert "$(known)" == 5
        # A line between.
        build <<<"$(sed '3iENV NEW=1' <<<"$RECIPE")"
        assert "$(known)" == 2
    done
}

@test "cache: of what COPY names, contents, modes, names and links count, at any depth" {
    local who change
    for who in $(people); do
        fresh
        rm -rf ctx/*
        mkdir -p ctx/d/e
        echo f >ctx/f
        echo g >ctx/d/e/g
        ln -s g ctx/d/e/l
        build <<<"$RECIPE"
        for change in 'echo F >ctx/f' 'chmod 0755 ctx/f' 'chmod 0600 ctx/d/e/g; chmod 0604 ctx/d/e/g' \
            'echo G >ctx/d/e/g' 'ln -sfn f ctx/d/e/l' 'mv ctx/d/e/g ctx/d/e/h' 'mkdir ctx/d/empty' 'chmod 0775 ctx/d/e' \
            'rm ctx/d/e/l' ': >ctx/d/e/empty'; do
            eval "$change"
            again
            assert "$(known)" == 1 "$change"
            again
            assert "$(known)" == 5 "again, after $change"
        done
    done
}

@test "cache: a base that has changed is a miss; one that is the same under another name is not" {
    local who before
    for who in $(people); do
        fresh
        mkdir -p ctx/d
        echo f >ctx/f
        build <<<"$RECIPE"
        before=$digest
        mkdir -p second
        printf 'FROM base\nRUN echo changed >/etc/motd\n' >second/Dockerfile
        $who mc build -t base second
        build <<<"$RECIPE"
        assert "$(known)" == 1
        assert "$digest" != "$before"
        in_t cat /etc/motd
        assert "$output" == changed
        echo 'FROM base' >second/Dockerfile
        $who mc build -t twin second
        build <<<"${RECIPE/base/twin}"
        assert "$(known)" == 5
    done
}

@test "cache: --no-cache runs all again, and comes to the same" {
    local who first
    for who in $(people); do
        fresh
        mkdir -p ctx/d
        echo f >ctx/f
        build <<<"$RECIPE"
        first=$digest
        again --no-cache
        assert "$(known)" == 0
        assert "$(grep -c ^ran <<<"$output")" == 2
        assert "$digest" == "$first"
    done
}

@test "cache: what rmi has swept away is made again; a cache of nonsense is no harm" {
    local who first file
    for who in $(people); do
        fresh
        mkdir -p ctx/d
        echo f >ctx/f
        build <<<"$RECIPE"
        first=$digest
        $who mc rmi t
        again
        assert "$digest" == "$first"
        in_t cat /three /five /x/f
        assert "$output" == $'x\ny\nf'
        for file in "$STORE"/cache/*; do echo 'sha256:../../../x' >"$file"; done
        again
        assert "$(known)" == 1
        assert "$digest" == "$first"
        for file in "$STORE"/cache/*; do : >"$file"; done
        again
        assert "$digest" == "$first"
        rm -r "$STORE/cache"
        mkdir "$STORE/cache"
        [ "$who" = self ] || chown --reference="$STORE" "$STORE/cache"
        again
        assert "$digest" == "$first"
    done
}

# ---------------------------------------------------------------------------------------------
# Surprises
# ---------------------------------------------------------------------------------------------

# The sum of the sizes of the layers of $digest, in bytes.
size_of_t() {
    sed 's/.*"layers"//' "$STORE/blobs/sha256/${digest#sha256:}" | grep -o '"size":[0-9]*' |
        awk -F : '{ n += $2 } END { print n }'
}

@test "surprise: RUN rm makes an image larger, and what was removed is in the layer below" {
    local who with without
    echo token-of-17 >ctx/token
    for who in $(people); do
        fresh
        build <<<$'FROM base\nCOPY token /\nRUN head -c 1000000 /dev/zero >/big'
        without=$(size_of_t)
        build <<<$'FROM base\nCOPY token /\nRUN head -c 1000000 /dev/zero >/big\nRUN rm /big /token'
        with=$(size_of_t)
        assert "$with" -gt "$without"
        $who mc -any run --image t -- cat /big /token
        assert "$status" == 1
        assert "$(grep -rl token-of-17 "$STORE/layers")" ends /token
        # In one RUN it was never there.
        build <<<$'FROM base\nRUN head -c 1000000 /dev/zero >/big; rm /big'
        with=$(size_of_t)
        assert "$with" -lt "$without"
    done
}

@test "surprise: chmod of a file makes a layer as large as the file" {
    local who=self
    fresh
    build <<<$'FROM base\nRUN chmod 600 /opt/big'
    $who mc history t
    assert "$(sed -n 2p <<<"$output")" =~ '2\.[0-9]*MB +RUN chmod 600 /opt/big$'
}

# ---------------------------------------------------------------------------------------------
# At once, killed, equal
# ---------------------------------------------------------------------------------------------

# in_background LOG WORD...: a build that goes on; its number is in $!.
in_background() {
    local log=$1
    shift
    (
        remember_session
        exec setsid -w ${MC_AS[@]+"${MC_AS[@]}"} "$MC" build "$@"
    ) >"$log" 2>&1 3>&- 4>&- &
}

@test "two builds at once: each gets its own; four of the same recipe come to the same" {
    local who i pids
    for who in $(people); do
        fresh
        for i in 1 2 3 4; do
            mkdir -p "c$i" "same$i"
            printf 'FROM base\nRUN echo %s >/who\nRUN cat /who >/copy\n' "$i" >"c$i/Dockerfile"
            printf 'FROM base\nRUN echo same >/who\n' >"same$i/Dockerfile"
        done
        pids=
        for i in 1 2 3 4; do
            $who in_background "log$i" -t "i$i" "c$i"
            pids+=" $!"
            $who in_background "slog$i" --no-cache -t "s$i" "same$i"
            pids+=" $!"
        done
        for i in $pids; do wait "$i" || { cat log? slog?; fail "a build failed"; }; done
        for i in 1 2 3 4; do
            $who mc run --image "i$i" -- cat /who /copy
            assert "$output" == "$i"$'\n'"$i"
        done
        $who mc images --porcelain
        assert "$(grep ^s <<<"$output" | cut -f 2 | sort -u | wc -l)" == 1
        rm -r c? same?
    done
    no_process_left
}

@test "kill -9 in the middle of a RUN names nothing, leaves no process; then a build is as any other" {
    local who before pid
    for who in $(people); do
        fresh
        build <<<$'FROM base\nRUN echo one >/one'
        before=$(of_store)
        printf 'FROM base\nRUN echo one >/one\nRUN mkdir -p /half/x; echo now; sleep 1000\n' >ctx/Dockerfile
        $who in_background "log-$who" -t t ctx
        pid=$!
        wait_for 'grep -q "^now" "log-$who"'
        # The session's first process is setsid(1); the program is the one that holds the recipe's step.
        pid=$(session_processes "$MC_STATE/sessions" | sort -n | awk '/minicontainer/ { print $1; exit }')
        kill -9 "$pid"
        wait || true
        no_process_left
        assert "$(of_store)" == "$before"
        assert "$(find "$STORE/layers" -name half)" == ""
        sed -i 's/; sleep 1000//' ctx/Dockerfile
        again
        assert "$(known)" == 2
        in_t ls -d /one /half/x
        assert "$output" == $'/half/x\n/one'
    done
}

# A tree that is the same everywhere, and nothing of this machine in it.
fixed_recipe() {
    mkdir -p ctx/d/e
    echo one >ctx/one
    echo two >ctx/d/two
    ln -s two ctx/d/link
    chmod 0755 ctx ctx/d ctx/d/e
    chmod 0644 ctx/one
    chmod 0755 ctx/d/two
    cat >ctx/Dockerfile <<'X'
FROM scratch
COPY one d /x/
COPY d /y
WORKDIR /x
ENV A=1 B="two words"
CMD ["/x/two"]
X
}

@test "the digest of a fixed recipe is the same as user, as root, in a lab, with any umask" {
    local who want=
    for who in $(people); do
        fresh
        fixed_recipe
        again
        assert "$digest" =~ '^sha256:[0-9a-f]{64}$'
        assert "$digest" == "${want:=$digest}"
        (umask 077 && again --no-cache && assert "$digest" == "$want")
        (umask 000 && again --no-cache && assert "$digest" == "$want")
        (export LC_ALL=C.UTF-8 TZ=Asia/Tokyo && again --no-cache && assert "$digest" == "$want")
        tar -cf ctx.tar ctx
        $who mc lab sh -c 'tar -xpf - --no-same-owner && minicontainer build -t t ctx' <ctx.tar
        assert "${lines[-1]}" == "$want" "in a lab"
        rm -r ctx ctx.tar
    done
    # Its configuration says for which processors it is: so the literal is for one of them.
    if [ "$(uname -m)" != x86_64 ]; then return 0; fi
    assert "$want" == "sha256:ca0c6e5cbf42d795dc94b5448cff61064e2aaed7d20bc1c2b66cb4be306161e8"
}

@test "the digest of a RUN is the same as user and as root" {
    local who want=
    for who in $(people); do
        fresh
        build <<<$'FROM base\nRUN mkdir /a; echo x >/a/f; ln -s f /a/l; ln /a/f /a/g; chmod 700 /a; rm /etc/motd'
        assert "$digest" == "${want:=$digest}"
    done
}
