# report.awk -- what a start costs, for people: tables out of the lines of bench.bash --porcelain.
#
#   awk -f report.awk lines.tsv
#
# Its lines, by tabs (what is not there is "-"):
#   machine  WHAT  VALUE
#   absent   ROW   BUILD  WHY
#   start    PERSON  MODE  ROW  BUILD  MICROSECONDS  TIMES_BARE      median; median of the ratios
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
$1 == "absent" { absent[$2, $3] = $4 }
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
