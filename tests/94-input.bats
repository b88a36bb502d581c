# 94-input.bats -- bad input, odd starts, and machines that refuse.
#
# Whatever is wrong, the message says so on standard error, the status is 125 (127 and 126 where
# it is about the command), nothing of the host has changed, and no process is left.

load helpers

setup() { mc_setup; }

# bad STATUS REGEX WORD...: minicontainer WORD... is refused, and says so.
bad() {
    local want=$1 regex=$2
    shift 2
    $who mc "-$want" "$@" </dev/null
    assert "$output" == "" "nothing on standard output"
    assert "$stderr" =~ "(^|"$'\n'")minicontainer: " "it is we who say it"
    assert "$stderr" =~ "$regex"
    assert "$stderr" !~ "Success|\(null\)|error \(|%[sd]" "no nonsense in: $stderr"
    assert "$(grep -vE '^(minicontainer: |  (cause|cure|try|lesson|where): )' <<<"$stderr")" == "" \
        "each line has a head"
}

# ------------------------------------------------------------------------------------ bad input

@test "--image: missing, a file, unreadable, without the command" {
    requires userns
    local who before
    echo text >file
    mkdir -p empty closed/in notmine
    chmod 0700 closed
    if [ "$(id -u)" != 0 ]; then chmod 0 closed; fi
    before=$(fingerprint)
    for who in $(people); do
        bad 125 "--image.*nope.*No such file" run --image ./nope -- true
        bad 125 "--image.*nope/in.*No such file" run --image nope/in -- true
        bad 125 "--image.*file.*directory" run --image ./file -- true
        bad 125 "--image.*a directory" run --image '' -- true
        if [ "$who" = as_user ] || [ "$(id -u)" != 0 ]; then
            bad 125 "--image.*closed.*Permission denied" run --image ./closed -- true
            bad 125 "--image.*closed/in.*Permission denied" run --image closed/in -- true
        fi
        bad 127 "/bin/sh.*not found in .*empty" run --image ./empty -- /bin/sh
        bad 127 "not found in .*empty" run --image ./empty
        bad 127 "true.*not found in .*empty" run --image ./empty -- true
        bad 125 "." run --image
    done
    assert "$(fingerprint)" == "$before"
    chmod 0700 closed
    no_process_left
}

@test "--image that root of the container may not enter says who may not" {
    requires root userns
    mkdir -m 0700 closed
    local who=self
    bad 125 "EACCES" run --image ./closed -- true
    assert "$stderr" =~ "  cause:  .*root may not enter the image"
    assert "$stderr" contains "  cure:   chmod o+rx IMAGE"
    # And the cure is one.
    chmod o+rx closed
    bad 127 "not found in .*closed" run --image ./closed -- true
}

@test "--volume: missing source, relative or .. destinations, nonsense" {
    requires userns
    local who=self before
    mkdir -p data
    echo text >file
    before=$(fingerprint)
    bad 125 "--volume.*/nope.*No such file" run -v /nope:/x -- true
    bad 125 "--volume.*nope.*No such file" run -v ./nope:/x -- true
    bad 125 "file.*Not a directory" run -v file/in:/x -- true
    # What is no SRC:/DST, has a ".." in it, or is the root itself.
    local value
    for value in data data: :/x : '' data:rel data:./x data:/../x data:/x/../../etc data:/x/.. \
        data:/.. data:/ data:// data:/./ data:/x:zz data:/x:ro:rw data:/x: data:/x:r; do
        bad 125 "-v \"$value\": wants SRC:/DST" run -v "$value" -- true
    done
    # Letters large or small: never writable by a slip.
    mc -any run -v ./data:/x:RO -- sh -c '>/x/y'
    assert "$stderr" contains "Read-only file system"
    # Names that only look like "..".
    mc run -v ./data:/x..y -v ./data:/..z/a...b -- sh -c 'ls -d /x..y /..z/a...b'
    assert "$output" == $'/..z/a...b\n/x..y'
    assert "$(fingerprint)" == "$before"
    no_process_left
}

@test "--volume: a destination through a symbolic link never leaves the image" {
    requires userns
    local who before link
    mkdir -p data image/dir image/usr outside
    echo mine >data/file
    ln -s "$PWD/outside" image/absolute
    ln -s ../outside image/relative
    ln -s ../../../../../../../../.. image/up
    ln -s dir image/within
    ln -s nowhere image/broken
    ln -s "$PWD/outside/new" image/file
    before=$(fingerprint)
    for who in $(people); do
        for link in absolute relative up within broken file absolute/new relative/new up/tmp \
            within/new broken/new; do
            bad 125 "--volume.*/$link.*symbolic link" run --image ./image -v "./data:/$link" -- true
        done
        bad 125 "--volume.*/file.*symbolic link" run --image ./image -v data/file:/file -- true
        # Nothing is made in an image: it is the caller's.
        bad 125 "--volume.*/missing" run --image ./image -v ./data:/missing -- true
        bad 125 "--volume.*/dir/missing" run --image ./image -v ./data:/dir/missing -- true
        # A file and a directory do not fit onto each other.
        bad 125 "" run --image ./image -v data/file:/dir -- true
        # In the default root there are links too: /bin may be one.
        bad 125 "symbolic link" run -v ./data:/var/run/x -- true
    done
    assert "$(ls -A outside)" == ""
    assert "$(find image | sort | tr '\n' ' ')" == "image image/absolute image/broken image/dir\
 image/file image/relative image/up image/usr image/within "
    assert "$(fingerprint)" == "$before"
    no_process_left
}

@test "--hostname: too long, empty, or with letters that no name has" {
    requires userns
    local who=self long
    long=$(printf 'a%.0s' {1..65})
    bad 125 "--hostname.*64" run --hostname "$long" -- true
    bad 125 "--hostname" run --hostname "$long$long$long$long$long" -- true
    bad 125 "--hostname" run --hostname '' -- true
    bad 125 "--hostname" run --hostname= -- true
    bad 125 "--hostname" run --hostname $'a\nb' -- true
    mc run --hostname "${long:1}" -- hostname
    assert "$output" == "${long:1}" "64 letters are allowed"
}

@test "--env, numbers, --map: what is none" {
    requires userns
    local who=self word
    bad 125 "--env \"NAME\": wants NAME=VALUE" run --env NAME -- true
    bad 125 "-e \"=x\": wants NAME=VALUE" run -e =x -- true
    mc -125 run -e $'=x\nA=1' -- true
    bad 125 "--env" run --env '' -- true
    for word in abc -5 5x '' 1.5 0x10 ' ' 99999999999999999999 4294967296000 5,000 ten; do
        bad 125 "--boottime.*\"$word\"" run --boottime "$word" -- true
    done
    for word in x 0 0: 0:1000 1:2 0:1000:0 0:1000:1:5 ::: a:b:c 0:1000:x -1:1000:1 0:1000:-1 \
        0:4294967296:1 0:1000:4294967296 '' 0,1000,1 "0 1000 1"; do
        bad 125 "minicontainer: --map" run --map "$word" -- true
    done
    bad 125 "--map" run --map 5:1000:1 -- true
    bad 125 "--map" run --map 0:1000:1 --map 0:1001:1 --map x -- true
    bad 125 "--map.*8 at most" run --map 0:1000:1 --map 1:2:1 --map 2:3:1 --map 3:4:1 \
        --map 4:5:1 --map 5:6:1 --map 6:7:1 --map 7:8:1 --map 8:9:1 -- true
    bad 125 "--workdir.*/nope.*No such file" run -w /nope -- true
    bad 125 "--workdir.*/etc/passwd.*Not a directory" run -w /etc/passwd -- true
    bad 125 "-w \"\": wants a directory" run -w '' -- true
    no_process_left
}

@test "--map that the kernel or newuidmap refuses, with the cure" {
    requires userns
    local who
    for who in $(people); do
        if [ "$($who id -u)" = 0 ]; then
            # Two lines for one number; numbers behind the last.
            bad 125 "uid_map" run --map 0:1000:1 --map 0:1001:1 -- true
            assert "$stderr" contains EINVAL
            bad 125 "uid_map" run --map 0:3999999999:3999999999 -- true
        else
            # An ordinary user may not take numbers of others.
            $who mc -125 run --map 0:0:1 -- true
            assert "$output" == ""
            assert "$stderr" contains newuidmap
            assert "$stderr" contains "cure:"
        fi
    done
    no_process_left
}

@test "the command: not found 127, not executable 126, and which path in which root" {
    requires userns
    local who
    mkdir -p image/bin image/dir
    printf '#!/no/such/interpreter\n' >image/script
    printf 'no program\n' >image/text
    printf '\177ELF broken' >image/elf
    : >image/empty
    cp /bin/true image/bin/dynamic
    cp image/text image/plain
    chmod 0755 image/script image/text image/elf image/empty
    chmod 0644 image/plain
    for who in $(people); do
        bad 127 "nosuch.*not found" run -- nosuch
        bad 127 "/nosuch.*not found" run -- /nosuch
        bad 127 "/etc/passwd/x.*not found" run -- /etc/passwd/x
        bad 126 "/usr.*Permission denied" run -- /usr
        bad 126 "/etc/passwd.*Permission denied" run -- /etc/passwd
        bad 126 "/plain.*Permission denied.*image" run --image ./image -- /plain
        bad 126 "/dir.*Permission denied.*image" run --image ./image -- /dir
        bad 127 "/script.*/no/such/interpreter.*missing.*image" run --image ./image -- /script
        bad 127 "/bin/dynamic is there, but what must load it.*missing.*image" run --image ./image -- /bin/dynamic
        bad 127 "dynamic is there, but what must load it.*missing.*image" run --image ./image -- dynamic
        # glibc asks sh, which is not there either; musl does not.
        if [ "$($who "$MC" run --image ./image -- /elf 2>/dev/null; echo $?)" = 126 ]; then
            bad 126 "/elf: not for this processor" run --image ./image -- /elf
        else
            bad 127 "/elf is there, but what must load it" run --image ./image -- /elf
        fi
        bad 126 "/text.*script" run --image ./image -- /text
        bad 126 "/empty" run --image ./image -- /empty
        bad 127 "not found" run -- ''
    done
    no_process_left
}

@test "exec: of what does not run, or is not ours" {
    requires userns
    local who
    for who in $(people); do
        bad 125 "nosuch" exec nosuch
        bad 125 "99999999" exec 99999999
        bad 125 "1abc" exec 1abc
        bad 125 "-5" exec -- -5
        bad 125 "\"0\"" exec 0
    done
    if [ "$(id -u)" = 0 ] && [[ " $(people) " == *as_user* ]]; then
        who=as_user
        bad 125 "." exec 1 -- true
        bad 125 "." exec $$ -- true
    fi
    no_process_left
}

@test "a full /tmp of the machine does not hinder, a full container says so itself" {
    requires userns
    local who
    for who in $(people); do
        $who call unshare --user --map-root-user --mount sh -c '
            mount -t tmpfs -o size=40k none /mnt && mkdir /mnt/mc && cp "$1" /mnt/mc 2>/dev/null
            mount -t tmpfs -o size=8k none /var/tmp && cd /var/tmp && head -c 20000 /dev/zero >x
            df . | tail -n 1 | grep -q 100% && exec "$1" run -- sh -c "echo in; echo x >/tmp/y"' \
            sh "$MC"
        assert "$output" == in
        # The same with /tmp itself, as far as the program does not lie there.
        if [[ $MC != /tmp/* ]]; then
            $who call unshare --user --map-root-user --mount sh -c '
                mount -t tmpfs -o size=8k none /tmp && head -c 20000 /dev/zero >/tmp/x
                exec "$1" run -- sh -c "echo in; echo x >/tmp/y"' sh "$MC"
        else
            $who call unshare --user --map-root-user --mount sh -c '
                mount -t tmpfs none /mnt && cp "$1" /mnt/minicontainer &&
                mount -t tmpfs -o size=8k none /tmp && head -c 20000 /dev/zero >/tmp/x
                exec /mnt/minicontainer run -- sh -c "echo in; echo x >/tmp/y"' sh "$MC"
        fi
        assert "$output" == in
        # The container's own files have a limit, and it is met inside.
        $who mc run -- sh -c 'head -c 700m /dev/zero >/tmp/big; echo "status $?"; rm /tmp/big'
        assert "$output" == "status 1"
        assert "$stderr" contains "No space left on device"
    done
    no_process_left
}

@test "40 volumes, and all are there" {
    requires userns
    local who n words=()
    for n in {1..40}; do
        mkdir -p "data/$n"
        echo "I am $n" >"data/$n/file"
        words+=(-v "data/$n:/vol/$n:ro")
    done
    chmod -R a+rwX data # who may write is not the question: the volumes are read-only
    for who in $(people); do
        $who mc run "${words[@]}" -- sh -c 'cat /vol/*/file | sort -u | wc -l; cat /vol/40/file'
        assert "$output" == $'40\nI am 40'
        $who mc run "${words[@]}" -- sh -c 'for n in $(seq 40); do touch /vol/$n/x && echo $n; done; true'
        assert "$output" == "" "all of them read-only"
    done
    assert "$(find data -name x)" == ""
}

# ----------------------------------------------------------------------------------- odd starts

# odd WORDS SHELL-LINE: the line works, as each sort of person; $1 in it is the program.
odd() {
    $who call bash -c "$1" bash "$MC"
}

@test "standard descriptors that are closed or full" {
    requires userns
    local who
    for who in $(people); do
        odd '"$1" run -- sh -c "cat; echo in" <&-'
        assert "$output" == in "stdin closed"
        odd '"$1" run -- true >&-'
        odd '"$1" run -- sh -c "echo said >&2; exit 0" >&-'
        assert "$stderr" == said "stdout closed"
        odd '"$1" run --no-pid -- echo in 2>&-'
        assert "$output" == in "stderr closed, and a note to say"
        odd '"$1" run --explain -- echo in 2>&-'
        assert "$output" == in "stderr closed, and much to say"
        odd '"$1" run --explain -- true <&- >&- 2>&-'
        odd '"$1" run --explain -- echo in 2>/dev/full'
        assert "$output" == in "stderr full"
        # The container gets three descriptors that are open, and no other.
        odd '"$1" run -- sh -c "x=\$(readlink /proc/\$\$/fd/0 /proc/\$\$/fd/1); echo \$x >&2" <&- >&-'
        assert "$stderr" == "/dev/null /dev/null"
        # What the command does about a full disk is its own affair.
        odd '"$1" run -- true >/dev/full'
        odd '"$1" run -- sh -c "echo x || exit 9" >/dev/full || echo "status $?" >&2'
        assert "$stderr" contains "status 9"
        # What *we* could not print is our failure.
        local words
        for words in look isolations "source uts" compare "compare uts" --help "run --help" \
            --version "look --porcelain"; do
            odd '"$1" '"$words"' >/dev/full; echo "status $?" >&2'
            assert "$stderr" contains "status 125" "$words"
            assert "$stderr" contains "minicontainer: standard output" "$words"
        done
    done
    no_process_left
}

@test "4,000 arguments, and long ones" {
    requires userns
    local who
    for who in $(people); do
        odd '"$1" run -- sh -c '\''echo $# ${4000}'\'' x $(seq 4000)'
        assert "$output" == "4000 4000"
        odd '"$1" run $(printf -- "-e A%d=x " $(seq 4000)) -- sh -c '\''echo $A1$A4000'\'
        assert "$output" == xx
        odd '"$1" run -- sh -c '\''echo ${#1}'\'' x $(head -c 100000 /dev/zero | tr "\0" a)'
        assert "$output" == 100000
        odd '"$1" run -e "A=$(head -c 100000 /dev/zero | tr "\0" a)" -- sh -c '\''echo ${#A}'\'
        assert "$output" == 100000
        odd '"$1" run --init -- sh -c '\''echo $#'\'' x $(seq 4000)'
        assert "$output" == 4000
    done
}

@test "more words of options than there is room for are refused" {
    call bash -c '"$1" run --only none $(printf -- "-eA%d=x " $(seq 9998)) -- sh -c "echo \$A1\$A9998"' x "$MC"
    assert "$output" == xx
    for option in -eA%d=x -v/tmp:/x%d -it%.0s; do
        call -125 bash -c '"$1" run $(printf -- "$2 " $(seq 10001)) -- true' x "$MC" "$option"
        assert "$stderr" == 'minicontainer: more than 10000 words of options'
    done
}

@test "a variable that is given twice is there once, with the last value" {
    mc run --only none -e A=1 -e AB=2 -e A=3 -e TERM=dumb -e HOME=/x -- sh -c 'env | grep -E "^(A|AB|TERM|HOME)="'
    assert "$(sort <<<"$output")" == $'A=3\nAB=2\nHOME=/x\nTERM=dumb'
}

@test "a current directory that is gone, or may not be read" {
    requires userns
    local who
    for who in $(people); do
        odd 'd=$(mktemp -d -p "$PWD") && cd "$d" && rmdir "$d" && "$1" run -- pwd'
        assert "$output" == /
        odd 'd=$(mktemp -d -p "$PWD") && cd "$d" && rmdir "$d" && "$1" run --only user -- echo in'
        assert "$output" == in
        odd 'd=$(mktemp -d -p "$PWD") && cd "$d" && rmdir "$d" && "$1" lab -- pwd'
        assert "$output" == /root
        odd 'd=$(mktemp -d -p "$PWD") && cd "$d" && rmdir "$d" && "$1" compare >/dev/null'
        odd 'd=$(mktemp -d -p "$PWD") && cd "$d" && chmod 0 "$d" && "$1" run -- pwd && rmdir "$d"'
        assert "$output" == /
        # A directory that only its owner may enter, as /root is: 0 inside may be somebody else.
        local words
        for words in "--only user" "--only user,mnt" "--only user,pid,mnt,proc,net" --no-root; do
            odd 'd=$(mktemp -d -p "$PWD") && cd "$d" && "$1" run '"$words"' -- echo in && rmdir "$d"'
            assert "$output" == in "$words"
        done
    done
}

@test "an empty environment, an odd one, no name" {
    requires userns
    local who
    for who in $(people); do
        odd 'env -i "$1" run -- sh -c "echo in; command -v ls"'
        assert "$output" =~ ^in$'\n'/
        odd 'env -i "$1" run --only user -- sh -c "echo in"'
        assert "$output" == in
        odd 'env -i "$1" lab -- sh -c "command -v minicontainer; ls ~/diary"'
        assert "$output" contains /root/diary
        odd 'env -i "$1" compare'
        odd 'env - = "$1" run -- echo in' # a variable without a name
        assert "$output" == in
        odd 'PATH= HOME= TERM= LANG= "$1" run -- echo in'
        assert "$output" == in
        odd 'HOME=/nowhere "$1" run -- sh -c "cd && pwd"'
        assert "$output" == /root
        odd '(exec -a "" "$1" run -- echo in)'
        assert "$output" == in
        odd '(exec -a "" "$1") | head -n 1'
        assert "$output" contains Usage
        odd '(exec -a "$(head -c 5000 /dev/zero | tr "\0" a)" "$1" run -- echo in)'
        assert "$output" == in
        odd '(exec -a "" "$1" run --init -- cat /proc/1/comm)'
        assert "$output" != ""
    done
}

@test "nohup, no controlling terminal, signals ignored or blocked" {
    requires userns
    local who
    for who in $(people); do
        odd 'nohup "$1" run -- echo in </dev/null 2>&1 | grep -v ^nohup'
        assert "$output" == in
        odd 'setsid -w "$1" run -- echo in'
        assert "$output" == in
        odd 'trap "" PIPE HUP INT TERM QUIT USR1 USR2 WINCH TSTP TTIN TTOU
            exec "$1" run -- grep -E "^Sig(Ign|Blk)" /proc/self/status'
        assert "$output" == $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
        odd 'trap "" CHLD; exec "$1" run -- sh -c "echo in; exit 0"'
        assert "$output" == in
        odd 'trap "" CHLD; exec "$1" run --init -- sh -c "sh -c true; echo in"'
        assert "$output" == in
        odd 'trap "" CHLD; exec "$1" run --no-pid -- echo in'
        assert "$output" == in
        odd 'trap "" PIPE; "$1" run -- sh -c "yes | head -n 1"'
        assert "$output" == y
        odd '"$1" run -- yes | head -n 1'
        assert "$output" == y
    done
    no_process_left
}

@test "few descriptors allowed, and many inherited" {
    requires userns
    local who n
    for who in $(people); do
        for n in 64 32 20; do
            odd "ulimit -n $n"'; "$1" run -- echo in'
            assert "$output" == in "ulimit -n $n"
        done
        # Too few: a message, not a riddle.
        odd 'ulimit -n 5; "$1" run -- echo in || echo "status $?"'
        if [ "$output" != in ]; then
            assert "$output" == "status 125"
            assert "$stderr" contains "Too many open files"
        fi
        odd 'ulimit -n 1024; for ((i = 3; i <= 500; i++)); do eval "exec $i</"; done
            exec "$1" run -- sh -c "echo /proc/self/fd/*"'
        assert "$output" == "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3" \
            "3 is the shell's own, reading the directory"
        # A number above the limit, as after a later `ulimit -n`.
        odd 'exec 300</ 301</; ulimit -n 256; exec "$1" run -- sh -c "echo /proc/self/fd/*"'
        assert "$output" lacks "/fd/30"
        odd 'for ((i = 3; i <= 500; i++)); do eval "exec $i</"; done
            exec "$1" run --init --no-pid -- sh -c "ls /proc/self/fd | wc -l"'
        assert "$output" -le 4
        odd 'ulimit -s 256; "$1" run -- echo in'
        assert "$output" == in "a small stack"
        odd 'umask 777; "$1" run -- sh -c "umask; echo x >/tmp/x; cat /tmp/x /etc/hostname"'
        assert "$output" == $'0022\nx\nbox' "an odd umask"
    done
    no_process_left
}

# -------------------------------------------------------------------------- machines that refuse

# refused CAUSE CURE COMMAND...: the program, started by COMMAND, says both; 125; nothing is left.
refused() {
    local cause=$1 cure=$2
    shift 2
    $who call -125 "$@"
    assert "$output" == ""
    assert "$stderr" =~ "minicontainer: .* failed: E[A-Z]+ \([A-Z][a-z ]+\)"
    assert "$stderr" =~ "  cause:  .*$cause"
    assert "$stderr" =~ "  cure:   .*$cure"
    assert "$stderr" !~ "Success|\(null\)"
}

@test "Docker's and devcontainers' seccomp filter: cause and cure" {
    requires userns cc
    build_deny
    local who before words
    before=$(fingerprint)
    for who in $(people); do
        for words in "run -- true" "lab -- true" "compare" "compare uts"; do
            # shellcheck disable=SC2086
            refused "seccomp.*Docker" "seccomp=unconfined" \
                ./deny clone:EPERM clone3:ENOSYS unshare:EPERM mount:EPERM setns:EPERM \
                pivot_root:EPERM -- "$MC" $words
        done
        # Filters that let some calls pass, as Podman's and docker run --cap-add SYS_ADMIN.
        refused "seccomp" "seccomp=unconfined" ./deny mount:EPERM -- "$MC" run -- true
        refused "seccomp" "seccomp=unconfined.*--no-root" ./deny pivot_root:EPERM -- "$MC" run
        refused "Podman" "--no-uts" ./deny sethostname:EPERM -- "$MC" run -- true
        refused "." "." ./deny unshare:EPERM -- "$MC" run -- true
        refused "." "." ./deny setns:EPERM -- "$MC" run -- true
        # What may fail without harm does not stop us.
        $who call ./deny keyctl:EPERM -- "$MC" run -- echo in
        assert "$output" == in
    done
    no_process_left
    assert "$(fingerprint)" == "$before"
}

@test "the cure that a refusal names works: --no-root, --no-uts, --no-time" {
    requires userns cc
    build_deny
    local who pair
    for who in $(people); do
        for pair in pivot_root:EPERM=--no-root pivot_root:EINVAL=--no-root \
            sethostname:EPERM=--no-uts unshare:EINVAL=--no-time; do
            $who call ./deny "${pair%=*}" -- "$MC" run "${pair#*=}" -- echo in
            assert "$output" == in "$pair"
        done
    done
}

@test "a failed call names its line and its chapter, and both are right" {
    requires userns cc
    build_deny
    local pair line chapter
    for pair in sethostname:2 pivot_root:6 unshare:11; do
        call -125 ./deny "${pair%:*}:EINVAL" -- "$MC" run -- true
        chapter=${pair#*:}
        assert "$stderr" =~ "  where:  line [0-9]+, chapter and lesson $chapter: minicontainer source $chapter"
        line=$(sed -n 's/^  where:  line \([0-9]*\),.*/\1/p' <<<"$stderr")
        assert "$(sed -n "${line}p" "$MC_TREE/minicontainer.c")" contains "${pair%:*}"
        mc source "$chapter"
        assert "$output" =~ " $line  " "the chapter has this line"
    done
}

@test "security modules, kernels without namespaces, initramfs: cause and cure" {
    requires userns cc
    build_deny
    local who
    for who in $(people); do
        refused "AppArmor.*SELinux|SELinux.*AppArmor" "What laptops refuse|what-laptops-refuse" \
            ./deny clone3:EACCES -- "$MC" run -- true
        refused "AppArmor|SELinux" "apparmor=unconfined" ./deny mount:EACCES -- "$MC" run -- true
        refused "built without" "/proc/self/ns" ./deny clone3:EINVAL -- "$MC" run -- true
        refused "time namespace" "--no-time" ./deny unshare:EINVAL -- "$MC" run -- true
        refused "initramfs" "--no-root" ./deny pivot_root:EINVAL -- "$MC" run -- true
        refused "too many|nested" "max_" ./deny clone3:ENOSPC -- "$MC" run -- true
    done
    # WSL 1 has no /proc/self/ns/user.
    who=as_user
    refused "WSL 1" "wsl --set-version" unshare --user --map-root-user --mount sh -c '
        mount -t tmpfs none /proc && mkdir -p /proc/self/ns &&
        echo "0 0 4294967295" | tee /proc/self/uid_map >/proc/self/gid_map && exec "$@"' sh ./deny clone3:EINVAL -- "$MC" run -- true
    no_process_left
    # The page that a cure points to is there.
    assert "$(grep -ic '^#.*what laptops refuse' "$MC_TREE/lessons/README.md")" -ge 1
}

# The cgroups of limits that are there, of whom ever.
limit_cgroups() { find /sys/fs/cgroup -name 'minicontainer-*' 2>/dev/null | sort; }

@test "a start with limits that fails leaves no cgroup, wherever it fails" {
    requires userns limits cc
    build_deny
    local words before tried=0
    before=$(limit_cgroups)
    while IFS= read -r words; do
        # shellcheck disable=SC2086  # words
        call -any ./deny $words
        tried=$((tried + 1))
        assert "$(limit_cgroups)" == "$before" "$words: status $status"
        assert "$status" -ge 125 "$words"
    done <<CALLS
clone3:EPERM -- $MC run --memory 50M -- true
clone3:ENOSYS -- $MC run --pids-limit 20 -- true
fsmount:EPERM -- $MC run --memory 50M -- true
unshare:EPERM -- $MC run --cpus 0.5 -- true
mount:EPERM -- $MC run --pids-limit 20 -- true
sethostname:EPERM -- $MC run --pids-limit 20 -- true
pivot_root:EPERM -- $MC run --memory 50M --cpus 0.5 --pids-limit 20 -- true
open_tree:EPERM -- $MC run --pids-limit 20 --volume /usr:/mnt -- true
mount_setattr:EPERM -- $MC run --pids-limit 20 --init -- true
socket:EPERM -- $MC run --pids-limit 20 -- nosuch
setns:EPERM -- $MC run --no-pid --pids-limit 20 -- true
CALLS
    assert "$tried" -ge 10
    # What the program refuses, and what the command does.
    for words in "--workdir /nosuch -- true" "--image /usr/nosuch -- true" "--image /usr -- true" \
        "-- nosuch" "-- /etc" "-v /nosuch:/mnt -- true" "-- false" "--no-pid --init -- sh -c exit" \
        "--explain -- sh -c 'kill -9 \$\$'" "--cap-add no -- true" "--only limits -- true"; do
        eval "mc -any run --memory 50M --pids-limit 20 $words"
        assert "$(limit_cgroups)" == "$before" "$words"
    done
    # Too small for the program itself: the child cannot be made.
    mc -any run --only user,limits --pids-limit 1 --init -- true
    assert "$(limit_cgroups)" == "$before"
    no_process_left
}

# ------------------------------------------------------------------------------- older kernels

@test "before Linux 5.12: refused, with cause and cure, whichever call is missing" {
    requires userns cc
    build_deny
    local who name words
    mkdir -p image/bin image/proc image/sys image/dev
    cp /bin/true image/bin
    for who in $(people); do
        for name in clone3 close_range fsopen fsconfig fsmount move_mount openat2 mount_setattr; do
            for words in "run -- true" "lab true" "run --image ./image -- /bin/true"; do
                # What a filter hides is not to be told from what an old kernel has not.
                # shellcheck disable=SC2086
                $who call -125 ./deny "$name:ENOSYS" -- "$MC" $words
                assert "$output" == ""
                assert "$stderr" =~ "minicontainer: .* failed: ENOSYS \(Function not implemented\)"
                assert "$stderr" =~ "  cause:  .*seccomp filter"
                if [ "$name" != clone3 ]; then
                    assert "$stderr" =~ "  cause:  this kernel is older than 5\.12"
                    assert "$stderr" =~ "  cure:   a newer kernel"
                fi
            done
        done
        # Not asked for, not missed.
        $who call ./deny fsopen:ENOSYS openat2:ENOSYS mount_setattr:ENOSYS -- "$MC" run --only user -- echo in
        assert "$output" == in
        refused "5\.12" "newer" ./deny open_tree:ENOSYS -- "$MC" run --volume /usr:/mnt -- true
        refused "5\.12" "newer" ./deny open_tree:ENOSYS -- "$MC" run --image ./image -- /bin/true
    done
    no_process_left
}

# In a mount table of our own: mounts below /usr, below a volume and below an image; one of them
# hidden by another, one with a blank in its name.
for SPOT in /usr/local /usr/src /usr/share; do if [ -d $SPOT ]; then break; fi; done
MORE_MOUNTS="mount -t tmpfs none $SPOT && mkdir $SPOT/deep '$SPOT/a b' &&
    mount -t tmpfs none $SPOT/deep && mount -t tmpfs none '$SPOT/a b' &&"'
    mount -t tmpfs none v/sub && mkdir v/sub/hidden && mount -t tmpfs none v/sub/hidden &&
    mount -t tmpfs none v/sub && mount -t tmpfs none image/mnt && exec "$@"'

# Starts COMMAND with these mounts, as root of the machine or as who has made a user namespace.
with_mounts() {
    local own=(--user --map-root-user)
    if [ "$($who id -u)" = 0 ]; then own=(--propagation private); fi
    $who call "${flag[@]}" unshare --mount "${own[@]}" sh -c "$MORE_MOUNTS" sh "$@"
}

@test "what is read-only cannot be written, nor what is mounted below it" {
    requires userns busybox
    local who dir dirs flag path
    mkdir -p image/bin image/proc image/mnt v/sub
    cp "$(command -v busybox)" image/bin/touch
    chmod -R a+rX image v
    chmod -R a+w image/mnt v
    for who in $(people); do
        dirs="/usr $SPOT $SPOT/deep $SPOT/a?b /mnt /mnt/sub /sys"
        flag=(-any)
        with_mounts "$MC" run --volume "$PWD/v:/mnt:ro" -- \
            sh -c "for dir in $dirs; do touch \"\$dir/x\"; done"
        for dir in /usr "$SPOT" "$SPOT/deep" "$SPOT/a b" /mnt /mnt/sub /sys; do
            assert "$stderr" contains "'$dir/x': Read-only file system" "$who: $dir"
        done
        # Control: without :ro it can.
        flag=()
        with_mounts "$MC" run --volume "$PWD/v:/mnt" -- touch /mnt/x
        rm v/x
        for path in /bin/touch /mnt/touch; do
            flag=(-1)
            with_mounts "$MC" run --image ./image --read-only -- /bin/touch "$path"
            assert "$stderr" contains "Read-only file system" "$who: $path in the image"
        done
    done
}

@test "user.max_user_namespaces=0, for real" {
    requires userns
    local who=as_user
    refused "user.max_user_namespaces" "sysctl -w user.max_user_namespaces=" \
        unshare --user --map-root-user sh -c '
            echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$MC" run -- true
    refused "." "max_" unshare --user --map-root-user sh -c '
            echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' sh "$MC" run -- true
    as_user call unshare --user --map-root-user sh -c '
            echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' sh "$MC" run --no-net -- echo in
    assert "$output" == in
}

@test "in a chroot, for real" {
    requires userns
    local who=as_user
    refused "chroot" "--image" unshare --user --map-root-user --mount sh -c '
        mount -t tmpfs none /mnt && mkdir /mnt/root && mount --rbind / /mnt/root &&
        exec chroot /mnt/root "$@"' sh "$MC" run -- true
}

@test "a masked /proc, as in Docker and Podman, for real" {
    requires userns
    local who=as_user
    refused "mask.* /proc" "systempaths=unconfined.*unmask=ALL.*--no-proc" \
        unshare --user --map-root-user --mount --pid --fork --mount-proc sh -c '
        mount --bind /dev/null /proc/meminfo && "$@"' sh "$MC" run -- true
    # And what the cure says works.
    as_user call unshare --user --map-root-user --mount --pid --fork --mount-proc sh -c '
        mount --bind /dev/null /proc/meminfo && "$@"' sh "$MC" run --no-proc -- echo in
    assert "$output" == in
    no_process_left
}

@test "kernel.unprivileged_userns_clone=0: cause and cure" {
    requires userns cc strace
    # Debian's old switch is not in every kernel: a file of that name in a mount namespace of our
    # own, and a clone3(2) that strace makes fail as the switch does.
    local who=as_user
    refused "unprivileged_userns_clone=0" "sysctl -w kernel.unprivileged_userns_clone=1" \
        unshare --user --map-root-user --mount sh -c '
        mount -t tmpfs none /proc/sys/kernel && echo 0 >/proc/sys/kernel/unprivileged_userns_clone
        exec strace -o /dev/null -e trace=clone3 -e inject=clone3:error=EPERM "$@"' \
        sh "$MC" run -- true
}

@test "Ubuntu's AppArmor restriction: the write of uid_map fails, cause and cure" {
    requires userns strace
    local who=as_user n
    # Which write(2) of the program is the one of uid_map?
    as_user call unshare --user --map-root-user strace -y -o log -e trace=write "$MC" run -- true
    n=$(grep '^write(' log | grep -n '/uid_map>' | head -n 1 | cut -d: -f1)
    assert "$n" -ge 1 "the write of uid_map was found"
    refused "Ubuntu.*AppArmor|AppArmor.*Ubuntu" "apparmor_restrict_unprivileged_userns=0" \
        unshare --user --map-root-user --mount sh -c '
        mount -t tmpfs none /proc/sys/kernel
        echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns
        exec strace -o /dev/null -e trace=write -e inject=write:error=EPERM:when='"$n"' "$@"' \
        sh "$MC" run -- true
    assert "$stderr" contains uid_map
}
