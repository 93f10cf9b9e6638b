# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_whyconn_global_optspecs
    string join \n f/targets-from= j/jobs= 4 6 t/timeout= s/source= p/source-port= i/interface= u/udp dns= grace= trace= expect= wait= redact json format= q/quiet v/verbose color= h/help V/version
end

function __fish_whyconn_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_whyconn_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_whyconn_using_subcommand
    set -l cmd (__fish_whyconn_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s f -l targets-from -d 'Read more targets from FILE, one a line; - is standard input, and # begins a comment' -r -F
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s j -l jobs -d 'Targets of a list in flight at once; without it as many as the descriptor limit allows, at most 1000' -r -f
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s t -l timeout -d 'How long to wait for the name, and for the connection, each: 500ms, 4s, 1m 30s' -r -f
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s s -l source -d 'Send from this address' -r -f
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s p -l source-port -d 'Send from this port' -r -f
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s i -l interface -d 'Leave through this device' -r -f -a "(__fish_print_interfaces)"
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l dns -d 'Ask this name server instead of the system\'s' -r -f
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l grace -d 'How long to watch the connection after the handshake; 0s to skip' -r -f
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l trace -d 'Send SYNs (for UDP, datagrams to a high port) with small TTLs to find where they die: auto does when something on the way may be at fault' -r -f -a "auto\t''
always\t''
never\t''"
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l expect -d 'Exit with 0 if the verdict is this code or of this class, else with 11; may be given more than once' -r -f -a "connected\t'the handshake completed'
resolve\t'the name gave no address'
refused\t'something answered no'
timeout\t'nothing answered in time'
unreachable\t'the network said no'
alias\t'the name or the address means something else than you think'
local\t'this host did not even try, or stopped it'
service\t'the handshake works, and then it breaks'
connected.ok\t'the handshake completed on the address that an ordinary client would try first'
connected.partial\t'some address works, but the one that clients try first does not, or not within 1 s or ten times the round trip of the one that works'
resolve.nxdomain\t'the name does not exist'
resolve.no-address\t'the name exists, but has no address (of the family asked for)'
resolve.servfail\t'the name servers answer SERVFAIL'
resolve.refused\t'the name server refuses to answer us'
resolve.timeout\t'no name server answered in time'
resolve.server-unreachable\t'the name server\'s port or host is unreachable'
resolve.no-server\t'no name server is configured, or ordinary programs are told not to ask any (nsswitch)'
resolve.bad-name\t'the name can\'t be looked up at all: empty or over-long label, illegal characters'
alias.localhost-family\t'a loopback name leads to one family, the service listens on the other'
alias.localhost-mapping\t'localhost does not resolve for ordinary programs, or leads to something that is not loopback'
alias.bound-elsewhere\t'the target is this host, and the port is open here, but on another local address or in another network namespace'
alias.hosts-override\t'/etc/hosts pins the name to an address that fails, while DNS gives another'
refused.rst\t'a TCP reset came back, as from a host on which nothing listens on the port'
refused.rst-forged\t'the reset was sent by something nearer than the target'
refused.icmp-port\t'ICMP port unreachable came back'
refused.self-connect\t'the kernel joined the socket to itself: source and destination are the same, nothing listens'
refused.stale-socket\t'a unix socket (file or abstract name) on which nothing listens any more or yet'
timeout.silent\t'no answer to the SYNs, and no sign that the target is up'
timeout.port-silent\t'the target answers other packets, but nothing on this port'
timeout.accept-queue\t'the listener (here, or a unix socket) has a full accept queue'
timeout.answer-invalid\t'packets come back for this very connection, but none that completes the handshake'
timeout.too-short\t'the answer arrived, after the deadline that was asked for: the timeout is shorter than the round trip'
unreachable.no-route\t'this host has no route to the target; nothing was sent'
unreachable.local-route\t'a local unreachable, prohibit, blackhole or throw route, or rule, matches'
unreachable.neighbor\t'the target is on our link, and does not answer ARP / neighbour discovery'
unreachable.gateway\t'the gateway does not answer ARP / neighbour discovery'
unreachable.icmp-net\t'a router (or the target) answered ICMP network unreachable'
unreachable.icmp-host\t'a router (or the target) answered ICMP host unreachable'
unreachable.icmp-admin\t'a router (or the target) answered that it is administratively prohibited'
unreachable.icmp-protocol\t'a router (or the target) answered ICMP protocol unreachable'
unreachable.icmp-other\t'a router (or the target) answered another ICMP error'
unreachable.loop\t'TTL expired on the way: the packets go round in a loop'
unreachable.no-socket\t'no such unix socket, or the file there is not a socket'
local.firewall-reject\t'this host\'s own packet filter answered, on the way out or, for a target on this host, on the way in'
local.firewall-drop\t'this host\'s own packet filter (or a cgroup\'s) swallowed the packets'
local.reply-dropped\t'the answer from outside reached this host, and was dropped here (input filter, reverse path filter)'
local.source-in-use\t'the source port or address:port asked for is taken'
local.source-address\t'the source address is not one of this host\'s'
local.source-privileged\t'the source port needs privileges'
local.tuple-in-use\t'this very connection (same four numbers) exists or is in TIME_WAIT'
local.ports-exhausted\t'no ephemeral port is left towards this target'
local.family-disabled\t'this host has no usable IPv6 (or IPv4): switched off, or no address to send from'
local.scope-missing\t'a link-local address without its %interface'
local.interface\t'the device asked for, or the one that the route uses (lo included), does not exist, is down, has no carrier, or may not be used'
local.denied\t'a local policy (LSM, seccomp, cgroup, IPsec, socket file permissions) forbids it'
local.socket-type\t'the unix socket is of another type (datagram, seqpacket)'
local.limits\t'out of file descriptors, buffers or memory'
service.closed\t'the peer closes at once, without a byte'
service.reset\t'the peer resets at once'
service.not-accepting\t'the listener on this host completes handshakes (the kernel does), but the program does not accept'"
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l wait -d 'Keep trying until it connects or this time is over, then say why it never did: 30s, 5m' -r -f
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l format -d 'How to print the report' -r -f -a "human\t'For people at a terminal'
json\t'One line of JSON'
markdown\t'A block to paste into a ticket'"
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l color -d 'Use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR or CLICOLOR=0 says no; CLICOLOR_FORCE says yes'
always\t'Always'
never\t'Never'"
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s 4 -d 'Use IPv4 only'
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s 6 -d 'Use IPv6 only'
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s u -l udp -d 'Send one UDP datagram instead of connecting by TCP; with a URL, to the port of its scheme'
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l redact -d 'Replace addresses, names, paths, processes and devices, each by the same stand-in everywhere; for one target'
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -l json -d 'Print one JSON object, as --format json does'
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s q -l quiet -d 'Print the verdict line alone'
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s v -l verbose -d 'Print all evidence'
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c whyconn -n "not __fish_whyconn_using_subcommand explain schema" -s V -l version -d 'Print version'
complete -c whyconn -n "__fish_whyconn_needs_command" -a "explain" -d 'Say what a verdict means, what causes it, and what to do; without CODE, list all'
complete -c whyconn -n "__fish_whyconn_needs_command" -a "schema" -d 'Print the JSON Schema of the report'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -l format -d 'How to print it; without CODE, markdown is the whole book' -r -f -a "text\t'For a terminal'
markdown\t'Markdown source, for a wiki'"
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c whyconn -n "__fish_whyconn_using_subcommand schema" -s h -l help -d 'Print help'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a connected -d 'the handshake completed'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve -d 'the name gave no address'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a refused -d 'something answered no'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a timeout -d 'nothing answered in time'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable -d 'the network said no'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a alias -d 'the name or the address means something else than you think'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local -d 'this host did not even try, or stopped it'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a service -d 'the handshake works, and then it breaks'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a connected.ok -d 'the handshake completed on the address that an ordinary client would try first'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a connected.partial -d 'some address works, but the one that clients try first does not, or not within 1 s or ten times the round trip of the one that works'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve.nxdomain -d 'the name does not exist'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve.no-address -d 'the name exists, but has no address (of the family asked for)'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve.servfail -d 'the name servers answer SERVFAIL'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve.refused -d 'the name server refuses to answer us'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve.timeout -d 'no name server answered in time'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve.server-unreachable -d 'the name server\'s port or host is unreachable'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve.no-server -d 'no name server is configured, or ordinary programs are told not to ask any (nsswitch)'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a resolve.bad-name -d 'the name can\'t be looked up at all: empty or over-long label, illegal characters'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a alias.localhost-family -d 'a loopback name leads to one family, the service listens on the other'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a alias.localhost-mapping -d 'localhost does not resolve for ordinary programs, or leads to something that is not loopback'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a alias.bound-elsewhere -d 'the target is this host, and the port is open here, but on another local address or in another network namespace'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a alias.hosts-override -d '/etc/hosts pins the name to an address that fails, while DNS gives another'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a refused.rst -d 'a TCP reset came back, as from a host on which nothing listens on the port'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a refused.rst-forged -d 'the reset was sent by something nearer than the target'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a refused.icmp-port -d 'ICMP port unreachable came back'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a refused.self-connect -d 'the kernel joined the socket to itself: source and destination are the same, nothing listens'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a refused.stale-socket -d 'a unix socket (file or abstract name) on which nothing listens any more or yet'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a timeout.silent -d 'no answer to the SYNs, and no sign that the target is up'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a timeout.port-silent -d 'the target answers other packets, but nothing on this port'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a timeout.accept-queue -d 'the listener (here, or a unix socket) has a full accept queue'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a timeout.answer-invalid -d 'packets come back for this very connection, but none that completes the handshake'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a timeout.too-short -d 'the answer arrived, after the deadline that was asked for: the timeout is shorter than the round trip'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.no-route -d 'this host has no route to the target; nothing was sent'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.local-route -d 'a local unreachable, prohibit, blackhole or throw route, or rule, matches'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.neighbor -d 'the target is on our link, and does not answer ARP / neighbour discovery'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.gateway -d 'the gateway does not answer ARP / neighbour discovery'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.icmp-net -d 'a router (or the target) answered ICMP network unreachable'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.icmp-host -d 'a router (or the target) answered ICMP host unreachable'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.icmp-admin -d 'a router (or the target) answered that it is administratively prohibited'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.icmp-protocol -d 'a router (or the target) answered ICMP protocol unreachable'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.icmp-other -d 'a router (or the target) answered another ICMP error'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.loop -d 'TTL expired on the way: the packets go round in a loop'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a unreachable.no-socket -d 'no such unix socket, or the file there is not a socket'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.firewall-reject -d 'this host\'s own packet filter answered, on the way out or, for a target on this host, on the way in'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.firewall-drop -d 'this host\'s own packet filter (or a cgroup\'s) swallowed the packets'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.reply-dropped -d 'the answer from outside reached this host, and was dropped here (input filter, reverse path filter)'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.source-in-use -d 'the source port or address:port asked for is taken'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.source-address -d 'the source address is not one of this host\'s'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.source-privileged -d 'the source port needs privileges'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.tuple-in-use -d 'this very connection (same four numbers) exists or is in TIME_WAIT'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.ports-exhausted -d 'no ephemeral port is left towards this target'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.family-disabled -d 'this host has no usable IPv6 (or IPv4): switched off, or no address to send from'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.scope-missing -d 'a link-local address without its %interface'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.interface -d 'the device asked for, or the one that the route uses (lo included), does not exist, is down, has no carrier, or may not be used'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.denied -d 'a local policy (LSM, seccomp, cgroup, IPsec, socket file permissions) forbids it'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.socket-type -d 'the unix socket is of another type (datagram, seqpacket)'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a local.limits -d 'out of file descriptors, buffers or memory'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a service.closed -d 'the peer closes at once, without a byte'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a service.reset -d 'the peer resets at once'
complete -c whyconn -n "__fish_whyconn_using_subcommand explain" -a service.not-accepting -d 'the listener on this host completes handshakes (the kernel does), but the program does not accept'

# What only this machine knows: hosts, services, devices, sockets.

# The words that are no options and no values, without the one under the cursor.
function __whyconn_words
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -i (__fish_whyconn_global_optspecs) -- $cmd 2>/dev/null
    and string join -- \n $argv
end

function __whyconn_services
    set -l transport tcp
    set -l cmd (commandline -opc) (commandline -ct)
    string match -qr -- '^(--udp|-[46uqvhV]*u.*|udp://.*)$' $cmd
    and set transport udp
    begin
        getent services 2>/dev/null
        or cat /etc/services 2>/dev/null
    end | string replace -rf '^([\w.+-]+)\s+\d+/'$transport'\b.*' '$1'
end

function __whyconn_wants_path
    string match -qr '^(unix|unix-dgram|unix-seqpacket):(?!@)|^(\.{0,2}|~.*)/' -- (commandline -ct)
end

function __whyconn_wants_port
    set -l words (__whyconn_words)
    test (count $words) -eq 1
    and not string match -q '*[:/]*' -- $words[1]
    and not contains -- $words[1] explain schema
end

function __whyconn_wants_target
    set -l words (__whyconn_words)
    not contains -- "$words[1]" explain schema
    and not __whyconn_wants_port
    and not __whyconn_wants_path
end

# HOST:, and HOST:SERVICE once there is a host.
function __whyconn_targets
    set -l cur (commandline -ct)
    if string match -q '*://*' -- $cur
        return
    else if set -l host (string match -r '^.*:' -- $cur)
        string join -- \n $host(__whyconn_services)\tservice
    else
        string match -r '^[\w.-]+$' -- (__fish_print_hostnames) | string replace -r '$' ':\thost'
    end
end

complete -c whyconn -f
complete -c whyconn -n __whyconn_wants_path -F
complete -c whyconn -n __whyconn_wants_target -a '(__whyconn_targets)'
complete -c whyconn -n __whyconn_wants_port -a '(__whyconn_services)' -d service
