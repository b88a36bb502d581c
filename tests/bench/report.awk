# report.awk -- what a start costs, for people: tables out of the lines of bench.bash --porcelain.
#
#   awk -f report.awk lines.tsv
#
# Its lines, by tabs (what is not there is "-"):
#   machine  WHAT  VALUE
#   absent   ROW   BUILD  WHY  PERSON
#   start    PERSON  MODE  ROW  BUILD  MICROSECONDS  TIMES_BARE      median; median of the ratios
#   store    PERSON  GROUP ROW  BUILD  MICROSECONDS  TIMES_BARE      the same, see store.bash
#   ports    PERSON  rate  ROW  BUILD  MBIT_A_SECOND  TIMES_PORT     the same, see ports.bash
#   ports    PERSON  start ROW  BUILD  MICROSECONDS  TIMES_PLAIN
#   services PERSON  start ROW  BUILD  MICROSECONDS  TIMES_PLAIN    the same, see services.bash
#   alive    PERSON  BUILD  COUNT  MICROSECONDS  USED  KERNEL  OWN  RESIDENT     kilobytes, of all
#   beside   PERSON  BUILD  COUNT  MICROSECONDS       the limit program, beside as many of ours
# The limits of the last table are those that the project has set itself.

BEGIN {
    FS = "\t"
    n = split("bare floor only-user only-uts only-ipc only-mnt only-pid only-proc only-root only-net" \
              " only-cgroup only-time only-caps only-seccomp only-limits all limits no-net default" \
              " limit unshare bwrap crun runc", order, " ")
    words["bare"] = "bare exec of a static true"
    words["floor"] = "our floor: --only none"
    words["all"] = "all isolations, --image"
    words["limits"] = "... and limits"
    words["no-net"] = "... without net"
    words["default"] = "... in the default root"
    words["limit"] = "the same calls, nothing else"
    words["unshare"] = "unshare, all namespaces"
    words["bwrap"] = "bubblewrap --unshare-all"
    words["crun"] = "crun run, an equal container"
    words["runc"] = "runc run, an equal container"
}

function label(row) {
    if (row in words) return words[row]
    sub(/^only-/, "", row)
    return row == "user" ? "--only user" : "--only user," row
}

$1 == "machine" { about[++abouts] = sprintf("  %-12s %s", $2, $3) }
$1 == "absent" { absent[$2, $3] = missing[$5, $2, $3] = $4 }
$1 == "store" {
    if (!($2 in stored)) { stored[$2] = 1; stores[++kept] = $2 }
    groups[$2, $3] = 1
    took[$2, $4, $5] = $6
    group[$2, $3, $4] = $6
}
$1 == "ports" {
    if (!($2 in called)) { called[$2] = 1; doors[++gates] = $2 }
    through[$2, $3, $4, $5] = $6
}
$1 == "services" {
    if (!($2 in served)) { served[$2] = 1; servers[++serving] = $2 }
    through[$2, $1, $4, $5] = $6
}
$1 == "start" {
    if (!(($2, $3) in seen)) { seen[$2, $3] = 1; tables[++many] = $2 SUBSEP $3 }
    us[$2, $3, $4, $5] = $6
    ratio[$2, $3, $4, $5] = $7
    person[$2] = 1
}
$1 == "alive" {
    lives[++lived] = $2 SUBSEP $3 SUBSEP $4
    latency[$2, $3, $4] = $5
    for (i = 6; i <= 9; i++) kilobytes[$2, $3, $4, i] = $i
    if ($4 > most[$2, $3]) most[$2, $3] = $4
}

$1 == "beside" { limits[$2, $3, $4] = $5 }

function cell(who, mode, row, build) {
    if (!((who, mode, row, build) in us)) return sprintf("%8s %6s", "-", "-")
    return sprintf("%8.2f %6.1f", us[who, mode, row, build] / 1000, ratio[who, mode, row, build])
}

function table(who, mode,    i, row) {
    printf "\nStart to exit of `true`, as %s, %s: median ms, and times a bare exec\n", who, mode
    printf "%-32s %15s  %15s\n", "", "static", "dynamic"
    for (i = 1; i <= n; i++) {
        row = order[i]
        if ((who, mode, row, "any") in us)
            printf "%-32s %15s\n", label(row), cell(who, mode, row, "any")
        else if ((who, mode, row, "static") in us || (who, mode, row, "dynamic") in us)
            printf "%-32s %15s  %15s\n", label(row), cell(who, mode, row, "static"),
                cell(who, mode, row, "dynamic")
        else if ((row, "any") in absent)
            printf "%-32s %s\n", label(row), substr(absent[row, "any"], 1, 46)
    }
}

# A line of the table of the store: ROW for each build; and why it is not there.
function store_line(who, text, row,    i, b, build, why, said) {
    split("static dynamic podman", b, " ")
    printf "%-38s", text
    for (i = 1; i <= 3; i++) {
        build = i == 1 && (who, row, "any") in took ? "any" : b[i]
        printf " %12s", (who, row, build) in took ? sprintf("%.2f", took[who, row, build] / 1000) : "-"
    }
    print ""
    for (i = 1; i <= 3; i++) {
        why = missing[who, row, b[i]]
        if (why != "" && !(why in said)) printf "  %s: %s\n", b[i], substr(why, 1, 66)
        said[why]
    }
}

# Microseconds of a row; "" where it is not there. What sync.c does beside a process is the sync alone;
# "true GROUP" is the machine's `true`, in that group.
function cost(who, row, build) {
    if (row ~ /^true /) return group[who, substr(row, 6), "true"]
    if (row == "sync") return took[who, row, "any"] - group[who, "run", "bare"]
    if ((who, row, "any") in took) return took[who, row, "any"]
    return took[who, row, build]
}

# What we want of it: OVER, less what LESS costs, as a part of UNDER.
function store_want(who, text, limit, over, less, under,    i, b, value, o, l, u) {
    split("static dynamic", b, " ")
    printf "%-38s %6s", text, sprintf("%.2f", limit)
    for (i = 1; i <= 2; i++) {
        o = cost(who, over, b[i])
        l = less ? cost(who, less, b[i]) : 0
        u = cost(who, under, b[i])
        value = o && u && l != "" ? sprintf("%.2f", (o - l) / u) : "-"
        printf " %8s %-6s", value, (value == "-" ? "" : value + 0 > limit ? "missed" : "kept")
    }
    print ""
}

function store_tables(who) {
    printf "\nImages and kept containers, as %s: median ms\n", who
    printf "%-38s %12s %12s %12s\n", "", "static", "dynamic", "podman"
    if ((who, "podman", "any") in missing) printf "  podman: %s\n", substr(missing[who, "podman", "any"], 1, 66)
    store_line(who, "a bare process", "bare")
    store_line(who, "the machine's true", "true")
    store_line(who, "run --image ./DIR", "dir")
    store_line(who, "run --image NAME, four layers", "image")
    store_line(who, "run --name X --image NAME", "named")
    store_line(who, "... the sync of its file system alone", "sync")
    store_line(who, "start -a X", "start")
    store_line(who, "ps -a, many containers", "ps")
    store_line(who, "commit of 1 MB, on 1 MB", "commit-small")
    store_line(who, "commit of 1 MB, on a large base", "commit-base")
    store_line(who, "build, all known", "build")
    if (!((who, "unpack") in groups)) return
    store_line(who, "run --image NAME, its layer unpacked", "unpack")
    store_line(who, "... and after that", "warm")
    store_line(who, "tar x of that layer alone", "tar")
    store_line(who, "sha256sum of it", "sum")
}

function store_wants(who) {
    printf "\nWhat we want of them, as %s: ratios of medians\n", who
    printf "%-38s %6s %15s %15s\n", "", "limit", "static     ", "dynamic     "
    store_want(who, "run --image NAME / ./DIR", 1.1, "image", "", "dir")
    store_want(who, "run --name, less the sync / without", 1.1, "named", "sync", "image")
    store_want(who, "start -a / run --name", 1, "start", "", "named")
    store_want(who, "ps -a / the machine's true", 5, "ps", "", "true ps")
    store_want(who, "commit on a large base / on 1 MB", 1.25, "commit-base", "", "commit-small")
    store_want(who, "build, all known / the machine's true", 10, "build", "", "true build")
    if ((who, "unpack") in groups)
        store_want(who, "unpack / tar x", 1.3, "unpack", "warm", "tar")
}

function port_line(who, text, row) {
    if ((who, "rate", row, "dynamic") in through)
        printf "%-44s %6.1f\n", text, through[who, "rate", row, "dynamic"] / 1000
}

# What we want of it: OVER as a part of UNDER, at least or at most LIMIT.
function port_want(who, text, least, limit, kind, over, under,    i, b, o, u, value) {
    split("static dynamic", b, " ")
    printf "%-38s %s %4s", text, (least ? "least" : " most"), limit
    for (i = 1; i <= 2; i++) {
        o = through[who, kind, over, b[i]]
        u = through[who, kind, under, b[i]]
        value = o && u ? sprintf("%.2f", o / u) : "-"
        printf " %7s %-6s", value,
            (value == "-" ? "" : (least ? value + 0 < limit : value + 0 > limit) ? "missed" : "kept")
    }
    print ""
}

function port_tables(who) {
    printf "\nCalls that come in, as %s: median Gbit/s of one stream\n", who
    port_line(who, "-p, to a container with --network", "port")
    port_line(who, "-p, to one without", "alone")
    port_line(who, "socat, to the same server", "socat")
    port_line(who, "another container, by the network", "containers")
    port_line(who, "the lab, by the bridge", "bridge")
    printf "\nWhat we want of ports and networks, as %s: ratios of medians\n", who
    printf "%-38s %10s %14s %14s\n", "", "", "static     ", "dynamic    "
    port_want(who, "-p / socat", 1, 4, "rate", "port", "socat")
    port_want(who, "-p / container to container", 1, 0.6, "rate", "port", "containers")
    port_want(who, "start with --network / without", 0, 1.25, "start", "network", "plain")
    port_want(who, "start with -p / without", 0, 1.25, "start", "port", "plain")
}

function service_tables(who,    i, b) {
    printf "\nCompose and the daemon, as %s: median ms\n", who
    printf "%-38s %12s %12s\n", "", "static", "dynamic"
    service_line(who, "run --image ./DIR", "plain")
    service_line(who, "the same, by --host", "daemon")
    service_line(who, "compose up of three", "compose")
    split("static dynamic", b, " ")
    for (i = 1; i <= 2; i++)
        if ((who, "compose", b[i]) in missing)
            printf "  %s: %s\n", b[i], substr(missing[who, "compose", b[i]], 1, 66)
    printf "\nWhat we want of them, as %s: ratios of medians\n", who
    printf "%-38s %10s %14s %14s\n", "", "", "static     ", "dynamic    "
    port_want(who, "compose up of three / run", 0, 8, "services", "compose", "plain")
    port_want(who, "run by --host / run", 0, 1.3, "services", "daemon", "plain")
}

function service_line(who, text, row,    i, b) {
    split("static dynamic", b, " ")
    printf "%-38s", text
    for (i = 1; i <= 2; i++)
        printf " %12s", (who, "services", row, b[i]) in through ? \
            sprintf("%.2f", through[who, "services", row, b[i]] / 1000) : "-"
    print ""
}

# One part of medians, of the busy runs; "" where one of the two is not there.
function part(who, row, build, other, other_build) {
    if (!((who, "busy", row, build) in us) || !((who, "busy", other, other_build) in us)) return ""
    return us[who, "busy", row, build] / us[who, "busy", other, other_build]
}

function judged(value, limit) {
    if (value == "") return sprintf("%7s  ", "-")
    return sprintf("%7s%s", sprintf(limit >= 100 ? "%.0f" : limit >= 5 ? "%.1f" : "%.2f", value),
        value > limit ? " !" : "  ")
}

# A line of the last table. KIND says what is computed, for each build and person.
function target(text, kind, of, static_limit, dynamic_limit,    b, build, limit, who, line, p, value) {
    line = sprintf("%-28s", text)
    for (b = 1; b <= 2; b++) {
        build = b == 1 ? "static" : "dynamic"
        limit = b == 1 ? static_limit : dynamic_limit
        line = line sprintf(" %6s", limit)
        for (p = 1; p <= 2; p++) {
            who = p == 1 ? "root" : "user"
            value = ""
            if (kind == "peer") value = part(who, "all", build, of, "any")
            if (kind == "own") value = part(who, "all", build, of, build)
            if (kind == "over") value = part(who, of, build, "all", build)
            if (kind == "resident" && (who, build) in most) value = kilobytes[who, build, most[who, build], 9]
            if (kind == "each" && most[who, build])
                value = kilobytes[who, build, most[who, build], 6] / most[who, build]
            if (kind == "floor") value = part(who, "floor", build, "bare", "any")
            if (kind == "crowd" && (who, build) in most && latency[who, build, 0]) {
                value = latency[who, build, most[who, build]] / latency[who, build, 0]
                if (limits[who, build, 0])
                    value /= limits[who, build, most[who, build]] / limits[who, build, 0]
                else
                    value = ""
            }
            line = line judged(value, limit)
        }
    }
    print line
}

END {
    print "The machine"
    for (i = 1; i <= abouts; i++) print about[i]
    for (t = 1; t <= many; t++) { split(tables[t], key, SUBSEP); table(key[1], key[2]) }
    if (lived) {
        printf "\nIdle containers alive: a start beside them in ms, and kilobytes for each of them\n"
        printf "%-5s %-8s %6s %9s %9s %9s %9s %12s\n", "as", "build", "alive", "start", "all",
            "kernel's", "our own", "supervisor's"
    }
    for (i = 1; i <= lived; i++) {
        split(lives[i], key, SUBSEP)
        printf "%-5s %-8s %6d %9.2f", key[1], key[2], key[3], latency[key[1], key[2], key[3]] / 1000
        for (w = 6; w <= 8; w++)
            printf " %9s", (key[3] >= 100 ? sprintf("%.0f", kilobytes[key[1], key[2], key[3], w] / key[3]) : "-")
        printf " %12s\n", key[3] ? kilobytes[key[1], key[2], key[3], 9] : "-"
    }
    for (i = 1; i <= kept; i++) store_tables(stores[i])
    for (i = 1; i <= kept; i++) store_wants(stores[i])
    for (i = 1; i <= gates; i++) port_tables(doors[i])
    for (i = 1; i <= serving; i++) service_tables(servers[i])
    if ("ports" SUBSEP "any" in absent) printf "\nCalls that come in: %s\n", substr(absent["ports", "any"], 1, 56)
    if (!many) exit
    printf "\nWhat we want, as ratios of medians, busy (! missed)\n"
    printf "%-28s %6s %7s  %7s   %6s %7s  %7s\n", "", "static", "root", "user", "dynam.", "root", "user"
    target("all / bare true", "peer", "bare", 11.5, 17)
    target("floor / bare true", "floor", "", 3.3, 9)
    target("all / the same calls alone", "own", "limit", 1.12, 1.12)
    target("all / bubblewrap", "peer", "bwrap", 0.40, 0.60)
    target("all / crun", "peer", "crun", 0.24, 0.36)
    target("all / unshare", "peer", "unshare", 0.72, 1.10)
    target("without net / all", "over", "no-net", 0.72, 0.78)
    target("default root / all", "over", "default", 1.30, 1.30)
    target("supervisor's resident KB", "resident", "", 250, 1600)
    target("growth beside most alive", "crowd", "", 1.1, 1.1)
    target("KB for each of most alive", "each", "", 450, 650)
}
