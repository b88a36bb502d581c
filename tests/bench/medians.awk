# medians.awk -- of the rounds that driver.c printed: a line for each row, see report.awk.
#
#   awk -v line=WORD -v who=PERSON -v mode=MODE -v names=FILE -f medians.awk ROUNDS
#
# WORD is the first of each line: start, store, ports, services.
#
# FILE has the name and the build of each row, by a tab, in their order. The last field of a line is
# the median of the row's time over the first row's *in the same round*: a machine that is slow for
# some rounds is slow for both.
BEGIN {
    FS = OFS = "\t"
    while ((getline row < names) > 0) name[++n] = row
}

{
    for (i = 1; i <= n; i++) {
        us[i, NR] = $i
        times[i, NR] = $i / $1
    }
}

function median(of, i,    k, j, x, sorted) {
    for (k = 1; k <= NR; k++) {
        x = of[i, k]
        for (j = k - 1; j > 0 && sorted[j] > x; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = x
    }
    return NR % 2 ? sorted[(NR + 1) / 2] : (sorted[NR / 2] + sorted[NR / 2 + 1]) / 2
}

END {
    for (i = 1; i <= n && NR; i++)
        print line, who, mode, name[i], sprintf("%.1f", median(us, i)), sprintf("%.3f", median(times, i))
}
