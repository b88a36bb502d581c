# 04-mnt.bats -- chapter 4: the mount table, volumes, and the promise that the program never
# mounts in the machine's own.
#
# Who has no privilege gets it from the row user, so `--only user` is the control of `--only
# user,mnt`. What would mount on a machine is tried in a lab only.

load helpers

machine() { readlink "/proc/self/ns/$1"; }

# A volume's source, readable and writable for whoever is root of a container.
source_dir() { # NAME
    mkdir -p "$1/dir"
    chmod 0777 "$1" "$1/dir"
    echo "$1 file" >"$1/file"
    chmod 0666 "$1/file"
}

# An image of one program.
image() { # NAME
    requires busybox
    mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp,mnt}
    cp "$(command -v busybox)" "$1/bin/busybox"
    local name
    for name in sh cat ls echo; do ln -s busybox "$1/bin/$name"; done
    chmod -R a+rX "$1"
}

@test "control: without mnt the namespace is the machine's" {
    local how
    for how in '--only user' --no-mnt --no-mount; do
        # shellcheck disable=SC2086  # words
        mc run $how -- readlink /proc/self/ns/mnt
        assert "$output" == "$(machine mnt)" "$how"
    done
}

@test "with mnt it is another, and no other row changes" {
    local how
    for how in '--only user,mnt' '--only user,mount' '--no-root' '--hostname box'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- readlink /proc/self/ns/mnt
        assert "$output" =~ '^mnt:\[[0-9]+\]$' "$how"
        assert "$output" != "$(machine mnt)" "$how"
    done
    mc run --only user,mnt -- readlink /proc/self/ns/{uts,pid,ipc,net,cgroup,time}
    assert "$output" == "$(readlink /proc/self/ns/{uts,pid,ipc,net,cgroup,time})"
}

@test "control: without mnt a mount is made on the machine around it, here a lab" {
    mc lab sh -c 'mkdir m; minicontainer run --only none -- mount -t tmpfs none m
        grep -c " /root/m " /proc/mounts'
    assert "$output" == 1
}

@test "with mnt a mount stays inside, and so does an unmount" {
    mc lab sh -c 'mkdir m u; mount -t tmpfs none u; touch u/under
        minicontainer run --only mnt -- sh -c "mount -t tmpfs none m; umount u
            grep -c \" /root/[mu] \" /proc/mounts; ls m u"
        grep -o " /root/[mu] " /proc/mounts; ls m u'
    assert "$output" == $'1\nm:\n\nu:\n /root/u \nm:\n\nu:\nunder'
}

@test "the machine's table is the same afterwards" {
    local before
    before=$(fingerprint)
    mc run --privileged -- sh -c 'mount -t tmpfs none /mnt && mount --bind /etc /srv && umount /mnt'
    mc run --only user,mnt -- sh -c 'mount -t tmpfs none /mnt && grep " /mnt tmpfs" /proc/mounts'
    assert "$output"
    mc lab sh -c 'mount -t tmpfs none /usr'
    assert "$(fingerprint)" == "$before"
}

@test "the table is a copy: as many lines, then one more" {
    mc run --only user,mnt -- sh -c 'wc -l </proc/self/mountinfo
        mount -t tmpfs none /mnt; wc -l </proc/self/mountinfo'
    local outside
    outside=$(wc -l </proc/self/mountinfo)
    assert "${lines[0]}" -eq "$outside"
    assert "${lines[1]}" -eq $((outside + 1))
}

@test "it hides no file: what is written there is seen outside" {
    chmod 0777 .
    mc run --only user,mnt -- sh -c 'echo hello >written'
    assert "$(<written)" == hello
    mc -any run -- ls "$PWD/written"
    assert "$status" -ne 0 "control: with root it is hidden"
}

@test "propagation is private: nothing travels out of a shared table, nothing in" {
    local script='mount --make-rshared /; mkdir m n; mkfifo f g
        grep -c shared: /proc/self/mountinfo >before; [ "$(cat before)" -gt 3 ] && echo shared
        minicontainer run --only mnt -- sh -c "
            grep -cE \"(shared|master):\" /proc/self/mountinfo
            mount -t tmpfs none m; touch m/inside; echo >f; read x <g; ls n" &
        read x <f; mount -t tmpfs none n; touch n/outside; ls m n; echo >g; wait'
    mc lab sh -c "$script"
    # Inside: no tie, and no n/outside. Outside: no m/inside.
    assert "$output" == $'shared\n0\nm:\n\nn:\noutside'
}

@test "the guard: a program that did not leave the machine's table mounts nothing" {
    requires cc
    local name='CLONE_NEWNS, "CLONE_NEWNS"'
    assert "$(grep -c "$name" "$MC_TREE/minicontainer.c")" -eq 1
    mc lab sh -c "sed 's/$name/0, \"CLONE_NEWNS\"/' minicontainer.c >broken.c
        cc -w broken.c -o broken || exit 1
        cat /proc/self/mountinfo >before
        for rows in mnt mnt,root pid,mnt,proc pid,mnt,proc,root; do
            ./broken run --only \$rows -- mount -t tmpfs none /mnt; echo \$?
        done
        cat /proc/self/mountinfo | cmp - before && echo same"
    assert "$output" == $'125\n125\n125\n125\nsame'
    assert "$stderr" contains "mount namespace"
}

@test "with mnt off no mounting system call is made at all" {
    requires strace
    local calls=mount,umount2,pivot_root,mount_setattr,move_mount,open_tree,fsmount how
    for how in '--only none' '--only user' --no-mnt '--only user,pid,uts,ipc,net,cgroup'; do
        if [ "$how" = '--only none' ] && [ "$(id -u)" != 0 ]; then how='--only user,pid'; fi
        # shellcheck disable=SC2086  # words
        call strace -f -qq -o trace -e "trace=$calls" "$MC" run $how -- true
        assert "$(grep -v -e exited -e SIGCHLD -e SIGCONT trace || :)" == "" "$how"
    done
    call strace -f -qq -o trace -e "trace=$calls" "$MC" run --only user,mnt -- true
    assert "$(<trace)" contains "MS_PRIVATE" "control: strace would have seen it"
}

@test "what needs mnt gives way with a note, or is refused when it was named" {
    mc run --no-mnt -- true
    assert "$stderr" =~ 'note: .*root'
    assert "$stderr" =~ 'note: .*proc'
    local how
    for how in '--no-mnt --root' '--no-mnt --proc' '--only user,root' '--only user,pid,proc'; do
        # shellcheck disable=SC2086  # words
        mc -125 run $how -- true
        assert "$stderr" contains mnt "$how"
        assert "$stderr" contains "  try:" "$how"
        assert "$stderr" contains "lessons/0" "$how"
    done
    for how in '-v /usr:/mnt' --read-only; do
        # shellcheck disable=SC2086
        mc -125 run --no-mnt $how -- true
        assert "$stderr" contains mnt "$how"
    done
}

@test "a volume: the same files in two trees" {
    source_dir v
    mc run -v "$PWD/v:/mnt" -- sh -c 'cat /mnt/file; echo inside >/mnt/dir/new; ls /mnt'
    assert "$output" == $'v file\ndir\nfile'
    assert "$(<v/dir/new)" == inside
    # A relative source, a single file, two volumes, a place that is not there yet, no root.
    mc run -v ./v:/mnt -v v/file:/etc/motd -v v/dir:/a/b/c -- cat /mnt/file /etc/motd /a/b/c/new
    assert "$output" == $'v file\nv file\ninside'
    mkdir here
    mc run --only user,mnt -v "./v:$PWD/here" -- cat here/file
    assert "$output" == "v file"
    assert "$(ls here)" == "" "outside nothing is mounted"
    # No setuid files, no device nodes by it.
    mc run -v ./v:/mnt -- grep ' /mnt ' /proc/self/mountinfo
    assert "$output" =~ 'nosuid,nodev'
}

@test "a volume: ro cannot be written, rw can" {
    source_dir v
    local cmd
    for cmd in 'echo x >/mnt/file' 'touch /mnt/new' 'rm -f /mnt/file' 'chmod 0 /mnt/file' \
        'mkdir /mnt/d'; do
        mc -any run -v ./v:/mnt:ro -- sh -c "$cmd"
        assert "$status" -ne 0 "$cmd"
        assert "$stderr" contains "Read-only file system" "$cmd"
    done
    assert "$(<v/file)" == "v file"
    mc run -v ./v:/mnt:rw -- sh -c 'echo x >/mnt/file'
    assert "$(<v/file)" == x
    mc -125 run -v ./v:/mnt:wr -- true
}

@test "what is read-only stays so: root inside cannot mount, unless it was given that right" {
    source_dir v
    local how undo='mount -o remount,bind,rw /mnt; umount /mnt; mount -t tmpfs none /mnt; touch /mnt/new'
    # Rows caps and seccomp, and each of them alone.
    for how in '' --no-caps --no-seccomp; do
        # shellcheck disable=SC2086  # words
        mc -any run $how -v ./v:/mnt:ro -- sh -c "$undo"
        assert "$status" -ne 0 "$how"
        assert "$(grep -ciE 'permi|superuser' <<<"$stderr")" -eq 3 "$how"
        assert "$stderr" =~ "touch: .*Read-only file system" "$how"
        # shellcheck disable=SC2086
        mc -any run $how --read-only -- sh -c 'mount -o remount,rw /; touch /new'
        assert "$stderr" =~ "touch: .*Read-only file system" "$how"
    done
    assert "$(ls v)" == $'dir\nfile'
    # Control: with the right it can.
    mc run --privileged -v ./v:/mnt:ro -- sh -c 'mount -o remount,bind,rw /mnt; echo undone >/mnt/file'
    assert "$(<v/file)" == undone
}

@test "a volume: ro reaches what is mounted below it" {
    mc lab sh -c 'mkdir -p v/sub; mount -t tmpfs none v/sub; echo 1 >v/sub/file
        minicontainer run -v $PWD/v:/mnt:ro -- sh -c "cat /mnt/sub/file; echo 2 >/mnt/sub/file"
        minicontainer run -v $PWD/v:/mnt -- sh -c "echo 3 >/mnt/sub/file"; cat v/sub/file'
    assert "$output" == $'1\n3'
    assert "$stderr" contains "Read-only file system"
}

@test "a volume: from a directory that only the caller may enter" {
    mkdir -m 0700 private
    source_dir private/v
    mc run -v "$PWD/private/v:/mnt" -- cat /mnt/file
    assert "$output" == "private/v file"
}

@test "a volume: one below another" {
    source_dir v
    source_dir w
    mc run -v ./v:/mnt -v ./w:/mnt/dir -- cat /mnt/file /mnt/dir/file
    assert "$output" == $'v file\nw file'
    # What is not there is not made: /mnt is the caller's directory now.
    mc -125 run -v ./v:/mnt -v ./w:/mnt/missing -- true
    assert "$stderr" contains /mnt/missing
    assert "$(ls v)" == $'dir\nfile'
}

@test "a volume's destination never goes through a symbolic link" {
    image img
    source_dir v
    mkdir -m 0777 host
    ln -s "$PWD/host" img/link
    ln -s /etc img/mnt/last
    ln -s ../../../../../../../.. img/up
    local before dst
    before=$(fingerprint)
    for dst in /link /link/x /mnt/last /up/tmp "/up$PWD/host"; do
        mc -125 run --image ./img -v "./v:$dst" -- echo started
        assert "$stderr" contains "symbolic link" "$dst"
        assert "$output" == "" "$dst"
    done
    for dst in relative ../etc /mnt/../etc /..; do
        mc -125 run --image ./img -v "./v:$dst" -- echo started
        assert "$output" == "" "$dst"
    done
    assert "$(fingerprint)" == "$before"
    mc run --image ./img -v ./v:/mnt -- cat /mnt/file
    assert "$output" == "v file" "control: a true directory"
    # The source may be a link: that one is the caller's own.
    ln -s v alias
    mc run -v ./alias:/mnt -- cat /mnt/file
    assert "$output" == "v file"
}

@test "a volume in an image: its place must be there, and none is made" {
    image img
    source_dir v
    local before
    before=$(find img | sort)
    mc -125 run --image ./img -v ./v:/missing -- echo started
    assert "$stderr" contains /missing
    assert "$(find img | sort)" == "$before"
}

@test "--read-only: the root cannot be written, the volumes and /dev can" {
    source_dir v
    image img
    chmod 0777 img img/{bin,etc,tmp}
    local how try='for d in / /etc /tmp; do (echo >$d/x) 2>/dev/null && echo $d; done
        echo x >/mnt/file && echo x >/dev/null && echo fine'
    for how in '' '--image ./img'; do
        # shellcheck disable=SC2086  # words
        mc run --read-only $how -v ./v:/mnt -- sh -c "$try"
        assert "$output" == fine "$how"
        # shellcheck disable=SC2086
        mc run $how -v ./v:/mnt -- sh -c "$try"
        assert "$output" == $'/\n/etc\n/tmp\nfine' "control: $how"
    done
}

@test "--explain: the tie is cut before anything is mounted" {
    source_dir v
    mc run --explain --only user,mnt -v "./v:/mnt:ro" -- true
    assert "$stderr" contains CLONE_NEWNS
    assert "$stderr" =~ 'call  mount\(NULL, "/", NULL, MS_REC \| MS_PRIVATE, NULL\) = 0'
    # The first call of the mount family.
    assert "$(grep -m1 -E 'call .*(mount|open_tree)' <<<"$stderr")" contains MS_PRIVATE
    assert "$stderr" =~ 'child  now   mnt: [0-9]+ mounts'
    mc run --explain --only user -- true
    assert "$stderr" !~ 'call  .*mount'
}
