#!/usr/bin/env bash
# shellcheck disable=SC2016  # '$(REPO_URI)' is for apt-get to fill in
#
# tests/kernels.bash -- the tests on other kernels, each in a small machine of its own.
#
#   tests/kernels.bash [BOOT...]         all of the list below, or those that are named
#   tests/kernels.bash --list            the names
#
# Debian's cloud kernels are booted by qemu: with /dev/kvm where it can be opened and works, else in
# software, for which no privilege is needed. The machine is an initramfs made of what this machine
# has (the programs that the tests need, a static build of ours, the tests) and a kernel that is
# downloaded once, unpacked and never installed. tests/kernels/init is process 1 in there: it sets
# up what an init system does (pure cgroup v2 above all) and runs the tests as root and as an
# ordinary user. What they say is printed here, as TAP; the last line is "N passed, N failed, N
# skipped".
#
# In software the clock in there counts instructions (qemu's -icount): a slow or busy machine here
# is not seen by the tests, and waiting costs nothing. With /dev/kvm the time in there is the real
# one.
#
# Needs Debian's packages qemu-system-x86 busybox-static bats gcc (or musl-tools); what else the
# tests use is taken along if it is here. What is missing is said, and skipped.
#
#   KERNELS_CACHE    where kernels are kept (~/.cache/minicontainer-kernels)
#   KERNELS_JOBS     machines at a time (as many as there are processors, four at most)
#   KERNELS_ACCEL    kvm or tcg (software), and no trying what works
#   KERNELS_LIMIT    seconds that one machine may take (2100)
#   KERNELS_BUDGET   seconds that all of it may take: what has not ended then is skipped
#   KERNELS          full: each file as root and as the user, and all files of what Docker adds:
#                    hours. Without it as one of them, and as the other with another commit, which
#                    chooses; SEED=WORD chooses by that word.
#                    all: nearly all test files on each kernel, and by both: hours
#   KERNELS_FILES    these test files instead of the list's
#   KERNELS_FILTER   only tests whose name matches (bats --filter)

set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C
umask 022

TOP=$PWD
CACHE=${KERNELS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/minicontainer-kernels}
LIMIT=${KERNELS_LIMIT:-2100}
BUDGET=${KERNELS_BUDGET:-1000000}
SEED=${SEED:-$(git rev-parse HEAD 2>/dev/null || echo none)}
JOBS=${KERNELS_JOBS:-$(nproc)}
if [ "$JOBS" -gt 4 ]; then JOBS=4; fi
WORK=

# ---------------------------------------------------------------------------------------------
# What is booted
# ---------------------------------------------------------------------------------------------

# Emulation is some 20 times slower than the processor: a test takes three seconds. So by default
# each machine runs what its kernel decides.
#
# Never run: 95-style measures text, 96-docs and 97-helpers are about pages and about these tools:
# no kernel is in them. 92-combinations alone would take as long as all the others. Only with
# KERNELS=all: 00-cli and 94-input, where the answer comes before a kernel is asked; 93-narration,
# which holds words against words; 01-first-container and 85-doctor; 90-dance, 91-host, 98-corners
# and 99-attacks, whose hundreds of starts take an hour under emulation.
NEVER='92-combinations 95-style 96-docs 97-helpers'

# One file for each isolation.
ROWS='02-uts 03-pid 04-mnt 05-proc 06-root 07-user 08-ipc 09-net 10-cgroup 11-time 12-caps
13-seccomp 14-limits'

# Where a kernel has changed its mind, or will: mounts, a time namespace, the filter, the cgroup at
# birth.
CHANGED='04-mnt 11-time 13-seccomp 14-limits'

# What Docker adds. A chapter more is a word here, and a probe in tests/kernels/docker.bats. The
# probes are run always, by root and by the user, on the oldest kernel and on the newest; then the
# files of NETWORKS, which need modules, by one of them; and of the files of PICKED, by the other, those
# tests whose names PICK matches. Whole, as those of IMAGES, only with KERNELS=full.
IMAGES='15-layers 16-images 17-build 18-registry 19-life 20-volumes'
NETWORKS='21-networks'
PICKED='22-ports 23-compose'
PICK='^(-p with --network|services find each other)'

# The modules that the chapters ask for; what these need themselves is found. All of them reach the
# machine and can be loaded there, or that is a failure.
MODULES='overlay bridge veth dummy'

# What must be there, or the test fails instead of being skipped.
MUST='user userns subuid timens netns bridge cgroup2 overlay limits tty strace busybox cc ip ping ps
perl findmnt ipcs hostname'
# And these, where this machine has them.
MUST_TOO='crun runc python3'

# The program needs Linux 5.12, chapters 15-20 need 5.14; the oldest that Debian has and that is not
# older is 6.1.
# name | Debian's suite | what / is | who tests | tests | a script that is read first
BOOTS='docker-6.1    | bookworm           | tmpfs     | root user | docker  |
docker-newest | trixie-backports   | tmpfs     | root user | docker  |
6.1-root      | bookworm           | tmpfs     | root      | rows    |
6.1-user      | bookworm           | tmpfs     | user      | rows    |
lesson-14     | bookworm           | tmpfs     | root user | lesson  |
newest        | trixie-backports   | tmpfs     | root user | changed |
initramfs     | bookworm           | initramfs | root user | kernels/initramfs |
apparmor      | bookworm-backports | tmpfs     | root user | kernels/apparmor  | apparmor'

boot_names() { awk -F ' *[|]' '{ print $1 }' <<<"$BOOTS"; }

# boot_row NAME: sets $suite $root $people $tests $prepare
boot_row() {
    local row
    row=$(grep "^$1 *|" <<<"$BOOTS") || return 1
    IFS='|' read -r _ suite root people tests prepare <<<"$row"
    read -r suite <<<"$suite"
    read -r root <<<"$root"
    read -r people <<<"$people"
    read -r tests <<<"$tests"
    read -r prepare <<<"$prepare"
}

# The tests of root try most things as the user, too: so root has every second file of a set, and
# the user the others.
turn() { # PERSON: 0 or 1, and nothing if both have all
    if [ -n "${KERNELS-}" ]; then return; fi
    cksum <<<"$SEED" | awk -v person="$1" '{ print ($1 + (person == "root")) % 2 }'
}

# test_files SET PERSON: the names of files below tests/
test_files() {
    local set=$1 name mine
    mine=$(turn "$2")
    case $set in
    kernels/*) echo "$set.bats"; return ;;
    # The one page that no machine with cgroup v1 can type.
    lesson) echo "96-docs.bats"; return ;;
    rows) set=$ROWS ;;
    changed) set=$CHANGED ;;
    docker)
        echo kernels/docker.bats
        set=$NETWORKS
        if [ -n "${KERNELS-}" ]; then set="$IMAGES $NETWORKS $PICKED"; fi
        ;;
    esac
    if [ "${KERNELS-}" = all ]; then
        set=$(cd tests && printf '%s\n' *.bats | sed 's/\.bats$//')
    fi
    for name in $set; do
        if [[ " $NEVER " != *" $name "* ]]; then echo "$name.bats"; fi
    done | awk -v mine="$mine" 'mine == "" || NR % 2 == mine'
}

# picked_files SET PERSON: those of which only some tests are run. Who has no file of NETWORKS has them.
picked_files() {
    if [ "$1" = docker ] && [ -z "${KERNELS-}${KERNELS_FILES-}" ] && [ "$(turn "$2")" = 0 ]; then
        echo "${PICKED// /.bats }.bats"
    fi
}

# ---------------------------------------------------------------------------------------------
# Counting
# ---------------------------------------------------------------------------------------------

passed=0 failed=0 skipped=0 failures=()

result() { # ok|not WORDS: one test of ours, with its plan
    echo "1..1"
    if [ "$1" = ok ]; then
        echo "ok 1 $2"
        passed=$((passed + 1))
    else
        echo "not ok 1 $2"
        failed=$((failed + 1))
        failures+=("$2")
    fi
}

skip() { # WHAT WHY
    echo "1..1"
    echo "ok 1 $1 # skip $2"
    skipped=$((skipped + 1))
}

finish() {
    echo
    if [ "${#failures[@]}" -gt 0 ]; then printf 'failed: %s\n' "${failures[@]}"; fi
    if [ -n "$WORK" ] && [ -s "$WORK/report" ]; then
        echo "boot          kernel                       tests passed failed skipped seconds"
        cat "$WORK/report"
    fi
    echo "took $SECONDS s"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
}

# shellcheck disable=SC2317  # called by a trap
clean_up() {
    local pid
    for pid in $(jobs -pr); do kill "$pid" 2>/dev/null; done
    wait
    if [ -n "$WORK" ]; then rm -rf "$WORK"; fi
}

# ---------------------------------------------------------------------------------------------
# Kernels, from Debian's registry, once
# ---------------------------------------------------------------------------------------------

# The address of Debian's main archive, as this machine's apt has it.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
        'Label: Debian' 2>/dev/null | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
}

# apt_for SUITE DIRECTORY: an apt of our own for this suite; the machine's is left alone.
apt_for() {
    local address key=/usr/share/keyrings/debian-archive-keyring.gpg
    address=$(mirror)
    if [ -z "$address" ] || [ ! -e "$key" ]; then
        why="this machine's apt knows no Debian archive"
        return 1
    fi
    mkdir -p "$2/lists/partial" "$2/cache/archives/partial"
    echo "deb [signed-by=$key] $address $1 main" >"$2/sources.list"
    cat >"$2/apt.conf" <<EOF
Dir::Etc::SourceList "$2/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$2/lists";
Dir::Cache "$2/cache";
APT::Sandbox::User "$(id -un)";
APT::Architecture "amd64";
APT::Get::List-Cleanup "false";
Acquire::Retries "3";
EOF
    why="the archive has no suite $1 (any more), or cannot be reached"
    APT_CONFIG=$2/apt.conf timeout 300 apt-get -q update >"$2/log" 2>&1 &&
        ! grep -q '^[EW]: .*Failed' "$2/log"
}

# unpack SUITE DIRECTORY PACKAGE...: downloads the packages and unpacks them below DIRECTORY
unpack() {
    local apt=$WORK/apt-$1 to=$2 deb
    shift 2
    mkdir -p "$to" "$apt/debs"
    (cd "$apt/debs" && APT_CONFIG=$apt/apt.conf timeout 600 apt-get -q download "$@") \
        >>"$apt/log" 2>&1 || return 1
    for deb in "$apt"/debs/*.deb; do dpkg-deb -x "$deb" "$to" || return 1; done
    rm -f "$apt"/debs/*.deb
}

depends() { # SUITE PACKAGE
    APT_CONFIG=$WORK/apt-$1/apt.conf apt-cache depends "$2" | sed -n 's/^ *Depends: \([^<]*\)$/\1/p'
}

# A module's names have - or _, as one likes.
module_file() { # DIRECTORY NAME
    find "$1" -name "${2//[-_]/[-_]}.ko*" -print -quit
}

# lacking DIRECTORY: those of $MODULES, and of what they need themselves, that are not there.
lacking() {
    local name file todo=() done=' '
    # shellcheck disable=SC2206  # a list
    todo=($MODULES)
    while [ "${#todo[@]}" -gt 0 ]; do
        name=${todo[0]}
        todo=("${todo[@]:1}")
        if [[ $done == *" $name "* ]]; then continue; fi
        done+="$name "
        if grep -qs "/${name//[-_]/[-_]}\.ko" "$1/modules.builtin"; then continue; fi
        file=$(module_file "$1" "$name")
        if [ -n "$file" ]; then
            mapfile -t -O "${#todo[@]}" todo < <(needed_by "$file")
        else
            echo "$name"
        fi
    done
}

needed_by() { tr '\0' '\n' <"$1" | sed -n 's/^depends=//p' | tr , '\n' | grep .; }

# copy_modules FROM TO: $MODULES and what they need; busybox loads no packed ones.
copy_modules() {
    local names name file
    for name in builtin order; do cp "$1/modules.$name" "$2/" 2>/dev/null; done
    while names=$(lacking "$2"); [ -n "$names" ]; do
        for name in $names; do
            file=$(module_file "$1" "$name")
            if [ -z "$file" ]; then
                why="the packages of its kernel have no module $name"
                return 1
            fi
            (cd "$1" && cp --parents "./${file#"$1"/}" "$2") || return 1
            case $file in *.xz) busybox unxz "$2/${file#"$1"/}" || return 1 ;; esac
        done
    done
}

# kernel SUITE: sees to $CACHE/SUITE/{version,vmlinuz,modules}; else $why, and 2 if it is our fault
kernel() {
    local suite=$1 to=$CACHE/$1 new=$WORK/kernel-$1 image version dir part
    if [ -e "$to/version" ] && [ -z "$(lacking "$to/modules")" ]; then return 0; fi
    command -v apt-get >/dev/null || { why="apt-get is not here"; return 1; }
    apt_for "$suite" "$WORK/apt-$suite" || return 1
    why="the kernel of $suite could not be downloaded"
    image=$(depends "$suite" linux-image-cloud-amd64 | grep '^linux-image-' | head -n 1)
    if [ -z "$image" ]; then return 1; fi
    version=${image#linux-image-}
    # Newer packages have the kernel and its modules apart.
    part=$(depends "$suite" "$image" | grep -E '^linux-(binary|modules)-')
    # shellcheck disable=SC2086  # a list
    unpack "$suite" "$new" "$image" $part || return 1
    dir=$new/lib/modules/$version
    if [ ! -d "$dir" ]; then dir=$new/usr/lib/modules/$version; fi
    why="the packages of $suite hold no kernel"
    mkdir -p "$new/to/modules"
    cp "$new/boot/vmlinuz-$version" "$new/to/vmlinuz" 2>/dev/null ||
        cp "$dir/vmlinuz" "$new/to/vmlinuz" || return 1
    why="the modules of $suite's kernel were not copied"
    copy_modules "$dir" "$new/to/modules" || return 2
    echo "$version" >"$new/to/version"
    mkdir -p "$CACHE"
    rm -rf "$to"
    cp -R "$new/to" "$to.$$" && mv "$to.$$" "$to"
    rm -rf "$new"
}

# AppArmor's parser: the first that knows user namespaces is trixie's. It brings its own libc.
apparmor_parser_kept() {
    local to=$CACHE/apparmor new=$WORK/apparmor
    if [ -e "$to" ]; then return 0; fi
    apt_for trixie "$WORK/apt-trixie" || return 1
    why="AppArmor's parser could not be downloaded"
    unpack trixie "$new" apparmor libc6 || return 1
    rm -rf "$to" "${new:?}/usr/share" "$new/usr/lib/x86_64-linux-gnu/gconv"
    cp -R "$new" "$to.$$" && mv "$to.$$" "$to"
}

# ---------------------------------------------------------------------------------------------
# The machine's files
# ---------------------------------------------------------------------------------------------

# Debian's packages of which the machine in there gets the programs, and what to leave out of them.
PACKAGES='bash bats binutils binutils-x86-64-linux-gnu bsdutils busybox-static coreutils cpp-[0-9]*
crun dash debianutils diffutils findutils gawk gcc gcc-[0-9]* grep gzip hostname iproute2
iputils-ping libc-bin libc6 libc6-dev libgcc-[0-9]*-dev libperl5* libpython3.[0-9]*-minimal
libpython3.[0-9]*-stdlib linux-libc-dev login make mawk mount ncurses-base ncurses-bin passwd perl
perl-base perl-modules-* procps python3-minimal python3.[0-9]*-minimal runc sed strace tar uidmap
util-linux util-linux-extra'
TOO_MUCH='/share/(doc|man|locale|info|lintian|bug|bash-completion)/|/gconv/|lto1|lto-dump|lto-wrap|\
ld.gold|dwp|gprof|lib[alt]*san|libubsan|/CORE/|/Encode/(JP|KR|CN|TW)/|/Unicode/|unicore/Name|/pod/|\
/CPAN/|libm[-v].*\.a$|libx32|lib32|/ensurepip/|/lib2to3/|/pydoc_data/|/idlelib/|/__pycache__/'

base() {
    local to=$WORK/base file
    mkdir -p "$to"/{dev,etc/alternatives,home/user,mnt,newroot,opt,proc,root,run,srv,src,sys,tmp,usr}
    mkdir -p "$to"/usr/{bin,sbin,lib,lib64,local/bin} "$to"/var/tmp "$to"/etc/ssl/certs
    for file in bin sbin lib lib64; do ln -s "usr/$file" "$to/$file"; done
    # shellcheck disable=SC2046,SC2086  # lists
    dpkg -L $(dpkg-query -W -f '${db:Status-Status} ${Package}:${Architecture}\n' $PACKAGES \
        2>/dev/null | sed -n 's/^installed //p' | sed 's/:all$//' | grep -v ':i386$') |
        grep -E '^/(usr|bin|sbin|lib|lib64)/' | grep -vE "${TOO_MUCH//$'\\\n'/}" | sort -u |
        while IFS= read -r file; do
            if [ -f "$file" ] || [ -L "$file" ]; then echo "$file"; fi
        done >"$WORK/files"
    # Programs that have no package, but a link to one of several.
    for file in awk cc which; do
        file=$(command -v "$file") || continue
        if [ -e "$file" ]; then cp -L "$file" "$to/usr/bin/"; fi
    done
    (cd / && sed 's,^/,,' "$WORK/files" | busybox cpio -o -H newc 2>/dev/null) |
        (cd "$to" && busybox cpio -idmu 2>/dev/null) || return 1
    # The libraries they ask for.
    find "$to" -type f \( -perm -100 -o -name '*.so*' \) -exec ldd {} + 2>/dev/null |
        sed -n 's,.*=> \(/[^ ]*\) .*,\1,p; s,^[[:blank:]]*\(/[^ ]*\) (.*,\1,p' | sort -u |
        while IFS= read -r file; do
            case $file in "$to"/*) continue ;; esac
            if [ -e "$to/$file" ]; then continue; fi
            mkdir -p "$to/${file%/*}"
            cp -L "$file" "$to/$file"
        done
    etc "$to/etc"
    ldconfig -r "$to" 2>/dev/null || /sbin/ldconfig -r "$to"
    ln -sf ../bin/busybox "$to/usr/sbin/modprobe"
    pack "$to" >"$WORK/base.cpio" || return 1
    rm -rf "$to"
}

etc() {
    printf '%s\n' root:x:0:0:root:/root:/bin/bash user:x:1000:1000:user:/home/user:/bin/bash \
        nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin >"$1/passwd"
    printf '%s\n' root:x:0: tty:x:5: user:x:1000: nogroup:x:65534: >"$1/group"
    echo user:100000:65536 | tee "$1/subuid" >"$1/subgid"
    echo kernels >"$1/hostname"
    printf '127.0.0.1 localhost\n127.0.1.1 kernels\n' >"$1/hosts"
    printf 'passwd: files\ngroup: files\nhosts: files\n' >"$1/nsswitch.conf"
    printf '/usr/local/lib\n/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu\n' >"$1/ld.so.conf"
    printf 'PRETTY_NAME="the machine of tests/kernels.bash"\nID=kernels\n' >"$1/os-release"
}

# pack DIRECTORY: as an initramfs, all of it root's
pack() { (cd "$1" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null); }

# Our program, without a library; and the tree as it stands here.
sources() {
    local to=$WORK/tree name
    mkdir -p "$to/src/minicontainer"
    for name in minicontainer.c Makefile README.md LICENSE lessons tests; do
        cp -R "$name" "$to/src/minicontainer/"
    done
    chmod -R a+rX "$to"
    local cc=gcc
    if command -v musl-gcc >/dev/null; then cc=musl-gcc; fi
    "$cc" -static -O2 -o "$to/src/minicontainer/minicontainer" minicontainer.c || return 1
    cp tests/kernels/init "$to/init"
    chmod 0755 "$to/init"
    pack "$to" >"$WORK/tree.cpio" || return 1
}

files_for() { # SET PERSON: in one line
    if [ -n "${KERNELS_FILES-}" ]; then
        echo "$KERNELS_FILES"
    else
        test_files "$@" | paste -sd' '
    fi
}

# What must be in there: of $MUST_TOO what has come along.
must() {
    local name words="${MUST//$'\n'/ }"
    for name in $MUST_TOO; do
        if grep -q "bin/$name\$" "$WORK/files"; then words+=" $name"; fi
    done
    echo "$words"
}

# machine NAME: what is of this machine alone: modules, and kernels.conf (see tests/kernels/init)
machine() {
    local to=$WORK/$1/files suite root people tests prepare version pick filter=
    boot_row "$1"
    if [ "$tests" = lesson ]; then filter='page 14'; fi
    version=$(<"$CACHE/$suite/version")
    mkdir -p "$to/usr/lib/modules"
    cp -R "$CACHE/$suite/modules" "$to/usr/lib/modules/$version" || return 1
    if [ "$prepare" = apparmor ]; then
        mkdir -p "$to/opt"
        cp -R "$CACHE/apparmor" "$to/opt/apparmor" || return 1
    fi
    filter=${KERNELS_FILTER-$filter}
    pick=${KERNELS_FILTER-$PICK}
    cat >"$to/kernels.conf" <<EOF
ROOT='$root'
PEOPLE='$people'
FILES_root='$(files_for "$tests" root)'
FILES_user='$(files_for "$tests" user)'
FILTER=${filter@Q}
PICKED_root='$(picked_files "$tests" root)'
PICKED_user='$(picked_files "$tests" user)'
PICK=${pick@Q}
MODULES='$MODULES'
MUST='$(must)'
PREPARE='${prepare:+/src/minicontainer/tests/kernels/$prepare}'
EOF
    pack "$to" >"$WORK/$1/machine.cpio" || return 1
    cat "$WORK"/{base,tree,"$1"/machine}.cpio >"$WORK/$1/initrd" || return 1
    rm -rf "$to" "$WORK/$1/machine.cpio"
}

# ---------------------------------------------------------------------------------------------
# Booting, and what comes of it
# ---------------------------------------------------------------------------------------------

# Not an old processor: with -cpu Nehalem one boot in ten of 6.12 fell over itself before process 1
# (qemu 7.2), with this one none of forty. What is switched off only costs time here.
SOFTWARE=(-accel 'tcg,tb-size=512' -icount 'shift=0,sleep=off' -rtc clock=vm
    -cpu 'max,la57=off,smap=off,smep=off,pku=off')
# Some hypervisors refuse that one register to a machine in a machine, and qemu gives up then.
KVM=(-accel kvm -cpu "host,-arch-capabilities" -smp "$(($(nproc) > 1 ? 2 : 1))")
# Neither disks nor a network, and no second try.
PLAIN=(-nodefaults -no-user-config -display none -no-reboot
    -append 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr')
MACHINE=("${SOFTWARE[@]}")
kvm=

# try_kvm SUITE: can /dev/kvm boot this kernel, up to a program? That it opens says little: some
# hypervisors run only kernels that were made for them, and interpret all others. Where it works, it
# takes two seconds.
try_kvm() {
    local dir=$WORK/kvm
    if [ ! -w /dev/kvm ]; then return 1; fi
    mkdir -p "$dir/files/dev"
    cp "$(command -v busybox)" "$dir/files/busybox"
    printf '%s\n' '#!/busybox sh' '/busybox mount -t devtmpfs dev /dev' \
        '/busybox uname -r >/dev/ttyS1' '/busybox poweroff -f' >"$dir/files/init"
    chmod 0755 "$dir/files/init"
    pack "$dir/files" >"$dir/initrd"
    timeout -k 5 20 qemu-system-x86_64 "${KVM[@]}" "${PLAIN[@]}" -m 256 \
        -kernel "$CACHE/$1/vmlinuz" -initrd "$dir/initrd" -serial "file:$dir/console" \
        -serial "file:$dir/said" </dev/null >"$dir/qemu" 2>&1 && [ -s "$dir/said" ]
}

# boot NAME: in the background; its end is told by the file "status".
boot() {
    local dir=$WORK/$1 suite root people tests prepare limit=$((BUDGET - SECONDS))
    if [ "$limit" -gt "$LIMIT" ]; then limit=$LIMIT; fi
    boot_row "$1"
    {
        local from=$SECONDS status=0 pid
        timeout "$limit" qemu-system-x86_64 "${MACHINE[@]}" "${PLAIN[@]}" -m 1536 \
            -kernel "$CACHE/$suite/vmlinuz" -initrd "$dir/initrd" -serial "file:$dir/console" \
            -serial "file:$dir/tap" </dev/null >"$dir/qemu" 2>&1 &
        pid=$!
        trap 'kill "$pid" 2>/dev/null; exit 1' TERM
        wait "$pid" || status=$?
        rm -f "$dir/initrd"
        echo "$status $((SECONDS - from))" >"$dir/status.new"
        mv "$dir/status.new" "$dir/status"
    } &
}

# told NAME: prints what the machine said, and counts it
told() {
    local dir=$WORK/$1 log=$WORK/$1/tap ok bad skip planned status seconds version line rest
    read -r status seconds <"$dir/status"
    tr -d '\r' <"$log" >"$log.txt"
    version=$(sed -n 's/^## kernel //p' "$log.txt")
    echo "# ---- $1: ${version:-no kernel came up}"
    sed "s/^\(not ok\|ok\) \([0-9]*\) /&[$1] /; s/^## /# /" "$log.txt"
    ok=$(grep -c '^ok ' "$log.txt")
    skip=$(grep -c '^ok .*# skip' "$log.txt")
    bad=$(grep -c '^not ok ' "$log.txt")
    planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log.txt" | awk '{ n += $1 } END { print n + 0 }')
    passed=$((passed + ok - skip))
    skipped=$((skipped + skip))
    failed=$((failed + bad))
    while IFS= read -r line; do
        rest=${line#not ok * }
        failures+=("[$1] $rest")
    done < <(grep '^not ok ' "$log.txt")
    printf '%-13s %-27s %6d %6d %6d %7d %7d\n' "$1" "${version:--}" "$((ok + bad))" \
        "$((ok - skip))" "$bad" "$skip" "$seconds" >>"$WORK/report"
    line=$(sed -n 's/^## no module //p' "$log.txt" | paste -sd ,)
    if [ -n "$line" ]; then
        result not "[$1] the modules of its kernel can be loaded there; not: $line"
    fi
    # A machine that ended early, or lost a test, must not look like one that passed.
    if [ "$status" = 0 ] && [ "$planned" = $((ok + bad)) ] && [ "$planned" -gt 0 ] &&
        grep -q '^## complete' "$log.txt"; then
        result ok "[$1] boots, runs all $planned tests, and switches itself off"
    elif [ -z "$kvm" ] && grep -qE 'Kernel panic|Oops: |BUG: ' "$dir/console"; then
        # No program may bring a kernel down: this is the emulator's doing (qemu 7.2 does it now
        # and then), and says nothing of ours.
        grep -E 'Kernel panic|Oops: |BUG: ' "$dir/console" | sed 's/^/# console: /' | tr -d '\r'
        skip "[$1] the rest of its tests" "its kernel fell over in the emulator after \
$((ok + bad)) of $planned tests"
    elif [ "$status" = 124 ]; then
        # Each test has a time limit of its own, by the clock in there: none of them hangs.
        skip "[$1] the rest of its tests" "this machine is too slow: $((ok + bad)) of $planned \
tests in $seconds s"
    else
        tail -n 25 "$dir/console" | sed 's/^/# console: /' | tr -d '\r'
        sed 's/^/# qemu: /' "$dir/qemu"
        result not "[$1] boots, runs all tests, and switches itself off ($((ok + bad)) of \
$planned came, qemu's status $status after $seconds s)"
    fi
}

# ---------------------------------------------------------------------------------------------
# The work
# ---------------------------------------------------------------------------------------------

missing() {
    local program
    if [ "$(uname -m)" != x86_64 ]; then echo "this machine is no x86-64"; fi
    for program in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static bats:bats \
        gcc:gcc dpkg-query:dpkg; do
        if ! command -v "${program%:*}" >/dev/null; then
            echo "${program%:*} is not here (Debian's package ${program#*:})"
        fi
    done
    if command -v busybox >/dev/null && ldd "$(command -v busybox)" >/dev/null 2>&1; then
        echo "busybox is not the static one (Debian's package busybox-static)"
    fi
}

# obtain NAME: the kernel and the files of a boot are there; else it is skipped, with the reason
obtain() {
    local suite root people tests prepare status=0
    why=
    boot_row "$1"
    mkdir -p "$WORK/$1"
    kernel "$suite" || status=$?
    if [ "$status" = 0 ] && [ "$prepare" = apparmor ]; then apparmor_parser_kept || status=$?; fi
    case $status in
    0) return 0 ;;
    2) result not "[$1] $why" ;;
    *) skip "[$1] the tests on Debian's kernel of $suite" "$why" ;;
    esac
    return 1
}

names=$(boot_names)
if [ "${1-}" = --list ]; then echo "$names"; exit 0; fi
for name; do
    if ! grep -qxF -- "$name" <<<"$names"; then
        echo "no such boot: $name; there are: ${names//$'\n'/ }" >&2
        exit 2
    fi
done
if [ $# -gt 0 ]; then names=$*; fi

why=$(missing | head -n 1)
if [ -n "$why" ]; then
    skip "the tests on other kernels" "$why"
    finish
fi

WORK=$(mktemp -d "${TMPDIR:-/tmp}/mc-kernels.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if ! cd "$TOP"; then exit 1; fi

todo=()
for name in $names; do if obtain "$name"; then todo+=("$name"); fi; done
if [ "${#todo[@]}" = 0 ]; then finish; fi

# Whether /dev/kvm works is seen while the machine's files are put together.
case ${KERNELS_ACCEL-} in
kvm) kvm=yes ;;
tcg) ;;
*)
    boot_row "${todo[0]}"
    # shellcheck disable=SC2154  # boot_row sets it
    try_kvm "$suite" &
    trying=$!
    ;;
esac
base || { result not "the machine's files are put together"; finish; }
sources || { result not "our program is built without a library"; finish; }
if [ -n "${trying-}" ] && wait "$trying"; then kvm=yes; fi
if [ -n "$kvm" ]; then
    MACHINE=("${KVM[@]}")
    echo "# by /dev/kvm, in real time"
else
    echo "# in software: no /dev/kvm that boots these kernels"
    # Whatever else is at work here goes first: the tests in there do not see it.
    renice -n 19 "$$" >/dev/null 2>&1
fi

if [ -z "${KERNELS-}" ]; then
    echo "# each file as root or as the user, by SEED=$SEED;" \
        "as both: make test-kernels KERNELS=full"
fi
started=0
for ((shown = 0; shown < ${#todo[@]}; )); do
    # As many as may run at a time; what has ended is told in the order of the list.
    while [ "$started" -lt "${#todo[@]}" ] && [ "$(jobs -pr | wc -l)" -lt "$JOBS" ]; do
        name=${todo[started]}
        started=$((started + 1))
        if [ $((BUDGET - SECONDS)) -lt 60 ]; then
            skip "[$name] all of its tests" "no time is left for it"
            echo late >"$WORK/$name/status"
            continue
        fi
        if machine "$name"; then
            boot "$name"
        else
            result not "[$name] its files are put together"
            echo late >"$WORK/$name/status"
        fi
    done
    while [ "$shown" -lt "$started" ] && [ -e "$WORK/${todo[shown]}/status" ]; do
        if [ "$(<"$WORK/${todo[shown]}/status")" != late ]; then told "${todo[shown]}"; fi
        shown=$((shown + 1))
    done
    if [ "$shown" -lt "${#todo[@]}" ]; then sleep 0.5; fi
done
finish
