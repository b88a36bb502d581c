# chart.awk -- the busy starts of one person (root, if there is one) as bars, an SVG; see report.awk.
BEGIN {
    FS = "\t"
    n = split("bare:any:a process|all:static:container, make static|default:static:... in the default root" \
        "|all:dynamic:container, make|default:dynamic:... in the default root" \
        "|limit:static:its system calls alone|unshare:any:unshare|bwrap:any:bubblewrap|crun:any:crun" \
        "|runc:any:runc", bars, "|")
}
$1 == "start" && $3 == "busy" && ($2 == "root" || !root) {
    if ($2 == "root" && !root) { root = 1; split("", us) }
    us[$4, $5] = $6
    times[$4, $5] = $7
    who = $2
}
END {
    for (i = 1; i <= n; i++) {
        split(bars[i], b, ":")
        if (!((b[1], b[2]) in us)) continue
        shown[++m] = i
        if (us[b[1], b[2]] > longest) longest = us[b[1], b[2]]
    }
    height = 78 + 30 * m
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 %d\" font-family=\"sans-serif\" font-size=\"14\">\n", height
    printf "<title>What a start costs</title>\n<rect width=\"720\" height=\"%d\" fill=\"#ffffff\"/>\n", height
    printf "<text x=\"16\" y=\"28\" font-size=\"17\" fill=\"#222222\">From the start to the exit of the program true, in milliseconds</text>\n"
    for (k = 1; k <= m; k++) {
        split(bars[shown[k]], b, ":")
        value = us[b[1], b[2]]
        y = 44 + 30 * (k - 1)
        ours = b[1] ~ /^(all|default)$/
        printf "<text x=\"200\" y=\"%d\" text-anchor=\"end\" fill=\"#222222\">%s</text>\n", y + 16, b[3]
        printf "<rect x=\"210\" y=\"%d\" width=\"%.0f\" height=\"20\" fill=\"%s\"/>\n", y, 390 * value / longest + 1,
            ours ? "#1f6feb" : "#9aa4b2"
        printf "<text x=\"%.0f\" y=\"%d\" fill=\"#222222\">%.1f  (%.1f x)</text>\n", 218 + 390 * value / longest,
            y + 16, value / 1000, times[b[1], b[2]]
    }
    printf "<text x=\"16\" y=\"%d\" font-size=\"12\" fill=\"#555555\">Medians, as %s, one start right after the other. (x): how many times a process, median of the ratios.</text>\n", height - 24, who
    printf "<text x=\"16\" y=\"%d\" font-size=\"12\" fill=\"#555555\">Blue: ours. Where no default root is named, the root is a directory with little in it, for all of them the same.</text>\n</svg>\n", height - 8
}
