# 06-root.bats -- chapter 6: a file tree of its own.
#
# What would show a machine's files to the container, or write into them, is tried in a lab.

load helpers

setup_file() {
    # The program of the lesson: lists /, climbs out of a chroot(2) if it can, lists / again.
    cc -static -o "$BATS_FILE_TMPDIR/escape" "$TOP/lessons/06-root/escape.c" 2>/dev/null || true
}

# one_file_image DIR: a root that holds nothing but the static program /escape.
one_file_image() {
    requires cc
    if [ ! -x "$BATS_FILE_TMPDIR/escape" ]; then
        [ -z "${MC_MUST_RUN-}" ] || fail "no static libc here, and MC_MUST_RUN is set" || return 1
        skip "no static libc is here"
    fi
    mkdir "$1"
    cp "$BATS_FILE_TMPDIR/escape" "$1"
    chmod 0777 "$1"
}

# What happens in a lab happens to nobody's machine.
lab() { mc lab sh -c "$1"; }
tree() { (cd "$1" && find . -printf '%p %M %U %l\n' | sort); }

@test "control: without root / is the machine's, and so are its files" {
    local how
    echo secret >diary
    for how in '--only user' '--only user,mnt' '--no-root'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- stat -c %d:%i /
        assert "$output" == "$(stat -c %d:%i /)" "$how"
        # shellcheck disable=SC2086
        mc run $how -- cat "$PWD/diary"
        assert "$output" == secret "$how"
    done
}

@test "with root / is another, the machine's files have no name there, and / holds the usual" {
    local how before
    echo secret >diary
    before=$(fingerprint)
    for how in '--only user,mnt,root' ''; do
        # shellcheck disable=SC2086
        mc run $how -- stat -c %d:%i /
        assert "$output" != "$(stat -c %d:%i /)" "$how"
        # shellcheck disable=SC2086
        mc -1 run $how -- cat "$PWD/diary"
        assert "$stderr" contains "No such file or directory" "$how"
        # The old root is not above, and not left as a mount.
        # shellcheck disable=SC2086
        mc run $how -- sh -c 'stat -c %d:%i / /.. /../..; pwd'
        assert "$(sort -u <<<"$output" | wc -l)" == 2 "$how"
        assert "${lines[3]}" == / "$how"
    done
    mc run -- sh -c 'ls /; ls /home /srv /opt /mnt /root /tmp'
    for how in bin dev etc proc root run sys tmp usr var; do assert "$output" has-line "$how"; done
    assert "$output" ends $'\n/tmp:' "home directories are empty"
    assert "$(fingerprint)" == "$before"
}

@test "the machine's programs work in there, and the user has a name" {
    mc run -- sh -c 'id -un; awk "BEGIN { print 6 * 7 }"; ls -d /usr/bin/env; hostname 2>/dev/null ||
        uname -n; cat /etc/hostname; echo $HOME; stat -c %a /tmp /var/tmp /dev/shm'
    assert "$output" == $'root\n42\n/usr/bin/env\nbox\nbox\n/root\n1777\n1777\n1777'
    mc run --hostname web -- grep -w web /etc/hosts
    assert "$output" contains 127.0.0.1
}

@test "the default root's programs are read-only, with all that is mounted below them" {
    local dir
    mc run -- sh -c 'for d in /usr /usr/bin /etc/alternatives /etc/ssl/certs; do
        [ ! -d $d ] || touch $d/x || echo refused; done'
    assert "$output" has-line refused
    while read -r dir; do assert "$dir" ends "Read-only file system"; done <<<"$stderr"
    assert "$(ls /usr/x /usr/bin/x 2>/dev/null)" == ""
    # A writable file system on /usr/local of the lab: a remount of /usr alone would miss it.
    lab 'mount -t tmpfs none /usr/local && touch /usr/local/lab && minicontainer run -- \
        sh -c "ls /usr/local; touch /usr/local/x"; ls /usr/local'
    assert "$output" == $'lab\nlab'
    assert "$stderr" contains "Read-only file system"
}

@test "what may be written is in memory and ends with the container" {
    mc run -- sh -c 'for d in / /tmp /root /run /var/tmp /dev/shm /etc /home; do
        echo x >$d/mine-of-06 && cat $d/mine-of-06; done | sort | uniq -c | tr -d " "'
    assert "$output" == 8x
    assert "$(ls /mine-of-06 /{tmp,root,run,var/tmp,dev/shm,etc,home}/mine-of-06 2>/dev/null)" == ""
    mc run -- sh -c 'ls /tmp /root /run'
    assert "$output" lacks mine
}

@test "/etc is a minimal one: no passwords, no keys, nobody's names" {
    local file
    mc run -- sh -c 'ls -A /etc; cat /etc/passwd; find /etc/ -name "*shadow*"'
    for file in shadow shadow- gshadow sudoers sudoers.d ssh security pam.d machine-id krb5.keytab; do
        assert "$output" no-line "$file"
    done
    assert "$output" lacks shadow
    # Two users, whoever the machine knows.
    mc run -- cut -d: -f1 /etc/passwd
    assert "$output" == $'root\nnobody'
    mc run -- sh -c 'ls -d /etc/ssl/private /etc/pki/tls/private /root/.ssh /home/* /boot /var/log/*
        true'
    assert "$output" == ""
    # A secret that a lab has in its /etc does not go into a container in it.
    lab 'echo hush >/etc/shadow; echo hush >/etc/mine.key; minicontainer run -- cat /etc/shadow; \
        minicontainer run -- cat /etc/mine.key; true'
    assert "$output" == ""
    assert "$(grep -c 'No such file' <<<"$stderr")" == 2
}

@test "a directory with one static program is a whole root, and nothing is made in it" {
    local before how said
    one_file_image one
    mkdir one/d
    chmod 0777 one/d
    before=$(tree one)
    for how in '' '--only user,mnt,root' '--no-proc' '--read-only'; do
        # shellcheck disable=SC2086
        mc run $how --image ./one -- /escape
        assert "$output" == $'/ before: . .. d escape\n/ after: . .. d escape' "$how"
        assert "$stderr" contains note "it is said that /dev, /proc and /sys are left out ($how)"
        for said in /dev /proc /sys; do assert "$stderr" contains "$said" "$how"; done
        assert "$(tree one)" == "$before" "$how"
    done
    mc -125 run --proc --image ./one -- /escape
    assert "$stderr" contains /proc
    # Relative, from inside, and with a slash at the end.
    (cd one && mc run --image . -- /escape)
    mc run --image "$PWD/one/" -- /escape
    assert "$(tree one)" == "$before"
}

@test "an image has a fresh /proc and /dev where it has directories for them" {
    one_file_image one
    mkdir one/proc one/dev one/sys one/bin
    local lib
    # shellcheck disable=SC2046  # words
    for lib in /bin/ls $(ldd /bin/ls | grep -o '/[^ ]*'); do cp --parents "$lib" one; done
    mc run --image ./one -- /bin/ls / /dev /proc/1
    assert "$stderr" == ""
    assert "$output" contains urandom
    assert "$output" contains mountinfo
    mc run --only user,mnt,root --image ./one -- /bin/ls /proc/self/exe
    assert "$output" == /proc/self/exe "without the row proc the machine's is bound there"
    assert "$(ls -A one/dev one/proc one/sys)" == $'one/dev:\n\none/proc:\n\none/sys:'
}

@test "a program without its loader is explained, and runs when packed with what it needs" {
    local file loader
    mkdir -p img/bin
    cp /bin/ls img/bin
    loader=$(ldd /bin/ls | grep -oE '/[^ ]*/ld[^ ]*')
    mc -127 run --image ./img -- /bin/ls /bin
    assert "$stderr" contains "/bin/ls is there"
    assert "$stderr" contains "what must load it"
    assert "$stderr" contains ldd "which says its name"
    assert "$loader" != "" "and so it does"
    for file in $(ldd /bin/ls | grep -o '/[^ ]*'); do cp --parents "$file" img; done
    mc run --image ./img -- /bin/ls /bin
    assert "$output" == ls
    mc -127 run --image ./img
    assert "$stderr" contains "not found"
}

@test "--read-only: nothing of the root can be written, with and without an image" {
    one_file_image one
    mc run --read-only -- sh -c 'for d in / /tmp /root /etc /run; do touch $d/x 2>/dev/null &&
        echo $d; done; echo ok >/dev/null && echo ok >/dev/shm/x && cat /dev/shm/x'
    assert "$output" == ok
    mc -1 run --read-only --image ./one -- /escape # it cannot make its directory d
    assert "$(ls one)" == escape
    mc run --image ./one -- /escape
    assert "$(ls one)" == $'d\nescape' "control: without --read-only it does"
}

@test "an image's /dev, /proc or /sys that is a symbolic link is refused" {
    local name target before
    mkdir trap
    chmod 0777 trap
    before=$(tree trap; cat /proc/self/mountinfo)
    for name in dev proc sys; do
        for target in "$PWD/trap" /etc /proc/sys ../../.. bin; do
            rm -rf img
            mkdir -p img/bin img/dev img/proc img/sys
            rmdir "img/$name"
            ln -s "$target" "img/$name"
            mc -125 run --image ./img -- /bin/true
            assert "$stderr" contains "[$name]"
            assert "$stderr" contains "a symbolic link is there"
            assert "$(tree trap; cat /proc/self/mountinfo)" == "$before" "$name -> $target"
        done
    done
    # Links within /dev lie below our own /dev.
    one_file_image one
    mkdir one/dev one/proc one/sys
    touch victim
    ln -s "$PWD/victim" one/dev/null
    ln -s "$PWD/victim" one/dev/console
    mc run --image ./one -- /escape
    assert "$(wc -c <victim)" == 0
    assert "$(readlink one/dev/null)" == "$PWD/victim"
}

@test "chroot(2) does not hold root, pivot_root(2) does" {
    one_file_image one
    # In a lab all is copied into it, so that what gets out is in the lab.
    cat >climb <<'EOF'
mkdir one && cp /mnt/one/escape one && cd one/..
minicontainer run --none --image ./one -- /escape
minicontainer run --no-mnt --image ./one -- /escape
minicontainer run --only mnt,root --image ./one -- /escape
minicontainer run --image ./one -- /escape
minicontainer run --only mnt,root -- cat /../root/diary
EOF
    base64 "$BATS_FILE_TMPDIR/escape" >escape.b64
    mc -1 lab sh -c "mkdir /mnt/one && base64 -d >/mnt/one/escape && chmod +x /mnt/one/escape
        $(<climb)" <escape.b64
    assert "${lines[0]}" == "/ before: . .. escape"
    assert "${lines[1]}" =~ ' bin dev .*root.* usr' "chroot: out"
    assert "${lines[3]}" =~ ' bin dev .*root.* usr' "chroot with user and all else: out"
    assert "$stderr" contains chroot
    assert "${lines[5]}" == "/ after: . .. d escape" "pivot_root: in"
    assert "${lines[7]}" == "/ after: . .. d escape" "pivot_root with all else: in"
    assert "${#lines[@]}" == 8 "and no diary"
}

@test "without mnt --image is chroot, and says so; without root but with mnt it is refused" {
    one_file_image one
    mc run --only user --image ./one -- /escape
    assert "$stderr" contains chroot
    assert "${lines[0]}" == "/ before: . .. escape"
    assert "${lines[1]}" lacks " d escape"
    local how
    for how in '--only user,mnt' --no-root; do
        # shellcheck disable=SC2086
        mc -125 run $how --image ./one -- /escape
        assert "$stderr" contains "root is off" "$how"
    done
    # A user who has nothing cannot even do that.
    if [ "$(id -u)" != 0 ]; then mc -125 run --none --image ./one -- /escape; fi
}

@test "--workdir is looked up inside, and cannot lead out" {
    mc run -- pwd
    assert "$output" == /
    mc run -w usr/bin -- pwd
    assert "$output" == /usr/bin
    mc run -w /tmp -- pwd
    assert "$output" == /tmp
    mc -125 run -w "$PWD" -- pwd
    assert "$stderr" contains workdir
    mc -125 run -w ../../nowhere -- pwd
    mc run -w ../../.. -- sh -c 'pwd; ls -d home'
    assert "${lines[0]}" == /
    # A directory that the caller has open (CVE-2024-21626).
    local how fd
    for how in '' '--only user,mnt,root' '--no-pid'; do
        # shellcheck disable=SC2086
        mc -any run $how -w /proc/self/fd/19 -- sh -c 'ls ..; pwd' 19<"$PWD"
        assert "$status" == 125 "$how"
        assert "$output" == "" "$how"
        # One that we have open: refused, or it is the new root.
        for ((fd = 3; fd < 19; fd++)); do
            # shellcheck disable=SC2086
            mc -any run $how -w "/proc/self/fd/$fd" -- pwd
            if [ "$status" != 125 ]; then assert "$output" == / "$how, $fd"; fi
        done
    done
    # With root off we stay where we are.
    mc run --only user -- pwd
    assert "$output" == "$PWD"
}

@test "on a terminal: /dev/console is that terminal, /dev/tty works, /dev/pts is a new one" {
    requires tty
    pty 'minicontainer run -- sh -c "tty; ls /dev/pts; echo said >/dev/tty; stty size"'
    assert "$output" == $'/dev/console\nptmx\nsaid\n24 80'
    pty 'minicontainer run -- script -qec tty /dev/null'
    assert "$output" contains /dev/pts/0
    # Without a terminal there is no console.
    mc -1 run -- sh -c 'ls /dev/console || tty </dev/null'
    assert "$output" == "not a tty"
}

@test "/dev has what programs expect, and no disk" {
    local name
    mc run -- sh -c 'ls -A /dev; echo x >/dev/null; head -c 4 /dev/zero | wc -c
        head -c 4 /dev/urandom | wc -c; ls -l /dev/stdin >&2; echo full >/dev/full || echo refused'
    for name in null zero full random urandom tty ptmx pts shm fd stdin stdout stderr; do
        assert "$output" has-line "$name"
    done
    assert "$(grep -c '^4$' <<<"$output")" == 2
    assert "${lines[-1]}" == refused
    # Device nodes are those of /dev alone, and a user namespace makes no new ones.
    mc run -- sh -c 'find /dev -type b; for n in "b 8 0" "c 1 3"; do mknod /tmp/d $n || echo no; done'
    assert "$output" == $'no\nno'
}
