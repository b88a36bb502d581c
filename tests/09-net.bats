# 09-net.bats -- a network of its own: interfaces, addresses, ports, abstract sockets.

# shellcheck disable=SC2086  # $set and $way are words

load helpers

id='readlink /proc/self/ns/net'

# A server in the background: NAME is a port of 127.0.0.1, a path, or @abstract. $server is its
# PID; it has its name when this returns. It ends by itself after a minute.
serve() { # NAME
    rm -f serving
    perl -MSocket -e '
        my $n = shift;
        alarm 60;
        if ($n =~ /^\d+$/) {
            socket S, AF_INET, SOCK_STREAM, 0;
            bind S, sockaddr_in($n, inet_aton("127.0.0.1")) or die "bind: $!\n";
            ($n) = sockaddr_in(getsockname S);
        } else {
            socket S, AF_UNIX, SOCK_STREAM, 0;
            bind S, pack_sockaddr_un($n =~ s/^@/\0/r) or die "bind: $!\n";
        }
        listen S, 9;
        $| = 1; print "$n\n";
        while (accept C, S) { close C }' "$1" >serving 2>&1 3>&- 4>&- &
    server=$!
    wait_for '[ -s serving ]'
    assert "$(<serving)" lacks bind:
}

# A client of the same, as a program for perl: prints "connected" or the error.
client='use Socket; my $n = shift;
    if ($n =~ /^\d+$/) {
        socket S, AF_INET, SOCK_STREAM, 0;
        $to = sockaddr_in($n, inet_aton("127.0.0.1"));
    } else {
        socket S, AF_UNIX, SOCK_STREAM, 0;
        $to = pack_sockaddr_un($n =~ s/^@/\0/r);
    }
    $! = 0;
    print connect(S, $to) ? "connected\n" : "$!\n"'

teardown() {
    if [ -n "${server-}" ]; then kill "$server" 2>/dev/null || true; fi
}

@test "without it the network is ours, with it another; --network=host is without" {
    requires userns
    local here set
    here=$(eval "$id")
    for set in --none "--only user" --no-net --net=host --network=host "--network host"; do
        mc run $set -- sh -c "$id"
        assert "$output" == "$here" "run $set"
    done
    for set in "" "--only user,net" --net --network=none "--network none"; do
        mc run $set -- sh -c "$id"
        assert "$output" != "$here" "run $set"
        assert "$output" =~ "^net:\[[0-9]+\]$" "run $set"
    done
    # Another value is the name of a network (21).
    mc -125 run --network=bridge -- true
    assert "$stderr" contains "--network bridge"
    # A value is wanted: the row's word is --net.
    mc -125 run --network -- true
    assert "$stderr" contains "--network"
}

@test "inside there is lo, it is up, and has 127.0.0.1" {
    requires userns ip
    local set
    for set in "" "--only user,net" "--only user,net,mnt,root"; do
        mc run $set -- ip -o -4 addr
        assert "$output" contains "127.0.0.1/8" "run $set"
        assert "${#lines[@]}" -eq 1 "run $set: one address"
        mc run $set -- ip -o link show lo
        assert "$output" =~ "<LOOPBACK,UP,LOWER_UP>" "run $set"
    done
    # Nothing of ours is among its interfaces but names that every network has (lo, tunl0 ...).
    call ip -o link show up
    local name
    for name in "${lines[@]}"; do # "2: eth0: <...", "3: v0@v1: <..."
        name=${name#*: }
        name=${name%%[:@]*}
        if [ "$name" = lo ]; then continue; fi
        mc -any run -- ip link show "$name" up
        assert "$output" !~ "[<,]UP[,>]" "$name is in the container"
    done
}

@test "ping to lo works, and who may ping is set for this network alone" {
    requires userns ping
    local set before
    before=$(cat /proc/sys/net/ipv4/ping_group_range)
    for set in "" --init "--only user,net" "--only user,net,pid,mnt,proc"; do
        mc run $set -- ping -c 1 -W 5 127.0.0.1
        assert "$output" contains " 0% packet loss" "run $set"
        mc run $set -- cat /proc/sys/net/ipv4/ping_group_range
        assert "$output" =~ ^0[[:space:]]0$ "run $set"
    done
    assert "$(cat /proc/sys/net/ipv4/ping_group_range)" == "$before"
}

# The kernel keeps the names in /proc/sys/net for each network, in one chain for each /proc: with 1,000
# containers alive, a look into the machine's took a quarter of a start.
@test "with a /proc of its own, a start asks nothing of the machine's /proc/sys/net" {
    requires userns strace
    call strace -f -qq -o log -e trace=open,openat "$MC" run true
    grep -E '"/?(proc/)?sys/net/' log >asked
    assert "$(cat asked)" contains '"sys/net/ipv4/ping_group_range"'
    assert "$(cat asked)" !~ '"/proc/sys/net'
}

@test "two servers have the same port" {
    requires userns perl
    serve 0
    local port
    port=$(<serving)
    local listen='use Socket; socket S, AF_INET, SOCK_STREAM, 0;
        bind S, sockaddr_in(shift, INADDR_ANY) or die "$!\n"; listen S, 1; print "serving\n"'
    mc -any run --only user -- perl -e "$listen" "$port"
    assert "$stderr" contains "Address already in use"
    assert "$status" -ne 0
    mc run --only user,net -- perl -e "$listen" "$port"
    assert "$output" == serving
    mc run -- perl -e "$listen" "$port"
    assert "$output" == serving
}

@test "a port below 1024 belongs to root of the container" {
    requires userns perl
    mc run --only user,net -- perl -e 'use Socket; socket S, AF_INET, SOCK_STREAM, 0;
        bind S, sockaddr_in(80, INADDR_ANY) or die "$!\n"; print "serving\n"'
    assert "$output" == serving
}

@test "our servers cannot be reached: not by port, not by an abstract name" {
    requires userns perl
    local name
    for name in 0 "@mc-test-$$-$BATS_TEST_NUMBER"; do
        serve "$name"
        name=$(<serving)
        call perl -e "$client" "$name"
        assert "$output" == connected
        mc run --only user -- perl -e "$client" "$name"
        assert "$output" == connected "without net: $name"
        mc run --only user,net -- perl -e "$client" "$name"
        assert "$output" == "Connection refused" "with net: $name"
        mc run -- perl -e "$client" "$name"
        assert "$output" == "Connection refused" "with all: $name"
        kill "$server"
    done
}

@test "a socket with a path is a file: the network does not hold it back, root does" {
    requires userns perl
    umask 0 # to connect is to write; in a container of root's we are somebody else
    serve door
    mc run --only user,net -- perl -e "$client" door
    assert "$output" == connected
    mc run -- perl -e "$client" "$PWD/door"
    assert "$output" == "No such file or directory"
    # A volume lets it in again.
    mc run -v "$PWD/door:/run/door" -- perl -e "$client" /run/door
    assert "$output" == connected
}

@test "there is no way out" {
    requires userns perl
    mc run -- cat /proc/net/route
    assert "${#lines[@]}" -le 1 "a heading at most"
    # 192.0.2.1 is nobody's address (RFC 5737): what counts is which error comes.
    mc run -- perl -e 'use Socket; socket S, AF_INET, SOCK_STREAM, 0;
        connect S, sockaddr_in(80, inet_aton("192.0.2.1")); print "$!\n"'
    assert "$output" == "Network is unreachable"
    mc run --explain -- true
    assert "$stderr" =~ "now   net: [^"$'\n'"]*no way out"
}

@test "look: the way out is a default route, not a neighbour" {
    requires userns ip
    mc lab sh -c 'ip link add t0 type veth 2>/dev/null && ip link set t0 up &&
        ip addr add 10.97.0.1/24 dev t0 && grep -c ^t0 /proc/net/route &&
        minicontainer look --porcelain && ip route add default dev t0 && minicontainer look || :'
    if [ "$output" = "" ]; then skip "no veth in this kernel"; fi
    assert "${lines[0]}" == 1 "there is a route to the neighbours"
    assert "$output" =~ $'\n'net$'\t[0-9:]+\t.*t0 10.97.0.1, no way out\n'
    assert "$output" =~ 't0 10.97.0.1, a way out'
}

@test "look: a route that only refuses is no way out, and a default route of IPv6 is one" {
    requires userns ip
    if [ ! -e /proc/net/ipv6_route ]; then skip "no IPv6 in this kernel"; fi
    mc lab sh -c 'way() { minicontainer look --porcelain | sed -n "s/^net.*, /$1: /p"; }
        ip link add t0 type veth 2>/dev/null && ip link set t0 up || exit 0
        echo 0 >/proc/sys/net/ipv6/conf/t0/disable_ipv6
        way nothing
        ip route add unreachable default; way "refused, IPv4"
        ip -6 route add unreachable default; way "refused, IPv4 and IPv6"
        ip -6 route del unreachable default; ip -6 addr add fd97::1/64 dev t0 nodad
        way "a neighbour, IPv6"
        ip -6 route add 2000::/3 dev t0; way "a part of IPv6"
        ip -6 route add default dev t0; way "IPv6, by a cable"; ip -6 route del default
        ip -6 route add default via fd97::2 dev t0; way "IPv6, by a router"; ip -6 route del default
        ip route del unreachable default; ip addr add 10.97.0.1/24 dev t0
        ip route add default via 10.97.0.2; way "IPv4, by a router"'
    if [ "$output" = "" ]; then skip "no veth in this kernel"; fi
    assert "$output" == "nothing: no way out
refused, IPv4: no way out
refused, IPv4 and IPv6: no way out
a neighbour, IPv6: no way out
a part of IPv6: no way out
IPv6, by a cable: a way out
IPv6, by a router: a way out
IPv4, by a router: a way out"
    assert "$stderr" == ""
}

@test "an address that a container gives itself is not ours" {
    requires userns ip
    local before
    before=$(fingerprint)
    mc run --only user,net -- sh -c 'ip addr add 10.97.0.7/8 dev lo && ip -o addr show dev lo'
    assert "$output" contains 10.97.0.7
    assert "$(fingerprint)" == "$before"
    # Where nothing is isolated, and we may: it is the lab's.
    mc lab -- sh -c 'minicontainer run --only none -- ip addr add 10.97.0.7/8 dev lo; ip -o addr'
    assert "$output" contains 10.97.0.7
    mc lab -- sh -c 'minicontainer run --only net -- ip addr add 10.97.0.7/8 dev lo; ip -o addr'
    assert "$output" lacks 10.97.0.7
    assert "$output" contains 10.0.0.1/8
    assert "$(fingerprint)" == "$before"
}

@test "/sys/class/net is stale without proc, and fresh with it" {
    requires userns
    local here
    here=$(ls /sys/class/net)
    mc run --only user,net -- ls /sys/class/net
    assert "$output" == "$here" "the /sys of outside shows the network of outside"
    mc run --only user,net,mnt,pid,proc -- sh -c \
        'ls /sys/class/net; echo; sed -n "s/^ *\([^ :]*\):.*/\1/p" /proc/net/dev | sort'
    assert "${output%%$'\n\n'*}" == "${output#*$'\n\n'}" "both show this network"
    assert "$output" has-line lo
    mc -any run -- mkdir /sys/class/net/x
    assert "$status" -ne 0
    # Without net the row proc shows the machine's /sys, and that is read-only too.
    mc run --no-net -- ls /sys/class/net
    assert "$output" == "$here"
    mc -any run --no-net -- sh -c 'echo >/sys/kernel/mm/transparent_hugepage/enabled'
    assert "$status" -ne 0
}

@test "the victim of a lab is safe behind net, and lo there has a second address" {
    requires userns perl ip
    mc lab -- ip -o -4 addr
    assert "$output" contains "127.0.0.1/8"
    assert "$output" contains "10.0.0.1/8"
    mc lab -- minicontainer run --only none -- perl -e "$client" @victim
    assert "$output" == connected
    mc lab -- minicontainer run --only net -- perl -e "$client" @victim
    assert "$output" == "Connection refused"
}

@test "a cable can be made inside (veth), and is gone with the container" {
    requires userns ip
    local before
    before=$(fingerprint)
    as_user call -any unshare --user --map-root-user --net ip link add v0 type veth peer name v1
    if [ "$status" -ne 0 ]; then skip "no veth on this machine"; fi
    mc run --cap-add NET_ADMIN -- sh -c 'ip link add v0 type veth peer name v1 && ip -o link show v0'
    assert "$output" contains v0@v1
    # By default root inside has not the right: its network is as it was made.
    mc -any run -- sh -c 'ip link add v0 type veth peer name v1; ip addr add 10.0.0.7/8 dev lo
        ip link set lo down; ip -br addr'
    assert "$(grep -c 'Operation not permitted' <<<"$stderr")" -eq 3
    assert "$output" =~ '^lo +UNKNOWN +127.0.0.1/8 [^v]*$'
    assert "$(fingerprint)" == "$before"
}

@test "compare net shows a lab that changed, and one that did not" {
    requires userns ip
    mc compare net
    assert "$output" contains "10.0.0.7"
    assert "$output" contains "unchanged"
    assert "$output" =~ "without net.*with net"
}
