# 08-ipc.bats -- chapter 8: System V objects and POSIX message queues.
#
# Every object is made in a lab or in a container: none is left on the machine.

load helpers

# A POSIX message queue has no tool of its own: mq make|send|take NAME [TEXT].
setup_file() {
    cat >"$BATS_FILE_TMPDIR/mq.c" <<'EOF'
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    char text[64] = "";
    struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = sizeof text };
    mqd_t queue = strcmp(argv[1], "make") == 0
        ? mq_open(argv[2], O_RDWR | O_CREAT | O_EXCL, 0666, &attr) : mq_open(argv[2], O_RDWR | O_NONBLOCK);

    if (queue == (mqd_t)-1) {
        perror("mq_open");
        return 1;
    }
    if (argc > 3)
        return mq_send(queue, argv[3], strlen(argv[3]), 0) < 0;
    if (strcmp(argv[1], "take") == 0 && mq_receive(queue, text, sizeof text, NULL) >= 0)
        puts(text);
    return 0;
}
EOF
    cc -o "$BATS_FILE_TMPDIR/mq" "$BATS_FILE_TMPDIR/mq.c" -lrt 2>/dev/null || true
}

# mq into the work directory, where every container of these tests finds it as /mq.
need_mq() {
    requires cc
    cp "$BATS_FILE_TMPDIR/mq" mq || return 1
}

machine() { readlink /proc/self/ns/ipc; }
keys() { awk '$1 ~ /^0x/ { print $1 }' <<<"$output"; }

@test "control: without ipc the namespace is the machine's" {
    local how
    for how in '--only user' --no-ipc --ipc=host '--only user,mnt,pid,root'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- readlink /proc/self/ns/ipc
        assert "$output" == "$(machine)" "$how"
    done
    mc run --no-ipc -- cat /proc/sysvipc/shm
    assert "${#lines[@]}" == "$(wc -l </proc/sysvipc/shm)"
}

@test "with ipc the namespace is another, empty, and no other row changes" {
    local before
    before=$(fingerprint)
    mc run --only user,ipc -- readlink /proc/self/ns/ipc
    assert "$output" =~ '^ipc:\[[0-9]+\]$'
    assert "$output" != "$(machine)"
    mc run -- readlink /proc/self/ns/ipc
    assert "$output" != "$(machine)"
    mc run --only user,ipc -- readlink /proc/self/ns/{uts,pid,mnt,net,cgroup,time}
    assert "$output" == "$(readlink /proc/self/ns/{uts,pid,mnt,net,cgroup,time})"
    mc run -- cat /proc/sysvipc/msg /proc/sysvipc/shm /proc/sysvipc/sem
    assert "${#lines[@]}" == 3 "three headings and no object"
    assert "$(fingerprint)" == "$before"
}

@test "a queue of the lab: seen and removed without ipc, neither with it" {
    requires ipcs
    mc -any lab sh -c 'minicontainer run --only none -- ipcs -q; echo --
        minicontainer run --only ipc -- ipcs -q; echo --
        minicontainer run --only ipc -- ipcrm -q 0; minicontainer run --only ipc -- ipcrm --all=msg
        ipcs -q; echo --; minicontainer run --only none -- ipcrm -q 0; ipcs -q'
    local part=() said=$output
    mapfile -t part < <(awk 'BEGIN { RS = "--\n" } { n = gsub(/0x[0-9a-f]+/, "&"); print n }' <<<"${said//------ Message Queues --------/}")
    assert "${part[*]}" == "1 0 1 0"
    assert "$stderr" contains "invalid id"
}

@test "the message in the lab's queue stays unread from inside" {
    requires perl
    local get='my $q = msgget(0x0d1a21, 0); defined $q or exit 3; my $m;
        msgrcv($q, $m, 64, 0, 04000) or exit 4; print substr($m, 8) =~ /noon/ ? "read\n" : "?\n"'
    printf '%s\n' "$get" >get.pl
    mc lab sh -c 'cat >get.pl
        minicontainer run --only ipc -- perl get.pl; echo $?
        minicontainer run --only none -- perl get.pl; echo $?
        minicontainer run --only none -- perl get.pl; echo $?' <get.pl
    assert "$output" == $'3\nread\n0\n4'
}

@test "semaphores and shared memory are in it too" {
    requires ipcs
    mc run -- sh -c 'ipcmk -Q; ipcmk -M 4096; ipcmk -S 1; ipcs | grep -c ^0x'
    assert "${lines[-1]}" == 3
    mc lab sh -c 'ipcmk -M 4096 >/dev/null; ipcmk -S 1 >/dev/null
        minicontainer run --only none -- ipcs | grep -c ^0x
        minicontainer run --only ipc -- ipcs | grep -c ^0x; true'
    assert "$output" == $'3\n0'
}

@test "what a container made ends with it" {
    requires ipcs
    mc run --only user,ipc -- sh -c 'ipcmk -Q -p 0666; ipcmk -M 4096 -p 0666; ipcmk -S 1 -p 0666'
    assert "${#lines[@]}" == 3
    local before
    before=$(cat /proc/sysvipc/msg /proc/sysvipc/sem)
    mc -137 run --init -- sh -c 'ipcmk -Q -p 0666; ipcmk -S 1 -p 0666; kill -9 $$'
    assert "$(cat /proc/sysvipc/msg /proc/sysvipc/sem)" == "$before"
    mc run -- ipcs
    assert "$(keys)" == ""
}

@test "two containers have the same key for two queues" {
    requires perl
    printf 'my $q = msgget(42, 01666); defined $q or die; print "$q\\n";
        msgsnd($q, pack("l! a*", 1, "x"), 0); my $s;
        msgctl($q, 2, $s); print length $s ? "mine\\n" : "\\n"' >make.pl
    mc run -v "$PWD/make.pl:/make.pl:ro" -- perl /make.pl
    local first=$output
    mc run -v "$PWD/make.pl:/make.pl:ro" -- perl /make.pl
    assert "$output" == "$first"
    assert "${lines[1]}" == mine
    # One after the other in one namespace: the second finds the first one's.
    printf 'print defined msgget(42, 0) ? "there\\n" : "none\\n"' >find.pl
    mc run -v "$PWD:/here:ro" -- sh -c 'perl /here/make.pl >/dev/null; perl /here/find.pl'
    assert "$output" == there
    mc run -v "$PWD:/here:ro" -- perl /here/find.pl
    assert "$output" == none
}

@test "POSIX queues: a fresh /dev/mqueue shows those of this namespace" {
    need_mq
    mc run -v "$PWD/mq:/mq:ro" -- sh -c 'ls /dev/mqueue; /mq make /q; /mq send /q hello; ls /dev/mqueue
        /mq take /q; stat -f -c %T /dev/mqueue'
    assert "$output" == $'q\nhello\nmqueue'
    assert "$(ls /dev/mqueue/q 2>/dev/null)" == ""
    mc -1 run -v "$PWD/mq:/mq:ro" -- sh -c 'ls /dev/mqueue; /mq take /q'
    assert "$output" == ""
}

@test "POSIX queues: one of the lab is found without ipc and not with it" {
    need_mq
    base64 mq >mq.b64
    mc lab sh -c 'base64 -d >mq; chmod +x mq; ./mq make /lab; ./mq send /lab secret
        minicontainer run --only ipc -- ./mq take /lab; echo $?
        minicontainer run --only mnt,root,ipc -v "$PWD/mq:/mq" -- sh -c "ls /dev/mqueue; /mq take /lab"
        minicontainer run --only none -- ./mq take /lab' <mq.b64
    assert "$output" == $'1\nsecret'
    assert "$(grep -c 'No such file' <<<"$stderr")" == 2
}

@test "/dev/shm is not ipc's: it is a directory, and goes with mnt and root" {
    mc lab sh -c 'echo file >/dev/shm/x
        minicontainer run --only ipc -- cat /dev/shm/x
        minicontainer run --only mnt,root -- cat /dev/shm/x || echo none
        minicontainer run --only mnt,root,ipc -- sh -c "echo inside >/dev/shm/x"; cat /dev/shm/x
        minicontainer run --only ipc -- sh -c "echo changed >/dev/shm/x"; cat /dev/shm/x'
    assert "$output" == $'file\nnone\nfile\nchanged'
    # The shell's pipes are not ipc's either: they need no name.
    mc run --only user,ipc -- cat <<<through
    assert "$output" == through
}

@test "/dev/mqueue is mounted with ipc, and only then" {
    local how
    for how in --no-ipc '--only user,mnt,root'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- sh -c 'grep -c " /dev/mqueue " /proc/self/mountinfo; ls -d /dev/shm'
        assert "${lines[-1]}" == /dev/shm "$how"
        assert "${lines[0]}" == 0 "$how"
    done
    for how in '' '--only user,mnt,root,ipc'; do
        # shellcheck disable=SC2086
        mc run $how -- grep -c ' /dev/mqueue ' /proc/self/mountinfo
        assert "$output" == 1 "$how"
    done
    # In the machine's own tree, too: what lies there would show the machine's queues.
    if [ -d /dev/mqueue ]; then
        mc run --only user,mnt,ipc -- stat -c '%d %a' /dev/mqueue
        assert "${output#* }" == 1777
        assert "${output% *}" != "$(stat -c %d /dev/mqueue)"
    fi
}

@test "look and compare count the objects" {
    requires ipcs
    mc lab minicontainer look --porcelain
    assert "$output" =~ $'(^|\n)ipc\t[0-9:]+\tqueues 1, shm 0, sem 0(\n|$)'
    # The default probe removes all queues: of the lab on the left, of nobody on the right.
    mc compare ipc
    assert "$output" contains "--only ipc"
    assert "$output" =~ 'queues 1'
    assert "$output" =~ 'queues 0'
}
