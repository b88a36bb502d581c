# 20-volumes.bats -- chapter 20: what outlives the container.
#
# Each test has a store of its own, and what it does in it is done by root and by an ordinary user.

load helpers

# own_store WHO: a store of that person with base:latest: sh, and a few programs. $store is where.
own_store() {
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$1 TMPDIR=$BATS_TEST_TMPDIR
    mkdir -p make/root/etc make/root/data
    echo image | tee make/root/data/of-the-image >make/root/etc/motd
    kept_store "$1" build_base "$1" sh ls cat rm touch sleep mkdir stat true
}
in_base() { $who mc run -v data:/data --image base -- "$@"; }
volumes() { $who mc volume ls; }

teardown() { remove_containers; }

@test "control: without a volume, what is written goes with rm, and commit takes it along" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc run --name db --image base -- sh -c 'echo row >/data/rows'
        $who mc diff db
        assert "$output" == $'C /data\nA /data/rows'
        $who mc commit db mine
        $who mc rm db
        $who mc run --image mine -- cat /data/rows
        assert "$output" == row "$who: everybody who has the image has it"
        $who mc run --image base -- ls /data
        assert "$output" == of-the-image
    done
}

@test "a volume is made at its first use, outlives rm, and the next container has it" {
    local who
    for who in $(people); do
        own_store "$who"
        volumes
        assert "$output" == ""
        $who mc run --name db -v data:/data --image base -- sh -c 'echo one >/data/rows; ls /data'
        assert "$output" == rows "$who: it begins empty, and covers what the image has there"
        volumes
        assert "$output" == data
        $who mc rm db
        volumes
        assert "$output" == data
        in_base sh -c 'echo two >>/data/rows; cat /data/rows'
        assert "$output" == $'one\ntwo' "$who"
        # Anywhere, under each spelling of the option, with the machine's root, with another image.
        $who mc run --volume data:/etc --image base -- ls /etc
        assert "$output" == rows
        $who mc run --volume=data:/mnt -- cat /mnt/rows
        assert "$output" == $'one\ntwo'
        $who mc run -v data:/new/place --image base -- cat /new/place/rows
        assert "$output" == $'one\ntwo' "$who: a place that the image does not have"
        # The image is as it was.
        $who mc run --image base -- sh -c 'ls /data /etc'
        assert "$output" == $'/data:\nof-the-image\n\n/etc:\nmotd'
    done
}

@test "what diff and commit do not take along" {
    local who before
    for who in $(people); do
        own_store "$who"
        $who mc run --name db -v data:/data -v new:/new/place --image base -- \
            sh -c 'echo row >/data/rows; echo row >/new/place/rows; touch /log'
        $who mc diff db
        assert "$output" == "A /log" "$who"
        $who mc commit db mine
        $who mc -2 run --image mine -- sh -c 'ls /data /log; ls /new'
        assert "$output" == $'/log\n\n/data:\nof-the-image' "$who: the image's own is not covered"
        assert "$stderr" contains "cannot access '/new'"
        assert "$(grep -rlw row "$store/blobs")" == "" "$who: in no layer"
    done
}

@test ":ro: it can be read only; beside it another container writes" {
    local who
    for who in $(people); do
        own_store "$who"
        in_base sh -c 'echo one >/data/rows'
        $who mc -1 run -v data:/data:ro --image base -- rm /data/rows
        assert "$stderr" contains "Read-only file system" "$who"
        $who mc run -v data:/data:ro -v data:/also --image base -- \
            sh -c 'echo two >/also/rows; cat /data/rows'
        assert "$output" == two "$who"
        # A volume that :ro makes is empty, and there.
        $who mc run -v fresh:/data:ro --image base -- ls /data
        assert "$output" == ""
        volumes
        assert "$output" == $'data\nfresh'
    done
}

@test "two containers at once see each other's files" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc run -d --name a -v data:/data --image base -- \
            sh -c 'until [ -e /data/ask ]; do sleep 0.02; done; echo answer >/data/answer; sleep 1000'
        in_base sh -c 'touch /data/ask; until [ -s /data/answer ]; do sleep 0.02; done; cat /data/answer'
        assert "$output" == answer "$who"
        $who mc exec a -- ls /data
        assert "$output" == $'answer\nask'
        $who mc rm -f a
    done
}

@test "its files are those of user 0 of the containers, whoever that is outside" {
    local who
    for who in $(people); do
        own_store "$who"
        in_base sh -c 'touch /data/x; stat -c %u:%g /data /data/x'
        assert "$output" == $'0:0\n0:0' "$who"
        $who mc run --no-init -v data:/data --image base -- sh -c 'touch /data/y; stat -c %u /data/x'
        assert "$output" == 0
        assert "$(stat -c %u "$store/volumes/data/x")" == "$(stat -c %u "$store/volumes/data")"
        # root's containers are not root: a file of the volume is nothing that root owns.
        if [ "$(id -u)" = 0 ]; then
            assert "$(stat -c %u "$store/volumes/data/x")" != 0 "$who"
        fi
        # And rm can remove all of it.
        in_base sh -c 'mkdir -p /data/d/e; touch /data/d/e/f; umask 777; mkdir /data/none'
        $who mc volume rm data
        assert "$(ls -A "$store/volumes")" == "" "$who"
    done
}

@test "a volume survives a kill -9, and start has it again" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc run -d --name db -v data:/data --image base -- \
            sh -c 'echo x >>/data/starts; cat /data/starts; exec sleep 1000'
        wait_for '[ -s "$store/containers/db/log" ]'
        $who kill -9 "$($who cat "$store/containers/db/lock" | cut -d ' ' -f 2)"
        wait_for '$who mc ps -a | grep -q " killed "'
        $who mc start db
        wait_for '[ "$(grep -c x "$store/containers/db/log")" = 3 ]'
        $who mc -125 volume rm data
        $who mc rm -f db
        $who mc volume rm data
    done
}

@test "volume rm: not while a container names it, whatever its state; then it and its files go" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc create --name db -v data:/data --image base -- sleep 1000
        $who mc -125 volume rm data
        assert "$stderr" == "minicontainer: container db uses data
  try:    minicontainer rm db"
        $who mc start db
        $who mc -125 volume rm data
        $who mc stop db
        $who mc -125 volume rm data
        volumes
        assert "$output" == data
        $who mc rm db
        # Other spellings.
        $who mc create --name db --volume=data:/data:ro --image base
        $who mc -125 volume rm data
        $who mc rm db
        $who mc volume rm data
        assert "$output$stderr" == ""
        volumes
        assert "$output" == ""
        assert "$(ls -A "$store/volumes")" == "" "$who"
        # The name is free: a new volume is empty.
        in_base ls /data
        assert "$output" == "" "$who"
    done
}

@test "volume rm asks for that very name, and only where it is a volume" {
    local who option
    for who in $(people); do
        own_store "$who"
        in_base true
        # Another volume, whose name ends so; and a word of the command.
        $who mc create --name a -v mydata:/data --image base -- true
        $who mc volume rm data
        # Each spelling of the option.
        in_base true
        for option in '-v data:/data' '-vdata:/data' '--volume data:/data' '--volume=data:/data'; do
            # shellcheck disable=SC2086  # words
            $who mc create --name c $option --image base -- true
            $who mc -125 volume rm data
            $who mc rm c
        done
        $who mc rm a
        $who mc create --name b --image base -- echo data:/data =data:/
        $who mc volume rm data
    done
}

@test "volume rm: not while a container without a name has it" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mkdir "$XDG_DATA_HOME/go"
        ($who mc run -v data:/data -v "$XDG_DATA_HOME/go:/go" --image base -- \
            sh -c 'echo 1 >/data/x; until [ -e /go/now ]; do sleep 0.02; done; ls /data' >said) &
        wait_for '$who ls "$store/volumes/data/x" 2>/dev/null | grep -q x'
        $who mc -125 volume rm data
        assert "$stderr" == "minicontainer: a container that runs uses data"
        $who touch "$XDG_DATA_HOME/go/now"
        wait
        assert "$(<said)" ends x "$who"
        $who mc volume rm data
        volumes
        assert "$output" == ""
    done
}

@test "a path is no volume: with a slash it is the caller's own directory, and rm leaves it alone" {
    local who
    for who in $(people); do
        own_store "$who"
        cd "$XDG_DATA_HOME"
        $who mkdir mine
        $who sh -c 'echo mine >mine/file'
        $who mc run -v ./mine:/data --image base -- cat /data/file
        assert "$output" == mine "$who"
        volumes
        assert "$output" == ""
        # A word that could mean both is refused.
        $who mc -125 run -v mine:/data --image base -- cat /data/file
        assert "$stderr" == "minicontainer: --volume: mine is the name of a volume, and a file is called so, too
  try:    -v ./mine:..."
        volumes
        assert "$output" == ""
        $who mc -125 volume rm mine
        assert "$(cat mine/file)" == mine
        cd "$BATS_TEST_TMPDIR"
    done
}

@test "names that cannot be one, and words that are none" {
    local who name
    for who in $(people); do
        own_store "$who"
        for name in .hidden -x 'a b' "$(printf 'a%.0s' {1..80})"; do
            $who mc -125 run -v "$name:/data" --image base -- true
            assert "$stderr" == "minicontainer: \"$name\" cannot be the name of a volume: \
small letters, digits, and . _ -"
        done
        $who mc -125 run -v $'a\e[1m:/data' --image base -- true
        assert "$stderr" contains "a control character"
        assert "$stderr" lacks $'\e'
        $who mc -125 run -v data:data --image base -- true
        assert "$stderr" starts 'minicontainer: -v "data:data": wants SRC:/DST[:ro]'
        $who mc -125 run -v data:/data:rx --image base -- true
        assert "$stderr" contains 'wants SRC:/DST[:ro]'
        $who mc -125 run -v data:/../etc --image base -- true
        for name in '' 'x' 'rm' 'rm a b' 'ls a' 'rm -f a' 'ls -a'; do
            # shellcheck disable=SC2086  # words
            $who mc -125 volume $name
            assert "$stderr" == "$(other_words volume)" "$name"
        done
        # A volume may be called as a word of the command is.
        for name in ls rm; do
            $who mc run -v "$name:/data" --image base -- true
            $who mc volume rm "$name"
            volumes
            assert "$output" == "" "$who volume rm $name"
        done
        $who mc -125 volume rm nope
        assert "$stderr" == "minicontainer: there is no volume nope
  try:    minicontainer volume ls"
        for name in ../layers ../../x . .. /etc; do
            $who mc -125 volume rm "$name"
            assert "$stderr" contains "\"$name\" cannot be the name of a volume"
        done
        assert "$(find "$store/layers" -mindepth 1 -maxdepth 1 | wc -l)" == 1
    done
}

@test "capital letters are refused, as the message says" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc -125 run -v DATA:/data --image base -- true
        assert "$stderr" contains '"DATA" cannot be the name of a volume'
    done
}

@test "what -v refuses makes no volume" {
    local who src
    for who in $(people); do
        own_store "$who"
        for src in data:data data:/data:rx data:/../etc; do
            $who mc -125 run -v "$src" --image base -- true
            volumes
            assert "$output" == "" "$who $src"
        done
    done
}

@test "before there is a store: volume ls is empty, and makes none" {
    local who
    for who in $(people); do
        export XDG_DATA_HOME=$BATS_TEST_TMPDIR/empty
        volumes
        assert "$output$stderr" == ""
        $who mc -125 volume rm x
        assert "${stderr_lines[0]}" == "minicontainer: there is no volume x"
        assert "$(ls "$XDG_DATA_HOME" 2>&1)" contains "No such file"
    done
}

@test "nothing of it is mounted outside, and a link in the image does not lead the volume away" {
    local who before
    for who in $(people); do
        own_store "$who"
        before=$(</proc/self/mountinfo)
        in_base touch /data/x
        assert "$(</proc/self/mountinfo)" == "$before"
        # /data is a link to a place of the machine: in the container it is that of the container.
        $who mkdir "$XDG_DATA_HOME/outside"
        rm -rf recipe
        mkdir recipe
        printf '%s\n' 'FROM base' "RUN rm /data/of-the-image; mkdir -p $XDG_DATA_HOME/outside" >recipe/Dockerfile
        $who mc build -t link recipe
        $who mc run -v data:"$XDG_DATA_HOME/outside" --image link -- touch "$XDG_DATA_HOME/outside/y"
        assert "$(ls -A "$XDG_DATA_HOME/outside")" == "" "$who"
        assert "$(ls "$store/volumes/data")" == $'x\ny' "$who"
    done
}
