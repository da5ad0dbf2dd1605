# setsid [-w] [-f] PROGRAM [ARG…]: runs a program in a session of its own, in this very process where that is possible.
use strict;
use warnings;
use POSIX ();

my ($wait, $fork) = (0, 0);
while (@ARGV && $ARGV[0] =~ /^-/) {
    my $option = shift @ARGV;
    last if $option eq '--';
    if ($option =~ /^(-w|--wait)$/) { $wait = 1 }
    elsif ($option =~ /^(-f|--fork)$/) { $fork = 1 }
    else { die "setsid: unknown option $option\n" }
}
die "setsid: no program\n" unless @ARGV;

# A group leader can't start a session: its child does.
if ($fork || getpgrp() == $$) {
    my $child = fork();
    die "setsid: $!\n" unless defined $child;
    if ($child) {
        exit 0 unless $wait;
        waitpid($child, 0);
        exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
    }
}
POSIX::setsid();
exec { $ARGV[0] } @ARGV or do {
    print STDERR "setsid: $ARGV[0]: $!\n";
    exit 127;
};
