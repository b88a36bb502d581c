# 00-what-is-a-container.bats -- lesson 00: a container is a process, not a machine; and two
# programs that need two versions of one library live side by side.

load helpers

NAMESPACES='uts pid mnt user ipc net cgroup time'

ids() { # of the namespaces of who runs it, as a shell line
    local ns
    printf 'for n in'
    for ns in $NAMESPACES; do printf ' %s' "$ns"; done
    printf '; do readlink /proc/self/ns/$n; done; stat -c %%d:%%i / /proc'
}

# Two versions of a library, and a program for each, in $PWD: v1/ v2/ a b
build_matrix() {
    requires cc
    local v
    mkdir -p v1 v2
    echo 'const char *greet(void) { return "hello"; }' >v1/greet.c
    echo 'const char *greet_by_name(void) { return "hello, Ada"; }' >v2/greet.c
    echo 'int puts(const char *); char *greet(void); int main(void) { puts(greet()); }' >a.c
    sed 's/greet/greet_by_name/g' a.c >b.c
    for v in v1 v2; do cc -shared -fPIC "$v/greet.c" -o "$v/libgreet.so"; done
    cc a.c -o a -Lv1 -lgreet -Wl,-rpath,/opt/greet
    cc b.c -o b -Lv2 -lgreet -Wl,-rpath,/opt/greet
}

@test "a container has no kernel of its own: version, boot and processor are the machine's" {
    mc run -- sh -c 'uname -srvm; cat /proc/sys/kernel/random/boot_id /proc/version'
    assert "$output" == "$(uname -srvm; cat /proc/sys/kernel/random/boot_id /proc/version)"
}

@test "control: with --none nothing is its own; by default all ten are" {
    local i inside here
    # In a lab, where this is allowed to everybody.
    mc lab sh -c "$(ids); minicontainer run --none -- sh -c '$(ids)'; minicontainer run -- sh -c '$(ids)'"
    assert "${#lines[@]}" == 30
    for ((i = 0; i < 10; i++)); do
        assert "${lines[i + 10]}" == "${lines[i]}" "without isolation"
        assert "${lines[i + 20]}" != "${lines[i]}" "with all of them"
    done
    mapfile -t here < <(eval "$(ids)")
    mc run -- sh -c "$(ids)"
    for ((i = 0; i < 10; i++)); do assert "${lines[i]}" != "${here[i]}"; done
}

@test "two containers share nothing with each other" {
    local i first
    mkfifo hold
    exec {hold}<>hold
    ( remember_session; exec "$MC" run -- sh -c "$(ids); echo ready; read x" <hold >first ) 3>&- 4>&- &
    wait_for 'grep -q ready first'
    mc run -- sh -c "$(ids)"
    echo >&"$hold"
    wait
    exec {hold}>&-
    mapfile -t first <first
    for ((i = 0; i < 10; i++)); do assert "${first[i]}" != "${lines[i]}"; done
    no_process_left
}

@test "a container is a process of the machine, and is gone when it ends" {
    requires ps
    local init pid
    mkfifo hold
    exec {hold}<>hold
    ( remember_session; exec "$MC" run -- sh -c 'echo $$; read x' <hold >inside ) 3>&- 4>&- &
    local supervisor=$!
    wait_for '[ -s inside ]'
    assert "$(<inside)" == 2 "its number inside: 1 is an init of ours"
    init=$(pgrep -P "$supervisor" -x init)
    pid=$(pgrep -P "$init" -x sh)
    assert "$pid" -gt 2 "its number out here"
    assert "$(readlink "/proc/$pid/ns/uts")" != "$(readlink /proc/self/ns/uts)"
    assert "$(awk '/^NSpid/ { print $NF }' "/proc/$init/status")" == 1
    assert "$(awk '/^NSpid/ { print $NF }' "/proc/$pid/status")" == 2
    echo >&"$hold"
    wait "$supervisor"
    exec {hold}>&-
    assert "$(ls -d "/proc/$pid" "/proc/$init" 2>/dev/null)" == ""
}

@test "the matrix of hell: on one machine one version breaks the other program" {
    build_matrix
    # A lab is the machine: /opt/greet is one place.
    tar c v1 v2 a b >greet.tar
    mc lab sh -c 'tar x --no-same-owner; mkdir /opt/greet; for v in v1 v2; do
        cp $v/libgreet.so /opt/greet; ./a || echo a: $?; ./b || echo b: $?; done' <greet.tar
    assert "$output" == $'hello\nb: 127\na: 127\nhello, Ada'
    assert "$stderr" contains "undefined symbol: greet_by_name"
    assert "$stderr" contains "./a: undefined symbol: greet"
}

@test "the matrix of hell: in two containers both run, at the same path, at the same time" {
    local before side
    build_matrix
    mkfifo hold
    before=$(fingerprint)
    exec {hold}<>hold
    ( remember_session; exec "$MC" run -v "$PWD/v1:/opt/greet:ro" -v "$PWD/a:/a:ro" -- \
        sh -c '/a; read x; /a' <hold >first ) 3>&- 4>&- &
    side=$!
    wait_for '[ -s first ]'
    mc run -v "$PWD/v2:/opt/greet:ro" -v "$PWD/b:/b:ro" -- /b
    assert "$output" == "hello, Ada"
    echo >&"$hold"
    wait "$side"
    exec {hold}>&-
    assert "$(<first)" == $'hello\nhello'
    rm first
    # The wrong version breaks it in there as well: it is the library that counts.
    mc -127 run -v "$PWD/v2:/opt/greet:ro" -v "$PWD/a:/a:ro" -- /a
    assert "$stderr" contains "undefined symbol"
    # Without a version there is none: the machine got no /opt/greet from all this.
    mc -127 run -v "$PWD/a:/a:ro" -- /a
    assert "$stderr" contains libgreet.so
    assert "$(ls -d /opt/greet 2>/dev/null)" == ""
    assert "$(fingerprint)" == "$before"
}

@test "a volume is the same files in two trees, and :ro cannot be written from inside" {
    mkdir shared
    chmod 0777 shared
    echo one >shared/file
    mc run -v "$PWD/shared:/srv/here" -- sh -c 'cat /srv/here/file; echo two >/srv/here/new'
    assert "$output" == one
    assert "$(<shared/new)" == two
    mc run -v "$PWD/shared:/srv/here:ro" -- sh -c 'cat /srv/here/new; touch /srv/here/x || echo refused'
    assert "$output" == $'two\nrefused'
    assert "$stderr" contains "Read-only file system"
    assert "$(ls shared)" == $'file\nnew'
}

@test "a container starts like a process, not like a machine" {
    local boot
    # The kernel makes up this number when it boots. (How long a start takes is for `make bench`.)
    boot=$(</proc/sys/kernel/random/boot_id)
    mc run -- cat /proc/sys/kernel/random/boot_id
    assert "$output" == "$boot" "no other kernel was booted"
    # The lesson's figure of a machine: how long the kernel ran before its first program.
    assert "$(awk '{ print $22 / 100 }' /proc/1/stat)" =~ '^[0-9.]+$'
}
