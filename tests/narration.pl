#!/usr/bin/perl
#
# narration.pl FILE... -- is what `run --explain` told what was done?
#
# Each FILE is what `strace -ff -s 4096` saw of one process, FILE.PID. The narration goes to stderr
# by write(2), so it stands there too, between the calls that it tells. Both directions are held:
#   - a told call is the one that was just made: same name, result, words and flags;
#   - a call that changes something is told, or stands in the list of plumbing below.
# Prints what is wrong, and at the end "told N untold N wrong N".
use strict;
use warnings;

# Calls that change what a process is, or what others see.
my %changes = map { $_ => 1 } qw(
    mount umount umount2 pivot_root chroot open_tree move_mount mount_setattr fsopen fsconfig
    fsmount fspick clone clone3 fork vfork unshare setns sethostname setdomainname setuid setgid
    setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset prctl seccomp keyctl
    add_key request_key setsid setpgid chdir setrlimit prlimit64 personality swapon swapoff reboot
    settimeofday clock_settime adjtimex init_module finit_module delete_module bpf quotactl acct
    kexec_load process_vm_writev ptrace kill tkill tgkill pidfd_send_signal msgget semget shmget
    open_tree_attr quotactl_fd
);

# What need not be told, and why. Nothing here may be what a lesson teaches. With "first": only at the
# beginning of the first process, before anything is told.
my @plumbing = (
    [ qr/^setresgid\((\d+), \1, \1\)/,            'the caller\'s own group, if the file is setgid', 'first' ],
    [ qr/^prctl\(PR_SET_PDEATHSIG, SIG(KILL|CONT)\)/, 'we die with the parent: our own safety' ],
    [ qr/^setpgid\((\d+), \1\)/,                  'leads a group of its own: our own safety' ],
    [ qr/^prctl\(PR_SET_CHILD_SUBREAPER, 1\)/,     'orphans come to us: our own safety' ],
    [ qr/^prctl\(PR_SET_NAME, /,                   'a name for ps' ],
    [ qr/^prctl\(PR_SET_DUMPABLE, /,               'our own files in /proc stay ours' ],
    [ qr/^chdir\("/,                               'where the command begins: --workdir' ],
    [ qr/^prctl\(PR_CAPBSET_READ/,                 'a question' ],
    [ qr/^prctl\(PR_CAPBSET_DROP, /,               'one of many: capset tells which are kept' ],
    [ qr/^mkdir\("[^"]+\/box"/,                   'inside of what was told' ],
    [ qr/^setgroups\(0, NULL\)/,                   'part of becoming root; refused where that is so' ],
    [ qr/^keyctl\(KEYCTL_JOIN_SESSION_KEYRING, /,  'said; may be refused' ],
    [ qr/^prlimit64\(\d+, RLIMIT_\w+, NULL, /,     'a question' ],
    [ qr/^prlimit64\(0, RLIMIT_CORE, \{rlim_cur=0,/, 'a build with AddressSanitizer' ],
    [ qr/^kill\(\d+, SIGKILL\)/,                   'the end of a child' ],
);
# The same for one kind of run: these stand in the argument --also=WORD.
my %also = (
    lab  => [ qr/^(clone\(child_stack=NULL, flags=CLONE_CHILD|setsid\(\)|msgget\(|kill\(\d+, SIG(STOP|CONT)\)|ioctl\(\d+, SIOCSIFADDR)/,
              'the furniture of the lab' ],
);

my ($told, $untold, $wrong, $lab) = (0, 0, 0, 0);
my ($file, %dropped, $why);

# How many capabilities this kernel has.
my $capabilities = do {
    open my $in, '<', '/proc/sys/kernel/cap_last_cap' or die "cap_last_cap: $!\n";
    1 + <$in>;
};

sub wrong {
    $wrong++;
    print "$file: @_\n";
}

# A string as strace prints it.
sub unquote {
    my $s = shift;
    my %names = (n => "\n", t => "\t", r => "\r", v => "\x0b", f => "\f", '"' => '"', '\\' => '\\');
    $s =~ s/\\(?:([0-7]{1,3})|(.))/defined $1 ? chr oct $1 : $names{$2}/gse;
    return $s;
}

# An event of strace that changes something was not told.
sub judge_untold {
    my $e = shift;
    return if $e->{result} =~ /^-/ || $e->{result} eq '?';  # it changed nothing
    for my $p (@plumbing) {
        next if defined $p->[2] && !$e->{first};
        if ($e->{line} =~ $p->[0]) { $untold++; return }
    }
    wrong("not told: $e->{line}");
}

# capset(2): what is told as kept is effective and permitted, and all others were dropped from the
# bounding set before.
sub compare_caps {
    my ($e, $values) = @_;
    my ($kept) = $values =~ /^kept:(.*)$/ or return wrong("cannot read: [$values]");
    my @kept = split ' ', $kept;
    for my $set (qw(effective permitted)) {
        my ($made) = $e->{line} =~ /\b$set=([^,}]+)/;
        $made = '' if $made eq '0';
        $made = join ' ', sort map { lc s/^1<<CAP_//r } split /\|/, $made;
        # What the caller has not is not given by us.
        wrong("told [$kept], made $set: $made") if $made ne join ' ', sort @kept;
    }
    wrong("inheritable is not empty: $e->{line}") if $e->{line} !~ /\binheritable=0\b/;
    for my $cap (@kept) {
        wrong("told as kept, and dropped: $cap") if $dropped{$cap};
    }
    wrong('kept ' . @kept . ' and dropped ' . keys(%dropped) . " of $capabilities")
        if @kept + keys(%dropped) != $capabilities;
}

# seccomp(2): the filter is as long as was said.
sub compare_filter {
    my ($e) = @_;
    my ($said) = ($why // '') =~ /(\d+) instructions/ or return wrong('no length of the filter is told');
    wrong("told $said instructions, made: $e->{line}") if $e->{line} !~ /\{len=$said,/;
}

# The words of a told call must be those of the call that was made.
sub compare_call {
    my ($e, $text, $values) = @_;
    my ($args) = $text =~ /^\w+\((.*)\)$/s;
    for my $word ($args =~ /"((?:[^"\\]|\\.)*)"/g) {
        next if $e->{name} eq 'mkdir';  # part of an expression: what it came to is told behind it
        wrong("told \"$word\", made: $e->{line}") if index($e->{line}, "\"$word\"") < 0;
    }
    for my $flag ($args =~ /\b((?:MS|MNT|CLONE|PR|SIOC|MOVE_MOUNT|AT|OPEN_TREE)_?[A-Z_]+)\b/g) {
        next if $flag eq 'AT_FDCWD' && $e->{line} =~ /AT_FDCWD/;
        wrong("told $flag, made: $e->{line}") if $e->{line} !~ /\b$flag\b/;
    }
    for my $number ($args =~ /(?<![\w.])(\d+)(?![\w.])/g) {
        # strace has a name for the 1 of seccomp, and does not show the last argument of clone.
        next if $e->{name} eq 'seccomp' && $number == 1 && $e->{line} =~ /SECCOMP_SET_MODE_FILTER/;
        next if $e->{name} eq 'fsmount' && $number == 1 && $e->{line} =~ /FSMOUNT_CLOEXEC/;
        next if $e->{name} eq 'clone' && $number == 0;
        wrong("told $number, made: $e->{line}") if $e->{line} !~ /\b$number\b/;
    }
    compare_filter($e) if $e->{name} eq 'seccomp';
    return if $values eq '';
    if ($e->{name} eq 'capset') {
        compare_caps($e, $values);
    } elsif ($e->{name} =~ /^clone3?$/) {
        my @made = map { split /\|/ } $e->{line} =~ /\b(?:flags|exit_signal)=([A-Z][A-Z_|]*)/g;
        my $want = join '|', sort(split(/\|/, $values), $args =~ /\b(CLONE_\w+)/g);
        my $got = join '|', sort @made;
        wrong("told [$want], made: [$got]") if $want ne $got;
    } elsif ($e->{name} =~ /^(mount|mount_setattr|open_tree|sethostname|mkdir)$/) {
        my ($first) = $values =~ /^"?([^,"]+?)"?(?:,| on |$)/;
        # A mount that is attached nowhere, or known by its descriptor alone, has no path.
        my $made = $first eq 'a mount' ? '"", AT_EMPTY_PATH' : "\"$first\"";
        wrong("told [$first], made: $e->{line}") if index($e->{line}, $made) < 0;
        wrong("told [$values], made: $e->{line}")
            if $e->{name} eq 'mount_setattr' &&
               ($values =~ /read-only/ xor $e->{line} =~ /attr_set=[^,]*MOUNT_ATTR_RDONLY/);
    } elsif ($e->{name} eq 'fsmount') {
        wrong("told [$values], made of type $e->{is}: $e->{line}") if $values ne $e->{is};
    } elsif ($e->{name} eq 'move_mount') {
        # To a place that openat2(2) has found, by its path; or what was attached.
        my $made = defined $e->{at} ? "/$e->{at}" : $e->{is};
        wrong("told [$values], made [$made]: $e->{line}") if $values ne $made;
    } elsif ($e->{name} eq 'setns') {
        # Rows, of which mnt has another name; proc, root and what changes rights are no namespaces.
        my $want = join '|', sort map { 'CLONE_' . ($_ eq 'mnt' ? 'NEWNS' : 'NEW' . uc) }
            grep { !/^(proc|root|caps|seccomp|limits)$/ } split /,/, $values;
        my $got = join '|', sort split /\|/, ($e->{line} =~ /, ([A-Z_|]+)\)/)[0] // 'nothing';
        wrong("told [$values], made: $e->{line}") if $want ne $got;
    }
}

# The last event of this name; what changed something after it was not told, or told already.
sub find_event {
    my ($events, $name) = @_;
    for my $i (reverse 0 .. $#$events) {
        my $e = $events->[$i];
        if ($e->{name} eq $name && !$e->{told}) {
            judge_untold($_) for grep { $_->{changes} && !$_->{told} } @$events[0 .. $i - 1],
                @$events[$i + 1 .. $#$events];
            splice @$events, 0, scalar @$events;
            return $e;
        }
    }
    return undef;
}

sub told_call {
    my ($events, $text) = @_;
    my ($call, $result, $values) = $text =~ /^(.*?\)) = (-?\d+)(?:  \[(.*)\])?$/s;
    return wrong("cannot read: $text") if !defined $call;
    my $name = $call =~ /^syscall\(SYS_(\w+)/ ? $1 : ($call =~ /^(\w+)\(/)[0];
    my $made = $name eq 'fork' ? 'clone' : $name;
    my $e = find_event($events, $made);
    return wrong("told, and not made just before: $text") if !$e;
    $told++;
    wrong("told = $result, made: $e->{line}") if $e->{result} ne $result;
    $call =~ s/^syscall\(SYS_\w+, /$name(/;
    compare_call($e, $call, $values // '');
}

sub told_shell {
    my ($events, $text) = @_;
    my ($by, $words, $path, $refused) =
        $text =~ /^(echo|printf) '(.*)' > (\S+)(  \(refused.*)?$/s or return;
    $words =~ s/\\n/\n/g if $by eq 'printf';
    my $e = find_event($events, "write $path");
    return if !$e && $refused;  # it could not even be opened
    return wrong("told, and not written: $text") if !$e;
    $told++;
    wrong("told '$words', written '$e->{text}' to $path") if $e->{text} ne $words;
    wrong("told as done, made: $e->{line}") if !$refused && $e->{result} != length $words;
    wrong("told as refused, made: $e->{line}") if $refused && $e->{result} >= 0;
}

# COMMAND was told. execvp(3) tries it in each directory of PATH; and what has no format that the
# kernel knows it gives to sh.
sub is_told {
    my ($path, $command, $no_format, $args) = @_;
    return 1 if $path eq $command || ($command !~ m{/} && $path =~ m{^/.*/\Q$command\E$});
    return $path eq '/bin/sh' && defined $no_format && index($args, "\"$no_format\"") >= 0;
}

sub begins_with_execve {
    open my $in, '<', $file or die "$file: $!\n";
    return (<$in> // '') =~ /^execve\(/ ? 1 : 0;
}

# One process. MAIN: the first one, which alone may speak as the parent.
sub process {
    my $main = shift;
    my (@events, %open, %speakers, %fs, %mount);
    %dropped = ();
    my ($execs, $command, $no_format) = (0, undef, undef);
    open my $in, '<', $file or die "$file: $!\n";
    while (my $line = <$in>) {
        chomp $line;
        next unless $line =~ /^(\w+)\((.*)\)\s+= (-?\d+|0x[0-9a-f]+|\?)/;
        my ($name, $args, $result) = ($1, $2, $3);
        if ($name eq 'execve') {
            my ($path) = $args =~ /^"([^"]*)"/;
            # This is our program itself, and then perhaps its copy in memory.
            if ($result eq '0' && $main && !$execs++) { next }
            if ($result eq '0' && $main && $execs++ < 2 && $path =~ m{^/proc/self/fd/\d+$}) { next }
            # The furniture of a lab: the shell line that was told, and its command.
            if ($lab && $args =~ /\["sh", "-c", (?:"--", )?"cp -R \/run\/lessons \/root"\]/) { last }
            if ($lab && $args =~ /\["cp", "-R", "\/run\/lessons", "\/root"\]/) { last }
            wrong("execve of $path, told: " . ($command // 'nothing'))
                if !defined $command || !is_told($path, $command, $no_format, $args);
            if ($result eq '0') { $told++; last }
            $no_format = $path if $line =~ /ENOEXEC/;
            next;
        }
        if ($name eq 'execveat') {
            if ($result eq '0' && $main && $execs++ < 2 && $args =~ /^\d+, "",.* AT_EMPTY_PATH$/) { next }
            wrong("not told: $line");
            next;
        }
        $name = 'clone' if $name eq 'fork';  # as libc likes it
        if ($name eq 'close') {
            # A file system that was made and never became a mount has changed nothing.
            delete $fs{$args};
            delete $open{$args};
            delete $mount{$args};
        } elsif ($name eq 'fsopen') {
            # fsopen, fsconfig and fsmount are one: the last tells of all three.
            $fs{$result} = ($args =~ /^"(\w+)"/)[0];
            $untold++;
        } elsif ($name eq 'fsconfig' && $args =~ /^(\d+), FSCONFIG_(SET_STRING|CMD_CREATE), / &&
                 defined $fs{$1}) {
            $untold++;
        } elsif ($name eq 'openat2') {
            $open{$result} = ($args =~ /"((?:[^"\\]|\\.)*)"/)[0];
        } elsif ($name =~ /^open(at)?$/) {
            $open{$result} = ($args =~ /"((?:[^"\\]|\\.)*)"/)[0];
        } elsif ($name eq 'write' && $args =~ /^(\d+), "((?:[^"\\]|\\.)*)"(?:\.\.\.)?, \d+$/) {
            my $fd = $1;
            my $text = unquote($2);
            if ($fd == 2 && $text =~ /^(parent|child|init|exec)\s+(\w+)\s+(.*)\n\z/s) {
                my ($who, $kind, $words) = ($1, $2, $3);
                $speakers{$who} = 1;
                $why = $words if $kind eq 'why';
                if ($kind eq 'call' && $words =~ /^execvp\(.*\["(.*)"\]$/) { $command = $1 }
                elsif ($kind eq 'call') { told_call(\@events, $words) }
                elsif ($kind eq 'shell') { told_shell(\@events, $words) }
            } elsif (($open{$fd} // '') =~ m{^(/proc/|/sys/fs/cgroup/|sys/net/)}) {  # or we stand in /proc
                push @events, { name => "write $open{$fd}", line => $line, result => $result,
                                text => $text, changes => 1 };
            }
        } elsif ($changes{$name} || ($name eq 'ioctl' && $args =~ /^\d+, (SIOCS|TIOCSPGRP|TIOCSCTTY)/)) {
            my $e = { name => $name, line => $line, result => $result, changes => 1,
                      first => $main && !%speakers };
            if ($name eq 'fsmount') {
                $e->{is} = $fs{($args =~ /^(\d+)/)[0]} // 'nothing';
                $mount{$result} = $e->{is};
            } elsif ($name eq 'open_tree') {
                $mount{$result} = ($args =~ /"((?:[^"\\]|\\.)*)"/)[0];
            } elsif ($name eq 'move_mount' && $args =~ /^(\d+), "", (\w+), "/) {
                $e->{is} = $mount{$1} // 'nothing';
                $e->{at} = $open{$2};
            }
            push @events, $e;
            $dropped{lc $1} = 1 if $line =~ /^prctl\(PR_CAPBSET_DROP, CAP_(\w+)\) += 0/;
        } elsif ($name eq 'mkdir' && $args =~ m{^"/sys/fs/cgroup/}) {
            push @events, { name => $name, line => $line, result => $result, changes => 1 };
        }
    }
    judge_untold($_) for grep { $_->{changes} } @events;
    wrong('who speaks here? ' . join ' ', sort keys %speakers) if $main
        ? grep { $_ ne 'parent' } keys %speakers : $speakers{parent};
}

while (@ARGV && $ARGV[0] =~ /^--also=(\w+)$/) {
    $lab = 1 if $1 eq 'lab';
    push @plumbing, $also{$1} // die "what is $1?\n";
    shift;
}
# The first process is the one that strace started: only its trace begins with an execve. (It need not
# have the least number: behind pid_max they begin again.)
my $firsts = 0;
for my $f (@ARGV) {
    $file = $f;
    my $main = begins_with_execve();
    $firsts += $main;
    process($main);
}
wrong("$firsts of these begin with an execve: which is the first process?") if $firsts != 1;
print "told $told untold $untold wrong $wrong\n";
