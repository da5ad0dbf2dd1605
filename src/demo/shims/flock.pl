# flock [-s|-x|-u] [-n] [-w SECONDS] FD
# flock [-s|-x] [-n] [-w SECONDS] [-E CODE] FILE PROGRAM [ARG…]
# flock … FILE -c COMMAND
use strict;
use warnings;
use Fcntl ':flock';
use Time::HiRes ();

my ($mode, $now, $wait, $conflict) = (LOCK_EX, 0, undef, 1);
while (@ARGV && $ARGV[0] =~ /^-/) {
    my $option = shift @ARGV;
    last if $option eq '--';
    if ($option =~ /^(-s|--shared)$/) { $mode = LOCK_SH }
    elsif ($option =~ /^(-x|-e|--exclusive)$/) { $mode = LOCK_EX }
    elsif ($option =~ /^(-u|--unlock)$/) { $mode = LOCK_UN }
    elsif ($option =~ /^(-n|--nb|--nonblock)$/) { $now = 1 }
    elsif ($option =~ /^(-w|--wait|--timeout)$/) { $wait = shift @ARGV }
    elsif ($option =~ /^(-E|--conflict-exit-code)$/) { $conflict = shift @ARGV }
    else { die "flock: unknown option $option\n" }
}
my $on = shift @ARGV;
die "flock: nothing to lock\n" unless defined $on;

my $handle;
if (!@ARGV && $on =~ /^\d+$/) {
    open($handle, '>&=', $on) or open($handle, '<&=', $on) or die "flock: $on: $!\n";
} else {
    open($handle, '<', $on) or open($handle, '>>', $on) or die "flock: $on: $!\n";
    # The program keeps the lock by inheriting the file.
    require POSIX;
    fcntl($handle, Fcntl::F_SETFD(), 0);
}

my $until = $now ? 0 : defined $wait ? Time::HiRes::time() + $wait : undef;
if (defined $until) {
    until (flock($handle, $mode | LOCK_NB)) {
        exit $conflict if Time::HiRes::time() >= $until;
        Time::HiRes::sleep(0.02);
    }
} else {
    flock($handle, $mode) or die "flock: $!\n";
}
exit 0 unless @ARGV;
@ARGV = ('/bin/sh', '-c', $ARGV[1]) if $ARGV[0] =~ /^(-c|--command)$/;
exec { $ARGV[0] } @ARGV or do {
    print STDERR "flock: $ARGV[0]: $!\n";
    exit 127;
};
