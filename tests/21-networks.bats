# 21-networks.bats -- chapter 21: containers that reach each other.
#
# A network is made in a lab and nowhere else: so each test's containers run in one. What is done
# there is a script, which begins with the functions of $in_lab.

load helpers

# up NAME OPTION...: a container in the background, until `down NAME`. NAME is a file: its addresses,
# "eth0 172.18.0.2/16", and what it says; it is there when up returns. $last is its supervisor.
# ask NAME COMMAND: what a shell in that container says to COMMAND.
in_lab='
run() { minicontainer run "$@" </dev/null; }
up() {
    local name=$1
    shift
    mkfifo "$name.in"
    minicontainer run "$@" -- sh -c "ip -o -4 addr | sed -n \"s,.*: \(eth.\) *inet \([^ ]*\).*,\1 \2,p\"
        echo up; while read -r line; do eval \"\$line\"; echo done; done" <"$name.in" >"$name" 2>&1 &
    last=$!
    eval "pid_$name=$last"
    exec {fd}>"$name.in"
    eval "fd_$name=$fd"
    soon grep -q ^up "$name"
}
ask() {
    local fd=fd_$1 before
    before=$(wc -l <"$1")
    echo "$2" >&"${!fd}"
    until tail -n "+$((before + 1))" "$1" | grep -q ^done; do sleep 0.02; done
    tail -n "+$((before + 1))" "$1" | grep -v ^done || :
}
down() {
    local fd=fd_$1 pid=pid_$1
    exec {fd}>&-
    eval "exec ${!fd}>&-"
    wait "${!pid}"
}
soon() { until "$@" >/dev/null 2>&1; do sleep 0.02; done; }
address() { sed -n "s,^${2-eth0} \(.*\)/16,\1,p" "$1"; }
# One answer of a ping: the way is there; none: it is not. (To wait: seconds.)
reach() { ask "$1" "ping -n -q -c 1 -W ${3-10} $2 2>&1 | grep -oE \"[01] received|unreachable\""; }
'

# lab SCRIPT
lab() { mc lab bash -c "$in_lab$1"; }

# json EXPRESSION: of what `ip -j` said, as `j`, by python3. The last line of $output.
json() {
    tail -n 1 <<<"$output" | python3 -c 'import json, sys; j = json.load(sys.stdin)
by = {i["ifname"]: i for i in j}
print(eval(sys.argv[1]))' "$1"
}

needs() { requires userns bridge ip "$@"; }

# links, addresses, routes of this machine, and whether it forwards
machine() {
    ip -o link 2>/dev/null | cut -d : -f 2
    ip -o addr 2>/dev/null | awk '{ print $2, $4 }'
    ip route 2>/dev/null
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding
}

# ---------------------------------------------------------------------------------------------
# Where
# ---------------------------------------------------------------------------------------------

@test "elsewhere than in a lab a network is refused, and nothing is made on the machine" {
    requires userns
    local who words before
    before=$(machine)
    for who in $(people); do
        for words in "run --network front" "run --network=front" "run --only net --network front" \
            "run --network front --network back" "run --no-user --network front" \
            "run --name x --image y --network front" "run -d --image y --network front" \
            "create --image y --network front"; do
            # shellcheck disable=SC2086  # words
            $who mc -125 $words -- true
            assert "${stderr_lines[0]}" starts "minicontainer: --network front: " "$who $words"
            assert "$stderr" has-line "  try:    minicontainer lab"
            assert "$stderr" has-line "  lesson: lessons/21-networks"
            assert "$output" == ""
        done
    done
    assert "$(machine)" == "$before"
}

@test "in a container, or where somebody calls himself lab, it is refused as well" {
    needs
    local who before
    before=$(machine)
    for who in $(people); do
        $who mc -125 run -v "$MC_TREE:/opt/mc" --cap-add NET_ADMIN -- \
            /opt/mc/minicontainer run --network front -- true
        assert "$stderr" has-line "  try:    minicontainer lab" "$who"
    done
    if [ "$(id -u)" = 0 ]; then
        call -125 unshare --net --pid --fork --mount-proc sh -c \
            'echo lab >/proc/1/comm; minicontainer run --network front -- true; s=$?; ip -o link; exit $s'
        assert "$stderr" has-line "  try:    minicontainer lab"
        assert "$output" lacks front
    fi
    assert "$(machine)" == "$before"
}

@test "what a lab does with networks is not seen on the machine" {
    needs
    local who before
    before=$(machine)
    for who in $(people); do
        mkfifo "$who.go"
        $who "$MC" lab bash -c "$in_lab"'up a --network front --network back; ip -br link; read -r _; :' \
            <"$who.go" >"$who.said" 2>&1 3>&- 4>&- &
        exec 7>"$who.go"
        wait_for "grep -q back.2 $who.said"
        assert "$(machine)" == "$before" "$who"
        exec 7>&-
        wait "$!"
    done
    assert "$(machine)" == "$before"
}

# ---------------------------------------------------------------------------------------------
# Who reaches whom
# ---------------------------------------------------------------------------------------------

@test "control: without a network two containers have the same address of lo, and no way" {
    needs ping
    lab 'up a; up b; cat a; ask b "ip -o link | wc -l; ping -c 1 -W 1 172.18.0.2 2>&1"'
    assert "${lines[0]}" == up "no address but that of lo"
    assert "$output" contains "Network is unreachable"
}

@test "two containers of one network reach each other, and the bridge; of two they do not" {
    needs ping
    local who
    for who in $(people); do
        $who lab 'up a --network front; up b --network front; up c --network back
            cat a b c | grep -v up; reach a "$(address b)"; reach b "$(address a)"
            reach a 172.18.0.1; reach c 172.19.0.1; reach a "$(address c)"; reach c "$(address a)"'
        assert "$(paste -sd , <<<"$output")" == "eth0 172.18.0.2/16,eth0 172.18.0.3/16,eth0 172.19.0.2/16,\
1 received,1 received,1 received,1 received,unreachable,unreachable" "$who"
    done
}

@test "a server is reached by its number, by those of its network and by the lab" {
    needs perl
    local who server='use Socket; socket S, AF_INET, SOCK_STREAM, 0;
        bind S, sockaddr_in(80, INADDR_ANY) or die "$!\n"; listen S, 9;
        $| = 1; print "serving\n"; while (accept C, S) { print C "hello\n"; close C }'
    for who in $(people); do
        $who lab "cat >server.pl <<'END'
$server
END
"'          run --network front -v ./server.pl:/srv/server.pl -- perl /srv/server.pl >served &
            soon grep -q serving served
            get="cat </dev/tcp/172.18.0.2/80"
            run --network front -- bash -c "$get"
            bash -c "$get"
            run --network back -- bash -c "$get" 2>&1
            run -- bash -c "$get" 2>&1
            run --network back --network front -- bash -c "$get"'
        assert "${lines[0]}${lines[1]}" == hellohello "$who"
        assert "$(grep -c '^bash: connect: Network is unreachable' <<<"$output")" == 2 "$who"
        assert "${lines[-1]}" == hello
    done
}

@test "a container of two networks reaches both, and is no way between them" {
    needs ping
    lab 'up a --network front; up b --network back; up ab --network front --network back
        cat ab; reach ab "$(address a)"; reach ab "$(address b)"
        reach a "$(address ab)"; reach b "$(address ab eth1)"
        reach a "$(address b)"; reach b "$(address a)"'
    assert "$(paste -sd , <<<"$output")" == "eth0 172.18.0.3/16,eth1 172.19.0.3/16,up,\
1 received,1 received,1 received,1 received,unreachable,unreachable"
}

@test "no default route: no way out fails at once" {
    needs ping
    lab 'run --network front --network back -- sh -c "ip route; ip -6 route show default
        ping -c 1 192.0.2.1 2>&1; :"'
    assert "$(grep -c '^172\.1[89]\.0\.0/16 dev eth[01] ' <<<"$output")" == 2
    assert "$output" lacks default
    assert "${#lines[@]}" == 3
    assert "${lines[2]}" contains "Network is unreachable"
}

@test "look: the addresses, and no way out" {
    needs
    lab 'run --network front -v /opt/minicontainer:/opt/minicontainer -- \
        /opt/minicontainer/minicontainer look --porcelain'
    assert "$output" =~ $'net\t[0-9:]+\t''[^'$'\n'']*eth0 172.18.0.2, no way out'
}

# ---------------------------------------------------------------------------------------------
# What it is made of: ip(8) and bridge(8) are the judges
# ---------------------------------------------------------------------------------------------

@test "a network is a bridge: its name, its MAC, its address" {
    needs python3
    local who
    for who in $(people); do
        $who lab 'run --network front -- true; run --network back -- true; ip -d -j addr'
        assert "$(json '[(n, i["linkinfo"]["info_kind"], i["address"], "UP" in i["flags"],
            [(a["local"], a["prefixlen"]) for a in i["addr_info"] if a["family"] == "inet"])
            for n, i in by.items() if n in ("front", "back")]')" == "[('front', 'bridge', \
'02:42:ac:12:00:01', True, [('172.18.0.1', 16)]), ('back', 'bridge', '02:42:ac:13:00:01', True, \
[('172.19.0.1', 16)])]" "$who"
    done
}

@test "a cable: the outer end is called after the number, is in the bridge, up, and without an address" {
    needs python3
    lab 'up a --network front; up b --network front --network back; ip -d -j addr'
    assert "$(json 'sorted((n, i["master"], i["linkinfo"]["info_kind"], "UP" in i["flags"],
        [a for a in i["addr_info"] if a["family"] == "inet"]) for n, i in by.items() if "." in n)')" \
        == "[('back.2', 'back', 'veth', True, []), ('front.2', 'front', 'veth', True, []), \
('front.3', 'front', 'veth', True, [])]"
    lab 'up a --network front; up b --network front --network back
        soon sh -c "[ \$(bridge link | grep -c forwarding) = 3 ]"; bridge -j link'
    assert "$(json 'sorted((n, i["master"], i["state"]) for n, i in by.items())')" \
        == "[('back.2', 'back', 'forwarding'), ('front.2', 'front', 'forwarding'), \
('front.3', 'front', 'forwarding')]"
}

@test "the inner end: eth0, eth1; its MAC is 02:42 and the address" {
    needs python3
    local who
    for who in $(people); do
        $who lab 'run --network front --network back -- ip -j addr'
        assert "$(json '[(n, i["address"], [(a["local"], a["prefixlen"], a.get("broadcast"))
            for a in i["addr_info"] if a["family"] == "inet"]) for n, i in by.items() if "eth" in n]')" \
            == "[('eth0', '02:42:ac:12:00:02', [('172.18.0.2', 16, '172.18.255.255')]), \
('eth1', '02:42:ac:13:00:02', [('172.19.0.2', 16, '172.19.255.255')])]" "$who"
    done
}

@test "front.2@if2 and eth0@if3: each end says the number of the other, over there" {
    needs
    lab 'up a --network front; ip -o link show front.2; ask a "ip -o link show eth0"'
    local outer inner
    outer=$(sed -n 's/^\([0-9]*\): front\.2@if\([0-9]*\):.*/\1 \2/p' <<<"$output")
    inner=$(sed -n 's/^\([0-9]*\): eth0@if\([0-9]*\):.*/\2 \1/p' <<<"$output")
    assert "$outer" =~ '^[0-9]+ [0-9]+$'
    assert "$outer" == "$inner"
}

@test "what is there is used: the bridge, the number that is free" {
    needs
    lab 'up a --network front; up b --network front; up c --network front; down b
        soon sh -c "! ip link show front.3"
        up d --network front; up e --network front; cat d e; ip -br link show type bridge | wc -l'
    assert "$(paste -sd , <<<"$output")" == "eth0 172.18.0.3/16,up,eth0 172.18.0.5/16,up,1"
}

@test "a bridge that a learner has made is a network, with the address that he gave it" {
    needs ping
    lab 'ip link add mine type bridge; ip addr add 192.168.7.9/16 dev mine; ip link set mine up
        up a --network mine; cat a; reach a 192.168.7.9; run --network next -- ip -br addr show eth0'
    assert "${lines[0]}" == "eth0 192.168.7.10/16"
    assert "${lines[2]}" == "1 received"
    assert "${lines[3]}" contains "172.18.0.2/16"
}

# ---------------------------------------------------------------------------------------------
# A wall, and how it falls
# ---------------------------------------------------------------------------------------------

@test "forwarding is off on each bridge, even where the lab forwards" {
    needs
    local who files='/proc/sys/net/ipv4/conf/front/forwarding /proc/sys/net/ipv4/conf/back/forwarding'
    for who in $(people); do
        $who lab 'echo 1 >/proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/conf/default/forwarding
            run --network front --network back -- true; cat '"$files /proc/sys/net/ipv4/ip_forward"
        assert "$(paste -sd ' ' <<<"$output")" == "1 0 0 1" "$who"
    done
}

# Two things are needed: who is in between must forward, and each side must know the way there and back.
@test "the lab is no router; with a route and forwarding on both bridges it is one, and they talk" {
    needs ping
    local who
    for who in $(people); do
        $who lab 'echo 1 >/proc/sys/net/ipv4/ip_forward
            up a --network front --cap-add NET_ADMIN; up b --network back --cap-add NET_ADMIN
            on() { echo "$2" >/proc/sys/net/ipv4/conf/$1/forwarding; }
            to() { echo "$1: $(reach a "$(address b)" "$2")"; }
            ask a "ip route add 172.19.0.0/16 via 172.18.0.1"
            ask b "ip route add 172.18.0.0/16 via 172.19.0.1"
            to routes 1
            on front 1; to "one side" 1
            on back 1; to "both" 10
            on front 0; to "the other side" 1
            on front 1; ask a "ip route del 172.19.0.0/16"; to "no route" 1'
        assert "$output" == "routes: 0 received
one side: 0 received
both: 1 received
the other side: 0 received
no route: unreachable" "$who"
    done
}

@test "the container with the lowest MAC ends: the bridge's MAC stays, and no ping is lost" {
    needs ping python3
    lab 'up a --network front; up b --network front; up c --network front; up d --network front
        cat /sys/class/net/front/address
        low=$(cd /sys/class/net && grep . front.[2-5]/address | sort -t : -k 2 | head -n 1)
        low=${low%%/*} low=${low#front.}
        names=(- - a b c d)
        other=a; if [ "$low" = 2 ]; then other=b; fi
        ask "$other" "ping -n -q -c 15 -i 0.2 172.18.0.1 | grep -o .*received" >pinged & ping=$!
        soon sh -c "ip neigh show dev front | grep -q 172"
        down "${names[low]}"; soon sh -c "! ip link show front.$low"
        cat /sys/class/net/front/address
        wait $ping; cat pinged'
    assert "$output" == "02:42:ac:12:00:01
02:42:ac:12:00:01
15 packets transmitted, 15 received"
}

# ---------------------------------------------------------------------------------------------
# Many, and ends
# ---------------------------------------------------------------------------------------------

@test "40 starts at once on one network: no address twice" {
    needs
    local who
    for who in $(people); do
        $who lab 'for i in {1..40}; do
                run --network front -- sh -c "ip -o -4 addr show eth0; exec sleep 1000" >"said.$i" 2>&1 &
            done
            for i in {1..40}; do soon test -s "said.$i"; done
            cat said.* | sed -n "s,.*inet 172.18.0.\([0-9]*\)/.*,\1,p" | sort -n | uniq >inside
            ip -br link | sed -n "s/^front.\([0-9]*\)@.*/\1/p" | sort -n >outside
            wc -l <inside; cmp inside outside; ip -br link show type bridge | wc -l; ip -br addr show front'
        assert "${lines[0]}" == 40 "$who"
        assert "${lines[1]}" == 1
        assert "${lines[2]}" contains " 172.18.0.1/16 "
        assert "${#lines[@]}" == 3
    done
}

@test "a network that is full is refused, and its bridge goes on" {
    needs
    lab 'run --network front -- true; soon sh -c "! ip link show front.2"
        for i in {2..254}; do echo "link add front.$i type bridge"; done | ip -batch -
        minicontainer run --network front -- true; echo "status $?"
        ip link del front.77; run --network front -- ip -br -4 addr show eth0'
    assert "${lines[0]}" == "status 125"
    assert "${lines[1]}" contains " 172.18.0.77/16"
    assert "${stderr_lines[0]}" starts "minicontainer: --network front: "
}

@test "kill -9 of the supervisor: no interface is left, and the number is free" {
    needs
    local who
    for who in $(people); do
        $who lab 'up a --network front --network back; kill -9 "$last"
            soon sh -c "! ip -o link | grep -E \"(front|back)\.2\""; ip -o link | grep -c veth
            up b --network front; cat b'
        assert "$(paste -sd , <<<"$output")" == "0,eth0 172.18.0.2/16,up" "$who"
    done
}

@test "a command that fails leaves no cable" {
    needs
    lab 'run --network front -- /does/not/exist; run --network front -- sh -c "kill -9 \$\$"
        run --network front -w /does/not/exist -- true
        soon sh -c "! ip -o link | grep @"; ip -br link show type bridge | cut -d " " -f 1'
    assert "$output" == front
    assert "$stderr" contains "not found"
}

@test "the bridge is deleted while in use: the container lives, and a new start makes it anew" {
    needs ping
    lab 'up a --network front; ip link del front; ask a "echo alive; ip -br -4 addr show eth0"
        ip link show front 2>&1 | grep -c exist
        up b --network front; cat b; reach b 172.18.0.2 1
        ip link set front.2 master front; reach b 172.18.0.2'
    assert "${lines[0]}" == alive
    assert "${lines[1]}" contains "172.18.0.2/16"
    assert "${lines[2]}" == 1
    assert "${lines[3]}" == "eth0 172.18.0.3/16" "the number 2 is still somebody's"
    assert "${lines[5]}" == "0 received" "its cable ends nowhere"
    assert "${lines[6]}" == "1 received" "plugged in again"
}

# ---------------------------------------------------------------------------------------------
# Names and words
# ---------------------------------------------------------------------------------------------

@test "a name that an interface has that is no bridge is refused in words" {
    needs
    local name
    for name in lo t0 t1; do
        lab "ip link add t0 type veth peer name t1; ip addr add 192.168.3.1/24 dev t1; ip link set t0 up
            minicontainer run --network $name -- true; echo \"status \$?\"
            ip -o link | grep -c ${name}[.]; :"
        assert "$output" == $'status 125\n0' "$name"
        assert "${stderr_lines[0]}" starts "minicontainer: --network $name: " "$name"
        assert "$stderr" lacks "failed:" "$name"
        assert "$stderr" =~ $'\n'"  (try|cure): " "$name"
    done
}

@test "names: small letters and digits, 11 at most, none that the kernel means otherwise" {
    needs
    local name
    for name in a a1 a-b abcdefghijk front-net-1; do
        lab "run --network $name -- ip -br -4 addr show eth0; ip -br link show type bridge"
        assert "${lines[0]}" contains 172.18.0.2/16
        assert "${lines[1]}" starts "$name "
    done
    lab 'for name in "" abcdefghijkl a.b a_b 1a -a --x "a b" ../x a/b front: all default \
        "$(printf "a\033[1m")" "$(printf "a\nb")"; do
            minicontainer run --network "$name" -- true; echo "$?"; done; ip -br link | wc -l'
    assert "$(paste -sd ' ' <<<"$output")" == "125 125 125 125 125 125 125 125 125 125 125 125 125 125 125 1"
    assert "$(grep -c '^minicontainer: --network ' <<<"$stderr")" == 15
    assert "$stderr" lacks $'\e'
}

@test "capital letters: a name is what was typed" {
    needs
    lab 'for name in Front front FRONT; do run --network "$name" -- ip -br -4 addr show eth0; done
        ip -br link show type bridge | cut -d " " -f 1'
    assert "$(grep -oE '172[^ ]*|^[Ff].*' <<<"$output" | paste -sd ' ')" \
        == "172.18.0.2/16 172.19.0.2/16 172.20.0.2/16 Front front FRONT"
}

@test "four networks are the most; a fifth is refused, and makes none" {
    needs
    lab 'four="--network a --network b --network c --network d"
        run $four -- ip -br -4 addr | wc -l; ip -br link show type bridge | wc -l
        minicontainer run $four --network e -- true; echo $?; ip -br link show type bridge | wc -l'
    assert "$(paste -sd ' ' <<<"$output")" == "5 4 125 4"
    assert "$stderr" starts 'minicontainer: --network "e": '
}

@test "host, none, and a name: joined, and as two words" {
    needs
    local who how here
    for who in $(people); do
        here=$(readlink /proc/self/ns/net)
        for how in "--network host" --network=host; do
            # shellcheck disable=SC2086  # words
            $who mc run $how -- readlink /proc/self/ns/net
            assert "$output" == "$here" "$how"
        done
        for how in "--network none" --network=none; do
            # shellcheck disable=SC2086  # words
            $who mc run $how -- sh -c 'readlink /proc/self/ns/net; ip -br link'
            assert "${lines[0]}" != "$here" "$how"
            assert "${lines[1]}" starts "lo " "$how"
            assert "${#lines[@]}" == 2 "$how"
        done
        $who lab 'readlink /proc/self/ns/net
            for how in "--network host" --network=host "--network none" "--network front" --network=front; do
                run $how -- sh -c "readlink /proc/self/ns/net; ls /sys/class/net | grep -c eth"
            done'
        assert "${lines[1]} ${lines[3]}" == "${lines[0]} ${lines[0]}"
        assert "${lines[5]}" != "${lines[0]}"
        assert "${lines[2]}${lines[4]}${lines[6]}${lines[8]}${lines[10]}" == 00011 "$who"
    done
}

@test "a network and no network at once is refused" {
    needs
    lab 'for words in "--network front --network host" "--network host --network front" \
        "--no-net --network front" "--network front --net=host" "--network none --network host" \
        "--network front --network none" "--network none --network front"; do
            minicontainer run $words -- true; echo $?; done; ip -br link show type bridge | wc -l'
    assert "$(paste -sd ' ' <<<"$output")" == "125 125 125 125 125 125 125 0"
}

@test "--network wants a value; the row's word is --net" {
    local words
    for words in "run --network" "run --network=" "run --network --net"; do
        # shellcheck disable=SC2086  # words
        mc -125 $words
        assert "${stderr_lines[0]}" starts 'minicontainer: --network "'
        assert "${stderr_lines[0]}" contains "wants none, host, or "
    done
    for words in lab exec "compare net"; do
        # shellcheck disable=SC2086  # words
        mc -125 $words --network front
        assert "${stderr_lines[0]}" contains "it does not take --network"
    done
}

@test "--only and --none: with --network the row net is on as well" {
    needs
    lab 'for words in "--only uts" "--only user" "--only net,uts" "--none" "--no-user" --privileged; do
            run $words --network front -- sh -c "ip -br link | sed \"s/[@ ].*//\"; readlink /proc/self/ns/ipc"
        done; readlink /proc/self/ns/ipc'
    assert "$(grep -c '^lo$' <<<"$output") $(grep -c '^eth0$' <<<"$output")" == "6 6"
    # By --only and --none ipc is the lab's, as it always is; by the others it is not.
    assert "$(grep -c "^${lines[-1]/[/\\[}\$" <<<"$output")" == 5
}

@test "network ls, rm: which line of ip(8) does it" {
    local who words
    for who in $(people); do
        for words in network "network ls" "network create front" "network rm front" "network inspect x"; do
            # shellcheck disable=SC2086  # words
            $who mc -125 $words
            assert "$output" == ""
            assert "$stderr" =~ $'\n'"  ls: +ip -br addr show type bridge"
            assert "$stderr" =~ $'\n'"  rm: +ip link del NAME"
        done
    done
    needs
    # And they do.
    lab 'run --network front -- true; ip -br addr show type bridge; ip link del front
        ip -br addr show type bridge | wc -l'
    assert "${lines[0]}" =~ "^front .* 172.18.0.1/16"
    assert "${lines[1]}" == 0
}

@test "network --help: how one is made" {
    mc network --help
    assert "${lines[0]}" == "Usage: minicontainer network"
    assert "$output" contains "minicontainer run --network NAME"
}

@test "--explain tells each step as a line of ip(8)" {
    needs
    lab 'run --explain --network front --network back -- true'
    local line
    for line in "ip link add front type bridge" "ip addr add 172.18.0.1/16 dev front" "ip link set front up" \
        "echo '0' > /proc/sys/net/ipv4/conf/front/forwarding" "ip addr add 172.19.0.1/16 dev back" \
        "ip link add back.2 master back up type veth peer name eth1 netns "; do
        assert "$(grep ^parent <<<"$stderr")" contains "$line"
    done
    for line in "ip addr add 172.18.0.2/16 dev eth0" "ip link set eth0 up" \
        "ip addr add 172.19.0.2/16 dev eth1"; do
        assert "$(grep ^child <<<"$stderr")" contains "$line"
    done
    # A bridge that is there is not made, and without a network nothing is told of one.
    lab 'run --network front -- true; run --explain --network front -- true
        run --explain -- true 2>&1 | grep -c eth0; :'
    assert "$stderr" lacks "type bridge"
    assert "$stderr" contains "ip link add front."
    assert "$output" == 0
}

@test "the ip lines that --explain tells make the same network by hand" {
    needs ping
    lab 'run --explain --network front -- true 2>&1 |
            sed -n "s/^parent .*\(ip addr add .* dev front\|ip link set front up\)\]/\1/p
                s/^parent .*\(ip link add front type bridge\).*/\1/p" >by-hand
        ip link del front; cat by-hand; sh -e by-hand
        ip -br -4 addr show front; up a --network front; reach a 172.18.0.1'
    assert "$output" has-line "ip link add front type bridge"
    assert "${lines[-2]}" =~ "^front .* 172.18.0.1/16"
    assert "${lines[-1]}" == "1 received"
}

# ---------------------------------------------------------------------------------------------
# With images
# ---------------------------------------------------------------------------------------------

# The image base, in the lab.
image='mkdir c; cp "$(command -v busybox)" c/busybox
    printf "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/ping\nCOPY busybox /bin/ip\n" >c/Dockerfile
    minicontainer build -t base c >/dev/null 2>&1
'

@test "run -d --name, create and start have their networks" {
    needs overlay busybox ping
    local who
    for who in $(people); do
        $who lab "$image"'
            run -d --name web --network front --image base -- \
                sh -c "ip -o -4 addr show eth0; while :; do sleep 9; done"
            minicontainer create --name two --network front --network back --image base -- \
                sh -c "ip -o -4 addr; ping -c 1 -W 10 172.18.0.2"
            ip link show back 2>&1 | grep -c exist
            minicontainer start -a two </dev/null
            minicontainer stop -t 0 web; soon sh -c "! ip -o link | grep @"
            up a --network front
            minicontainer start web
            soon sh -c "minicontainer logs web | grep -c eth0 | grep 2"
            minicontainer logs web | grep -o "inet [0-9.]*"
            minicontainer rm -f web; soon sh -c "! ip -o link | grep front.3"
            ip -br link show type bridge | wc -l'
        assert "$output" has-line 1 "$who: create makes no network yet"
        assert "$output" contains "inet 172.18.0.3/16"
        assert "$output" contains "inet 172.19.0.2/16"
        assert "$output" contains "1 packets received"
        # After a stop, the number that is free then.
        assert "$(tail -n 3 <<<"$output" | paste -sd ,)" == "inet 172.18.0.2,inet 172.18.0.3,2" "$who"
    done
}

@test "build in a lab has no network, and makes none" {
    needs overlay busybox
    lab "$image"'run --network front -- true; soon sh -c "! ip -o link | grep @"; ip -br link | wc -l
        printf "%s\n" "FROM base" "RUN ip -o link | wc -l >/links" >c/Dockerfile
        minicontainer build -t two c >/dev/null
        run --image two -- sh -c "read -r n </links; echo \$n"; ip -br link | wc -l'
    assert "$(paste -sd ' ' <<<"$output")" == "2 1 2"
}
