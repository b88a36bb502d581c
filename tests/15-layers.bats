# 15-layers.bats -- chapter 15: an image that nobody changes.
#
# Each test has a store of its own, and what it does in it is done by root and by an ordinary user.

load helpers

# store WHO: a store of that person with base:latest. $store is where it is.
store() {
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$1 TMPDIR=$BATS_TEST_TMPDIR
    kept_store "$1" make_base "$1"
}

# All that is in the directories, with owners, modes, devices and contents.
contents() {
    find "$@" -printf '%p %y %m %U %G %T@ %l %n\n' | sort
    find "$@" -type f -exec sha256sum {} + | sort
}
image_files() { contents "$store"/layers "$store"/blobs "$store"/index.json; }
# What `diff` says of a container, in one line. (The order is that of the names.)
difference() { $who mc diff "$1" && diff_line=$(paste -sd, <<<"$output"); }
in_base() { $who mc run --image base -- "$@"; }
# The image as a directory, for a control: what is written into it can be seen.
directory() {
    cp -a "$store"/layers/* img
    mkdir img/dev img/proc img/sys
    chown --reference img/bin img/dev img/proc img/sys
}

@test "control: a container whose root is a directory has changed the image" {
    local who
    for who in $(people); do
        store "$who"
        rm -rf img
        directory
        $who mc run --image ./img -- sh -c 'echo mine >/log; rm /etc/motd; chmod 600 /opt/big'
        assert "$(ls img/log)" == img/log "$who"
        assert "$(ls img/etc)" == $'group\npasswd' "$who"
        assert "$(stat -c %a img/opt/big)" == 600 "$who"
        $who mc run --image ./img -- cat /log
        assert "$output" == mine "$who: the next container sees it"
    done
}

@test "with layers it has not: whatever is done in there, the image stays the same" {
    local who how before
    for who in $(people); do
        store "$who"
        before=$(image_files)
        for how in '' '--name kept' '--no-caps --no-seccomp' '--only mnt,root,user' '--no-proc' \
            '--no-pid' '--no-init'; do
            # shellcheck disable=SC2086  # words
            $who mc run $how --image base -- sh -c 'echo mine >/log; echo mine >>/etc/motd
                chmod 600 /opt/big; touch /bin/ls; mkdir /etc/d; ln /etc/passwd /etc/second
                mv /etc/group /group; rm /bin/sleep; chmod 700 /; cat /log /etc/motd'
            assert "$output" == $'mine\nWelcome.\nmine' "$who $how: control, it could write"
            assert "$(grep -v ' note: ' <<<"$stderr")" == "" "$who $how"
            assert "$(image_files)" == "$before" "$who $how"
        done
        in_base sh -c 'ls /etc; cat /etc/motd; ls /log'$'\ntrue'
        assert "$output" == $'group\nmotd\npasswd\nWelcome.' "$who: the next one has the image"
    done
}

@test "all of the image can be removed by a container, and nothing of it is removed" {
    local who before
    for who in $(people); do
        store "$who"
        before=$(image_files)
        # shellcheck disable=SC2016  # the container's shell
        $who mc run --name gone --image base -- sh -c 'rm /etc/* /opt/* /lib/*/* /lib64/* /bin/*
            echo left: /etc/* /bin/*'
        assert "$output" == "left: /etc/* /bin/*" "$who"
        assert "$(image_files)" == "$before" "$who"
        difference gone
        assert "$output" has-line "D /bin/sh" "$who"
        assert "$output" !~ $'(^|\n)A ' "$who"
        in_base true
    done
}

@test "no descriptor and no name leads to a layer from inside" {
    local who how
    for who in $(people); do
        store "$who"
        for how in '' '--no-init' '--no-caps --no-seccomp' '--name n1'; do
            # shellcheck disable=SC2086,SC2016
            $who mc -any run $how --image base -- sh -c 'for p in /proc/[0-9]*; do for f in $p/fd/*; do
                [ ! -d $f/bin ] || echo $f; done; done; ls -d /proc/1/cwd/../../layers'
            assert "$output" == "" "$who $how"
        done
        # The store itself has no name: neither its path, nor what is mounted.
        $who mc -any run --image base -- ls "$store"
        assert "$status" -ne 0
        in_base cat /proc/self/mountinfo
        assert "$output" lacks "$XDG_DATA_HOME"
        assert "$(grep -c ' / / .* - overlay ' <<<"$output")" == 1 "$who: the root is an overlay"
    done
}

@test "a container without a name leaves nothing in the store" {
    local who before
    for who in $(people); do
        store "$who"
        before=$(contents "$store")
        in_base sh -c 'echo mine >/log; rm /etc/motd'
        $who mc -3 run --image base -- sh -c 'echo mine >/log; exit 3'
        $who mc -127 run --image base -- nothing-of-this-name
        $who mc -137 run --image base -- sh -c 'kill -9 $$'
        assert "$(contents "$store" | grep -v 'minicontainer/lock ')" == \
            "$(grep -v 'minicontainer/lock ' <<<"$before")" "$who"
    done
}

@test "two containers of one image do not see each other's files, while both run" {
    local who go first
    for who in $(people); do
        store "$who"
        rm -f go out
        mkfifo go
        chmod 0666 go
        exec {go}<>go
        # shellcheck disable=SC2016
        $who "$MC" run --image base -- sh -c 'echo first >/mine; rm /etc/motd; echo ready
            read -r line; ls /mine /etc/motd /other' <&"$go" >out 2>&1 3>&- 4>&- &
        first=$!
        wait_for 'grep -q ready out'
        in_base sh -c 'cat /etc/motd; ls /mine; echo second >/other; rm /bin/ls'$'\ntrue'
        assert "$output" == Welcome. "$who"
        assert "$stderr" contains "'/mine': No such file" "$who"
        echo go >&"$go"
        wait "$first" || true
        exec {go}>&-
        assert "$(<out)" has-line /mine "$who"
        assert "$(<out)" contains "'/other': No such file" "$who"
        assert "$(<out)" contains "'/etc/motd': No such file" "$who"
    done
}

@test "a named container: what it wrote is kept, and diff says A, C and D" {
    local who
    for who in $(people); do
        store "$who"
        $who mc run --name one --image base -- sh -c 'echo mine >/log; rm /etc/motd; chmod 600 /opt/big
            mkdir /new; echo x >/new/file; ln -s /nowhere /new/link; echo y >/tmp/y; rm /tmp/y'
        difference one
        # (Something was made in /tmp, and removed: the directory has changed.)
        assert "$diff_line" == \
            "C /etc,D /etc/motd,A /log,A /new,A /new/file,A /new/link,C /opt,C /opt/big,C /tmp" "$who"
        assert "$(<"$store/containers/one/upper/log")" == mine "$who"
        # What was only read is not in it.
        $who mc run --name two --image base -- sh -c 'cat /etc/motd; ls -lR /opt; [ -x /bin/sh ]'
        difference two
        assert "$diff_line" == "" "$who"
        # Made and removed again is no difference but of the directory; made again is a change.
        $who mc run --name three --image base -- sh -c 'echo x >/x; rm /x; rm /etc/motd; echo y >/etc/motd'
        difference three
        assert "$diff_line" == "C /etc,C /etc/motd" "$who"
        # And nobody sees it in another.
        in_base ls -d /log /etc/motd /bin/sh || true
        assert "$output" == $'/bin/sh\n/etc/motd' "$who"
    done
}

@test "surprise: a deleted file is a file, of type character device 0,0" {
    local who
    for who in $(people); do
        store "$who"
        $who mc run --name one --image base -- sh -c 'rm /etc/motd /opt/big; ls /etc /opt'
        assert "$output" lacks motd
        assert "$(stat -c '%F %t,%T' "$store/containers/one/upper/etc/motd")" == \
            "character special file 0,0" "$who"
        assert "$(stat -c '%F %t,%T' "$store/containers/one/upper/opt/big")" == \
            "character special file 0,0" "$who"
        assert "$(find "$store"/layers/*/opt/big -size 2048k)" != "" "$who: it is still in the layer"
        # Control: what was in no layer leaves no whiteout.
        $who mc run --name two --image base -- sh -c 'echo x >/x; rm /x'
        assert "$(ls -A "$store/containers/two/upper")" == "" "$who"
        # It cannot be made by hand from inside, so it cannot hide what it should not.
        if [ -x "$(command -v mknod)" ]; then
            cp "$(command -v mknod)" mknod
            chmod 0755 mknod
            $who mc -1 run --name three -v "$PWD/mknod:/bin/mknod:ro" --image base -- mknod /w c 0 0
            difference three
            assert "$diff_line" == "" "$who"
        fi
    done
}

@test "surprise: chmod of 2 MB makes a layer of 2 MB" {
    local who upper
    for who in $(people); do
        store "$who"
        upper=$store/containers/one/upper
        $who mc run --name one --image base -- chmod 600 /opt/big
        assert "$(stat -c '%s %a' "$upper/opt/big")" == "2097152 600" "$who"
        assert "$(du -sk "$upper" | cut -f 1)" -ge 2048 "$who"
        assert "$(cmp "$upper/opt/big" "$store"/layers/*/opt/big && echo same)" == same "$who"
        # Control: another name in the same directory is not copied, reading copies nothing.
        $who mc run --name two --image base -- sh -c 'echo x >/opt/small; wc -c </opt/big'
        assert "$(find "$store/containers/two/upper" -type f -printf '%f ')" == "small " "$who"
    done
}

# Where upper is in memory, marks of directories need a tmpfs with attributes: Linux 6.6.
tmpfs_has_attributes() {
    [ "$(printf '%s\n' 6.6 "$(uname -r)" | sort -V | head -n 1)" = 6.6 ]
}

@test "surprise: a directory that was removed and made again is opaque" {
    local who upper
    for who in $(people); do
        store "$who"
        if [ "$(stat -fc %T "$store")" = tmpfs ] && ! tmpfs_has_attributes; then
            skip "the store is in memory, and this tmpfs has no attributes"
        fi
        upper=$store/containers/one/upper
        $who mc run --name one --image base -- sh -c 'rm -r /opt; mkdir /opt; ls -A /opt; echo x >/opt/x'
        assert "$output" == "" "$who: nothing shows through"
        difference one
        assert "$output" has-line "A /opt/x" "$who"
        assert "$(ls -A "$upper/opt")" == x "$who: no whiteout of big; the directory says it"
        if python3 --version >/dev/null 2>&1; then
            assert "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], sys.argv[2]))' \
                "$upper/opt" user.overlay.opaque)" == "b'y'" "$who"
        fi
        # A directory of the image can be renamed: it is copied.
        $who mc run --name two --image base -- sh -c 'mv /etc /etc2; ls /etc2; ls /etc'$'\ntrue'
        assert "$output" == $'group\nmotd\npasswd' "$who"
        difference two
        assert "$diff_line" == "D /etc,A /etc2,A /etc2/group,A /etc2/motd,A /etc2/passwd" "$who"
        # And as an image of its own it is as empty.
        $who mc commit one emptied
        $who mc run --image emptied -- ls -A /opt
        assert "$output" == x "$who"
    done
}

@test "upper in memory: files can be deleted everywhere, directories from Linux 6.6 on" {
    local who
    for who in $(people); do
        store "$who"
        in_base sh -c 'rm /opt/big && ls -A /opt'
        assert "$output" == "" "$who"
        $who mc -any run --image base -- sh -c 'rm -r /opt && mkdir /opt && ls -A /opt'
        assert "$output" == "" "$who"
        if tmpfs_has_attributes; then
            assert "$status $stderr" == "0 " "$who"
        else
            assert "$stderr" contains "Input/output error" "$who"
        fi
    done
}

@test "surprise: copy-up breaks hard links" {
    local who
    for who in $(people); do
        store "$who"
        $who mc run --name one --image base -- sh -c 'echo old >/a; ln /a /b; echo more >>/b; cat /a'
        assert "$output" == $'old\nmore' "$who: control, both are new: one file"
        $who mc commit one linked
        $who mc run --name two --image linked -- sh -c 'stat -c %h /a; echo new >/b; cat /a; stat -c %h /b'
        assert "$output" == $'2\nold\nmore\n1' "$who"
        difference two
        assert "$diff_line" == "C /b" "$who"
    done
}

@test "what it wrote stays in a container when it is committed" {
    local who before
    for who in $(people); do
        store "$who"
        $who mc run --name one --image base -- sh -c 'echo mine >/log; rm /etc/motd; chmod 600 /opt/big'
        before=$(contents "$store/containers")
        $who mc commit one second
        assert "$(contents "$store/containers")" == "$before" "$who"
        $who mc commit one third
        assert "$(contents "$store/containers")" == "$before" "$who"
        difference one
        assert "$diff_line" == "C /etc,D /etc/motd,A /log,C /opt,C /opt/big" "$who"
    done
}

@test "the layers are looked through from the top down" {
    local who
    for who in $(people); do
        store "$who"
        $who mc run --name one --image base -- sh -c 'echo two >/which; rm /etc/motd; echo 2 >/only2'
        $who mc commit one second
        $who mc run --name two --image second -- sh -c 'cat /which; ls /etc; echo three >/which'
        assert "$output" == $'two\ngroup\npasswd' "$who: the whiteout of a layer hides, too"
        $who mc commit two third
        $who mc run --name three --image third -- sh -c 'cat /which /only2; ls /etc/motd
            echo again >/etc/motd; echo x >/which; rm /only2; ls /'
        assert "${lines[0]}${lines[1]}" == three2 "$who"
        assert "$stderr" contains "'/etc/motd': No such file" "$who"
        difference three
        # Where a layer hides a name, who makes it has added it.
        assert "$diff_line" == "C /etc,A /etc/motd,D /only2,C /which" "$who"
        $who mc run --image second -- cat /which
        assert "$output" == two "$who: the image below is as it was"
    done
}

@test "the places to mount on are in nobody's diff" {
    local who
    for who in $(people); do
        store "$who"
        in_base sh -c 'ls -d /dev/null /proc/self /sys/kernel'
        assert "$output" == $'/dev/null\n/proc/self\n/sys/kernel' "$who"
        assert "$stderr" == "" "$who: nothing is left out"
        assert "$(cd "$store"/layers/* && ls -d dev proc sys 2>/dev/null)" == "" "$who: control"
        $who mc run --name one --image base -- sh -c 'echo x >/dev/null; echo x >/dev/shm/x; echo x >/x'
        difference one
        assert "$diff_line" == "A /x" "$who"
    done
}

@test "volumes at places that the image lacks work, and appear in no diff" {
    local who before
    mkdir host
    echo hello >host/file
    chmod 0777 host
    echo one >single
    for who in $(people); do
        store "$who"
        before=$(image_files)
        rm -f host/new
        $who mc run --name one --image base -v "$PWD/host:/data/deep/er" -v "$PWD/host:/etc/conf:ro" \
            -v "$PWD/single:/etc/single:ro" -- sh -c 'cat /data/deep/er/file /etc/conf/file /etc/single
            echo x >/data/deep/er/new; echo x >/etc/conf/no; ls /etc; echo x >/x'
        assert "$output" == $'hello\nhello\none\nconf\ngroup\nmotd\npasswd\nsingle' "$who"
        assert "$stderr" contains "Read-only file system" "$who"
        assert "$(ls host)" == $'file\nnew' "$who: it is in the volume"
        difference one
        assert "$diff_line" == "A /x" "$who"
        assert "$(image_files)" == "$before" "$who"
        # Not in a committed image, either.
        $who mc commit one second
        $who mc run --image second -- sh -c 'ls -d /data /etc/conf; ls /x'
        assert "$output" == /x "$who"
        # Without a name.
        in_base true
        $who mc run --image base -v "$PWD/host:/data" -- cat /data/file
        assert "$output" == hello "$who"
        # At a place that the image has: what is there is hidden, and stays.
        $who mc run --name two --image base -v "$PWD/host:/opt" -- ls /opt
        assert "$output" == $'file\nnew' "$who"
        difference two
        assert "$diff_line" == "" "$who"
        # Below a file there is no place.
        $who mc -125 run --image base -v "$PWD/host:/etc/motd/x" -- true
        assert "$stderr" contains "--volume: no /etc/motd/x in this root (Not a directory)" "$who"
    done
}

@test "control: with a directory as image a volume wants its place" {
    mkdir host
    store self
    directory
    mc -125 run --image ./img -v "$PWD/host:/data" -- true
    assert "$stderr" contains "--volume: no /data in this root"
    assert "$(ls -d img/data 2>/dev/null)" == ""
}

@test "--read-only: nothing can be written, and nothing is in upper" {
    local who how
    for who in $(people); do
        store "$who"
        for how in '' '--name one'; do
            # shellcheck disable=SC2086
            $who mc run --read-only $how --image base -- sh -c 'touch /x /opt/x; rm /etc/motd
                chmod 600 /opt/big; cat /etc/motd; echo x >/dev/null && echo x >/dev/shm/x && cat /dev/shm/x'
            assert "$output" == $'Welcome.\nx' "$who $how"
            assert "$(grep -c 'Read-only file system' <<<"$stderr")" == 4 "$who $how"
        done
        difference one
        assert "$diff_line" == "" "$who"
        assert "$(ls -A "$store/containers/one/upper")" == "" "$who"
    done
}

@test "--no-proc and other rows: the root is the same" {
    local who how
    for who in $(people); do
        store "$who"
        for how in --no-proc --no-pid --no-net --no-ipc '--only user,mnt,root'; do
            # shellcheck disable=SC2086
            $who mc run $how --image base -- sh -c 'ls -d /proc/self/fd /sys/kernel; cat /etc/motd; echo x >/x'
            assert "$output" == $'/proc/self/fd\n/sys/kernel\nWelcome.' "$who $how"
        done
        $who mc run --name one --no-proc --image base -- sh -c 'echo x >/x'
        difference one
        assert "$diff_line" == "A /x" "$who"
        # A user needs the row user for a mount namespace; root can do without.
        if [ "$who" = self ] && [ "$(id -u)" = 0 ]; then
            mc run --name plain --no-user --image base -- sh -c 'cat /etc/motd; rm /etc/motd'
            assert "$output" == Welcome.
            difference plain
            assert "$diff_line" == "C /etc,D /etc/motd"
        fi
    done
}

@test "on disk the files belong to root's range; a user's are the user's own" {
    local who owner
    for who in $(people); do
        store "$who"
        owner=$($who id -u)
        if [ "$owner" = 0 ]; then owner=1879048192; fi
        $who mc run --name one --image base -- sh -c 'echo mine >/log; rm /etc/motd; chmod 600 /opt/big
            stat -c %u:%g /log /opt/big /bin/sh'
        assert "$output" == $'0:0\n0:0\n0:0' "$who: inside, root's"
        assert "$(find "$store"/layers/* "$store/containers/one/upper" -printf '%U\n' | sort -u)" == \
            "$owner" "$who"
        # The store itself is for nobody else.
        assert "$(stat -c '%a %U' "$store")" == "700 $($who id -un 2>/dev/null)" "$who"
    done
}

@test "nothing outside of the store is changed" {
    local who before
    for who in $(people); do
        store "$who"
        before=$(fingerprint | grep -v "data-$who\|^\. ")
        in_base sh -c 'echo x >/x; rm /etc/motd'
        $who mc run --name one --image base -- sh -c 'echo x >/x; rm /etc/motd'
        $who mc diff one
        $who mc commit one second
        $who mc run --image second -- true
        $who mc rm one
        $who mc -125 run --image nothing -- true
        assert "$(fingerprint | grep -v "data-$who\|^\. ")" == "$before" "$who"
        assert "$(ls "$XDG_DATA_HOME")" == minicontainer "$who"
    done
}

@test "a command that keeps nothing makes no store" {
    local who
    for who in $(people); do
        export XDG_DATA_HOME=$BATS_TEST_TMPDIR/empty-$who
        $who mkdir "$XDG_DATA_HOME"
        $who mc -125 run --image base -- true
        $who mc -125 run --name one --image base -- true
        $who mc -125 diff one
        assert "$(ls -A "$XDG_DATA_HOME")" == "" "$who"
    done
}

@test "killed at once, a named container has what it wrote" {
    local who supervisor
    for who in $(people); do
        store "$who"
        rm -f out
        $who "$MC" run --name one --image base -- sh -c 'echo mine >/log; rm /etc/motd; echo ready; sleep 1000' \
            </dev/null >out 2>&1 3>&- 4>&- &
        supervisor=$!
        wait_for 'grep -q ready out'
        # What has that number is a shell, or the program itself: end it, and what it has started.
        # shellcheck disable=SC2046  # words
        kill -9 $(descendants "$supervisor") "$supervisor"
        wait "$supervisor" || true
        difference one
        assert "$diff_line" == "C /etc,D /etc/motd,A /log" "$who"
        assert "$(<"$store/containers/one/upper/log")" == mine "$who"
        $who mc commit one second
        $who mc run --image second -- cat /log
        assert "$output" == mine "$who"
        $who mc rm one
        assert "$(ls "$store/containers")" == "" "$who"
    done
}

descendants() {
    local child
    # shellcheck disable=SC2013  # words
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        echo "$child"
        descendants "$child"
    done
}

@test "the memory of a container without a name has an end" {
    store self
    # Half a gigabyte, as that of the default root; it is not left behind.
    mc -any run --image base -- sh -c 'head -c 600000000 /dev/zero >/x; stat -c %s /x'
    assert "$stderr" contains "No space left on device"
    assert "$output" -le 536870912
}

@test "in a lab the store is the lab's" {
    local before
    requires userns overlay
    store self
    before=$(contents "$XDG_DATA_HOME")
    unset XDG_DATA_HOME
    mc lab sh -c 'sh ~/lessons/15-layers/make-base >/dev/null 2>&1
        minicontainer run --name one --image base -- sh -c "rm /etc/motd; echo x >/x"
        minicontainer diff one; ls ~/.local/share'
    assert "$output" == $'C /etc\nD /etc/motd\nA /x\nminicontainer'
    assert "$(ls -A "$HOME")" == "" "and not the machine's"
    assert "$(contents "$BATS_TEST_TMPDIR/data-self")" == "$before"
}

@test "errors: the words for an image and for a container" {
    local who
    for who in $(people); do
        store "$who"
        $who mc -125 run --image nothing -- true
        assert "$stderr" == $'minicontainer: there is no image nothing here\n  try:    minicontainer images'
        $who mc -125 run --image base:other -- true
        assert "${stderr_lines[0]}" == "minicontainer: there is no image base:other here"
        $who mc run --image base:latest -- cat /etc/motd
        assert "$output" == Welcome.
        $who mc -125 run --image 'a b' -- true
        assert "${stderr_lines[0]}" == "minicontainer: there is no image a b here"
        # A directory of that name: which of the two is meant?
        mkdir base
        $who mc -125 run --image base -- true
        assert "$stderr" == "minicontainer: --image base is the name of an image, and a directory is called so, too
  try:    --image ./base"
        rmdir base
        $who mc run --name one --image base -- true
        $who mc -125 run --name one --image base -- true
        assert "$stderr" == $'minicontainer: there is a container one already\n  try:    minicontainer start one, or: minicontainer rm one'
        assert "$output" == "" "$who: it has not run"
        for name in ../x a/b '.' '..' '' '-x' 'a b' 12 lab Box; do
            $who mc -125 run --name "$name" --image base -- true
            $who mc -125 diff "$name"
        done
        $who mc -125 run --name a/b --image base -- true
        assert "$stderr" == "minicontainer: \"a/b\" cannot be the name of a container: \
small letters, digits, and . _ -"
        for name in lab 12; do
            $who mc -125 run --name "$name" --image base -- true
            assert "$stderr" == \
                "minicontainer: \"$name\" cannot be the name of a container: \`exec\` takes it for a lab, or a PID"
        done
        assert "$(ls "$store/containers")" == one "$who"
        for name in '' 'one two' '-x' '-x one' 'one -x'; do
            # shellcheck disable=SC2086  # words
            $who mc -125 diff $name
            assert "$stderr" == "$(other_words diff)" "diff $name"
        done
        $who mc -125 diff two
        assert "${stderr_lines[0]}" == "minicontainer: there is no container two here"
    done
}

@test "a name of a file that holds control characters is never shown as it is" {
    local who
    for who in $(people); do
        store "$who"
        $who mc run --name one --image base -- bash -c 'echo >$'"'"'/a\e[31mb\nD c'"'"
        $who mc diff one
        assert "$output" == 'A /a?[31mb?D c' "$who"
    done
}

@test "run IMAGE, as in Docker: what to type instead; a program of that name runs" {
    local who
    for who in $(people); do
        store "$who"
        $who mc -125 run base
        assert "$stderr" == $'minicontainer: base is an image, and no program here\n  try:    minicontainer run --image base'
        $who mc -125 run -d base
        assert "$stderr" contains "try:    minicontainer run -d --image base"
        $who mc -127 run nothing
        assert "$stderr" contains "nothing: not found"
        $who mc run --name x --image base -- true
        $who mc commit x true
        $who mc run true
    done
}

@test "compare: an image of the store is a root of its own, of overlay" {
    local who
    for who in $(people); do
        store "$who"
        $who mc compare --image base
        assert "$(grep ^root <<<"$output")" =~ "^root +own +[0-9]+ names.* [0-9]+ names, overlay"
    done
}

@test "--explain tells of the layers" {
    store self
    mc run --explain --image base -- true
    assert "$stderr" contains "the layers of base as one tree; what is written goes on top"
    assert "$stderr" =~ 'mount\("overlay", .*userxattr,upperdir='
    mc run --explain --image base --name one -- true
    assert "$stderr" =~ 'upperdir=/proc/self/fd/[0-9]+,workdir='
    directory
    mc run --explain --image ./img -- true
    assert "$stderr" lacks overlay "control: a directory has no layers"
}

@test "make-base: what is in it works without anything of the machine" {
    local who
    for who in $(people); do
        store "$who"
        in_base sh -c 'for name in sh bash ls cat rm mkdir cp ln touch chmod sleep head wc du stat id env echo \
            grep sed find; do [ -x /bin/$name ] || echo no $name; done; echo hello | grep -c h; id -u
            echo abc | sed s/b/x/; find /opt -name big; du -s /etc >/dev/null; bash -c "echo bash"; env | grep ^PATH'
        assert "$output" == $'1\n0\naxc\n/opt/big\nbash\nPATH=/bin' "$who"
        # No word: it is the shell, by CMD.
        $who mc run --image base <<<'echo from the shell'
        assert "$output" == "from the shell" "$who"
        assert "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'tmp.*')" == "" "$who: no directory is left"
    done
}
