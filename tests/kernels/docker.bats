# docker.bats -- what Docker adds, on this kernel: a probe for each chapter from 15 on. A probe is
# what a lesson does, in a few lines, where the kernel decides: what it lets us do, and whether it
# loads the module for it. Nothing here loads one by hand. Who runs it is who tries it. (Run by
# tests/kernels.bash, which runs the files of the chapters, too: see $NETWORKS and $IMAGES there.)

load ../helpers

# The image base: two programs and a file. $store is where it is.
base() {
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/store TMPDIR=$BATS_TEST_TMPDIR
    kept_store self make_small
}

make_small() {
    mkdir -p make/root/etc
    echo Welcome. >make/root/etc/motd
    build_base self sh cat rm sleep
}

# In a lab: a container in the background, that begins with COMMAND; back when it has said "up".
in_lab='up() { # FILE NETWORK COMMAND
    mkfifo "$1.in"
    minicontainer run --network "$2" -- sh -c "$3; echo up; read -r line" <"$1.in" >"$1" 2>&1 &
    eval "exec {fd}>$1.in"
    until grep -q ^up "$1"; do
        kill -0 "$!" 2>/dev/null || { cat "$1"; exit 1; }
        sleep 0.02
    done
}
'
lab() { mc lab bash -c "$in_lab$1"; }

# ---------------------------------------------------------------------------------------------
# The probes
# ---------------------------------------------------------------------------------------------

@test "15 layers: what a container writes and removes is in its own layer" {
    base
    mc run --name one --image base -- sh -c 'echo mine >/log; rm /etc/motd'
    mc diff one
    assert "$(sort <<<"$output" | paste -sd ,)" == "A /log,C /etc,D /etc/motd"
    mc run --image base -- sh -c 'cat /etc/motd; cat /log || echo no log'
    assert "$output" == $'Welcome.\nno log'
}

@test "16 images: a container becomes an image, with what was removed and added" {
    base
    mc run --name one --image base -- sh -c 'echo mine >/log; rm /etc/motd'
    mc stop one
    mc commit one two
    mc run --image two -- sh -c 'cat /log; cat /etc/motd || echo no motd'
    assert "$output" == $'mine\nno motd'
    mc history two
    assert "${lines[1]}" contains "commit one"
}

@test "17 build: a line is a container and a commit" {
    base
    mkdir next
    printf '%s\n' 'FROM base' 'RUN rm /etc/motd && echo built >/page' 'CMD ["cat", "/page"]' \
        >next/Dockerfile
    mc build -t page next
    mc run --image page
    assert "$output" == built
}

@test "18 registry: pushed, pulled into another store, and run there" {
    base
    mc push base stick
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/other
    mc pull base stick
    mc run --image base -- cat /etc/motd
    assert "$output" == Welcome.
}

@test "19 life: a container in the background is seen, entered, stopped, started, removed" {
    base
    mc run -d --name one --image base -- sh -c 'echo born >>/log; exec sleep 1000'
    mc exec one -- cat /log
    assert "$output" == born
    mc stop -t 0 one
    mc start one
    mc exec one -- cat /log
    assert "$output" == $'born\nborn'
    mc rm -f one
    no_process_left
}

@test "20 volumes: what is in one outlives the container" {
    base
    mc run -v data:/data --image base -- sh -c 'echo kept >/data/file'
    mc run -v data:/data:ro --image base -- sh -c 'cat /data/file; echo more >/data/file || :'
    assert "$output" == kept
}

@test "21 networks: two containers reach each other by a bridge, one of another network does not" {
    requires bridge ip ping busybox
    # The server is up when somebody can call.
    lab 'up server front "ip -o -4 addr show dev eth0
            echo hello | busybox nc -l -p 80 &
            until grep -q \":0050 .* 0A \" /proc/net/tcp /proc/net/tcp6; do sleep 0.02; done"
        sed -n "s/.*inet \([^ ]*\).*/server \1/p" server
        minicontainer run --network front -- bash -c "ping -n -c 1 -W 30 172.18.0.2
            cat </dev/tcp/172.18.0.2/80"
        minicontainer run --network back -- ping -n -c 1 172.18.0.2 2>&1
        ip -o link show type bridge | cut -d : -f 2 | sort
        bridge link | grep -o "front.2@.*master [a-z]*"'
    assert "${lines[0]}" == "server 172.18.0.2/16"
    assert "$output" contains "1 received"
    assert "$output" has-line hello
    assert "$output" contains "Network is unreachable"
    assert "$(tail -n 3 <<<"$output")" =~ $'^ back\n front\nfront.2@[^\n]* master front$'
}

@test "22 ports: a call from outside reaches the server inside" {
    requires busybox
    # Until the server listens, who calls is hung up.
    call bash -c '"$MC" run -p 18322:80 -- sh -c "echo hello | busybox nc -l -p 80" &
        while kill -0 $! 2>/dev/null; do
            cat </dev/tcp/127.0.0.1/18322 2>/dev/null
            sleep 0.1
        done
        wait $!'
    assert "$output" has-line hello
}

@test "23 compose: two services, a bridge, a name" {
    requires bridge busybox
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/store
    mkdir -p make/root/bin
    cp -L "$(type -P busybox)" make/root/bin/
    printf '%s\n' 'FROM scratch' 'COPY root /' >make/Dockerfile
    mc build -t base make
    cat >compose.yaml <<'END'
services:
  web:
    image: base
    depends_on: [db]
    command: [busybox, sh, -c, "until busybox nc db 80; do busybox sleep 1; done"]
  db:
    image: base
    command: [busybox, sh, -c, "echo hello | busybox nc -l -p 80"]
END
    mc compose up
    assert "$output" has-line "web         | hello"
    assert "$output" has-line "web ended: status 0"
}

# ---------------------------------------------------------------------------------------------
# Other runtimes
# ---------------------------------------------------------------------------------------------

# bundle RUNTIME COMMAND...: ./bundle, as that runtime itself would have it.
bundle() {
    local runtime=$1 rootless=()
    shift
    if [ "$(id -u)" != 0 ]; then rootless=(--rootless); fi
    rm -rf bundle
    mkdir -p bundle/rootfs/bin
    cp -L "$(type -P busybox)" bundle/rootfs/bin/
    call "$runtime" --root "$PWD/$runtime" spec -b bundle "${rootless[@]}"
    call python3 -c 'import json, sys
config = json.load(open("bundle/config.json"))
config["process"].update(terminal=False, args=sys.argv[1:])
json.dump(config, open("bundle/config.json", "w"))' "$@"
}

# That they can run at all: then what they say of `print oci` is about us.
@test "control: crun and runc run a container of their own" {
    local runtime
    grep -qx ID=kernels /etc/os-release || skip "it is for the machines of tests/kernels.bash"
    requires crun runc python3 busybox
    for runtime in crun runc; do
        bundle "$runtime" busybox sh -c 'busybox id -u; busybox hostname'
        call "$runtime" --root "$PWD/$runtime" run -b bundle "control-$runtime"
        assert "${lines[0]}" == 0 "$runtime"
        assert "${lines[1]}" == "$runtime" "$runtime"
    done
}

# What a process is in, and sees, a line each: namespaces, names, ids, mounts, rights, the filter.
look='for n in uts pid mnt user ipc net cgroup time; do echo "$n $(readlink /proc/self/ns/$n)"; done
hostname; tr -s " " </proc/self/uid_map; echo /proc/[0-9]*; ls /sys/class/net
grep -oE " /(usr|sys|proc|sys/fs/cgroup|dev/pts|dev/mqueue) [^ ]+ r[ow]" /proc/mounts | sort
grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):" /proc/self/status
unshare --uts true 2>/dev/null || echo "no second UTS namespace"
mount -t tmpfs none /mnt 2>/dev/null || echo "no mount"
hostname x 2>/dev/null || echo "no other name"
for f in kcore keys timer_list sys; do echo "$f is covered $(grep -c " /proc/$f " /proc/mounts) times"; done
cd /dev && ls -d null zero full random urandom tty fd ptmx pts shm'

# facts: what was seen ($output), with "shared" and "own" for the ids of namespaces.
facts() {
    local n
    for n in uts pid mnt user ipc net cgroup time; do
        printf 's,^%s .*%s.*,%s shared,;' "$n" "$(stat -Lc %i "/proc/self/ns/$n")" "$n"
    done >rules
    sed -E "$(<rules)s/^([a-z]+) [a-z_]+:\[.*/\1 own/" <<<"$output"
}

# (runc knows no clocks before 1.2; and PID 1 is the command.)
@test "print oci: crun and runc start it, and it looks from inside as run does" {
    local runtime owner
    grep -qx ID=kernels /etc/os-release || skip "it is for the machines of tests/kernels.bash"
    requires crun runc python3
    mc run --no-init --no-time -- sh -c "$look"
    facts >expected
    assert "$(grep -c ' own$' expected)" == 7 "control"
    assert "$(grep -c '^no ' expected)" == 3 "control"
    mkdir -p print/rootfs
    "$MC" print oci --no-time -- sh -c "$look" >print/config.json
    owner=$(python3 -c 'import json
print(json.load(open("print/config.json"))["linux"]["uidMappings"][0]["hostID"])')
    if [ "$(id -u)" = 0 ]; then chown "$owner:$owner" print/rootfs; fi
    for runtime in crun runc; do
        call "$runtime" --root "$PWD/$runtime" run -b print "print-$runtime"
        facts >is
        assert "$(diff expected is)" == "" "$runtime"
    done
}

